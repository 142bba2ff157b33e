"""Choosing among elements by a mask or by position: where, masked_fill, masked_select, nonzero, tril, triu.

To add one: compute the chosen array with torch's strides, publish it, and state the derivative for each input it
takes elements from. ``xp.where``, ``xp.masked_zero`` and ``xp.masked_selected`` are what derivatives choose with.
"""

from __future__ import annotations

import functools

import numpy as np

from .. import _dtypes, _errors
from .._layout import laid_out
from .._tensor import Tensor, scalar_type_name, wrap
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.nodes import extra_of
from ..autograd.rebasing import rebase, written
from ._define import (
    F16,
    SCALARS,
    ZERO,
    _guarded,
    before_inplace,
    common_dtype,
    internal,
    publish,
    quietly,
    record,
    recording,
    scalar_array,
    zeroed,
)
from .advanced_indexing import _refuse_partly_shared, element_of, fits, require_bool, warn_if_expanded
from .shape import _index, to_dtype, view_of

_UNSET = object()
BOOL = np.dtype(bool)


def _spread(name: str, *shapes) -> None:
    """RuntimeError for the first of several shapes that does not broadcast with those before it."""
    known = shapes[0]
    for shape in shapes[1:]:
        try:
            known = np.broadcast_shapes(known, shape)
        except ValueError:
            raise _errors.broadcast(known, shape) from None


# --- where --------------------------------------------------------------------------------------------------------

WhereBackward0 = node_class(
    "WhereBackward0", ("self", "other"), saved=("condition",),
    derivatives={
        "self": lambda xp, grad, condition: xp.where(condition, grad, 0),
        "other": lambda xp, grad, condition: xp.where(condition, 0, grad),
    },
)  # fmt: skip

_BYTE_CONDITION = (
    "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version of "
    "PyTorch. Use a boolean condition instead. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/TensorCompare.cpp:621.)"
)


def _chosen(condition, x, y):
    """``np.where`` on arrays of one dtype, of which one may be a bare 0, with torch's strides."""
    if type(x) is int:
        x = ZERO[y.dtype]
    elif type(y) is int:
        y = ZERO[x.dtype]
    if condition.dtype is not BOOL:
        condition = condition.astype(bool)
    if (
        not y.ndim
        and type(x) is np.ndarray
        and x.shape == condition.shape
        and x.flags.c_contiguous
        and condition.flags.c_contiguous
    ):
        result = x.copy()  # np.where takes a number for an array of its own
        np.copyto(result, y, where=~condition)
        return result
    result = np.where(condition, x, y)
    if result.ndim > 1 and not (condition.flags.c_contiguous and x.flags.c_contiguous and y.flags.c_contiguous):
        result = laid_out(result, condition, x, y)
    return result


def _choose(condition, x, y):
    """``where`` for derivatives: ``x`` or ``y`` may be 0, which then has no edge."""
    inputs = [v if isinstance(v, Tensor) else None for v in (x, y)]
    out = wrap(_chosen(condition._a, *[v._a if isinstance(v, Tensor) else v for v in (x, y)]))
    if recording(*inputs):
        record(out, WhereBackward0, inputs, (condition,))
    return out


internal("where", _chosen, _choose)


def _where(condition, input=_UNSET, other=_UNSET, *, self=_UNSET):
    """``input`` where ``condition`` is true, else ``other``; of ``condition`` alone, where it is not 0, as a tuple.

    ``condition`` is a bool tensor, the others are tensors or numbers; shapes broadcast, dtypes promote. RuntimeError
    for a condition of another dtype and for shapes that do not broadcast. (``torch.where``)
    """
    if input is _UNSET:
        if other is _UNSET and self is _UNSET:
            return _positions_of(condition)
        input = self
    elif self is not _UNSET:
        raise TypeError("self")
    c, x, y = condition._a, input, other
    if type(x) is Tensor and type(y) is Tensor and x._a.dtype is y._a.dtype:
        a, b = x._a, y._a
    elif type(x) is Tensor and fits(y, type(y), x._a.dtype):
        a, b = x._a, np.array(y, x._a.dtype)
    else:
        x, y, a, b = _promoted(x, y)
    if c.dtype is not BOOL:
        c = _as_condition(condition)
    try:
        out = wrap(_chosen(c, a, b))
    except ValueError:
        _spread("where", c.shape, a.shape, b.shape)
        raise
    if state.enabled:
        inputs = (x if type(x) is Tensor else None, y if type(y) is Tensor else None)
        if recording(*inputs):
            record(out, WhereBackward0, inputs, (condition,))
            extra_of(out._node).operands = tuple([None if t is None else (t._a.shape, t._a.dtype) for t in inputs])
    return out


