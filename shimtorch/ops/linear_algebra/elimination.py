"""Elimination, on arrays whose leading dimensions are a batch: LU with row exchanges, triangular systems, Cholesky.

NumPy solves, but does not factorise. Real matrices are worked on in the order of torch's LAPACK, each product added
with one rounding, so that the matrices of a book have the very digits: bit for bit up to some sixteen rows. Larger
ones are cut in halves, which leaves the work to matrix products.
"""

from __future__ import annotations

import numpy as np

from ..._fused import multiply_add_64
from .._define import F32, F64

_WHOLE = 48  # rows up to which matrices are not cut
_DIVIDED = 4  # rows up to which the last column is divided by its pivot, not multiplied by the pivot's reciprocal
_BLOCKS = (8, 4, 2, 1)  # what the rows of a triangle after the last sixteen are cut into


def column_major(a):
    """``a`` with matrices whose columns are contiguous, as LAPACK leaves them."""
    rows, columns = a.shape[-2:]
    turned = np.empty((*a.shape[:-2], columns, rows), a.dtype)  # also where a dimension of one element has any stride
    turned[...] = a.swapaxes(-1, -2)
    return turned.swapaxes(-1, -2)


def adjoint(a):
    """The conjugate transposes of matrices."""
    a = a.swapaxes(-1, -2)
    return a.conj() if a.dtype.kind == "c" else a


def _fused(a, b, c):
    """``a * b + c``, of real numbers rounded once."""
    kind = c.dtype
    if kind is F32:
        total = np.multiply(a, b, dtype=F64)
        total += c
        return total.astype(F32)
    return multiply_add_64(a, b, c) if kind is F64 else a * b + c


def _times(a, b):
    return np.matmul(a, b)


# --- LU -----------------------------------------------------------------------------------------------------------


def factored(a):
    """The LU factors of matrices in one column-major array, the row exchanged with each (from 1), and for each matrix
    the first column (from 1) without a pivot, else 0; both int32."""
    rows, columns = a.shape[-2:]
    batch = a.shape[:-2]
    lu = np.array(a, order="C").reshape(-1, rows, columns) if a.size else np.empty((0, rows, columns), a.dtype)
    exchanged = np.empty((len(lu), min(rows, columns)), np.int32)
    _eliminate(lu, exchanged, 0)
    zero = np.diagonal(lu, axis1=1, axis2=2) == 0
    info = np.where(zero.any(1), zero.argmax(1) + 1, 0) if zero.shape[1] else np.zeros(len(lu))
    shape = (*batch, exchanged.shape[1])
    if not a.size:
        return column_major(np.zeros(a.shape, a.dtype)), np.zeros(shape, np.int32), np.zeros(batch, np.int32)
    return column_major(lu.reshape(a.shape)), exchanged.reshape(shape), info.astype(np.int32).reshape(batch)


def _eliminate(lu, exchanged, first: int) -> None:
    """Factorise a batch in place; ``first``: the number of the first row."""
    rows, columns = lu.shape[1:]
    steps = min(rows, columns)
    if steps <= _WHOLE:
        for k in range(steps):
            _eliminate_column(lu, exchanged, first, k)
        return
    half = steps // 2
    left, right = lu[:, :, :half], lu[:, :, half:]
    _eliminate(left, exchanged[:, :half], first)
    _exchange(right, exchanged[:, :half] - first)
    right[:, :half] = triangular(left[:, :half], right[:, :half], lower=True, unit=True)
    right[:, half:] -= _times(left[:, half:], right[:, :half])
    _eliminate(right[:, half:], exchanged[:, half:], first + half)
    _exchange(left[:, half:], exchanged[:, half:] - first - half)


def _eliminate_column(lu, exchanged, first: int, k: int) -> None:
    count, rows = lu.shape[:2]
    column = lu[:, k:, k]
    sizes = np.abs(column) if lu.dtype.kind != "c" else np.abs(column.real) + np.abs(column.imag)
    chosen = k + sizes.argmax(1)
    exchanged[:, k] = first + chosen + 1
    if (chosen != k).any():
        which = np.arange(count)
        row = lu[which, chosen].copy()
        lu[which, chosen] = lu[:, k]
        lu[:, k] = row
    if k + 1 == rows:
        return
    pivot = lu[:, k, k]
    pivot = np.where(pivot == 0, lu.dtype.type(1), pivot)[:, None]
    below = lu[:, k + 1 :, k]
    if rows <= _DIVIDED and k == rows - 2:
        below /= pivot
    else:
        below *= 1 / pivot
    rest = lu[:, k + 1 :, k + 1 :]
    rest[...] = _fused(-below[:, :, None], lu[:, k, None, k + 1 :], rest)


def _exchange(rows, exchanged) -> None:
    """Exchange rows of a batch in place, one after the other."""
    rows[...] = np.take_along_axis(rows, order_of(exchanged, rows.shape[1])[:, :, None], 1)


def order_of(exchanged, rows: int):
    """The order that rows come to by exchanges (numbered from 1), for each matrix of a batch."""
    count, steps = exchanged.shape
    order, which = np.tile(np.arange(rows), (count, 1)), np.arange(count)
    for k in range(steps):
        other = exchanged[:, k] - 1
        order[which, other], order[:, k] = order[:, k], order[which, other].copy()
    return order


# --- triangles ----------------------------------------------------------------------------------------------------


