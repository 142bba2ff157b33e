"""Python inside a text: lines that keep their number, whole statements, and what acts like code."""

from __future__ import annotations

import ast
import builtins
import codeop
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# What every document may use without an import of its own.
KNOWN = frozenset(dir(builtins)) | {"torch", "F", "nn", "np"}

_CLAUSE = re.compile(r"(else|elif|except|finally)\b")


class Line(NamedTuple):
    number: int
    text: str

    @property
    def blank(self) -> bool:
        return not self.text.strip()


def lines_of(text: str) -> list[Line]:
    """The lines as an editor counts them: unlike ``splitlines``, a form feed does not end one."""
    return [Line(number, line) for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1)]


def join(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)


def trimmed(lines: Sequence[Line]) -> list[Line]:
    """The lines without the blank ones at both ends."""
    full = [index for index, line in enumerate(lines) if not line.blank]
    return list(lines[full[0] : full[-1] + 1]) if full else []


def parse(code: str) -> ast.Module | None:
    """The syntax tree, or None for what is not Python. Prose provokes warnings: they are muted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def fault(code: str) -> tuple[int, str] | None:
    """Why the code cannot run at all: the index of the line at fault and the reason; None if it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "<snippet>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return max((error.lineno or 1) - 1, 0), error.msg
        except (ValueError, RecursionError, MemoryError) as error:
            return 0, str(error) or type(error).__name__
    return None


def _complete(lines: Sequence[Line]) -> bool | None:
    """Whether the lines are whole statements; None if nothing that follows can make them Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return codeop.compile_command(join(lines), symbol="exec") is not None
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            return None


def statement_end(lines: Sequence[Line], start: int) -> int | None:
    """The index after the statement that starts at a line, blocks and clauses included; None if it is not Python."""
    end = _first_complete(lines, start, start + 1)
    if end is None:
        return None
    while True:
        following = next((i for i in range(end, len(lines)) if not lines[i].blank), len(lines))
        if following == len(lines):
            return end
        text = lines[following].text
        if _indent(text) <= _indent(lines[start].text) and not _CLAUSE.match(text.lstrip()):
            return end
        grown = _first_complete(lines, start, following + 1)
        if grown is None:
            return end
        end = grown


def _first_complete(lines: Sequence[Line], start: int, end: int) -> int | None:
    for stop in range(end, len(lines) + 1):
        complete = _complete(lines[start:stop])
        if complete is None:
            return None
        if complete:
            return stop
    return None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def bound_names(tree: ast.AST) -> set[str]:
    """The names that code binds: by assignment, import, definition or ``as``."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.partition(".")[0])
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
    return names


def imported_modules(tree: ast.AST) -> set[str]:
    """The full names of modules that import statements may load: of ``from a import b`` both ``a`` and ``a.b``."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def free_names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def acts(statement: ast.stmt, names: Iterable[str] = KNOWN) -> bool:
    """Whether a statement does something, as code does and neither a printed value nor a word of prose."""
    match statement:
        case ast.Expr(value=ast.Call(func=function)):
            while isinstance(function, ast.Call):
                function = function.func
            return isinstance(function, ast.Attribute) or (isinstance(function, ast.Name) and function.id in names)
        case ast.Expr() | ast.AnnAssign(value=None) | ast.Assert(test=ast.Name()) | ast.Raise(exc=ast.Name()):
            return False
        case ast.Return() | ast.Pass() | ast.Break() | ast.Continue() | ast.Global() | ast.Nonlocal():
            return False
    return True


def may_print(tree: ast.AST) -> bool:
    """Whether code can have output: something in it is evaluated for its effect or its value."""
    return any(
        isinstance(node, ast.Expr) and not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
        for node in ast.walk(tree)
    )


def surely_prints(tree: ast.Module) -> bool:
    """Whether running code, in a notebook, cannot but have output: it prints, or ends in a value that is no call."""
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call):
        return True
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(calls_print(statement) for statement in tree.body if not isinstance(statement, definitions))


def calls_print(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) and _name(node.func) == "print" for node in ast.walk(tree))


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def looks_like_code(text: str) -> bool:
    """Whether a whole line of prose could be a line of a program."""
    text = text.strip()
    if text.startswith(">>>"):
        return True
    tree = parse(text)
    if tree is not None:
        return any(acts(statement) for statement in tree.body)
    return bool(re.match(r"(def|class|for|while|with|if|async) .*:$", text)) and parse(text + " pass") is not None
