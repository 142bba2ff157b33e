"""Tensors put together and taken apart: ``cat``, ``stack``; ``split``, ``chunk``, ``unbind``, and iteration.

What is taken apart are views, all outputs of one node. To add a way of taking apart: a ``SeveralOutputs`` node that
says how many there are and puts their gradients together, and a forward that hands the arrays to ``views_of``.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from .. import _dtypes
from .._layout import channels_order, in_order
from .._tensor import Tensor, new, share, wrap, wrap_dim
from ..autograd.engine import call_node
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS, TENSORS
from ..autograd.nodes import Node, SeveralOutputs, extra_of, next_sequence, output_of
from ..autograd.rebasing import follow
from ._define import internal, publish, quietly
from .indexing import _select, _slice
from .shape import _index, _unsqueezed, _view_strides, int_tuple, made_without_grad, strided

FRESH = None  # see ``inference_mode``

# --- put together -------------------------------------------------------------------------------------------------


class CatBackward0(Node):
    """The node of tensors one after another; ``fixed``: the dimension, the sizes of the operands, the dim as named."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("dim", "sizes", "given")

    def arrays(self, grad):
        return _cut(ARRAYS, grad, self)

    def tensors(self, grad):
        return _cut(TENSORS, grad, self)

    def __call__(self, *grads):
        return call_node(_for_all(self), grads)

    def whole(self):
        return _for_all(self)


def _cut(xp, grad, node):
    dim, sizes, _ = node.fixed
    parts: list = []
    real, start = None, 0
    operands = node.extra and node.extra.operands
    for i, (edge, shape) in enumerate(zip(node.edges, sizes, strict=True)):
        if shape == (0,):
            parts.append(None if edge is None else xp.zeros_of(grad, shape))
            continue
        where = slice(start, start + shape[dim], 1)
        start += shape[dim]
        source = grad
        if edge is not None and operands and operands[i][1].kind != "c" and xp.is_complex(grad):
            source = real = xp.real(grad) if real is None else real
        parts.append(None if edge is None else xp.slice(source, dim, where))
    return parts


class StackBackward0(Node):
    """The node of tensors along a new dimension; ``fixed``: which, and the same as the caller named it."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("dim", "given")

    def arrays(self, grad):
        leading = (slice(None),) * self.fixed[0]
        return [None if edge is None else grad[(*leading, i, ...)] for i, edge in enumerate(self.edges)]

    def tensors(self, grad):
        (dim, given), select = self.fixed, TENSORS.select
        return [None if edge is None else select(grad, dim, i, given) for i, edge in enumerate(self.edges)]

    def __call__(self, *grads):
        return call_node(_for_all(self), grads)

    def whole(self):
        return _for_all(self)


def _for_all(node):
    """The node of a list of operands with an edge to each: as it computes where somebody sees what it sends on."""
    whole = new(type(node))
    whole.edges = (node,) * len(node.edges)
    whole.saved, whole.fixed, whole.extra, whole.sequence = node.saved, node.fixed, node.extra, node.sequence
    return whole


def _record_parts(out: Tensor, cls: type, tensors, fixed) -> None:
    node: Any = new(cls)
    node.edges = tuple([tensor._node or tensor if tensor._rg else None for tensor in tensors])
    node.saved = ()
    node.fixed = fixed
    node.sequence = next_sequence()
    node.extra = None
    kind = out._a.dtype
    for tensor in tensors:
        if tensor._a.dtype is not kind:
            # No shapes: as in torch, what is promoted is not spread.
            extra_of(node).operands = tuple([(tensor._a.shape, tensor._a.dtype) for tensor in tensors])
            break
    out._node = node
    out._rg = True


def _listed(tensors, name: str):
    """The tensors of a tuple or list; TypeError where torch's parser finds something else."""
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(name)
    return tensors


def _joined(arrays, dim: int, kind):
    """Arrays of one rank, that agree in all sizes but one, in one array of dtype ``kind`` laid out as torch's."""
    if arrays[0].ndim > 3 and all(map(channels_order, arrays)):
        shape = list(arrays[0].shape)
        shape[dim] = sum([array.shape[dim] for array in arrays])
        return np.concatenate(arrays, dim, in_order(shape, kind, channels_order(arrays[0])), casting="unsafe")
    if arrays[0].ndim < 2:
        return np.concatenate(arrays, dim, dtype=kind, casting="unsafe")
    r = np.concatenate(arrays, dim, dtype=kind, casting="unsafe")
    return r if r.flags.c_contiguous else np.ascontiguousarray(r)


