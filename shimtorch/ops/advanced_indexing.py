"""Indexing by tensors: integers, masks, lists and arrays, read and written.

``indexing`` has carried out the basic parts of an index when it comes here with ``placed``: pairs of a dimension and
the tensor that indexes it. ``positions`` turns them into what NumPy takes, with torch's checks; NumPy does the rest,
and only where it refuses is the reason looked for, in torch's order. To add a dtype of index, add it to ``positions``.
"""

from __future__ import annotations

import numpy as np

from .. import _factories
from .._layout import OVERLAP, _memory_order, is_dense, laid_out
from .._tensor import Tensor, address, c_name, scalar_type_name, wrap, wrap_dim
from .._warnings import warn
from ..autograd.mode import state
from ..autograd.nodes import Node, already_freed, check_version, extra_of
from ..autograd.rebasing import rebase, written
from ._define import F32, F64, ZERO, before_inplace, fill_array, publish, quietly, record, recording
from .shape import cast_array, dense_copy, warn_of_complex

I64 = np.dtype("int64")
MASKS, INTEGERS = "?B", "ilq"  # the dtypes of indices, by NumPy's character codes, which are quick to ask for
ALL = slice(None)
# What True and False stand for, on a dimension of size 1.
ONE_ROW, NO_ROW = wrap(np.zeros(1, I64)), wrap(np.zeros(0, I64))

_BYTE_MASK = (
    "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead. (Triggered internally "
    "at /__w/pytorch/pytorch/aten/src/ATen/native/IndexingUtils.h:37.)"
)
_EXPANDED = (
    "Use of {} on expanded tensors is deprecated. Please clone() the tensor before performing this operation. This "
    "also applies to advanced indexing e.g. tensor[{}] = {} (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/TensorAdvancedIndexing.cpp:{}.)"
)


# --- from an index to positions -----------------------------------------------------------------------------------


def tensor_of(sequence) -> Tensor:
    """A sequence or array as the tensor torch makes of it: a mask of bools and bytes, else int64."""
    if isinstance(sequence, np.ndarray):
        if sequence.dtype.kind not in "biufc":
            _factories._require_known(sequence)
        _factories._require_forward(sequence)
        if sequence.dtype.char in MASKS:
            return wrap(sequence)
        warn_of_complex(sequence, I64)
        return wrap(cast_array(sequence, I64))
    kinds = set(map(type, sequence)) if type(sequence) in (list, tuple, range) else None
    if not kinds and kinds is not None:
        return NO_ROW
    if kinds == {int}:
        try:
            return wrap(np.array(sequence, I64))
        except OverflowError:
            raise ValueError("Overflow when unpacking long long") from None
    try:
        array = _factories._from_python(sequence, None)
        if array.dtype.char not in MASKS:
            array = _factories._from_python(sequence, _factories._dtypes.int64)
    except ValueError as error:  # which torch finds later, when it converts to int64
        if "dimensions 'str'" in str(error):
            raise TypeError("new(): invalid data type 'str'") from None
        if "one element tensors" in str(error):
            raise TypeError("only integer tensors of a single element can be converted to an index") from None
        raise
    return wrap(array)


def width(index: Tensor) -> int:
    """How many dimensions an index takes the place of."""
    a = index._a
    return a.ndim if a.dtype.char in MASKS else 1


def positions(a, placed) -> tuple:
    """The index as NumPy takes it: integers and ``ALL`` per dimension, masks as the positions of what is true."""
    where: list = []
    for dim, index in placed:
        array = index._a
        while len(where) < dim:
            where.append(ALL)
        if array.dtype is I64:
            where.append(array)
        else:
            where.extend(_converted(a, dim, array, placed))
    return tuple(where)


def _converted(a, dim: int, index, placed):
    """An index that is not int64 as int64 arrays, one for each dimension it takes the place of."""
    for _, other in placed:
        if other._a.dtype.char not in MASKS + INTEGERS:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if index.dtype.char in INTEGERS:
        return (index.astype(I64),)
    if index.dtype.kind != "b":
        warn(_BYTE_MASK)
    _check_mask(a, dim, index)
    return index.nonzero()


def _check_mask(a, dim: int, mask) -> None:
    for j, size in enumerate(mask.shape):
        if dim + j >= a.ndim:
            wrap_dim(dim + j, a.ndim)
        if size != a.shape[dim + j]:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {j} does not match the shape of the indexed tensor "
                f"{list(a.shape)} at index {dim + j}"
            )


