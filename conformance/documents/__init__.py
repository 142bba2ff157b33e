"""Reading documents: a file becomes a Document, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .model import Damaged, Document, Expectation, Note, Raises, Snippet
from .reading import Reader, readers

__all__ = [
    "Document",
    "Expectation",
    "Note",
    "NothingToRun",
    "Raises",
    "Snippet",
    "UnreadableDocument",
    "find",
    "is_sought",
    "read",
    "read_text",
    "reader_of",
    "suffixes",
    "text_of",
]


class UnreadableDocument(Exception):
    """A file that is no document, or a damaged one; the text begins with the file and, if known, the line."""

    def __init__(self, file: Path, reason: str, line: int | None = None) -> None:
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
        self.file = file
        self.reason = reason
        self.line = line


class NothingToRun(UnreadableDocument):
    """A file without code, and without anything that was to be code."""


def read(path: str | Path) -> Document:
    """Read a document; UnreadableDocument if it is missing, damaged, of an unknown format or without code."""
    file = Path(path)
    return read_text(file, text_of(file))


def read_text(file: Path, text: str) -> Document:
    """Read what is, or could be, the text of a file; raises UnreadableDocument."""
    reader = reader_of(file, text)
    if reader is None:
        raise UnreadableDocument(file, f"no reader for {file.suffix or 'a file without a suffix'}; known: {_known()}")
    try:
        reading = reader.read(text)
        reading.close()
    except Damaged as damage:
        raise UnreadableDocument(file, str(damage), damage.line) from damage
    except RecursionError as error:
        raise UnreadableDocument(file, "nested too deeply to be read") from error
    notes = sorted(reading.notes, key=lambda note: note.line)
    if not reading.snippets:
        reason = f"no code to run was found (read as {reader.format})"
        line = notes[0].line if notes else None
        kind = UnreadableDocument if any(note.kind == "unreadable" for note in notes) else NothingToRun
        raise kind(file, reason + (f"; {notes[0].message}" if notes else ""), line)
    return Document(file.name, reader.format, tuple(reading.snippets), tuple(notes))


def find(paths: Iterable[str | Path]) -> list[Path]:
    """The files to read: each file named, and in each folder named, hidden ones aside, every file with a reader.

    Of the Python files in a folder, that is those with cells: the others may be anything but documents.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            found[path] = None
            continue
        inside = [
            file
            for file in sorted(path.rglob("*"))
            if not any(part.startswith(".") for part in file.relative_to(path).parts)
            and file.is_file()
            and is_sought(file)
        ]
        if not inside:
            raise UnreadableDocument(path, f"no document in this folder; known: {_known()}")
        found |= dict.fromkeys(inside)
    return list(found)


def _fitting(file: Path) -> list[Reader]:
    return [reader for reader in readers() if file.suffix.lower() in reader.suffixes]


def reader_of(file: Path, text: str) -> Reader | None:
    """The reader that fits a file best."""
    return max(_fitting(file), key=lambda reader: reader.fits(text), default=None)


def is_sought(file: Path) -> bool:
    """Whether a file is read for being in a folder."""
    fitting = _fitting(file)
    if all(reader.sought for reader in fitting):
        return bool(fitting)
    try:
        reader = reader_of(file, text_of(file))
    except UnreadableDocument:
        return False
    return reader is not None and reader.sought


def suffixes() -> set[str]:
    """Of the files that have a reader, in lower case."""
    return {suffix for reader in readers() for suffix in reader.suffixes}


def _known() -> str:
    return ", ".join(sorted(suffixes()))


def text_of(file: Path) -> str:
    """What is in a file, without a byte order mark; raises UnreadableDocument."""
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableDocument(file, "there is no such file") from error
    except OSError as error:
        raise UnreadableDocument(file, error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableDocument(file, f"not UTF-8: byte 0x{data[error.start]:02x}", line) from error
