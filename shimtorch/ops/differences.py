"""``diff``: differences of neighbours."""

from __future__ import annotations

import operator

import numpy as np

from .. import _dtypes
from .._tensor import Tensor, wrap, wrap_dim
from ._define import publish
from .logic import logical_xor
from .pieces import cat
from .pointwise import sub


def _fits(input, other, dim: int) -> None:
    own, shape = input._a.shape, other._a.shape
    if len(own) != len(shape):
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for d, (mine, size) in enumerate(zip(own, shape, strict=True)):
        if mine != size and d != dim:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input except along the "
                f"differencing dimension; input.size({d}) = {mine}, but got tensor.size({d}) = {size}"
            )


def _diff(input, n=1, dim=-1, prepend=None, append=None):
    """The differences of neighbours along ``dim``, taken ``n`` times, after ``prepend`` and ``append`` are added to it.

    "Exclusive or" for bools. RuntimeError for a number without dimensions, other shapes and negative ``n``.
    (``torch.diff``)
    """
    if isinstance(n, bool) or isinstance(dim, bool):
        raise TypeError("n")
    for other in (prepend, append):
        if not isinstance(other, (Tensor, type(None))):
            raise TypeError("prepend")
    n, given = operator.index(n), operator.index(dim)
    ndim = input._a.ndim
    if not ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    dim = wrap_dim(given, ndim) if n or prepend is not None or append is not None else 0
    for other in (prepend, append):
        if other is not None:
            _fits(input, other, dim)
    if n == 0:
        return wrap(np.zeros(input._a.shape, input._a.dtype)).copy_(input)
    parts = [part for part in (prepend, input, append) if part is not None]
    result = cat(parts, given) if len(parts) > 1 else input
    for _ in range(min(n, result._a.shape[dim])):
        count = result._a.shape[dim] - 1
        earlier, later = result.narrow(given, 0, count), result.narrow(given, 1, count)
        result = logical_xor(later, earlier) if result.dtype is _dtypes.bool_ else sub(later, earlier)
    return result


diff = publish("diff", "pieces", _diff, methods=("diff",), differentiable=("self", "prepend", "append"))
