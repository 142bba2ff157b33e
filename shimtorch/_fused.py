"""``a * b + c`` rounded once, which processors compute in one instruction and NumPy does not offer."""

from __future__ import annotations

from math import isfinite

import numpy as np

_SPLITTER = 134217729.0  # 2**27 + 1: cuts a float64 into two halves whose products are exact


_TINY = 2.0**-960  # no error can be computed of a smaller product; a sum of zeros keeps its sign


def multiply_add_64(a, b, c):
    """``a * b + c`` rounded once to float64: the product's error is computed with halves of the factors (Dekker).

    Floats, or float64 arrays that broadcast.
    """
    product = a * b
    wide = a * _SPLITTER
    a_high = wide - (wide - a)
    wide = b * _SPLITTER
    b_high = wide - (wide - b)
    a_low, b_low = a - a_high, b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    back = total - product
    exact = total + _odd_sum((product - (total - back)) + (c - back), error)
    if type(total) is float:
        return float(exact) if isfinite(exact) and abs(product) > _TINY else total
    return np.where(np.isfinite(exact) & (np.abs(product) > _TINY), exact, total)


def _odd_sum(a, b):
    """``a + b``, made odd in its last bit if it was rounded, so that rounding a sum with it takes no half for exact."""
    total = a + b
    back = total - a
    lost = (a - (total - back)) + (b - back)
    if not np.any(lost):
        return total
    bits = np.asarray(total).view(np.int64)
    outwards = np.where((lost > 0) == (total > 0), 1, -1)
    return (bits + np.where((bits & 1 == 0) & (lost != 0), outwards, 0)).view(np.float64)


def multiply_add_32(a: np.ndarray, b, c) -> np.ndarray:
    """``a * b + c`` rounded once to float32: a float32 array, a float32 number, and a number or array of them.

    The product is exact in float64. A sum that was rounded there is made odd in its last bit, so that rounding it again
    to float32 takes no half for exact.
    """
    product = a.astype(np.float64)
    product *= np.float64(b)
    total = product + c
    bits = total.view(np.int64)
    dropped = bits & _DROPPED
    if (dropped == _HALF).any():  # some sum lies halfway between two float32, or has become the half by rounding
        c = np.asarray(c, np.float64)
        back = total - product
        error = (product - (total - back)) + (c - back)
        if error.any():
            even = (bits & 1) == 0
            outwards = (error > 0) == (total > 0)
            bits += np.where(even & (error != 0) & np.isfinite(error), np.where(outwards, 1, -1), 0)
    return total.astype(np.float32)


# The bits that float32 does not keep of a float64, and what they are for the half.
_DROPPED, _HALF = np.array((1 << 29) - 1), np.array(1 << 28)


def multiply_add(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """``a * b + c`` of arrays of one dtype, as torch's kernels compute it: floats are rounded once, others twice."""
    kind = a.dtype.char
    if kind == "f":
        product = np.multiply(a, b, dtype=np.float64)
        if product.ndim or c.ndim:
            return multiply_add_32(np.atleast_1d(product), 1, c)
        return np.asarray(multiply_add_32(product[None], 1, c)[0])
    if kind == "d":
        return np.asarray(multiply_add_64(a, b, c))
    if kind == "e":
        return multiply_add(*[array.astype(np.float32) for array in (a, b, c)]).astype(np.float16)
    return np.asarray(a * b + c)
