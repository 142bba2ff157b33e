"""Activations made of exponentials: ``elu``, ``celu``, ``selu``, ``silu``, ``mish``, ``glu``.

To add one: its computation on arrays in torch's order of operations, a ``named_backward``, and an ``activation``.
"""

from __future__ import annotations

import operator

import numpy as np

from .. import _errors
from .._fused import multiply_add_64
from .._tensor import Tensor, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import TENSORS
from ._define import F16, F32, F64, ONE, internal, publish, quietly, record, recording
from .activations import activation, in_single, named_backward, number_in
from .pieces import _cat
from .rectifiers import passed_on, written
from .transcendentals import through_float64

_exp, _expm1, _log1p, _tanh = (through_float64(function) for function in (np.exp, np.expm1, np.log1p, np.tanh))


# --- elu, celu, selu ----------------------------------------------------------------------------------------------


@in_single
def _elu_array(a, alpha, scale, input_scale):
    t = a.dtype.type
    return np.where(a < 0, _expm1(a * t(input_scale)) * (t(alpha) * t(scale)), a * t(scale))


def _elu_backward(grad, self, alpha, scale, input_scale, is_result):
    slope = _elu_slope(grad, self, alpha, scale, input_scale, is_result)
    return passed_on(slope, self, in_single(np.multiply)(grad, scale)) if scale != 1 else passed_on(slope, self, grad)


@in_single
def _elu_slope(grad, self, alpha, scale, input_scale, is_result):
    t = self.dtype.type
    alpha_scaled, input_scale = t(alpha) * t(scale), t(input_scale)
    if is_result:
        if not alpha >= 0:
            raise RuntimeError(
                "In-place elu backward calculation is triggered with a negative slope which is not supported. This is "
                "caused by calling in-place forward function with a negative slope, please call out-of-place version "
                "instead."
            )
        low = grad * input_scale * (self + alpha_scaled)
    else:
        low = grad * input_scale * alpha_scaled * _exp(self * input_scale)
    return np.where(self > 0, grad * t(scale), low)


def _elu_curvature(xp, grad, grad_output, self, alpha, scale, input_scale, is_result):
    product = xp.mul_scalar(grad * grad_output, input_scale)
    if not is_result:
        product = xp.elu_backward(product, self, alpha, scale, input_scale, is_result)
    return product * xp.below(self, 0)


named_backward(
    "elu_backward", _elu_backward, "EluBackwardBackward0", ("grad_output", "self_or_result"),
    {
        "grad_output": lambda xp, grad, self_or_result, alpha, scale, input_scale, is_result: xp.elu_backward(
            grad, self_or_result, alpha, scale, input_scale, is_result
        ),
        "self_or_result": lambda xp, grad, grad_output, self_or_result, alpha, scale, input_scale, is_result: (
            _elu_curvature(xp, grad, grad_output, self_or_result, alpha, scale, input_scale, is_result)
        ),
    },
    saved=("grad_output", "self_or_result"), fixed=("alpha", "scale", "input_scale", "is_result"),
)  # fmt: skip
_elu_core = activation(
    _elu_array, "EluBackward0", kernel="elu_cpu",
    derivative=lambda xp, grad, self, alpha, scale, input_scale: xp.elu_backward(
        grad, self, alpha, scale, input_scale, False
    ),
)  # fmt: skip
_elu_in_place = activation(
    _elu_array, "EluBackward1", kernel="elu_cpu",
    derivative=lambda xp, grad, result, alpha, scale, input_scale: xp.elu_backward(
        grad, result, alpha, scale, input_scale, True
    ),
)  # fmt: skip


def _elu(input, alpha=1, scale=1, input_scale=1):
    """Each positive element times ``scale``, ``scale * alpha * (exp(input_scale * input) - 1)`` for the others.

    Any shape, floating-point dtypes. (``torch.nn.functional.elu``)
    """
    return _elu_core(input, alpha, scale, input_scale)


elu = publish("elu", "unary", _elu, differentiable=("self",))
elu_ = written(
    "elu_", lambda input, alpha=1, scale=1, input_scale=1: _elu_in_place(input, alpha, scale, input_scale)
)  # fmt: skip