def _kind_of(tensors, arrays):
    """The common NumPy dtype of the tensors, 0-d ones counting less."""
    kind = arrays[0].dtype
    for array in arrays:
        if array.dtype is not kind:
            break
    else:
        return kind
    kinds: list = [None, None]
    for tensor in tensors:
        place = 0 if tensor._a.ndim else 1
        found = _dtypes.OF_NUMPY[tensor._a.dtype]
        kinds[place] = found if kinds[place] is None else _dtypes.PROMOTED[kinds[place], found]
    return _dtypes.result_of(*kinds, None)._numpy


def _cat(tensors, dim=0):
    """Tensors one after another along ``dim``; they agree in all other sizes.

    dtypes promote. 1-dimensional tensors without elements are skipped. RuntimeError for sizes that do not fit and for
    0-dimensional tensors, ValueError for none at all. (``torch.cat``)
    """
    if type(tensors) is not list and type(tensors) is not tuple:
        tensors = _listed(tensors, "tensors")
    if type(dim) is not int:
        dim = _index(dim)
    given = dim
    arrays = [tensor._a for tensor in tensors]
    try:
        r = np.concatenate(arrays, dim)
        ndim = r.ndim
        # Where NumPy's common dtype is that of the first array, so is torch's.
        plain = r.dtype is arrays[0].dtype and (ndim == 1 or (ndim < 4 and r.flags.c_contiguous))
        dim = dim + ndim if dim < 0 else dim
    except (ValueError, IndexError):
        plain = False
    if not plain:
        r, dim = _joined_as_torch(tensors, arrays, dim)
    out = new(Tensor)
    out._a = r
    out._node = None
    out._rg = False
    out._vc = FRESH
    out._base = None
    if state.enabled:
        for tensor in tensors:
            if tensor._rg:
                _record_parts(out, CatBackward0, tensors, (dim, [array.shape for array in arrays], given))
                break
    return out


def _joined_as_torch(tensors, arrays, dim):
    """The array and the dimension of a ``cat`` that is not as easy as NumPy's, or torch's error."""
    for i, array in enumerate(arrays):
        if not array.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    kept = [array for array in arrays if array.shape != (0,)]
    if kept:
        dim = wrap_dim(dim, kept[0].ndim)
    if not arrays:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    first = kept[0].shape if kept else (0,)
    for i, array in enumerate(arrays if kept else ()):
        shape = array.shape
        fits = len(shape) == len(first) and shape[:dim] == first[:dim] and shape[dim + 1 :] == first[dim + 1 :]
        if fits or shape == (0,):
            continue
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        d = next(d for d in range(len(shape)) if d != dim and shape[d] != first[d])
        raise RuntimeError(
            f"Sizes of tensors must match except in dimension {dim}. Expected size {first[d]} but got size {shape[d]} "
            f"for tensor number {i} in the list."
        )
    kind = _kind_of(tensors, arrays)
    if not kept:
        return np.empty((0,), kind), 0
    if len(kept) < len(arrays):  # then the layout is the plain one
        kept = [np.ascontiguousarray(array) for array in kept]
    return quietly(_joined, kept, dim, kind), dim


def _stack(tensors, dim=0):
    """Tensors of one shape along a new dimension ``dim``. dtypes promote.

    RuntimeError for unlike shapes and for no tensors at all. (``torch.stack``)
    """
    if type(tensors) is not list and type(tensors) is not tuple:
        tensors = _listed(tensors, "tensors")
    arrays = [tensor._a for tensor in tensors]
    if type(dim) is not int:
        dim = _index(dim)
    if not arrays:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = arrays[0].shape
    ndim, given = len(shape), dim
    if dim:
        dim = wrap_dim(dim, ndim + 1)
    kind = arrays[0].dtype
    for array in arrays:
        if array.shape != shape:
            i = next(i for i, array in enumerate(arrays) if array.shape != shape)
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(arrays[i].shape)} at entry {i}"
            )
        if array.dtype is not kind:
            kind = None
    if kind is None:
        kind = _kind_of(tensors, arrays)
        r = quietly(_stacked, arrays, dim, kind, shape)
    else:
        r = _stacked(arrays, dim, kind, shape)
    out = new(Tensor)
    out._a = r
    out._node = None
    out._rg = False
    out._vc = FRESH
    out._base = None
    if state.enabled:
        for tensor in tensors:
            if tensor._rg:
                _record_parts(out, StackBackward0, tensors, (dim, given))
                break
    return out


def _stacked(arrays, dim: int, kind, shape):
    """Arrays of one shape along a new dimension, laid out as torch's."""
    ndim = len(shape)
    if ndim < 3:
        r = np.array(arrays, kind)
        if dim:
            order = [*range(1, ndim + 1)]
            order.insert(dim, 0)
            r = r.transpose(order).copy()
        return r
    if dim == ndim:
        return _joined([_unsqueezed(array, dim) for array in arrays], dim, kind)
    r = _joined(arrays, dim, kind)
    full = (*shape[:dim], len(arrays), *shape[dim:])
    return r.reshape(full) if r.flags.c_contiguous else strided(r, full, _view_strides(r, full))


