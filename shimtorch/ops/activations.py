"""Activations and their named backwards, which torch's graphs of gradients show.

To add one: a ``unary`` row, and a ``named_backward`` row where torch's table calls a named backward.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._tensor import wrap
from ..autograd.derivatives import node_class
from ._define import F16, F32, F64, ONE, ZERO, internal, larger, quietly, record, recording, unary


def named_backward(name: str, compute, grad_fn: str, inputs, derivatives, saved):
    """A function ``name(grad, x)`` that derivatives call as ``xp.name``, with a node and derivatives of its own."""
    cls = node_class(grad_fn, inputs, derivatives, saved=saved)

    def on_tensors(grad, other):
        out = wrap(quietly(compute, grad._a, other._a))
        if recording(grad, other):
            values = {inputs[0]: grad, inputs[1]: other}
            record(out, cls, (grad, other), tuple(values[n] for n in saved))
        return out

    internal(name, compute, on_tensors)


def _sigmoid(a):
    if a.dtype is F16:
        return _sigmoid(a.astype(F32)).astype(F16)
    if a.dtype is F32:
        one = ONE[F32]
        return one / (one + np.exp((-a).astype(F64)).astype(F32))
    return 1 / (1 + np.exp(-a))


sigmoid = unary(
    "sigmoid", _sigmoid, grad_fn="SigmoidBackward0",
    says="``1 / (1 + exp(-input))``, element by element.",
    self=lambda xp, grad, result: xp.sigmoid_backward(grad, result),
)  # fmt: skip


def _conjugate(a):
    return a.conj() if a.dtype.kind == "c" else a


named_backward(
    "sigmoid_backward", lambda grad, output: grad * _conjugate((1 - output) * output)
    if output.dtype.kind == "c" else grad * (ONE[output.dtype] - output) * output,
    "SigmoidBackwardBackward0", ("grad_output", "output"),
    {
        "grad_output": lambda xp, grad, output: xp.sigmoid_backward(grad, xp.conj(output)),
        "output": lambda xp, grad, grad_output, output: xp.conj(grad)
        * grad_output
        * xp.add_scalar(xp.mul_scalar(xp.conj(output), -2), 1),
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


named_backward(
    "tanh_backward", _tanh_backward,
    "TanhBackwardBackward0", ("grad_output", "output"),
    {
        "grad_output": lambda xp, grad, output: xp.tanh_backward(grad, xp.conj(output)),
        "output": lambda xp, grad, grad_output, output: xp.conj(grad)
        * (xp.mul_scalar(xp.conj(output), -2) * grad_output),
    },
    saved=("grad_output", "output"),
)  # fmt: skip


def _relu(a):
    if a.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    if a.dtype.kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    return larger(a, ZERO[a.dtype])


relu = unary(
    "relu", _relu, grad_fn="ReluBackward0", to_float=False,
    says="Each element, or 0 where it is negative. RuntimeError for bools, NotImplementedError for complex numbers.",
    self=lambda xp, grad, result: xp.threshold_backward(grad, result),
)  # fmt: skip
named_backward(
    "threshold_backward", lambda grad, self: np.where(self <= 0, grad.dtype.type(0), grad),
    "ThresholdBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self: xp.threshold_backward(grad, self),
        "self": lambda xp, grad: xp.zeros_like(grad),
    },
    saved=("self",),
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


def _log_sigmoid_backward(grad, self):
    z = np.exp(-np.abs(self.astype(F64))).astype(F32 if self.dtype is F16 else self.dtype)
    wide = z.dtype
    negative = self < 0
    derivative = np.where(negative, wide.type(1), wide.type(0))
    sign = np.where(negative, wide.type(1), wide.type(-1))
    return (grad * (derivative - sign * (z / (1 + z)))).astype(self.dtype)


named_backward(
    "log_sigmoid_backward", _log_sigmoid_backward,
    "LogSigmoidBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self: xp.log_sigmoid_backward(grad, self),
        "self": lambda xp, grad, grad_output, self: grad
        * grad_output
        * xp.sub_scalar(xp.sigmoid(self), 1)
        * xp.sigmoid(self),
    },
    saved=("grad_output", "self"),
)  # fmt: skip
