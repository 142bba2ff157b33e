"""Sums in the order in which torch's CPU kernels add, so that float32 and float64 sums are the same to the bit.

Along memory torch adds vectors of several numbers, four at a time; across memory it adds rows, for what is left over
again four at a time; long sums go through levels, of which each starts anew after some steps. Here: ``along`` and
``across``. Of arrays with gaps, and for kinds of folding that mix the two, NumPy's own order is taken.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._define import F16, F32, F64, ZERO

_add: Any = np.add.reduce
_accumulate: Any = np.add.accumulate
_or: Any = np.logical_or.reduce

# Numbers of a dtype in one vector.
_LANES = {F32: 8, F64: 4, np.dtype("complex64"): 4, np.dtype("complex128"): 2}
# So many terms everybody adds one by one.
_ANY_ORDER = 4
# Up to so many terms, adding one by one stays within torch's own error.
_FEW = 64


def _short_orders(lanes: int) -> list:
    """For each number of elements below two vectors, the order in which they are added one by one, or None."""
    orders: list = [None] * (2 * lanes)
    for count in range(2 * lanes):
        if 4 < count < lanes:
            orders[count] = np.array([0, *range(4, count), 1, 2, 3])
        elif count > lanes:
            orders[count] = np.array([*range(lanes, count), *range(lanes)])
    return orders


_SHORT = {F32: _short_orders(8), F64: _short_orders(4)}


def add_up(a, axes, keepdim: bool):
    """The sum over ``axes`` (None: all) in the array's own dtype; float16 in single precision, bools by "or"."""
    kind = a.dtype
    if kind is F32 or kind is F64:
        if axes is None:
            if a.size <= _ANY_ORDER and not keepdim and a.flags.c_contiguous:
                return _add(a, None)
        elif len(axes) == 1 and a.shape[axes[0]] <= _ANY_ORDER:
            return _add(a, axis=axes, keepdims=True) if keepdim else _add(a, axes)
    if kind is F16:
        return add_up(a.astype(F32), axes, keepdim).astype(F16)
    if kind.kind == "b":
        return _or(a, axis=axes, keepdims=keepdim)
    if kind.kind in "iu":  # which NumPy would widen
        return _add(a, axis=axes, keepdims=keepdim, dtype=kind)
    if not a.ndim or not a.size or axes == ():
        return _add(a, axis=axes, keepdims=keepdim)
    folded = tuple(range(a.ndim)) if axes is None else axes
    total = _in_order(a, folded)
    if total is None:
        return _along_memory(a, axes, keepdim)
    return total.reshape([1 if d in folded else n for d, n in enumerate(a.shape)]) if keepdim else total


def _in_order(a, folded):
    """The sum without the ``folded`` dims, or None where only NumPy's order is to be had."""
    shape = a.shape
    if a.flags.c_contiguous:
        if a.ndim == 2 and folded == (1,):
            return along(a, _LANES[a.dtype])
    else:
        moved = in_memory_order(a, folded)
        if moved is None:
            return None
        total = _in_order(*moved[:2])
        return None if total is None else total.transpose(moved[2])
    lead, last, count = folded[0], folded[-1], len(folded)
    if last - lead + 1 != count:
        return None
    kept = shape[:lead] + shape[last + 1 :]
    terms = math.prod(shape[lead : last + 1])
    inner = math.prod(shape[last + 1 :])
    lanes = _LANES[a.dtype]
    if inner == 1:
        return along(a.reshape(-1, terms), lanes).reshape(kept)
    return across(a.reshape(-1, terms, inner), lanes).reshape(kept)


def in_memory_order(a, folded):
    """``a`` with its dims as they lie in memory, which of them are folded, and the order that brings the rest back.

    None where there are gaps.
    """
    order = sorted(range(a.ndim), key=lambda d: -a.strides[d])
    dense = a.transpose(order)
    if not dense.flags.c_contiguous:
        return None
    kept = [d for d in order if d not in folded]
    return dense, tuple(sorted([order.index(d) for d in folded])), [kept.index(d) for d in sorted(kept)]


