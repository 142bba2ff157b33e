"""Look-alikes side by side, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.reports.visible import visible
from conformance.suites.comparison import Standing

HEADINGS = (
    "look-alike",
    "documents conformant",
    "regressions",
    "snippets equal",
    "random programs equal",
    "operator variants offered",
    "equal in value",
    "and in gradients",
    "import time / PyTorch's",
)


def table(standings: Sequence[Standing]) -> str:
    rows = [HEADINGS, ("---",) * len(HEADINGS), *map(_cells, standings)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(standing: Standing) -> tuple[str, ...]:
    name = visible(f"{standing.subject} {standing.version}").replace("|", "\\|")
    shares = (
        standing.documents, standing.regressions, standing.snippets, standing.programs,
        standing.offered, standing.forward, standing.gradients,
    )  # fmt: skip
    return (name, *map(str, shares), f"{standing.import_ratio:.2f}")
