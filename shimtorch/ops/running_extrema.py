"""The largest and the smallest so far: cummax, cummin. nan wins; of equals the last one counts."""

from __future__ import annotations

import math
import operator

import numpy as np

from .. import _errors
from .._tensor import wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import publish, record
from .extrema import named_result


def _running(a, dim: int, ufunc):
    """Values and places: where an element is taken, its own place, and what came before where it is not."""
    best = ufunc.accumulate(a, dim, a.dtype)
    taken = (a == best) | (a != a)
    steps = np.arange(a.shape[dim]).reshape([-1 if d == dim else 1 for d in range(a.ndim)])
    places = np.maximum.accumulate(np.where(taken, steps, 0), dim)
    return np.take_along_axis(a, places, dim), places


def _of_taken(xp, grad, self, sizes, dim, indices):
    return xp.scatter_added(grad, sizes, dim, indices) if math.prod(sizes) else self


def _of_running(name: str, ufunc, kind: str):
    cls = node_class(
        f"{name.capitalize()}Backward0", ("self",), saved=("self", "indices"), fixed=("sizes", "dim"),
        derivatives={"self": _of_taken},
    )  # fmt: skip
    result_type = named_result(name)

    def forward(input, dim):
        if isinstance(dim, bool):
            raise TypeError("dim")
        a, given = input._a, operator.index(dim)
        if not a.ndim and given not in (-1, 0):
            raise IndexError(f"{name}(): Expected reduction dim -1 or 0 for scalar but got {given}")
        if not a.ndim or not a.size:
            values, places = np.array(a, order="C"), np.zeros(a.shape, np.int64)
        elif a.dtype.kind == "c":
            raise _errors.not_implemented(f"{name}_cpu", input)
        else:
            values, places = (np.ascontiguousarray(part) for part in _running(a, wrap_dim(given, a.ndim), ufunc))
        out, places = wrap(values), wrap(places)
        if input._rg and state.enabled:
            record(out, cls, (input,), (input, places), (a.shape, given))
        return result_type((out, places))

    forward.__doc__ = (
        f"The {kind} of the elements so far along ``dim``, and where it last was: (values, indices).\n\n"
        f"    nan wins. Of the shape of ``input``, indices as int64. (``torch.{name}``)\n    "
    )
    return publish(name, "scan", forward, methods=(name,), differentiable=("self",))


cummax = _of_running("cummax", np.maximum, "largest")
cummin = _of_running("cummin", np.minimum, "smallest")
