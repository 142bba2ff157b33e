"""``torch.nn.functional``: losses and activations as functions."""

from __future__ import annotations

from ..ops.activations import logsigmoid
from ..ops.activations import relu as _relu
from ..ops.losses import binary_cross_entropy, binary_cross_entropy_with_logits

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "logsigmoid", "relu", "sigmoid"]


def relu(input, inplace: bool = False):
    """``max(input, 0)``, written into ``input`` if ``inplace``. Any shape, real dtypes."""
    return input.relu_() if inplace else _relu(input)


def sigmoid(input):
    """``1 / (1 + exp(-input))``, any shape; integers become the default dtype."""
    return input.sigmoid()


def __getattr__(name: str):
    raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
