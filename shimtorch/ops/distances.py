"""Losses of distances: ``smooth_l1_loss``, ``huber_loss``, ``l1_loss``; and ``kl_div``.

To add one: its computation on arrays, a node class for each named backward of torch's table, and a function with the
parameters of torch's parser. What ``nn.functional`` makes of them in Python is in ``nn._losses``.
"""

from __future__ import annotations

import numpy as np

from .. import _dtypes, _errors
from .._layout import laid_out
from .._tensor import Tensor, scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.nodes import extra_of
from ._define import F16, F32, F64, _guarded, internal, publish, quietly, record, recording
from .activations import alone, in_single
from .bivariate import xlogy
from .losses import MEAN, NONE, SUM, _reduced, _size
from .transcendentals import exp


def reduced(loss, code: int):
    """A tensor of losses, their mean or their sum."""
    return loss.mean() if code == MEAN else loss.sum() if code == SUM else loss


def _real(value) -> float:
    """What a parameter that is a Python float takes: a real number, or a tensor of one."""
    if isinstance(value, Tensor):
        value = value.item()
    if not isinstance(value, (int, float, np.number, np.bool_)):
        raise TypeError("number")
    return float(value.real)


def _share(code: int, count: int) -> float:
    """By what a gradient is multiplied: of a mean, all elements have the same share."""
    if code != MEAN:
        return 1.0
    return 1 / count if count else np.inf


def _named_backward(name: str, compute, cls) -> None:
    """Publish ``compute(grad, self, target, code, number)`` as ``xp.name``, a node of class ``cls`` on tensors."""

    def on_tensors(grad, self, target, code, number):
        out = wrap(quietly(compute, grad._a, self._a, target._a, code, number))
        if recording(grad, self, target):
            operands = (grad, self, target)
            record(out, cls, operands, operands, (code, number))
            shapes = [(t._a.shape, t._a.dtype) for t in operands]
            if shapes[0][0] != out._a.shape or len({kind for _, kind in shapes}) > 1:
                extra_of(out._node).operands = tuple(shapes)
        return out

    internal(name, compute, on_tensors)


# --- smooth_l1_loss -----------------------------------------------------------------------------------------------


def _smooth_l1(a, b, beta):
    t = a.dtype.type
    z = np.abs(a - b)
    return np.where(z < beta, t(0.5) * z * z / t(beta), z - t(0.5) * t(beta))


def _smooth_l1_backward(grad, self, target, code, beta):
    """In the dtype of ``self``, as torch's kernel writes it."""
    common = np.result_type(self, target, grad)
    wide = F32 if common == F16 else common
    a, b, g = (array.astype(wide, copy=False) for array in (self, target, grad))
    share, limit, x = wide.type(_share(code, self.size)), wide.type(beta), a - b
    inner = _by_lanes(self, x / limit * share * g, lambda: (share * x * g / F64.type(beta)).astype(wide))
    return np.where(x <= -limit, -share * g, np.where(x >= limit, share * g, inner)).astype(self.dtype, copy=False)


def _by_lanes(array, by_vectors, alone_as):
    """``by_vectors``, but ``alone_as()`` where torch computes one element at a time, with numbers in float64."""
    mask = alone(array, 128)
    return np.where(mask, alone_as(), by_vectors) if mask.any() else by_vectors


def _smooth_l1_curvature(xp, product, self, target, code, beta):
    if beta == 0:
        return xp.zeros_like(product)
    inner = xp.div_scalar(product * xp.within(self, target, beta, product), beta)
    return xp.div_scalar(inner, _size(self)) if code == MEAN else inner


def _within(a, b, limit, like):
    return (np.abs(a - b) < limit).astype(like.dtype)


internal("within", _within, lambda a, b, limit, like: wrap(np.asarray(_within(a._a, b._a, limit, like._a))))
_SMOOTH_L1 = node_class(
    "SmoothL1LossBackward0", ("self", "target"), saved=("self", "target"), fixed=("code", "beta"),
    derivatives={
        "self": lambda xp, grad, self, target, code, beta: xp.smooth_l1_backward(grad, self, target, code, beta),
        "target": lambda xp, grad, self, target, code, beta: xp.smooth_l1_backward(grad, target, self, code, beta),
    },
)  # fmt: skip
_SMOOTH_L1_BACKWARD = node_class(
    "SmoothL1LossBackwardBackward0", ("grad_output", "self", "target"), saved=("grad_output", "self", "target"),
    fixed=("code", "beta"),
    derivatives={
        "grad_output": lambda xp, grad, self, target, code, beta: xp.smooth_l1_backward(
            grad, self, target, code, beta
        ),
        "self": lambda xp, grad, grad_output, self, target, code, beta: _smooth_l1_curvature(
            xp, grad * grad_output, self, target, code, beta
        ),
        "target": lambda xp, grad, grad_output, self, target, code, beta: -_smooth_l1_curvature(
            xp, grad * grad_output, self, target, code, beta
        ),
    },
)  # fmt: skip
_named_backward("smooth_l1_backward", _smooth_l1_backward, _SMOOTH_L1_BACKWARD)


def _smooth_l1_loss(input, target, reduction=MEAN, beta=1.0):
    """Half the squared distance over ``beta`` where it is less than ``beta``, the distance less half ``beta`` beyond.

    Tensors of one shape; dtypes promote to a floating-point one. RuntimeError for a negative ``beta``.
    """
    beta = _real(beta)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    common = _dtypes.PROMOTED[input.dtype, target.dtype]
    a, b = (tensor._a.astype(common._numpy, copy=False) for tensor in (input, target))
    if not common.is_floating_point:
        raise _errors.not_implemented("smooth_l1_cpu", common)
    loss = quietly(_smooth_l1, a, b, beta)
    if reduction == NONE and loss.ndim > 1:
        loss = laid_out(loss, a, b)
    out = wrap(quietly(_reduced, loss, reduction))
    if recording(input, target):
        record(out, _SMOOTH_L1, (input, target), (input, target), (reduction, beta))
    return out


