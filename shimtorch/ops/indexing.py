"""Indexing, read and write: integers, slices, None and ``...`` are steps here, each a view with its own node.

Index tensors, masks and lists are collected on the way and left to ``advanced_indexing``. To add a kind of index: a
branch in ``_stepwise`` (recorded or unusual indices) and, if NumPy reads it alike, one in ``_plain``.
"""

from __future__ import annotations

import operator

import numpy as np

from .. import _errors
from .._layout import OVERLAP, is_dense, refuse_overlap
from .._signatures import _type_name
from .._tensor import Tensor, address, wrap
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.engine import CopyBackwards
from ..autograd.mode import state
from ..autograd.nodes import extra_of
from ..autograd.rebasing import rebase, written
from . import shape
from ._define import (
    SCALARS,
    before_inplace,
    fill_array,
    internal,
    publish,
    quietly,
    record,
    recording,
    scalar_array,
)
from .advanced_indexing import MASKS, NO_ROW, ONE_ROW, fits, put_number, put_recorded, read, tensor_of, width
from .shape import _unsqueeze, alias, described, strided, view_of

# --- select and slice ---------------------------------------------------------------------------------------------

_SelectBackward0 = node_class(
    "SelectBackward0", ("self",), fixed=("sizes", "given", "index"),
    derivatives={"self": lambda xp, grad, sizes, given, index: xp.select_backward(grad, sizes, given, index)},
)  # fmt: skip
_SliceBackward0 = node_class(
    "SliceBackward0", ("self",), fixed=("sizes", "given", "where"),
    derivatives={"self": lambda xp, grad, sizes, given, where: xp.slice_backward(grad, sizes, given, where)},
)  # fmt: skip


def _placed(grad, sizes, dim, where):
    out = np.zeros(sizes, grad.dtype)
    out[(slice(None),) * (dim % len(sizes)) + (where,)] = grad
    return out


def _backward_of(name: str, read):
    cls = node_class(
        name, ("grad_output",), {"grad_output": lambda xp, grad, dim, where: read(xp, grad, dim, where)},
        fixed=("dim", "where", "given"),
    )  # fmt: skip

    def on_tensor(grad, sizes, dim, where):
        out = wrap(_placed(grad._a, sizes, dim, where))
        if grad._rg and state.enabled:
            record(out, cls, (grad,), (), (dim % len(sizes), where, dim))
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


def _select(input, dim: int, index: int, given: int | None = None):
    """The slice at ``index``; ``given`` is the dim as the caller named it, where he counted from the end."""
    a = input._a
    array = a[(slice(None),) * dim + (index, ...)]
    return view_of(input, array, _SelectBackward0, (a.shape, dim if given is None else given, index))


def _slice(input, dim: int, where: slice, asked: slice | None = None, given: int | None = None):
    """The elements at ``where``; ``asked`` is the same slice and ``given`` the dim as the caller wrote them."""
    a = input._a
    array = a[(slice(None),) * dim + (where,)]
    if where.step != 1 and where.step is not None and array.shape[dim] < 2:  # where NumPy forgets the step
        strides = (*array.strides[:dim], a.strides[dim] * where.step, *array.strides[dim + 1 :])
        array = strided(array, array.shape, strides)
    return view_of(input, array, _SliceBackward0, (a.shape, dim if given is None else given, asked or where))


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
    kind = type(index)
    if kind is Tensor:
        if index._a.ndim and width(index) <= self._a.ndim:
            return read(self, ((0, index),))
    elif not (self._rg and state.enabled):
        plain = _plain(self._a, index)
        if plain is not None:
            return view_of(self, self._a[plain])
    elif kind is int and self._a.ndim and 0 <= index < self._a.shape[0]:
        return _select(self, 0, index)
    if kind is tuple:
        placed = _only_tensors(index, self._a.ndim)
        if placed:
            return read(self, placed)
    sliced, placed = _stepwise(self, index)
    if placed:
        return read(sliced, placed)
    return alias(self) if sliced is self else sliced


