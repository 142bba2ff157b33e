"""Functions of two tensors, element by element: angles, signs, extrema without nan, logarithms.

To add one: a ``binary`` row; ``forward=of_tensors`` for what torch does not offer with a number as an operand.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._fused import multiply_add
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ..autograd.nodes import extra_of
from ._define import (
    F32,
    F64,
    SCALARS,
    alias,
    as_operand,
    binary,
    binary_core,
    internal,
    publish_inplace,
    record,
    recording,
    refuse_kinds,
)
from .pointwise import _against, _div_trunc, _refuse_zero, _trunc_quotient
from .powers import _pow_of_scalar, _power_of_arrays
from .transcendentals import in_float32, through_float64


def of_tensors(core):
    """``core``, which takes no number for its second operand."""

    def forward(input, other):
        return core(input, other) if isinstance(other, Tensor) else NotImplemented

    return forward


def pair_through_float64(function):
    """``function`` of two arrays computed in float64 and rounded once."""

    def compute(a, b):
        if a.dtype is F64:
            return function(a, b)
        r = function(a.astype(F64), b.astype(F64)).astype(F32)
        return r if a.dtype is F32 else r.astype(a.dtype)

    return compute


# --- angles and lengths -------------------------------------------------------------------------------------------


def _angle_gradients(xp, grad, wanted, self, other):
    theirs = other * other  # torch computes terms from right to left
    squared = self * self + theirs
    reciprocal = xp.masked_zero(xp.reciprocal(squared), squared == 0)
    return (
        grad * other * reciprocal if wanted[0] else None,
        grad * -self * reciprocal if wanted[1] else None,
    )


atan2 = binary(
    "atan2", pair_through_float64(np.arctan2), grad_fn="Atan2Backward0", to_float=True, forward=of_tensors,
    says="The angle of the point (``other``, ``input``), between -pi and pi.", aliases=("arctan2",),
    check=refuse_kinds("atan2_cpu", "c"), direct="f", joint=_angle_gradients,
)  # fmt: skip
arctan2 = alias(atan2, "arctan2")
hypot = binary(
    "hypot", pair_through_float64(np.hypot), grad_fn="HypotBackward0", forward=of_tensors,
    says="The length of the hypotenuse over two legs. NotImplementedError for integers and complex numbers.",
    direct="f", check=refuse_kinds("hypot_cpu", "b", "i", "u", "c"),
    self=lambda xp, grad, self, result: grad * self / result,
    other=lambda xp, grad, other, result: grad * other / result,
)  # fmt: skip


# --- signs and remainders -----------------------------------------------------------------------------------------


copysign = binary(
    "copysign", np.copysign, grad_fn=("CopysignBackward0", "CopysignBackward1"), to_float=True,
    says="The size of ``input`` with the sign of ``other``; integers become the default dtype.",
    direct="f", check=refuse_kinds("copysign_cpu", "c"),
    self=lambda xp, grad, self, result: grad * xp.masked_zero(result / self, self == 0),
    other=lambda xp, grad: xp.zeros_like(grad),
)  # fmt: skip


def _c_remainder(a, b):
    _refuse_zero(a, b)
    return np.fmod(a, b)


internal("div_trunc", lambda a, b: np.asarray(_trunc_quotient(np.asarray(a), np.asarray(b))), _div_trunc)
fmod = binary(
    "fmod", _c_remainder, grad_fn=("FmodBackward1", "FmodBackward0"),
    says="The remainder of division, with the sign of ``input``. RuntimeError for an integer division by zero.",
    direct="iuf", check=refuse_kinds("fmod_cpu", "b", "c"),
    self=lambda xp, grad: grad,
    other=lambda xp, grad, self, other: _against(grad, xp.div_trunc(self, other)),
)  # fmt: skip


# --- extrema that leave out nan -----------------------------------------------------------------------------------


def _refuse_complex(name: str):
    def refuse(input, other):
        if "c" in (input._a.dtype.kind, other._a.dtype.kind):
            raise _errors.first(RuntimeError(f"{name} not implemented for complex tensors."))

    return refuse


internal("is_nan", np.isnan, lambda t: wrap(np.asarray(np.isnan(t._a))))


def _extremum(name: str, ufunc, grad_fn: str, wins):
    return binary(
        name, ufunc, grad_fn=grad_fn, inplace=False, forward=of_tensors,
        says=f"The {name[1:]}imum of two tensors, element by element; a number wins over nan.",
        direct="biuf", check=_refuse_complex(name),
        self=lambda xp, grad, self, other: xp.masked_zero(grad, ~(wins(self, other) | xp.is_nan(other))),
        other=lambda xp, grad, self, other: xp.masked_zero(grad, wins(self, other) | xp.is_nan(other)),
    )  # fmt: skip


fmax = _extremum("fmax", np.fmax, "FmaxBackward0", lambda a, b: a >= b)
fmin = _extremum("fmin", np.fmin, "FminBackward0", lambda a, b: a <= b)


# --- logarithms ---------------------------------------------------------------------------------------------------

_exp, _log1p, _exp2, _log = (through_float64(f) for f in (np.exp, np.log1p, np.exp2, np.log))
_INVERSE_LOG_2 = 1.4426950408889634


@in_float32
def _log_of_sum(a, b):
    if a.dtype.kind == "c":
        return _log_of_complex_sum(a, b)
    top = np.maximum(a, b)
    return np.where(np.isinf(a) & (a == b), a, top + _log1p(_exp(-np.abs(a - b))))


def _log_of_complex_sum(a, b):
    first = (a.real < b.real) | np.isnan(a)
    first &= ~np.isnan(b)
    low, high = np.where(first, a, b), np.where(first, b, a)
    usual = np.log1p(np.exp(low - high)) + high
    equal = ~np.isfinite(low.real) & (low.real == high.real)
    result = np.where(equal, np.where(low.real < 0, low, np.log(np.exp(low) + np.exp(high))), usual)
    return np.where(np.isnan(low), a.dtype.type(complex(np.nan, np.nan)), result).astype(a.dtype)


@in_float32
def _log2_of_sum(a, b):
    top = np.maximum(a, b)
    grown = multiply_add(_log1p(_exp2(-np.abs(a - b))), np.asarray(_INVERSE_LOG_2, a.dtype), top)
    return np.where(np.isinf(a) & (a == b), a, grown)


def _powers_of_two(exponent):
    return np.asarray(_power_of_arrays(np.asarray(2, exponent.dtype), exponent))


internal("powers_of_two", _powers_of_two, lambda exponent: _pow_of_scalar(2, exponent))


def _share(xp, grad, mine, theirs):
    return grad / xp.conj(xp.add_scalar(xp.exp(theirs - mine), 1))


def _share_of_two(xp, grad, mine, theirs):
    return grad / xp.add_scalar(xp.powers_of_two(theirs - mine), 1)


logaddexp = binary(
    "logaddexp", _log_of_sum, grad_fn="LogaddexpBackward0", forward=of_tensors, inplace=False,
    says="The logarithm of the sum of two exponentials. NotImplementedError for integers.",
    direct="fc", check=refuse_kinds("logaddexp_cpu", "b", "i", "u"),
    self=lambda xp, grad, self, other: _share(xp, grad, self, other),
    other=lambda xp, grad, self, other: _share(xp, grad, other, self),
)  # fmt: skip
logaddexp2 = binary(
    "logaddexp2", _log2_of_sum, grad_fn="Logaddexp2Backward0", forward=of_tensors, inplace=False,
    says="The logarithm to base 2 of the sum of two powers of 2. NotImplementedError for integers and complex numbers.",
    direct="f", check=refuse_kinds("logaddexp2_cpu", "b", "i", "u", "c"),
    self=lambda xp, grad, self, other: _share_of_two(xp, grad, self, other),
    other=lambda xp, grad, self, other: _share_of_two(xp, grad, other, self),
)  # fmt: skip


# --- x * log(y) ---------------------------------------------------------------------------------------------------


def _x_log_y(a, b):  # float16 is rounded after each of the two, as in torch
    return np.where(np.isnan(b), b, np.where(a == 0, np.zeros((), a.dtype), a * _log(b)))


def _of_number(xp, grad, self, other):
    """The gradient of ``xlogy(self, number)``."""
    scaled = xp.xlogy(grad, other)
    return scaled if other > 0 else xp.masked_zero(scaled, self == 0)


_XlogyBackward1 = node_class(
    "XlogyBackward1", ("other",), saved=("other",), fixed=("self",),
    derivatives={"other": lambda xp, grad, other, self: xp.mul_scalar(grad, self) / other},
)  # fmt: skip
_XlogyBackward2 = node_class(
    "XlogyBackward2", ("self",), {"self": _of_number}, saved=("self",), fixed=("other",)
)  # fmt: skip


def _with_numbers(core):
    def forward(input, other):
        if isinstance(input, Tensor) and isinstance(other, Tensor):
            return core(input, other)
        if isinstance(other, SCALARS) and isinstance(input, Tensor):
            out, tensor, cls, number = core(input.detach(), other), input, _XlogyBackward2, other
        elif isinstance(input, SCALARS) and isinstance(other, Tensor):
            out, tensor, cls, number = core(as_operand(input, other), other.detach()), other, _XlogyBackward1, input
        else:
            return NotImplemented
        if recording(tensor):
            record(out, cls, (tensor,), (tensor,), (number,))
            if out._a.dtype is not tensor._a.dtype:
                extra_of(out._node).operands = ((tensor._a.shape, tensor._a.dtype),)
        return out

    return forward


xlogy = binary(
    "xlogy", _x_log_y, grad_fn="XlogyBackward0", to_float=True, forward=_with_numbers,
    says="``input * log(other)``, 0 where ``input`` is 0; integers become the default dtype.",
    direct="f", check=refuse_kinds("xlogy_cpu", "c"),
    self=lambda xp, grad, self, other: xp.masked_zero(xp.xlogy(grad, other), (self == 0) & (other <= 0)),
    other=lambda xp, grad, self, other: grad * self / other,
)  # fmt: skip
internal("xlogy", lambda a, b: _x_log_y(a, np.asarray(b, a.dtype)), xlogy.__wrapped__)


# --- steps --------------------------------------------------------------------------------------------------------


def _same_real_dtype(core):
    def forward(input, values):
        a, b = input._a, values._a
        if "c" in (a.dtype.kind, b.dtype.kind):
            raise _errors.first(RuntimeError("heaviside is not yet implemented for complex tensors."))
        if a.dtype is not b.dtype:
            raise _errors.first(RuntimeError("heaviside is not yet implemented for tensors with different dtypes."))
        return core(input, values)

    return forward


def _step(a, b):
    return np.where(a == 0, b, np.greater(a, 0).astype(a.dtype))


heaviside = binary(
    "heaviside", _step, undefined="heaviside", forward=_same_real_dtype, inplace=False,
    says="0 below 0, 1 above, and what ``values`` has where ``input`` is 0. RuntimeError for unlike dtypes.",
)  # fmt: skip
publish_inplace("heaviside", "binary", _same_real_dtype(binary_core(_step, undefined="heaviside_")))