def _as_condition(condition: Tensor):
    if condition._a.dtype.char != "B":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{scalar_type_name(condition)}"
        )
    warn(_BYTE_CONDITION, once=True)
    return condition._a.astype(bool)


def _promoted(x, y):
    """Both operands, and both as arrays of their common dtype; beside a number, torch casts a tensor beforehand."""
    for value in (x, y):
        if not isinstance(value, (Tensor, *SCALARS)):
            raise TypeError("input")
    if isinstance(x, Tensor):
        kind = common_dtype(x, y)
    elif isinstance(y, Tensor):
        kind = common_dtype(y, x)
    else:
        _refuse_unsigned(x, y)
        kind = _dtypes.PROMOTED[_dtypes.of_scalar(x), _dtypes.of_scalar(y)]
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        return x, y, quietly(x._a.astype, kind._numpy), quietly(y._a.astype, kind._numpy)
    x, y = [to_dtype(v, kind) if isinstance(v, Tensor) else v for v in (x, y)]
    return x, y, *[v._a if isinstance(v, Tensor) else _number(v, kind._numpy) for v in (x, y)]


def _refuse_unsigned(x, y) -> None:
    for value, beside in ((x, y), (y, x)):
        if scalar_array(value).dtype.name == "uint64":
            kind = scalar_type_name(_dtypes.of_scalar(beside))
            pair = ("UInt64", kind) if value is x else (kind, "UInt64")
            raise RuntimeError(
                "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {} and {}".format(
                    *pair
                )
            )


def _number(value, dtype):
    """A number as a 0-d array: what float16 cannot hold becomes inf, else RuntimeError."""
    if dtype is F16:
        return quietly(scalar_array(value).astype, F16)
    scalar_array(value)
    return element_of(value, dtype)


def _where_method(input, condition, other):
    """The tensor's elements where ``condition`` is true, else those of ``other``. (``torch.Tensor.where``)"""
    if not isinstance(condition, Tensor):
        raise TypeError("condition")
    return _where(condition, input, other)


where = publish("where", "masks", _where, differentiable=("self", "other"))
publish(
    "where", "masks", _where_method, methods=("where",), function=where, differentiable=("self", "other")
)  # fmt: skip


# --- masked_fill --------------------------------------------------------------------------------------------------

MaskedFillBackward0 = node_class(
    "MaskedFillBackward0", ("self",), saved=("mask",),
    derivatives={"self": lambda xp, grad, mask: xp.masked_zero(grad, mask)},
)  # fmt: skip
MaskedFillBackward1 = node_class(
    "MaskedFillBackward1", ("self", "value"), saved=("mask",),
    derivatives={
        "self": lambda xp, grad, mask: xp.masked_zero(grad, mask),
        "value": lambda xp, grad, mask: xp.sum(xp.masked_selected(grad, mask)),
    },
)  # fmt: skip


def _masked_zero_tensor(grad, mask):
    out = wrap(np.where(mask._a, ZERO[grad._a.dtype], grad._a))
    if grad._rg and state.enabled:
        record(out, MaskedFillBackward0, (grad,), (mask,))
        _note_shape(out, grad)
    return out


internal("masked_zero", lambda grad, mask: zeroed(mask, grad), _masked_zero_tensor)


def _note_shape(out: Tensor, *inputs) -> None:
    """Have gradients brought back to the operands' shapes and dtypes where they differ."""
    unlike = [t._a.shape != out._a.shape or t._a.dtype is not out._a.dtype for t in inputs]
    if any(unlike):
        extra_of(out._node).operands = tuple([(t._a.shape, t._a.dtype) for t in inputs])


def _masked_element(mask: Tensor, value, dtype):
    """The value as a 0-d array, after torch's checks of it and of the mask."""
    require_bool(mask)
    if isinstance(value, Tensor):
        if value._a.dtype is dtype:
            return value._a
        value = value._a.item()
    if not fits(value, type(value), dtype):
        scalar_array(value)
    return element_of(value, dtype)


def _check_filling(mask, value) -> None:
    if not isinstance(mask, Tensor):
        raise TypeError("mask")
    if not isinstance(value, (Tensor, *SCALARS)):
        raise TypeError("value")


def _require_0d(value) -> None:
    if isinstance(value, Tensor) and value._a.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._a.ndim} dimension(s)."
        )


def _attach_filling(out: Tensor, input: Tensor, mask: Tensor, value) -> None:
    if isinstance(value, Tensor):
        record(out, MaskedFillBackward1, (input, value), (mask,))
        _note_shape(out, input, value)
    else:
        record(out, MaskedFillBackward0, (input,), (mask,))
        _note_shape(out, input)


