"""Basic indexing, read and write: integers, slices, None and ``...``; each step is a view with its own node.

To add a kind of index: a branch in ``_stepwise`` (recorded or unusual indices) and, if NumPy reads it alike, one
in ``_plain``.
"""

from __future__ import annotations

import operator
import warnings

import numpy as np

from .. import _errors
from .._layout import OVERLAP, is_dense, refuse_overlap
from .._tensor import Tensor, address, wrap
from ..autograd.derivatives import node_class
from ..autograd.graph import Node, OutputNode, counter_of, next_sequence
from ..autograd.mode import state
from . import shape
from ._define import fill_array, internal, quietly, record
from .shape import _unsqueeze, alias, described, strided, view_of

# --- select and slice ---------------------------------------------------------------------------------------------

_SelectBackward0 = node_class(
    "SelectBackward0", ("self",), fixed=("sizes", "dim", "index"),
    derivatives={"self": lambda xp, grad, sizes, dim, index: xp.select_backward(grad, sizes, dim, index)},
)  # fmt: skip
_SliceBackward0 = node_class(
    "SliceBackward0", ("self",), fixed=("sizes", "dim", "where"),
    derivatives={"self": lambda xp, grad, sizes, dim, where: xp.slice_backward(grad, sizes, dim, where)},
)  # fmt: skip


def _placed(grad, sizes, dim, where):
    out = np.zeros(sizes, grad.dtype)
    out[(slice(None),) * dim + (where,)] = grad
    return out


def _backward_of(name: str, read):
    cls = node_class(
        name, ("grad_output",), {"grad_output": lambda xp, grad, dim, where: read(xp, grad, dim, where)},
        fixed=("dim", "where"),
    )  # fmt: skip

    def on_tensor(grad, sizes, dim, where):
        out = wrap(_placed(grad._a, sizes, dim, where))
        if grad._rg and state.enabled:
            record(out, cls, (grad,), (), (dim, where))
        return out

    return on_tensor


internal(
    "select_backward",
    _placed,
    _backward_of("SelectBackwardBackward0", lambda xp, grad, dim, i: xp.select(grad, dim, i)),
)
internal(
    "slice_backward", _placed, _backward_of("SliceBackwardBackward0", lambda xp, grad, dim, s: xp.slice(grad, dim, s))
)


def _select(input, dim: int, index: int):
    a = input._a
    array = a[(slice(None),) * dim + (index, ...)]
    return view_of(input, array, _SelectBackward0, (a.shape, dim, index))


def _slice(input, dim: int, where: slice):
    a = input._a
    array = a[(slice(None),) * dim + (where,)]
    if where.step != 1 and array.shape[dim] < 2:  # where NumPy forgets the step
        strides = (*array.strides[:dim], a.strides[dim] * where.step, *array.strides[dim + 1 :])
        array = strided(array, array.shape, strides)
    return view_of(input, array, _SliceBackward0, (a.shape, dim, where))


internal("select", lambda a, dim, index: a[(slice(None),) * dim + (index,)], _select)
internal("slice", lambda a, dim, where: a[(slice(None),) * dim + (where,)], _slice)


# --- reading ------------------------------------------------------------------------------------------------------


_SEQUENCE = (
    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
    "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, x[torch.tensor(seq)], "
    "which will result either in an error or a different result (Triggered internally at "
    "/__w/pytorch/pytorch/torch/csrc/autograd/python_variable_indexing.cpp:349.)"
)


def _getitem(self, index):
    if not (self._rg and state.enabled):
        plain = _plain(self._a, index)
        if plain is not None:
            return view_of(self, self._a[plain])
    return _stepwise(self, index)


def _plain(a, index):
    """The index as NumPy takes it, if it means the same there and yields torch's strides; else None."""
    kind = type(index)
    if kind is int:
        return (index, ...) if a.ndim and -a.shape[0] <= index < a.shape[0] else None
    if kind is slice:
        return index if a.ndim and _forward(index) else None
    if kind is not tuple or len(index) > a.ndim:
        return None
    for i, part in enumerate(index):
        if type(part) is int:
            if not -a.shape[i] <= part < a.shape[i]:
                return None
        elif type(part) is not slice or not _forward(part):
            return None
    return (*index, ...)


def _forward(part: slice) -> bool:
    """Whether a slice has plain int ends and no steps."""
    for end in (part.start, part.stop):
        if end is not None and type(end) is not int:
            return False
    return part.step is None


