"""Python sessions: ``>>>`` prompts, continued by ``...``, each followed by what it printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .directives import directives_in_code, has_directives
from .outputs import item_end
from .reading import Reader, Reading
from .source import Line, join, lines_of, parse, statement_end

_PROMPT = re.compile(r"(\s*)>>>(?: (.*)|\s*)$")


def is_prompt(text: str) -> bool:
    return bool(_PROMPT.match(text))


def read_session(lines: Sequence[Line], reading: Reading, enclosed: bool) -> None:
    """Add the snippets of a session; ``enclosed`` says that it stands alone, so that no prose ends an output."""
    index = next((i for i, line in enumerate(lines) if is_prompt(line.text)), len(lines))
    reading.prose(lines[:index])
    directives, first = reading.release(), len(reading.snippets)
    while index < len(lines):
        stop = _source_end(lines, index)
        indent = len(_PROMPT.match(lines[index].text)[1])  # type: ignore[index]
        _add(_source(lines[index:stop]), reading)
        index, stop = stop, _output_end(lines, stop, enclosed)
        output = [Line(number, text[indent:]) for number, text in lines[index:stop]]
        if output:
            reading.output([Line(number, "" if text == "<BLANKLINE>" else text) for number, text in output])
        index = next((i for i in range(stop, len(lines)) if is_prompt(lines[i].text)), len(lines))
        between = lines[stop:index]
        if index == len(lines) or any(not line.blank for line in between):  # here ends what directives above are about
            reading.settle(directives, first)
            reading.prose(between)
            directives, first = reading.release(), len(reading.snippets)


def _source_end(lines: Sequence[Line], start: int) -> int:
    stop = start
    while stop < len(lines) and (is_prompt(lines[stop].text) or re.match(r"\s*\.\.\.( |\s*$)", lines[stop].text)):
        stop += 1
    return stop


def _source(lines: Sequence[Line]) -> list[Line]:
    return [Line(number, re.sub(r"^\s*(>>>|\.\.\.) ?", "", text)) for number, text in lines]


def _output_end(lines: Sequence[Line], start: int, enclosed: bool) -> int:
    """The index after the output: a blank line ends it, unless in brackets, or anything goes on to the next prompt."""
    index = start
    while index < len(lines) and not is_prompt(lines[index].text) and (enclosed or not lines[index].blank):
        index = item_end(lines, index)
    return index


def _add(code: Sequence[Line], reading: Reading) -> None:
    """Add prompts as snippets, each ending with an expression: what it echoes is then told apart from the others.

    A statement with a directive in it is a snippet of its own.
    """
    if parse(join(code)) is None:
        reading.code(code, echo="all")
        return
    start = index = 0
    while index < len(code):
        if code[index].blank:
            index += 1
            continue
        before, index = index, _statement_end(code, index)
        if has_directives(code[before:index]) and directives_in_code(code[before:index]):
            reading.code(code[start:before], echo="all")
            start = before
        elif not _ends_in_expression(code[start:index]):
            continue
        reading.code(code[start:index], echo="all")
        start = index
    reading.code(code[start:], echo="all")


def _statement_end(code: Sequence[Line], start: int) -> int:
    """The index after the next statement and the comments before it."""
    index = start
    while index < len(code):
        index = statement_end(code, index) or len(code)
        tree = parse(join(code[start:index]))
        if tree is None or tree.body:
            break
    return index


def _ends_in_expression(code: Sequence[Line]) -> bool:
    tree = parse(join(code))
    return bool(tree and tree.body and isinstance(tree.body[-1], ast.Expr))


def _read(text: str) -> Reading:
    reading = Reading()
    read_session(lines_of(text), reading, enclosed=False)
    return reading


READER = Reader(
    "Python session",
    frozenset({".txt", ".text"}),
    _read,
    lambda text: 0.7 if any(is_prompt(line.text) for line in lines_of(text)) else 0.0,
)