def _masked_fill(input, mask, value):
    """A copy with ``value``, a number or 0-d tensor, where the bool tensor ``mask`` is true; shapes broadcast.

    RuntimeError for masks of other dtypes, values of more dimensions or that the dtype cannot hold.
    (``torch.masked_fill``)
    """
    _check_filling(mask, value)
    a, m = input._a, mask._a
    if m.shape != a.shape:
        _errors.require_broadcast(m.shape, a.shape)
    _require_0d(value)
    element = _masked_element(mask, value, a.dtype)
    if m.shape == a.shape:
        result = a.copy()
        np.copyto(result, element, where=m)
    else:
        result = np.ascontiguousarray(np.where(m, element, a)).reshape(np.broadcast_shapes(m.shape, a.shape))
    out = wrap(result)
    if recording(input, value if isinstance(value, Tensor) else None):
        if a.dtype.kind not in "fc":
            raise RuntimeError(f"Autograd not support dtype: {scalar_type_name(input)}")
        _attach_filling(out, input, mask, value)
    return out


def _masked_fill_(self, mask, value):
    """``value`` written into the tensor itself where ``mask`` is true. (``torch.Tensor.masked_fill_``)"""
    _check_filling(mask, value)
    recorded = recording(self, value if isinstance(value, Tensor) else None)
    original = before_inplace(self, (value,)) if recorded else self
    _require_0d(value)
    a, m = self._a, mask._a
    require_bool(mask)
    warn_if_expanded(a, "masked_fill_", "mask", "scalar", 2450)
    _errors.require_fit(a.shape, m.shape)
    element = _masked_element(mask, value, a.dtype)
    _refuse_partly_shared(a, m)
    np.copyto(a, element, where=m.copy() if m.dtype is a.dtype else m)
    written(self)
    if recorded:
        output = wrap(a)
        _attach_filling(output, original, mask, value)
        rebase(self, output._node)
    return self


masked_fill = publish(
    "masked_fill", "masks", _masked_fill, methods=("masked_fill",), differentiable=("self", "value")
)  # fmt: skip
Tensor.masked_fill_ = _guarded(_masked_fill_, "masked_fill_", "masks", method=True)


# --- masked_select ------------------------------------------------------------------------------------------------

MaskedSelectBackward0 = node_class(
    "MaskedSelectBackward0", ("self",), saved=("self", "mask"),
    derivatives={"self": lambda xp, grad, self, mask: xp.masked_scattered(grad, tuple(self.shape), mask)},
)  # fmt: skip
MaskedScatterBackward0 = node_class(
    "MaskedScatterBackward0", ("self", "source"), saved=("mask",), fixed=("shape",),
    derivatives={"source": lambda xp, grad, mask: xp.masked_scatter_backward(grad, mask)},
)  # fmt: skip
MaskedScatterBackwardBackward0 = node_class(
    "MaskedScatterBackwardBackward0", ("grad_output",), saved=("mask",), fixed=("shape",),
    derivatives={"grad_output": lambda xp, grad, shape, mask: xp.masked_scattered(grad, shape, mask)},
)  # fmt: skip


def _masked_selected(a, mask):
    if mask.shape != a.shape:
        a, mask = np.broadcast_arrays(a, mask)
    return a[mask]


def _masked_select(input, mask):
    """The elements where the bool tensor ``mask`` is true, in one row; shapes broadcast.

    RuntimeError for masks of other dtypes and shapes that do not broadcast. (``torch.masked_select``)
    """
    if not isinstance(mask, Tensor):
        raise TypeError("mask")
    a, m = input._a, mask._a
    if m.dtype is not BOOL:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    if m.shape != a.shape:
        _errors.require_broadcast(m.shape, a.shape)
    out = wrap(_masked_selected(a, m))
    if input._rg and state.enabled:
        record(out, MaskedSelectBackward0, (input,), (input, mask))
    return out


def _masked_scattered(grad, sizes, mask):
    shape = np.broadcast_shapes(sizes, mask.shape)
    out = np.zeros(shape, grad.dtype)
    out[np.broadcast_to(mask, shape)] = grad
    return out


def _scattered(grad, sizes, mask):
    return _summed(_masked_scattered(grad, sizes, mask), sizes)


def _summed(array, sizes):
    from ..autograd.namespaces import ARRAYS

    return array if array.shape == tuple(sizes) else ARRAYS.sum_to(array, sizes)


