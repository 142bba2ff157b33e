"""Elements, rows and sums by an index tensor along one dimension: gather, scatter, index_select, index_add, take.

To add one: check what torch checks in its order, let NumPy compute on what ``_places`` or the index itself selects,
and publish it; the derivatives of these operators are one another, so that each is also made ``internal``.
"""

from __future__ import annotations

import functools

import numpy as np

from .._errors import first
from .._layout import refuse_overlap
from .._tensor import Tensor, scalar_type_name, wrap, wrap_dim
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.nodes import underivable
from ..autograd.rebasing import rebase, written
from ._define import (
    F32,
    F64,
    SCALARS,
    ZERO,
    _guarded,
    before_inplace,
    internal,
    publish,
    quietly,
    record,
    recording,
)
from .advanced_indexing import I64, element_of, refuse_shared
from .shape import _index

_UNSET = object()


# --- what they share ----------------------------------------------------------------------------------------------


def _places(dim: int, index) -> tuple:
    """What ``index`` means along ``dim`` as NumPy takes it; along the other dimensions each position is its own."""
    last = index.ndim - 1
    return tuple([index if d == dim else _counted(n, last - d) for d, n in enumerate(index.shape)])


@functools.lru_cache(256)
def _counted(n: int, dimensions: int):
    """0 to ``n`` - 1 along a dimension that has so many after it."""
    return np.arange(n).reshape(n, *(1,) * dimensions)


def _with_dimension(array):
    return array if array.ndim else array.reshape(1)


def _late(error):
    """Mark what torch says only after it has looked for shared memory."""
    error._comes_late = True
    return error


def _element(number, dtype):
    try:
        return element_of(number, dtype)
    except RuntimeError as error:
        raise _late(error) from None


def _inside(index, size: int) -> bool:
    """Whether all indices are at least 0 and below ``size``."""
    if index.size > 32:
        return np.minimum.reduce(index, None) >= 0 and np.maximum.reduce(index, None) < size
    few = index.ravel().tolist()  # which Python is done with before NumPy has begun
    return not few or (min(few) >= 0 and max(few) < size)


def _require_inside(index, size: int, dim: int, *beside) -> None:
    """RuntimeError in torch's words for the first index outside; negative ones are. ``beside``: the other operands."""
    if not _inside(index, size):
        flat = (index if index.ndim < 2 or dim >= index.ndim else index.transpose(_walk(index, dim, beside))).ravel()
        outside = flat[(flat < 0) | (flat >= size)][0]
        raise _late(RuntimeError(f"index {outside} is out of bounds for dimension {dim} with size {size}"))


def _walk(index, dim: int, beside) -> list[int]:
    """The order in which torch walks over an index: inside ``dim`` are the last dimensions that merge into one."""
    others = [d for d in range(index.ndim) if d != dim]
    if dim == index.ndim - 1:
        return [*others, dim]
    inner: list[int] = []
    for d in reversed(others):
        known = [e for e in inner if index.shape[e] != 1]
        if known and index.shape[d] != 1:
            step = known[0]
            if any(x.strides[d] != index.shape[step] * x.strides[step] for x in (index, *beside)):
                break
        inner.insert(0, d)
    return [*(d for d in others if d not in inner), dim, *inner]


def _require_positions(index, operator: str) -> None:
    if index.dtype.char not in "ilq":
        raise RuntimeError(f"{operator}(): Expected dtype int32/int64 for index")


def _require_tensor(value, name: str) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(name)


def _dim(dim, input: Tensor) -> int:
    return wrap_dim(dim if type(dim) is int else _index(dim), input._a.ndim)


