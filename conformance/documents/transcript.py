"""Notebooks as text: ``In [3]:`` before each cell; what follows a cell's code is output or prose, often unmarked.

A cell's code goes on as long as its lines are Python and act like code. Output is recognised by its
look and by the ``print`` calls of the code; prose is the rest.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import pairwise

from .mending import foreign_cell, is_magic, mend
from .outputs import CONSTRUCTORS, is_prose, is_value, item_end, output_end
from .reading import Reader, Reading
from .source import Line, bound_names, free_names, join, lines_of, may_print, parse, statement_end, surely_prints

_IN = re.compile(r"\s*In ?\[(?P<count>[\s\d*]*|None)\]:\s?(?P<rest>.*)$")
_OUT = re.compile(r"\s*Out ?\[[\s\d]*\]:\s?(?P<rest>.*)$")
_CONTINUED = re.compile(r"\s*\.\.\.+:\s?")
_HEADING = re.compile(r"##+ ")


def is_cell(text: str) -> bool:
    return bool(_IN.match(text))


def read_cells(lines: Sequence[Line], reading: Reading) -> None:
    """Add the cells of a transcript."""
    starts = [index for index, line in enumerate(lines) if is_cell(line.text)]
    reading.prose(lines[: starts[0] if starts else len(lines)])
    for start, stop in pairwise([*starts, len(lines)]):
        _read_cell(lines[start:stop], reading)


def _read_cell(lines: Sequence[Line], reading: Reading) -> None:
    mark = _IN.match(lines[0].text)
    assert mark
    body = [Line(lines[0].number, mark["rest"])]
    body += [Line(number, _CONTINUED.sub("", text, count=1)) for number, text in lines[1:]]
    out = next((index for index, line in enumerate(body) if _OUT.match(line.text)), None)
    code = _code_end(body[:out], reading)
    snippet = reading.code(body[:code], f"In [{mark['count'].strip() or ' '}]", echo="last")
    if out is None:
        loose = snippet is not None and surely_prints(reading.tree)
        stop = output_end(body, code, reading.printed, loose)
        output = body[code:stop]
    else:
        stop = _value_end(body, out)
        output = [*body[code:out], Line(body[out].number, _OUT.sub(r"\g<rest>", body[out].text)), *body[out + 1 : stop]]
        output = [line for line in output if line.text or line.number != body[out].number]
    if snippet is not None:
        reading.output(output)
    reading.prose(body[stop:])


def _value_end(body: Sequence[Line], out: int) -> int:
    """The index after the value that an ``Out`` mark announces, on its line or below it."""
    start = out
    while start < len(body) - 1 and not _OUT.sub(r"\g<rest>", body[start].text).strip():
        start += 1
    stop = item_end(body, start)
    while stop < len(body) and not body[stop].blank and not is_prose(body[stop].text):
        stop += 1
    return stop


def _code_end(body: Sequence[Line], reading: Reading) -> int:
    """The index after a cell's code: what its lines are while they act as code, and at least the first paragraph."""
    first = next((index for index, line in enumerate(body) if not line.blank), len(body))
    gap = _paragraph_end(body, first)
    if foreign_cell(body):
        return gap
    names = set(reading.names)
    printing = False
    index = end = first
    while index < len(body):
        if body[index].blank:
            index += 1
            continue
        if is_magic(body[index].text):
            index = end = index + 1
            continue
        stop = statement_end(body, index)
        if stop is None:
            stop = _paragraph_end(body, index)
            lines = mend(body[index:stop], []) or []
        else:
            lines = list(body[index:stop])
        tree = parse(join(lines)) if lines else None
        if tree is None or (end > first and _is_heading(body, index)):
            break
        if printing and is_value(join(lines)) and not _is_own_call(tree, names):
            break
        apart = index > gap and body[index - 1].blank
        if (apart or printing) and not all(_is_code(statement, names) for statement in tree.body):
            break
        if tree.body:  # comments alone may be headings: they count once code follows
            end = stop
        names |= bound_names(tree)
        printing = printing or may_print(tree)
        index = stop
    return end if end > first else gap


def _is_own_call(tree: ast.Module, names: set[str]) -> bool:
    """Whether what looks like a printed value calls a function of the document."""
    match tree.body:
        case [ast.Expr(value=ast.Call(func=ast.Name(id=name)))]:
            return name in names - CONSTRUCTORS
    return False


def _is_code(statement: ast.stmt, names: set[str]) -> bool:
    """Whether a statement goes on with a cell's code: it may be prose or output that happens to parse."""
    match statement:
        case ast.Expr(value=value):
            return isinstance(value, ast.Call) or free_names(value) <= names
        case ast.AnnAssign(value=None):
            return False
    return True


def _paragraph_end(body: Sequence[Line], start: int) -> int:
    return next((index for index in range(start, len(body)) if body[index].blank), len(body))


def _is_heading(body: Sequence[Line], index: int) -> bool:
    alone = body[index - 1].blank and (index + 1 == len(body) or body[index + 1].blank)
    return alone and bool(_HEADING.match(body[index].text))


def _read(text: str) -> Reading:
    reading = Reading()
    read_cells(lines_of(text), reading)
    return reading


READER = Reader(
    "notebook transcript",
    frozenset({".txt", ".text"}),
    _read,
    lambda text: 0.9 if any(is_cell(line.text) for line in lines_of(text)) else 0.0,
)
