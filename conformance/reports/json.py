"""The report as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.reports.model import Report


def write(report: Report, file: Path) -> None:
    """Raises OSError."""
    file.write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")
