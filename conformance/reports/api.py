"""Which of PyTorch's public names there are: data, a table in the terminal, Markdown, JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.reports.visible import visible

_HEADINGS = ("namespace", "names", "there", "signature differs", "absent", "share there")


@dataclass(frozen=True)
class Name:
    """``status`` is there, differs or absent; ``source`` of the signature: signature, stub, docstring or nothing."""

    namespace: str
    name: str
    status: str
    source: str
    difference: str


@dataclass(frozen=True)
class Report:
    subject: str
    version: str
    names: list[Name]

    def of(self, status: str) -> list[Name]:
        return [name for name in self.names if name.status == status]


def show(report: Report, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading == "namespace" else "right")
    for row in _rows(report):
        table.add_row(*row)
    console.print(table)
    for line in _differing(report):
        console.print(Text(visible(line)), soft_wrap=True)


def markdown(report: Report) -> str:
    """A page: the table, what differs, and the names of each namespace."""
    lines = [
        "# PyTorch's public names",
        "",
        f"Made by `conformance api`: {report.subject} {report.version}.",
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"| --- |{' ---: |' * (len(_HEADINGS) - 1)}",
        *(f"| {' | '.join(row)} |" for row in _rows(report)),
        "",
        "Signatures are judged by what Python tells of them (signature), by the stubs of PyTorch's compiled functions,",
        "of which each way to call them is tried (stub), or by the call that a docstring begins with: "
        + ", ".join(f"{count:,} by {source}" for source, count in _sources(report).items())
        + ".",
    ]
    if report.of("differs"):
        lines += ["", "## Signatures that differ", "", *(f"- {visible(line)}" for line in _differing(report))]
    for namespace in dict.fromkeys(name.namespace for name in report.names):
        lines += ["", f"## {namespace}"]
        for title, statuses in (("There", ("there", "differs")), ("Absent", ("absent",))):
            names = [it.name for it in report.names if it.namespace == namespace and it.status in statuses]
            if names:
                lines += ["", f"{title}: {', '.join(f'`{name}`' for name in names)}"]
    return "\n".join(lines) + "\n"


def _rows(report: Report) -> Iterator[tuple[str, ...]]:
    by_namespace: dict[str, list[str]] = {}
    for it in report.names:
        by_namespace.setdefault(it.namespace, []).append(it.status)
    for namespace, statuses in (*by_namespace.items(), ("all", [it.status for it in report.names])):
        counts = [statuses.count(status) for status in ("there", "differs", "absent")]
        there = counts[0] + counts[1]
        share = f"{100 * there / len(statuses):.1f} %" if statuses else ""
        yield (namespace, f"{len(statuses):,}", f"{there:,}", *(f"{count:,}" for count in counts[1:]), share)


def _differing(report: Report) -> Iterator[str]:
    for it in report.of("differs"):
        yield f"{it.namespace}.{it.name}: {it.difference}"


def _sources(report: Report) -> dict[str, int]:
    judged = [it.source for it in report.names if it.source]
    return {source: judged.count(source) for source in sorted(set(judged))}
