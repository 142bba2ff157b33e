"""Python scripts with cells: ``# %%`` begins one, as Jupytext, Spyder and VS Code write it, or ``# In[3]:``.

``# %% [markdown]`` begins a text. Tags stand as in ``# %% title tags=["raises-exception"]``. Comments at the end of a
cell may show its output, as in a script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .directives import directives_in_code, directives_of_tags
from .mending import is_magic
from .reading import Reader, Reading
from .script import shown_in_comments
from .source import Line, join, lines_of, parse

_CELL = re.compile(r"#\s*(?:%%%*(?:\s+(?P<rest>.*))?|In ?\[(?P<count>[\d ]*)\]:?\s*)$")
_REST = re.compile(r"(?P<title>.*?)\s*(?:\[(?P<kind>\w+)\]\s*)?(?P<metadata>[\w.-]+=.*|\{.*)?$")
_TAGS = re.compile(r"\btags[\"']?\s*[=:]\s*\[(?P<tags>[^]]*)\]")
_TEXT = {"markdown", "md", "raw"}


def _read(text: str) -> Reading:
    reading = Reading()
    lines = lines_of(text)
    starts = [index for index, line in enumerate(lines) if _CELL.match(line.text)]
    _read_code(lines[: starts[0] if starts else len(lines)], "", reading)
    for number, (start, stop) in enumerate(pairwise([*starts, len(lines)]), 1):
        _read_cell(number, lines[start], lines[start + 1 : stop], reading)
    return reading


def _read_cell(number: int, mark: Line, lines: Sequence[Line], reading: Reading) -> None:
    match = _CELL.match(mark.text)
    rest = _REST.match((match and match["rest"]) or "")
    assert match
    assert rest
    if rest["kind"] in _TEXT:
        _read_text(lines, reading)
        return
    if tags := _TAGS.search(rest["metadata"] or ""):
        reading.pending += directives_of_tags(re.findall(r"[\w-]+", tags["tags"]), mark.number)
    count = (match["count"] or "").strip()
    _read_code(lines, rest["title"].strip() or (f"In [{count}]" if count else f"cell {number}"), reading)


def _read_code(lines: Sequence[Line], label: str, reading: Reading) -> None:
    """Add the code of a cell and what the comments at its end show."""
    if all(line.blank or (line.text.lstrip().startswith("#") and not is_magic(line.text)) for line in lines):
        reading.pending += directives_in_code(lines)
        return
    end = len(lines)
    while lines[end - 1].blank:
        end -= 1
    start = end
    while lines[start - 1].text.startswith("#"):
        start -= 1
    output = shown_in_comments(lines[:start], lines[start:end], echo=True)
    directives, first = reading.release(), len(reading.snippets)
    snippet = reading.code(lines[: start if output else end], label, echo="last")
    if snippet is not None:
        reading.output(output)
    reading.settle(directives, first)


def _read_text(lines: Sequence[Line], reading: Reading) -> None:
    """Pass over a cell of text: comments, or a string of three quotes."""
    if parse(join(lines)):
        reading.pending += directives_in_code(lines)
    reading.prose(
        [Line(number, re.sub(r'^(# ?|[rR]?("""|\'\'\'))|("""|\'\'\')\s*$', "", text)) for number, text in lines]
    )


READER = Reader(
    "Python script with cells",
    frozenset({".py"}),
    _read,
    lambda text: 0.9 if any(_CELL.match(line.text) for line in lines_of(text)) else 0.0,
)
