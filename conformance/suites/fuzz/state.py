"""What the writer of a program believes of it so far, and the bytes by which it chooses how to go on.

The belief is light: after a statement that raises it may be wrong, and then the next statements raise on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, product
from string import ascii_lowercase
from types import ModuleType
from typing import TypeVar

Shape = tuple[int, ...]
Item = TypeVar("Item")

_WORD = re.compile(r"\b[a-z]{1,2}\b")
_RANK = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128")
DTYPES = (
    "float32",
    "float64",
    "complex64",
    "complex128",
    "int64",
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "float16",
)


# What programs are held together by.
NO_OPERATORS = frozenset(
    """autograd.grad autograd.Function autograd.graph.saved_tensors_hooks Tensor.backward Tensor.retain_grad
    Tensor.register_hook Tensor.register_post_accumulate_grad_hook Tensor.detach Tensor.data
    Tensor.__getitem__""".split()
)


@dataclass(frozen=True)
class Value:
    """An expression for a tensor, and what the tensor is believed to be."""

    text: str
    shape: Shape
    dtype: str = "float32"
    requires: bool = False
    leaf: bool = True
    has_grad: bool = False
    memory: str = ""  # a name for its storage, "" for one of its own
    sure: bool = True  # whether the statement that bound it is likely not to have raised

    @property
    def differentiable(self) -> bool:
        return self.dtype.startswith(("float", "complex"))

    @property
    def whole(self) -> bool:
        """Whether it is a name and not a larger expression."""
        return self.text.isidentifier()


class Choices:
    """Bytes, read as choices one after another. The first option is the simplest: past the end it is always taken."""

    def __init__(self, source: bytes) -> None:
        self._bytes = iter(source)

    def below(self, stop: int) -> int:
        return next(self._bytes, 0) % stop

    def below_many(self, stop: int) -> int:
        """As ``below``, where there are more than 256."""
        return (self.below(256) << 8 | self.below(256)) % stop

    def pick(self, options: Sequence[Item]) -> Item:
        return options[self.below(len(options))]

    def once_in(self, number: int) -> bool:
        """True for one byte in ``number``, never for the byte 0."""
        return self.below(number) == number - 1

    def subset(self, options: Sequence[Item]) -> list[Item]:
        """Some of them, in their order, often none."""
        mask = next(self._bytes, 0) & next(self._bytes, 0)
        return [option for place, option in enumerate(options) if mask >> (place % 8) & 1]


@dataclass
class State:
    """The names that are bound, and the grad mode."""

    offers: Callable[[str], bool]
    tensors: dict[str, Value] = field(default_factory=dict)
    tuples: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    handles: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    functions: dict[str, int] = field(default_factory=dict)  # of autograd.Function classes: how many tensors they take
    origins: dict[str, set[str]] = field(default_factory=dict)  # of each name: the names it was computed from
    narrow: bool = False  # whether only some operators are wanted, and these often
    recording: bool = True
    inferring: bool = False
    frozen: set[str] = field(default_factory=set)  # the storages named in inference mode
    lent: set[str] = field(default_factory=set)  # those of which there are views
    half: bool = False  # whether there is a view that was made without recording and asks for gradients all the same
    _storages: int = 0
    _names: Callable[[], str] = field(default_factory=lambda: _fresh_names().__next__)

    def fresh(self) -> str:
        return self._names()

    def bind(self, name: str, value: Value) -> None:
        used = self.behind(value.text)
        sure = value.sure and all(self.tensors[it].sure for it in used if it in self.tensors and it != name)
        self.origins[name] = used
        self.tuples.pop(name, None)
        self._storages += not value.memory
        memory = value.memory or f"storage {self._storages}"
        if self.inferring:
            self.frozen.add(memory)
        self.tensors[name] = replace(
            value, text=name, requires=value.requires and value.differentiable, memory=memory, sure=sure
        )

    def behind(self, text: str) -> set[str]:
        """The names in an expression, and all that they were computed from."""
        named = {word for word in _WORD.findall(text) if word in self.tensors or word in self.tuples}
        return named.union(*(self.origins.get(name, ()) for name in named))

    def values(self, fits: Callable[[Value], bool] = lambda value: True) -> list[Value]:
        """The tensors that have a name or stand in a tuple that has one."""
        inner = [value for values in self.tuples.values() for value in values]
        return [value for value in (*self.tensors.values(), *inner) if fits(value)]

    def change(self, value: Value, **changes: object) -> None:
        """Note that a named tensor, or the one that an expression is a view of, has changed."""
        name = value.text.split(".")[0].split("[")[0]
        if name in self.tensors:
            self.tensors[name] = replace(self.tensors[name], **changes)  # type: ignore[arg-type]


def _fresh_names() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            name = "".join(letters)
            if name not in ("as", "if", "in", "is", "or"):
                yield name


def promoted(*dtypes: str) -> str:
    """The dtype of a result of several tensors."""
    if {"uint8", "int8"} <= {*dtypes}:
        dtypes = (*dtypes, "int16")
    highest = max(dtypes, key=_RANK.index)
    return "complex128" if highest == "complex64" and "float64" in dtypes else highest


def fits_into(shape: Shape, target: Shape) -> bool:
    """Whether a tensor of this shape can be written into one of that."""
    return len(shape) <= len(target) and all(
        size in (1, wanted) for size, wanted in zip(reversed(shape), reversed(target), strict=False)
    )


def broadcast(shape: Shape, other: Shape) -> Shape | None:
    """The shape of both together, or None if they do not fit."""
    longer, shorter = (shape, other) if len(shape) >= len(other) else (other, shape)
    result = list(longer)
    for place in range(1, len(shorter) + 1):
        if longer[-place] == 1:
            result[-place] = shorter[-place]
        elif shorter[-place] not in (1, longer[-place]):
            return None
    return tuple(result)


def everything(name: str) -> bool:
    """What PyTorch offers: all that programs are made of."""
    return True


def offered_by(subject: ModuleType) -> Callable[[str], bool]:
    """Whether a module has a name such as ``Tensor.add_`` or ``autograd.grad``, asked once each."""
    known: dict[str, bool] = {}

    def offers(name: str) -> bool:
        if name not in known:
            known[name] = _has(subject, name)
        return known[name]

    return offers


def narrowed(offers: Callable[[str], bool], only: Collection[str]) -> Callable[[str], bool]:
    """Of the operators only these, in place or not; what is no operator (``autograd.grad``) as before."""
    return lambda name: offers(name) and (name in NO_OPERATORS or name.rpartition(".")[2].strip("_") in only)


def _has(thing: object, path: str) -> bool:
    for name in path.split("."):
        if not hasattr(thing, name):
            return False
        thing = getattr(thing, name)
    return True
