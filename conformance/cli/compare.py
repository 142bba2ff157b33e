"""``conformance compare``."""

from __future__ import annotations

from typing import Annotated

import typer

from conformance.cli.application import app, importable, need_torch, progress_bar, tell, unusable
from conformance.runners.executor import NoScheduler, executor
from conformance.runners.process import UnusableSubject


@app.command()
def compare(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SUBJECT]…", help="Modules, or files that are adapters; shimtorch if none."),
    ] = None,
    programs: Annotated[int, typer.Option(min=1, help="How many random programs.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same programs.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many processes; as many as processors if none.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of a Dask cluster to run on.")] = None,
) -> None:
    """Put look-alikes side by side in a Markdown table. Exit status: 0 done, 2 no PyTorch or unusable input."""
    need_torch()
    modules = [importable(subject) for subject in subjects or ["shimtorch"]]
    try:
        from conformance.reports.standings import table
        from conformance.suites import comparison
        from conformance.suites.comparison.operators import variants

        variants()
    except ImportError as problem:
        raise unusable(f'{problem}: pip install "shimtorch[test,torch]" expecttest') from None
    try:
        with progress_bar() as progress:
            standings = comparison.compare(modules, executor(jobs, scheduler), programs, seed, progress)
    except (UnusableSubject, NoScheduler) as problem:
        raise unusable(str(problem)) from None
    typer.echo(table(standings))
    for standing in standings:
        if standing.lost:
            tell(f"{standing.subject}: {standing.lost} units killed their process or did not end")
