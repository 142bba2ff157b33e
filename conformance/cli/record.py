"""``conformance record``."""

from __future__ import annotations

from typing import Annotated

import typer

from conformance.cli.application import (
    UNUSABLE,
    LookAlike,
    Memory,
    OutputLimit,
    Paths,
    Recordings,
    Timeout,
    app,
    console,
    need_torch,
    progress_bar,
    tell,
)
from conformance.recordings.reference import Choice
from conformance.recordings.store import SHIPPED
from conformance.reports import terminal
from conformance.reports.model import EXIT_STATUS
from conformance.runners.protocol import Limits
from conformance.suites.documents import LIBRARY, Settings, record_documents, run_documents


@app.command()
def record(
    paths: Paths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: compare PyTorch with the recordings, as run does.")
    ] = False,
    look_alike: LookAlike = "shimtorch",
    timeout: Timeout = Limits.timeout,
    memory: Memory = Limits.memory,
    output_limit: OutputLimit = Limits.output,
    recordings: Recordings = SHIPPED,
) -> None:
    """Record PyTorch's answers to documents. Exit status: 0 done, 1 --check found a difference, 2 unusable input.

    With --check, a difference on a CPU of another capability than the recording's is "not portable" and no failure.
    """
    need_torch()
    limits = Limits(timeout, memory, output_limit)
    with progress_bar() as progress:
        if check:
            settings = Settings("torch", Choice.RECORDED, recordings, limits, look_alike=look_alike)
            report = run_documents(paths or [LIBRARY], settings, progress)
        else:
            files, problems = record_documents(paths or [LIBRARY], recordings, limits, progress, look_alike)
    if check:
        terminal.show(report, console())
        raise typer.Exit(EXIT_STATUS[report.status])
    for file in files:
        typer.echo(f"recorded {file}")
    for problem in problems:
        tell(problem)
    raise typer.Exit(UNUSABLE if problems or not files else 0)
