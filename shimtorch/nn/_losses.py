"""Losses as ``nn.functional`` has them: Python functions over the operators, deprecated arguments included."""

from __future__ import annotations

import math
import warnings

from .._factories import ones_like as _ones_like
from ..autograd.mode import no_grad
from ..ops import distances, margins
from ..ops.activations import logsigmoid
from ..ops.losses import MEAN, NONE, SUM, _broadcast, reduction_code

__all__ = [
    "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss",
    "multilabel_soft_margin_loss", "poisson_nll_loss", "smooth_l1_loss",
]  # fmt: skip

_NAMES = {NONE: "none", MEAN: "mean", SUM: "sum"}


def _both(input, target):
    """The two in their common shape, with a warning where they had different ones."""
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
    return input, target


def _weighted(losses, weight, input, reduction: str, by_weight: bool):
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    weighted = losses() * weight
    if reduction == "none":
        return weighted
    if reduction == "sum":
        return weighted.sum()
    if reduction == "mean":
        return weighted.sum() / weight.sum() if by_weight else weighted.mean()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


def l1_loss(input, target, size_average=None, reduce=None, reduction: str = "mean", weight=None):
    """The distances of ``input`` and ``target``: their mean, their "sum", or "none" of the two.

    Shapes broadcast, with a warning; ``weight``, of the shape of ``input``, multiplies, and a weighted mean is divided
    by the weights' sum. ValueError for another ``reduction``.
    """
    _both(input, target)
    if size_average is not None or reduce is not None:
        reduction = _NAMES[reduction_code(reduction, size_average, reduce)]
    a, b = _broadcast(input, target)
    if weight is not None:
        return _weighted(lambda: (a - b).abs(), weight, input, reduction, by_weight=True)
    return distances.l1_loss(a, b, reduction_code(reduction, None, None))


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction: str = "mean", beta: float = 1.0):
    """Squared distances below ``beta``, distances beyond: their mean, their "sum", or "none" of the two.

    Shapes broadcast, with a warning. RuntimeError for a negative ``beta``, ValueError for another ``reduction``.
    """
    _both(input, target)
    if size_average is not None or reduce is not None:
        reduction = _NAMES[reduction_code(reduction, size_average, reduce)]
    a, b = _broadcast(input, target)
    if beta == 0.0:
        return distances.l1_loss(a, b, reduction_code(reduction, None, None))
    return distances.smooth_l1_loss(a, b, reduction_code(reduction, None, None), beta)


def huber_loss(input, target, reduction: str = "mean", delta: float = 1.0, weight=None):
    """Squared distances below ``delta``, distances times ``delta`` beyond: their mean, "sum", or "none" of the two.

    Shapes broadcast, with a warning; ``weight``, of the shape of ``input``, multiplies. RuntimeError unless ``delta``
    is positive, ValueError for another ``reduction``.
    """
    _both(input, target)
    a, b = _broadcast(input, target)
    if weight is not None:
        return _weighted(lambda: distances.huber_loss(a, b, NONE, delta), weight, input, reduction, by_weight=False)
    return distances.huber_loss(a, b, reduction_code(reduction, None, None), delta)


_MEAN_OF_DIVERGENCE = (
    "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by "
    "the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
    "'batchmean' in the next major release."
)


def kl_div(input, target, size_average=None, reduce=None, reduction: str = "mean", log_target: bool = False):
    """``target * (log(target) - input)``: its "sum", "mean", "batchmean" (per row), or "none" of these.

    ``input`` holds logarithms; with ``log_target`` so does ``target``. Floating-point dtypes; shapes broadcast. A
    warning for the mean, which is not that of the rows. ValueError for another ``reduction``.
    """
    if size_average is not None or reduce is not None:
        code = reduction_code(reduction, size_average, reduce)
    else:
        if reduction == "mean":
            warnings.warn(_MEAN_OF_DIVERGENCE, stacklevel=2)
        code = SUM if reduction == "batchmean" else reduction_code(reduction, None, None)
    result = distances.kl_div(input, target, code, log_target=log_target)
    return result / input.size()[0] if reduction == "batchmean" and input.dim() != 0 else result


def gaussian_nll_loss(input, target, var, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
    """How improbable ``target`` is where it is normal around ``input`` with variance ``var``: mean, "sum", or "none".

    ``var`` is a float, or a tensor of the shape of ``input``, or of one in which the last dimension is missing or 1; it
    counts as ``eps`` at least. ``full`` adds the constant. ValueError for negative variances and for other shapes.
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * _ones_like(input)
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.ndim != var.ndim or sum([y for x, y in zip(input.size(), var.size(), strict=True) if x != y]) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss += 0.5 * math.log(2 * math.pi)
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
    """Binary cross entropy of the logits ``input`` (…, C) against ``target``, averaged over the C labels.

    ``weight`` multiplies; ``reduction`` is "mean", "sum" or "none". ValueError for another one.
    """
    if size_average is not None or reduce is not None:
        reduction = _NAMES[reduction_code(reduction, size_average, reduce)]
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    class_dim = input.dim() - 1
    loss = loss.sum(dim=class_dim) / input.size(class_dim)
    if reduction == "none":
        return loss
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    raise ValueError(reduction + " is not valid")


def margin_ranking_loss(
    input1, input2, target, margin: float = 0, size_average=None, reduce=None, reduction: str = "mean"
):
    """``max(0, -target * (input1 - input2) + margin)``: its mean, its "sum", or "none" of the two.

    ``target`` says with 1 or -1 which of the two ranks higher. RuntimeError for unlike numbers of dimensions.
    """
    code = reduction_code(reduction, size_average, reduce)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return margins.margin_ranking_loss(input1, input2, target, margin, code)


def hinge_embedding_loss(input, target, margin: float = 1.0, size_average=None, reduce=None, reduction: str = "mean"):
    """``input`` where ``target`` is 1, ``max(0, margin - input)`` where it is -1: mean, "sum", or "none"."""
    return margins.hinge_embedding_loss(input, target, margin, reduction_code(reduction, size_average, reduce))


def poisson_nll_loss(
    input, target, log_input: bool = True, full: bool = False, size_average=None, eps: float = 1e-8, reduce=None,
    reduction: str = "mean",
):  # fmt: skip
    """How improbable ``target`` is by Poisson's distribution of mean ``exp(input)``: mean, "sum", or "none".

    Unless ``log_input``, ``input`` is the mean itself; ``full`` adds Stirling's approximation. ValueError for another
    ``reduction``.
    """
    if size_average is not None or reduce is not None:
        reduction = _NAMES[reduction_code(reduction, size_average, reduce)]
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not a valid value for reduction")
    return margins.poisson_nll_loss(input, target, log_input, full, eps, reduction_code(reduction, None, None))