def _only_tensors(index: tuple, ndim: int):
    """What ``_stepwise`` finds in an index of tensors and whole slices; None for any other."""
    placed, dim = [], 0
    for part in index:
        kind = type(part)
        if kind is Tensor and part._a.ndim:
            placed.append((dim, part))
            dim += width(part)
        elif kind is slice and part.start is None and part.stop is None and part.step is None:
            dim += 1
        else:
            return None
    return placed if dim <= ndim else None


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
    """The tensor after the basic parts of an index, and its other parts as pairs of dimension and index tensor."""
    if isinstance(index, slice):
        return _sliced(self, 0, index, whole=True), []
    if isinstance(index, bool):
        return _unsqueeze(self, 0), [(0, ONE_ROW if index else NO_ROW)]
    parts = _parts(index)
    named = sum(map(_dimensions, parts))
    if named > self._a.ndim and not (self._a.ndim == 0 and isinstance(index, (int, np.integer))):
        raise IndexError(f"too many indices for tensor of dimension {self._a.ndim}")
    out, dim, placed = self, 0, []
    for position, part in enumerate(parts):
        part = _part(part)
        if part is None:
            out = _unsqueeze(out, dim)
            dim += 1
        elif part is Ellipsis:
            dim += self._a.ndim - named
        elif isinstance(part, slice):
            out = _sliced(out, dim, part, whole=False)
            dim += 1
        elif isinstance(part, bool):
            out = _unsqueeze(out, dim)
            placed.append((dim, ONE_ROW if part else NO_ROW))
            dim += 1
        elif isinstance(part, int):
            out = _selected(out, dim, part, position)
        else:
            placed.append((dim, part))
            dim += width(part)
    return out, placed


