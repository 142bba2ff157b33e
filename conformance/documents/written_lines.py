"""Outputs that stand as lines of a text: what is before each line, be it indentation or a mark of quotation, stays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .model import Expectation, Snippet
from .outputs import is_error
from .rewriting import Change, Edit, Shown, Unwritable, aligned

_INDENT = re.compile(r"[\s>]*")
_END = re.compile(r"\r\n|\r|\n|\Z")


class _Row(NamedTuple):
    """A line as it stands in the text, with where it begins and what ends it."""

    start: int
    text: str
    end: str


def line_edits(text: str, snippets: Sequence[Snippet], shown: Mapping[int, Shown]) -> dict[int, Change | Unwritable]:
    rows = _rows(text)
    changes: dict[int, Change | Unwritable] = {}
    for index, new in shown.items():
        try:
            changes[index] = Change(_edits(rows, snippets[index], new))
        except Unwritable as reason:
            changes[index] = reason
    return changes


def _rows(text: str) -> list[_Row]:
    rows, start = [], 0
    for match in _END.finditer(text):
        rows.append(_Row(start, text[start : match.start()], match[0]))
        start = match.end()
    return rows


def _edits(rows: Sequence[_Row], snippet: Snippet, new: Shown) -> list[Edit]:
    expected = snippet.expected
    assert expected
    missing = sorted(set(range(expected.line, expected.lines[-1])) - set(expected.lines))
    if not missing:
        return [_edit(rows, expected, expected.lines, new.text, snippet)]
    # A traceback, of which only the last line was read, can stay if nothing else was left out.
    printed = [line for line in expected.lines if line < missing[0]]
    error = [line for line in expected.lines if line > missing[-1]]
    told = expected.text.split("\n")[len(printed)]
    if len(printed) + len(error) + len(missing) != expected.lines[-1] - expected.line + 1 or not is_error(told):
        raise Unwritable("it shows warnings among what is printed")
    if not new.error or bool(printed) != bool(new.printed):
        raise Unwritable("its traceback stands where none is to be, or not alone")
    edits = [_edit(rows, expected, error, new.error_text, snippet)]
    return [*edits, _edit(rows, expected, printed, new.printed, snippet)] if printed else edits


def _edit(rows: Sequence[_Row], expected: Expectation, lines: Sequence[int], text: str, snippet: Snippet) -> Edit:
    """The edit that puts a text in the place of some lines of an output, which follow one another."""
    if not text:
        raise Unwritable("PyTorch prints nothing here, so that there is no output to be shown")
    old = [expected.text.split("\n")[expected.lines.index(line)] for line in lines]
    standing = [rows[line - 1] for line in lines]
    new = text.split("\n")
    before = _before(standing, old)
    blank = next((row.text for row, line in zip(standing, old, strict=True) if not line.strip()), None)
    if blank is None:
        blank = f"{before}<BLANKLINE>" if snippet.echo == "all" else before.rstrip()
    if len(new) > 1 and not _INDENT.fullmatch(before):
        raise Unwritable("it begins in the midst of a line, and has several lines now")
    end = rows[0].end or "\n"
    written = [_Row(0, before + line if line else blank, end) for line in new]
    kept = [written[at] if place is None else standing[place] for at, place in enumerate(aligned(old, new))]
    replacement = "".join(row.text + (row.end or end) for row in kept[:-1]) + kept[-1].text
    return Edit(standing[0].start, standing[-1].start + len(standing[-1].text), replacement)


def _before(rows: Sequence[_Row], texts: Sequence[str]) -> str:
    """What stands before the text in each line."""
    full = [(row.text, text) for row, text in zip(rows, texts, strict=True) if text.strip()]
    found = {row.removesuffix(text) for row, text in full}
    if len(found) != 1 or not all(row.endswith(text) for row, text in full):
        raise Unwritable("its lines are not all indented alike")
    return found.pop()
