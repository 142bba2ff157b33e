"""Losses. To add one: its forward on arrays, a node class per named backward of torch's table, and a function with
torch's argument checks, which ``nn.functional`` offers.
"""

from __future__ import annotations

import warnings

import numpy as np

from .. import _dtypes, _errors
from .._tensor import Tensor, scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS
from ..autograd.nodes import extra_of
from ._define import F16, F32, F64, ONE, internal, quietly, record
from ._summation import add_up
from .logit import _log_odds, _logit
from .reductions import mean_of

NONE, MEAN, SUM = 0, 1, 2


def reduction_code(reduction: str, size_average, reduce) -> int:
    """torch's number for a reduction; warns of the deprecated arguments, ValueError for an unknown name."""
    if size_average is not None or reduce is not None:
        averaged, reduced = size_average is None or size_average, reduce is None or reduce
        reduction = "mean" if averaged and reduced else "sum" if reduced else "none"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=4,
        )
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            UserWarning,
            stacklevel=1,
        )
        return MEAN
    try:
        return {"none": NONE, "mean": MEAN, "sum": SUM}[reduction]
    except (KeyError, TypeError):
        raise ValueError(f"{reduction} is not a valid value for reduction") from None


def _reduced(loss, code: int):
    if code == NONE:
        return loss
    return add_up(loss, None, False) if code == SUM else mean_of(loss, None, False, loss.size)


def _within_unit(values) -> bool:
    if values.size == 1:
        return 0 <= values.item() <= 1
    return not values.size or bool(np.minimum.reduce(values, None) >= 0 and np.maximum.reduce(values, None) <= 1)


# --- binary cross entropy -----------------------------------------------------------------------------------------


_FLOOR, _LEAST = ({t: np.array(value, t) for t in (F16, F32, F64)} for value in (-100, 1e-12))


def _cross_entropy(input, target, weight, code):
    kind = input.dtype
    floor = _FLOOR[kind]
    # Through float64 the logarithms are as exact as the C library's that torch calls here.
    wide = input.astype(F64)
    log, rest = np.log(wide), np.log1p(-wide)
    if kind is not F64:
        log, rest = log.astype(kind), rest.astype(kind)
    loss = (target - ONE[kind]) * np.maximum(rest, floor) - target * np.maximum(log, floor)
    return _reduced(loss if weight is None else loss * weight, code)


def _cross_entropy_backward(grad, self, target, weight, code):
    kind = self.dtype
    gradient = grad * (self - target) / np.maximum((ONE[kind] - self) * self, _LEAST[kind])
    if weight is not None:
        gradient = gradient * weight
    return gradient / kind.type(self.size) if code == MEAN and self.size != 1 else gradient


def _scaled(xp, gradient, weight, code, count):
    if weight is not None:
        gradient = gradient * weight
    return xp.div_scalar(gradient, count) if code == MEAN else gradient


def _size(value) -> int:
    return value._a.size if isinstance(value, Tensor) else value.size


def _towards_target(xp, grad, self, target, weight, code):
    return _scaled(xp, -xp.log_odds(self) * grad, weight, code, _size(target))


_BCE = node_class(
    "BinaryCrossEntropyBackward0", ("self", "target"), saved=("self", "target", "weight"), fixed=("code",),
    optional=("weight",),
    derivatives={
        "self": lambda xp, grad, self, target, weight, code: xp.bce_backward(grad, self, target, weight, code),
        "target": _towards_target,
    },
)  # fmt: skip


def _double_self(xp, grad, grad_output, self, target, weight, code):
    eps = 1e-12
    above, below = self + eps, 1 - self + eps
    slope = (self * self - 2 * self * target + target) / (above * above * (below * below))
    return _scaled(xp, slope * (grad * grad_output), weight, code, _size(self))


def _double_target(xp, grad, grad_output, self, target, weight, code):
    slope = -grad_output * grad / xp.at_least((1 - self) * self, 1e-12)
    return _scaled(xp, slope, weight, code, _size(target))


