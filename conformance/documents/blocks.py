"""Blocks that a document sets apart from its prose: which are code, which are output, which are neither."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .mending import mend
from .model import Echo
from .outputs import are_values, is_value, output_end
from .reading import Reading
from .sessions import is_prompt, read_session
from .source import Line, acts, calls_print, join, looks_like_code, parse
from .transcript import is_cell, read_cells

_PYTHON = {"python", "py", "python3", "py3", "ipython", "ipython3", "pycon", "pycon3", "doctest", "{python}"}
_OUTPUT = {"text", "txt", "output", "out", "console", "none", "plaintext", "plain", "stdout", "result", "python-output"}
# What the directives for code mark it as, where their argument does not say it.
_DIRECTIVES = {
    **dict.fromkeys(["code", "code-block", "sourcecode", "parsed-literal", "prompt"], ""),
    **dict.fromkeys(["code-cell", "jupyter-execute", "testcode", "testsetup", "testcleanup", "plot"], "python"),
    "doctest": "pycon",
    "ipython": "ipython",
    "testoutput": "output",
    "jupyter-output": "output",
}
_NAMING = {"code", "code-block", "sourcecode", "code-cell"}
_NOTEBOOK = {"code-cell", "jupyter-execute"}
_ANNOUNCES = re.compile(r"(?i)\b(print(s|ed)?|(output|result|return|yield|display|show|give|produce)s?)\b")
_LISTING = re.compile(r"\W*((Listing|Example|Program|Code|Snippet)\s+(?=\S*\d)\w+([.\-]\w+)*)\b")


@dataclass(frozen=True)
class Block:
    """Lines set apart, what they are marked as ("" if nothing), and the line of prose before them."""

    language: str
    lines: Sequence[Line]
    intro: str = ""
    echo: Echo = "none"


def marked_by(directive: str, argument: str) -> tuple[str, Echo] | None:
    """What a directive of MyST or reStructuredText marks its block as, and its echo; None if it is not for code."""
    known = _DIRECTIVES.get(directive)
    if known is None:
        return None
    language = (argument.split() or [""])[0] if directive in _NAMING else ""
    return language or known, "last" if directive in _NOTEBOOK else "none"


def read_block(block: Block, reading: Reading) -> None:
    """Add to the reading what a block holds; whatever is not taken leaves a Note. Pending directives are about it."""
    directives, first = reading.release(), len(reading.snippets)
    _read_block(block, reading)
    reading.settle(directives, first)


def _read_block(block: Block, reading: Reading) -> None:
    lines = [line for line in block.lines if not line.blank]
    if not lines:
        return
    first = lines[0]
    language = block.language.lower()
    if language and language not in _PYTHON | _OUTPUT:
        reading.note(first.number, "skipped", f"a block marked {block.language!r} is not Python")
    elif any(is_prompt(line.text) for line in lines):
        read_session(block.lines, reading, enclosed=True)
    elif any(is_cell(line.text) for line in lines):
        read_cells(block.lines, reading)
    elif first.text.startswith("$ "):
        reading.note(first.number, "skipped", "a block of shell commands is not Python")
    elif _is_output(block, reading):
        if reading.awaits_output():
            reading.output(block.lines)
            reading.echo_for_output()
        else:
            told = "an output, but the snippet before it prints nothing or has its output already"
            reading.note(first.number, "skipped", told)
    elif language or mend(lines, []) is not None or any(looks_like_code(line.text) for line in lines):
        listing = _LISTING.match(block.intro)
        reading.code(block.lines, listing[1] if listing else "", block.echo)
    else:
        reading.note(first.number, "skipped", "an unmarked block that is neither Python nor output")


def _is_output(block: Block, reading: Reading) -> bool:
    """Whether a block is output: by its mark, else by what it holds, else by how it is announced."""
    if block.language:
        return block.language.lower() in _OUTPUT
    lines = [line for line in block.lines if not line.blank]
    announced = bool(_ANNOUNCES.search(block.intro))
    tree = parse(join(mend(lines, []) or lines))
    if tree is None:
        return output_end(lines, 0, reading.printed, loose=False) > 0 or (announced and reading.awaits_output())
    if not tree.body:
        return False
    if are_values(lines):
        return True
    if not reading.awaits_output():
        return False
    # A printed text such as "loss = 0.5" parses as a program.
    printed = all(reading.printed.matches(line.text) for line in lines)
    return printed or (announced and not calls_print(tree) and all(map(_could_be_text, tree.body)))


def _could_be_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return is_value(ast.unparse(value))
    return not acts(statement) and not isinstance(statement, ast.Expr)
