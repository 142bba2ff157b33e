"""Activations and their named backwards, which torch's graphs of gradients show.

To add one: a ``unary`` row, or an ``activation`` where it has numbers beside its input; and a ``named_backward`` row
where torch's table calls a named backward. The piecewise linear ones are in ``rectifiers``, those made of exponentials
in ``smooth_activations``.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._layout import laid_out
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import (
    F16,
    F32,
    F64,
    ONE,
    SCALARS,
    ZERO,
    alias,
    fill_array,
    internal,
    larger,
    publish,
    quietly,
    record,
    unary,
    zeroed,
)  # fmt: skip


def named_backward(name: str, compute, grad_fn: str, inputs, derivatives, saved, fixed=()):
    """A function ``name(grad, x)`` that derivatives call as ``xp.name``, with a node and derivatives of its own.

    It takes as many numbers more as ``fixed`` has names, which the node keeps.
    """
    cls = node_class(grad_fn, inputs, derivatives, saved=saved, fixed=fixed)
    places = [inputs.index(name) for name in saved]

    def on_tensors(grad, other, *numbers):
        out = wrap(quietly(compute, grad._a, other._a, *numbers))
        if state.enabled and (grad._rg or other._rg):
            both = (grad, other)
            record(out, cls, both, tuple([both[place] for place in places]), numbers)
        return out

    internal(name, compute, on_tensors)


def in_single(compute):
    """``compute`` in float32 for float16, its numbers left as they are."""

    def computed(*operands):
        if operands[0].dtype is not F16:
            return compute(*operands)
        return compute(*[o.astype(F32) if isinstance(o, np.ndarray) else o for o in operands]).astype(F16)

    return computed


def activation(compute, grad_fn: str, derivative, kernel: str, kinds="f", held=None):
    """``forward(input, *numbers)``: ``compute`` on an array and the numbers, recorded.

    What ``derivative`` names after ``grad`` is saved, "self" or "result", and as many of the numbers as it names. Of
    dtypes that are not of ``kinds`` torch says that ``kernel`` lacks them. ``held(numbers, dtype)`` are the numbers as
    they are computed with, by default as the dtype holds them, float32 for float16.
    """
    held = held or _held
    saved, *fixed = derivative.__code__.co_varnames[2 : derivative.__code__.co_argcount]
    cls = node_class(grad_fn, ("self",), {"self": derivative}, saved=(saved,), fixed=tuple(fixed))

    def forward(input, *given):
        a = input._a
        if a.dtype.kind not in kinds:
            raise _errors.not_implemented(kernel, input)
        given = [value.item() if type(value) is Tensor else value for value in given]
        r = quietly(compute, a, *held(given, a.dtype)) if given else quietly(compute, a)
        out = wrap(laid_out(r, a) if r.ndim > 1 and not a.flags.c_contiguous else r)
        if input._rg and state.enabled:
            record(out, cls, (input,), (input if saved == "self" else r,), _as_kept(given[: len(fixed)]))
        return out

    return forward


def _held(numbers, kind) -> list:
    return [number_in(value, F32 if kind is F16 else kind) for value in numbers]


def _as_kept(numbers) -> tuple:
    """Numbers as torch keeps them: Python's."""
    return tuple([value if type(value) in _KEPT else value.item() for value in numbers])


