"""Sums as exact as torch's: NumPy adds pairwise only along memory, and one by one across it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._define import F16, F32

_add: Any = np.add.reduce
_or: Any = np.logical_or.reduce

# Up to so many terms, adding one by one stays within torch's own error.
_FEW = 64


def add_up(a, axes, keepdim: bool):
    """The sum over ``axes`` (None: all) in the array's own dtype; float16 in single precision, bools by "or"."""
    kind = a.dtype
    if kind is F16:
        return add_up(a.astype(F32), axes, keepdim).astype(F16)
    if kind.kind == "b":
        return _or(a, axis=axes, keepdims=keepdim)
    if kind.kind in "iu":  # which NumPy would widen
        return _add(a, axis=axes, keepdims=keepdim, dtype=kind)
    if a.size > _FEW and not (a.flags.c_contiguous and (axes is None or axes == (a.ndim - 1,))):
        return _along_memory(a, axes, keepdim)
    return _add(a, axis=axes, keepdims=True) if keepdim else _add(a, axes)


def _along_memory(a, axes, keepdim: bool):
    folded = tuple(range(a.ndim)) if axes is None else axes
    kept = [d for d in range(a.ndim) if d not in folded]
    count = math.prod(a.shape[d] for d in folded)
    if count <= _FEW:
        return _add(a, axis=axes, keepdims=keepdim)
    rows = np.ascontiguousarray(a.transpose(*kept, *folded)).reshape(*(a.shape[d] for d in kept), count)
    total = _add(rows, -1)
    return np.expand_dims(total, folded) if keepdim else total