class _Geometry:
    """What an advanced index does to the dimensions: which are indexed, and how the result is laid out."""

    def __init__(self, a, where) -> None:
        self.dims = [d for d, part in enumerate(where) if part is not ALL]
        arrays = [where[d] for d in self.dims]
        try:
            self.arrays = np.broadcast_arrays(*arrays)
        except ValueError:
            shapes = ", ".join(str(list(array.shape)) for array in arrays)
            raise IndexError(
                f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
            ) from None
        chosen = self.arrays[0].shape
        rest = [d for d in range(a.ndim) if d not in self.dims]
        adjacent = self.dims[-1] - self.dims[0] + 1 == len(self.dims)
        first = self.dims[0] if adjacent else 0
        self.before, self.after = rest[:first], rest[first:]
        if any(a.shape[d] == 0 for d in self.dims) and 0 not in chosen:
            raise IndexError("index is out of bounds for dimension with size 0")
        sizes, steps = a.shape, a.strides
        self.shape = (*(sizes[d] for d in self.before), *chosen, *(sizes[d] for d in self.after))
        self.strides = (*(steps[d] for d in self.before), *(0,) * len(chosen), *(steps[d] for d in self.after))

    def source(self, a):
        """``a`` as torch sees it beside the result: without steps along the indices."""
        return np.lib.stride_tricks.as_strided(a, self.shape, self.strides)

    def beside(self) -> list:
        """The indices as operands of the result's number of dimensions."""
        front, back = (None,) * len(self.before), (None,) * len(self.after)
        return [array[(*front, ..., *back)] for array in self.arrays]

    def order(self, a, *others) -> list[int]:
        """The dimensions of the result in the order in which torch walks over them, the slowest first."""
        operands = [np.broadcast_to(x, self.shape) for x in (*others, *self.beside())]
        return _memory_order(self.shape, [self.strides, *(x.strides for x in operands)])[::-1]

    def first_outside(self, a, order) -> tuple[int, IndexError] | None:
        """How many elements torch gets done before it meets an index that is out of bounds, and its complaint."""
        found = None
        for j, (dim, array) in enumerate(zip(self.dims, self.beside(), strict=True)):
            size = a.shape[dim]
            walked = np.broadcast_to(array, self.shape).transpose(order).ravel()
            outside = np.flatnonzero((walked < -size) | (walked >= size))
            if outside.size and (found is None or outside[0] < found[0]):
                text = f"index {walked[outside[0]]} is out of bounds for dimension {j} with size {size}"
                found = int(outside[0]), IndexError(text)
        return found


# --- reading ------------------------------------------------------------------------------------------------------


def taken(a, where):
    """``a[where]`` in a new array with torch's strides."""
    plain = a.flags.c_contiguous
    try:
        if plain and a.ndim > 1 and a.size and where and (len(where) == 1 or _only_last(where)):
            last = where[-1]
            if last.ndim and last.flags.c_contiguous:
                return a.take(last, len(where) - 1)
        result = a[where]
    except (IndexError, ValueError):
        return _refused_reading(a, where)
    if type(result) is not np.ndarray or result.base is not None:  # of 0-d indices, or turned round by NumPy
        result = np.array(result, order="C")
    if result.ndim < 2:
        return result
    if plain:
        for part in where:
            if part is not ALL and not part.flags.c_contiguous:
                break
        else:
            return result if result.flags.c_contiguous else np.ascontiguousarray(result)
    if not result.size:
        return np.empty(result.shape, result.dtype)
    geometry = _Geometry(a, where)
    return laid_out(result, geometry.source(a), *geometry.beside())


def _only_last(where) -> bool:
    for part in where[:-1]:  # noqa: SIM110 (twice as fast as any)
        if part is not ALL:
            return False
    return True


def _refused_reading(a, where):
    geometry = _Geometry(a, where)
    outside = geometry.first_outside(a, geometry.order(a))
    if outside is not None:
        raise outside[1]
    return np.empty(geometry.shape, a.dtype)


def read(sliced: Tensor, placed) -> Tensor:
    """The elements at the indices, copied and recorded."""
    a = sliced._a
    where = positions(a, placed)
    out = wrap(taken(a, where))
    if sliced._rg and state.enabled:
        record(out, IndexBackward0, (sliced,), tuple([index for _, index in placed]), (a.shape, where))
    return out