def _in_place(name: str, forward) -> None:
    """Publish the in-place form: computed as a copy, which is written into the tensor; its node moves there."""

    def write(self, *args, **kwargs):
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        recorded = [tensor for tensor in tensors if tensor._rg]
        original = before_inplace(self, recorded) if self._rg or recorded else self
        try:
            result = forward(original, *args, **kwargs)
        except (RuntimeError, IndexError) as error:
            if getattr(error, "_comes_late", False):
                require_apart(self, tensors)
            raise
        require_apart(self, tensors)
        self._a[...] = result._a
        written(self)
        if result._rg:
            if type(result._node) is _Underivable:
                result._node.__class__ = _UnderivableInPlace
            rebase(self, result._node)
        return self

    def require_apart(self, tensors):
        refuse_overlap(self._a, ())
        for tensor in tensors:
            refuse_shared(self, tensor)

    write.__doc__ = (
        f"``{name}`` written into the tensor itself, which is returned. (``torch.Tensor.{name}_``)\n\n"
        "    RuntimeError for a leaf that requires grad, and if an operand shares its memory.\n    "
    )
    setattr(Tensor, name + "_", _guarded(write, name + "_", "indexing", method=True))


def _matching(xp, grad, shape, node: str):
    """The gradient of a source of which all was used; torch has none for one that was larger than the index."""
    have = tuple(grad.shape)
    if have == shape:
        return grad
    if len(shape) <= len(have) and all(
        n in (1, m) for n, m in zip(shape, have[len(have) - len(shape) :], strict=True)
    ):  # fmt: skip
        return xp.sum_to(grad, shape)
    raise RuntimeError(
        f"Function {node} returned an invalid gradient at index 1 - got {list(have)} but expected shape compatible "
        f"with {list(shape)}"
    )


# --- gather -------------------------------------------------------------------------------------------------------

GatherBackward0 = node_class(
    "GatherBackward0", ("self",), saved=("self", "index"), fixed=("dim",),
    derivatives={"self": lambda xp, grad, self, dim, index: xp.scatter_added(grad, tuple(self.shape), dim, index)},
)  # fmt: skip


def _gathered(a, dim: int, index):
    if not index.size:
        return np.empty(index.shape, a.dtype)
    taken = _with_dimension(a)[_places(dim, _with_dimension(index))]
    if taken.flags.c_contiguous and taken.shape == index.shape:
        return taken
    return np.ascontiguousarray(taken).reshape(index.shape)


def _gather(input, dim, index, *, sparse_grad=False):
    """The elements that ``index`` names along ``dim``, in its shape.

    ``index`` is int64 or int32, of as many dimensions as ``input`` and beside ``dim`` no larger. RuntimeError for an
    index that is negative or out of bounds. (``torch.gather``)
    """
    _require_tensor(index, "index")
    if not isinstance(sparse_grad, bool):
        raise TypeError("sparse_grad")
    a, i = input._a, index._a
    given, dim = dim, _dim(dim, input)
    if i.size:
        _require_positions(i, "gather")
        _require_gather_shape(a, dim, i)
        _require_inside(i, a.shape[dim] if a.ndim else 1, dim, *([a] if a.ndim else []))
    out = wrap(_gathered(a, dim, i))
    if input._rg and state.enabled:
        if sparse_grad:
            raise NotImplementedError("shimtorch does not offer sparse gradients")
        record(out, GatherBackward0, (input,), (input, index), (given,))
    return out


def _require_gather_shape(a, dim: int, i) -> None:
    if (a.ndim or 1) != (i.ndim or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for d in range(a.ndim):
        if d != dim and i.shape[d] > a.shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(i.shape)} to be no larger than self "
                f"{list(a.shape)} apart from dimension {dim}"
            )


gather = publish("gather", "elements", _gather, methods=("gather",), differentiable=("self",))
internal("gather_at", lambda a, dim, index: _gathered(a, dim % (a.ndim or 1), index), _gather)


# --- scatter ------------------------------------------------------------------------------------------------------

ScatterBackward0 = node_class(
    "ScatterBackward0", ("self", "src"), saved=("index",), fixed=("dim", "shape"),
    derivatives={
        "self": lambda xp, grad, dim, index: xp.scatter_value(grad, dim, index, 0),
        "src": lambda xp, grad, dim, shape, index: _matching(
            xp, xp.gather_at(grad, dim, index), shape, "ScatterBackward0"
        ),
    },
)  # fmt: skip
ScatterBackward1 = node_class(
    "ScatterBackward1", ("self",), saved=("index",), fixed=("dim",),
    derivatives={"self": lambda xp, grad, dim, index: xp.scatter_value(grad, dim, index, 0)},
)  # fmt: skip
ScatterAddBackward0 = node_class(
    "ScatterAddBackward0", ("self", "src"), saved=("index",), fixed=("dim", "shape"), optional=("index",),
    derivatives={
        "self": lambda xp, grad: grad,
        "src": lambda xp, grad, dim, shape, index: _matching(
            xp, xp.gather_at(grad, dim, index), shape, "ScatterAddBackward0"
        ),
    },
)  # fmt: skip
_Underivable, _UnderivableInPlace = underivable("scatter"), underivable("scatter_")

