"""Views by shape and strides: ``as_strided``.

To add one: compute the new array on the storage and hand it to ``view_of`` with a node class.
"""

from __future__ import annotations

import math

import numpy as np
from numpy import ndarray

from .._mirror import Mirror
from .._tensor import address, root_of
from ..autograd.namespaces import TENSORS
from ..autograd.rebasing import AsStridedBackward0, geometry, offset
from ._define import publish
from .shape import _index, int_tuple, view_of


def _as_strided(input, size, stride, storage_offset=None):
    """A view of the tensor's storage with this shape, these strides and, in elements, this offset (default: its own).

    RuntimeError where that would reach beyond the storage. (``torch.as_strided``)
    """
    for name, sizes in (("size", size), ("stride", stride)):
        if not isinstance(sizes, (tuple, list)):
            raise TypeError(name)
    shape, steps = int_tuple((size,)), int_tuple((stride,))
    a, root = input._a, root_of(input)
    root = a if root is None else root
    start = (address(a) - address(root)) // a.itemsize if storage_offset is None else _index(storage_offset)
    if storage_offset is not None and type(root) is Mirror and root.root is not None:
        start -= (address(root.memory) - address(root.root)) // a.itemsize
    if len(shape) != len(steps):
        raise RuntimeError("mismatch in length of strides and shape")
    if min(steps, default=0) < 0:
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(steps)}")
    if start < 0:
        raise RuntimeError("Tensor: invalid storage offset " + str(start))
    needed = _required(shape, steps, start, a.itemsize)
    have = _extent(root)
    if needed * a.itemsize > have:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(steps)}, storage offset {start}, and itemsize "
            f"{a.itemsize} requiring a storage size of {needed * a.itemsize} are out of bounds for storage of size "
            f"{have}"
        )
    array = on_storage(root, a.dtype, shape, steps, start)
    out = view_of(input, array, AsStridedBackward0)
    if out._node is not None:
        given = None if storage_offset is None else start
        out._node.fixed = (geometry(input), geometry(out), offset(input, out), (steps, given))
    return out


def _required(shape, steps, start: int, itemsize: int) -> int:
    """How many elements a storage must have; sizes count without sign, as in torch, so that negative ones overflow."""
    reach = sum([s * ((n - 1) % 2**64) for n, s in zip(shape, steps, strict=True)]) + 1 + start if 0 not in shape else 0
    if reach * itemsize >= 2**64:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)} and strides={list(steps)}")
    if math.prod([n % 2**64 for n in shape]) >= 2**63:
        raise RuntimeError("numel: integer multiplication overflow")
    return reach


def _extent(root: ndarray) -> int:
    """The bytes from the first element of an array to the end of the last in memory."""
    if not root.size:
        return 0
    return sum([(n - 1) * s for n, s in zip(root.shape, root.strides, strict=True)]) + root.itemsize


def on_storage(root: ndarray, dtype, shape, steps, start: int) -> ndarray:
    """An array of this geometry, in elements, on the storage that begins where ``root`` does."""
    size = dtype.itemsize
    flat = np.lib.stride_tricks.as_strided(root, (_extent(root) // root.itemsize,), (root.itemsize,))
    return ndarray(shape, dtype, flat, start * size if flat.size else 0, tuple([step * size for step in steps]))


as_strided = publish("as_strided", "shape", _as_strided, methods=("as_strided",), differentiable=("self",))
TENSORS.as_strided = _as_strided