def _add_at(out, where, values) -> None:
    """``out[where] += values``, one by one, so that what is met several times adds up."""
    # Along one dimension, ufunc.at reads as many values as there are indices, however few there are.
    values = np.array(np.broadcast_to(values, out[where].shape), order="C")
    if out.ndim == 1 and len(where) == 1:
        where, values = (where[0].reshape(-1),), values.reshape(-1)
    if out.dtype.kind == "b":
        np.logical_or.at(out, where, values)
    elif len(where) == 1 and out.ndim == 2 and out.flags.c_contiguous and values.size > 64:
        # NumPy adds quickly only along one dimension.
        rows, step = where[0] % out.shape[0], out.shape[1]
        flat = rows.reshape(-1, 1) * step + np.arange(step)
        spread = np.broadcast_to(values, (*rows.shape, step))
        quietly(np.add.at, out.reshape(-1), flat.reshape(-1), spread.reshape(-1))
    else:
        quietly(np.add.at, out, where, values)


def _indices_of(node) -> None:
    """Refuse to go on if the graph was freed or an index was written in place since."""
    if node.saved is None:
        raise already_freed()
    for i, index in enumerate(node.saved):
        if index._vc is not None:
            check_version(node, i)


def _added_up(grad, sizes, where):
    out = np.zeros(sizes, grad.dtype)
    if out.size:
        _add_at(out, where, grad)
    return out


class IndexBackward0(Node):
    """The node of a read: what was read several times gets the sum of its gradients."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("sizes", "where")
    saves_list = True

    def arrays(self, grad):
        _indices_of(self)
        return (_added_up(grad, *self.fixed),)

    def tensors(self, grad):
        _indices_of(self)
        sizes, where = self.fixed
        out = wrap(_added_up(grad._a, sizes, where))
        if grad._rg and state.enabled:
            record(out, IndexPutImplBackward0, (None, grad), self.saved, (where, True))
        return (out,)


# --- writing ------------------------------------------------------------------------------------------------------


def _zeroed(grad, where):
    out = dense_copy(grad)
    if out.size:
        out[where] = ZERO[out.dtype]
    return out


def _compatible(node, gradient):
    """The gradient of a value; torch has none for one of more dimensions than the places it went to."""
    operand = node.extra.operands[1] if node.extra is not None and node.extra.operands is not None else None
    if operand is not None and len(operand[0]) > gradient.ndim:
        raise RuntimeError(
            f"Function {node.name()} returned an invalid gradient at index 1 - got {list(gradient.shape)} but "
            f"expected shape compatible with {list(operand[0])}"
        )
    return gradient


class IndexPutBackward0(Node):
    """The node of a write: what was written over gets no gradient, the value gets that of the places it went to."""

    __slots__ = ()
    __module__ = "builtins"
    fixed_names = ("where", "accumulate")
    saves_list = True

    def arrays(self, grad):
        _indices_of(self)
        where, accumulate = self.fixed
        own, value = self.edges
        if own is not None:
            own = grad if accumulate else _zeroed(grad, where)
        return own, None if value is None else _compatible(self, taken(grad, where))

    def tensors(self, grad):
        _indices_of(self)
        where, accumulate = self.fixed
        own, value = self.edges
        if own is not None:
            own = grad
            if not accumulate:
                own = wrap(_zeroed(grad._a, where))
                if grad._rg and state.enabled:
                    record(own, IndexPutBackward0, (grad, None), self.saved, (where, False))
        if value is not None:
            value = wrap(_compatible(self, taken(grad._a, where)))
            if grad._rg and state.enabled:
                record(value, IndexBackward0, (grad,), self.saved, (grad._a.shape, where))
        return own, value


class IndexPutImplBackward0(IndexPutBackward0):
    """The node of the gradient of a read, which torch writes by an operator of another name."""

    __slots__ = ()
    __module__ = "builtins"


def warn_if_expanded(a, operator: str, index: str, value: str, line: int) -> None:
    """torch's warning of a write that would meet one element under several indices."""
    if not a.flags.c_contiguous and any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True)):
        warn(_EXPANDED.format(operator, index, value, line))