def alone(a, taken: int) -> np.ndarray:
    """Which elements torch computes one at a time; the others it takes ``taken`` bytes at a time, whose comparisons
    tell of nan and of -0.0 what single ones do not."""
    mask = np.ones(a.shape, bool)
    rows = mask.reshape(-1) if a.flags.c_contiguous else mask
    if a.flags.c_contiguous or a.strides[-1] == a.itemsize:
        rows[..., : rows.shape[-1] - rows.shape[-1] % (taken // a.itemsize)] = False
    return mask


_FEW = 1 << 10
_MINUS_ONE = np.array(-1.0)


def _sigmoid(a):
    if a.dtype is F16:
        return _sigmoid(a.astype(F32)).astype(F16)
    if a.dtype is F32 and type(a) is np.ndarray:
        one = ONE[F32]
        if a.size < _FEW:  # where `out` costs more than memory
            return one / (np.exp(a * _MINUS_ONE).astype(F32) + one)
        wide = a.astype(F64)
        r = np.exp(np.negative(wide, wide), wide).astype(F32)
        return np.divide(one, np.add(r, one, r), r)
    if a.dtype == F32:
        return _sigmoid(np.asarray(a))
    return 1 / (1 + np.exp(-a))


sigmoid = unary(
    "sigmoid", _sigmoid, grad_fn="SigmoidBackward0",
    says="``1 / (1 + exp(-input))``, element by element.",
    self=lambda xp, grad, result: xp.sigmoid_backward(grad, result),
)  # fmt: skip


def _conjugate(a):
    return a.conj() if a.dtype.kind == "c" else a


def _sigmoid_curvature(xp, grad, grad_output, output):
    slope = xp.add_scalar(xp.mul_scalar(xp.conj(output), -2), 1)  # torch computes factors from right to left
    return xp.conj(grad) * grad_output * slope


named_backward(
    "sigmoid_backward", lambda grad, output: grad * _conjugate((1 - output) * output)
    if output.dtype.kind == "c" else grad * (ONE[output.dtype] - output) * output,
    "SigmoidBackwardBackward0", ("grad_output", "output"),
    {
        "grad_output": lambda xp, grad, output: xp.sigmoid_backward(grad, xp.conj(output)),
        "output": _sigmoid_curvature,
    },
    saved=("grad_output", "output"),
)  # fmt: skip


def _tanh_backward(grad, output):
    if output.dtype.kind == "c":
        return grad * _conjugate(1 - output * output)
    if output.dtype is F32:  # torch's kernel fuses the multiplication with the subtraction
        wide = output.astype(F64)
        return grad * (1 - wide * wide).astype(F32)
    if output.dtype is F16:
        return _tanh_backward(grad.astype(F32), output.astype(F32)).astype(F16)
    return grad * (1 - output * output)


def _tanh_curvature(xp, grad, grad_output, output):
    slope = xp.mul_scalar(xp.conj(output), -2) * grad_output
    return xp.conj(grad) * slope


named_backward(
    "tanh_backward", _tanh_backward,
    "TanhBackwardBackward0", ("grad_output", "output"),
    {
        "grad_output": lambda xp, grad, output: xp.tanh_backward(grad, xp.conj(output)),
        "output": _tanh_curvature,
    },
    saved=("grad_output", "output"),
)  # fmt: skip


def _relu(a):
    if a.dtype.kind == "b":
        raise _errors.first(RuntimeError("Boolean inputs not supported for relu"))
    if a.dtype.kind == "c":
        raise _errors.first(NotImplementedError("clamp is not supported for complex types"))
    return larger(a, ZERO[a.dtype])


relu = unary(
    "relu", _relu, grad_fn="ReluBackward0", to_float=False,
    says="Each element, or 0 where it is negative. RuntimeError for bools, NotImplementedError for complex numbers.",
    self=lambda xp, grad, result: xp.threshold_backward(grad, result, 0),
)  # fmt: skip
named_backward(
    "threshold_backward", lambda grad, self, threshold: zeroed(self <= (threshold or ZERO[self.dtype]), grad),
    "ThresholdBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self, threshold: xp.threshold_backward(grad, self, threshold),
        "self": lambda xp, grad: xp.zeros_like(grad),
    },
    saved=("self",), fixed=("threshold",),
)  # fmt: skip


def _logsigmoid(a):
    if a.dtype.kind != "f":
        raise _errors.not_implemented("log_sigmoid_cpu", wrap(np.asarray(a)))
    if a.dtype is F16:
        return _logsigmoid(a.astype(F32)).astype(F16)
    if a.dtype is F32:
        wide = np.exp(-np.abs(a).astype(F64)).astype(F32)
        return np.minimum(a, ZERO[F32]) - np.log1p(wide.astype(F64)).astype(F32)
    return np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))