def along(rows, lanes: int):
    """The sums of rows that lie in memory one after the other."""
    count = rows.shape[1]
    orders = _SHORT.get(rows.dtype)
    if orders is not None and count < len(orders):
        order = orders[count]
        return _one_by_one(rows if order is None else rows[:, order])
    if count < lanes:
        return _four_at_a_time(rows)
    vectors, whole = count // lanes, count - count % lanes
    parts = _four_at_a_time(rows[:, :whole].reshape(-1, vectors, lanes))
    if whole < count:
        parts = np.concatenate([rows[:, whole:], parts], 1)
    return _one_by_one(parts)


def across(blocks, lanes: int):
    """The sums over the middle of three dims, of which the last has several elements."""
    width = blocks.shape[2]
    step = 4 * lanes if width >= lanes else 4
    whole = width - width % step
    if not whole:
        return _four_at_a_time(blocks)
    total = _in_levels(blocks[:, :, :whole])
    return np.concatenate([total, _four_at_a_time(blocks[:, :, whole:])], 1) if whole < width else total


def _four_at_a_time(x):
    """The sums over the second dim: four of them side by side, which are added in the end."""
    rows, count, inner = len(x), x.shape[1], x.shape[2:]
    by_four = count // 4
    if not by_four:
        return _one_by_one(x)
    four = _in_levels(x[:, : 4 * by_four].reshape(rows, by_four, -1)).reshape(rows, 4, *inner)
    total = four[:, 0]
    for d in range(4 * by_four, count):
        total = total + x[:, d]
    return total + four[:, 1] + four[:, 2] + four[:, 3]


def _in_levels(x):
    """The sums over the second of three dims, one by one; every so many steps go to the next of four levels."""
    rows, count, width = x.shape
    power = max(4, (count - 1).bit_length() // 4)
    if count < 1 << power:
        return _one_by_one(x)
    total = None
    for level in range(4):
        whole = count >> power << power if level < 3 else 0
        if whole < count:
            part = _one_by_one(x[:, whole:])
            total = part if total is None else total + part
        if not whole:
            break
        x, count = _one_by_one(x[:, :whole].reshape(rows, whole >> power, 1 << power, width), 2), whole >> power
    return total


def _one_by_one(x, axis: int = 1):
    """The sums over a dim, each element added to the sum of those before it, from 0 on."""
    if x.shape[axis] < 3 or (x.ndim > axis + 1 and math.prod(x.shape[axis + 1 :]) > 1):
        return _add(x, axis)  # NumPy adds row by row
    return _accumulate(x, axis).take(-1, axis) + ZERO[x.dtype]


def _along_memory(a, axes, keepdim: bool):
    folded = tuple(range(a.ndim)) if axes is None else axes
    kept = [d for d in range(a.ndim) if d not in folded]
    count = math.prod(a.shape[d] for d in folded)
    if count <= _FEW:
        return _add(a, axis=axes, keepdims=keepdim)
    rows = np.ascontiguousarray(a.transpose(*kept, *folded)).reshape(*(a.shape[d] for d in kept), count)
    total = _add(rows, -1)
    return np.expand_dims(total, folded) if keepdim else total


def add_all(a):
    """The sum of a float32 or float64 array that is contiguous and has elements, as a 0-d array."""
    flat = a if a.ndim == 1 else a.reshape(-1)
    orders = _SHORT[a.dtype]
    count = a.size
    if count >= len(orders):
        return along(flat.reshape(1, count), len(orders) // 2).reshape(())
    order = orders[count]
    total = _accumulate(flat if order is None else flat[order])[-1, ...]
    return total if total else total + ZERO[a.dtype]  # torch adds to 0.0, so that no -0.0 is left


# --- in the order of torch's plain loops --------------------------------------------------------------------------


def columns_of(a, folded, count: int):
    """The elements as an array (count, results), each column in the order in which torch's kernels meet them."""
    kept = [d for d in range(a.ndim) if d not in folded]
    order = sorted(folded, key=lambda d: -abs(a.strides[d]))
    return a.transpose(*order, *kept).reshape(count, -1)


def one_by_one(ufunc, columns):
    """``ufunc`` down each column, every element taken to the result of those before it."""
    if columns.shape[1] > 1 and columns.flags.c_contiguous and columns.dtype is not F16:
        return ufunc.reduce(columns, 0, columns.dtype)
    return ufunc.accumulate(columns, 0, columns.dtype)[-1]
