"""What programs have touched of what a look-alike offers, measured while they run.

An operator counts by the form in which it is called ("torch.add", "Tensor.add_", "Tensor.__add__"), and only where the
statement did not raise; what raised counts as misuse, and by the place in the look-alike's source that raised it.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "lshift",
    ast.RShift: "rshift", ast.Invert: "invert", ast.USub: "neg", ast.UAdd: "pos", ast.Eq: "eq", ast.NotEq: "ne",
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.In: "contains", ast.NotIn: "contains",
}  # fmt: skip
_BUILTINS = {name: f"__{name}__" for name in ("abs", "bool", "float", "int", "complex", "len", "iter", "repr")}
_NAMESPACES = ("torch", "nn.functional", "autograd", "random", "Tensor")


class Parts(NamedTuple):
    """What a statement is made of: forms called, names read, names bound."""

    operators: tuple[str, ...]
    read: tuple[str, ...]
    bound: tuple[str, ...]


@dataclass
class Coverage:
    """What was reached, and how often. Sums with ``+=``; ``pack`` makes it JSON."""

    operators: Counter[str] = field(default_factory=Counter)
    misused: Counter[str] = field(default_factory=Counter)
    dtypes: Counter[str] = field(default_factory=Counter)  # "Tensor.add float32"
    pairs: Counter[str] = field(default_factory=Counter)  # "Tensor.t Tensor.mul_": of the result of one, the other
    sites: Counter[str] = field(default_factory=Counter)  # "ops/shape.py:31", where an exception was raised
    nodes: Counter[str] = field(default_factory=Counter)  # names of grad_fn in the graphs

    def __iadd__(self, other: Coverage) -> Coverage:
        for name, counts in vars(other).items():
            getattr(self, name).update(counts)
        return self

    def pack(self) -> dict[str, dict[str, int]]:
        return {name: dict(counts) for name, counts in vars(self).items()}

    @classmethod
    def unpack(cls, packed: Mapping[str, Mapping[str, int]]) -> Coverage:
        return cls(**{name: Counter(counts) for name, counts in packed.items()})


class Meter:
    """Watches the programs of one process."""

    def __init__(self, subject: ModuleType) -> None:
        self.coverage = Coverage()
        self._folder = str(Path(subject.__file__ or "").parent)
        self._origins: dict[str, tuple[str, ...]] = {}

    def begin(self) -> None:
        """Another program starts."""
        self._origins = {}

    def statement(self, text: str, namespace: Mapping[str, Any], error: BaseException | None) -> None:
        """A statement was run by the look-alike, and PyTorch did the same."""
        parts = parts_of(text)
        if error is not None:
            self.coverage.misused.update(parts.operators)
            if site := self._site(error.__traceback__):
                self.coverage.sites[site] += 1
            return
        self.coverage.operators.update(parts.operators)
        for name in parts.read:
            dtype = getattr(namespace.get(name), "dtype", None)
            if dtype is not None:
                kind = str(dtype).removeprefix("torch.")
                self.coverage.dtypes.update(f"{operator} {kind}" for operator in parts.operators)
            for origin in self._origins.get(name, ()):
                self.coverage.pairs.update(f"{origin} {operator}" for operator in parts.operators)
        for name in parts.bound:
            self._origins[name] = parts.operators[:2]

    def seen(self, graph: Iterable[tuple[Any, ...]]) -> None:
        self.coverage.nodes.update(str(row[1]) for row in graph)

    def _site(self, trace: TracebackType | None) -> str | None:
        """The place in the look-alike's own source that an exception comes from."""
        place = None
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.startswith(self._folder):
                place = f"{file[len(self._folder) + 1 :]}:{trace.tb_lineno}"
            trace = trace.tb_next
        return place


@cache
def parts_of(text: str) -> Parts:
    operators: list[str] = []
    read: dict[str, None] = {}
    bound: dict[str, None] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            (bound if isinstance(node.ctx, ast.Store) else read)[node.id] = None
        else:
            operators += _forms(node)
    return Parts(tuple(operators), tuple(read), tuple(bound))


def _forms(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute() if (path := _path(node)) and path.startswith("torch."):
            yield path if path.count(".") == 1 else path.removeprefix("torch.")
        case ast.Attribute(attr=name):
            yield f"Tensor.{name}"
        case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) in _OPERATORS:
            yield f"Tensor.__{_OPERATORS[type(op)]}__"
        case ast.AugAssign(op=op):
            yield f"Tensor.__i{_OPERATORS[type(op)]}__"
        case ast.Compare(ops=ops):
            yield from (f"Tensor.__{_OPERATORS[type(op)]}__" for op in ops if type(op) in _OPERATORS)
        case ast.Subscript(ctx=ctx):
            yield f"Tensor.__{'set' if isinstance(ctx, ast.Store) else 'get'}item__"
        case ast.Call(func=ast.Name(id=name)) if name in _BUILTINS:
            yield f"Tensor.{_BUILTINS[name]}"


def _path(node: ast.AST) -> str | None:
    """The dotted name that a node is, if it is one."""
    if isinstance(node, ast.Name):
        return node.id
    inner = _path(node.value) if isinstance(node, ast.Attribute) else None
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else None


# --- what there is to reach -------------------------------------------------------------------------------------------


def offered(subject: ModuleType, reference: ModuleType) -> list[str]:
    """The forms in which operators can be called on both sides."""
    return sorted(form for namespace in _NAMESPACES for form in _of_namespace(namespace, subject, reference))


def _of_namespace(namespace: str, subject: ModuleType, reference: ModuleType) -> Iterator[str]:
    ours, theirs = (_inside(side, namespace) for side in (subject, reference))
    if ours is None or theirs is None:
        return
    for name in dir(ours):
        operator = name.strip("_") in {*_OPERATORS.values(), "getitem", "setitem"} or name in _BUILTINS.values()
        if (name.startswith("_") and not operator) or not hasattr(theirs, name):
            continue
        found = inspect.getattr_static(ours, name, None) or getattr(ours, name, None)  # it may be made when asked for
        called = callable(found) or isinstance(found, (property, staticmethod, classmethod)) or namespace == "Tensor"
        imported = getattr(builtins, name, None) is found or inspect.ismodule(found)
        if called and not imported and not isinstance(found, type) and found is not None:
            yield f"{namespace}.{name}"


def _inside(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = module if name == "torch" else getattr(module, name, None)
    return module


def error_sites(subject: ModuleType) -> dict[str, tuple[str, range]]:
    """Each ``raise`` in the source: by "file:line" its text and the lines it takes."""
    folder = Path(subject.__file__ or "").parent
    found: dict[str, tuple[str, range]] = {}
    if subject.__name__ == "torch":
        return found
    for file in sorted(folder.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Raise) and node.exc is not None:
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                found[f"{file.relative_to(folder)}:{node.lineno}"] = ast.unparse(node), lines
    return found


def rows(subject: ModuleType) -> dict[str, list[str]]:
    """The rows of shimtorch's table of operators, each with the forms that lead to it; none for other look-alikes."""
    table = getattr(_inside(subject, "ops._define"), "OPERATORS", {})
    return {
        name: [f"torch.{name}", f"nn.functional.{name}", *(f"Tensor.{it}" for it in (*row.methods, *row.dunders))]
        for name, row in table.items()
    }
