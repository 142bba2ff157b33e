"""``conformance docstrings``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import Memory, Subject, app, console, need_torch, progress_bar, unusable, written_to
from conformance.compare.known_gaps import UnreadableGaps, read_gaps
from conformance.reports import docstring_tables, json
from conformance.reports.model import EXIT_STATUS
from conformance.runners.executor import NoScheduler, executor
from conformance.runners.process import UnusableSubject
from conformance.runners.protocol import Limits


@app.command()
def docstrings(
    modules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODULE]…", help="Namespaces, classes or functions of PyTorch's; most of it if none."),
    ] = None,
    subject: Subject = "shimtorch",
    jobs: Annotated[int | None, typer.Option(min=1, help="How many processes; else one a processor.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Use this Dask cluster instead.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time limit of each statement.")] = 15.0,
    memory: Memory = Limits.memory,
    json_file: Annotated[Path | None, written_to("--json", "Also write everything there.")] = None,
    markdown_file: Annotated[Path | None, written_to("--markdown", "Also write table and lists as Markdown.")] = None,
) -> None:
    """Run the examples in PyTorch's own docstrings. Exit status: 0 nothing differs, 1 something does, 2 unusable."""
    need_torch()
    from conformance.suites.docstrings import Settings, run_docstrings
    from conformance.suites.docstrings.finding import UnknownName, find

    try:
        settings = Settings(subject, Limits(timeout, memory), read_gaps(suite="docstrings"))
        with progress_bar() as progress:
            report = run_docstrings(find(modules or ()), settings, executor(jobs, scheduler), progress)
    except (UnreadableGaps, UnknownName, UnusableSubject, NoScheduler) as problem:
        raise unusable(str(problem)) from None
    docstring_tables.show(report, console())
    for write, file in ((json.write_docstrings, json_file), (docstring_tables.write, markdown_file)):
        if file is not None:
            try:
                write(report, file)
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(EXIT_STATUS[report.status])
