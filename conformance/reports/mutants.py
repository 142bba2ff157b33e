"""What came of planted faults, as data, as a table in the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.reports.visible import visible

SUITES = ("programs", "documents", "tests")
NOT_IMPORTED = "import"
_HEADINGS = ("kind", "planted", *SUITES, "no import", "survived")


@dataclass(frozen=True)
class Row:
    """One fault: where, the lines before and after, who objected ("" for nobody) to what, and who looked in vain."""

    kind: str
    file: str
    line: int
    within: str
    before: str
    after: str
    caught_by: str
    item: str
    in_vain: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    rows: tuple[Row, ...]

    @property
    def survivors(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.caught_by)

    def counts(self) -> Iterator[tuple[str, ...]]:
        """The cells under the headings, one line a kind and one for all; faults that do not import are not planted."""
        for kind in [*dict.fromkeys(sorted(row.kind for row in self.rows)), "all"]:
            rows = [row for row in self.rows if kind in (row.kind, "all")]
            by = {name: sum(row.caught_by == name for row in rows) for name in (*SUITES, NOT_IMPORTED, "")}
            yield kind, *map(str, [len(rows) - by[NOT_IMPORTED], *by.values()])

    def told(self) -> str:
        planted = sum(row.caught_by != NOT_IMPORTED for row in self.rows)
        return f"{planted:,} faults planted, {planted - len(self.survivors):,} caught, {len(self.survivors):,} survived"

    def to_json(self) -> dict[str, Any]:
        return {"status": "survivors" if self.survivors else "caught", "faults": [asdict(row) for row in self.rows]}


def show(outcome: Outcome, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for cells in outcome.counts():
        table.add_row(*cells, style="bold red" if cells[-1] != "0" else "")
    console.print(table)
    for row in outcome.survivors:
        console.print(Text("\n" + visible("\n".join(_told(row)))), soft_wrap=True)
    console.print(Text(outcome.told(), "bold red" if outcome.survivors else "green"))


def markdown(outcome: Outcome, how: str) -> str:
    """A page: how it was made, the table, and the survivors."""
    lines = ["# Planted faults", "", f"Made by `{how}`. {outcome.told()}.", ""]
    lines += [_cells(_HEADINGS), _cells(("---", *["---:"] * (len(_HEADINGS) - 1))), *map(_cells, outcome.counts())]
    if outcome.survivors:
        lines += ["", "## Survivors"]
    for row in outcome.survivors:
        place, before, after, looked = _told(row)
        lines += ["", f"{place}; {looked}", "", "```diff", before, after, "```"]
    return "\n".join(lines) + "\n"


def _told(row: Row) -> tuple[str, str, str, str]:
    looked = ", ".join(row.in_vain) or "nobody"
    return f"{row.file}:{row.line} {row.within}: {row.kind}", f"- {row.before}", f"+ {row.after}", f"looked: {looked}"


def _cells(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
