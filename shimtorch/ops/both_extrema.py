"""``aminmax``: the smallest and the largest at once."""

from __future__ import annotations

import operator

import numpy as np

from .. import _errors
from .._tensor import wrap_dim
from ..autograd.jointly import joint_class, record_jointly
from ..autograd.mode import state
from ._define import publish
from .extrema import named_result
from .reductions import check, fresh


def _of_both(xp, grads, wanted, self, smallest, largest, sizes, dim, keepdim):
    parts = [
        _share(xp, grad, self, extremum, sizes, dim, keepdim)
        for grad, extremum in zip(grads, (smallest, largest), strict=True)
        if grad is not None
    ]
    return (parts[0] + parts[1] if len(parts) == 2 else parts[0],)


def _share(xp, grad, self, extremum, sizes, dim, keepdim):
    if dim is not None and not keepdim and sizes:
        grad, extremum = xp.unsqueeze(grad, dim), xp.unsqueeze(extremum, dim)
    mask = xp.equals(extremum, self)
    dims = tuple(range(len(sizes))) if dim is None else (dim % len(sizes),) if sizes else ()
    return xp.div(grad, xp.counted(mask, dims, grad)) * xp.as_factor(mask, grad)


_AminmaxBackward0 = joint_class(
    "AminmaxBackward0", ("min", "max"), _of_both, ("self", "min", "max"), ("sizes", "dim", "keepdim")
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
        record_jointly(_AminmaxBackward0, (input,), outs, (input, *(o._a for o in outs)), (a.shape, dim, keepdim))
    return _Aminmax(outs)


aminmax = publish("aminmax", "reduction", _aminmax, methods=("aminmax",), differentiable=("self",))
