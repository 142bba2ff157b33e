"""The strides of a pointwise result: torch and NumPy both follow the operands, but not by the same rule.

Called only where an operand is not contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray


def is_dense(array: ndarray) -> bool:
    """Whether the elements fill one stretch of memory without overlap, in some order of the dimensions."""
    expected = array.itemsize
    for stride, size in sorted((s, n) for s, n in zip(array.strides, array.shape, strict=True) if n != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def refuse_overlap(target: ndarray, sources) -> None:
    """Raise torch's error if writing ``target`` from ``sources`` would write an element twice or read a written one.

    As in torch, an array that is not dense is not compared with others.
    """
    if not target.size:
        return
    if any(stride == 0 and size > 1 for stride, size in zip(target.strides, target.shape, strict=True)):
        error: Any = RuntimeError(OVERLAP.format("more than one element of the written-to tensor refers"))
        error.after_arguments = True
        raise error
    for source in sources:
        if source is target or not np.may_share_memory(target, source) or not (is_dense(target) and is_dense(source)):
            continue
        same_span = target.nbytes == source.nbytes and _start(target) == _start(source)
        if source.size and not (same_span and target.strides == source.strides):
            raise RuntimeError(OVERLAP.format("some elements of the input tensor and the written-to tensor refer"))


OVERLAP = (
    "unsupported operation: {} to a single memory location. Please clone() the tensor before performing the operation."
)


def _start(array: ndarray) -> int:
    return array.__array_interface__["data"][0]


def laid_out(result: ndarray, *operands: ndarray) -> ndarray:
    """``result`` with the strides torch would give it; a copy only where NumPy chose others."""
    if result.size == 0:
        return result
    strides = _result_strides(result, operands)
    if strides == result.strides:
        return result
    out = with_strides(result.shape, result.dtype, strides)
    out[...] = result
    return out


def with_strides(shape, dtype, strides) -> ndarray:
    """A new array of these strides in bytes, which must be dense."""
    count = 1
    for size in shape:
        count *= size
    return ndarray(shape, dtype, np.empty(count, dtype), 0, strides)


def _result_strides(result: ndarray, operands):
    shape, item = result.shape, result.itemsize
    if all(operand.shape == shape for operand in operands):
        if all(operand.flags.c_contiguous for operand in operands):
            return contiguous_strides(shape, item)
        first = operands[0].strides, operands[0].itemsize
        if is_dense(operands[0]) and all(_same_strides(operand, first) for operand in operands):
            return tuple([stride // first[1] * item for stride in first[0]])
    order = _memory_order(shape, [_broadcast_strides(operand, shape) for operand in operands])
    strides = [0] * len(shape)
    step = item
    for dim in order:
        strides[dim] = step
        step *= shape[dim]
    return tuple(strides)


def contiguous_strides(shape, item: int):
    """Row-major strides in bytes; a dimension of size 0 counts as 1."""
    strides = []
    for size in reversed(shape):
        strides.append(item)
        item *= max(size, 1)
    return tuple(reversed(strides))


# --- memory formats -----------------------------------------------------------------------------------------------


def new_in_format(shape, dtype, wanted) -> ndarray:
    """A new array, row-major if the format has no order. RuntimeError if it is one for other numbers of dimensions."""
    order = wanted._order
    if not order:
        return np.empty(shape, dtype)
    if len(order) != len(shape):
        raise RuntimeError(f"required rank {len(order)} tensor to use {wanted._name} format")
    return in_order(shape, dtype, order)


def in_format(array: ndarray, wanted) -> bool:
    """Whether an array that is not row-major fills its memory in the order of the format."""
    order = wanted._order
    if len(order) != array.ndim:
        return False
    expected = array.itemsize
    for dim in order:
        if array.shape[dim] != 1:
            if array.strides[dim] != expected:
                return False
            expected *= array.shape[dim]
    return True


def suggests(array: ndarray, wanted) -> bool:
    """Whether torch takes the array to be in this format; strides that fit none are taken for row-major ones."""
    return wanted._order == channels_order(array)


_ORDERS = {4: (1, 3, 2, 0), 5: (1, 4, 3, 2, 0)}


def channels_order(array: ndarray) -> tuple[int, ...]:
    """The order of the dimensions, from the fastest on, if torch finds that the channels are last, else none."""
    order = _ORDERS.get(array.ndim, ())
    least, strides, shape = 0, array.strides, array.shape
    for dim in order:
        if not shape[dim] or not strides[1] or strides[dim] < least or (dim == 0 and least == strides[1]):
            return ()
        least = strides[dim] * shape[dim]
    return order


def in_order(shape, dtype, order) -> ndarray:
    """A new array whose dimensions lie in memory in this order, from the fastest on."""
    strides, step = [0] * len(shape), np.dtype(dtype).itemsize
    for dim in order:
        strides[dim] = step
        step *= shape[dim]
    return with_strides(shape, dtype, strides)


def _same_strides(operand: ndarray, first) -> bool:
    strides, item = first
    return all(a * item == b * operand.itemsize for a, b in zip(operand.strides, strides, strict=True))


def _broadcast_strides(operand: ndarray, shape):
    extra = len(shape) - operand.ndim
    own = [
        0 if size == 1 and wanted != 1 else stride
        for size, wanted, stride in zip(operand.shape, shape[extra:], operand.strides, strict=True)
    ]
    return [0] * extra + own


def _memory_order(shape, all_strides):
    """The dimensions from fastest to slowest: an insertion sort that leaves alone what the strides do not decide."""
    order = list(range(len(shape)))[::-1]
    for i in range(1, len(order)):
        later = i
        for earlier in range(i - 1, -1, -1):
            verdict = _compare(shape, all_strides, order[earlier], order[later])
            if verdict > 0:
                order[earlier], order[later] = order[later], order[earlier]
                later = earlier
            elif verdict < 0:
                break
    return order


def _compare(shape, all_strides, a: int, b: int) -> int:
    for strides in all_strides:
        if strides[a] == 0 or strides[b] == 0:
            continue
        if strides[a] != strides[b]:
            return -1 if strides[a] < strides[b] else 1
        if shape[a] > shape[b]:
            return 1
    return 0
