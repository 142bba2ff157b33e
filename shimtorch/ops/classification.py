"""Losses over classes: ``nll_loss`` and, made of it, ``cross_entropy``, with the nodes torch builds for them.

The first dimension is the batch's, the second holds the classes, further ones are positions; a vector is one example.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import _errors
from .._floating import QUIET, reset_floating, set_floating
from .._tensor import Tensor, scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import TENSORS
from ._define import F16, F32, internal, quietly, record
from ._summation import add_up
from .losses import MEAN, NONE, SUM, _not_differentiable, reduction_code
from .reductions import _sum
from .softmax import log_softmax

# --- on arrays ----------------------------------------------------------------------------------------------------


def _weights(a, target, weight, ignore_index):
    """Per example its class, whether it counts, and its weight in the dtype that is computed in."""
    counts = target != ignore_index
    index = np.where(counts, target, 0).astype(np.int64, copy=False)
    kind = F32 if a.dtype is F16 else a.dtype
    if weight is None:
        return index, counts, counts.astype(kind)
    return index, counts, np.where(counts, weight.astype(kind, copy=False)[index], kind.type(0))


def _nll(a, target, weight, code, ignore_index):
    """The loss and the sum of the weights that count, both in the dtype of ``a``."""
    if _is_plain(a, target, weight, code, ignore_index):
        losses, total = -a[np.arange(target.size), target], np.array(target.size, F32)
    else:
        index, counts, weights = _weights(a, target, weight, ignore_index)
        picked = np.take_along_axis(a, np.expand_dims(index, 1), 1).squeeze(1) if a.size else index.astype(a.dtype)
        losses = np.where(counts, -picked * weights, weights.dtype.type(0))
        if code == NONE:
            return losses.astype(a.dtype, copy=False), np.zeros((), a.dtype)
        total = add_up(weights, None, False)
    loss = add_up(losses, None, False)
    loss = loss / total if code == MEAN else loss
    return np.asarray(loss).astype(a.dtype, copy=False), np.asarray(total).astype(a.dtype, copy=False)


def _is_plain(a, target, weight, code, ignore_index) -> bool:
    """Whether it is float32 rows with one class each, all of which count alike."""
    return (
        weight is None
        and a.ndim == 2
        and a.dtype is F32
        and code != NONE
        and a.size > 0
        and ignore_index < 0
        and bool(np.minimum.reduce(target) >= 0)
    )


def _nll_backward(grad, self, target, weight, total, code, ignore_index):
    if self.ndim == 1:
        grad = grad.reshape(1) if code == NONE else grad
        row = _nll_backward(grad, self[None], target.reshape(1), weight, total, code, ignore_index)
        return row[0]
    out = np.zeros(self.shape, self.dtype)
    if _is_plain(self, target, weight, code, ignore_index):
        out[np.arange(target.size), target] = -grad / total if code == MEAN else -grad
        return out
    index, counts, weights = _weights(self, target, weight, ignore_index)
    slope = -weights * grad
    slope = np.where(counts, slope / total if code == MEAN else slope, weights.dtype.type(0)).astype(self.dtype)
    if out.size:
        np.put_along_axis(out, np.expand_dims(index, 1), np.expand_dims(slope, 1), 1)
    return out


# --- negative log likelihood --------------------------------------------------------------------------------------


def _nodes(plane: str):
    """The node of the loss over vectors ("") or over planes of positions ("2D")."""
    name = f"nll_backward{plane}"
    backward = node_class(
        f"NllLoss{plane}BackwardBackward0", ("grad_output", "self"), saved=("target", "weight"),
        fixed=("code", "ignore_index"), optional=("weight",),
        derivatives={
            "grad_output": lambda xp, grad, target, weight, code, ignore_index: xp.nll(
                grad, target, weight, code, ignore_index
            ),
            "self": lambda xp, grad: xp.zeros_like(grad),
        },
    )  # fmt: skip

    def on_tensors(grad, self, target, weight, total, code, ignore_index):
        arrays = [None if t is None else t._a for t in (grad, self, target, weight, total)]
        out = wrap(quietly(_nll_backward, *arrays, code, ignore_index))
        if state.enabled and (grad._rg or self._rg):
            record(out, backward, (grad, self), (target, weight), (code, ignore_index))
        return out

    def derivative(xp, grad, self, target, weight, total_weight, code, ignore_index):
        return getattr(xp, name)(grad, self, target, weight, total_weight, code, ignore_index)

    internal(name, _nll_backward, on_tensors)
    return node_class(
        f"NllLoss{plane}Backward0", ("self",), {"self": derivative},
        saved=("self", "target", "weight", "total_weight"), fixed=("code", "ignore_index"), optional=("weight",),
    )  # fmt: skip


_NODES: dict[str, Any] = {plane: _nodes(plane) for plane in ("", "2D")}


def _nll_on_arrays(grad, target, weight, code, ignore_index):
    """``nll_loss`` of a gradient, which is how a gradient of its gradient comes about."""
    rows = (grad[None], target.reshape(1)) if grad.ndim == 1 else (grad, target)
    loss = _nll(*rows, weight, code, ignore_index)[0]
    return loss[0] if code == NONE and grad.ndim == 1 else loss


internal("nll", _nll_on_arrays, lambda grad, *rest: _nll_loss(grad, *rest))


def _nll_loss(input, target, weight, code, ignore_index):
    """The loss over (classes), (batch, classes) or (batch, classes, height, width), recorded."""
    a, t = input._a, target._a
    planes = a.ndim == 4
    rows = (a[None], t.reshape(1)) if a.ndim == 1 else (a, t)
    raw = None if weight is None else weight._a
    index = rows[1]
    classes = rows[0].shape[1]
    if index.size and (np.minimum.reduce(index, None) < 0 or np.maximum.reduce(index, None) >= classes):
        _require_classes(index, classes, ignore_index, code == NONE and a.ndim == 2 and t.dtype == np.uint8)  # a char
    token = set_floating(QUIET)
    try:
        loss, total_weight = _nll(*rows, raw, code, ignore_index)
    finally:
        reset_floating(token)
    if code == NONE and a.ndim == 1:
        loss = loss[0]
    out = wrap(np.asarray(loss))
    if state.enabled and input._rg:
        saved = (input, target, weight, wrap(total_weight))
        record(out, _NODES["2D" if planes else ""], (input,), saved, (code, ignore_index))
    return out


def _require_classes(index, classes: int, ignore_index, as_text: bool) -> None:
    wrong = (index != ignore_index) & ((index < 0) | (index >= classes))
    if wrong.any():
        first = index[wrong][0]
        raise IndexError(f"Target {chr(first) if as_text else first} is out of bounds.")


def _check(input, target, weight, plane: str) -> None:
    if target._a.dtype.name not in ("int64", "uint8"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {scalar_type_name(target)}")
    classes = input._a.shape[1 if input._a.ndim > 1 else 0]
    if weight is not None and (weight._a.ndim != 1 or weight._a.size != classes):
        for_all = "for all" if plane else f"for all {classes} classes"
        shape = "" if plane else f" but got weight tensor of shape: {list(weight._a.shape)}"
        raise RuntimeError(f"weight tensor should be defined either {for_all} or no classes{shape}")
    if input._a.dtype.kind != "f":
        kernel = f"nll_loss{plane}_forward_out_frame" if plane else "nll_loss_out_frame"
        raise _errors.not_implemented(kernel, input)
    if weight is not None and weight._a.dtype != input._a.dtype:
        raise RuntimeError(f"expected scalar type {scalar_type_name(input)} but found {scalar_type_name(weight)}")
    if plane and target._a.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_type_name(target)}")


def _nll_loss_nd(input, target, weight, code, ignore_index):
    """``nll_loss`` in every rank, which torch reduces to vectors or planes."""
    a, t = input._a, target._a
    if a.ndim == 0:
        raise ValueError(f"Expected 1 or more dimensions (got {a.ndim})")
    targets = t.shape[0] if t.ndim else 0
    if a.ndim != 1 and a.shape[0] != targets:
        raise ValueError(f"Expected input batch_size ({a.shape[0]}) to match target batch_size ({targets}).")
    function = "nll_loss_forward" if a.ndim < 3 else "nll_loss2d_forward"
    if weight is not None:
        _not_differentiable(function, weight=weight)
    if a.ndim < 3:
        if t.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if a.ndim == 2 and t.ndim != 1:
            raise RuntimeError(f"size mismatch (got input: {list(a.shape)}, target: {list(t.shape)})")
        if target._a.dtype.name in ("int64", "uint8") and a.ndim == 1 and t.ndim == 1 and t.shape != (1,):
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {t.shape[0]}")
        _check(input, target, weight, "")
        return _nll_loss(input, target, weight, code, ignore_index)
    if a.ndim == 4:
        return _over_planes(input, target, weight, code, ignore_index)
    batch, classes, *positions = a.shape
    wanted = (batch, *positions)
    if t.shape[1:] != tuple(positions):
        raise RuntimeError(f"Expected target size {list(wanted)}, got {list(t.shape)}")
    count = math.prod(positions)
    flat = input.contiguous().view(batch, classes, 1, count)
    loss = _over_planes(flat, target.contiguous().view(batch, 1, count), weight, code, ignore_index)
    return loss.view(wanted) if code == NONE else loss


def _over_planes(input, target, weight, code, ignore_index):
    a, t = input._a, target._a
    if t.ndim != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {t.ndim}"
        )
    if t.shape[1:] != a.shape[2:]:
        raise RuntimeError(f"size mismatch (got input: {list(a.shape)} , target: {list(t.shape)}")
    _check(input, target, weight, "2d")
    return _nll_loss(input, target, weight, code, ignore_index)


def nll_loss(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"
):  # fmt: skip
    """The negative of ``input``, log-probabilities of shape (C), (N, C) or (N, C, d1, …), at the classes ``target``.

    ``target`` (int64 or uint8) has the shape of ``input`` without C; ``weight`` is one number per class. "mean" divides
    by the sum of the weights of the targets that are not ``ignore_index``. ValueError or RuntimeError for shapes that
    do not fit, IndexError for a class that is not there. (``torch.nn.functional.nll_loss``)
    """
    code = reduction_code(reduction, size_average, reduce)
    _require_tensors("nll_loss_nd", input, target, weight)
    return _nll_loss_nd(input, target, weight, code, ignore_index)


def _require_tensors(function: str, input, target, weight) -> None:
    for position, (name, value) in enumerate((("input", input), ("target", target), ("weight", weight)), 1):
        if not isinstance(value, Tensor) and (position < 3 or value is not None):
            kind = type(value).__name__
            raise TypeError(f"{function}(): argument '{name}' (position {position}) must be Tensor, not {kind}")


# --- cross entropy ------------------------------------------------------------------------------------------------


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
    label_smoothing=0.0,
):  # fmt: skip
    """Cross entropy of the logits ``input``, of shape (C), (N, C) or (N, C, d1, …), against ``target``.

    ``target`` holds classes, in the shape of ``input`` without C, or probabilities, in the shape of ``input``.
    ``label_smoothing``, from 0 to 1, is the share of the uniform distribution in the target. The errors are those of
    ``nll_loss``. (``torch.nn.functional.cross_entropy``)
    """
    code = reduction_code(reduction, size_average, reduce)
    _require_tensors("cross_entropy_loss", input, target, weight)
    if not isinstance(label_smoothing, (int, float)):
        kind = type(label_smoothing).__name__
        raise TypeError(f"cross_entropy_loss(): argument 'label_smoothing' (position 6) must be float, not {kind}")
    if input._a.shape == target._a.shape:
        return _of_probabilities(input, target, weight, code, ignore_index, label_smoothing)
    if label_smoothing > 0:
        _check_smoothing(label_smoothing)
    logs = log_softmax(input, 0 if input._a.ndim == 1 else 1)
    if label_smoothing > 0:
        return _smoothed(logs, target, weight, code, ignore_index, label_smoothing)
    return _nll_loss_nd(logs, target, weight, code, ignore_index)


def _check_smoothing(label_smoothing) -> None:
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")


def _weighted(logs, weight):
    """``logs`` times the weights of their classes."""
    ndim = logs._a.ndim
    return logs * (weight.view((1, -1) + (1,) * (ndim - 2)) if ndim > 1 else weight)


def _of_probabilities(input, target, weight, code, ignore_index, label_smoothing):
    if target._a.dtype.kind != "f":
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {scalar_type_name(target)}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    a = input._a
    along = 0 if a.ndim == 1 else 1
    if a.ndim == 0:
        raise IndexError("Dimension specified as 1 but tensor has no dimensions")
    classes = a.shape[along]
    if weight is not None and (weight._a.ndim != 1 or weight._a.size != classes):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes but got "
            f"weight tensor of shape: {list(weight._a.shape)}"
        )
    logs = log_softmax(input, along)
    if label_smoothing > 0:
        _check_smoothing(label_smoothing)
        target = TENSORS.add_scalar(
            TENSORS.mul_scalar(target, 1 - label_smoothing), label_smoothing / (classes or math.nan)
        )
    products = logs * target
    if weight is not None:
        products = _weighted(products, weight)
    if code == NONE:
        return -_sum(products, along)
    total = -_sum(products)
    if code == SUM:
        return total
    if not a.size:
        return total.fill_(math.nan)
    return TENSORS.div_scalar(total, a.size // classes if classes else math.nan)


def _smoothed(logs, target, weight, code, ignore_index, label_smoothing):
    along = 0 if logs._a.ndim == 1 else 1
    classes = logs._a.shape[along]
    hard = _nll_loss_nd(logs, target, weight, code, ignore_index)
    weighted = logs if weight is None else _weighted(logs, weight)
    ignored = target == ignore_index
    smooth = -_sum(weighted, along)
    _errors.require_fit(smooth._a.shape, ignored._a.shape)  # torch fills in place
    smooth = smooth.masked_fill(ignored, 0.0)
    if code == SUM:
        smooth = _sum(smooth)
    elif code == MEAN:
        counts = weight._a[target._a[~ignored._a]] if weight is not None else ~ignored._a
        smooth = _sum(smooth) / _sum(wrap(np.asarray(counts)))
    return TENSORS.mul_scalar(hard, 1 - label_smoothing) + TENSORS.mul_scalar(smooth, label_smoothing / classes)
