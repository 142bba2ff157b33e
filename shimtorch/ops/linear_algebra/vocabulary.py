"""What the derivatives of linear algebra are written in, beside what other operators have made available."""

from __future__ import annotations

import numpy as np

from ..._tensor import Tensor
from ...autograd.namespaces import ARRAYS, TENSORS
from .._define import internal
from ..diagonals import embed_diagonal, view_of_diagonal
from ..linalg import _matmul, _product
from ..shape import _squeeze, _transpose, _unsqueeze
from .elimination import adjoint


def _product_of_any(a, b):
    return _product(a, b) if a.ndim == 2 == b.ndim else np.matmul(a, b)


def _adjoint(t: Tensor):
    return TENSORS.conj(_transpose(t, -2, -1))


def _on_diagonals(values):
    rows = values.shape[-1]
    out = np.zeros((*values.shape, rows), values.dtype)
    np.einsum("...ii->...i", out)[...] = values
    return out


def _filled(a, number):
    a = np.array(a)
    np.einsum("...ii->...i", a)[...] = number
    return a


def _fill_diagonal(t: Tensor, number):
    _diagonal(t).fill_(number)
    return t


def _set_diagonal(t: Tensor, values: Tensor):
    _diagonal(t).copy_(values)
    return t


def _diagonal(t: Tensor):
    return view_of_diagonal(t, 0, -2, -1)


internal("matmul", _product_of_any, _matmul)
internal("mH", adjoint, _adjoint)
internal("column", lambda a: a[..., None], lambda t: _unsqueeze(t, -1))  # each number of a vector as a row of its own
internal("row", lambda a: a[..., None, :], lambda t: _unsqueeze(t, -2))
internal("without_column", lambda a: a[..., 0], lambda t: _squeeze(t, -1))
internal("main_diagonal", lambda a: np.einsum("...ii->...i", a), _diagonal)
internal("diag_embed", _on_diagonals, lambda t: embed_diagonal(t, 0, -2, -1))
internal("fill_diagonal", _filled, _fill_diagonal)
internal("set_diagonal", _filled, _set_diagonal)
internal("real_part", lambda a: a.real, lambda t: TENSORS.real(t) if t._a.dtype.kind == "c" else t)
ARRAYS.value_of, TENSORS.value_of = (lambda a: a), (lambda t: t._a)


def first_columns(xp, x, count: int):
    """The first columns of matrices."""
    return xp.slice(x, x.ndim - 1, slice(0, count))


def first_rows(xp, x, count: int):
    """The first rows of matrices."""
    return xp.slice(x, x.ndim - 2, slice(0, count))
