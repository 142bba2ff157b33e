"""The command line: ``conformance run``, ``conformance record``, ``conformance bench`` and ``conformance fuzz``.

A new report is one module in ``reports`` and one option of ``run``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from conformance.compare.known_gaps import UnreadableGaps, read_gaps
from conformance.recordings.reference import TORCH, Choice, why_no_torch
from conformance.recordings.store import SHIPPED
from conformance.reports import figures, github, html, json, junit, terminal
from conformance.reports.model import EXIT_STATUS
from conformance.reports.visible import visible
from conformance.runners.pool import Progress as OnProgress
from conformance.runners.protocol import Limits
from conformance.suites.documents import LIBRARY, Settings, record_documents, run_documents

UNUSABLE = EXIT_STATUS["unusable"]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="[PATH]…", help="Documents and folders; the shipped documents if none.")
]
Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time limit of each snippet.")]
Memory = Annotated[int, typer.Option(min=64, metavar="MIB", help="Address space of each process.")]
OutputLimit = Annotated[
    int, typer.Option(min=1, metavar="BYTES", help="Kept of what a snippet writes to stdout, and to stderr.")
]
Recordings = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the recordings are.")]


def _report(option: str, text: str) -> Any:
    return typer.Option(option, metavar="FILE", help=text)


def main() -> None:
    app(prog_name="conformance")


@app.callback()
def _describe() -> None:
    """Runs documents through a PyTorch look-alike and through PyTorch, and reports every difference."""


@app.command()
def run(
    paths: Paths = None,
    reference: Annotated[
        Choice, typer.Option(help=f"PyTorch {TORCH}'s recorded answers, PyTorch itself, or whichever is there first.")
    ] = Choice.AUTO,
    subject: Annotated[str, typer.Option(metavar="MODULE", help="The module to judge.")] = "shimtorch",
    json_file: Annotated[
        Path | None, _report("--json", "Also write the report there. Its schema: conformance/reports/README.md.")
    ] = None,
    junit_file: Annotated[Path | None, _report("--junit", "Also write it as JUnit XML.")] = None,
    github_file: Annotated[
        Path | None, _report("--github", 'Also append it as Markdown, to "$GITHUB_STEP_SUMMARY" for example.')
    ] = None,
    html_file: Annotated[Path | None, _report("--html", "Also write it as one page, with every snippet.")] = None,
    timeout: Timeout = Limits.timeout,
    memory: Memory = Limits.memory,
    output_limit: OutputLimit = Limits.output,
    recordings: Recordings = SHIPPED,
) -> None:
    """Compare documents. Exit status: 0 conformant, 1 different, 2 unusable input."""
    try:
        gaps = read_gaps()
    except UnreadableGaps as problem:
        raise _unusable(str(problem)) from None
    settings = Settings(subject, reference, recordings, Limits(timeout, memory, output_limit), gaps)
    with _progress_bar() as progress:
        report = run_documents(paths or [LIBRARY], settings, progress)
    terminal.show(report, Console(highlight=False))
    for render, file in ((json, json_file), (junit, junit_file), (github, github_file), (html, html_file)):
        if file is not None:
            try:
                render.write(report, file)
            except OSError as problem:
                raise _unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(EXIT_STATUS[report.status])


@app.command()
def record(
    paths: Paths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: compare PyTorch with the recordings, as run does.")
    ] = False,
    timeout: Timeout = Limits.timeout,
    memory: Memory = Limits.memory,
    output_limit: OutputLimit = Limits.output,
    recordings: Recordings = SHIPPED,
) -> None:
    """Record PyTorch's answers to documents. Exit status: 0 done, 1 --check found a difference, 2 unusable input.

    With --check, a difference on a CPU of another capability than the recording's is "not portable" and no failure.
    """
    if why := why_no_torch():
        raise _unusable(f"no reference: {why}")
    limits = Limits(timeout, memory, output_limit)
    with _progress_bar() as progress:
        if check:
            settings = Settings("torch", Choice.RECORDED, recordings, limits)
            report = run_documents(paths or [LIBRARY], settings, progress)
        else:
            files, problems = record_documents(paths or [LIBRARY], recordings, limits, progress)
    if check:
        terminal.show(report, Console(highlight=False))
        raise typer.Exit(EXIT_STATUS[report.status])
    for file in files:
        typer.echo(f"recorded {file}")
    for problem in problems:
        _tell(problem)
    raise typer.Exit(UNUSABLE if problems or not files else 0)


@app.command()
def bench(
    rows: Annotated[str, typer.Argument(metavar="[REGEX]", help="Which rows, by 'group: name'; all if none.")] = "",
    subject: Annotated[str, typer.Option(metavar="MODULE", help="The module to measure.")] = "shimtorch",
    seconds: Annotated[float, typer.Option(min=0.0, help="How long each row is measured.")] = 0.3,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 if a bound is exceeded.")] = False,
    json_file: Annotated[Path | None, _report("--json", "Also write the figures there.")] = None,
    html_file: Annotated[Path | None, _report("--html", "Also write them as one page.")] = None,
) -> None:
    """Measure a look-alike beside PyTorch, in one run and in turns. Exit status: 0 done, 2 no PyTorch."""
    if why := why_no_torch():
        raise _unusable(f"no reference: {why}")
    from conformance.suites.bench import measure_all

    try:
        re.compile(rows)
    except re.error as problem:
        raise _unusable(f"{rows!r} is no regular expression: {problem}") from None
    with _progress_bar() as progress:
        measurements = measure_all(subject, rows, seconds, progress)
    if not measurements.rows:
        raise _unusable(f"no row fits {rows!r}")
    figures.show(measurements, Console(highlight=False))
    for write, file in ((json.write_measurements, json_file), (html.write_measurements, html_file)):
        if file is not None:
            try:
                write(measurements, file)
            except OSError as problem:
                raise _unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(check and measurements.status == "exceeded")


@app.command()
def fuzz(
    examples: Annotated[int, typer.Option(min=1, help="How many programs.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same programs.")] = 0,
    subject: Annotated[str, typer.Option(metavar="MODULE", help="The module to judge.")] = "shimtorch",
    seconds: Annotated[float, typer.Option("--time", min=0.0, metavar="SECONDS", help="Stop after so long.")] = inf,
    failures: Annotated[int, typer.Option(min=1, help="Stop after so many differences.")] = 10,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="SORT", help="Pass over differences of this sort: stride, _version, …")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where each is saved as a document.")] = None,
) -> None:
    """Compare random programs, and shrink what differs. Exit status: 0 nothing differs, 1 something, 2 no PyTorch."""
    if why := why_no_torch():
        raise _unusable(f"no reference: {why}")
    try:
        from conformance.suites.fuzz.campaign import Campaign

        sides = import_module(subject), import_module("torch")
    except ImportError as problem:
        raise _unusable(str(problem)) from None
    with _progress_bar() as progress:
        outcome = Campaign(*sides, typer.echo, progress, ignore or (), save).run(examples, seed, seconds, failures)
    typer.echo(outcome.told())
    raise typer.Exit(bool(outcome.failures))


def _tell(problem: str) -> None:
    Console(stderr=True, highlight=False).print(Text(visible(problem), "yellow"), soft_wrap=True)


def _unusable(problem: str) -> typer.Exit:
    _tell(problem)
    return typer.Exit(UNUSABLE)


@contextmanager
def _progress_bar() -> Iterator[OnProgress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda what, done, total: bar.update(task, description=visible(what), completed=done, total=total)
