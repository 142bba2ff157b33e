"""Losses as ``nn.functional`` has them: Python functions over the operators, deprecated arguments included."""

from __future__ import annotations

import warnings

from ..ops import distances
from ..ops.losses import MEAN, NONE, SUM, _broadcast, reduction_code

__all__ = ["huber_loss", "kl_div", "l1_loss", "smooth_l1_loss"]

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