def _double_output(xp, grad, self, target, weight, code):
    eps = 1e-12
    slope = (self - target) / ((self + eps) * (1 - self + eps)) * grad
    if weight is not None:
        slope = slope * weight
    if code == NONE:
        return slope
    return xp.div_scalar(xp.sum(slope), _size(self)) if code == MEAN else xp.sum(slope)


_BCE_BACKWARD = node_class(
    "BinaryCrossEntropyBackwardBackward0", ("grad_output", "self", "target"),
    saved=("grad_output", "self", "target", "weight"), fixed=("code",), optional=("weight",),
    derivatives={"grad_output": _double_output, "self": _double_self, "target": _double_target},
)  # fmt: skip


def _bce_backward_tensors(grad, self, target, weight, code):
    raw = None if weight is None else weight._a
    out = wrap(quietly(_cross_entropy_backward, grad._a, self._a, target._a, raw, code))
    if state.enabled and (grad._rg or self._rg or target._rg):
        record(out, _BCE_BACKWARD, (grad, self, target), (grad, self, target, weight), (code,))
    return out


internal("bce_backward", _cross_entropy_backward, _bce_backward_tensors)
internal("log_odds", lambda a: _log_odds(a, None), _logit)
internal("at_least", np.maximum, lambda t, least: t.clamp(min=least))


def _require_sizes(*values) -> None:
    """The error of the first value that has no ``size()``, as no Tensor can be."""
    for value in values:
        if value is not None or value is values[0]:
            value.size()


def _broadcast_weight(weight, target):
    """``weight`` in the shape of ``target``; RuntimeError in torch's words if it does not fit."""
    own, other = target._a.shape, weight._a.shape
    for i in range(-1, -1 - min(len(own), len(other)), -1):
        if other[i] != own[i] and other[i] != 1 and own[i] != 1:
            raise RuntimeError(
                f"Attempting to broadcast a dimension of length {other[i]} at {i}! Mismatching argument at index 1 had "
                f"{weight.shape}; but expected shape should be broadcastable to {list(own)}"
            )
    _errors.require_fit(own, other)
    return weight.expand(own)


def _require_dtype(expected, *others) -> None:
    for other in others:
        if other is not None and other._a.dtype != expected._a.dtype:
            raise RuntimeError(f"Found dtype {scalar_type_name(other)} but expected {scalar_type_name(expected)}")