_REDUCE = (
    "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future PyTorch "
    "release. Use torch.scatter_reduce instead for more reduction options. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/TensorAdvancedIndexing.cpp:225.)"
)


def _check_scatter(input: Tensor, dim: int, index: Tensor, src: Tensor | None) -> None:
    a, i = input._a, index._a
    if i.size:
        _require_positions(i, "scatter")
    if src is not None and src._a.dtype != a.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if not i.size:
        return
    if (a.ndim or 1) != (i.ndim or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    wrong = any(d != dim and i.shape[d] > a.shape[d] for d in range(a.ndim))
    shape = None if src is None else src._a.shape
    if shape is None:
        if wrong:
            raise RuntimeError(
                f"Expected index {list(i.shape)} to be no larger than self {list(a.shape)} apart from dimension {dim}"
            )
        return
    if not wrong and shape:
        for d, size in enumerate(i.shape or (1,)):  # torch stops at the first that is too large
            if size > shape[wrap_dim(d, len(shape))]:
                wrong = True
                break
    if (len(shape) or 1) != (i.ndim or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if wrong or (i.size > 1 and not shape):
        raise RuntimeError(
            f"Expected index {list(i.shape)} to be no larger than self {list(a.shape)} apart from dimension {dim} and "
            f"to be no larger size than src {list(shape)}"
        )


def _operands(a, src: Tensor | None) -> list:
    """The tensors that torch walks over beside the index of a scatter: the result, which is contiguous, and ``src``."""
    if not a.ndim:
        return []
    return [x for x in (np.ascontiguousarray(a), None if src is None else src._a) if x is not None and x.ndim]


def _written(a, dim: int, index, source, write):
    """A copy of ``a`` in which ``write(array, places, values)`` has changed the places that ``index`` means."""
    out = np.array(a, order="C")
    if index.size:
        index = _with_dimension(index)
        if source.ndim or source.size > 1:
            source = source[tuple([slice(n) for n in index.shape])]
        write(out.reshape(1) if not out.ndim else out, _places(dim, index), source)
    return out


def _set(array, places, values) -> None:
    array[places] = values


def _one_for_each(array, places, values):
    """Along one dimension, ``ufunc.at`` reads as many values as there are indices, one after the other, in any case."""
    return values if array.ndim > 1 else np.ascontiguousarray(np.broadcast_to(values, places[0].shape))


def _add(array, places, values) -> None:
    values = _one_for_each(array, places, values)
    if array.dtype.kind == "b":
        np.logical_or.at(array, places, values)
    else:
        quietly(np.add.at, array, places, values)


def _multiply(array, places, values) -> None:
    values = _one_for_each(array, places, values)
    if array.dtype.kind == "b":
        np.logical_and.at(array, places, values)
    else:
        quietly(np.multiply.at, array, places, values)


_REDUCTIONS = {"add": _add, "multiply": _multiply}


def _scatter(input, dim, index, src=_UNSET, *, value=_UNSET, reduce=_UNSET):
    """A copy of the tensor with ``src``, a number or a tensor, at the places that ``index`` names along ``dim``.

    ``reduce`` ("add", "multiply") combines it with what is there. ``index`` is int64 or int32, no larger than ``src``
    and, beside ``dim``, than ``input``. RuntimeError for an index out of bounds. (``torch.scatter``)
    """
    _require_tensor(index, "index")
    by_number = src is _UNSET
    if by_number:
        src = value.item() if isinstance(value, Tensor) and value._a.ndim == 0 and not value._rg else value
    elif value is not _UNSET:
        raise TypeError("value")
    if not isinstance(src, SCALARS if by_number else (Tensor, *SCALARS)) or not (
        reduce is _UNSET or isinstance(reduce, str)
    ):
        raise TypeError("src")
    tensor = src if isinstance(src, Tensor) else None
    if tensor is not None and reduce is not _UNSET:
        warn(_REDUCE, once=True)
    a, i = input._a, index._a
    given, dim = dim, _dim(dim, input)
    _check_scatter(input, dim, index, tensor)
    write = _set if reduce is _UNSET else _REDUCTIONS.get(reduce)
    if write is None:
        raise _late(RuntimeError("reduce argument must be either add or multiply."))
    differentiable = recording(input, tensor)
    if differentiable and a.dtype.kind not in "fc":
        raise first(RuntimeError(f"Autograd not support dtype: {scalar_type_name(input)}"))
    _require_inside(i, a.shape[dim] if a.ndim else 1, dim, *_operands(a, tensor))
    values = ZERO[a.dtype] if not i.size else tensor._a if tensor is not None else _element(src, a.dtype)
    out = wrap(_written(a, dim, i, values, write))
    if differentiable:
        if reduce is not _UNSET:
            record(out, _Underivable, [t for t in (input, tensor) if t is not None and t._rg])
        elif tensor is not None:
            record(out, ScatterBackward0, (input, tensor), (index,), (given, tensor._a.shape))
        else:
            record(out, ScatterBackward1, (input,), (index,), (given,))
    return out


def _scatter_add(input, dim, index, src):
    """A copy of the tensor with ``src`` added at the places that ``index`` names along ``dim``, repeated ones too.

    Sizes and errors are those of ``scatter``. (``torch.scatter_add``)
    """
    _require_tensor(index, "index")
    _require_tensor(src, "src")
    a = input._a
    given, dim = dim, _dim(dim, input)
    _check_scatter(input, dim, index, src)
    _require_inside(index._a, a.shape[dim] if a.ndim else 1, dim, *_operands(a, src))
    out = wrap(_written(a, dim, index._a, src._a, _add))
    if recording(input, src):
        record(out, ScatterAddBackward0, (input, src), (index if src._rg else None,), (given, src._a.shape))
    return out


def _scatter_added(grad, sizes, dim: int, index):
    return _written(np.zeros(sizes, grad.dtype), dim % (len(sizes) or 1), index, grad, _add)


def _scatter_added_tensor(grad, sizes, dim: int, index):
    out = wrap(_scatter_added(grad._a, sizes, dim, index._a))
    if grad._rg and state.enabled:
        record(out, ScatterAddBackward0, (None, grad), (index,), (dim, grad._a.shape))
    return out


def _zeros_scattered(grad, dim: int, index, zero):
    return _written(grad, dim % (grad.ndim or 1), index, ZERO[grad.dtype], _set)


scatter = publish("scatter", "elements", _scatter, methods=("scatter",), differentiable=("self", "src"))
_in_place("scatter", _scatter)
scatter_add = publish(
    "scatter_add", "elements", _scatter_add, methods=("scatter_add",), differentiable=("self", "src")
)  # fmt: skip
_in_place("scatter_add", _scatter_add)
internal("scatter_value", _zeros_scattered, _scatter)
internal("scatter_added", _scatter_added, _scatter_added_tensor)


# --- index_select -------------------------------------------------------------------------------------------------

IndexSelectBackward0 = node_class(
    "IndexSelectBackward0", ("self",), saved=("index",), fixed=("sizes", "dim"),
    derivatives={"self": lambda xp, grad, sizes, dim, index: xp.index_added(grad, sizes, dim, index)},
)  # fmt: skip


def _selected(a, dim: int, index):
    if not a.ndim:
        return a.copy()
    if index.size and not a.size:
        _require_slices(a, dim, index)
    return a.take(index.reshape(-1), dim)


def _index_select(input, dim, index):
    """The slices that ``index``, a vector of int64 or int32, names along ``dim``.

    IndexError or RuntimeError, as torch has it, for an index that is negative or out of bounds.
    (``torch.index_select``)
    """
    _require_tensor(index, "index")
    a, i = input._a, index._a
    given, dim = dim, _dim(dim, input)
    if i.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if a.ndim == 0 and i.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {i.size} value(s)")
    if i.dtype.char not in "ilq":
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if i.size:
        _require_slices(a, dim, i)
    out = wrap(_selected(a, dim, i))
    if input._rg and state.enabled:
        record(out, IndexSelectBackward0, (input,), (index,), (a.shape, given))
    return out


def _require_slices(a, dim: int, i) -> None:
    size = a.shape[dim] if a.ndim else 1
    if a.ndim > 1 and not a.size and not size:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    if _inside(i, size):
        return
    if a.ndim > 1 and (dim == 1 or not a.size):
        flat = i.reshape(-1)
        outside = flat[(flat < 0) | (flat >= size)][0]
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={outside} axis_dim={size}")
    raise IndexError("index out of range in self")


index_select = publish(
    "index_select", "rows", _index_select, methods=("index_select",), differentiable=("self",)
)  # fmt: skip
internal("index_selected", _selected, _index_select)


# --- index_add ----------------------------------------------------------------------------------------------------


def _of_source(xp, grad, dim, shape, alpha, index):
    if shape:
        grad = xp.expand(xp.index_selected(grad, dim, index), shape)
    else:
        grad = xp.index_selected(grad, dim, index if not index.ndim else xp.squeeze(index, 0))
    return grad if alpha == 1 else xp.mul_scalar(grad, alpha)


IndexAddBackward0 = node_class(
    "IndexAddBackward0", ("self", "source"), saved=("index", "source"), fixed=("dim", "shape", "alpha"),
    optional=("index", "source"),
    derivatives={"self": lambda xp, grad: grad, "source": _of_source},
)  # fmt: skip


def _added(a, dim: int, index, source, alpha):
    out = np.array(a, order="C")
    if not index.size or not a.size:
        return out
    rows = _with_dimension(out).swapaxes(0, dim)
    values = _with_dimension(source).swapaxes(0, dim)
    index = index.reshape(-1)
    if alpha is None:
        _add(rows, (index,), values)
    elif a.ndim < 2 or a.dtype is not F32:
        _add(rows, (index,), quietly(np.multiply, values, alpha))
    else:  # torch adds slice by slice, each scaled and added in one rounding
        factor = alpha.astype(F64)
        for row, value in zip(index.tolist(), values, strict=True):
            rows[row] = quietly(lambda r, v: r + v.astype(F64) * factor, rows[row], value)
    return out


def _check_index_add(input: Tensor, dim: int, index: Tensor, source: Tensor) -> None:
    a, i, s = input._a, index._a, source._a
    if i.ndim > 1:
        raise IndexError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {i.ndim} with type: "
            f"{scalar_type_name(index)} and size: {list(i.shape)}"
        )
    if i.dtype.char not in "ilq":
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {scalar_type_name(index)}")
    if a.dtype != s.dtype:
        raise RuntimeError(
            f"index_add_(): self ({scalar_type_name(input)}) and source ({scalar_type_name(source)}) must have the "
            "same scalar type"
        )
    if dim and dim >= s.ndim:
        raise RuntimeError(
            f"index_add_(): Indexing dim {dim} is out of bounds of the source tensor with dim {s.ndim}"
        )  # fmt: skip
    if i.size != (s.shape[dim] if s.ndim else 1):
        if not s.ndim:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        raise RuntimeError(
            f"index_add_(): Number of indices ({i.size}) should be equal to source.size(dim): ({s.shape[dim]}), for "
            f"dim: {dim}"
        )
    own, other = list(a.shape), list(s.shape)
    if own and other:
        del own[dim], other[dim]
    if own != other:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(a.shape)} source.shape = {list(s.shape)}"
        )


