"""``aminmax``: the smallest and the largest at once."""

from __future__ import annotations

import operator

import numpy as np

from .. import _errors
from .._tensor import wrap_dim
from ..autograd.jointly import joint_class, record_jointly
from ..autograd.mode import state
from ._define import publish
from .extrema import _shared, _with_ones, named_result
from .reductions import check, fresh


def _of_both(xp, grads, wanted, self, smallest, largest, shape, dims, dim, keepdim):
    parts = [
        _shared(xp, grad, self, shape, dims, extremum)
        for grad, extremum in zip(grads, (smallest, largest), strict=True)
        if grad is not None
    ]
    total = parts[0] + parts[1] if len(parts) == 2 else parts[0]
    return (total if self.shape or not total.shape else xp.sum(total),)


_AminmaxBackward0 = joint_class(
    "AminmaxBackward0", ("min", "max"), _of_both, ("self", "min", "max"), ("shape", "dims", "dim", "keepdim")
)
_Aminmax = named_result("aminmax", ("min", "max"))


def _aminmax(input, *, dim=None, keepdim=False):
    """The smallest and the largest element, of all or along ``dim``, as (min, max); nan wins.

    Errors for no elements and for complex numbers. (``torch.aminmax``)
    """
    check(keepdim)
    a = input._a
    axis = None
    if dim is not None:
        if isinstance(dim, bool):
            raise TypeError("dim")
        axis = wrap_dim(operator.index(dim), a.ndim)
        if a.ndim and not a.shape[axis]:
            raise IndexError(f"aminmax: Expected reduction dim {axis} to have non-zero size.")
    elif not a.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if a.dtype.kind == "c":
        raise _errors.not_implemented("aminmax_cpu", input)
    axis = axis if a.ndim else None
    outs = tuple([fresh(np.asarray(ufunc.reduce(a, axis, keepdims=keepdim))) for ufunc in (np.minimum, np.maximum)])
    if input._rg and state.enabled:
        dims = () if axis is None else (axis,)
        shape = None if keepdim else _with_ones(a.shape, tuple(range(a.ndim)) if dim is None else dims or (0,))
        record_jointly(
            _AminmaxBackward0, (input,), outs, (input, *(out._a for out in outs)), (shape, dims, dim, keepdim)
        )
    return _Aminmax(outs)


aminmax = publish("aminmax", "reduction", _aminmax, methods=("aminmax",), differentiable=("self",))