smooth_l1_loss = _guarded(_smooth_l1_loss, "smooth_l1_loss", "loss", method=False)


# --- huber_loss ---------------------------------------------------------------------------------------------------


@in_single
def _huber(a, b, delta):
    t = a.dtype.type
    z = np.abs(a - b)
    return np.where(z < delta, t(0.5) * z * z, t(delta) * (z - t(0.5) * t(delta)))


def _huber_backward(grad, self, target, code, delta):
    for other in (target, grad):
        if other.dtype is not self.dtype:
            found, expected = (scalar_type_name(_dtypes.OF_NUMPY[array.dtype]) for array in (other, self))
            raise RuntimeError(f"Found dtype {found} but expected {expected}")
    return _huber_slope(self, target, grad, _share(code, self.size), delta)


def _huber_slope(a, b, grad, share, delta):
    t = a.dtype.type
    share, limit, x = t(share), t(delta), a - b
    outer = _by_lanes(a, share * limit * grad, lambda: (share * grad * F64.type(delta)).astype(a.dtype))
    return np.where(x <= -limit, -outer, np.where(x >= limit, outer, share * x * grad))


def _huber_curvature(xp, product, self, target, code, delta):
    inner = product * xp.within(self, target, delta, product)
    return xp.div_scalar(inner, _size(self)) if code == MEAN else inner


def _huber_to_output(xp, grad, grad_output, self, target, code, delta):
    if code == NONE:
        return xp.huber_backward(grad, self, target, code, delta)
    return xp.sum(xp.huber_backward(xp.ones_of(grad_output, grad_output.shape), self, target, code, delta) * grad)


_HUBER = node_class(
    "HuberLossBackward0", ("self", "target"), saved=("self", "target"), fixed=("code", "delta"),
    derivatives={
        "self": lambda xp, grad, self, target, code, delta: xp.huber_backward(grad, self, target, code, delta),
        "target": lambda xp, grad, self, target, code, delta: xp.huber_backward(grad, target, self, code, delta),
    },
)  # fmt: skip
_HUBER_BACKWARD = node_class(
    "HuberLossBackwardBackward0", ("grad_output", "self", "target"), saved=("grad_output", "self", "target"),
    fixed=("code", "delta"),
    derivatives={
        "grad_output": lambda xp, grad, grad_output, self, target, code, delta: _huber_to_output(
            xp, grad, grad_output, self, target, code, delta
        ),
        "self": lambda xp, grad, grad_output, self, target, code, delta: _huber_curvature(
            xp, grad * grad_output, self, target, code, delta
        ),
        "target": lambda xp, grad, grad_output, self, target, code, delta: -_huber_curvature(
            xp, grad * grad_output, self, target, code, delta
        ),
    },
)  # fmt: skip
_named_backward("huber_backward", _huber_backward, _HUBER_BACKWARD)


def _huber_loss(input, target, reduction=MEAN, delta=1.0):
    """Half the squared distance below ``delta``, ``delta`` times the distance less half ``delta`` beyond.

    Tensors of one shape, in the floating-point dtype of ``input``. RuntimeError unless ``delta`` is positive.
    """
    delta = _real(delta)
    if not delta > 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    common, kind = _dtypes.PROMOTED[input.dtype, target.dtype], input._a.dtype
    if common.category > input.dtype.category:
        raise _errors.result_type(common, input.dtype)
    if not common.is_floating_point:
        raise _errors.not_implemented("huber_cpu", common)
    a, b = (tensor._a.astype(common._numpy, copy=False) for tensor in (input, target))
    loss = quietly(_huber, a, b, delta).astype(kind, copy=False)
    if reduction == NONE and loss.ndim > 1:
        loss = laid_out(loss, input._a)
    out = wrap(quietly(_reduced, loss, reduction))
    if recording(input, target):
        record(out, _HUBER, (input, target), (input, target), (reduction, delta))
    return out


huber_loss = _guarded(_huber_loss, "huber_loss", "loss", method=False)


# --- l1_loss, kl_div: which torch makes of other operators --------------------------------------------------------


def l1_loss(input, target, code: int):
    """The distances of two tensors of one shape: their mean, their sum, or all."""
    return reduced((input - target).abs(), code)


def _kl_div(input, target, reduction=NONE, *, log_target=False):
    """``target * (log(target) - input)``: its mean (``reduction`` 1), its sum (2), or all (0).

    torch states a default of 1, and reads it as 0.

    ``input`` is a logarithm, with ``log_target`` so is ``target``. RuntimeError for dtypes that are not floating-point.
    (``torch.kl_div``)
    """
    kinds = input._a.dtype.kind + target._a.dtype.kind
    if not isinstance(log_target, bool) or type(reduction) is not int:
        raise TypeError("log_target")
    if "c" in kinds:
        raise RuntimeError("kl_div: Complex inputs not supported.")
    if kinds != "ff":
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        distance = target - input  # torch computes factors from right to left
        return reduced(exp(target) * distance, reduction)
    product = target * input
    return reduced(xlogy(target, target) - product, reduction)


kl_div = publish("kl_div", "loss", _kl_div, differentiable=("input", "target"))
