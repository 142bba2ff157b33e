"""A report of any kind as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.reports.docstrings import DocstringReport
from conformance.reports.measurements import Measurements
from conformance.reports.model import Report


def write(report: Report, file: Path) -> None:
    """Raises OSError."""
    _write(report.to_json(), file)


def write_measurements(measurements: Measurements, file: Path) -> None:
    """Raises OSError."""
    _write(measurements.to_json(), file)


def write_docstrings(report: DocstringReport, file: Path) -> None:
    """Raises OSError."""
    _write(report.to_json(), file)


def _write(data: dict[str, Any], file: Path) -> None:
    file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