def _scattered_tensor(grad, sizes, mask):
    from ..autograd.namespaces import TENSORS

    out = wrap(_masked_scattered(grad._a, sizes, mask._a))
    if grad._rg and state.enabled:
        record(out, MaskedScatterBackward0, (None, grad), (mask,), (grad._a.shape,))
    return out if out._a.shape == tuple(sizes) else TENSORS.sum_to(out, sizes)


def _masked_scatter_backward(grad, mask):
    out = wrap(_masked_selected(grad._a, mask._a))
    if grad._rg and state.enabled:
        record(out, MaskedScatterBackwardBackward0, (grad,), (mask,), (grad._a.shape,))
    return out


masked_select = publish(
    "masked_select", "masks", _masked_select, methods=("masked_select",), differentiable=("self",)
)  # fmt: skip
internal("masked_selected", _masked_selected, _masked_select)
internal("masked_scatter_backward", _masked_selected, _masked_scatter_backward)
internal("masked_scattered", _scattered, _scattered_tensor)


# --- nonzero ------------------------------------------------------------------------------------------------------


def _nonzero(input, *, as_tuple=False):
    """Where the elements are not 0: one row of indices for each, or a tuple of one tensor per dimension.

    (``torch.nonzero``)
    """
    if type(as_tuple) is not bool:
        raise TypeError("as_tuple")
    if as_tuple:
        return _positions_of(input)
    return wrap(_rows(input._a))


def _rows(a):
    if not a.ndim:
        return np.empty((int(bool(a)), 0), np.int64)
    return np.array(a.nonzero(), np.int64).T


def _positions_of(input: Tensor) -> tuple:
    """A tensor of positions per dimension, all in one memory; a number counts as a row of one."""
    a = input._a if input._a.ndim else input._a.reshape(1)
    table = wrap(_rows(a))
    return tuple([view_of(table, table._a[:, d]) for d in range(a.ndim)])


nonzero = publish("nonzero", "masks", _nonzero, methods=("nonzero",))


# --- triangles ----------------------------------------------------------------------------------------------------


@functools.lru_cache(64)
def _lower(rows: int, columns: int, diagonal: int):
    """Where a matrix is on or below a diagonal."""
    return np.tri(rows, columns, diagonal, bool)


@functools.lru_cache(64)
def _above(rows: int, columns: int, diagonal: int):
    """Where a matrix is above a diagonal."""
    return ~_lower(rows, columns, diagonal)


def _triangle(name: str, keep_lower: bool):
    def cleared(a, diagonal):
        """Where a matrix becomes 0."""
        rows, columns = a.shape[-2:]
        # beyond the corners nothing changes, and NumPy cannot count that far
        diagonal = max(-rows - 1, min(columns + 1, diagonal))
        return _above(rows, columns, diagonal) if keep_lower else _lower(rows, columns, diagonal - 1)

    def compute(a, diagonal):
        result = a.copy()
        np.copyto(result, ZERO[a.dtype], where=cleared(a, diagonal))
        return result

    cls = node_class(
        f"{name.capitalize()}Backward0", ("self",), fixed=("diagonal",),
        derivatives={"self": lambda xp, grad, diagonal: getattr(xp, name)(grad, diagonal)},
    )  # fmt: skip

    def forward(input, diagonal=0):
        if type(diagonal) is not int:
            diagonal = _index(diagonal)
        a = input._a
        if a.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        out = wrap(compute(a, diagonal))
        if input._rg and state.enabled:
            record(out, cls, (input,), (), (diagonal,))
        return out

    side, beyond = ("lower", "above") if keep_lower else ("upper", "below")
    forward.__doc__ = (
        f"The {side} triangles of the last two dimensions: what is {beyond} the diagonal is 0. ``diagonal`` moves it,\n"
        f"    positive to the right. RuntimeError for fewer than 2 dimensions. (``torch.{name}``)\n    "
    )
    internal(name, compute, forward)

    def write(self, diagonal=0):
        original = before_inplace(self)
        result = forward(original, diagonal)
        # only the zeros are written, which shows where elements share memory
        np.copyto(self._a, ZERO[self._a.dtype], where=cleared(self._a, int(diagonal)))
        written(self)
        if result._rg:
            rebase(self, result._node)
        return self

    write.__doc__ = f"``{name}`` written into the tensor itself, which is returned. (``torch.Tensor.{name}_``)"
    setattr(Tensor, f"{name}_", _guarded(write, f"{name}_", "masks", method=True))
    return publish(name, "masks", forward, methods=(name,), differentiable=("self",))


tril = _triangle("tril", True)
triu = _triangle("triu", False)
