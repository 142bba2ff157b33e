"""What was measured of a look-alike beside PyTorch, as data; a report of it only renders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """Medians of what both need for one thing, and of the rounds' ratios, of which nine in ten lie in low to high.

    ``bound`` is the greatest ratio that is promised, None where none is; ``numpy`` is what NumPy alone needs for it.
    """

    name: str
    group: str
    unit: str
    subject: float
    reference: float
    ratio: float
    low: float
    high: float
    bound: float | None = None
    numpy: float | None = None

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return "no bound"
        return "kept" if self.ratio <= self.bound else "exceeded"


@dataclass(frozen=True)
class Measurements:
    """``facts`` say of what and where: versions, platform, CPU."""

    subject: str
    rows: tuple[Row, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return "exceeded" if any(row.verdict == "exceeded" for row in self.rows) else "kept"

    def to_json(self) -> dict[str, Any]:
        rows = [asdict(row) | {"verdict": row.verdict} for row in self.rows]
        return asdict(self) | {"status": self.status, "rows": rows}
