"""``gelu``, exactly or by a hyperbolic tangent, and its named backward."""

from __future__ import annotations

import math

import numpy as np

from .. import _errors
from .._erf import erf
from .._layout import laid_out
from .._tensor import wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import TENSORS
from ._define import F64, ONE, internal, publish, quietly, record
from .activations import in_single, named_backward
from .smooth_activations import _fused
from .transcendentals import through_float64

_erf, _exp, _tanh = (through_float64(function) for function in (erf, np.exp, np.tanh))
_ROOT, _PEAK = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)  # of which the second is the normal density at 0
_BETA, _KAPPA = math.sqrt(2 / math.pi), 0.044715  # of the approximation


@in_single
def _gelu_array(a, approximate):
    if approximate == "none":
        return a * 0.5 * (1 + _erf(a * a.dtype.type(_ROOT)))
    return 0.5 * a * (1 + _tanh(_inner(a)))


def _inner(a):
    return _BETA * _fused(a * a * a, a.dtype.type(_KAPPA), a)


@in_single
def _gelu_backward(grad, self, approximate):
    if approximate == "none":
        share = 0.5 * (1 + _erf(self * self.dtype.type(_ROOT)))
        return grad * _fused(self, _PEAK * _exp(self * self * -0.5), share)
    t, squared = _tanh(_inner(self)), self * self
    left, right = 0.5 * self, 1 + t
    one, inside = ONE[self.dtype], self.dtype.type(3) * self.dtype.type(_KAPPA)
    return grad * _fused(left * _fused(-t, t, one), _BETA * _fused(squared, inside, one), 0.5 * right)


def _curvature(xp, grad, grad_output, self, approximate):
    """torch computes factors and terms from right to left."""
    if approximate == "none":
        squared = self * self
        density = xp.mul_scalar(xp.exp(xp.mul_scalar(squared, -0.5)), _PEAK)
        falling = squared * density
        bend = xp.mul_scalar(density, 2) - falling
        return grad * grad_output * bend
    cubed = xp.mul_scalar(xp.pow_scalar(self, 3), _KAPPA)
    inner = xp.mul_scalar(self + cubed, _BETA)
    t = xp.tanh(inner)
    sech = xp.one_by(xp.cosh(inner))
    f = xp.mul_scalar(self, 0.5)
    g = xp.one_less(t * t)
    h = xp.mul_scalar(xp.add_scalar(xp.mul_scalar(self, 3 * _KAPPA) * self, 1), _BETA)
    f_part = xp.mul_scalar(g, 0.5) * h
    falling = -sech * t
    g_slope = xp.mul_scalar(sech, 2) * falling * h
    g_part = f * h * g_slope
    h_slope = xp.mul_scalar(xp.mul_scalar(self, 6 * _KAPPA), _BETA)
    h_part = f * g * h_slope
    bend = xp.mul_scalar(f_part, 2) + g_part + h_part
    return grad * grad_output * bend


internal("one_by", lambda a: ONE[a.dtype] / a, lambda t: TENSORS.div(wrap(np.array(1, t._a.dtype)), t))
named_backward(
    "gelu_backward", _gelu_backward, "GeluBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self, approximate: xp.gelu_backward(grad, self, approximate),
        "self": lambda xp, grad, grad_output, self, approximate: _curvature(xp, grad, grad_output, self, approximate),
    },
    saved=("grad_output", "self"), fixed=("approximate",),
)  # fmt: skip
_GeluBackward0 = node_class(
    "GeluBackward0", ("self",), saved=("self",), fixed=("approximate",),
    derivatives={"self": lambda xp, grad, self, approximate: xp.gelu_backward(grad, self, approximate)},
)  # fmt: skip


def _gelu(input, *, approximate="none"):
    """``input`` times the share of the normal distribution below it; with ``approximate`` "tanh" by a formula of tanh.

    Any shape, floating-point dtypes. RuntimeError for another ``approximate``. (``torch.nn.functional.gelu``)
    """
    if not isinstance(approximate, str):
        raise TypeError("approximate")
    a = input._a
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    if a.dtype.kind != "f":
        raise _errors.not_implemented("GeluKernelImpl", input)
    r = quietly(_gelu_array, a, approximate)
    if approximate == "none" and a.dtype is not F64 and a.size > 1 and a.flags.c_contiguous:
        r[np.isinf(a)] = np.nan  # by the library that torch then calls
    out = wrap(laid_out(r, a) if r.ndim > 1 and not a.flags.c_contiguous else r)
    if input._rg and state.enabled:
        record(out, _GeluBackward0, (input,), (input,), (approximate,))
    return out


gelu = publish("gelu", "unary", _gelu, differentiable=("self",))
