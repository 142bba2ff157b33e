"""The report in a terminal: a table of the documents, then each difference, subject and reference side by side.

Text of documents is put into Text objects, never into strings that rich would search for markup.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from conformance.reports.model import Document, Finding, Report, Snippet
from conformance.reports.visible import visible

_STYLES = {"conformant": "green", "different": "red", "unusable": "yellow"}
_SHOWN_FINDINGS = 5  # of each snippet: one fault is often seen in many names
_TOLD_OUTPUTS = {"document erratum", "not portable", "not reproducible"}


def show(report: Report, console: Console) -> None:
    for document in report.documents:
        _show_notes(document, console)
    for document in report.documents:
        for snippet in document.snippets:
            _show_snippet(report, document, snippet, console)
    for gap in report.outdated_gaps:
        _line(f"known gap that no longer differs, take it out: {gap}", "red", console)
    console.print(_table(report))
    for reference in dict.fromkeys(
        _reference(document.reference) for document in report.documents if document.reference
    ):
        _line(f"reference: {reference}", "dim", console)
    for document in report.documents:
        if document.problem is not None:
            _line(document.problem, "yellow", console)
    _line(_conclusion(report), f"bold {_STYLES[report.status]}", console)


def _table(report: Report) -> Table:
    table = Table(title=Text(f"{visible(report.subject)} against PyTorch"), title_justify="left")
    for heading in ("document", "snippets", "documented outputs", "checks", "verdict"):
        table.add_column(heading, overflow="fold")
    for document in report.documents:
        table.add_row(
            Text(visible(document.name)),
            str(len(document.snippets) or "") + (f"\n{document.skipped} skipped" if document.skipped else ""),
            Text(_counted(document.outputs)),
            Text(_counted(document.checks)),
            Text(document.status, _STYLES[document.status]),
        )
    return table


def _reference(facts: Mapping[str, str]) -> str:
    return (
        f"{facts['from']} of PyTorch {facts['version']}, CPU capability {facts['capability']}, "
        f"Python {facts['python']}, NumPy {facts['numpy']}, {facts['platform']}"
    )


def _counted(counts: Mapping[str, int]) -> str:
    return "\n".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))


def _conclusion(report: Report) -> str:
    judged = [document for document in report.documents if document.problem is None]
    different = sum(document.status == "different" for document in judged)
    unusable = len(report.documents) - len(judged)
    checks = sum(document.checks.total() for document in judged)
    parts = [f"{len(judged) - different} of {len(report.documents)} documents conformant", f"{checks} checks"]
    parts += [f"{different} different"] if different else []
    skipped = sum(document.skipped for document in judged)
    parts += [f"{skipped} {'snippet' if skipped == 1 else 'snippets'} skipped"] if skipped else []
    parts += [f"{unusable} without a verdict"] if unusable else []
    return f"{report.status}: {', '.join(parts)}"


def _show_notes(document: Document, console: Console) -> None:
    for note in document.notes:
        style = "yellow" if note.kind == "unreadable" else "dim"
        _line(f"{document.path}:{note.line}: {note.kind}: {note.message}", style, console)


def _show_snippet(report: Report, document: Document, snippet: Snippet, console: Console) -> None:
    place = f"{document.path}:{snippet.line}: {snippet.label}"
    if snippet.skipped is not None:
        _line(f"{place}: skipped: {snippet.skipped}", "dim", console)
    failing = [finding for finding in snippet.findings if finding.verdict == "different"]
    for finding in failing[:_SHOWN_FINDINGS]:
        _show_difference(place, finding, report.subject, console)
    if len(failing) > _SHOWN_FINDINGS:
        _line(f"{place}: {len(failing) - _SHOWN_FINDINGS} more differences, see --json", "red", console)
    for finding in snippet.findings:
        if finding.verdict in ("accepted", "not portable"):
            told = f"{place}: {finding.kind}: {finding.where}: {finding.verdict} {finding.detail}"
            _line(told, "dim", console)
    if snippet.output and snippet.output.verdict in _TOLD_OUTPUTS:
        heading = f"{document.path}:{snippet.output.line}: {snippet.output.verdict}"
        if snippet.output.verdict == "not reproducible":
            _line(heading, "dim", console)
        else:
            _line(heading, "yellow", console)
            sides = {"document": snippet.output.documented, "PyTorch": snippet.output.produced}
            console.print(_side_by_side(sides))


def _show_difference(place: str, finding: Finding, subject: str, console: Console) -> None:
    seeds = ", ".join(map(str, finding.seeds))
    _line(f"{place}: {finding.kind}: {finding.where}  (seed {seeds})", "red", console)
    console.print(_side_by_side({subject: finding.subject, "PyTorch": finding.reference}))
    if finding.detail:
        _line(finding.detail, "dim", console)


def _side_by_side(sides: Mapping[str, str]) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in sides:
        grid.add_column(ratio=1, overflow="fold")
    panels = [Panel(Text(visible(text)), title=Text(visible(name)), title_align="left") for name, text in sides.items()]
    grid.add_row(*panels)
    return grid


def _line(text: str, style: str, console: Console) -> None:
    """A line of its own, however long, so that a place in it can be clicked on or searched for."""
    console.print(Text(visible(text), style), soft_wrap=True)
