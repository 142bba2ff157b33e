"""Runs one snippet in the document's namespace, and says how it failed and what it warned of."""

from __future__ import annotations
import __future__

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, TracebackType
from typing import Any, cast

from conformance.runners.protocol import Failure


class WarningLog:
    """Takes the place of printing warnings to stderr. The filters stay Python's own, so a warning is shown as
    often as a user would see it."""

    def __init__(self) -> None:
        self._seen: list[tuple[str, str]] | None = None
        warnings.showwarning = self._show  # type: ignore[assignment]

    @contextmanager
    def listen(self) -> Iterator[list[tuple[str, str]]]:
        seen: list[tuple[str, str]] = []
        self._seen = seen
        try:
            yield seen
        finally:
            self._seen = None

    def _show(self, message: Warning, category: type[Warning], *_place: Any, **_rest: Any) -> None:
        if self._seen is not None:
            self._seen.append((category.__name__, text_of(message)))


def run_snippet(snippet: dict[str, Any], filename: str, namespace: dict[str, Any]) -> BaseException | None:
    """Run it; return what it raised. ``sys.exit`` and the like end the snippet, not the document."""
    try:
        for code in _compile(snippet, filename, _future_flags(namespace)):
            exec(code, namespace)
    except BaseException as error:
        return error
    return None


def describe_failure(error: BaseException, filename: str) -> Failure:
    if isinstance(error, SyntaxError) and error.filename == filename:
        line = error.lineno
    else:
        line = _last_line(error.__traceback__, filename)
    return Failure(type(error).__name__, text_of(error), line)


def text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as failure:  # a document's own exception class may refuse
        return f"<its text could not be made: {type(failure).__name__}>"


def _last_line(trace: TracebackType | None, filename: str) -> int | None:
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _future_flags(namespace: dict[str, Any]) -> int:
    """The compiler's flags for what earlier snippets imported from ``__future__``: it holds for the whole document."""
    features: Any = vars(__future__)
    imported = [features[name] for name in __future__.all_feature_names if namespace.get(name) is features[name]]
    return sum(feature.compiler_flag for feature in imported)


def _compile(snippet: dict[str, Any], filename: str, flags: int) -> list[CodeType]:
    lines = snippet["lines"]
    try:
        tree = ast.parse(snippet["code"], filename)
    except SyntaxError as error:
        if error.lineno is not None:
            error.lineno = error.end_lineno = lines[min(error.lineno, len(lines)) - 1]
        raise
    for node in cast("Iterator[ast.stmt]", ast.walk(tree)):
        if hasattr(node, "lineno"):
            # Where statements shared a line, columns could run backwards, which compile refuses: drop them.
            node.lineno, node.end_lineno = lines[node.lineno - 1], lines[(node.end_lineno or node.lineno) - 1]
            node.col_offset = node.end_col_offset = 0
    body, echoed = _split(tree.body, snippet)
    parts: list[tuple[ast.Module | ast.Interactive, str]] = [
        (ast.Module(body, type_ignores=[]), "exec"),
        (ast.Interactive(echoed), "single"),
    ]
    return [compile(part, filename, mode, flags, dont_inherit=True) for part, mode in parts if part.body]


def _split(body: list[ast.stmt], snippet: dict[str, Any]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The statements that run silently, and after them those whose values Python's prompt would show."""
    if snippet["echo"] == "all":
        return [], body
    silenced = snippet["code"].rstrip().endswith(";")
    if snippet["echo"] == "last" and body and isinstance(body[-1], ast.Expr) and not silenced:
        return body[:-1], body[-1:]
    return body, []
