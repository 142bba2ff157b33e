"""``out=`` of functions that create tensors: what is brought takes the shape, and is filled in its own dtype.

Random numbers are drawn into it in the order of its memory. To add a function whose numbers depend on where they are
written, name what fills a tensor in ``_FILLS``.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._factories import _finish, _named_size, _options, _sizes
from .._layout import refuse_overlap
from .._random_tensors import _bounds_by_name
from .._ranges import eye
from .._tensor import Tensor, c_name, scalar_type_name, wrap
from .._warnings import warn
from ..autograd.mode import state
from ..autograd.nodes import underivable
from ..autograd.rebasing import written
from ._define import record
from ._out import RESIZED, tensors
from .sampling import _ABSENT

_RANGE = ("start", "end", "steps", "base")
# Vectors, which may be written into any shape of as many elements, none of which may share memory.
_VECTORS = {"arange", "range", "linspace", "logspace"}
_RESIZED_FIRST = {"empty", "randn"}

_MISCOUNTED = (
    "The number of elements in the out tensor of shape {0} is {1} which does not match the computed number of elements "
    "{2}. Note that this may occur as a result of rounding error. The out tensor will be resized to a tensor of shape "
    "({2},). (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/RangeFactories.cpp:199.)"
)


def into_created(name: str, forward, out: Tensor, args, kwargs) -> Tensor:
    """What ``forward(*args, **kwargs)`` would create, written into ``out``, which is returned."""
    names = ("dtype", "layout", "device", "requires_grad", "pin_memory")
    options = {option: kwargs.pop(option) for option in names if option in kwargs}
    asked = _options(*[options.get(option, False if option == "requires_grad" else None) for option in names])
    if asked is not None and asked is not out.dtype:
        have, want = scalar_type_name(asked), scalar_type_name(out)
        raise RuntimeError(f"dtype {have} does not match dtype of out parameter ({want})")
    if out._rg and name in _RESIZED_FIRST:
        raise RuntimeError("cannot resize variables that require grad")
    followed = [it for it in (*tensors(args), *tensors(kwargs.values()), out) if it._rg] if state.enabled else []
    derivable = name == "bernoulli" or (name == "normal" and len(args) < 3 and "size" not in kwargs)
    if followed and (derivable or (out._rg and out._node is None)):
        raise RuntimeError(
            f"{name if derivable else 'aten::' + name}(): functions with out=... arguments don't support automatic "
            "differentiation, but one of the arguments requires grad."
        )
    enabled, state.enabled = state.enabled, False
    try:
        if name in _FILLS:
            _FILLS[name](out, *args, **kwargs)
        else:
            if name in ("linspace", "logspace") and out._a.dtype.kind in "iuf":
                args, kwargs = (), _with_real_ends(out, dict(zip(_RANGE, args, strict=False)) | kwargs)
            _copy(name, forward(*args, **kwargs, dtype=out.dtype)._a, out)
    finally:
        state.enabled = enabled
    if followed:
        record(out, underivable(name), followed)
    if options.get("requires_grad"):
        _finish(out._a, True)  # or refuse
        out.requires_grad_()
    return out


def _with_real_ends(out: Tensor, named):
    """Complex ends as real numbers, which ``out`` alone would not ask for. RuntimeError for those that are not real."""
    for end in ("start", "end"):
        value = named[end].item() if isinstance(named[end], Tensor) and named[end]._a.ndim == 0 else named[end]
        if isinstance(value, (complex, np.complexfloating)):
            if value.imag and (end == "start" or named["steps"] > 1):
                kind = f"{out._a.dtype}_t" if out._a.dtype.kind in "iu" else c_name(out)
                raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
            named[end] = value.real
    return named


def _copy(name: str, array: np.ndarray, out: Tensor) -> None:
    if name in _VECTORS:
        if out._a.size != array.size:
            if name == "arange" and out._a.size:
                warn(_MISCOUNTED.format(list(out._a.shape), out._a.size, array.size))
            _resize(out, array.shape)
        refuse_overlap(out._a, ())
        array = array.reshape(out._a.shape)
    else:
        _resize(out, array.shape)
    np.copyto(out._a, array)
    written(out)


def _resize(out: Tensor, shape: tuple) -> bool:
    """Give ``out`` another shape, in its own memory if there is enough of it; whether it had to be done."""
    a = out._a
    if a.shape == shape:
        return False
    size = int(np.prod(shape))
    if size <= a.size and a.flags.c_contiguous:
        out._a = a.reshape(-1)[:size].reshape(shape)
    else:
        out._a = np.empty(shape, a.dtype)
        out._a.reshape(-1)[: a.size] = a.ravel()[:size]
        out._root = None
    return True


# --- what is not created first and then copied --------------------------------------------------------------------


def _empty(out: Tensor, *size, **keywords) -> None:
    keywords.pop("memory_format", None)
    if _resize(out, _shape("empty", size, keywords)):
        written(out)


def _rand(out: Tensor, *size, generator=None, **keywords) -> None:
    _resize(out, _shape("rand", size, keywords))
    out.uniform_(generator=generator)


def _randn(out: Tensor, *size, generator=None, **keywords) -> None:
    _empty(out, *size, **keywords)
    out.normal_(generator=generator)


def _eye(out: Tensor, *sizes, **named) -> None:
    unit = eye(*sizes, **named)._a
    _resize(out, unit.shape)
    out._a[...] = 0
    out._a[unit != 0] = 1  # alone, since the elements of ``out`` may share memory
    written(out)


def _shape(name: str, size, keywords) -> tuple:
    return _sizes(_named_size(size, keywords) if keywords or not size else size, name)


def _randint(out: Tensor, *args, generator=None, **named) -> None:
    if named:
        args = _bounds_by_name(args, named)
    low, high, size = args if len(args) == 3 else (0, *args)
    _resize(out, _sizes((size,), "randint"))
    out.random_(low, high, generator=generator)


def _bernoulli(out: Tensor, input: Tensor, *, generator=None) -> None:
    _resize(out, input._a.shape)
    out.bernoulli_(input, generator=generator)


def _normal(out: Tensor, mean, std=_ABSENT, size=None, *, generator=None) -> None:
    std = 1.0 if std is _ABSENT else std
    if size is not None:
        _resize(out, _sizes((size,), "normal"))
        out.normal_(mean, std, generator=generator)
        return
    of_std = isinstance(std, Tensor)
    shapes = [value._a.shape for value in (mean, std) if isinstance(value, Tensor)]
    other = shapes[1] if len(shapes) == 2 else out._a.shape
    _errors.require_broadcast(shapes[0], other)
    shape = np.broadcast_shapes(shapes[0], other)
    if of_std and (std._a.dtype.kind == "c" or not (std._a >= 0).all()):
        raise RuntimeError(
            "normal expects standard deviation to be non-complex"
            if std._a.dtype.kind == "c"
            else "normal expects all elements of std >= 0.0"
        )
    if out._a.size and shape != out._a.shape:
        warn(RESIZED.format(list(out._a.shape), list(shape)))
    _resize(out, shape)
    scaled = wrap(out._a)  # one write is counted
    out.normal_(0.0, 1.0 if of_std else std, generator=generator)
    if of_std:
        scaled.mul_(std)
    scaled.add_(mean)


_FILLS = {
    "empty": _empty, "eye": _eye, "rand": _rand, "randn": _randn, "randint": _randint, "bernoulli": _bernoulli,
    "normal": _normal,
}  # fmt: skip
