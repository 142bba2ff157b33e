"""``conformance api``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import (
    Jobs,
    Scheduler,
    Subject,
    app,
    chosen_executor,
    console,
    need_torch,
    progress_bar,
    unusable,
    written_to,
)
from conformance.reports import api as rendering


@app.command()
def api(
    namespaces: Annotated[
        list[str] | None, typer.Argument(metavar="[NAMESPACE]…", help="Modules or classes of PyTorch's; most if none.")
    ] = None,
    subject: Subject = "shimtorch",
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    json_file: Annotated[Path | None, written_to("--json", "Also write every name there.")] = None,
    markdown_file: Annotated[Path | None, written_to("--markdown", "Also write table and names as Markdown.")] = None,
) -> None:
    """Which of PyTorch's public names are there. Exit status: 0 no signature differs, 1 some do, 2 unusable."""
    need_torch()
    from conformance.suites.api import run_api
    from conformance.suites.api.names import NAMESPACES
    from conformance.suites.docstrings.finding import UnknownName

    executor = chosen_executor(jobs, scheduler)
    try:
        with progress_bar() as progress:
            report = run_api(namespaces or NAMESPACES, subject, executor, progress)
    except UnknownName as problem:
        raise unusable(str(problem)) from None
    rendering.show(report, console())
    for file, text in ((json_file, json.dumps(asdict(report))), (markdown_file, rendering.markdown(report))):
        if file is not None:
            try:
                file.write_text(text, encoding="utf-8")
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(bool(report.of("differs")))
