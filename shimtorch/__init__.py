"""PyTorch for documents: ``import shimtorch as torch`` and a document's code behaves as with PyTorch 2.13.0."""

from . import autograd
from ._device import (
    Size,
    channels_last,
    channels_last_3d,
    contiguous_format,
    device,
    layout,
    memory_format,
    preserve_format,
    strided,
)
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
from ._exchange import from_dlpack
from ._factories import (
    as_tensor,
    empty,
    empty_like,
    from_numpy,
    full,
    full_like,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)  # fmt: skip
from ._random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from ._random_tensors import normal, rand, rand_like, randint, randint_like, randn, randn_like, randperm
from ._ranges import arange, eye, linspace, logspace
from ._repr import set_printoptions
from ._tensor import Tensor
from .autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)  # fmt: skip
from .ops import indexing as _indexing  # noqa: F401 (puts itself on Tensor)
from .ops import views_in_place as _views_in_place  # noqa: F401 (so does this)
from .ops._define import alias as _alias
from .ops.activations import relu, sigmoid
from .ops.advanced_indexing import index_put, index_put_
from .ops.choosing import masked_fill, masked_select, nonzero, tril, triu, where
from .ops.comparison import bitwise_and, bitwise_not, bitwise_or, bitwise_xor, eq, ge, gt, le, lt, ne
from .ops.einsum import einsum
from .ops.extrema import amax, amin, argmax, argmin, max, maximum, min, minimum
from .ops.gathering import gather, index_add, index_select, scatter, scatter_add, take
from .ops.layers import dropout, dropout_, embedding
from .ops.linalg import addmm, bmm, dot, ger, matmul, mm, mv, outer
from .ops.memory import as_strided
from .ops.norms import norm
from .ops.pieces import cat, chunk, concat, concatenate, narrow, select, split, split_with_sizes, stack, unbind
from .ops.pointwise import (
    abs,
    add,
    clamp,
    clip,
    div,
    fill_,
    floor_divide,
    mul,
    neg,
    positive,
    reciprocal,
    remainder,
    sub,
    true_divide,
    zero_,
)  # fmt: skip
from .ops.powers import pow
from .ops.reductions import all, allclose, any, equal, mean, prod, sum
from .ops.reshaping import broadcast_to, flatten, moveaxis, movedim, ravel, swapaxes, swapdims, tile
from .ops.sampling import bernoulli, multinomial
from .ops.scans import cumsum
from .ops.shape import clone, permute, reshape, squeeze, t, transpose, unsqueeze
from .ops.softmax import log_softmax, softmax
from .ops.sorting import argsort, sort, topk
from .ops.statistics import std, var
from .ops.transcendentals import cos, exp, expm1, log, log1p, log2, log10, sin, sqrt, tanh

absolute, negative, multiply = _alias(abs, "absolute"), _alias(neg, "negative"), _alias(mul, "multiply")
subtract, divide, not_equal = _alias(sub, "subtract"), _alias(div, "divide"), _alias(ne, "not_equal")
less, less_equal = _alias(lt, "less"), _alias(le, "less_equal")
greater, greater_equal = _alias(gt, "greater"), _alias(ge, "greater_equal")
__version__ = "2.13.0+shimtorch.0.1.0"  # as torch names its builds: what it is equal to, then what it is

__all__ = [
    "Generator",
    "Size",
    "Tensor",
    "abs",
    "absolute",
    "add",
    "addmm",
    "all",
    "allclose",
    "amax",
    "amin",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "as_strided",
    "as_tensor",
    "autograd",
    "bernoulli",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "bmm",
    "bool",
    "broadcast_to",
    "cat",
    "cdouble",
    "cfloat",
    "channels_last",
    "channels_last_3d",
    "chunk",
    "clamp",
    "clip",
    "clone",
    "complex64",
    "complex128",
    "concat",
    "concatenate",
    "contiguous_format",
    "cos",
    "cumsum",
    "default_generator",
    "device",
    "div",
    "divide",
    "dot",
    "double",
    "dropout",
    "dropout_",
    "dtype",
    "einsum",
    "embedding",
    "empty",
    "empty_like",
    "enable_grad",
    "eq",
    "equal",
    "exp",
    "expm1",
    "eye",
    "fill_",
    "flatten",
    "float",
    "float16",
    "float32",
    "float64",
    "floor_divide",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "gather",
    "ge",
    "ger",
    "get_default_dtype",
    "get_rng_state",
    "greater",
    "greater_equal",
    "gt",
    "half",
    "index_add",
    "index_put",
    "index_put_",
    "index_select",
    "inference_mode",
    "initial_seed",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "layout",
    "le",
    "less",
    "less_equal",
    "linspace",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logspace",
    "long",
    "lt",
    "manual_seed",
    "masked_fill",
    "masked_select",
    "matmul",
    "max",
    "maximum",
    "mean",
    "memory_format",
    "min",
    "minimum",
    "mm",
    "moveaxis",
    "movedim",
    "mul",
    "multinomial",
    "multiply",
    "mv",
    "narrow",
    "ne",
    "neg",
    "negative",
    "no_grad",
    "nonzero",
    "norm",
    "normal",
    "not_equal",
    "ones",
    "ones_like",
    "outer",
    "permute",
    "positive",
    "pow",
    "preserve_format",
    "prod",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "ravel",
    "reciprocal",
    "relu",
    "remainder",
    "reshape",
    "scatter",
    "scatter_add",
    "seed",
    "select",
    "set_default_dtype",
    "set_grad_enabled",
    "set_printoptions",
    "set_rng_state",
    "short",
    "sigmoid",
    "sin",
    "softmax",
    "sort",
    "split",
    "split_with_sizes",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "strided",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "swapdims",
    "t",
    "take",
    "tanh",
    "tensor",
    "tile",
    "topk",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "uint8",
    "unbind",
    "unsqueeze",
    "var",
    "where",
    "zero_",
    "zeros",
    "zeros_like",
]  # fmt: skip


def __getattr__(name: str):
    if name in ("nn", "random", "utils"):
        import importlib

        return importlib.import_module(f"shimtorch.{name}")
    if name in ("install", "uninstall", "installed", "load_ipython_extension", "unload_ipython_extension"):
        from . import _install

        return getattr(_install, name)
    raise AttributeError(f"module 'torch' has no attribute '{name}'")
