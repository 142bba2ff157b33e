"""Reading ``known_gaps.toml``, the accepted differences."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Row = TypeVar("Row")

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
    """Those of documents, or of another suite whose documents have snippets. Raises UnreadableGaps."""
    return read_table(suite, Gap, file)


def read_table(suite: str, kind: Callable[..., Row], file: Path = SHIPPED) -> list[Row]:
    """The rows of one suite. Raises UnreadableGaps."""
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get(suite, [])
    except (OSError, ValueError) as error:
        raise UnreadableGaps(f"{file}: {error}") from None
    gaps = []
    for number, row in enumerate(rows, start=1):
        try:
            gaps.append(kind(**row))
        except TypeError as error:
            raise UnreadableGaps(f"{file}: entry {number} of {suite}: {error}") from None
    return gaps
