"""What all commands share: the application, options, and how problems and progress are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from conformance.recordings.reference import TORCH, Choice, why_no_torch
from conformance.reports.model import EXIT_STATUS
from conformance.reports.visible import visible
from conformance.runners.executor import Executor, NoScheduler, executor
from conformance.runners.imports import importable as module_in
from conformance.runners.pool import Progress as OnProgress

UNUSABLE = EXIT_STATUS["unusable"]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="[PATH]…", help="Documents and folders; the shipped documents if none.")
]


def importable(subject: str) -> str:
    try:
        return module_in(subject)
    except FileNotFoundError as problem:
        raise typer.BadParameter(str(problem)) from None


Subject = Annotated[
    str,
    typer.Option(metavar="MODULE", callback=importable, help="What to judge: a module, or a file that is an adapter."),
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes on this machine; as many as it has processors.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Use a Dask cluster instead: the address of its scheduler.")
]
LookAlike = Annotated[
    str,
    typer.Option("--subject", metavar="MODULE", help="In documents that import this look-alike, it means PyTorch."),
]
Reference = Annotated[
    Choice, typer.Option(help=f"PyTorch {TORCH}'s recorded answers, PyTorch itself, or whichever is there first.")
]
Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time limit of each snippet.")]
Memory = Annotated[int, typer.Option(min=64, metavar="MIB", help="Address space of each process.")]
OutputLimit = Annotated[
    int, typer.Option(min=1, metavar="BYTES", help="Kept of what a snippet writes to stdout, and to stderr.")
]
Recordings = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the recordings are.")]


def written_to(option: str, text: str) -> Any:
    """An option that names a file to be written."""
    return typer.Option(option, metavar="FILE", help=text)


@app.callback()
def _describe() -> None:
    """Runs documents through a PyTorch look-alike and through PyTorch, and reports every difference."""


def console() -> Console:
    return Console(highlight=False)


def tell(problem: str) -> None:
    Console(stderr=True, highlight=False).print(Text(visible(problem), "yellow"), soft_wrap=True)


def unusable(problem: str) -> typer.Exit:
    """To be raised: tells the problem and ends with exit status 2."""
    tell(problem)
    return typer.Exit(UNUSABLE)


def need_torch() -> None:
    if why := why_no_torch():
        raise unusable(f"no reference: {why}")


def chosen_executor(jobs: int | None, scheduler: str | None) -> Executor:
    try:
        return executor(jobs, scheduler)
    except NoScheduler as problem:
        raise unusable(str(problem)) from None


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda what, done, total: bar.update(task, description=visible(what), completed=done, total=total)
