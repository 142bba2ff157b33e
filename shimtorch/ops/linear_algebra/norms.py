"""Norms of matrices, and the condition numbers made of them. Norms of vectors are in ``ops.norms``."""

from __future__ import annotations

import math

import numpy as np

from ..._tensor import Tensor, wrap, wrap_dim
from .._define import SCALARS, publish
from ..extrema import amax, amin
from ..norms import _linalg_vector_norm, result_kind
from ..pieces import _narrow
from ..reductions import _sum, check
from ..shape import _permuted, _squeeze, _unsqueeze, int_tuple, to_dtype
from ..special_values import _nan_to_num
from .checks import require_inexact, require_matrix, require_square
from .svd import svdvals
from .systems import inverse_with_info

_ORDERS = (1.0, 2.0, math.inf)


def _numbers(ord):
    """``ord`` as a number, or None for what is none."""
    if isinstance(ord, Tensor) and ord._a.ndim == 0 and not ord._rg:
        ord = ord.item()
    return ord if isinstance(ord, SCALARS) else None


def _shown(number) -> str:
    return f"{float(number):g}"


def _checked(A, dim, dtype, half: bool):
    """The two dims from the front."""
    require_matrix(A, "linalg.matrix_norm")
    require_inexact(A, "linalg.matrix_norm", half)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    first, second = (wrap_dim(d, A._a.ndim) for d in dim)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({first}, {second})")
    result_kind(A, dtype, "linalg.matrix_norm")
    return first, second


def _of_singular_values(A, dims, keepdim: bool, dtype, fold):
    if dtype is not None:
        A = to_dtype(A, dtype)
    order = [d for d in range(A._a.ndim) if d not in dims] + list(dims)
    folded = fold(svdvals(_permuted(A, tuple(order))))
    if not keepdim:
        return folded
    return _permuted(_unsqueeze(folded, -1), tuple([order.index(d) for d in range(len(order))]))


def matrix_norm(A, ord, dim, keepdim, dtype):
    """The norm of order ``ord``, a number, "fro" or "nuc", of matrices in two dims."""
    check(keepdim, dtype)
    if not isinstance(dim, (tuple, list)):
        raise TypeError("dim")
    dim = int_tuple((dim,))
    if isinstance(ord, str):
        if ord not in ("fro", "nuc"):
            raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
        dims = _checked(A, dim, dtype, ord == "fro")
        if ord == "fro":
            return _linalg_vector_norm(A, 2, list(dims), keepdim, dtype)
        return _of_singular_values(A, dims, keepdim, dtype, lambda s: _sum(s, -1, keepdim))
    number = _numbers(ord)
    if number is None:
        raise TypeError("ord")
    if isinstance(number, (complex, np.complexfloating)):
        raise RuntimeError("linalg.matrix_norm: Expected a non-complex scalar as the order of norm.")
    size = abs(float(number))
    if size not in _ORDERS:
        raise RuntimeError(f"linalg.matrix_norm: Order {_shown(number)} not supported.")
    first, second = _checked(A, dim, dtype, size != 2)
    fold = amax if number > 0 else amin
    columns, rows = (A._a.shape[d] for d in ((first, second) if size == math.inf else (second, first)))
    if number > 0 and not (columns if size != 2 else min(rows, columns)):  # the norm of nothing, outside the graph
        shape = [
            1 if d in (first, second) else n for d, n in enumerate(A._a.shape) if keepdim or d not in (first, second)
        ]
        return wrap(np.zeros(shape, (A.dtype if dtype is None else dtype)._numpy).real.copy())
    if size == 2:
        return _of_singular_values(A, (first, second), keepdim, dtype, lambda s: fold(s, -1, keepdim))
    if size == math.inf:
        first, second = second, first
    sums = _linalg_vector_norm(A, 1.0, [first], keepdim, dtype)
    return fold(sums, second - (not keepdim and first < second), keepdim)


