"""Diagonals: ``diagonal``, a view; ``diag``, ``diag_embed``, ``diagflat`` and ``trace``."""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._tensor import wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import internal, publish, record
from .shape import _index, _reshape_to, strided, view_of

# --- views of diagonals -------------------------------------------------------------------------------------------

_FIXED = ("offset", "dim1", "dim2")
_DIAGONAL = {"self": lambda xp, grad, sizes, offset, dim1, dim2: xp.diagonal_backward(grad, sizes, offset, dim1, dim2)}
_DiagonalBackward0 = node_class("DiagonalBackward0", ("self",), _DIAGONAL, fixed=("sizes", *_FIXED))
_DiagonalBackward0_copy = node_class("DiagonalBackward0_copy", ("self",), _DIAGONAL, fixed=("sizes", *_FIXED))
_DiagonalBackwardBackward0 = node_class(
    "DiagonalBackwardBackward0", ("grad_output",), fixed=_FIXED,
    derivatives={"grad_output": lambda xp, grad, offset, dim1, dim2: xp.diagonal(grad, offset, dim1, dim2)},
)  # fmt: skip


def _diagonal_of(a, offset: int, dim1: int, dim2: int):
    """The view in which two dimensions are one, the last."""
    first, second = wrap_dim(dim1, a.ndim), wrap_dim(dim2, a.ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    others = [d for d in range(a.ndim) if d not in (first, second)]
    size = max(min(a.shape[first] + min(offset, 0), a.shape[second] - max(offset, 0)), 0)
    if size and offset:
        where = [slice(None)] * a.ndim
        where[second if offset > 0 else first] = slice(abs(offset), None)
        a = a[tuple(where)]
    strides = (*[a.strides[d] for d in others], a.strides[first] + a.strides[second])
    return strided(a, (*[a.shape[d] for d in others], size), strides)


def view_of_diagonal(input, offset: int, dim1: int, dim2: int):
    a = input._a
    return view_of(input, _diagonal_of(a, offset, dim1, dim2), _DiagonalBackward0, (a.shape, offset, dim1, dim2))


def _on_diagonal(grad, sizes, offset: int, dim1: int, dim2: int):
    out = np.zeros(sizes, grad.dtype)
    _diagonal_of(out, offset, dim1, dim2)[...] = grad
    return out


def _diagonal_backward(grad, sizes, offset: int, dim1: int, dim2: int):
    out = wrap(_on_diagonal(grad._a, sizes, offset, dim1, dim2))
    if grad._rg and state.enabled:
        record(out, _DiagonalBackwardBackward0, (grad,), (), (offset, dim1, dim2))
    return out


internal("diagonal", _diagonal_of, view_of_diagonal)
internal("diagonal_backward", _on_diagonal, _diagonal_backward)


def _diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonal ``offset`` places above the main one in the planes of two dims, as the last dimension of a view.

    RuntimeError if the dims are the same. (``torch.diagonal``)
    """
    return view_of_diagonal(input, _index(offset), _index(dim1), _index(dim2))


def _linalg_diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The diagonals of matrices, ``offset`` places above the main ones: a view. (``torch.linalg.diagonal``)"""
    return view_of_diagonal(A, _index(offset), _index(dim1), _index(dim2))


diagonal = publish("diagonal", "shape", _diagonal, methods=("diagonal",), differentiable=("self",))
linalg_diagonal = publish("linalg_diagonal", "shape", _linalg_diagonal, differentiable=("A",))


# --- matrices with a diagonal -------------------------------------------------------------------------------------

_DiagEmbedBackward0 = node_class(
    "DiagEmbedBackward0", ("self",), fixed=_FIXED,
    derivatives={"self": lambda xp, grad, offset, dim1, dim2: xp.diagonal(grad, offset, dim1, dim2)},
)  # fmt: skip


def _with_diagonal(a, offset: int, dim1: int, dim2: int):
    first, second = wrap_dim(dim1, a.ndim + 1), wrap_dim(dim2, a.ndim + 1)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    sizes = list(a.shape[:-1])
    for dim in sorted((first, second)):
        sizes.insert(dim, a.shape[-1] + abs(offset))
    return _on_diagonal(a, sizes, offset, first, second)


def embed_diagonal(input, offset: int, dim1: int, dim2: int):
    out = wrap(_with_diagonal(input._a, offset, dim1, dim2))
    if input._rg and state.enabled:
        record(out, _DiagEmbedBackward0, (input,), (), (offset, dim1, dim2))
    return out


def _diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices in two new dims of zeros but for a diagonal, on which the last dimension of the tensor lies.

    RuntimeError if the dims are the same. (``torch.diag_embed``)
    """
    return embed_diagonal(input, _index(offset), _index(dim1), _index(dim2))


def _diag(input, diagonal=0):
    """Of a vector the matrix with it on a diagonal, of a matrix a copy of the diagonal. RuntimeError for other tensors.
    (``torch.diag``)"""
    ndim, offset = input._a.ndim, _index(diagonal)
    if ndim == 1:
        return embed_diagonal(input, offset, -2, -1)
    if ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    return _diagonal_copy(input, offset, 0, 1)


def _diagonal_copy(input, offset: int, dim1: int, dim2: int):
    a = input._a
    out = wrap(np.array(_diagonal_of(a, offset, dim1, dim2), order="C"))
    if input._rg and state.enabled:
        record(out, _DiagonalBackward0_copy, (input,), (), (a.shape, offset, dim1, dim2))
    return out


def _diagflat(input, offset=0):
    """The matrix with the elements of the tensor on a diagonal. (``torch.diagflat``)"""
    return embed_diagonal(_reshape_to(input, (input._a.size,)), _index(offset), -2, -1)


diag = publish("diag", "shape", _diag, methods=("diag",), differentiable=("self",))
diag_embed = publish("diag_embed", "shape", _diag_embed, methods=("diag_embed",), differentiable=("self",))
diagflat = publish("diagflat", "shape", _diagflat, methods=("diagflat",), differentiable=("self",))


# --- trace --------------------------------------------------------------------------------------------------------

_TraceBackward0 = node_class(
    "TraceBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.trace_backward(grad, sizes)}, fixed=("sizes",)
)


def _trace(input):
    """The sum of the main diagonal of a matrix, 0-d; of integers as int64. RuntimeError for other tensors.
    (``torch.trace``)"""
    a = input._a
    if a.dtype.kind == "b":
        raise _errors.not_implemented("trace", input)
    if a.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {a.ndim}")
    values = np.ascontiguousarray(_diagonal_of(a, 0, 0, 1))
    wide = {"e": np.float32, "f": np.float64, "F": np.complex128}.get(
        a.dtype.char, a.dtype if a.dtype.kind in "fc" else np.int64
    )
    total = np.asarray(np.add.accumulate(values, dtype=wide)[-1] if values.size else np.zeros((), wide))
    out = wrap(total.astype(a.dtype if a.dtype.kind in "fc" else np.int64))
    if input._rg and state.enabled:
        record(out, _TraceBackward0, (input,), (), (a.shape,))
    return out


trace = publish("trace", "reduction", _trace, methods=("trace",), differentiable=("self",))
