"""``index_fill``: one number in whole slices."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import TENSORS
from ._define import SCALARS, internal, publish, record, recording
from .advanced_indexing import element_of
from .gathering import I64, _in_place
from .shape import _index, dense_copy

_IndexFillBackward0 = node_class(
    "IndexFillBackward0", ("self",), saved=("index",), fixed=("dim",),
    derivatives={"self": lambda xp, grad, dim, index: xp.index_filled(grad, dim, index)},
)  # fmt: skip
_IndexFillBackward1 = node_class(
    "IndexFillBackward1", ("self", "value"), saved=("index",), fixed=("dim",),
    derivatives={
        "self": lambda xp, grad, dim, index: xp.index_filled(grad, dim, index),
        "value": lambda xp, grad, dim, index: xp.sum(xp.rows_once(grad, dim, index)),
    },
)  # fmt: skip


def _filled(a, dim: int, index, value=0):
    out = dense_copy(a)
    if out.ndim:
        out[(slice(None),) * wrap_dim(dim, a.ndim) + (index.reshape(-1),)] = value
    elif index.size:
        out[...] = value
    return out


def _zeroed(input, dim: int, index):
    out = wrap(_filled(input._a, dim, index._a))
    if input._rg and state.enabled:
        record(out, _IndexFillBackward0, (input,), (index,), (dim,))
    return out


def _rows_once(grad, dim: int, index):
    return np.take(grad, np.unique(index), dim) if grad.ndim else grad.reshape(1)[: index.size]


internal("index_filled", _filled, _zeroed)
internal(
    "rows_once",
    _rows_once,
    lambda grad, dim, index: grad.index_select(dim, wrap(np.unique(index._a))),
)


def _element(value, kind):
    value = value._a.item() if isinstance(value, Tensor) else value
    if isinstance(value, (complex, np.complexfloating)) and kind.kind != "c":
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    return element_of(value, kind)


def _index_fill(input, dim, index, value):
    """A copy with ``value``, a number or 0-d tensor, in the slices that ``index`` (int64) names along ``dim``.

    IndexError for indices of another dtype or out of bounds, RuntimeError for values of more dimensions.
    (``torch.index_fill``)
    """
    if not isinstance(index, Tensor) or not isinstance(value, (Tensor, *SCALARS)):
        raise TypeError("index")
    a, i, given = input._a, index._a, _index(dim)
    if isinstance(value, Tensor) and value._a.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._a.ndim} dimension(s)."
        )
    element = _element(value, a.dtype)
    if i.dtype is not I64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    dim = wrap_dim(given, a.ndim)
    if i.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    size = a.shape[dim] if a.ndim else 1
    outside = i.reshape(-1)[(i.reshape(-1) < -size) | (i.reshape(-1) >= size)]
    if outside.size:
        raise IndexError(f"index {outside[0]} is out of bounds for dimension {dim} with size {size}")
    out = wrap(_filled(a, dim, i, element))
    of_tensor = isinstance(value, Tensor)
    if recording(input, value if of_tensor else None):
        if of_tensor:
            record(out, _IndexFillBackward1, (input, value), (index,), (given,))
        else:
            record(out, _IndexFillBackward0, (input,), (index,), (given,))
    return out


index_fill = publish("index_fill", "rows", _index_fill, methods=("index_fill",), differentiable=("self", "value"))
_in_place("index_fill", _index_fill)


def _trace_backward(grad, sizes):
    out = np.zeros(sizes, grad.dtype)
    np.fill_diagonal(out, grad)
    return out


def _trace_backward_tensor(grad, sizes):
    count = sizes[0] * sizes[1]
    where = wrap(np.arange(min(sizes)) * (sizes[1] + 1))
    filled = _index_fill(wrap(np.zeros(count, grad._a.dtype)), 0, where, grad)
    return TENSORS.reshape(filled, sizes)


internal("trace_backward", _trace_backward, _trace_backward_tensor)