def refuse_shared(target: Tensor, source: Tensor) -> None:
    """Raise torch's error if a tensor that is written shares memory with one that is read, both without gaps."""
    a, b = target._a, source._a
    if source is target or (
        a.size and b.size and np.may_share_memory(a, b) and is_dense(a) and is_dense(b)
    ):  # fmt: skip
        raise RuntimeError(OVERLAP.format("some elements of the input tensor and the written-to tensor refer"))


def _refuse_partly_shared(a, b) -> None:
    if a.size and b.size and np.may_share_memory(a, b) and is_dense(a) and is_dense(b):
        if address(a) == address(b) and a.nbytes == b.nbytes:
            return
        raise RuntimeError(OVERLAP.format("some elements of the input tensor and the written-to tensor refer"))


def put(target: Tensor, placed, value: Tensor, accumulate: bool) -> tuple:
    """Write ``value`` into the memory of ``target`` and return the index as ``positions`` gives it."""
    a, v = target._a, value._a
    warn_if_expanded(a, "index_put_", "indices", "tensor", 976)
    if v.size == 1 and not accumulate and len(placed) == 1:
        dim, mask = placed[0]
        if mask._a.dtype.char in MASKS:
            return _fill(a, dim, mask, v)
    shared = v.base is not None or a.base is not None or v is a
    if shared:
        refuse_shared(target, value)
    for _, index in placed:
        if index._a.base is not None or a.base is not None or index._a is a:
            refuse_shared(target, index)
    placed = _without_numbers(placed)
    where = positions(a, placed)
    if v.dtype is a.dtype and (not v.ndim or _reaches(a, where, v)):
        try:
            if accumulate:
                _add_at(a, where, v)
            else:
                a[where] = v
        except (IndexError, ValueError):
            pass
        else:
            return where
    _refused_writing(target, where, value, accumulate)
    return where


def _without_numbers(placed):
    """Without masks of no dimensions, which torch passes over beside other indices."""
    for _, index in placed:
        if not index._a.ndim and index._a.dtype.char in MASKS:
            if index._a.dtype.kind != "b":
                warn(_BYTE_MASK)
            placed = [(dim, other) for dim, other in placed if other is not index]
    if not placed:
        raise NotImplementedError("shimtorch does not offer index_put without indices")
    return placed


def _reaches(a, where, v) -> bool:
    """Whether a value has no more dimensions than the places it goes to; NumPy would drop some of size 1."""
    arrays = [part for part in where if part is not ALL]
    return v.ndim <= a.ndim - len(arrays) + max([array.ndim for array in arrays])


def _fill(a, dim: int, mask: Tensor, v) -> tuple:
    _check_mask(a, dim, mask._a)
    require_bool(mask)
    warn_if_expanded(a, "masked_fill_", "mask", "scalar", 2450)
    element = v.reshape(()) if v.dtype is a.dtype else element_of(v.item(), a.dtype)
    _refuse_partly_shared(a, mask._a)
    where = (*(ALL,) * dim, *mask._a.nonzero()) if mask._a.ndim else () if mask._a else (NO_ROW._a,)
    a[where] = element
    return where


def fits(value, kind, dtype) -> bool:
    """Whether NumPy converts a number as torch does; not for tensors, nor for many a number."""
    if kind is float:
        return dtype is F64 or (dtype is F32 and -3e38 < value < 3e38)
    return kind is int and -128 <= value <= 127 and (dtype.kind in "if" or (dtype.kind == "u" and value >= 0))


def element_of(number, dtype):
    """A number as a 0-d array; RuntimeError in the words of torch's masked_fill if the dtype cannot hold it."""
    if fits(number, type(number), dtype):
        return np.array(number, dtype)
    held = np.empty(2, dtype)  # a single float16 would take any number
    quietly(fill_array, held, number)
    element = held[:1].reshape(())
    if element.dtype.kind == "c" and not np.isfinite(element) and np.isfinite(number):
        raise RuntimeError(f"value cannot be converted to type {c_name(wrap(element))} without overflow")
    return element


def require_bool(mask: Tensor) -> None:
    """Raise torch's error for a mask of another dtype."""
    if mask._a.dtype.kind != "b":
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {c_name(mask)}")