def _not_differentiable(function: str, **arguments) -> None:
    for name, value in arguments.items():
        if value is not None and value._rg and state.enabled:
            raise RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument '{name}'. This input cannot "
                "have requires_grad True."
            )


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Binary cross entropy of probabilities ``input`` against ``target``, both of one shape with values in [0, 1].

    ``weight`` broadcasts to that shape; ``reduction`` is "mean", "sum" or "none". ValueError for unlike shapes,
    RuntimeError for values outside [0, 1] and unlike dtypes. (``torch.nn.functional.binary_cross_entropy``)
    """
    plain = size_average is None and reduce is None and reduction == "mean"
    code = MEAN if plain else reduction_code(reduction, size_average, reduce)
    try:
        x, y = input._a, target._a
    except AttributeError:
        _require_sizes(target)
        _require_sizes(input)
        raise
    if x.shape != y.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if weight is not None:
        if not isinstance(weight, Tensor):
            _require_sizes(weight)
        weight = _broadcast_weight(weight, target)
        _not_differentiable("binary_cross_entropy", weight=weight)
        _require_dtype(input, target)
        weight = weight.to(input.dtype)
    elif x.dtype is not y.dtype:
        _require_dtype(input, target)
    if x.dtype.kind != "f":
        raise _errors.not_implemented("binary_cross_entropy", input)
    if not _within_unit(x):
        raise RuntimeError("all elements of input should be between 0 and 1")
    if not _within_unit(y):
        raise RuntimeError("all elements of target should be between 0 and 1")
    out = wrap(quietly(_cross_entropy, x, y, None if weight is None else weight._a, code))
    if state.enabled and (input._rg or target._rg):
        record(out, _BCE, (input, target), (input, target, weight), (code,))
    return out


# --- with logits --------------------------------------------------------------------------------------------------


def _logits_backward(xp, grad, self, target, weight, pos_weight, code):
    if pos_weight is not None:
        scaled = pos_weight * target
        gradient = (xp.add_scalar(scaled, 1) - target) * xp.sigmoid(self) - scaled
    else:
        gradient = xp.sigmoid(self) - target
    return _scaled(xp, gradient * grad, weight, code, _size(self))


def _logits_towards_target(xp, grad, self, target, weight, pos_weight, code):
    if pos_weight is not None:
        gradient = (xp.logsigmoid(-self) - xp.logsigmoid(self) * pos_weight) * grad
    else:
        gradient = -self * grad
    return _scaled(xp, gradient, weight, code, _size(target))


_BCE_LOGITS = node_class(
    "BinaryCrossEntropyWithLogitsBackward0", ("self", "target"), saved=("self", "target", "weight", "pos_weight"),
    fixed=("code",), optional=("weight", "pos_weight"),
    derivatives={"self": _logits_backward, "target": _logits_towards_target},
)  # fmt: skip


def _logits_loss(x, y, weight, pos_weight):
    log = ARRAYS.logsigmoid(x)
    if pos_weight is not None:
        log = log * ((pos_weight - 1) * y + 1)
    loss = (1 - y) * x - log if y.dtype not in ONE else (ONE[y.dtype] - y) * x - log
    return loss if weight is None else loss * weight


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """Binary cross entropy of ``sigmoid(input)`` against ``target``, of one shape, computed stably from the logits.

    ``weight`` and ``pos_weight`` (of the positive examples) broadcast; ``reduction`` is "mean", "sum" or "none".
    ValueError for unlike shapes. (``torch.nn.functional.binary_cross_entropy_with_logits``)
    """
    plain = size_average is None and reduce is None and reduction == "mean"
    code = MEAN if plain else reduction_code(reduction, size_average, reduce)
    try:
        x, y = input._a, target._a
    except AttributeError:
        _require_sizes(target)
        _require_sizes(input)
        raise
    if x.shape != y.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if weight is not None or pos_weight is not None:
        weight, pos_weight = _logits_weights(weight, pos_weight, target)
    if x.dtype is not y.dtype or x.dtype.kind != "f":
        _require_logits(input, target)
    loss = quietly(_logits_loss, x, y, *(None if t is None else t._a for t in (weight, pos_weight)))
    if loss.dtype != y.dtype:  # torch computes in the memory of 1 - target
        loss = quietly(loss.astype, y.dtype)
    out = wrap(quietly(_reduced, loss, code))
    if state.enabled and (input._rg or target._rg):
        record(out, _BCE_LOGITS, (input, target), (input, target, weight, pos_weight), (code,))
        if x.dtype is not y.dtype:
            extra_of(out._node).operands = ((x.shape, x.dtype), (y.shape, y.dtype))
    return out


def _logits_weights(weight, pos_weight, target):
    """Both weights in the dtype of ``target``; the errors are those of weights that are none or do not broadcast."""
    for position, name, value in ((3, "weight", weight), (4, "pos_weight", pos_weight)):
        if not isinstance(value, (Tensor, type(None))):
            raise TypeError(
                f"binary_cross_entropy_with_logits(): argument '{name}' (position {position}) must be Tensor, not "
                f"{type(value).__name__}"
            )
    _not_differentiable("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    shape = target._a.shape
    if pos_weight is not None:
        _errors.require_broadcast(pos_weight._a.shape, shape)
        _errors.require_fit(shape, pos_weight._a.shape)
    if weight is not None:
        _errors.require_fit(shape, weight._a.shape)
    if target._a.dtype.kind != "f":
        return weight, pos_weight
    return tuple(None if t is None else t.to(target.dtype) for t in (weight, pos_weight))


def _require_logits(input, target) -> None:
    if input._a.dtype.kind != "f":
        raise _errors.not_implemented("log_sigmoid_cpu", input)
    if target._a.dtype.kind == "b":
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if target._a.dtype.kind in "iu":
        raise _errors.result_type(input.dtype, target.dtype)


# --- squared error ------------------------------------------------------------------------------------------------


def _squared_error(a, b, code):
    distance = a - b
    return _reduced(distance * distance, code)


def _mse_backward(grad, self, target, code):
    """In the dtype of ``self``, as torch's kernel writes it."""
    common = np.result_type(self, target, grad)
    factor = common.type(2 / self.size if code == MEAN and self.size else 2)
    a, b, g = (array.astype(common, copy=False) for array in (self, target, grad))
    return (factor * (a - b) * g).astype(self.dtype, copy=False)


