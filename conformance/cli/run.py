"""``conformance run``. A new report is one module in ``reports`` and one option here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import (
    Jobs,
    Memory,
    OutputLimit,
    Paths,
    Recordings,
    Reference,
    Scheduler,
    Subject,
    Timeout,
    app,
    chosen_executor,
    console,
    progress_bar,
    unusable,
    written_to,
)
from conformance.compare.known_gaps import UnreadableGaps, read_gaps
from conformance.recordings.reference import Choice
from conformance.recordings.store import SHIPPED
from conformance.reports import github, html, json, junit, terminal
from conformance.reports.model import EXIT_STATUS
from conformance.runners.protocol import Limits
from conformance.suites.documents import LIBRARY, Settings, run_documents


@app.command()
def run(
    paths: Paths = None,
    reference: Reference = Choice.AUTO,
    subject: Subject = "shimtorch",
    json_file: Annotated[
        Path | None, written_to("--json", "Also write the report there. Its schema: conformance/reports/README.md.")
    ] = None,
    junit_file: Annotated[Path | None, written_to("--junit", "Also write it as JUnit XML.")] = None,
    github_file: Annotated[
        Path | None, written_to("--github", 'Also append it as Markdown, to "$GITHUB_STEP_SUMMARY" for example.')
    ] = None,
    html_file: Annotated[Path | None, written_to("--html", "Also write it as one page, with every snippet.")] = None,
    timeout: Timeout = Limits.timeout,
    memory: Memory = Limits.memory,
    output_limit: OutputLimit = Limits.output,
    recordings: Recordings = SHIPPED,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
) -> None:
    """Compare documents. Exit status: 0 conformant, 1 different, 2 unusable input."""
    try:
        gaps = read_gaps()
    except UnreadableGaps as problem:
        raise unusable(str(problem)) from None
    settings = Settings(subject, reference, recordings, Limits(timeout, memory, output_limit), gaps)
    executor = chosen_executor(jobs, scheduler) if jobs or scheduler else None
    with progress_bar() as progress:
        report = run_documents(paths or [LIBRARY], settings, progress, executor)
    terminal.show(report, console())
    for render, file in ((json, json_file), (junit, junit_file), (github, github_file), (html, html_file)):
        if file is not None:
            try:
                render.write(report, file)
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(EXIT_STATUS[report.status])
