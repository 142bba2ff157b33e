"""Python scripts: each paragraph of statements is a snippet, and comments right below it may show its output.

Such comments hold printed values and nothing else, or begin with ``Output:``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .directives import directives_in_code
from .mending import mend
from .outputs import are_values
from .reading import Damaged, Reader, Reading
from .source import Line, calls_print, fault, join, lines_of, may_print, parse

_COMMENT = re.compile(r"\s*#+ ?")
_HEADING = re.compile(r"(?i)\s*(?:out(?:put)?s?|prints?|result)\s*:\s*")


def read_script(lines: Sequence[Line], reading: Reading) -> None:
    """Add the paragraphs of a script. Raises Damaged for what is not Python."""
    if wrong := fault(join(lines)):
        raise Damaged(f"this script is not Python: {wrong[1]}", lines[min(wrong[0], len(lines) - 1)].number)
    body = (parse(join(lines)) or ast.Module([], [])).body
    firsts = [min([node.lineno, *(it.lineno for it in getattr(node, "decorator_list", []))]) - 1 for node in body]
    start = _below(lines, 0, firsts[0] if firsts else len(lines), reading)
    for node, following in zip(body, [*firsts[1:], len(lines)], strict=False):
        end = node.end_lineno or node.lineno
        if following < end:
            continue  # it stands on the same line
        close = next((index for index in range(end, following) if lines[index].blank), following)
        output = shown_in_comments(lines[start:end], lines[end:close])
        if output or close < following or following == len(lines):
            reading.code(lines[start : end if output else close])
            reading.output(output)
            start = close if close == following else _below(lines, close, following, reading)


def shown_in_comments(code: Sequence[Line], comments: Sequence[Line], echo: bool = False) -> list[Line]:
    """The output that comments below a code show; empty if they are comments like others."""
    tree = parse(join(mend(code, []) or [])) if comments else None
    if tree is None or not (may_print(tree) if echo else calls_print(tree)):
        return []
    lines = [Line(number, _COMMENT.sub("", text, count=1)) for number, text in comments]
    if heading := _HEADING.match(lines[0].text):
        rest = Line(lines[0].number, lines[0].text[heading.end() :])
        return [*([] if rest.blank else [rest]), *lines[1:]]
    return lines if are_values(lines) else []


def _below(lines: Sequence[Line], start: int, following: int, reading: Reading) -> int:
    """Pass over comments that stand alone; return the index where those that belong to the next statement begin."""
    index = following
    while index > start and not lines[index - 1].blank and following < len(lines):
        index -= 1
    reading.pending += directives_in_code(lines[start:index])
    return index


def _read(text: str) -> Reading:
    reading = Reading()
    read_script(lines_of(text), reading)
    return reading


READER = Reader("Python script", frozenset({".py"}), _read, lambda text: 0.5, sought=False)