def _doubled(xp, grad, count, code):
    grad = xp.mul_scalar(grad, 2)
    return xp.div_scalar(grad, count) if code == MEAN else grad


_MSE = node_class(
    "MseLossBackward0", ("self", "target"), saved=("self", "target"), fixed=("code",),
    derivatives={
        "self": lambda xp, grad, self, target, code: xp.mse_backward(grad, self, target, code),
        "target": lambda xp, grad, self, target, code: xp.mse_backward(grad, target, self, code),
    },
)  # fmt: skip
_MSE_BACKWARD = node_class(
    "MseLossBackwardBackward0", ("grad_output", "self", "target"), saved=("grad_output", "self", "target"),
    fixed=("code",),
    derivatives={
        "grad_output": lambda xp, grad, self, target, code: xp.mse_backward(grad, self, target, code),
        "self": lambda xp, grad, grad_output, self, code: _doubled(xp, grad * grad_output, _size(self), code),
        "target": lambda xp, grad, grad_output, target, code: -_doubled(xp, grad * grad_output, _size(target), code),
    },
)  # fmt: skip


def _mse_backward_tensors(grad, self, target, code):
    out = wrap(quietly(_mse_backward, grad._a, self._a, target._a, code))
    if state.enabled and (grad._rg or self._rg or target._rg):
        record(out, _MSE_BACKWARD, (grad, self, target), (grad, self, target), (code,))
        operands = grad._a, self._a, target._a
        if operands[0].shape != out._a.shape or len({array.dtype for array in operands}) > 1:
            extra_of(out._node).operands = tuple([(array.shape, array.dtype) for array in operands])
    return out


internal("mse_backward", _mse_backward, _mse_backward_tensors)


def _same_size(input, target) -> None:
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def _broadcast(input, target):
    """Both in their common shape; only one that is not of it yet becomes a view."""
    a, b = input._a.shape, target._a.shape
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        raise _errors.broadcast(a, b) from None
    return tuple(t if t._a.shape == shape else t.expand(shape) for t in (input, target))


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared differences of ``input`` and ``target``: their mean, their "sum", or "none" of the two.

    Shapes broadcast, with a warning; ``weight``, of the shape of ``input``, multiplies, and a weighted mean is divided
    by the weights' sum. NotImplementedError for integers. (``torch.nn.functional.mse_loss``)
    """
    x, y = getattr(input, "_a", None), getattr(target, "_a", None)
    if x is None or y is None or x.shape != y.shape:
        _same_size(input, target)
    if size_average is not None or reduce is not None:
        reduction = {MEAN: "mean", SUM: "sum", NONE: "none"}[reduction_code(reduction, size_average, reduce)]
    if x.shape != y.shape:
        input, target = _broadcast(input, target)
    if weight is not None:
        return _weighted_mse(input, target, weight, reduction, x.shape)
    code = MEAN if reduction == "mean" else reduction_code(reduction, None, None)
    return _mse(input, target, code)


def _mse(input, target, code):
    a, b = input._a, target._a
    if a.dtype is not b.dtype:
        common = _dtypes.PROMOTED[input.dtype, target.dtype]._numpy
        a, b = a.astype(common, copy=False), b.astype(common, copy=False)
    if a.dtype.kind != "f":
        raise _errors.not_implemented("mse_cpu", _dtypes.OF_NUMPY[a.dtype])
    out = wrap(quietly(_squared_error, a, b, code))
    if state.enabled and (input._rg or target._rg):
        record(out, _MSE, (input, target), (input, target), (code,))
    return out


def _weighted_mse(input, target, weight, reduction, shape):
    if weight.size() != shape:
        raise ValueError("Weights and input must have the same size.")
    errors = (input - target) ** 2 * weight
    if reduction == "none":
        return errors
    if reduction == "sum":
        return errors.sum()
    if reduction == "mean":
        return errors.sum() / weight.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
