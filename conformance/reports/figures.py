"""Measurements as tables in the terminal: one for each group."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.reports.measurements import Measurements, Row
from conformance.reports.visible import visible

_STYLES = {"kept": "green", "exceeded": "bold red", "no bound": ""}


def show(measurements: Measurements, console: Console) -> None:
    for group in dict.fromkeys(row.group for row in measurements.rows):
        console.print(_table(measurements, [row for row in measurements.rows if row.group == group], group))
    console.print(Text(", ".join(f"{name} {value}" for name, value in measurements.facts.items())), soft_wrap=True)
    bounds = [row.verdict for row in measurements.rows if row.bound is not None]
    exceeded = bounds.count("exceeded")
    style = _STYLES["exceeded" if exceeded else "kept"]
    console.print(Text(f"{measurements.status}: {len(bounds) - exceeded} of {len(bounds)} bounds kept", style))


def _table(measurements: Measurements, rows: list[Row], group: str) -> Table:
    table = Table(title=visible(group), title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for heading in (visible(measurements.subject), "PyTorch", "NumPy", "", "ratio"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    table.add_column("(spread)", no_wrap=True)
    table.add_column("bound", justify="right")
    for row in rows:
        alone = "" if row.numpy is None else _figure(row.numpy)
        cells = [visible(row.name), _figure(row.subject), _figure(row.reference), alone, row.unit, f"{row.ratio:.2f}"]
        spread = f"({row.low:.2f} to {row.high:.2f})"
        bound = "" if row.bound is None else f"{row.bound:.2f}"
        last = Text(f"{bound}{' exceeded' if row.verdict == 'exceeded' else ''}", _STYLES[row.verdict])
        table.add_row(*cells, spread, last)
    return table


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
