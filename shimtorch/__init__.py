"""PyTorch for documents: ``import shimtorch as torch`` and a document's code behaves as with PyTorch 2.13.0."""

from __future__ import annotations

from . import autograd as autograd
from ._device import Size, contiguous_format, device, layout, memory_format, preserve_format, strided
from ._dtypes import (
    bool,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)  # fmt: skip
from ._factories import (
    arange,
    from_numpy,
    full,
    full_like,
    ones,
    ones_like,
    rand,
    rand_like,
    randn,
    randn_like,
    tensor,
    zeros,
    zeros_like,
)  # fmt: skip
from ._random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from ._tensor import Tensor
from .autograd.mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .ops import indexing as _indexing
from .ops.activations import relu, sigmoid
from .ops.comparison import bitwise_and, bitwise_not, bitwise_or, bitwise_xor, eq, ge, gt, le, lt, ne
from .ops.linalg import bmm, dot, matmul, mm, mv
from .ops.pointwise import (
    abs,
    add,
    clamp,
    clip,
    div,
    exp,
    floor_divide,
    log,
    mul,
    neg,
    positive,
    reciprocal,
    remainder,
    sqrt,
    sub,
    tanh,
    true_divide,
)  # fmt: skip
from .ops.powers import pow
from .ops.reductions import allclose, equal, max, maximum, mean, min, minimum, sum
from .ops.shape import clone, permute, reshape, squeeze, t, transpose, unsqueeze

absolute, multiply, negative, subtract, divide = abs, mul, neg, sub, div
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
__version__ = "0.1.0"


def __getattr__(name: str):
    if name == "nn":
        import importlib

        return importlib.import_module("shimtorch.nn")
    raise AttributeError(f"module 'torch' has no attribute '{name}'")
