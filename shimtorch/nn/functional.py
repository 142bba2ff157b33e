"""``torch.nn.functional``: losses, activations and what layers compute, as functions."""

from __future__ import annotations

import warnings

from ..autograd.mode import no_grad
from ..ops.activations import logsigmoid, softplus
from ..ops.activations import relu as _relu
from ..ops.classification import cross_entropy, nll_loss
from ..ops.layers import dropout as _dropout
from ..ops.layers import dropout_ as _dropout_
from ..ops.layers import embedding as _embedding
from ..ops.layers import embedding_renorm_, linear, one_hot
from ..ops.losses import binary_cross_entropy, binary_cross_entropy_with_logits, mse_loss
from ..ops.padding import pad
from ._activations import *  # noqa: F403 (what it names in ``__all__``)
from ._activations import __all__ as _activations
from ._losses import *  # noqa: F403
from ._losses import __all__ as _losses

__all__ = [
    *_activations,
    *_losses,
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "embedding",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]


def relu(input, inplace: bool = False):
    """``max(input, 0)``, written into ``input`` if ``inplace``. Any shape, real dtypes."""
    return input.relu_() if inplace else _relu(input)


def sigmoid(input):
    """``1 / (1 + exp(-input))``, any shape; integers become the default dtype."""
    return input.sigmoid()


def tanh(input):
    """The hyperbolic tangent, any shape; integers become the default dtype."""
    return input.tanh()


def softmax(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
    """``exp(input)`` divided by its sums along ``dim``, in ``dtype`` if given; a warning where ``dim`` is None."""
    if dim is None:
        dim = _softmax_dim("softmax", input.dim(), _stacklevel)
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)


def log_softmax(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
    """The logarithm of ``softmax``, computed without overflow; a warning where ``dim`` is None."""
    if dim is None:
        dim = _softmax_dim("log_softmax", input.dim(), _stacklevel)
    return input.log_softmax(dim) if dtype is None else input.log_softmax(dim, dtype=dtype)


def _softmax_dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def dropout(input, p: float = 0.5, training: bool = True, inplace: bool = False):
    """Elements set to 0 with probability ``p``, the others multiplied by ``1 / (1 - p)``; all kept unless ``training``.

    ValueError for a ``p`` outside [0, 1].
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return (_dropout_ if inplace else _dropout)(input, p, training)


def embedding(
    input,
    weight,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
):
    """The rows of ``weight`` (count, size) at the indices ``input`` (int64 or int32, any shape).

    The row ``padding_idx`` gets no gradient. With ``max_norm``, rows that are longer are shortened in ``weight`` first.
    Sparse gradients are not offered. AssertionError for a ``padding_idx`` that is no row, IndexError for an index that
    is none.
    """
    if padding_idx is None:
        padding_idx = -1
    else:
        count = weight.size(0)
        if not -count <= padding_idx < count and padding_idx:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx += count if padding_idx < 0 else 0
    if max_norm is not None:
        input = input.contiguous()
        with no_grad():
            embedding_renorm_(weight.detach(), input, max_norm, norm_type)
    return _embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


def __getattr__(name: str):
    raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
