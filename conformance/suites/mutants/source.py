"""A module's text beside its syntax tree, so that a few characters can be replaced and all others stay."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Scope = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Change:
    """The bytes from start to end become this text."""

    start: int
    end: int
    text: str


class Source:
    """``file`` is relative to the package, as in "ops/pointwise.py"."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._data = text.encode()
        self._lines = [0]
        for line in self._data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self._data)

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def all(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """The nodes of these kinds, in the order in which they stand."""
        found = [node for node in self._parents if isinstance(node, kinds)]
        return iter(sorted(found, key=self.start))

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Parent, grandparent and so on."""
        while (parent := self._parents.get(node)) is not None:
            yield (node := parent)

    def start(self, node: ast.AST) -> int:
        return self._place(getattr(node, "lineno", 1), getattr(node, "col_offset", 0))

    def end(self, node: ast.AST) -> int:
        return self._place(getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0))

    def text(self, node: ast.AST) -> str:
        return self.between(self.start(node), self.end(node))

    def between(self, start: int, end: int) -> str:
        return self._data[start:end].decode()

    def replaced(self, node: ast.AST, text: str) -> Change:
        return Change(self.start(node), self.end(node), text)

    def operator(self, left: ast.AST, sign: str, right: ast.AST) -> tuple[int, int]:
        """Where the sign between two operands stands."""
        start = self._data.index(sign.encode(), self.end(left), self.start(right))
        return start, start + len(sign)

    def planted(self, change: Change) -> str:
        return (self._data[: change.start] + change.text.encode() + self._data[change.end :]).decode()

    def line(self, change: Change) -> int:
        return self._data.count(b"\n", 0, change.start) + 1

    def lines(self, change: Change) -> tuple[str, str]:
        """The lines that a change touches as they are and as they become, on one line each."""
        start = self._data.rfind(b"\n", 0, change.start) + 1
        end = self._data.find(b"\n", change.end)
        end = len(self._data) if end < 0 else end
        become = self.between(start, change.start) + change.text + self.between(change.end, end)
        return " ".join(self.between(start, end).split()), " ".join(become.split())

    def within(self, change: Change) -> str:
        """The function, class or assigned name that a change is in, as in "_Side.run"; "" for none."""
        names = []
        body: list[ast.stmt] = self.tree.body
        while around := next((it for it in body if self.start(it) <= change.start < self.end(it)), None):
            if isinstance(around, Scope):
                names.append(around.name)
            elif isinstance(around, ast.Assign) and isinstance(around.targets[0], ast.Name) and not names:
                names.append(around.targets[0].id)
            body = getattr(around, "body", []) if isinstance(around, Scope) else []
        return ".".join(names)

    def _place(self, line: int, column: int) -> int:
        return self._lines[line - 1] + column
