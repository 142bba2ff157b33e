"""Elements in another order along dimensions: ``flip``, ``roll``, ``rot90``. All of them copy."""

from __future__ import annotations

import numpy as np

from .._layout import laid_out
from .._tensor import wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import internal, publish, record
from .shape import _index, _named_sizes, dense_copy, int_tuple, unique_dims

# --- flip ---------------------------------------------------------------------------------------------------------

_FlipBackward0 = node_class(
    "FlipBackward0", ("self",), {"self": lambda xp, grad, dims: xp.flip(grad, dims)}, fixed=("dims",)
)


def _flipped(a, dims):
    return laid_out(np.flip(a, dims), a)


def _flip_to(input, dims):
    axes = unique_dims(dims, input._a.ndim) if dims else ()
    out = wrap(_flipped(input._a, axes) if input._a.ndim and axes else dense_copy(input._a))
    if input._rg and state.enabled:
        record(out, _FlipBackward0, (input,), (), (tuple(dims),))
    return out


def _flip_method(input, *order, dims=None):
    """A copy with the elements in reverse order along ``dims``. RuntimeError for a dim named twice.
    (``torch.Tensor.flip``)"""
    if dims is not None or not order:
        order = _named_sizes(order, dims)
    return _flip_to(input, int_tuple(order))


def _flip(input, dims):
    """A copy with the elements in reverse order along ``dims``. RuntimeError for a dim named twice. (``torch.flip``)"""
    if not isinstance(dims, (tuple, list)):
        raise TypeError("dims")
    return _flip_to(input, int_tuple((dims,)))


flip = publish("flip", "shape", _flip, differentiable=("self",))
publish("flip", "shape", _flip_method, methods=("flip",), function=flip, differentiable=("self",))
internal("flip", _flipped, _flip_to)


def _fliplr(input):
    """A copy with the columns in reverse order. RuntimeError below two dimensions. (``torch.fliplr``)"""
    if input._a.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return _flip_to(input, (1,))


def _flipud(input):
    """A copy with the rows in reverse order. RuntimeError for 0-d tensors. (``torch.flipud``)"""
    if not input._a.ndim:
        raise RuntimeError("Input must be >= 1-d.")
    return _flip_to(input, (0,))


fliplr = publish("fliplr", "unary", _fliplr, methods=("fliplr",), differentiable=("self",))
flipud = publish("flipud", "unary", _flipud, methods=("flipud",), differentiable=("self",))


# --- roll ---------------------------------------------------------------------------------------------------------


def _rolled(a, shifts, dims):
    if not a.size:
        return a.copy()
    return np.ascontiguousarray(np.roll(a, shifts, dims)) if dims else np.roll(a, shifts[0]).reshape(a.shape)


_RollBackward0 = node_class(
    "RollBackward0", ("self",),
    {
        "self": lambda xp, grad, shifts, dims: xp.roll_by(
            grad, tuple([-shift for shift in reversed(shifts)]), tuple(reversed(dims))
        )
    },
    fixed=("shifts", "dims"),
)  # fmt: skip


def _roll_by(input, shifts, dims):
    a = input._a
    if not shifts:
        raise RuntimeError("`shifts` required")
    if len(shifts) != len(dims) and (dims or len(shifts) != 1):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if dims and not a.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    axes = tuple([wrap_dim(dim, a.ndim) for dim in dims]) if a.size or len(dims) > 1 else ()
    out = wrap(_rolled(a, shifts, axes))
    if input._rg and state.enabled:
        record(out, _RollBackward0, (input,), (), (tuple(shifts), tuple(dims)))
    return out


def _roll(input, shifts, dims=()):
    """A copy with the elements moved by ``shifts`` places along ``dims``, those at the end to the beginning.

    Without ``dims`` as if the tensor were a vector. RuntimeError unless there is a shift for each dim.
    (``torch.roll``)
    """
    shifts, dims = (
        int_tuple((value,)) if isinstance(value, (tuple, list)) else (_index(value),)
        for value in (shifts, () if dims is None else dims)
    )
    return _roll_by(input, shifts, dims)


roll = publish("roll", "shape", _roll, methods=("roll",), differentiable=("self",))
internal("roll_by", _rolled, _roll_by)


# --- rot90 --------------------------------------------------------------------------------------------------------

_Rot90Backward0 = node_class(
    "Rot90Backward0", ("self",), {"self": lambda xp, grad, k, dims: xp.rot90_by(grad, -k, dims)}, fixed=("k", "dims")
)


def _turned(a, k: int, dims):
    first, second = dims
    if k % 4 == 1:
        return np.swapaxes(_flipped(a, (second,)), first, second)
    if k % 4 == 2:
        return _flipped(a, (first, second))
    if k % 4 == 3:
        return np.swapaxes(_flipped(a, (first,)), first, second)
    return np.array(a, order="C")


def _rot90_by(input, k: int, dims):
    out = wrap(_turned(input._a, k, tuple([wrap_dim(dim, input._a.ndim) for dim in dims])))
    if input._rg and state.enabled:
        record(out, _Rot90Backward0, (input,), (), (k, tuple(dims)))
    return out


def _rot90(input, k=1, dims=(0, 1)):
    """A copy turned by 90 degrees ``k`` times in the plane of two ``dims``, from the first towards the second.

    RuntimeError unless these are two different ones. (``torch.rot90``)
    """
    k, ndim = _index(k), input._a.ndim
    if not isinstance(dims, (tuple, list)):
        raise TypeError("dims")
    dims = int_tuple((dims,))
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    if wrap_dim(dims[0], ndim) == wrap_dim(dims[1], ndim):
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return _rot90_by(input, k, dims)


rot90 = publish("rot90", "shape", _rot90, methods=("rot90",), differentiable=("self",))
internal("rot90_by", _turned, _rot90_by)
