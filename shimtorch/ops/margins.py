"""Losses that torch makes of other operators: of margins, and of Poisson's distribution.

To add one: a function of torch's parameters; torch computes factors and terms from right to left, as graphs show.
"""

from __future__ import annotations

import math

import numpy as np

from .._tensor import wrap
from ..autograd.namespaces import TENSORS
from ._define import publish
from .activations import number_in
from .choosing import where
from .distances import _real, reduced
from .losses import NONE
from .transcendentals import exp, log


def _plus(tensor, number: float):
    """``tensor + number`` as torch's own formulas record it."""
    return TENSORS.add_scalar(tensor, number) if tensor._a.dtype.kind == "f" else tensor + number


def _margin_ranking_loss(input1, input2, target, margin=0.0, reduction=NONE):
    """``max(0, -target * (input1 - input2) + margin)``, where ``target`` says with 1 or -1 which ranks higher.

    Shapes broadcast; ``reduction`` is 0 for all, 1 for the mean, 2 for the sum. (``torch.margin_ranking_loss``)
    """
    difference = input1 - input2
    return reduced(_plus(-target * difference, _real(margin)).clamp_min_(0), reduction)


def _hinge_embedding_loss(input, target, margin=1.0, reduction=NONE):
    """``input`` where ``target`` is 1, ``max(0, margin - input)`` where it is -1.

    Shapes broadcast; ``reduction`` is 0 for all, 1 for the mean, 2 for the sum. (``torch.hinge_embedding_loss``)
    """
    zeros = TENSORS.zeros_like(input)
    kind = input._a.dtype
    beyond = wrap(np.array(number_in(_real(margin), kind), kind)) - input  # in the dtype of ``input``, as in torch
    apart = where(target != 1, beyond.clamp_min_(0), zeros)
    return reduced(apart + where(target != -1, input, zeros), reduction)


def _poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """``exp(input) - target * input``, or, unless ``log_input``, ``input - target * log(input + eps)``.

    ``full`` adds Stirling's approximation where ``target`` exceeds 1. (``torch.poisson_nll_loss``)
    """
    if not isinstance(log_input, bool) or not isinstance(full, bool):
        raise TypeError("log_input")
    eps = _real(eps)
    if log_input:
        product = target * input
        loss = exp(input) - product
    else:
        loss = input - target * log(_plus(input, eps))
    if full:
        half = TENSORS.mul_scalar(log(_times(target, 2 * math.pi)), 0.5)
        stirling = target * log(target) - target + half
        loss += stirling.masked_fill(target <= 1, 0)
    return reduced(loss, reduction)


def _times(tensor, number: float):
    return TENSORS.mul_scalar(tensor, number) if tensor._a.dtype.kind == "f" else tensor * number


margin_ranking_loss = publish(
    "margin_ranking_loss", "loss", _margin_ranking_loss, differentiable=("input1", "input2", "target")
)  # fmt: skip
hinge_embedding_loss = publish(
    "hinge_embedding_loss", "loss", _hinge_embedding_loss, differentiable=("input", "target")
)  # fmt: skip
poisson_nll_loss = publish("poisson_nll_loss", "loss", _poisson_nll_loss, differentiable=("input", "target"))
