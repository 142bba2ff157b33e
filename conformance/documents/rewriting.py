"""Rewriting documented outputs: a text is edited where outputs stand, and nowhere else.

A format that can be rewritten has a function that makes Edits, for many snippets at once. What comes of them is read
again: an output that would be read otherwise than it was meant is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from .model import Snippet


class Unwritable(Exception):
    """An output that cannot be rewritten; the text says why."""


@dataclass(frozen=True)
class Shown:
    """What a document is to show for a snippet: what it prints, and the type and text of what it raises.

    Lines have no space at their end, and the text no empty line at either end.
    """

    printed: str
    error: tuple[str, str] | None = None

    @property
    def error_text(self) -> str:
        return f"{self.error[0]}: {self.error[1]}".rstrip() if self.error else ""

    @property
    def text(self) -> str:
        return "\n".join(filter(None, (self.printed, self.error_text)))


@dataclass(frozen=True)
class Edit:
    """``text[start:stop]`` is to become ``replacement``."""

    start: int
    stop: int
    replacement: str


@dataclass(frozen=True)
class Change:
    """What is to be done for one output; ``notes`` tell what is left beside it."""

    edits: Sequence[Edit]
    notes: Sequence[str] = field(default=())


# For a text, its snippets, and what some of them are to show, by index: the changes, or why there can be none.
Edits = Callable[[str, Sequence[Snippet], Mapping[int, Shown]], Mapping[int, Change | Unwritable]]


def apply(text: str, changes: Iterable[Change]) -> str:
    edits = sorted((edit for change in changes for edit in change.edits), key=lambda edit: edit.start, reverse=True)
    for edit in edits:
        text = text[: edit.start] + edit.replacement + text[edit.stop :]
    return text


def aligned(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """For each of the new lines the index of the old one that is the same but for space at its end, if there is one."""
    matcher = SequenceMatcher(None, [line.rstrip() for line in old], [line.rstrip() for line in new], autojunk=False)
    places: list[int | None] = [None] * len(new)
    for block in matcher.get_matching_blocks():
        places[block.b : block.b + block.size] = range(block.a, block.a + block.size)
    return places
