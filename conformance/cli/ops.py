"""``conformance ops``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import (
    Jobs,
    Scheduler,
    Subject,
    app,
    chosen_executor,
    console,
    need_torch,
    progress_bar,
    unusable,
    written_to,
)
from conformance.compare.known_gaps import UnreadableGaps
from conformance.reports import operators as rendering


@app.command()
def ops(
    pattern: Annotated[
        str, typer.Argument(metavar="[REGEX]", help="Operators whose full name fits; all if none.")
    ] = "",
    names: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="Only the operators that a file names, one a line.")
    ] = None,
    dtype: Annotated[list[str] | None, typer.Option(metavar="DTYPE", help="Only this dtype; may be repeated.")] = None,
    check: Annotated[list[str] | None, typer.Option(metavar="CHECK", help="Only this check; may be repeated.")] = None,
    samples: Annotated[int, typer.Option(min=0, help="The first so many samples of each; 0 for all.")] = 0,
    subject: Subject = "shimtorch",
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    state: Annotated[Path, typer.Option(metavar="FOLDER", help="Where answers are kept, by the sources.")] = Path(
        ".conformance/operators"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not use answers of an earlier run.")] = False,
    json_file: Annotated[Path | None, written_to("--json", "Also write every cell there.")] = None,
    markdown_file: Annotated[Path | None, written_to("--markdown", "Also write the tables as Markdown.")] = None,
) -> None:
    """PyTorch's own samples of its operators. Exit status: 0 all equal or accepted, 1 some differ, 2 unusable.

    A run that was killed goes on where it was, as long as the sources are the same.
    """
    need_torch()
    from conformance.suites.operators import Settings, run_operators, to_json
    from conformance.suites.operators.entries import chosen

    if wrong := set(check or ()) - set(rendering.CHECKS):
        raise unusable(f"there is no check {', '.join(sorted(wrong))}; there are: {', '.join(rendering.CHECKS)}")
    try:
        listed = None if names is None else set(names.read_text(encoding="utf-8").split())
        places = chosen(pattern, listed)
    except (OSError, UnicodeDecodeError, re.error, ImportError) as problem:
        raise unusable(f"{names or pattern}: {problem}") from None
    if not places:
        raise unusable("no operator fits")
    settings = Settings(
        subject, tuple(check or rendering.CHECKS), tuple(dtype or ()), samples, None if fresh else state
    )
    try:
        with progress_bar() as progress:
            report = run_operators(places, settings, chosen_executor(jobs, scheduler), progress)
    except (UnreadableGaps, OSError) as problem:
        raise unusable(str(problem)) from None
    rendering.show(report, console())
    how = " ".join(filter(None, ["conformance ops", pattern, f"--list {names.name}" if names else ""]))
    for file, text in ((json_file, json.dumps(to_json(report))), (markdown_file, rendering.markdown(report, how))):
        if file is not None:
            try:
                file.write_text(text, encoding="utf-8")
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(report.exit_status)
