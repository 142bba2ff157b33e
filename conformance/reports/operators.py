"""What came of PyTorch's own tests of its operators: data, a table in the terminal, Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.reports.visible import visible

CHECKS = ("forward", "method", "in place", "out", "gradient", "second gradient", "errors")
STEPS = ("0", "1", "2", "3-4", "5-16", "more")
_WIDTH = 140
_SHOWN = 40  # failing cells in the terminal


@dataclass(frozen=True)
class Row:
    """One cell: ``status`` is equal, different, absent or accepted, with the ``reason`` it differs or is accepted."""

    operator: str
    dtype: str
    check: str
    samples: int
    failed: int
    sample: str
    reason: str
    status: str

    def as_accepted(self, reason: str) -> Row:
        return replace(self, status="accepted", reason=f"{reason} ({self.reason})")


@dataclass(frozen=True)
class Report:
    """``ulps``: by operator, how many float32 and float64 results were how far off. ``stale`` gaps fit nothing."""

    subject: str
    version: str
    rows: list[Row]
    ulps: dict[str, list[int]]
    stale: list[str]
    resumed: int

    @property
    def exit_status(self) -> int:
        return int(bool(self.stale) or any(row.status in ("different", "absent") for row in self.rows))

    def figures(self) -> Iterator[tuple[str, int, int]]:
        """What was asked for, how many are equal, of how many."""
        for name, dtypes, checks in (
            ("float32 variants, forward", ["float32"], ["forward"]),
            ("float32 variants, gradient", ["float32"], ["gradient"]),
            ("cells (variant, dtype, check)", [], CHECKS[:-1]),
        ):
            rows = [row for row in self.rows if row.check in checks and (not dtypes or row.dtype in dtypes)]
            yield name, sum(row.status == "equal" for row in rows), len(rows)
        refused = [row for row in self.rows if row.check == "errors"]
        yield (
            "inputs to be refused",
            sum(row.samples - row.failed for row in refused),
            sum(row.samples for row in refused),
        )


def show(report: Report, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("operator", *CHECKS):
        table.add_column(heading, justify="left" if heading == "operator" else "right", no_wrap=True)
    for operator, cells, whole in _lines(report):
        table.add_row(operator, *cells, style="" if whole else "red")
    console.print(table, width=max(console.width, _WIDTH), crop=False)
    for line in [*_failing(report)][:_SHOWN]:
        console.print(Text(visible(line)), soft_wrap=True)
    for gap in report.stale:
        console.print(Text(f"known gap that no longer differs: {gap}", "red"), soft_wrap=True)
    for name, equal, of in report.figures():
        if of:
            console.print(f"{name}: {equal:,} of {of:,} ({100 * equal / of:.1f} %)")


def markdown(report: Report, how: str) -> str:
    """A page: the figures, the table, what differs, what is accepted, and how far off numbers are."""
    lines = [
        "# Operators",
        "",
        f"Made by `{how}`: {report.subject} {report.version}.",
        "",
        "| | equal | of | |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {equal:,} | {of:,} | {100 * equal / of:.1f} % |" for name, equal, of in report.figures() if of
    ]
    lines += ["", "Dtypes that are equal, of those that PyTorch has and the look-alike too, by check.", ""]
    lines += [_cells(("operator", *CHECKS)), _cells(("---", *["---:"] * len(CHECKS)))]
    lines += [_cells((operator, *cells)) for operator, cells, _ in _lines(report)]
    for title, found in (("What differs", [*_failing(report)]), ("Accepted", [*_accepted(report)])):
        if found:
            lines += ["", f"## {title}", "", *(f"- {visible(line)}" for line in found)]
    if report.ulps:
        lines += ["", "## Distances of float32 and float64 results, in units in the last place", ""]
        lines += [_cells(("operator", *STEPS)), _cells(("---", *["---:"] * len(STEPS)))]
        lines += [
            _cells((name, *(f"{count:,}" if count else "" for count in counts))) for name, counts in report.ulps.items()
        ]
    return "\n".join(lines) + "\n"


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(report: Report) -> Iterator[tuple[str, list[str], bool]]:
    """Each operator with its cells under ``CHECKS``, and whether all of it is equal."""
    by_operator: dict[str, list[Row]] = {}
    for row in report.rows:
        by_operator.setdefault(row.operator, []).append(row)
    for operator, rows in by_operator.items():
        if all(row.status == "absent" for row in rows):
            yield operator, ["absent", *[""] * (len(CHECKS) - 1)], False
            continue
        yield (
            operator,
            [_cell([row for row in rows if row.check == check]) for check in CHECKS],
            all(row.status == "equal" for row in rows),
        )


def _cell(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    if rows[0].check == "errors":
        return f"{rows[0].samples - rows[0].failed}/{rows[0].samples}"
    return f"{sum(row.status == 'equal' for row in rows)}/{len(rows)}"


def _failing(report: Report) -> Iterator[str]:
    for row in report.rows:
        if row.status == "different":
            yield f"{row.operator} {row.dtype} {row.check}: {row.failed} of {row.samples}: ({row.sample}) {row.reason}"


def _accepted(report: Report) -> Iterator[str]:
    for row in report.rows:
        if row.status == "accepted":
            yield f"{row.operator} {row.dtype} {row.check}: {row.failed} of {row.samples}: {row.reason}"