_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


def _selu(input):
    """``elu`` with the constants that keep mean and variance of many layers. Any shape, floating-point dtypes.

    (``torch.nn.functional.selu``)
    """
    return _elu_core(input, _ALPHA, _SCALE, 1)


selu = publish("selu", "unary", _selu, differentiable=("self",))
selu_ = written("selu_", lambda input: _elu_in_place(input, _ALPHA, _SCALE, 1))


def _celu_array(a, alpha, input_scale):
    return _elu_array(a, alpha, 1, input_scale)


def _celu_held(numbers, kind):
    return [number_in(value, F32 if kind is F16 else kind) for value in (*numbers, 1 / number_in(numbers[0], F64))]


def _inverse(alpha) -> float:
    """As torch's formula has it, which reads ``alpha`` in single precision."""
    return 1 / number_in(alpha, F32)


_celu_core = activation(
    _celu_array, "CeluBackward0", kernel="elu_cpu", held=_celu_held,
    derivative=lambda xp, grad, self, alpha: xp.elu_backward(grad, self, alpha, 1, _inverse(alpha), False),
)  # fmt: skip
_celu_in_place = activation(
    _celu_array, "CeluBackward1", kernel="elu_cpu", held=_celu_held,
    derivative=lambda xp, grad, result, alpha: xp.elu_backward(grad, result, alpha, 1, _inverse(alpha), True),
)  # fmt: skip