def _refused_writing(target: Tensor, where, value: Tensor, accumulate: bool) -> None:
    """Raise what torch raises for a write that NumPy refused; write what torch has written by then."""
    a, v = target._a, value._a
    geometry = _Geometry(a, where)
    shape = geometry.shape
    extra = len(shape) - v.ndim
    if extra < 0 or any(n not in (1, wanted) for n, wanted in zip(v.shape, shape[extra:], strict=True)):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v.shape)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        )
    if v.dtype != a.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{scalar_type_name(target)} for the destination and {scalar_type_name(value)} for the source."
        )
    order = geometry.order(a, v)
    outside = geometry.first_outside(a, order)
    if outside is None:
        return
    done, error = outside

    def walked(array):
        return np.broadcast_to(array, shape).transpose(order).ravel()[:done]

    front, count = len(geometry.before), len(shape) - len(geometry.before) - len(geometry.after)
    place: list = [None] * a.ndim
    for dim, array in zip(geometry.dims, geometry.beside(), strict=True):
        place[dim] = walked(array)
    for i, dim in enumerate((*geometry.before, *geometry.after)):
        axis = i if i < front else i + count
        place[dim] = walked(np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - 1 - axis)))
    if accumulate:
        _add_at(a, tuple(place), walked(v))
    else:
        a[tuple(place)] = walked(v)
    raise error


def put_number(a, index, value) -> bool:
    """Write a number that fits the dtype where one index tells; False if that is not as simple as it looks."""
    if not index.ndim or (index.dtype is not I64 and index.dtype.char != "?"):
        return False
    if index is a or ((index.base is not None or a.base is not None) and np.may_share_memory(a, index)):
        return False
    try:
        a[index] = value
    except IndexError:
        return False
    return True


def put_recorded(target: Tensor, placed, value: Tensor, accumulate: bool) -> Tensor:
    """``put`` on a tensor that may have to enter the graph by it."""
    if not recording(target, value):
        put(target, placed, value, accumulate)
        written(target)
        return target
    original = before_inplace(target, (value,))
    where = put(target, placed, value, accumulate)
    written(target)
    rebase(target, _recorded(wrap(target._a), original, placed, value, where, accumulate)._node)
    return target


def _recorded(out: Tensor, own: Tensor, placed, value: Tensor, where, accumulate: bool) -> Tensor:
    record(out, IndexPutBackward0, (own, value), tuple([index for _, index in placed]), (where, accumulate))
    extra_of(out._node).operands = (None, (value._a.shape, value._a.dtype))
    return out


def _placed(input: Tensor, indices):
    if not isinstance(indices, (tuple, list)):
        raise TypeError("indices")
    for index in indices:
        if not isinstance(index, Tensor):
            raise TypeError("indices")
    if not indices:
        raise NotImplementedError("shimtorch does not offer index_put without indices")
    if len(indices) > input._a.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input._a.ndim} (got {len(indices)})")
    placed, dim = [], 0
    for index in indices:
        placed.append((dim, index))
        dim += width(index)
    return placed


def _require_arguments(values, accumulate) -> None:
    if not isinstance(values, Tensor):
        raise TypeError("values")
    if not isinstance(accumulate, bool):
        raise TypeError("accumulate")


def _index_put(input, indices, values, accumulate=False):
    """A copy of the tensor with ``values``, which broadcast, at ``indices``, a tuple of index tensors.

    With ``accumulate`` they are added to what is there, several times where an index is repeated. IndexError for
    indices out of bounds, RuntimeError for values of another dtype or shape. (``torch.index_put``)
    """
    _require_arguments(values, accumulate)
    placed = _placed(input, indices)
    out = wrap(dense_copy(input._a))
    where = put(out, placed, values, accumulate)
    if recording(input, values) and input._a.dtype.kind not in "fc":
        raise RuntimeError(f"Autograd not support dtype: {scalar_type_name(input)}")
    return _recorded(out, input, placed, values, where, accumulate) if recording(input, values) else out


def _index_put_(input, indices, values, accumulate=False):
    """``index_put`` written into the tensor itself, which is returned. (``torch.index_put_``)"""
    _require_arguments(values, accumulate)
    if state.enabled and input._rg:
        before_inplace(input)
    return put_recorded(input, _placed(input, indices), values, accumulate)


index_put = publish(
    "index_put", "places", _index_put, methods=("index_put",), differentiable=("self", "values")
)  # fmt: skip
index_put_ = publish(
    "index_put_", "places", _index_put_, methods=("index_put_",), differentiable=("self", "values")
)  # fmt: skip
