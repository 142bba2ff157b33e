"""What a reader makes of a document: a Document holds Snippets, a Snippet may hold an Expectation.

All line numbers are 1-based lines of the file as it lies on disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Echo = Literal["none", "last", "all"]
NoteKind = Literal["reconstructed", "removed", "skipped", "unreadable"]


class Damaged(Exception):
    """Raised while reading a file that is not what its suffix says; ``line`` is where, if known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Expectation:
    """The output that the document prints for a snippet, as one text without a trailing newline.

    Where the document shows an exception, the text ends with its last line, ``Type: message``; the
    traceback above that line and warnings are left out.

    ``line`` is where the output begins, ``lines[i]`` where line ``i`` of the text stands, if the format has such lines.
    """

    text: str
    line: int
    lines: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Raises:
    """The exception that a directive expects of a snippet; ``...`` in its text is any text, and so is None."""

    type: str
    text: str | None
    line: int


@dataclass(frozen=True)
class Snippet:
    """One piece of code, run as a unit.

    ``lines[i]`` is the document's line from which line ``i`` of ``code`` comes, so that a traceback
    can be told in the document's terms even where several statements shared one line.

    ``echo`` says which values of expression statements are printed though no code prints them:
    none, that of the last statement (as a notebook does), or all (as a ``>>>`` session does).
    ``None`` is never printed.

    ``skip`` is the reason why it is not run, ``raises`` the exception it is to end in, ``seed`` what it is seeded with:
    see directives.
    """

    label: str
    code: str
    lines: tuple[int, ...]
    expected: Expectation | None = None
    reconstructed: str | None = None
    echo: Echo = "none"
    skip: str | None = None
    raises: Raises | None = None
    seed: int | None = None

    @property
    def line(self) -> int:
        return self.lines[0]


@dataclass(frozen=True)
class Note:
    """What the reader did that the document does not say, and where.

    ``reconstructed``: code was rebuilt. ``removed``: a mark, a magic or a traceback was taken away.
    ``skipped``: it looks like code or output, and was judged not to be part of the program, or a directive says so.
    ``unreadable``: it is code, and is not run because it is not Python as it stands.
    """

    line: int
    kind: NoteKind
    message: str


@dataclass(frozen=True)
class Document:
    """A document is one program: its snippets share a namespace and run in order.

    ``alias`` is a look-alike's name, if the document imports that where others import torch: it means the same then.
    """

    name: str
    format: str
    snippets: tuple[Snippet, ...]
    notes: tuple[Note, ...] = field(default=())
    alias: str | None = None