cat = publish("cat", "pieces", _cat, differentiable=("tensors",))
concat = publish("concat", "pieces", _cat, differentiable=("tensors",))
concatenate = publish("concatenate", "pieces", _cat, differentiable=("tensors",))
stack = publish("stack", "pieces", _stack, differentiable=("tensors",))
TENSORS.stack = _stack
internal(
    "zeros_of",
    lambda grad, sizes: np.zeros(sizes, grad.dtype),
    lambda grad, sizes: wrap(np.zeros(sizes, grad._a.dtype)),
)


# --- taken apart --------------------------------------------------------------------------------------------------


def views_of(base: Tensor, arrays, cls: type, fixed) -> tuple[Tensor, ...]:
    """``arrays``, which lie in the memory of ``base``, as views of it: the outputs of one node of class ``cls``."""
    owner = base if base._base is None else base._base
    node: Any = None
    if base._rg and state.enabled:
        node = new(cls)
        node.edges = (base._node or base,)
        node.saved = ()
        node.fixed = fixed
        node.sequence = next_sequence()
        node.extra = None
    views = []
    for number, array in enumerate(arrays):
        out = share(base)
        out._a = array
        out._base = owner
        follow(out._vc, out)
        if not state.enabled:
            out._made = base._made
            made_without_grad(out)
        else:
            out._made = "inference" if base._made == "inference" else "several"
            if node is not None:
                out._node = output_of(node, number)
                out._rg = True
        views.append(out)
    return tuple(views)


class UnbindBackward0(SeveralOutputs):
    """The node of the slices of a tensor; ``fixed``: how many there are, the dimension, and as the caller named it."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("number", "dim", "given")

    def count(self) -> int:
        return self.fixed[0]

    def arrays(self, grad):
        number, dim, _ = self.fixed
        known = grad.by_output
        if not known:
            return (None,)
        first = next(iter(known.values()))
        blank = None if len(known) == number else np.zeros(first.shape, first.dtype)
        return (_stacked([known.get(i, blank) for i in range(number)], dim, first.dtype, first.shape),)

    def tensors(self, grad):
        number, _, dim = self.fixed
        known = grad.by_output
        if not known:
            return (None,)
        first = next(iter(known.values()))._a
        blank = None if len(known) == number else wrap(np.zeros(first.shape, first.dtype))
        return (_stack([known.get(i, blank) for i in range(number)], dim),)


class _Stretches(SeveralOutputs):
    """The node of the stretches of a tensor along a dimension.

    ``fixed``: their lengths, the dimension, the shape; the dimension, and one length, as the caller named them.
    """

    __slots__ = ()

    def count(self) -> int:
        return len(self.fixed[0])

    def _complete(self, known, zeros):
        lengths, dim, sizes, *_ = self.fixed
        return [
            known[i] if i in known else zeros((*sizes[:dim], length, *sizes[dim + 1 :]))
            for i, length in enumerate(lengths)
        ]

    def arrays(self, grad):
        known = grad.by_output
        if not known:
            return (None,)
        kind = next(iter(known.values())).dtype
        return (_joined(self._complete(known, lambda sizes: np.zeros(sizes, kind)), self.fixed[1], kind),)

    def tensors(self, grad):
        known = grad.by_output
        if not known:
            return (None,)
        kind = next(iter(known.values()))._a.dtype
        return (_cat(self._complete(known, lambda sizes: wrap(np.zeros(sizes, kind))), self.fixed[1]),)


class SplitBackward0(_Stretches):
    """The node of stretches of one length."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("lengths", "dim", "sizes", "given", "split")