def _index_add(input, dim, index, source, *, alpha=1):
    """A copy of the tensor with ``alpha * source`` added to the slices that ``index`` names along ``dim``.

    ``index`` is a vector of int64 or int32; slices named several times get several sums. RuntimeError for a source
    of another dtype or size; IndexError or RuntimeError, as torch has it, out of bounds. (``torch.index_add``)
    """
    _require_tensor(index, "index")
    _require_tensor(source, "source")
    if isinstance(alpha, Tensor) and alpha._a.ndim == 0 and not alpha._rg:
        alpha = alpha.item()
    if not isinstance(alpha, SCALARS):
        raise TypeError("alpha")
    a, i = input._a, index._a
    given, dim = dim, _dim(dim, input)
    _check_index_add(input, dim, index, source)
    plain = alpha == 1 and not isinstance(alpha, (bool, np.bool_))
    factor = None
    if a.ndim < 2 or (i.size and a.size):
        scattered = plain and a.ndim > 1 and i.dtype is I64 and dim in (0, a.ndim - 1)
        if scattered:
            _require_inside(i, a.shape[dim], dim)
        else:
            size = a.shape[dim] if a.ndim else 1
            begun = a.ndim < 2 or _inside(i.reshape(-1)[:1], size)  # with rows, torch looks at alpha when it adds
            factor = _element(alpha, a.dtype) if begun else None
            if not _inside(i, size):
                raise _late(IndexError("index out of range in self"))
    out = wrap(_added(a, dim, i, source._a, None if plain else factor))
    if recording(input, source):
        saved = (index, source) if source._rg else (None, None)
        record(out, IndexAddBackward0, (input, source), saved, (given, source._a.shape, alpha))
    return out