def _matrix_norm(input, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """A norm of matrices, in the two dims ``dim``: "fro", "nuc" (the sum of singular values), 2 and -2 (the largest and
    smallest), 1, -1, inf and -inf (of the sums of columns or rows). (``torch.linalg.matrix_norm``)"""
    return matrix_norm(input, ord, dim, keepdim, dtype)


def _vector_norm(input, ord=2, dim=None, keepdim=False, *, dtype=None):
    """The norm of order ``ord`` of all elements, or over ``dim``. RuntimeError for integers and bools.
    (``torch.linalg.vector_norm``)"""
    dims = [dim] if isinstance(dim, int) and not isinstance(dim, bool) else dim
    return _linalg_vector_norm(input, ord, dims, keepdim, dtype)


def _norm(input, ord=None, dim=None, keepdim=False, *, dtype=None):
    """The norm of a matrix or vector, or over one or two dims: of matrices if there are two, unless ``ord`` is None.
    (``torch.linalg.norm``)"""
    check(keepdim, dtype)
    dims = [dim] if isinstance(dim, int) and not isinstance(dim, bool) else dim
    ndim = input._a.ndim
    if not isinstance(ord, str) and ord is not None and _numbers(ord) is None:
        raise TypeError("ord")
    if dims is not None:
        if not isinstance(dims, (tuple, list)):
            raise TypeError("dim")
        if len(dims) not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(int_tuple((dims,)))}"
            )
    elif ord is not None and ndim not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D.")
    of_matrices = len(dims) == 2 if dims is not None else ndim == 2
    if isinstance(ord, str) or (ord is not None and of_matrices):
        return matrix_norm(input, ord, (0, 1) if dims is None else dims, keepdim, dtype)
    return _linalg_vector_norm(input, 2.0 if ord is None else ord, dims, keepdim, dtype)


linalg_matrix_norm = publish("linalg_matrix_norm", "decomposition", _matrix_norm, differentiable=("self",))
linalg_vector_norm = publish("linalg_vector_norm", "reduction", _vector_norm, differentiable=("self",))
linalg_norm = publish("linalg_norm", "decomposition", _norm, differentiable=("self",))


# --- condition numbers --------------------------------------------------------------------------------------------


def _by_inverse(input, p):
    inverse, info = inverse_with_info(input)
    inverse = inverse.masked_fill(wrap(np.asarray(info > 0)[..., None, None]), math.inf)
    mine = matrix_norm(input, p, (-2, -1), False, None)
    product = mine * matrix_norm(inverse, p, (-2, -1), False, None)
    return _nan_to_num(product, math.inf, math.inf, -math.inf)


def _real(dtype):
    return np.zeros(0, dtype).real.dtype


def _cond(input, p=None):
    """The condition numbers of matrices by norm ``p``, which are square unless that is 2 (or None) or -2; inf or nan
    for singular ones. (``torch.linalg.cond``)"""
    a = input._a
    if isinstance(p, str):
        require_square(input, f"linalg.cond(ord={p})")
        if p not in ("fro", "nuc"):
            raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
        if not a.size:
            return wrap(np.zeros(a.shape[:-2], _real(a.dtype)))
        if p == "nuc":
            values = svdvals(input)
            inverse = _sum(values.reciprocal(), -1)
            return _sum(values, -1) * inverse
        return _by_inverse(input, p)
    number = 2 if p is None else _numbers(p)
    if number is None:
        raise TypeError("p")
    if a.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if isinstance(number, (complex, np.complexfloating)) and number.imag:
        raise RuntimeError("value cannot be converted to type double without overflow")
    number = number.real
    if abs(float(number)) not in _ORDERS:
        raise RuntimeError(f"linalg.cond got an invalid norm type: {_shown(number)}")
    if not a.size:
        return wrap(np.zeros(a.shape[:-2], _real(a.dtype)))
    if abs(number) == 2:
        values = svdvals(input)
        largest, smallest = (_narrow(values, -1, place, 1) for place in (0, -1))
        return _squeeze(smallest / largest if number < 0 else largest / smallest, -1)
    require_square(input, f"linalg.cond(ord={_shown(number)})")
    return _by_inverse(input, number)


linalg_cond = publish("linalg_cond", "decomposition", _cond, differentiable=("self",))
