"""``conformance update``."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from conformance.cli.application import (
    UNUSABLE,
    LookAlike,
    Memory,
    OutputLimit,
    Paths,
    Recordings,
    Reference,
    Timeout,
    app,
    console,
    progress_bar,
    tell,
)
from conformance.recordings.reference import Choice
from conformance.recordings.store import SHIPPED
from conformance.reports.visible import visible
from conformance.runners.protocol import Limits
from conformance.suites.documents import LIBRARY, Settings
from conformance.suites.updating import Unwritten, Update, update_documents, write

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@app.command()
def update(
    paths: Paths = None,
    write_files: Annotated[bool, typer.Option("--write", help="Change the files, after showing how.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Take also outputs that change with the seed, those under the first seed.")
    ] = False,
    reference: Reference = Choice.AUTO,
    look_alike: LookAlike = "shimtorch",
    timeout: Timeout = Limits.timeout,
    memory: Memory = Limits.memory,
    output_limit: OutputLimit = Limits.output,
    recordings: Recordings = SHIPPED,
) -> None:
    """Put what PyTorch prints in the place of stale outputs, in Markdown and notebooks. Without --write, show how.

    Exit status: 0 nothing is stale (any more), 1 something is, 2 unusable input.
    """
    settings = Settings("torch", reference, recordings, Limits(timeout, memory, output_limit), look_alike=look_alike)
    with progress_bar() as progress:
        updates = update_documents(paths or [LIBRARY], settings, every, progress)
    problems = [it.problem for it in updates if it.problem]
    written = 0
    for it in updates:
        _show(it, console())
        if it.passed_over and it.path in (paths or []):
            problems.append(it.passed_over)
        elif it.passed_over:
            tell(it.passed_over)
        if write_files and it.updated:
            try:
                write(it)
                written += it.updated
            except Unwritten as why:
                problems.append(str(why))
    for problem in problems:
        tell(problem)
    stale, left = sum(it.updated for it in updates), sum(len(it.left) for it in updates)
    typer.echo(_conclusion(written if write_files else stale, left, write_files))
    raise typer.Exit(UNUSABLE if problems else int(bool(left or (stale and not write_files))))


def _show(update: Update, console: Console) -> None:
    for line in _diff(update):
        console.print(Text(visible(line), _STYLES.get(line[:1], "")), soft_wrap=True)
    notes = [(f"{update.path}:{told.line}: {told.text}", "dim") for told in update.notes]
    left = [(f"{update.path}:{told.line}: stale, and left: {told.text}", "yellow") for told in update.left]
    for line, style in [*notes, *left]:
        console.print(Text(visible(line), style), soft_wrap=True)


def _diff(update: Update) -> Iterator[str]:
    before, after = (text.split("\n") for text in (update.before, update.after))
    yield from unified_diff(before, after, str(update.path), str(update.path), lineterm="")


def _conclusion(changed: int, left: int, written: bool) -> str:
    if not changed and not left:
        return "no output was updated" if written else "no output is stale"
    fate = "updated" if written else "to be updated by --write"
    parts = [f"{changed} {'output' if changed == 1 else 'outputs'} {fate}"]
    return ", ".join(parts + [f"{left} stale and left"] * bool(left))
