"""Places of elements: ``unravel_index``, ``tril_indices``, ``triu_indices``; ``take_along_dim``, which uses them."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence

import numpy as np

from .. import _dtypes, _errors
from .._device import Size
from .._factories import _finish, _options
from .._tensor import Tensor, scalar_type_name, wrap, wrap_dim
from ._define import publish
from .gathering import I64, gather
from .pieces import unbind
from .shape import _expand_to, _index, _view

# --- places in a shape --------------------------------------------------------------------------------------------


def unravel_index(indices, shape):
    """For places in a shape, counted in order, their coordinates: a tuple with a tensor for each dimension.

    ``indices`` are of an integer dtype, the coordinates int64. TypeError for other dtypes and shapes, ValueError for
    negative sizes. (``torch.unravel_index``)
    """
    if indices.is_complex() or indices.is_floating_point() or indices.dtype is _dtypes.bool_:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, (int, Sequence)):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    for size in shape if isinstance(shape, Sequence) else ():
        if not isinstance(size, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(size)}")
    sizes = Size(shape if isinstance(shape, Sequence) else [shape])
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    steps = [*itertools.accumulate(reversed((*sizes[1:], 1)), operator.mul)][::-1]
    each = (wrap(np.array(values, np.int64)) for values in (steps, sizes))
    return unbind(indices.unsqueeze(-1).floor_divide(next(each)) % next(each), -1)


def _triangle(name: str, lower: bool, which: str):
    def forward(row, col, offset=0, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
        kind = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes.int64
        row, col, offset = _index(row), _index(col), _index(offset)
        for name_of_size, size in (("row", row), ("col", col)):
            if size < 0:
                raise RuntimeError(f"{name_of_size} must be non-negative, got{size}")
        if kind._name not in ("int32", "int64"):
            raise _errors.not_implemented(name, kind)
        inside = np.tri(row, col, offset if lower else offset - 1, bool)
        return _finish(np.array(np.nonzero(inside if lower else ~inside)).astype(kind._numpy), requires_grad)

    forward.__doc__ = (
        f"Rows and columns of the elements {which} a diagonal of a matrix, row by row, as int64 of shape (2, n)."
        f"\n\n    RuntimeError for negative sizes. (``torch.{name}``)\n    "
    )
    return publish(name, "factory", forward)


tril_indices = _triangle("tril_indices", True, "on and below")
triu_indices = _triangle("triu_indices", False, "on and above")


# --- looking up ---------------------------------------------------------------------------------------------------


def _take_along_dim(input, indices, dim=None):
    """The elements at places along ``dim``, as ``argsort`` and ``argmax(keepdim=True)`` give them; shapes broadcast.

    Without ``dim``, places in the tensor as one row. Places are taken modulo the size. RuntimeError for places that
    are not int64 or of another number of dimensions. (``torch.take_along_dim``)
    """
    if not isinstance(indices, Tensor):
        raise TypeError("indices")
    if dim is None:
        return gather(_view(input, -1), 0, _view(indices, -1))
    given, ndim = _index(dim), input._a.ndim
    if ndim != indices._a.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{ndim} dimensions for input, and {indices._a.ndim} dimensions for indices"
        )
    if indices._a.dtype is not I64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {scalar_type_name(indices)}"
        )
    dim = wrap_dim(given, ndim)
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    own, other = (
        [1 if d == dim else size for d, size in enumerate(tensor._a.shape)] for tensor in (input, indices)
    )  # fmt: skip
    _errors.require_broadcast(own, other)
    shape = np.broadcast_shapes(tuple(own), tuple(other))
    size = input._a.shape[dim]
    places = indices % size if size else indices
    whole, wanted = (
        [tensor._a.shape[dim] if d == dim else n for d, n in enumerate(shape)] for tensor in (input, indices)
    )  # fmt: skip
    return gather(_expand_to(input, tuple(whole)), dim, _expand_to(places, tuple(wanted)))


take_along_dim = publish(
    "take_along_dim", "places", _take_along_dim, methods=("take_along_dim",), differentiable=("self",)
)  # fmt: skip