def _parts(index) -> tuple:
    """The parts of an index; a short list with more than numbers in it counts as a tuple, as in NumPy long ago."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, (Tensor, np.ndarray)) or not _is_sequence(index):
        return (index,)
    try:
        count = len(index)
        items = [index[i] for i in range(count)] if count < 32 else []
    except Exception:  # torch drops whatever a caller's class raises
        return (index,)
    for item in items:
        if item is None or item is Ellipsis:
            warn(_SEQUENCE.replace(":349", ":359"))
            return tuple(index)
        if isinstance(item, slice) or _is_sequence(item):
            warn(_SEQUENCE)
            return tuple(index)
    return (index,)


def _is_sequence(value) -> bool:
    return hasattr(type(value), "__getitem__") and not isinstance(value, (dict, np.generic))


def _dimensions(part) -> int:
    """How many dimensions of the tensor a part stands for, as torch counts before it looks at lists."""
    if isinstance(part, Tensor):
        return width(part)
    return 0 if part is None or part is Ellipsis or isinstance(part, bool) else 1


def _part(part):
    """A part of an index as None, ``...``, slice, bool, int or Tensor; errors for what is no index."""
    if part is None or part is Ellipsis or isinstance(part, (int, slice)):
        return part
    if not isinstance(part, Tensor) and _is_sequence(part):
        part = tensor_of(part)
    if isinstance(part, Tensor):
        kind = part._a.dtype
        if part._a.ndim or kind.kind not in "biu":
            return part
        return bool(part._a) if kind.char in MASKS else int(part._a)
    try:
        return operator.index(part)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
            f"{_type_name(part)})"
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
    return _select(out, dim, index)


def _slice_index(value) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError("slice indices must be integers or None or have an __index__ method") from None


_ENDS = {int, type(None)}


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
    if not (type(part.start) in _ENDS and type(part.stop) in _ENDS and type(part.step) in _ENDS):
        part = slice(*[None if end is None else operator.index(end) for end in (part.start, part.stop, step)])
    start, stop, step = slice(part.start, part.stop, step).indices(size)
    # the ends that were asked for count, not where they lead to
    elsewhere = (part.start is not None and part.start != 0) or (part.stop is not None and part.stop < size)
    if (start, stop, step) == (0, size, 1) and not whole and not elsewhere:
        return out
    return _slice(out, dim, slice(start, max(start, stop), step), part)


# --- writing ------------------------------------------------------------------------------------------------------


def _setitem(self, index, value) -> None:
    a, kind = self._a, type(value)
    recorded = state.enabled and (self._rg or (isinstance(value, Tensor) and value._rg))
    plain = None if recorded else _plain(a, index)
    if fits(value, kind, a.dtype):
        if a.flags.c_contiguous and not recorded:
            if plain is not None:
                a[plain] = value
            if plain is not None or (type(index) is Tensor and put_number(a, index._a, value)):
                written(self)
                return
        value = wrap(np.array(value, a.dtype))
    elif not isinstance(value, Tensor):
        value = wrap(_element(value, self))  # torch looks at it before the index
    if index is False:
        return
    if plain is not None:
        _copy(a[plain], value)
        written(self)
        return
    sliced, placed = _stepwise(self, (index,) if isinstance(index, slice) and a.ndim else index)
    target = sliced
    if placed and index is not True:
        ones = _leading_ones(value._a.shape)
        put_recorded(target, placed, value.view(value._a.shape[ones:]) if ones else value, False)
    elif recorded:
        _copy_recorded(target, value)
    else:
        _copy(target._a, value)
        written(target)


def _copy_recorded(self, value: Tensor) -> None:
    """A write over the whole tensor, which torch carries out as ``fill_`` or ``copy_``."""
    if self._a.ndim and not value._a.ndim:
        self.fill_(value)
        return
    if value._a.shape != self._a.shape:
        value = value.view(value._a.shape[_leading_ones(value._a.shape) :])
        if value._a.shape != self._a.shape:
            value = value.expand(self._a.shape)
    _copied(self, value)


def _copy_(self, other, non_blocking=False):
    """The values of ``other``, which broadcast and are cast, written into the tensor itself, which is returned.

    RuntimeError for shapes that do not fit, and for a leaf that requires grad. (``torch.Tensor.copy_``)
    """
    if not isinstance(other, Tensor):
        if not isinstance(other, SCALARS):
            raise TypeError("other")
        other = wrap(scalar_array(other))
    if not isinstance(non_blocking, bool):
        raise TypeError("non_blocking")
    return _copied(self, other, fits=False)


def _copied(self, other, fits=True):
    recorded = self._a.dtype.kind in "fc" and recording(self, other)
    original = before_inplace(self, (other,)) if recorded else self
    source = other
    if recorded and other._node is not None and other._vc is self._vc:  # what it came by before its memory is written
        source = wrap(other._a)
        source._node, source._rg = other._node or None, True
    if self is not other:
        if not fits:
            refuse_overlap(self._a, (other._a,))
            _errors.require_fit(self._a.shape, other._a.shape)
        _copy(self._a, other)
    written(self)
    if recorded:
        output = wrap(self._a)
        record(output, CopyBackwards, (original, source))
        if other._a.dtype is not self._a.dtype or other._a.shape != self._a.shape:
            extra_of(output._node).operands = (None, (other._a.shape, other._a.dtype))
        rebase(self, output._node)
    return self


publish("copy_", "method", _copy_, methods=("copy_",))
internal("copy_", _copied)


def _leading_ones(shape) -> int:
    count = 0
    for size in shape:
        if size != 1:
            break
        count += 1
    return count


def _copy(target, value: Tensor) -> None:
    try:
        refuse_overlap(target, ())
    except RuntimeError:
        shape = value._a.shape[_leading_ones(value._a.shape) :]
        extra = target.ndim - len(shape)
        if extra < 0 or any(n not in (1, size) for n, size in zip(shape, target.shape[extra:], strict=True)):
            raise _expanding(described(value), shape, target.shape) from None
        raise
    _write(target, value)


def _element(value, tensor):
    """One number as an element of the tensor's dtype; the errors are those of values that are none or do not fit."""
    if not isinstance(value, (int, float, complex, np.integer)):
        kind = type(value)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(f"can't assign a {name} to a {tensor.type()}")
    if isinstance(value, (int, np.integer)) and not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    element = np.empty((), tensor._a.dtype)
    if element.dtype == np.float16:  # which torch comes to by way of double
        if isinstance(value, complex):
            if value.imag:
                raise RuntimeError("value cannot be converted to type double without overflow")
            value = value.real
        quietly(np.copyto, element, float(value), "unsafe")
        return element
    quietly(fill_array, element, value)
    if element.dtype.kind == "c" and not np.isfinite(element) and np.isfinite(value):
        raise RuntimeError("value cannot be converted to type c10::complex<float> without overflow")
    return element


def _warn_of_complex() -> None:
    if not shape._warned_of_complex:
        shape._warned_of_complex = True
        warn(shape._COMPLEX_TO_REAL)


def _write(target, value) -> None:
    source = value._a
    while source.ndim and source.shape[0] == 1:
        source = source[0]
    try:
        np.broadcast_to(source, target.shape) if source.shape != target.shape else None
    except ValueError:
        raise _expanding(described(value), source.shape, target.shape) from None
    if not target.size:
        return
    own = target[(0,) * (target.ndim - source.ndim) + (...,)] if target.size == source.size else target
    same = source.shape == own.shape and address(source) == address(own) and source.strides == own.strides
    whole = source.size == target.size and is_dense(source) and is_dense(target)
    if whole and not same and np.may_share_memory(source, target):
        raise RuntimeError(OVERLAP.format("some elements of the input tensor and the written-to tensor refer"))
    if source.dtype.kind == "c" and target.dtype.kind not in "cb" and target.size:
        _warn_of_complex()
    if source.dtype.kind == "c" and target.dtype.kind not in "cb":
        source = source.real
    quietly(lambda: np.copyto(target, source, casting="unsafe"))


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
