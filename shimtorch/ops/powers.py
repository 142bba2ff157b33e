"""``pow`` in its three forms: tensor to a number, number to a tensor, tensor to a tensor.

torch computes small exponents by multiplication; each form has a node of its own.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _dtypes, _errors
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ..autograd.nodes import extra_of
from ._define import (
    F16,
    F32,
    F64,
    SCALARS,
    binary_core,
    fill_array,
    internal,
    publish,
    publish_inplace,
    quietly,
    record,
    recording,
    scalar_array,
)


def _power(a, b):
    if a.dtype.kind == "b":
        _errors.require_broadcast(a.shape, b.shape)
        raise _errors.not_implemented("pow", wrap(np.asarray(a)))
    if a.dtype.kind in "iu":
        return np.power(a, b) if (b >= 0).all() else _integer_power(a, b)
    if a.dtype is F32:
        return np.power(a.astype(F64), b.astype(F64)).astype(F32)
    if a.dtype is F16:
        return np.power(a.astype(F64), b.astype(F64)).astype(F32).astype(F16)
    r = np.power(a, b)
    # torch computes exp(b * log(a)), which is not a number for 0 ** 0 and inf ** 0.
    return (
        np.where((b == 0) & ((a == 0) | np.isinf(a)), r.dtype.type(complex(math.nan, math.nan)), r)
        if r.dtype.kind == "c"
        else r
    )


def _integer_power(a, b):
    """Exponents below zero leave 1 for 1, ±1 for -1 and 0 for the rest, as in torch's integer kernel."""
    negative = np.where(a == 1, 1, np.where(a == -1, np.where(b % 2 == 0, 1, -1), 0)).astype(a.dtype)
    return np.where(b < 0, negative, np.power(a, np.where(b < 0, 0, b)))


def _power_scalar(a, exponent):
    if a.dtype is F16:
        return _power_scalar(a.astype(F32), F16.type(exponent).item()).astype(F16)
    if isinstance(exponent, complex) and a.dtype.kind == "f":  # the derivative of a real number's complex power
        a = a.astype(np.result_type(a.dtype, np.complex64))
    if exponent == 1:
        return a.copy()
    if exponent == 0:
        return np.ones_like(a)
    if a.dtype.kind in "biu":
        return _power(a, np.asarray(exponent).astype(a.dtype))
    if exponent == 2:
        return a * a
    if a.dtype.kind == "f":
        if exponent == 0.5:
            return np.sqrt(a)
        if exponent == 3:
            return a * a * a
        if exponent == -1:
            return 1 / a
        if exponent == -2:
            return 1 / (a * a)
        if exponent == -0.5:
            return 1 / np.sqrt(a)
    return _power(a, np.asarray(exponent).astype(a.dtype))


def _pow_scalar_derivative(xp, grad, self, exponent):
    if exponent == 0 and exponent is not False:
        return xp.zeros_like(self)
    exponent = exponent if isinstance(exponent, complex) else float(exponent)
    return grad * xp.conj(xp.mul_scalar(xp.pow_scalar(self, exponent - 1), exponent))


_PowBackward0 = node_class(
    "PowBackward0", ("self",), {"self": _pow_scalar_derivative}, saved=("self",), fixed=("exponent",)
)


def _pow_scalar(input, exponent):
    a = input._a
    kind = _dtypes.OF_NUMPY[a.dtype]
    common = _dtypes.result_of(*((kind, None) if a.ndim else (None, kind)), _dtypes.of_scalar(exponent))
    if common.category == 1 and exponent < 0:
        raise _errors.first(RuntimeError("Integers to negative integer powers are not allowed."))
    if common.category == 1 or common._numpy is F16:
        fill_array(np.empty(2, common._numpy), exponent)  # which refuses what the dtype cannot hold
    exponent = exponent.item() if isinstance(exponent, (np.number, np.bool_)) else exponent
    out = wrap(quietly(_power_scalar, a.astype(common._numpy, copy=False), exponent))
    if recording(input):
        record(out, _PowBackward0, (input,), (input,), (exponent,))
        if common is not kind:
            extra_of(out._node).operands = ((a.shape, a.dtype),)
    return out


