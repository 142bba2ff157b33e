"""Further words for what ``shape`` does: ``flatten``, ``movedim``, ``view_as`` and so on, and ``repeat``, which copies.

To add one: a forward that works out sizes or an order of the dimensions and leaves the rest to ``shape``.
"""

from __future__ import annotations

import math

import numpy as np

from .._tensor import Tensor, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import internal, publish, record
from .reductions import _sum
from .shape import (
    _complete,
    _contiguous,
    _expand,
    _index,
    _named_sizes,
    _permuted,
    _reshape_to,
    _sum_to,
    _transpose,
    _view,
    alias,
    int_tuple,
    strided,
)

# --- flatten ------------------------------------------------------------------------------------------------------


def _flatten(input, start_dim=0, end_dim=-1):
    """The tensor with the dimensions from ``start_dim`` to ``end_dim`` as one: itself, a view, or a copy where there is
    no such view. RuntimeError if they are in the wrong order. (``torch.flatten``)"""
    shape = input._a.shape
    ndim = len(shape)
    if start_dim == 0 and end_dim == -1 and type(start_dim) is int and type(end_dim) is int:
        return input if ndim == 1 else _reshape_to(input, (input._a.size,))
    start, end = wrap_dim(_index(start_dim), ndim), wrap_dim(_index(end_dim), ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not ndim:
        return _reshape_to(input, (1,))
    if start == end:
        return input
    size = 1
    for n in shape[start : end + 1]:
        size *= n
    return _reshape_to(input, (*shape[:start], size, *shape[end + 1 :]))


def _ravel(input):
    """The elements in one dimension: a view where they lie in order, else a copy. (``torch.ravel``)"""
    return _view(_contiguous(input), -1)


flatten = publish("flatten", "shape", _flatten, methods=("flatten",), differentiable=("self",))
ravel = publish("ravel", "unary", _ravel, methods=("ravel",), differentiable=("self",))


# --- as another tensor --------------------------------------------------------------------------------------------


def _view_as(self, other):
    """The same memory in the shape of ``other``. (``torch.Tensor.view_as``)"""
    return _view(self, other._a.shape)


def _reshape_as(self, other):
    """The elements in the shape of ``other``: a view where there is one, else a copy. (``torch.Tensor.reshape_as``)"""
    return _reshape_to(self, other._a.shape)


def _expand_as(self, other):
    """A view repeated to the shape of ``other``, without memory of its own. (``torch.Tensor.expand_as``)"""
    return _expand(self, other._a.shape)


def _broadcast_to(input, size):
    """A view repeated to ``size``, as by ``expand``. (``torch.broadcast_to``)"""
    return _expand(input, int_tuple((size,)))


def _broadcast_to_method(input, *size, **keywords):
    """A view repeated to ``size``, as by ``expand``. (``torch.Tensor.broadcast_to``)"""
    return _expand(input, _sizes("size", size, keywords))


def _sizes(name: str, given, keywords) -> tuple[int, ...]:
    """Sizes given one by one, as one sequence or by name."""
    if keywords:
        if given or set(keywords) != {name}:
            raise TypeError(name)
        given = (keywords[name],)
    elif not given:
        raise TypeError(name)
    return int_tuple(given)


for _name, _forward in (("view_as", _view_as), ("reshape_as", _reshape_as), ("expand_as", _expand_as)):
    publish(_name, "method", _forward, methods=(_name,), differentiable=("self",))
broadcast_to = publish("broadcast_to", "shape", _broadcast_to, differentiable=("self",))
publish(
    "broadcast_to", "shape", _broadcast_to_method, methods=("broadcast_to",), function=broadcast_to,
    differentiable=("self",),
)  # fmt: skip


# --- the order of the dimensions ----------------------------------------------------------------------------------


def _movedim(input, source, destination):
    """A view in which the dimensions ``source`` stand where ``destination`` says; the others keep their order.

    RuntimeError for unlike numbers of dimensions, and for one named twice. (``torch.movedim``)
    """
    if isinstance(source, (tuple, list)) is not isinstance(destination, (tuple, list)):
        raise TypeError("source")
    ndim = input._a.ndim
    source, destination = list(int_tuple((source,))), list(int_tuple((destination,)))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({source} dims) should contain the same number of "
            f"dims as destination ({destination} dims)"
        )
    found, wanted = ([wrap_dim(dim, ndim) for dim in dims] for dims in (source, destination))
    for name, named, dims in (("source", source, found), ("destination", destination, wanted)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({named})")
    if not ndim:
        return alias(input)
    moved = dict(zip(wanted, found, strict=True))
    others = (dim for dim in range(ndim) if dim not in found)
    return _permuted(input, tuple([moved[dim] if dim in moved else next(others) for dim in range(ndim)]))


def _swapaxes(input, axis0, axis1):
    """A view with two dimensions swapped, as ``transpose``. (``torch.swapaxes``)"""
    return _transpose(input, axis0, axis1)


movedim = publish("movedim", "shape", _movedim, methods=("movedim",), differentiable=("self",))
moveaxis = publish("moveaxis", "shape", _movedim, methods=("moveaxis",), differentiable=("self",))
swapaxes = publish("swapaxes", "shape", _swapaxes, methods=("swapaxes",), differentiable=("self",))
swapdims = publish("swapdims", "shape", _transpose, methods=("swapdims",), differentiable=("self",))


# --- copies one after another -------------------------------------------------------------------------------------


def _repeated(a, repeats):
    """Copies of ``a`` along each dimension; ``repeats`` has as many as the result."""
    extra = len(repeats) - a.ndim
    shape, strides, full = [], [], []
    for count, size, stride in zip(repeats, (1,) * extra + a.shape, (0,) * extra + a.strides, strict=True):
        shape += count, size
        strides += 0, stride
        full.append(count * size)
    if not a.size or 0 in full:
        return np.empty(full, a.dtype)
    return strided(a, tuple(shape), tuple(strides)).reshape(full)


def _add_repeats(xp, grad, repeats, sizes):
    if 0 in repeats:
        return xp.zeros_of(grad, sizes)
    extra = len(repeats) - len(sizes)
    for _ in range(extra):
        grad = xp.sum_dims(grad, (0,))
    shape, dims = [], []
    for count, size in zip(repeats[extra:], sizes, strict=True):
        if count != 1:
            dims.append(len(shape))
            shape.append(count)
        shape.append(size)
    if not dims:
        return grad
    if min(repeats) < 0:  # which torch has let pass for a tensor without elements
        _complete(tuple(shape), 0)
    return xp.sum_dims(xp.reshape(grad, tuple(shape)), tuple(dims))


_RepeatBackward0 = node_class(
    "RepeatBackward0", ("self",), fixed=("repeats", "sizes"),
    derivatives={"self": lambda xp, grad, repeats, sizes: _add_repeats(xp, grad, repeats, sizes)},
)  # fmt: skip


def _sum_dims(a, dims):
    return _sum_to(a, tuple([1 if d in dims else n for d, n in enumerate(a.shape)])).reshape(
        tuple([n for d, n in enumerate(a.shape) if d not in dims])
    )


internal("sum_dims", _sum_dims, lambda grad, dims: _sum(grad, dims))


def _repeat(input, *repeats, **keywords):
    """Copies of the tensor, as many along each dimension as ``repeats`` says, one after another.

    RuntimeError for fewer numbers than dimensions, and for negative ones. (``torch.Tensor.repeat``)
    """
    return _repeat_to(input, _sizes("repeats", repeats, keywords))


def _repeat_to(input, repeats):
    a = input._a
    if len(repeats) < a.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [n * size for n, size in zip(repeats, (1,) * (len(repeats) - a.ndim) + a.shape, strict=True)]
    for size in shape:
        if size < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {shape}")
    r = _repeated(a, repeats)
    out = wrap(r if r.base is None else r.copy())
    if input._rg and state.enabled:
        record(out, _RepeatBackward0, (input,), (), (repeats, a.shape))
    return out


def _tile_to(input, dims):
    return _repeat_to(input, (1,) * (input._a.ndim - len(dims)) + dims)


def _tile(input, dims):
    """Copies of the tensor one after another: as ``repeat``, but missing numbers are 1. (``torch.tile``)"""
    if not isinstance(dims, (tuple, list)):
        raise TypeError("dims")
    return _tile_to(input, int_tuple((dims,)))


def _tile_method(input, *dims, **keywords):
    """Copies of the tensor one after another: as ``repeat``, but missing numbers are 1. (``torch.Tensor.tile``)"""
    return _tile_to(input, _sizes("dims", dims, keywords))


publish("repeat", "repeats", _repeat, methods=("repeat",), differentiable=("self",))
tile = publish("tile", "repeats", _tile, differentiable=("self",))
publish("tile", "repeats", _tile_method, methods=("tile",), function=tile, differentiable=("self",))


# --- unflatten, sum_to_size ---------------------------------------------------------------------------------------


def _unflatten(input, dim, sizes):
    """A view with a dimension in several, of sizes that multiply up to its own; one of them may be -1.

    RuntimeError where they do not. (``torch.unflatten``)
    """
    if not isinstance(sizes, (tuple, list)):
        raise TypeError("sizes")
    sizes, shape = int_tuple((sizes,)), input._a.shape
    dim = wrap_dim(_index(dim), len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if not shape:
        what = f"Dimension specified as {dim} but tensor has no dimensions"
        raise RuntimeError(f"unflatten got an unexpected error:\n{what}")
    if sizes.count(-1) > 1:
        raise RuntimeError("unflatten got an unexpected error:\nonly one dimension can be inferred")
    known, size = math.prod([n for n in sizes if n != -1]), shape[dim]
    if (known and size % known) if -1 in sizes else known != size:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({size}) in the input "
            "tensor"
        )
    parts = [size // known if n == -1 and known else n for n in sizes]
    return _view(input, *shape[:dim], *parts, *shape[dim + 1 :])


def _unflatten_method(self, dim, sizes):
    """A view with a dimension in several, of sizes that multiply up to its own. (``torch.Tensor.unflatten``)"""
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    return unflatten(self, dim, sizes)


unflatten = publish("unflatten", "shape", _unflatten, differentiable=("self",))
_unflatten_method.__name__, _unflatten_method.__qualname__ = "unflatten", "Tensor.unflatten"
Tensor.unflatten = _unflatten_method


def _sum_to_size(input, *sizes, size=None):
    """Sums over the dimensions in which a shape that broadcasts to the tensor's is of size 1, or lacks them.

    The tensor itself if there are none. RuntimeError for other shapes. (``torch.Tensor.sum_to_size``)
    """
    if size is not None or not sizes:
        sizes = _named_sizes(sizes, size)
    wanted, own = int_tuple(sizes), input._a.shape
    extra = len(own) - len(wanted)
    if extra < 0 or any(n not in (1, m) for n, m in zip(wanted, own[max(extra, 0) :], strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(own)}}}.")
    if not wanted:
        return _sum(input)
    dims = [d for d, m in enumerate(own) if d < extra or (wanted[d - extra] == 1 and m != 1)]
    out = _sum(input, dims, True) if dims else input
    return _view(out, *wanted) if extra else out


publish("sum_to_size", "method", _sum_to_size, methods=("sum_to_size",), differentiable=("self",))
