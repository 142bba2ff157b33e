"""``conformance fuzz``."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import (
    Jobs,
    Scheduler,
    Subject,
    app,
    chosen_executor,
    need_torch,
    progress_bar,
    unusable,
    written_to,
)
from conformance.compare.known_gaps import UnreadableGaps
from conformance.reports import campaign as rendering


@app.command()
def fuzz(
    examples: Annotated[int, typer.Option(min=1, help="How many programs.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same programs.")] = 0,
    subject: Subject = "shimtorch",
    ops: Annotated[
        str, typer.Option(metavar="NAME,…", help="Of the operators only these (add, index_select), in place or not.")
    ] = "",
    seconds: Annotated[float, typer.Option("--time", min=0.0, metavar="SECONDS", help="Stop after so long.")] = inf,
    failures: Annotated[int, typer.Option(min=1, help="Stop after so many differences.")] = 10,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="SORT", help="Pass over differences of this sort: stride, _version, …")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where each is saved as a document.")] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    state: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where a campaign is kept, so that it goes on after it was killed.")
    ] = Path(".conformance/fuzz"),
    json_file: Annotated[Path | None, written_to("--json", "Also write the figures and the coverage there.")] = None,
    markdown_file: Annotated[Path | None, written_to("--markdown", "Also write them as a table in Markdown.")] = None,
) -> None:
    """Compare random programs, and shrink what differs. Exit status: 0 nothing differs, 1 something, 2 no PyTorch.

    The same command goes on with a campaign that was ended before it was through.
    """
    need_torch()
    from conformance.suites.fuzz.campaign import Campaign, Unusable
    from conformance.suites.fuzz.units import Plan

    only = tuple(name.strip() for name in ops.split(",") if name.strip())
    plan = Plan(subject, seed, only, tuple(sorted(ignore or ())))
    executor = chosen_executor(jobs, scheduler)
    with progress_bar() as progress:
        try:
            campaign = Campaign(plan, executor, state, typer.echo, progress, save)
            result = campaign.run(examples, seconds, failures)
        except (Unusable, UnreadableGaps) as problem:
            raise unusable(str(problem)) from None
        except OSError as problem:
            raise unusable(f"{problem.filename}: {problem.strerror}") from None
    report = campaign.report(result)
    typer.echo(rendering.told(report))
    for write, file in ((rendering.write_json, json_file), (rendering.write_markdown, markdown_file)):
        if file is not None:
            try:
                write(report, file)
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(bool(report.failures or report.lost))