def _index_added(grad, sizes, dim: int, index):
    return _added(np.zeros(sizes, grad.dtype), dim, index, grad, None)


def _index_added_tensor(grad, sizes, dim: int, index):
    out = wrap(_index_added(grad._a, sizes, dim, index._a))
    if grad._rg and state.enabled:
        record(out, IndexAddBackward0, (None, grad), (index, grad), (dim, grad._a.shape, 1))
    return out


index_add = publish(
    "index_add", "rows", _index_add, methods=("index_add",), differentiable=("self", "source")
)  # fmt: skip
_in_place("index_add", _index_add)
internal("index_added", _index_added, _index_added_tensor)


# --- take ---------------------------------------------------------------------------------------------------------

TakeBackward0 = node_class(
    "TakeBackward0", ("self",), saved=("self", "index"),
    derivatives={"self": lambda xp, grad, self, index: xp.put_added(grad, tuple(self.shape), index)},
)  # fmt: skip
PutBackward0 = node_class(
    "PutBackward0", ("self", "source"), saved=("index", "source"), fixed=("shape",),
    derivatives={
        "self": lambda xp, grad: grad,
        "source": lambda xp, grad, shape, index: xp.reshape(xp.take_at(grad, index), shape),
    },
)  # fmt: skip


def _taken(a, index):
    return a.reshape(-1)[index] if index.ndim else a.reshape(-1)[index.reshape(1)].reshape(())


