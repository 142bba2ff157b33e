"""Making code out of lines that a document shows as code: call-outs, magics and typography taken away."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .model import Note
from .source import Line, fault, join, parse

# At a line's end: an arrow and what it points at, circled numbers, or the letter of an annotation.
_ARROW = re.compile(r"\s*(#\s*)?[←⟵⇐➔→⟶].*$")
_LETTER = re.compile(r"\s*(#\s*)?[①-⓿❶-➓]+\s*$|\s+#[A-Z]\s*$")
_CONTINUED = re.compile(r"^\s*[➥↪]\s*")
# A line for IPython: a magic, a shell command (but no image of Markdown), a question for help.
_MAGIC = re.compile(r"\s*(%|!(?!\[)|\?{1,2}\w[\w.]*$|\w[\w.]*\?{1,2}$)")
_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_QUIET = re.compile(r"\s*%%?(matplotlib|config|load_ext|reload_ext|autoreload|capture)\b")
_TIMED = re.compile(r"(\s*)%time\s+(?=\S)")
# Cell magics after which the rest of the cell still is Python.
_PYTHON_CELLS = {"time", "timeit", "capture", "prun", "py", "python", "python3"}
_TYPOGRAPHY = str.maketrans("\u201c\u201d\u2018\u2019\u00a0\u2212\u2013", "\"\"'' --")


def is_magic(text: str) -> bool:
    """Whether a line is for IPython, and not Python."""
    return bool(_MAGIC.match(text))


def is_loud_magic(text: str) -> bool:
    """Whether a line is for IPython and prints something of its own."""
    return is_magic(text) and not _QUIET.match(text)


def foreign_cell(lines: Sequence[Line]) -> str | None:
    """The cell magic, such as ``%%bash``, that makes a cell something other than Python."""
    match = re.match(r"\s*(%%(\w+))", join(lines))
    return match[1] if match and match[2] not in _PYTHON_CELLS else None


def mend(lines: Sequence[Line], notes: list[Note]) -> list[Line] | None:
    """The lines as Python, with a Note for each change; None, with a Note, if they cannot be made so."""
    code, changes = list(lines), list[Note]()
    for change in (_without_callouts, _without_magics, _dedented, _plain_characters):
        code = change(code, changes)
    wrong = fault(join(code))
    if wrong is None:
        notes += changes
        return code
    index, reason = wrong
    line = code[min(index, len(code) - 1)].number if code else lines[0].number
    notes.append(Note(line, "unreadable", f"this code is not Python and is not run: {reason}"))
    return None


def _without_callouts(lines: list[Line], notes: list[Note]) -> list[Line]:
    tree = parse(join(lines))

    def stripped(text: str) -> str:
        # Inside a string the same characters are the program's own.
        bare = _STRING.sub(lambda string: "_" * len(string[0]), text)
        mark = _LETTER.search(bare) or (None if tree else _ARROW.search(bare))
        text = text[: mark.start()] if mark else text
        return text if tree else _CONTINUED.sub("", text)

    code = [Line(number, stripped(text)) for number, text in lines]
    changed = [(old, new) for old, new in zip(lines, code, strict=True) if old != new]
    if not changed or (tree and ast.dump(tree) != ast.dump(parse(join(code)) or ast.Module([], []))):
        return lines
    for old, _ in changed:
        notes.append(Note(old.number, "removed", f"a call-out was taken off the code; it was {old.text.strip()!r}"))
    return code


def _without_magics(lines: list[Line], notes: list[Note]) -> list[Line]:
    if parse(join(lines)):
        return lines
    code = []
    for number, text in lines:
        timed = _TIMED.match(text)
        if timed:
            notes.append(Note(number, "removed", "'%time' was taken off, its statement is run"))
            code.append(Line(number, timed[1] + text[timed.end() :]))
        elif is_magic(text):
            notes.append(Note(number, "removed", f"{text.strip()!r} is for IPython and is not run"))
        else:
            code.append(Line(number, text))
    return code


def _dedented(lines: list[Line], notes: list[Note]) -> list[Line]:
    full = [text for _, text in lines if text.strip()]
    indent = min((len(text) - len(text.lstrip()) for text in full), default=0)
    return [Line(number, text[indent:]) for number, text in lines] if indent else lines


def _plain_characters(lines: list[Line], notes: list[Note]) -> list[Line]:
    """Quotes, spaces and dashes that a typesetter made are turned back, where the code is not Python with them."""
    if fault(join(lines)) is None:
        return lines
    code = [Line(number, text.translate(_TYPOGRAPHY)) for number, text in lines]
    for old, new in zip(lines, code, strict=True):
        if old != new:
            notes.append(Note(old.number, "reconstructed", "typeset quotes, spaces or dashes were made plain"))
    return code