def _celu_by(core):
    def forward(input, alpha=1.0):
        if number_in(alpha.item() if isinstance(alpha, Tensor) else alpha, F64) == 0:
            raise _errors.first(RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU"))
        return core(input, alpha)

    forward.__doc__ = """Each positive element, ``alpha * (exp(input / alpha) - 1)`` for the others.

    Any shape, floating-point dtypes. RuntimeError for an ``alpha`` of 0. (``torch.nn.functional.celu``)
    """
    return forward


celu = publish("celu", "unary", _celu_by(_celu_core), differentiable=("self",))
celu_ = written("celu_", _celu_by(_celu_in_place))


# --- silu, mish ---------------------------------------------------------------------------------------------------


def _logistic(a):
    return ONE[a.dtype] / (ONE[a.dtype] + _exp(-a))


@in_single
def _silu_array(a):
    return a / (ONE[a.dtype] + _exp(-a))


def _fused(a, b, c):
    """``a * b + c`` rounded once, as torch's kernels have it where they are compiled for it."""
    return multiply_add_64(a, b, c) if a.dtype is F64 else (a.astype(F64) * b + c).astype(F32)


@in_single
def _silu_backward(grad, self):
    sigmoid, one = _logistic(self), ONE[self.dtype]
    return grad * sigmoid * _fused(self, one - sigmoid, one)


def _silu_backward_tensors(grad, self):
    sigmoid = TENSORS.sigmoid(self)
    slope = TENSORS.add_scalar(self * TENSORS.one_less(sigmoid), 1)  # torch computes factors from right to left
    return grad * sigmoid * slope


internal("silu_backward", _silu_backward, _silu_backward_tensors)
_silu_core = activation(
    _silu_array, "SiluBackward0", kernel="silu_cpu", kinds="fc",
    derivative=lambda xp, grad, self: xp.silu_backward(grad, self),
)  # fmt: skip


def _silu(input):
    """``input * sigmoid(input)``. Any shape, floating-point dtypes, and complex ones without gradient.

    (``torch.nn.functional.silu``)
    """
    if input._a.dtype.kind == "c" and recording(input):
        raise RuntimeError("silu does not support automatic differentiation for outputs with complex dtype.")
    return _silu_core(input)


silu = publish("silu", "unary", _silu, differentiable=("self",))
silu_ = written("silu_", _silu, public=False)


@in_single
def _mish_array(a):
    return a * _tanh(_log1p(_exp(a)))


@in_single
def _mish_backward(grad, self):
    sigmoid, t = _logistic(self), _tanh(_log1p(_exp(self)))
    return grad * _fused(self * sigmoid, _fused(-t, t, ONE[self.dtype]), t)


def _mish_backward_tensors(grad, self):
    sigmoid = TENSORS.sigmoid(self)
    t = TENSORS.tanh(TENSORS.log1p(TENSORS.exp(self)))
    rest = TENSORS.one_less(t * t)
    return grad * (t + self * sigmoid * rest)


internal("mish_backward", _mish_backward, _mish_backward_tensors)
_mish = activation(
    _mish_array, "MishBackward0", kernel="mish_cpu",
    derivative=lambda xp, grad, self: xp.mish_backward(grad, self),
)  # fmt: skip
mish = publish("mish", "unary", _mish, differentiable=("self",))
mish_ = written("mish_", _mish, public=False)


# --- glu ----------------------------------------------------------------------------------------------------------


def _halves(xp, value, dim):
    size = value.shape[dim] // 2
    return xp.slice(value, dim, slice(0, size, 1)), xp.slice(value, dim, slice(size, 2 * size, 1))


@in_single
def _glu_array(a, b):
    return a * _logistic(b)


def _glu_backward(grad, self, given):
    dim = given % self.ndim
    a, b = (self[(slice(None),) * dim + (part,)] for part in _parts(self, dim))
    sigmoid = in_single(_logistic)(b)
    return np.concatenate([sigmoid * grad, _glu_slope(sigmoid, a, grad)], dim)


@in_single
def _glu_slope(sigmoid, a, grad):
    return (ONE[sigmoid.dtype] - sigmoid) * sigmoid * a * grad


def _parts(array, dim):
    size = array.shape[dim] // 2
    return slice(0, size), slice(size, None)


def _glu_to_output(xp, grad, self, given):
    dim = given % self.ndim
    shape = [*self.shape]
    shape[dim] //= 2
    product = grad * xp.glu_backward(xp.ones_of(self, tuple(shape)), self, given)
    size = shape[dim]
    second = xp.slice(product, dim, slice(size, 2 * size, 1))
    return xp.slice(product, dim, slice(0, size, 1)) + second


def _glu_curvature(xp, grad, grad_output, self, given):
    dim = given % self.ndim
    first, second = _halves(xp, self, dim)
    sigmoid = xp.sigmoid(second)
    rest = xp.one_less(sigmoid)
    slope = sigmoid * rest
    of_first, of_second = _halves(xp, grad, dim)
    product = of_second * first
    left = of_second * grad_output * slope
    falling = sigmoid * slope  # torch computes terms from right to left
    bend = slope * rest - falling
    last = of_first * grad_output * slope
    return xp.cat([left, product * grad_output * bend + last], dim)


internal(
    "ones_of",
    lambda like, shape: np.ones(shape, like.dtype),
    lambda like, shape: wrap(np.ones(shape, like._a.dtype)),
)
internal("cat", np.concatenate, _cat)
named_backward(
    "glu_backward", _glu_backward, "GluBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self, given: _glu_to_output(xp, grad, self, given),
        "self": lambda xp, grad, grad_output, self, given: _glu_curvature(xp, grad, grad_output, self, given),
    },
    saved=("grad_output", "self"), fixed=("given",),
)  # fmt: skip
_GluBackward0 = node_class(
    "GluBackward0", ("self",), saved=("self",), fixed=("given",),
    derivatives={"self": lambda xp, grad, self, given: xp.glu_backward(grad, self, given)},
)  # fmt: skip


def _glu(input, dim=-1):
    """The first half of ``input`` along ``dim``, times the ``sigmoid`` of the second half.

    Floating-point dtypes. RuntimeError for no dimensions and for an odd size. (``torch.nn.functional.glu``)
    """
    a = input._a
    if not a.ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    given, dim = dim, wrap_dim(operator.index(dim), a.ndim)
    if a.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {a.shape[dim]}")
    if a.dtype.kind != "f":
        raise _errors.not_implemented("glu_cpu", input)
    halves = [a[(slice(None),) * dim + (part,)] for part in _parts(a, dim)]
    out = wrap(quietly(_glu_array, *halves))
    if input._rg and state.enabled:
        record(out, _GluBackward0, (input,), (input,), (given,))
    return out


glu = publish("glu", "unary", _glu, differentiable=("self",))