def _take(input, index):
    """The elements at positions of the tensor read as one row, in the shape of ``index`` (int64, also negative).

    IndexError for positions out of range. (``torch.take``)
    """
    _require_tensor(index, "index")
    a, i = input._a, index._a
    if i.dtype is not I64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {scalar_type_name(index)}")
    if i.size and not a.size:
        raise IndexError("take(): tried to take from an empty tensor")
    try:
        out = wrap(np.ascontiguousarray(_taken(a, i)).reshape(i.shape))
    except IndexError:
        flat = i.ravel()
        outside = flat[(flat < -a.size) | (flat >= a.size)][0]
        raise IndexError(
            f"out of range: tried to access index {outside} on a tensor of {a.size} elements."
        ) from None  # fmt: skip
    if input._rg and state.enabled:
        record(out, TakeBackward0, (input,), (input, index))
    return out


def _put_added(grad, sizes, index):
    out = np.zeros(sizes, grad.dtype)
    quietly(np.add.at, out.reshape(-1), index.reshape(-1), grad.reshape(-1))
    return out


def _put_added_tensor(grad, sizes, index):
    out = wrap(_put_added(grad._a, sizes, index._a))
    if grad._rg and state.enabled:
        record(out, PutBackward0, (None, grad), (index, grad), (grad._a.shape,))
    return out


take = publish("take", "places", _take, methods=("take",), differentiable=("self",))
internal("take_at", _taken, _take)
internal("put_added", _put_added, _put_added_tensor)