def _stepwise(self, index):
    if isinstance(index, slice):
        return _sliced(self, 0, index, whole=True)
    if isinstance(index, str):
        warnings.warn(_SEQUENCE, UserWarning, stacklevel=3)
        if self._a.ndim == 0:
            raise IndexError("too many indices for tensor of dimension 0")
    parts = index if isinstance(index, tuple) else (index,)
    named = sum(1 for part in parts if part is not None and part is not Ellipsis and not isinstance(part, bool))
    if named > self._a.ndim and not (self._a.ndim == 0 and isinstance(index, (int, np.integer))):
        raise IndexError(f"too many indices for tensor of dimension {self._a.ndim}")
    parts = tuple(_integer(part) for part in parts)
    out, dim = self, 0
    for position, part in enumerate(parts):
        if part is None:
            out = _unsqueeze(out, dim)
            dim += 1
        elif part is Ellipsis:
            dim += self._a.ndim - named
        elif isinstance(part, slice):
            out = _sliced(out, dim, part, whole=False)
            dim += 1
        else:
            out = _selected(out, dim, part, position)
    return alias(self) if out is self else out


def _integer(part):
    """A part of an index, integer scalars as int; errors for what is no basic index."""
    if part is None or part is Ellipsis or (isinstance(part, (int, slice)) and not isinstance(part, bool)):
        return part
    if isinstance(part, (Tensor, np.ndarray, np.generic)) and part.ndim == 0:
        kind = part._a.dtype.kind if isinstance(part, Tensor) else part.dtype.kind
        if kind in "iu":
            return int(part)
    if isinstance(part, float):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
            "float)"
        )
    if isinstance(part, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(part).__name__}'")
    if isinstance(part, (bool, np.bool_, list, tuple, range, Tensor, np.ndarray)):
        raise NotImplementedError("shimtorch does not offer indexing with tensors, lists or bools")
    try:
        return operator.index(part)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
            f"{type(part).__name__})"
        ) from None


def _selected(out, dim: int, index: int, position: int):
    a = out._a
    if not -(2**63) <= index < 2**63:
        raise ValueError("Overflow when unpacking long long")
    if a.ndim == 0:
        if index != 0:
            raise IndexError(f"index {index} is out of bounds for dimension 0 with size 0")
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )
    size = a.shape[dim] if dim < a.ndim else 0
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension {position} with size {size}")
    return _select(out, dim, index % size)


def _slice_index(value) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError("slice indices must be integers or None or have an __index__ method") from None