def triangular(t, b, *, lower: bool, unit: bool = False):
    """The solutions of ``t x = b`` for triangles ``t`` (what is beyond them is not read), a batch of each."""
    rows, columns = b.shape[1:]
    if rows > _WHOLE:
        half = rows // 2
        top, bottom = slice(0, half), slice(half, rows)
        known, other = (top, bottom) if lower else (bottom, top)
        x = np.empty(b.shape, b.dtype)
        x[:, known] = triangular(t[:, known, known], b[:, known], lower=lower, unit=unit)
        rest = b[:, other] - _times(t[:, other, known], x[:, known])
        x[:, other] = triangular(t[:, other, other], rest, lower=lower, unit=unit)
        return x
    x = b.copy()
    for start, stop in _spans(rows, columns, lower):
        known = slice(0, start) if lower else slice(stop, rows)
        if known.start != known.stop:
            x[:, start:stop] -= _in_turn(t[:, start:stop, known], x[:, known])
        for k in range(start, stop) if lower else range(stop - 1, start - 1, -1):
            if not unit:
                pivot = t[:, k, k, None]
                if columns > 1:
                    x[:, k] *= 1 / pivot
                else:
                    x[:, k] /= pivot
            others = slice(k + 1, stop) if lower else slice(start, k)
            x[:, others] = _fused(-t[:, others, k, None], x[:, k, None], x[:, others])
    return x


def _spans(rows: int, columns: int, lower: bool):
    """The rows that are solved together, in the order of solving: sixteens at once, then blocks of 8, 4, 2 and 1."""
    stops = [rows if columns == 1 else rows - rows % 16]
    for block in _BLOCKS:
        if rows - stops[-1] >= block:
            stops.append(stops[-1] + block)
    spans = [(start, stop) for start, stop in zip([0, *stops], stops, strict=False) if start != stop]
    return spans if lower else spans[::-1]


def _in_turn(t, x):
    """The product of a batch, its terms added up one after the other."""
    total = t[:, :, :1] * x[:, None, 0]
    for k in range(1, x.shape[1]):
        total = _fused(t[:, :, k, None], x[:, None, k], total)
    return total


# --- systems ------------------------------------------------------------------------------------------------------


def in_batch(*arrays):
    """Matrices broadcast to one batch, of one dimension, and the shape of it."""
    batch = np.broadcast_shapes(*[array.shape[:-2] for array in arrays])
    count = 1
    for size in batch:
        count *= size
    return batch, [np.broadcast_to(a, (*batch, *a.shape[-2:])).reshape(count, *a.shape[-2:]) for a in arrays]


def solved_triangular(t, b, lower: bool, left: bool, unit: bool):
    """The solution of ``t x = b``, or of ``x t = b``, column-major."""
    if not left:
        return solved_triangular(t.swapaxes(-1, -2), b.swapaxes(-1, -2), not lower, True, unit).swapaxes(-1, -2)
    batch, (t, b) = in_batch(t, b)
    if not b.size:
        return np.zeros((*batch, *b.shape[1:]), b.dtype)
    return column_major(triangular(t, b, lower=lower, unit=unit).reshape(*batch, *b.shape[1:]))


def solved(lu, exchanged, b, left: bool, adjointly: bool):
    """The solution of ``a x = b`` from the factors of ``a``: of ``x a = b`` unless ``left``; ``adjointly`` with the
    adjoint of ``a``. Column-major, or row-major unless ``left``."""
    if not left:
        return adjoint(solved(lu, exchanged, adjoint(b), True, not adjointly))
    batch, (lu, b, exchanged) = in_batch(lu, b, exchanged[..., None])
    if not b.size:
        return np.zeros((*batch, *b.shape[1:]), b.dtype)
    order = order_of(exchanged[..., 0], b.shape[1])[:, :, None]
    if adjointly:
        factors = adjoint(lu)
        y = triangular(factors, b, lower=True)
        y = triangular(factors, y, lower=False, unit=True)
        x = np.empty_like(y)
        np.put_along_axis(x, order, y, 1)
    else:
        y = triangular(lu, np.take_along_axis(b, order, 1), lower=True, unit=True)
        x = triangular(lu, y, lower=False)
    return column_major(x.reshape(*batch, *b.shape[1:]))


# --- Cholesky -----------------------------------------------------------------------------------------------------


def square_root(a, upper: bool):
    """The Cholesky factors of matrices, column-major, of which one triangle is read; and for each the order (int32) of
    the first leading minor that is not positive definite, else 0."""
    batch, (given,) = in_batch(adjoint(a) if upper else a)
    factor = np.tril(given)
    info = np.zeros(len(factor), np.int32)
    _take_root(factor, info, 0)
    factor = factor.reshape(a.shape)
    return column_major(adjoint(factor) if upper else factor), info.reshape(batch)


def _take_root(a, info, first: int) -> None:
    rows = a.shape[1]
    if rows > _WHOLE:
        half = rows // 2
        _take_root(a[:, :half, :half], info, first)
        below = triangular(a[:, :half, :half].conj(), a[:, half:, :half].swapaxes(1, 2), lower=True).swapaxes(1, 2)
        a[:, half:, :half] = below
        a[:, half:, half:] = np.tril(a[:, half:, half:] - _times(below, adjoint(below)))
        _take_root(a[:, half:, half:], info, first + half)
        return
    for k in range(rows):
        pivot = a[:, k, k].real
        info[(info == 0) & ~(pivot > 0)] = first + k + 1
        going = info == 0
        root = np.sqrt(np.where(going, pivot, 1))
        a[going, k, k] = root[going]
        below = np.where(going[:, None], a[:, k + 1 :, k] * (1 / root)[:, None], a[:, k + 1 :, k])
        a[:, k + 1 :, k] = below
        for j in range(k + 1, rows):
            rest = a[:, j:, j]
            found = _fused(-below[:, j - k - 1 :], below[:, j - k - 1, None].conj(), rest)
            rest[...] = np.where(going[:, None], found, rest)
