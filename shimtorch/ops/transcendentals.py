"""Exponentials, logarithms, trigonometric functions and roots.

To add one: a ``unary`` row whose computation goes through float64 and is rounded once, as close to torch's
vectorised kernels as NumPy gets. Then add the public name to the package's ``__init__``.
"""

from __future__ import annotations

import numpy as np

from ._define import F16, F32, F64, unary

_BLOCK = 1 << 15


def through_float64(function):
    """``function`` computed in float64 and rounded once, as close to torch's vectorised kernels as NumPy gets."""

    def compute(a):
        kind = a.dtype
        if kind is F32:
            if a.size <= _BLOCK or not a.flags.c_contiguous:
                return function(a.astype(F64)).astype(F32)
            out = np.empty_like(a)
            flat, target = a.reshape(-1), out.reshape(-1)
            for start in range(0, a.size, _BLOCK):
                stop = start + _BLOCK
                target[start:stop] = function(flat[start:stop].astype(F64))
            return out
        if kind is F16:
            return function(a.astype(F64)).astype(F32).astype(F16)
        return function(a)

    return compute


def in_float32(function):
    """``function`` computed in float32 for float16, as torch does."""

    def compute(a, *rest):
        if a.dtype is F16:
            return function(a.astype(F32), *(r.astype(F32) for r in rest)).astype(F16)
        return function(a, *rest)

    return compute


def _log1p(a):
    """Also of complex numbers near 0, whose modulus would lose its digits in ``1 + a``."""
    if a.dtype.kind != "c":
        return np.log1p(a)
    x, y = a.real, a.imag
    squared = x * (x + 2) + y * y  # of the modulus of 1 + a, less 1
    small = np.where(squared == 0, x, np.log1p(squared) / 2)
    out = np.empty_like(a)
    out.real = np.where(np.abs(a) < 0.5, small, np.log(np.hypot(x + 1, y)))
    out.imag = np.arctan2(y, x + 1)
    return out


# --- exponentials and logarithms ----------------------------------------------------------------------------------


exp = unary(
    "exp", through_float64(np.exp), grad_fn="ExpBackward0",
    says="e to the power of each element.",
    self=lambda xp, grad, result: grad * xp.conj(result),
)  # fmt: skip
log = unary(
    "log", through_float64(np.log), grad_fn="LogBackward0",
    says="The natural logarithm of each element: -inf at 0, nan below.",
    self=lambda xp, grad, self: grad / xp.conj(self),
)  # fmt: skip
expm1 = unary(
    "expm1", through_float64(np.expm1), grad_fn="Expm1Backward0",
    says="``exp(input) - 1``, exact also near 0.",
    self=lambda xp, grad, result: grad * xp.add_scalar(xp.conj(result), 1),
)  # fmt: skip
log1p = unary(
    "log1p", through_float64(_log1p), grad_fn="Log1PBackward0",
    says="``log(1 + input)``, exact also near 0: -inf at -1, nan below.",
    self=lambda xp, grad, self: grad / xp.conj(xp.add_scalar(self, 1)),
)  # fmt: skip
log2 = unary(
    "log2", through_float64(np.log2), grad_fn="Log2Backward0",
    says="The logarithm of each element to base 2: -inf at 0, nan below.",
    self=lambda xp, grad, self: grad / xp.mul_scalar(xp.conj(self), 0.6931471805599453),
)  # fmt: skip
log10 = unary(
    "log10", through_float64(np.log10), grad_fn="Log10Backward0",
    says="The logarithm of each element to base 10: -inf at 0, nan below.",
    self=lambda xp, grad, self: grad / xp.mul_scalar(xp.conj(self), 2.3025850929940456),
)  # fmt: skip


# --- trigonometric and hyperbolic functions -----------------------------------------------------------------------


sin = unary(
    "sin", through_float64(np.sin), grad_fn="SinBackward0",
    says="The sine of each element, in radians.",
    self=lambda xp, grad, self: grad * xp.conj(xp.cos(self)),
)  # fmt: skip
cos = unary(
    "cos", through_float64(np.cos), grad_fn="CosBackward0",
    says="The cosine of each element, in radians.",
    self=lambda xp, grad, self: grad * -xp.conj(xp.sin(self)),
)  # fmt: skip
tanh = unary(
    "tanh", through_float64(np.tanh), grad_fn="TanhBackward0",
    says="The hyperbolic tangent of each element.",
    self=lambda xp, grad, result: xp.tanh_backward(grad, result),
)  # fmt: skip


# --- roots --------------------------------------------------------------------------------------------------------


sqrt = unary(
    "sqrt", in_float32(np.sqrt), grad_fn="SqrtBackward0",
    says="The square root of each element: nan below 0.",
    self=lambda xp, grad, result: grad / xp.mul_scalar(xp.conj(result), 2),
)  # fmt: skip
