"""Products over chosen dimensions: ``inner``, ``tensordot``, ``vdot``, and the cross product.

``inner`` and ``tensordot`` are made of others just as in torch, which the graph shows.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _errors
from .._fused import multiply_add
from .._tensor import Tensor, scalar_type_name, wrap, wrap_dim
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.nodes import extra_of
from ._define import internal, publish, quietly, record, recording
from .linalg import _dot, _dot_checked, _finish, _mm
from .pointwise import mul
from .reductions import _sum
from .reshaping import _flatten
from .shape import _permute, _reshape_to, squeeze

# --- inner and tensordot ------------------------------------------------------------------------------------------


def _size(tensor, dim: int) -> int:
    shape = tensor._a.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return shape[wrap_dim(dim, len(shape))]


def _kept(tensor, dims) -> list[int]:
    """The dimensions that are not contracted."""
    contracted: set[int] = set()
    for dim in dims:
        place = wrap_dim(dim, tensor._a.ndim)
        if place in contracted:
            raise RuntimeError(f"dim {place} appears multiple times in the list of dims")
        contracted.add(place)
    return [dim for dim in range(tensor._a.ndim) if dim not in contracted]


def _tensordot(input, other, dims_self, dims_other):
    if len(dims_self) != len(dims_other):
        raise RuntimeError("both dimension lists should have same length")
    if input._a.dtype is not other._a.dtype:
        raise RuntimeError("both inputs should have same dtype")
    left, right, contracted = input, other, 1
    for mine, theirs in zip(dims_self, dims_other, strict=True):
        first, second = _size(input, mine), _size(other, theirs)
        if second == 1:
            left = _sum(left, mine, True, dtype=left.dtype)
        elif first == 1:
            right = _sum(right, theirs, True, dtype=right.dtype)
        elif first != second:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {first} in dim {mine} and second has size "
                f"{second} in dim {theirs}"
            )
        else:
            contracted *= first
    of_left, of_right = _kept(input, dims_self), _kept(other, dims_other)
    sizes = [left._a.shape[i] for i in of_left], [right._a.shape[i] for i in of_right]
    left = _permute(left, (*of_left, *dims_self))
    rows, columns = math.prod(sizes[0]), math.prod(sizes[1])
    if rows == columns == 1:
        product = _sum_of_products(left, _permute(right, (*dims_other, *of_right)))
    else:
        left = _reshape_to(left, (rows, contracted))
        product = _mm(left, _reshape_to(_permute(right, (*dims_other, *of_right)), (contracted, columns)))
    return _reshape_to(product, (*sizes[0], *sizes[1]))


def _sum_of_products(left, right):
    if left.is_contiguous() and right.is_contiguous():
        right = _flatten(right)  # torch computes arguments from right to left
        return _dot(_flatten(left), right)
    right = squeeze(right)
    return _sum(mul(squeeze(left), right), dtype=left.dtype)


_contracted = publish("tensordot", "contraction", _tensordot, differentiable=("self", "other"))


def tensordot(a, b, dims=2, out=None):
    """The products of two tensors, added up over ``dims``: so many of the last of ``a`` and the first of ``b``, or a
    pair of lists that names them. A dimension of size 1 goes with any.

    RuntimeError for what does not fit, and for unlike dtypes. (``torch.tensordot``)
    """
    if not isinstance(dims, (tuple, list, Tensor, int)):
        raise RuntimeError(
            "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two lists, "
            f"but got dims={dims}"
        )
    dims_a, dims_b = _dims_of_both(a, b, dims)
    if out is None:
        return _contracted(a, b, dims_a, dims_b)
    return _contracted(a, b, dims_a, dims_b, out=out)


def _dims_of_both(a, b, dims):
    if isinstance(dims, (tuple, list)):
        dims_a, dims_b = dims
        return dims_a, dims_b
    if isinstance(dims, Tensor):
        if dims.numel() > 1:
            if dims.size()[0] != 2:
                raise AssertionError(f"dims tensor must have size 2 in first dimension, got {dims.size()[0]}")
            return dims[0].tolist(), dims[1].tolist()
        count = int(dims.item())
    else:
        count = dims
    if count < 0:
        raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
    if not isinstance(dims, Tensor) and count > min(a.dim(), b.dim()):
        raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
    return list(range(-count, 0)), list(range(count))


def _inner(input, other):
    """The products of two tensors, added up over the last dimension of both; of a number, all products.

    RuntimeError unless these dimensions have one size, and for unlike dtypes. (``torch.inner``)
    """
    a, b = input._a, other._a
    if not a.ndim or not b.ndim:
        return mul(input, other)
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(a.shape)} and {list(b.shape)}"
        )
    return _tensordot(input, other, (-1,), (-1,))


inner = publish("inner", "linalg", _inner, methods=("inner",), differentiable=("self", "other"))


# --- vdot ---------------------------------------------------------------------------------------------------------

_VdotBackward0 = node_class(
    "VdotBackward0", ("self", "other"), saved=("self", "other"),
    derivatives={
        "self": lambda xp, grad, other: xp.conj(grad) * other,
        "other": lambda xp, grad, self: grad * self,
    },
)  # fmt: skip


def _vdot(input, other):
    """The sum of the products of two vectors of one length and dtype, the first one conjugated. (``torch.vdot``)"""
    first = wrap(np.conjugate(input._a)) if input._a.dtype.kind == "c" else input
    return _finish(wrap(_dot_checked(first, other)), _VdotBackward0, input, other)


vdot = publish("vdot", "linalg", _vdot, methods=("vdot",), differentiable=("self", "other"))


# --- cross --------------------------------------------------------------------------------------------------------


def _crossed(a, b, dim: int) -> np.ndarray:
    """torch fuses the first product of each difference with it."""
    a, b = np.moveaxis(a, dim, 0), np.moveaxis(b, dim, 0)
    parts = [
        multiply_add(a[i - 2], b[i - 1], -(a[i - 1] * b[i - 2]))
        if a.dtype.char in "fd"
        else a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2]
        for i in range(3)
    ]
    return np.ascontiguousarray(np.moveaxis(np.stack(parts), 0, dim))


_LinalgCrossBackward0 = node_class(
    "LinalgCrossBackward0", ("self", "other"), saved=("self", "other"), fixed=("dim",),
    derivatives={
        "self": lambda xp, grad, other, dim: xp.cross(xp.conj(other), grad, dim),
        "other": lambda xp, grad, self, dim: xp.cross(grad, xp.conj(self), dim),
    },
)  # fmt: skip


def _linalg_cross(input, other, *, dim=-1):
    """The cross product of vectors of three elements along ``dim``. Shapes broadcast, but for their number of
    dimensions. RuntimeError for what does not fit, and for unlike dtypes. (``torch.linalg.cross``)"""
    a, b = input._a, other._a
    if a.ndim != b.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    first, second = _size(input, dim), _size(other, dim)
    if first != 3 or second != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {first} and {second}")
    _errors.require_broadcast(a.shape, b.shape)
    if a.dtype.kind == "b":
        raise _errors.not_implemented("cross", input)
    if a.dtype is not b.dtype:
        raise RuntimeError(f"expected scalar type {scalar_type_name(input)} but found {scalar_type_name(other)}")
    out = wrap(quietly(_crossed, a, b, dim))
    if recording(input, other):
        saved = input if other._rg else None, other if input._rg else None
        record(out, _LinalgCrossBackward0, (input, other), saved, (dim,))
        if a.shape != b.shape:
            extra_of(out._node).operands = ((a.shape, None), (b.shape, None))
    return out


internal("cross", _crossed, lambda a, b, dim: _linalg_cross(a, b, dim=dim))
linalg_cross = publish("linalg_cross", "cross", _linalg_cross, differentiable=("self", "other"))

_WITHOUT_DIM = (
    "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or simply "
    "use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross in a future "
    "release. (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/Cross.cpp:63.)"
)


def _cross(input, other, dim=None):
    """As ``linalg.cross``, but along the first dimension of size 3 if none is named. (``torch.cross``)"""
    if dim is None:
        warn(_WITHOUT_DIM, once=True)
    return cross_along(input, other, dim)


def cross_along(input, other, dim=None):
    """``cross``, which does not warn where it writes into an output."""
    if dim is None:
        if 3 not in input._a.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = input._a.shape.index(3)
    return _linalg_cross(input, other, dim=dim)


cross = publish("cross", "cross", _cross, methods=("cross",), differentiable=("self", "other"))