internal("pow_scalar", _power_scalar, _pow_scalar)
internal("raised", _power_scalar, lambda tensor, exponent: tensor.pow_(exponent))  # in place, as the graph shows


_pow_tensors = binary_core(
    _power, grad_fn="PowBackward1",
    self=lambda xp, grad, self, other: xp.where(
        other == 0, 0, grad * xp.conj(other * xp.pow_tensors(self, xp.sub_scalar(other, 1)))
    ),
    other=lambda xp, grad, self, other, result: grad * xp.where(
        (self == 0) & xp.not_negative(other), 0, xp.conj(result * xp.log(self))
    ),
)  # fmt: skip


def _power_of_arrays(a, b):
    if a.dtype is not b.dtype:
        kind = _dtypes.PROMOTED[_dtypes.OF_NUMPY[a.dtype], _dtypes.OF_NUMPY[b.dtype]]._numpy
        a, b = a.astype(kind), b.astype(kind)
    return _power(a, b)


internal("pow_tensors", _power_of_arrays, _pow_tensors)
internal(
    "not_negative",
    lambda a: (a.real >= 0) & (a.imag == 0),
    lambda t: wrap(np.asarray((t._a.real >= 0) & (t._a.imag == 0))),
)


def _pow_of_scalar_derivative(xp, grad, exponent, result, base):
    slope = xp.conj(xp.mul_scalar(result, _log_of(complex(base) if xp.is_complex(exponent) else base)))
    return grad * (xp.where(xp.not_negative(exponent), 0, slope) if base == 0 else slope)


def _log_of(base):
    if isinstance(base, complex):
        return complex(np.log(base))
    return math.log(base) if base > 0 else -math.inf if base == 0 else math.nan


_PowBackward2 = node_class(
    "PowBackward2",
    ("exponent",),
    {"exponent": _pow_of_scalar_derivative},
    saved=("exponent", "result"),
    fixed=("base",),
)


def _pow_of_scalar(base, exponent):
    base = base.item() if isinstance(base, (np.number, np.bool_)) else base
    b = exponent._a
    kind = _dtypes.OF_NUMPY[b.dtype]
    common = _dtypes.result_of(*((kind, None) if b.ndim else (None, kind)), _dtypes.of_scalar(base))
    if base == 1:
        out = wrap(np.ones(b.shape, common._numpy))
    else:
        target = common._numpy
        out = wrap(quietly(lambda: np.asarray(_power(scalar_array(base).astype(target), b.astype(target, order="C")))))
    if recording(exponent):
        record(out, _PowBackward2, (exponent,), (exponent, out._a), (base,))
        if common is not kind:
            extra_of(out._node).operands = ((b.shape, b.dtype),)
    return out


def _pow(input, exponent):
    """``input`` to the power of ``exponent``, element by element; one of them may be a number. Integers stay integers;
    RuntimeError for them to a negative integer power. (``torch.pow``)"""
    if isinstance(exponent, Tensor):
        if isinstance(input, Tensor):
            return _pow_tensors(input, exponent)
        return _pow_of_scalar(input, exponent) if isinstance(input, SCALARS) else NotImplemented
    if not isinstance(exponent, SCALARS) or not isinstance(input, Tensor):
        return NotImplemented
    return _pow_scalar(input, exponent)


pow = publish("pow", "binary", _pow, methods=("pow",), dunders=("__pow__",), differentiable=("self", "exponent"))
publish_inplace("pow", "binary", _pow, dunders=("__ipow__",))


def _rpow(self, other):
    return _pow_of_scalar(other, self) if isinstance(other, SCALARS) else NotImplemented


Tensor.__rpow__ = _rpow


def _square(input):
    """Each element multiplied by itself; bools become int64. (``torch.square``)"""
    return _pow_scalar(input, 2)


square = publish("square", "unary", _square, methods=("square",), differentiable=("self",))
publish_inplace("square", "unary", _square)
