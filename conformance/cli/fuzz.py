"""``conformance fuzz``."""

from __future__ import annotations

from importlib import import_module
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import Subject, app, need_torch, progress_bar, unusable


@app.command()
def fuzz(
    examples: Annotated[int, typer.Option(min=1, help="How many programs.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same programs.")] = 0,
    subject: Subject = "shimtorch",
    seconds: Annotated[float, typer.Option("--time", min=0.0, metavar="SECONDS", help="Stop after so long.")] = inf,
    failures: Annotated[int, typer.Option(min=1, help="Stop after so many differences.")] = 10,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="SORT", help="Pass over differences of this sort: stride, _version, …")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where each is saved as a document.")] = None,
) -> None:
    """Compare random programs, and shrink what differs. Exit status: 0 nothing differs, 1 something, 2 no PyTorch."""
    need_torch()
    try:
        from conformance.suites.fuzz.campaign import Campaign

        sides = import_module(subject), import_module("torch")
    except ImportError as problem:
        raise unusable(str(problem)) from None
    with progress_bar() as progress:
        outcome = Campaign(*sides, typer.echo, progress, ignore or (), save).run(examples, seed, seconds, failures)
    typer.echo(outcome.told())
    raise typer.Exit(bool(outcome.failures))
