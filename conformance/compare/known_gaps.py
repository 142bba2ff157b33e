"""Reading ``known_gaps.toml``, the accepted differences."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

SHIPPED = Path(__file__).parent.parent / "known_gaps.toml"


class UnreadableGaps(Exception):
    """The list of known gaps is damaged; the message says where."""


@dataclass(frozen=True)
class Gap:
    """An accepted difference of a document or a docstring; the file explains its fields."""

    subject: str
    document: str
    snippet: str
    check: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.document}, {self.snippet}: {self.check} of {self.where}"


def read_gaps(file: Path = SHIPPED, suite: str = "documents") -> list[Gap]:
    """Raises UnreadableGaps."""
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get(suite, [])
    except (OSError, ValueError) as error:
        raise UnreadableGaps(f"{file}: {error}") from None
    gaps = []
    for number, row in enumerate(rows, start=1):
        try:
            gaps.append(Gap(**row))
        except TypeError as error:
            raise UnreadableGaps(f"{file}: entry {number} of {suite}: {error}") from None
    return gaps
