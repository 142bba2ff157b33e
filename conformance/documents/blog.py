"""Text without marks: code stands among prose, in lines of its own or run together with it.

Lines that are statements as they stand are taken as they are. In the others, and in blocks that lost
their indentation, statements are sought (see runon), and the snippet says that it was reconstructed.
The format fits any text, and least well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .outputs import is_value, output_end
from .reading import Reader, Reading
from .runon import Piece, RunOnLine, is_header
from .source import KNOWN, Line, acts, free_names, join, lines_of, parse, statement_end

_BINDINGS = re.compile(r"\b(?:import|as|def|class)\s+(\w+)|\b(\w+)(?:\s*,\s*\w+)*\s*=(?!=)")


def _read(text: str) -> Reading:
    reading = Reading()
    lines = lines_of(text)
    names = set(KNOWN) | {name for found in _BINDINGS.findall(text) for name in found if name}
    run_on = [RunOnLine(line.text, names) for line in lines]
    together = any(
        parse(line.text) is None and any(run.statements > 1 for run in found.runs)
        for line, found in zip(lines, run_on, strict=True)
    )
    index = 0
    while index < len(lines):
        most = sum(run.statements for run in run_on[index].runs) if together else 0
        stop = _plain_end(lines, index, names, most)
        if stop > index:
            reading.code(lines[index:stop])
            index = _read_output(lines, stop, reading)
            continue
        stop = _unindented_end(lines, index)
        found = RunOnLine(" ".join(line.text.strip() for line in lines[index:stop]), names)
        if stop == index + 1 or not found.runs:
            found, stop = run_on[index], index + 1
        _add_runs(lines[index:stop], found, reading)
        index = _read_output(lines, stop, reading) if found.runs else stop
    return reading


def _plain_end(lines: Sequence[Line], start: int, names: set[str], most: int) -> int:
    """The index after the adjacent statements that stand in lines of their own; ``start`` if there are none.

    A line in which ``most`` statements can be found is not plain if Python sees fewer of them.
    """
    index = end = start
    while index < len(lines) and not lines[index].blank:
        stop = statement_end(lines, index)
        tree = parse(join(lines[index:stop])) if stop else None
        if stop is None or tree is None or not all(_is_plain(statement, names) for statement in tree.body):
            break
        if stop == index + 1 and len(tree.body) < most:
            break
        index = stop
        end = stop if tree.body else end
    return end


def _is_plain(statement: ast.stmt, names: set[str]) -> bool:
    """Whether a line that is this statement is code: it acts, or shows something that code has named."""
    if isinstance(statement, ast.Expr):
        if is_value(ast.unparse(statement)):
            return False
        shows = isinstance(statement.value, ast.Attribute | ast.Subscript)
        return acts(statement, names) or (shows and free_names(statement) <= names)
    return acts(statement, names)


def _unindented_end(lines: Sequence[Line], start: int) -> int:
    """The index after a line and, if it is a block's header alone, the lines that lost the block's indentation."""
    stop = start + 1
    if not is_header(lines[start].text):
        return stop
    function = lines[start].text.lstrip().startswith(("def ", "async def "))
    while stop < len(lines) and not lines[stop].blank:
        before, text = lines[stop - 1].text, lines[stop].text
        if (
            before.lstrip().startswith("return")
            if function
            else not (is_header(before) or is_header(text, clause=True))
        ):
            break
        stop += 1
    return stop


def _add_runs(lines: Sequence[Line], found: RunOnLine, reading: Reading) -> None:
    """Add what was found in a line, or in several that were joined."""
    number = lines[0].number
    place = "one line" if len(lines) == 1 else f"{len(lines)} lines without indentation"
    for run in found.runs:
        told = f"found in {place}: {run.statements} statement{'s' if run.statements > 1 else ''}"
        told += "".join(
            f"; the block of {piece.text!r} ends after {_extent(piece)}" for piece in run.pieces if piece.block
        )
        reading.add(_placed(run.code, lines), "", reconstructed=told)
        reading.note(number, "reconstructed", told)
    for code in found.broken:
        reading.note(number, "unreadable", f"the end of this code was not found, it is not run: {code}")
    for code in found.fragments:
        reading.note(number, "skipped", f"judged part of a sentence, though it looks like code: {code}")
    if not (found.runs or found.broken or found.fragments):
        reading.prose(lines)


def _placed(code: Sequence[str], lines: Sequence[Line]) -> list[Line]:
    """Lines of code, each with the number of the line in which it stands."""
    placed, at = list[Line](), 0
    for text in code:
        while at < len(lines) - 1 and text.strip() not in lines[at].text:
            at += 1
        placed.append(Line(lines[at].number, text))
    return placed


def _extent(header: Piece) -> str:
    return "its return" if header.block[-1].text.startswith("return") else "one statement"


def _read_output(lines: Sequence[Line], start: int, reading: Reading) -> int:
    """Give the last snippet the output right below it, and return the index after it."""
    if not reading.awaits_output():
        return start
    stop = output_end(lines, start, reading.printed, loose=False)
    prints = sum(isinstance(node, ast.Call) and ast.unparse(node.func) == "print" for node in ast.walk(reading.tree))
    if stop - start == 1 and prints > 1 and reading.snippets[-1].reconstructed:
        reading.note(lines[start].number, "skipped", "an output whose line ends are lost is not compared")
    elif stop > start:
        reading.output(lines[start:stop])
        reading.echo_for_output()
    return stop


READER = Reader("run-together text", frozenset({".txt", ".text"}), _read, lambda text: 0.1)
