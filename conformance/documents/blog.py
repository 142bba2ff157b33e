"""Text without marks: code stands among prose, in lines of its own or run together with it.

Lines that are statements as they stand are taken as they are. In the others statements are sought
(see runon), and the snippet says that it was reconstructed. The format fits any text, and least well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .outputs import is_value, output_end
from .reading import Reader, Reading
from .runon import Run, RunOnLine
from .source import KNOWN, Line, acts, free_names, join, lines_of, parse, statement_end

_BINDINGS = re.compile(r"\b(?:import|as|def|class)\s+(\w+)|\b(\w+)(?:\s*,\s*\w+)*\s*=(?!=)")
_HEADER = re.compile(r"\s*(with|for|while|if|def|class|try|async)\b")


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
        for run in run_on[index].runs:
            _add_run(lines[index].number, run, reading)
        for code in run_on[index].broken:
            reading.note(
                lines[index].number, "unreadable", f"where this code ends was not found; it is not run: {code}"
            )
        for fragment in run_on[index].fragments:
            reading.note(
                lines[index].number, "skipped", f"judged part of a sentence, though it looks like code: {fragment}"
            )
        index = _read_output(lines, index + 1, reading) if run_on[index].runs else index + 1
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


def _add_run(number: int, run: Run, reading: Reading) -> None:
    blocks = [piece.text for piece in run.pieces if piece.block]
    told = f"found in one line: {run.statements} statement{'s' if run.statements > 1 else ''}"
    told += "".join(f"; the block of {header!r} ends after {_extent(header)}" for header in blocks)
    reading.add([Line(number, text) for text in run.code], "", reconstructed=told)
    reading.note(number, "reconstructed", told)


def _extent(header: str) -> str:
    return "its return, or else one statement" if header.startswith(("def", "async def")) else "one statement"


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
