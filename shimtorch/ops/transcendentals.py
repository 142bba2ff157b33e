"""Exponentials, logarithms, trigonometric functions and roots.

To add one: a ``unary`` row whose computation goes through float64 and is rounded once, as close to torch's
vectorised kernels as NumPy gets. Then add the public name to the package's ``__init__``.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _erf, _errors
from .._layout import is_dense
from .._tensor import wrap
from . import pointwise
from ._define import F16, F32, F64, internal, publish_inplace, unary

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


def _exp2(a):
    return np.exp2(a) if a.dtype.kind == "f" else np.exp(a * _LN_2)


_LN_2 = 0.6931471805599453
exp2 = unary(
    "exp2", through_float64(_exp2), grad_fn="Exp2Backward0",
    says="2 to the power of each element.",
    self=lambda xp, grad, result: xp.mul_scalar(grad * xp.conj(result), _LN_2),
)  # fmt: skip


# --- trigonometric functions --------------------------------------------------------------------------------------

internal("one_less", lambda a: 1 - a, lambda t: pointwise.sub(wrap(np.ones_like(t._a)), t))

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
tan = unary(
    "tan", through_float64(np.tan), grad_fn="TanBackward0",
    says="The tangent of each element, in radians.",
    self=lambda xp, grad, result: grad * xp.conj(xp.add_scalar(xp.pow_scalar(result, 2), 1)),
)  # fmt: skip
asin = unary(
    "asin", through_float64(np.arcsin), grad_fn="AsinBackward0", aliases=("arcsin",),
    says="The angle, in radians, whose sine is each element: nan beyond 1 and -1.",
    self=lambda xp, grad, self: grad * xp.conj(xp.rsqrt(xp.add_scalar(-self * self, 1))),
)  # fmt: skip
acos = unary(
    "acos", through_float64(np.arccos), grad_fn="AcosBackward0", aliases=("arccos",),
    says="The angle, in radians, whose cosine is each element: nan beyond 1 and -1.",
    self=lambda xp, grad, self: grad * -xp.conj(xp.rsqrt(xp.add_scalar(-self * self, 1))),
)  # fmt: skip
atan = unary(
    "atan", through_float64(np.arctan), grad_fn="AtanBackward0", aliases=("arctan",),
    says="The angle, in radians, whose tangent is each element.",
    self=lambda xp, grad, self: grad / xp.conj(xp.add_scalar(self * self, 1)),
)  # fmt: skip


# --- hyperbolic functions -----------------------------------------------------------------------------------------


def _acosh_derivative(xp, grad, self):
    if not xp.is_complex(self):
        return grad * xp.rsqrt(xp.sub_scalar(self * self, 1))
    second = xp.rsqrt(xp.sub_scalar(self, 1))  # torch computes factors from right to left
    return grad * xp.conj(xp.rsqrt(xp.add_scalar(self, 1)) * second)


def _atanh_derivative(xp, grad, self):
    slope = xp.conj(xp.one_less(xp.pow_scalar(self, 2)))
    return xp.mul_scalar(grad, 1) / slope


_log_rounded, _log1p_rounded = through_float64(np.log), through_float64(np.log1p)
_HUGE = {F32: 2.0**15, F64: 2.0**28}  # what is 1 more than its square is its square


@in_float32
def _asinh(a):
    """As the C library computes it, to which torch leaves it; so with ``_acosh``."""
    if a.dtype.kind == "c":
        return np.arcsinh(a)
    size = np.abs(a)
    square, one = size * size, a.dtype.type(1)
    near = _log1p_rounded(size + square / (one + np.sqrt(one + square)))
    far = _log_rounded(size + size + one / (np.sqrt(square + one) + size))
    huge = _log_rounded(size) + a.dtype.type(_LN_2)
    return np.copysign(np.where(size > 2, np.where(size > _HUGE[a.dtype], huge, far), near), a)


@in_float32
def _acosh(a):
    if a.dtype.kind == "c":
        return np.arccosh(a)
    less, one = a - a.dtype.type(1), a.dtype.type(1)
    near = _log1p_rounded(less + np.sqrt(less + less + less * less))
    far = _log_rounded(a + a - one / (a + np.sqrt(a * a - one)))
    huge = _log_rounded(a) + a.dtype.type(_LN_2)
    found = np.where(a > 2, np.where(a >= 2.0**28, huge, far), near)
    return np.where(a < 1, a.dtype.type(math.nan), found)


sinh = unary(
    "sinh", through_float64(np.sinh), grad_fn="SinhBackward0",
    says="The hyperbolic sine of each element.",
    self=lambda xp, grad, self: grad * xp.conj(xp.cosh(self)),
)  # fmt: skip
cosh = unary(
    "cosh", through_float64(np.cosh), grad_fn="CoshBackward0",
    says="The hyperbolic cosine of each element.",
    self=lambda xp, grad, self: grad * xp.conj(xp.sinh(self)),
)  # fmt: skip
tanh = unary(
    "tanh", through_float64(np.tanh), grad_fn="TanhBackward0",
    says="The hyperbolic tangent of each element.",
    self=lambda xp, grad, result: xp.tanh_backward(grad, result),
)  # fmt: skip
asinh = unary(
    "asinh", _asinh, grad_fn="AsinhBackward0", aliases=("arcsinh",),
    says="The number whose hyperbolic sine is each element.",
    self=lambda xp, grad, self: grad * xp.conj(xp.rsqrt(xp.add_scalar(xp.pow_scalar(self, 2), 1))),
)  # fmt: skip
acosh = unary(
    "acosh", _acosh, grad_fn="AcoshBackward0", aliases=("arccosh",),
    says="The number, not negative, whose hyperbolic cosine is each element: nan below 1.",
    self=_acosh_derivative,
)  # fmt: skip
atanh = unary(
    "atanh", through_float64(np.arctanh), grad_fn="AtanhBackward0", aliases=("arctanh",),
    says="The number whose hyperbolic tangent is each element: inf and -inf at 1 and -1, nan beyond.",
    self=_atanh_derivative,
)  # fmt: skip


def _final_in_place(name: str, function, grad_fn: str) -> None:
    """The in-place form, of which torch has no derivative: only a pass through it is an error."""

    def refuse(xp, grad):
        raise NotImplementedError(f"the derivative for 'inplace version of {name}' is not implemented.")

    row = unary(f"_{name}", function, grad_fn=grad_fn, says="", methods=(), self=refuse)
    for method in (name, f"arc{name[1:]}"):
        publish_inplace(method, "unary", row.__wrapped__)


_final_in_place("asinh", _asinh, "AsinhBackward1")
_final_in_place("acosh", _acosh, "AcoshBackward1")
_final_in_place("atanh", through_float64(np.arctanh), "AtanhBackward1")


# --- roots --------------------------------------------------------------------------------------------------------


sqrt = unary(
    "sqrt", in_float32(np.sqrt), grad_fn="SqrtBackward0",
    says="The square root of each element: nan below 0.",
    self=lambda xp, grad, result: grad / xp.mul_scalar(xp.conj(result), 2),
)  # fmt: skip


def _rsqrt_derivative(xp, grad, result):
    cube = xp.conj(xp.pow_scalar(result, 3))  # torch computes factors from right to left
    return xp.mul_scalar(grad, -0.5) * cube


_LANES = 32  # of float16 in the registers that torch fills


def _rsqrt(a):
    if a.dtype is not F16:
        return 1 / np.sqrt(a)
    root = np.sqrt(a.astype(F32))
    flat = np.lib.stride_tricks.as_strided(root, (root.size,), (root.itemsize,))
    tail = flat[root.size - root.size % _LANES if is_dense(a) else 0 :]
    tail[...] = tail.astype(F16)  # what fills no register is rounded on the way
    return (1 / root).astype(F16)


rsqrt = unary(
    "rsqrt", _rsqrt, grad_fn="RsqrtBackward0",
    says="One divided by the square root of each element: inf at 0, nan below.",
    self=_rsqrt_derivative,
)  # fmt: skip


# --- degrees ------------------------------------------------------------------------------------------------------


def _scaled_by(name: str, factor: float):
    """Multiplication of real numbers with ``factor``."""

    def compute(a):
        if a.dtype.kind == "c":
            raise _errors.first(RuntimeError(f"{name} is not supported for complex tensors."))
        return a * a.dtype.type(factor)

    return in_float32(compute)


_PER_DEGREE, _PER_RADIAN = 0.017453292519943295, 57.29577951308232
deg2rad = unary(
    "deg2rad", _scaled_by("deg2rad", _PER_DEGREE), grad_fn="Deg2RadBackward0",
    says="Angles in degrees, in radians. RuntimeError for complex numbers.",
    self=lambda xp, grad: xp.mul_scalar(grad, _PER_DEGREE),
)  # fmt: skip
rad2deg = unary(
    "rad2deg", _scaled_by("rad2deg", _PER_RADIAN), grad_fn="Rad2DegBackward0",
    says="Angles in radians, in degrees. RuntimeError for complex numbers.",
    self=lambda xp, grad: xp.mul_scalar(grad, _PER_RADIAN),
)  # fmt: skip


# --- the error function -------------------------------------------------------------------------------------------


def _of_reals(name: str, function, of_half=None):
    through = through_float64(function)

    def compute(a):
        if a.dtype.kind == "c":
            raise _errors.not_implemented(f"{name}_vml_cpu", wrap(a))
        if a.dtype is F16 and of_half is not None:
            return of_half(a.astype(F32)).astype(F16)
        return through(a)

    return compute


_GAUSS = 2.0 / math.sqrt(math.pi)
erf = unary(
    "erf", _of_reals("erf", _erf.erf, _erf.coarse_erf), grad_fn="ErfBackward0",
    says="The error function of each element. NotImplementedError for complex numbers.",
    self=lambda xp, grad, self: xp.mul_scalar(xp.exp(-xp.pow_scalar(self, 2)), _GAUSS) * grad,
)  # fmt: skip
erfc = unary(
    "erfc", _of_reals("erfc", _erf.erfc), grad_fn="ErfcBackward0",
    says="``1 - erf(input)``, exact also where that is tiny. NotImplementedError for complex numbers.",
    self=lambda xp, grad, self: xp.mul_scalar(xp.exp(-xp.pow_scalar(self, 2)), -_GAUSS) * grad,
)  # fmt: skip
