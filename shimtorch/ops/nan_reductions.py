"""Reductions that take no notice of nan: nansum, nanmean."""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._tensor import scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import ZERO, internal, publish, quietly, record
from ._summation import add_up
from .pointwise import div
from .reductions import _spread, axes_of, check, converted, fresh, restore_dtype


def _of_sum(xp, grad, self, sizes, dims, keepdim, given, kind):
    return xp.mul(
        _spread(xp, xp.as_kind(grad, kind), sizes, dims, keepdim, given),
        xp.numbers_of(self, grad),
    )


internal(
    "numbers_of",
    lambda a, grad: (a == a).astype(a.dtype),
    lambda t, grad: wrap(np.asarray(t._a == t._a)),
)
_NansumBackward0 = node_class(
    "NansumBackward0", ("self",), {"self": _of_sum}, saved=("self",),
    fixed=("sizes", "dims", "keepdim", "given", "kind"),
)  # fmt: skip


def _nansum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum of the elements that are not nan, of all or over ``dim``, which stays as size 1 if ``keepdim``.

    Integers and bools are summed as int64, unless ``dtype`` says otherwise. RuntimeError for complex numbers.
    (``torch.nansum``)
    """
    check(keepdim, dtype)
    source = input._a
    if source.dtype.kind == "c":
        raise RuntimeError("nansum on CPU does not support complex inputs")
    axes = None if dim is None else axes_of(dim, source.ndim)
    if dtype is not None and source.dtype.kind == "f" and dtype._numpy.kind == "c" and source.size:
        raise _errors.not_implemented("nansum_cpu", dtype)
    a = converted(input, dtype)
    if a.dtype.kind == "f":
        a = np.where(a == a, a, ZERO[a.dtype])
    out = fresh(quietly(add_up, a, axes, keepdim))
    if input._rg and state.enabled and a.dtype.kind in "fc":
        given = tuple(dim) if type(dim) is list else dim
        record(out, _NansumBackward0, (input,), (input,), (source.shape, axes or (), keepdim, given, source.dtype))
        restore_dtype(out, input, a.dtype)
    return out


def _nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean of the elements that are not nan, of all or over ``dim``, which stays as size 1 if ``keepdim``.

    nan where there are none. RuntimeError for integers, bools and complex numbers. (``torch.nanmean``)
    """
    check(keepdim, dtype)
    a = input._a
    if a.dtype.kind not in "fc":
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {scalar_type_name(input)}"
        )
    if dtype is not None and dtype.category < 2:
        raise RuntimeError(
            "nanmean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_type_name(dtype)}"
        )
    total = _nansum(input, dim, keepdim, dtype=dtype)
    axes = None if dim is None else axes_of(dim, a.ndim)
    return div(total, fresh(np.asarray(np.add.reduce(a == a, axes, np.int64, keepdims=keepdim))))


nansum = publish("nansum", "reduction", _nansum, methods=("nansum",), differentiable=("self",))
nanmean = publish("nanmean", "reduction", _nanmean, methods=("nanmean",), differentiable=("self",))