class SplitWithSizesBackward0(_Stretches):
    """The node of stretches whose lengths were given one by one."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("lengths", "dim", "sizes", "given")


def _stretches(input, lengths, dim: int, cls, *named):
    a = input._a
    leading, start, arrays = (slice(None),) * dim, 0, []
    for length in lengths:
        arrays.append(a[(*leading, slice(start, start + length))])
        start += length
    return views_of(input, arrays, cls, (lengths, dim, a.shape, *named))


def _unbind(input, dim=0):
    """The slices of a tensor along ``dim``, which they lack: a tuple of views. IndexError for a 0-d tensor.
    (``torch.unbind``)"""
    a = input._a
    if type(dim) is not int:
        dim = _index(dim)
    given, dim = dim, wrap_dim(dim, a.ndim)
    if not a.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    number = a.shape[dim]
    if dim == 0:
        arrays = [a[i, ...] for i in range(number)]
    else:
        leading = (slice(None),) * dim
        arrays = [a[(*leading, i, ...)] for i in range(number)]
    return views_of(input, arrays, UnbindBackward0, (number, dim, given))


def _split_evenly(input, split_size, dim=0):
    a = input._a
    if type(dim) is not int:
        dim = _index(dim)
    if type(split_size) is not int:
        split_size = _index(split_size)
    if not a.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    if split_size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
    given, dim = dim, wrap_dim(dim, a.ndim)
    size = a.shape[dim]
    if split_size == 0 and size:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}")
    lengths = [split_size] * (size // split_size) if split_size else []
    if split_size and size % split_size:
        lengths.append(size % split_size)
    return _stretches(input, lengths or [0], dim, SplitBackward0, given, split_size)


def _split_with_sizes(input, split_sizes, dim=0):
    """Consecutive stretches of these lengths along ``dim``, views of the tensor. RuntimeError unless they add up to its
    size. (``torch.split_with_sizes``)"""
    a = input._a
    if type(dim) is not int:
        dim = _index(dim)
    if not isinstance(split_sizes, (tuple, list)):
        raise TypeError("split_sizes")
    lengths = list(int_tuple((split_sizes,)))
    if not a.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    named, dim = dim, wrap_dim(dim, a.ndim)
    if min(lengths, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={lengths}"
        )
    if sum(lengths) != a.shape[dim]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {a.shape[dim]} (input tensor's size at dimension "
            f"{named}), but got split_sizes={lengths}"
        )
    return _stretches(input, lengths, dim, SplitWithSizesBackward0, named)


def _chunk(input, chunks, dim=0):
    """At most ``chunks`` stretches along ``dim``, all but the last of one length: a tuple of views. RuntimeError unless
    ``chunks`` is positive. (``torch.chunk``)"""
    a = input._a
    if type(dim) is not int:
        dim = _index(dim)
    if type(chunks) is not int:
        chunks = _index(chunks)
    if not a.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = -(-a.shape[wrap_dim(dim, a.ndim)] // chunks)
    if not length:
        return _split_with_sizes(input, [0] * chunks, dim)
    return _split_evenly(input, length, dim)


def _split_method(self, split_size, dim=0):
    """Consecutive stretches along ``dim``, of one length or of the lengths listed: a tuple of views.

    The last one is shorter if the length does not divide the size; lengths listed must add up to it.
    (``torch.Tensor.split``)
    """
    if isinstance(split_size, Tensor):
        with contextlib.suppress(ValueError):
            split_size = int(split_size)
    if isinstance(split_size, int):
        return _split_evenly_guarded(self, split_size, dim)
    return split_with_sizes(self, split_size, dim)


def split(tensor, split_size_or_sections, dim=0):
    """Consecutive stretches along ``dim``, of one length or of the lengths listed: a tuple of views.

    The last one is shorter if the length does not divide the size; lengths listed must add up to it. (``torch.split``)
    """
    return tensor.split(split_size_or_sections, dim)


def _rows(self):
    """The slices along the first dimension, one after another."""
    if self._a.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(_unbind(self))


def _select_checked(input, dim, index):
    """The slice ``index`` of a tensor along ``dim``, which it lacks: a view. IndexError if there is none such.
    (``torch.select``)"""
    shape = input._a.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    given = _index(dim)
    dim, index = wrap_dim(given, len(shape)), _index(index)
    size = shape[dim]
    if not -size <= index < size:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim}")
    return _select(input, dim, index, given)


def _narrow(input, dim, start, length):
    """The stretch of ``length`` slices along ``dim`` from ``start`` on: a view. IndexError or RuntimeError where there
    are not as many. (``torch.narrow``)"""
    shape = input._a.shape
    given, length = _index(dim), _index(length)
    if isinstance(start, Tensor):
        if start._a.ndim or start._a.dtype.kind not in "iu":
            raise RuntimeError("start must be an 0-dim integral Tensor.")
        start = start._a.item()
    start = _index(start)
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    dim = wrap_dim(given, len(shape))
    size = shape[dim]
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _slice(input, dim, slice(start, start + length, 1), None, given)


select = publish("select", "shape", _select_checked, methods=("select",), differentiable=("self",))
narrow = publish("narrow", "shape", _narrow, methods=("narrow",), differentiable=("self",))
unbind = publish("unbind", "pieces", _unbind, methods=("unbind",), differentiable=("self",))
split_with_sizes = publish(
    "split_with_sizes", "pieces", _split_with_sizes, methods=("split_with_sizes",), differentiable=("self",)
)
chunk = publish("chunk", "pieces", _chunk, methods=("chunk",), differentiable=("self",))
_split_evenly_guarded = publish("split", "pieces", _split_evenly, methods=("split",), differentiable=("self",))
# In torch as well these two are written in Python, and say so when called with wrong names.
_split_method.__name__, _split_method.__qualname__ = "split", "Tensor.split"
Tensor.split = _split_method
Tensor.__iter__ = _rows
