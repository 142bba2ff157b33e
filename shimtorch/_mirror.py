"""Memory that holds the complex conjugates of other memory, and is kept in step with it.

To torch a conjugate is a view with a flag, resolved whenever it is read. NumPy has no such arrays, so here its numbers
are in memory of their own, a ``Mirror``, to which all writes into the one are carried over from the other. Who computes
with a conjugate need not know; that it is one shows in its tensor's ``_root``, which is the ``Mirror``.
"""

from __future__ import annotations

import weakref

import numpy as np
from numpy import ndarray
from numpy.lib.stride_tricks import as_strided


class Mirror(ndarray):
    """The conjugates of the elements of ``memory``, both one-dimensional; ``root`` belongs to views of ``memory``."""

    memory: ndarray
    root: ndarray | None


def reflected(array: ndarray, root: ndarray | None, mirrors: list) -> tuple[ndarray, Mirror]:
    """The conjugate of ``array``, and the ``Mirror`` it is in: one of ``mirrors`` (weak references) or a new one."""
    for ref in mirrors:
        mirror = ref()
        if mirror is None or mirror.dtype != array.dtype:
            continue
        distance = _start(array) - _start(mirror.memory)
        if 0 <= distance <= mirror.nbytes - _extent(array) and distance % array.itemsize == 0:
            return _moved(array, mirror.memory, mirror), mirror
    memory = as_strided(array, (_extent(array) // array.itemsize,), (array.itemsize,))
    mirror = np.conjugate(memory).view(Mirror)
    mirror.memory, mirror.root = memory, root
    mirrors[:] = [ref for ref in mirrors if ref() is not None] + [weakref.ref(mirror)]
    return _moved(array, memory, mirror), mirror


def behind(array: ndarray, mirror: Mirror) -> ndarray:
    """What ``array``, which lies in ``mirror``, is the conjugate of."""
    return _moved(array, mirror, mirror.memory)


def reflect(written: ndarray | None, mirrors: list) -> None:
    """Carry a write over to where it shows too; ``written``: the root of the tensor that was written into."""
    if type(written) is Mirror:
        np.conjugate(written, written.memory)
    for ref in mirrors:
        mirror = ref()
        if mirror is not None and mirror is not written:
            np.conjugate(mirror.memory, mirror)


def _moved(array: ndarray, source: ndarray, target: ndarray) -> ndarray:
    """The place in ``target`` that ``array`` has in ``source``."""
    start = _start(array) - _start(source) if array.size else 0
    return ndarray(array.shape, array.dtype, target, start, array.strides)


def _start(array: ndarray) -> int:
    return array.__array_interface__["data"][0]


def _extent(array: ndarray) -> int:
    """How many bytes from the first element to the end of the last."""
    if not array.size:
        return 0
    reach = sum([(size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)])
    return reach + array.itemsize
