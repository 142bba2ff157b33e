"""What a statement uses of PyTorch that the subject does not offer: told by its names, or by how it fails."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from types import ModuleType

from conformance.runners.imports import GIVEN
from conformance.runners.protocol import Failure, Result
from conformance.suites.docstrings.finding import UnknownName, lookup

_ATTRIBUTE = re.compile(r"(?:module '([\w.]+)'|'(\w+)' object|type object '(\w+)') has no attribute '(\w+)'")
_FROM = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_MODULE = re.compile(r"No module named '([\w.]+)'")
_UNOFFERED = re.compile(r"does not offer (.*)", re.DOTALL)
# Classes whose instances documents meet, where they are public; others are looked for in ``torch``.
_HOMES = {"function": "torch.autograd.Function", "Module": "torch.nn.Module"}


class Scope:
    """Which names of a program stand for what of PyTorch's, statement by statement."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._names = {name: path for name, path in GIVEN.items() if path.partition(".")[0] == "torch"}

    def missing(self, code: str) -> str | None:
        """The first of PyTorch's names in the next statement that the subject lacks."""
        tree = _tree(code)
        found = next((lacked for path in self._paths(tree) if (lacked := missing(path, self._subject))), None)
        self._bind(tree)
        return found

    def _paths(self, tree: ast.AST) -> Iterator[str]:
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=aliases):
                    yield from (alias.name for alias in aliases)
                case ast.ImportFrom(module=str(module), names=aliases, level=0):
                    yield from (f"{module}.{alias.name}".removesuffix(".*") for alias in aliases)
                case ast.Attribute() | ast.Name():
                    if path := self._path(node):
                        yield path

    def _path(self, node: ast.expr) -> str | None:
        match node:
            case ast.Name(id=name):
                return self._names.get(name)
            case ast.Attribute(value=value, attr=attribute):
                path = self._path(value)
                return path and f"{path}.{attribute}"
        return None

    def _bind(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=aliases):
                    for alias in aliases:
                        first = alias.name.partition(".")[0]
                        self._names |= {alias.asname: alias.name} if alias.asname else {first: first}
                case ast.ImportFrom(module=str(module), names=aliases, level=0):
                    self._names |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases}
                case ast.Name(id=name, ctx=ast.Store()):
                    self._names.pop(name, None)


def loaded(code: str) -> set[str]:
    """The names that a statement may read."""
    return {node.id for node in ast.walk(_tree(code)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def bound(code: str) -> set[str]:
    """The names that a statement binds: those of the program, and of what is local to it."""
    names = set()
    for node in ast.walk(_tree(code)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
    return names


@cache
def missing(path: str, subject: str) -> str | None:
    """The first name on this path that PyTorch has, is no module, and the subject lacks; None if there is none."""
    parts = path.split(".")
    lacking = None
    for name in accumulate(parts, "{}.{}".format) if parts[0] == "torch" else ():
        if not is_offered(name, "torch"):
            break
        if not is_offered(name, subject):
            lacking = name
            if not isinstance(lookup(name), ModuleType):
                break
    return lacking


def refused(subject: Result, reference: Result, module: str) -> str | None:
    """What the subject says that it does not offer in ending a statement which ended otherwise in PyTorch."""
    error = subject.error
    if error is None or _same(error, reference.error):
        return None
    if error.type == "NotImplementedError":
        said = _UNOFFERED.search(error.text)
        return said[1] if said else error.text
    if error.type == "AttributeError" and (found := _ATTRIBUTE.search(error.text)):
        home, kind, itself, attribute = found.groups()
        owner = "torch" + home.removeprefix(module) if home and home.startswith(module) else home
        return missing(f"{owner or _home(kind or itself)}.{attribute}", module)
    if error.type == "ImportError" and (found := _FROM.search(error.text)):
        return missing(f"{found[2]}.{found[1]}", module)
    if error.type == "ModuleNotFoundError" and (found := _MODULE.search(error.text)):
        return missing(found[1], module)
    return None


def _home(kind: str) -> str:
    return _HOMES.get(kind, f"torch.{kind}" if not hasattr(builtins, kind) else kind)


def _same(ours: Failure, theirs: Failure | None) -> bool:
    return theirs is not None and (ours.type, ours.text) == (theirs.type, theirs.text)


@cache
def is_offered(name: str, root: str) -> bool:
    try:
        lookup(name, root)
    except (UnknownName, ImportError):
        return False
    return True


def _tree(code: str) -> ast.AST:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError):
        return ast.Module([], [])
