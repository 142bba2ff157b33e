"""``repeat_interleave``: each element, or slice, several times in a row."""

from __future__ import annotations

import operator

import numpy as np

from .. import _errors
from .._device import contiguous_format
from .._tensor import Tensor, wrap, wrap_dim
from ._define import _guarded, publish
from .gathering import _index_select


def _places(repeats, output_size):
    """Each place as often as ``repeats``, a vector of int32 or int64, says."""
    counts = repeats._a
    if counts.dtype.char not in "ilq":
        raise _errors.not_implemented("repeat_interleave_cpu", repeats)
    if counts.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    if output_size is not None and counts.size and output_size != counts.sum():
        raise RuntimeError("allocated size does not match required size")
    return wrap(np.repeat(np.arange(counts.size, dtype=counts.dtype), counts))


def _same_for_all(input, repeats: int, dim, output_size):
    """Along a new dimension after ``dim``, which is then merged with it."""
    source = input.flatten() if dim is None else input
    dim = wrap_dim(dim or 0, source._a.ndim)
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    if not source._a.ndim:
        wrap_dim(1, 0)  # where the new one would be
    sizes = list(source._a.shape)
    if output_size is not None and output_size != sizes[dim] * repeats:
        raise RuntimeError(
            f"repeat_interleave: Invalid output_size, expected {sizes[dim] * repeats} but got {output_size}"
        )
    spread = source.unsqueeze(dim + 1).expand(*sizes[: dim + 1], repeats, *sizes[dim + 1 :])
    sizes[dim] *= repeats
    return spread.clone(memory_format=contiguous_format).view(sizes)


def _repeat_interleave(*values, **named):
    """Each element ``repeats`` times, or each slice along ``dim``: a number for all, or a vector with one for each.

    Of ``repeats`` alone, a vector, the places 0, 1, … as often as it says. RuntimeError for negative numbers and
    vectors of another size. (``torch.repeat_interleave``)
    """
    if len(values) + ("repeats" in named) != 1 or named.keys() - {"repeats", "output_size"}:
        return _repeated(*values, **named)
    size = named.get("output_size")
    return _places(*values, *[named[name] for name in named if name == "repeats"], size and operator.index(size))


def _repeated(input, repeats, dim=None, *, output_size=None):
    size = None if output_size is None else operator.index(output_size)
    if isinstance(repeats, bool) or isinstance(dim, bool):
        raise TypeError("repeats")
    dim = None if dim is None else operator.index(dim)
    if not isinstance(repeats, Tensor):
        return _same_for_all(input, operator.index(repeats), dim, size)
    source = input.flatten() if dim is None else input
    if dim is not None and not source._a.ndim and repeats._a.ndim < 2:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    along, given = wrap_dim(dim or 0, source._a.ndim), dim or 0
    count = source._a.shape[along] if source._a.ndim else 1
    counts = repeats
    if repeats._a.ndim == 0 or (repeats._a.ndim == 1 and repeats._a.size == 1):
        counts = wrap(np.broadcast_to(repeats._a.reshape(1), (count,)))
    elif repeats._a.ndim != 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    elif repeats._a.size != count:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats._a.size} and input.size({along}) = {count}"
        )
    return _index_select(source, given, _places(counts, size))


repeat_interleave = publish(
    "repeat_interleave", "rows", _repeat_interleave, methods=("repeat_interleave",), differentiable=("self",)
)  # fmt: skip
Tensor.repeat_interleave = _guarded(_repeated, "repeat_interleave", "rows", method=True)