logsigmoid = unary(
    "logsigmoid", _logsigmoid, grad_fn="LogSigmoidBackward0", to_float=False, contiguous=True, methods=(),
    says="``log(sigmoid(input))``, element by element, without overflow; floating-point dtypes only.",
    self=lambda xp, grad, self: xp.log_sigmoid_backward(grad, self),
)  # fmt: skip
logsigmoid = alias(logsigmoid, "log_sigmoid")  # as torch's errors call it


def _log_sigmoid_backward(grad, self):
    z = np.exp(-np.abs(self.astype(F64))).astype(F32 if self.dtype is F16 else self.dtype)
    wide = z.dtype
    negative = self < 0
    derivative = np.where(negative, wide.type(1), wide.type(0))
    sign = np.where(negative, wide.type(1), wide.type(-1))
    return (grad * (derivative - sign * (z / (1 + z)))).astype(self.dtype)


def _log_sigmoid_curvature(xp, product, self):
    z = xp.sigmoid(self)
    return product * xp.sub_scalar(z, 1) * z


named_backward(
    "log_sigmoid_backward", _log_sigmoid_backward,
    "LogSigmoidBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self: xp.log_sigmoid_backward(grad, self),
        "self": lambda xp, grad, grad_output, self: _log_sigmoid_curvature(xp, grad * grad_output, self),
    },
    saved=("grad_output", "self"),
)  # fmt: skip


# --- softplus -----------------------------------------------------------------------------------------------------


@in_single
def _softplus_array(a, beta, threshold):
    scaled = a * np.array(beta, a.dtype)
    if a.dtype is F32:
        soft = np.log1p(np.exp(scaled.astype(F64)).astype(F32).astype(F64)).astype(F32)
    else:
        soft = np.log1p(np.exp(scaled))
    return np.where(scaled > threshold, a, soft / np.array(beta, a.dtype))


@in_single
def _softplus_backward(grad, self, beta, threshold):
    scaled = self * np.array(beta, self.dtype)
    z = np.exp(scaled) if self.dtype is F64 else np.exp(scaled.astype(F64)).astype(F32)
    return np.where(scaled > threshold, grad, grad * z / (z + ONE[self.dtype]))


def _softplus_curvature(xp, product, self, beta, threshold):
    x = xp.mul_scalar(self, beta)
    return xp.mul_scalar(xp.sigmoid_backward(product, xp.sigmoid(x)) * xp.below(x, threshold), beta)


named_backward(
    "softplus_backward", _softplus_backward, "SoftplusBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self, beta, threshold: xp.softplus_backward(grad, self, beta, threshold),
        "self": lambda xp, grad, grad_output, self, beta, threshold: _softplus_curvature(
            xp, grad * grad_output, self, beta, threshold
        ),
    },
    saved=("grad_output", "self"), fixed=("beta", "threshold"),
)  # fmt: skip


def _below(x, threshold):
    return (x < threshold).astype(x.dtype)


internal("below", _below, lambda x, threshold: wrap(np.asarray(_below(x._a, threshold))))
_softplus_core = activation(
    _softplus_array, "SoftplusBackward0", kernel="softplus_cpu",
    derivative=lambda xp, grad, self, beta, threshold: xp.softplus_backward(grad, self, beta, threshold),
)  # fmt: skip


def _softplus(input, beta=1, threshold=20):
    """``log(1 + exp(beta * input)) / beta``, and ``input`` itself where ``beta * input`` exceeds ``threshold``.

    Floating-point dtypes only. (``torch.nn.functional.softplus``)
    """
    return _softplus_core(input, beta, threshold)


_KEPT = (bool, int, float)


def number_in(value, kind) -> float | int:
    """A number as ``kind`` holds it; RuntimeError in torch's words if it cannot."""
    if not isinstance(value, SCALARS):
        raise TypeError("number")
    held = np.zeros(2, kind)  # of one float16 torch minds no overflow
    fill_array(held, value)
    return held[0].item()


softplus = publish("softplus", "unary", _softplus, differentiable=("self",))