def _sliced(out, dim: int, part: slice, whole: bool):
    step = 1 if part.step is None else _slice_index(part.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        raise ValueError("step must be greater than zero")
    part.indices(0)  # its errors come first
    if out._a.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    size = out._a.shape[dim]
    start, stop, step = slice(part.start, part.stop, step).indices(size)
    counted_from_end = part.start is not None and operator.index(part.start) < 0
    if (start, stop, step) == (0, size, 1) and not whole and not counted_from_end:
        return out
    return _slice(out, dim, slice(start, max(start, stop), step))


# --- writing ------------------------------------------------------------------------------------------------------


def _setitem(self, index, value) -> None:
    if state.enabled and (self._rg or (isinstance(value, Tensor) and value._rg)):
        owner = self if self._base is None else self._base
        if owner._rg and owner._node is None:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        raise NotImplementedError("shimtorch does not offer in-place writes to a view that have to be recorded")
    element = None if isinstance(value, Tensor) else _element(value, self)  # torch looks at it before the index
    plain = _plain(self._a, index)
    target = self._a[plain] if plain is not None else _stepwise(self.detach(), index)._a
    refuse_overlap(target, ())
    if element is None:
        _write(target, value)
    else:
        target[...] = element
    counter_of(self).value += 1


def _element(value, tensor):
    """One number as an element of the tensor's dtype; the errors are those of values that are none or do not fit."""
    if not isinstance(value, (int, float, complex, np.integer)):
        kind = type(value)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(f"can't assign a {name} to a {tensor.type()}")
    if isinstance(value, (int, np.integer)) and not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    element = np.empty((), tensor._a.dtype)
    if element.dtype == np.float16 and isinstance(value, float):
        quietly(np.copyto, element, value, "unsafe")
        return element
    quietly(fill_array, element, value)
    if element.dtype.kind == "c" and not np.isfinite(element) and np.isfinite(value):
        raise RuntimeError("value cannot be converted to type c10::complex<float> without overflow")
    return element


def _warn_of_complex() -> None:
    if not shape._warned_of_complex:
        shape._warned_of_complex = True
        warnings.warn(shape._COMPLEX_TO_REAL.replace(":309", ":307"), UserWarning, stacklevel=4)


def _write(target, value) -> None:
    source = value._a
    same = source.shape == target.shape and address(source) == address(target) and source.strides == target.strides
    whole = source.size == target.size and is_dense(source) and is_dense(target)
    if whole and not same and np.may_share_memory(source, target):
        raise RuntimeError(OVERLAP.format("some elements of the input tensor and the written-to tensor refer"))
    if source.dtype.kind == "c" and target.dtype.kind not in "cb" and target.size:
        _warn_of_complex()
    while source.ndim and source.shape[0] == 1:
        source = source[0]
    if source.dtype.kind == "c" and target.dtype.kind not in "cb":
        source = source.real
    try:
        quietly(lambda: np.copyto(target, source, casting="unsafe"))
    except ValueError:
        raise _expanding(described(value), source.shape, target.shape) from None


def _expanding(source: str, have, want) -> RuntimeError:
    if len(have) > len(want):
        return RuntimeError(
            f"expand({source}{{{list(have)}}}, size={list(want)}): the number of sizes provided ({len(want)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    extra = len(want) - len(have)
    for i in reversed(range(len(have))):
        if have[i] != want[i + extra] and have[i] != 1:
            return RuntimeError(
                f"The expanded size of the tensor ({want[i + extra]}) must match the existing size ({have[i]}) at "
                f"non-singleton dimension {i + extra}.  Target sizes: {list(want)}.  Tensor sizes: {list(have)}"
            )
    return _errors.broadcast(want, have)


Tensor.__getitem__ = _getitem
Tensor.__setitem__ = _setitem


def _delitem(self, index) -> None:
    raise TypeError("Tensor does not support deleting items")


Tensor.__delitem__ = _delitem


# --- iteration ----------------------------------------------------------------------------------------------------


class _Rows:
    """Gradients that have arrived at some outputs of an unbind: they add up until the node runs."""

    __slots__ = ("by_index",)

    def __init__(self, by_index) -> None:
        self.by_index = by_index

    def __add__(self, other):
        merged = dict(self.by_index)
        for index, gradient in other.by_index.items():
            merged[index] = merged[index] + gradient if index in merged else gradient
        return _Rows(merged)


class _Row(OutputNode):
    __slots__ = ()

    def arrays(self, grad):
        return (_Rows({self.fixed: grad}),)

    tensors = arrays


class UnbindBackward0(Node):
    """The node of the rows of a tensor."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("sizes",)

    def arrays(self, grad):
        (sizes,) = self.fixed
        first = next(iter(grad.by_index.values()))
        out = np.zeros(sizes, first.dtype)
        for index, gradient in grad.by_index.items():
            out[index] = gradient
        return (out,)

    def tensors(self, grad):
        (sizes,) = self.fixed
        first = next(iter(grad.by_index.values()))
        blank = wrap(np.zeros(sizes[1:], first._a.dtype))
        return (stack_rows([grad.by_index.get(i, blank) for i in range(sizes[0])]),)


_STACK: dict[int, type] = {}


def _row_of(index: int):
    return lambda xp, grad: xp.select(grad, 0, index)


def stack_rows(rows):
    """Tensors of one shape as the rows of a new one."""
    out = wrap(np.stack([row._a for row in rows]))
    if state.enabled and any(row._rg for row in rows):
        count = len(rows)
        if count not in _STACK:
            names = tuple(f"row{i}" for i in range(count))
            _STACK[count] = node_class("StackBackward0", names, {n: _row_of(i) for i, n in enumerate(names)})
        record(out, _STACK[count], rows)
    return out


def _rows(self):
    """The rows of the tensor, which torch gets by unbinding it."""
    a = self._a
    if a.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    rows = [view_of(self, a[i, ...]) for i in range(a.shape[0])]
    if rows and self._rg and state.enabled:
        record(rows[0], UnbindBackward0, (self,), (), (a.shape,))
        node = rows[0]._node
        for i, row in enumerate(rows):
            output = object.__new__(_Row)
            output.edges, output.saved, output.fixed, output.extra = (node,), (), i, None
            output.sequence = next_sequence()
            row._node, row._rg = output, True
    return iter(rows)


Tensor.__iter__ = _rows
