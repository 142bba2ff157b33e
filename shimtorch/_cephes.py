"""The Box-Muller transform of 24-bit uniforms, bit for bit as PyTorch's vectorised code does it in float32.

That code evaluates the polynomials of the Cephes library (``logf``, ``sinf``, ``cosf``) with fused multiply-adds.
NumPy has none. But the product of two float32 is exact in float64, and adding a float32 and rounding back to
float32 gives the fused result unless the sum, already rounded once, lies halfway between two float32. This never
happens here: an argument is one of 2**24 integers, and all of them were compared with PyTorch, for ``radius`` and
for ``direction``. What is not fused there is computed in float32, so the order of operations below matters.
"""

from __future__ import annotations

import math

import numpy as np


# Zero-dimensional arrays: a ufunc takes them faster than Python numbers, and keeps their dtype.
def _int(value: int) -> np.ndarray:
    return np.array(value, np.int32)


def _single(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def _double(value: float) -> np.ndarray:
    return np.array(np.float32(value), np.float64)


_RESOLUTION = _int(1 << 24)
_SQRT_HALF_BITS = _int(int(_single(math.sqrt(0.5)).view(np.int32)))
_MANTISSA_SIZE = _int(23)
_SCALE = _int(24)
_HALF, _ONE, _MINUS_TWO = _single(0.5), _single(1.0), _single(-2.0)
_MINUS_HALF = _double(-0.5)

_LOG = tuple(
    map(
        _double,
        (
            7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
            -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
        ),
    )
)  # fmt: skip
_LN2_LOW, _LN2_HIGH = _single(-2.12194440e-4), _single(0.693359375)

_SIN = tuple(map(_double, (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)))
_COS = tuple(map(_double, (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)))

_ANGLE_UNIT = _single(2 * math.pi * 2.0**-24)
_HALF_QUARTER, _QUARTER_SIZE = _int(1 << 21), _int(22)
# pi/2 as the three float32 that Cephes subtracts one after the other; no rounding occurs before the last.
_QUARTER = np.array(
    2 * sum(float(np.float32(part)) for part in (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8))
)
_TURNS = np.array([1, 1j, -1, -1j, 1], np.complex64)


def radius(k: np.ndarray) -> np.ndarray:
    """float32 sqrt(-2 log(1 - u)) for u = k / 2**24; ``k`` is int32 in [0, 2**24), of one dimension."""
    bits = (_RESOLUTION - k).astype(np.float32).view(np.int32)
    power = bits - _SQRT_HALF_BITS
    power >>= _MANTISSA_SIZE
    bits -= power << _MANTISSA_SIZE
    x = bits.view(np.float32)  # the mantissa, between sqrt(1/2) and sqrt(2), less 1
    x -= _ONE
    power -= _SCALE
    exponent = power.astype(np.float32)

    wide = x.astype(np.float64)
    square = x * x
    y = np.empty_like(x)
    total = wide * _LOG[0]
    total += _LOG[1]
    for coefficient in _LOG[2:]:
        y[...] = total
        total[...] = y
        total *= wide
        total += coefficient
    y[...] = total
    y *= x
    total[...] = y
    wide[...] = square
    total *= wide
    wide[...] = exponent * _LN2_LOW
    total += wide
    y[...] = total
    square *= _HALF
    y -= square
    y += x
    exponent *= _LN2_HIGH
    y += exponent
    y *= _MINUS_TWO
    return np.sqrt(y, y)


def direction(k: np.ndarray) -> np.ndarray:
    """complex64 cos(a) + i sin(a) for a = 2 pi k / 2**24; ``k`` is int32 in [0, 2**24), of one dimension."""
    quarter = k + _HALF_QUARTER
    quarter >>= _QUARTER_SIZE
    x = k.astype(np.float32)
    x *= _ANGLE_UNIT
    wide = x.astype(np.float64)
    total = quarter.astype(np.float64)
    total *= _QUARTER
    wide -= total
    x[...] = wide
    wide[...] = x
    x *= x
    square = x.astype(np.float64)
    y = np.empty_like(x)
    found = np.empty(k.shape, np.complex64)

    np.multiply(square, _SIN[0], total)
    total += _SIN[1]
    y[...] = total
    total[...] = y
    total *= square
    total += _SIN[2]
    y[...] = total
    y *= x
    total[...] = y
    total *= wide
    total += wide
    found.imag = total

    np.multiply(square, _COS[0], total)
    total += _COS[1]
    y[...] = total
    total[...] = y
    total *= square
    total += _COS[2]
    y[...] = total
    y *= x
    total[...] = y
    total *= square
    square *= _MINUS_HALF
    total += square
    y[...] = total
    y += _ONE
    found.real = y

    found *= _TURNS.take(quarter)
    return found
