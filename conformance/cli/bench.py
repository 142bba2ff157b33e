"""``conformance bench``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.application import Subject, app, console, need_torch, progress_bar, unusable, written_to
from conformance.reports import figures, html, json


@app.command()
def bench(
    rows: Annotated[str, typer.Argument(metavar="[REGEX]", help="Which rows, by 'group: name'; all if none.")] = "",
    subject: Subject = "shimtorch",
    seconds: Annotated[float, typer.Option(min=0.0, help="How long each row is measured.")] = 0.3,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 if a bound is exceeded.")] = False,
    json_file: Annotated[Path | None, written_to("--json", "Also write the figures there.")] = None,
    html_file: Annotated[Path | None, written_to("--html", "Also write them as one page.")] = None,
) -> None:
    """Measure a look-alike beside PyTorch, in one run and in turns. Exit status: 0 done, 2 no PyTorch."""
    need_torch()
    from conformance.suites.bench import measure_all

    try:
        re.compile(rows)
    except re.error as problem:
        raise unusable(f"{rows!r} is no regular expression: {problem}") from None
    with progress_bar() as progress:
        measurements = measure_all(subject, rows, seconds, progress)
    if not measurements.rows:
        raise unusable(f"no row fits {rows!r}")
    figures.show(measurements, console())
    for write, file in ((json.write_measurements, json_file), (html.write_measurements, html_file)):
        if file is not None:
            try:
                write(measurements, file)
            except OSError as problem:
                raise unusable(f"{file}: {problem.strerror}") from None
    raise typer.Exit(check and measurements.status == "exceeded")
