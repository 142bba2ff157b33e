"""``conformance mutants``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import app, console, need_torch, progress_bar, unusable, written_to
from conformance.reports.mutants import markdown, show
from conformance.runners.executor import NoScheduler, executor

DEFAULT_SAMPLE = 112  # four of each kind


@app.command()
def mutants(
    kinds: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Only faults of this kind.")] = None,
    files: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Only faults in these files, such as 'ops/*'.")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="How many, of all kinds in turns; 0 for all.")] = DEFAULT_SAMPLE,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same faults.")] = 0,
    suites: Annotated[
        list[str] | None, typer.Option("--suite", metavar="SUITE", help="Only these look: programs, documents, tests.")
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="Plant nothing: say which faults it would be.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; as many as there are processors if none.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster to work on.")] = None,
    json_file: Annotated[Path | None, written_to("--json", "Also write what came of each fault there.")] = None,
    markdown_file: Annotated[Path | None, written_to("--markdown", "Also write the table there.")] = None,
) -> None:
    """Plant faults in copies of shimtorch. Exit status: 0 each was caught, 1 some survived, 2 none can be judged."""
    need_torch()
    from conformance.suites.mutants.campaign import Choice, Unusable, chosen, plant
    from conformance.suites.mutants.faults import KINDS, faults_in
    from conformance.suites.mutants.judging import SUITES
    from conformance.suites.mutants.planting import Missing, package_of

    if wrong := set(suites or ()) - set(SUITES):
        raise unusable(f"there is no suite {', '.join(sorted(wrong))}; there are: {', '.join(SUITES)}")
    try:
        package = package_of("shimtorch")
        faults = chosen(faults_in(package), Choice(kinds or tuple(KINDS), files or ["*"], sample or None, seed))
        if not faults:
            raise unusable("no fault fits")
        if list_only:
            for fault in faults:
                typer.echo(f"{fault}\n- {fault.before}\n+ {fault.after}\n")
            return
        with progress_bar() as progress:
            looking = [name for name in SUITES if not suites or name in suites]
            outcome = plant(package, faults, executor(jobs, scheduler), looking, progress)
    except (Unusable, Missing, NoScheduler) as problem:
        raise unusable(str(problem)) from None
    show(outcome, console())
    how = f"conformance mutants --sample {sample} --seed {seed}"
    for file, text in ((json_file, json.dumps(outcome.to_json(), indent=1)), (markdown_file, markdown(outcome, how))):
        if file is not None:
            try:
                file.write_text(text, encoding="utf-8")
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(bool(outcome.survivors))
