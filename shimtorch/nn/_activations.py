"""Activations as ``nn.functional`` has them: Python functions over the operators, with an ``inplace``."""

from __future__ import annotations

from ..ops import rectifiers, smooth_activations
from ..ops.gelu import gelu
from ..ops.rectifiers import hardshrink, hardtanh_, leaky_relu_, prelu, relu_, softshrink, threshold_
from ..ops.smooth_activations import celu_, elu_, selu_

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_",
    "leaky_relu", "leaky_relu_", "mish", "prelu", "relu6", "relu_", "selu", "selu_", "silu", "softmin", "softshrink",
    "softsign", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip


def celu(input, alpha: float = 1.0, inplace: bool = False):
    """``max(0, input) + min(0, alpha * (exp(input / alpha) - 1))``, written into ``input`` if ``inplace``.

    Any shape, floating-point dtypes. RuntimeError for an ``alpha`` of 0.
    """
    return celu_(input, alpha) if inplace else smooth_activations.celu(input, alpha)


def elu(input, alpha: float = 1.0, inplace: bool = False):
    """``input`` where it is positive, else ``alpha * (exp(input) - 1)``, written into ``input`` if ``inplace``.

    Any shape, floating-point dtypes.
    """
    return elu_(input, alpha) if inplace else smooth_activations.elu(input, alpha)


def glu(input, dim: int = -1):
    """The first half of ``input`` along ``dim``, times the ``sigmoid`` of the second half; floating-point dtypes.

    RuntimeError for no dimensions and for an odd size.
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return smooth_activations.glu(input, dim)


def hardsigmoid(input, inplace: bool = False):
    """``input / 6 + 1 / 2``, at least 0 and at most 1, written into ``input`` if ``inplace``; floating-point dtypes."""
    return rectifiers.hardsigmoid_(input) if inplace else rectifiers.hardsigmoid(input)


def hardswish(input, inplace: bool = False):
    """``input * hardsigmoid(input)``, written into ``input`` if ``inplace``; floating-point dtypes."""
    return rectifiers.hardswish_(input) if inplace else rectifiers.hardswish(input)


def hardtanh(input, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
    """``input``, at least ``min_val`` and at most ``max_val``, written into ``input`` if ``inplace``; the dtype stays.

    ValueError for bounds in the wrong order, RuntimeError for bools.
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return hardtanh_(input, min_val, max_val) if inplace else rectifiers.hardtanh(input, min_val, max_val)


def leaky_relu(input, negative_slope: float = 0.01, inplace: bool = False):
    """``input`` where it is positive, else ``negative_slope * input``, written into ``input`` if ``inplace``.

    Any shape, floating-point dtypes.
    """
    return leaky_relu_(input, negative_slope) if inplace else rectifiers.leaky_relu(input, negative_slope)


def mish(input, inplace: bool = False):
    """``input * tanh(log(1 + exp(input)))``, written into ``input`` if ``inplace``; floating-point dtypes."""
    return smooth_activations.mish_(input) if inplace else smooth_activations.mish(input)


def relu6(input, inplace: bool = False):
    """``input``, at least 0 and at most 6, written into ``input`` if ``inplace``; the dtype stays, but no bools."""
    return rectifiers.relu6_(input) if inplace else rectifiers.relu6(input)


def selu(input, inplace: bool = False):
    """``elu`` with fixed constants, written into ``input`` if ``inplace``; floating-point dtypes."""
    return selu_(input) if inplace else smooth_activations.selu(input)


def silu(input, inplace: bool = False):
    """``input * sigmoid(input)``, written into ``input`` if ``inplace``; floating-point dtypes."""
    return smooth_activations.silu_(input) if inplace else smooth_activations.silu(input)


def softmin(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
    """``softmax(-input)`` along ``dim``, in ``dtype`` if given; a warning where ``dim`` is None."""
    if dim is None:
        from .functional import _softmax_dim

        dim = _softmax_dim("softmin", input.dim(), _stacklevel)
    return (-input).softmax(dim) if dtype is None else (-input).softmax(dim, dtype=dtype)


def softsign(input):
    """``input / (1 + |input|)``. Any shape; integers become the default dtype."""
    return input / (input.abs() + 1)


def tanhshrink(input):
    """``input - tanh(input)``. Any shape; integers become the default dtype."""
    return input - input.tanh()


def _threshold(input, threshold: float, value: float, inplace: bool = False):
    """``input`` where it exceeds ``threshold``, else ``value``, written into ``input`` if ``inplace``; the dtype stays.

    Real dtypes but bool.
    """
    return threshold_(input, threshold, value) if inplace else rectifiers.threshold(input, threshold, value)


threshold = _threshold
