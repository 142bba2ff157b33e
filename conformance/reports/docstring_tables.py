"""What became of the examples in PyTorch's docstrings: a table in the terminal, and all of it as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.reports.docstrings import Docstring, DocstringReport, Example, Row
from conformance.reports.visible import visible

_HEADINGS = ("namespace", "examples", "equal", "different", "not offered", "not run", "equal of offered")
_WANTED = 40  # names that are told, of those that are not offered
_SHOWN_FINDINGS = 3  # of each example: one fault is often seen in many names


def show(report: DocstringReport, console: Console) -> None:
    """The table, each difference, and how many errata there are."""
    for docstring, example in report.of_verdict("different"):
        console.print(Text(f"{docstring.name}, line {example.line}: different", "red"), soft_wrap=True)
        for line in _difference(report, example):
            console.print(Text(line), soft_wrap=True)
    table = Table(title=Text(f"{visible(report.subject)} in PyTorch's docstrings"), title_justify="left", box=None)
    for heading in (*_HEADINGS[:-1], "share"):
        table.add_column(heading, justify="left" if heading == "namespace" else "right")
    for row in [*report.rows, report.total]:
        table.add_row(*map(Text, _cells(row)))
    console.print(table)
    wanted = ", ".join(f"{visible(name, 80)} ({count})" for name, count in report.wanted.most_common(10))
    for line in (f"most wanted of what is not offered: {wanted}" if wanted else "", *_notes(report), _told(report)):
        if line:
            console.print(Text(line), soft_wrap=True)


def write(report: DocstringReport, file: Path) -> None:
    """As Markdown. Raises OSError."""
    file.write_text("\n".join(_markdown(report)) + "\n", encoding="utf-8")


def _markdown(report: DocstringReport) -> Iterator[str]:
    yield "# The examples in PyTorch's docstrings\n"
    yield "Written by `conformance docstrings --markdown`; do not edit.\n"
    yield (
        f"Subject: `{report.subject}`. " + ", ".join(f"{name} {value}" for name, value in report.facts.items()) + ".\n"
    )
    yield from _table(report)
    yield f"\n{_told(report)}\n"
    if report.wanted:
        yield "## Most wanted of what is not offered\n"
        yield "| name | examples that need it |\n| --- | ---: |"
        yield from (f"| {_inline(name)} | {count} |" for name, count in report.wanted.most_common(_WANTED))
    yield from _differences(report)
    yield from _explained(report)
    yield from _errata(report)
    failing = list(report.failing)
    if failing:
        yield "\n## Examples that fail in PyTorch as they stand\n"
        yield "| docstring | line | example | error |\n| --- | ---: | --- | --- |"
    for docstring, example in failing:
        yield _line(docstring, example, _inline(example.raised))
    notes = list(_notes(report))
    if notes:
        yield "\n## Not judged\n"
        yield from (f"- {note}" for note in notes)


def _table(report: DocstringReport) -> Iterator[str]:
    yield f"| {' | '.join(_HEADINGS)} |"
    yield f"| --- |{' ---: |' * (len(_HEADINGS) - 1)}"
    for row in [*report.rows, report.total]:
        yield f"| {' | '.join(_cells(row))} |"


def _cells(row: Row) -> list[str]:
    counts = [row.verdicts.get(verdict, 0) for verdict in ("equal", "different", "not offered", "not run")]
    counts[1] += row.verdicts.get("explained", 0)
    return [row.namespace, *(f"{count:,}" for count in (row.examples, *counts)), row.share]


def _told(report: DocstringReport) -> str:
    total = report.total
    explained = total.verdicts.get("explained", 0)
    return (
        f"{total.examples:,} examples in {total.docstrings:,} docstrings: of {total.offered:,} that use only what is "
        f"offered, {total.verdicts.get('equal', 0):,} are equal ({total.failing:,} of them fail in PyTorch as well)"
        + (f", {explained:,} differ for a known reason" if explained else "")
        + f"; {total.errata:,} errata of PyTorch's"
    )


def _notes(report: DocstringReport) -> Iterator[str]:
    for docstring in report.docstrings:
        if docstring.problem:
            yield f"{docstring.name}: {docstring.problem}"
    yield from (f"known gap that no longer differs, take it out: {gap}" for gap in report.outdated_gaps)


def _differences(report: DocstringReport) -> Iterator[str]:
    examples = list(report.of_verdict("different"))
    if examples:
        yield "\n## Differences"
    for docstring, example in examples:
        yield from _headed(docstring, example)
        yield from _block("\n".join([*_prompted(example.code), *_difference(report, example)]))


def _explained(report: DocstringReport) -> Iterator[str]:
    examples = list(report.of_verdict("explained"))
    if examples:
        yield "\n## Explained differences\n"
        yield "| docstring | line | example | reason |\n| --- | ---: | --- | --- |"
    for docstring, example in examples:
        yield _line(docstring, example, example.reason.removeprefix("accepted: "))


def _difference(report: DocstringReport, example: Example) -> Iterator[str]:
    for finding in [it for it in example.findings if it.verdict == "different"][:_SHOWN_FINDINGS]:
        yield f"{finding.kind}: {finding.where} {finding.detail}".rstrip()
        for name, side in ((report.subject, finding.subject), ("PyTorch", finding.reference)):
            yield f"  {name}: {visible(side, 1_000)}"


def _errata(report: DocstringReport) -> Iterator[str]:
    errata = list(report.errata)
    if errata:
        yield "\n## Errata of PyTorch's\n"
        yield "Both sides agree, and the docstring shows something else."
    for docstring, example in errata:
        assert example.output is not None
        yield from _headed(docstring, example)
        sides: Mapping[str, str] = {"documented": example.output.documented, "produced": example.output.produced}
        yield from _block("\n".join(_prompted(example.code)))
        for name, text in sides.items():
            yield f"\n{name}:"
            yield from _block(visible(text) or "(nothing)")


def _line(docstring: Docstring, example: Example, told: str) -> str:
    first = example.code.split("\n")[0]
    return f"| {_inline(docstring.name)} | {example.line} | {_inline(first)} | {told} |"


def _headed(docstring: Docstring, example: Example) -> Iterator[str]:
    yield f"\n### {_inline(docstring.name)}, line {example.line}"


def _prompted(code: str) -> list[str]:
    first, *others = visible(code).split("\n")
    return [f">>> {first}", *(f"... {line}".rstrip() for line in others)]


def _inline(text: str) -> str:
    return f"`{visible(text, 120)}`".replace("|", "\\|").replace("\n", " ")


def _block(text: str) -> Iterator[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    yield f"\n{fence}text\n{text}\n{fence}"
