from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from conformance.cli import app


class Answer(NamedTuple):
    status: int
    output: str
    report: dict[str, Any]


Conformance = Callable[..., Answer]


@pytest.fixture
def conformance(tmp_path: Path, recordings: Path) -> Conformance:
    """Runs a command with the story's recordings; what it answered, and the JSON report if it wrote one."""

    def run(command: str, *arguments: object) -> Answer:
        options = ["--recordings", str(recordings)] if "--recordings" not in arguments else []
        file = tmp_path / "report.json"
        if command == "run" and "--json" not in arguments:
            options += ["--json", str(file)]
        result = CliRunner().invoke(app, [command, *map(str, arguments), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Answer(result.exit_code, result.output, json.loads(file.read_text()) if file.exists() else {})

    return run
