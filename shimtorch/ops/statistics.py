"""Spread: std and var, alone and with the mean.

std and var are one computation, with or without a root, as torch has them.

``_variance`` follows torch's two kernels: one pass after the mean where everything is folded into one number, and
Welford's recurrence, in double precision, along each row otherwise.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _dtypes
from .._tensor import Tensor, wrap
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.jointly import joint_class, record_jointly
from ..autograd.mode import state
from ..autograd.nodes import extra_of
from ._define import F16, F32, F64, SCALARS, internal, publish, quietly, record
from ._summation import columns_of
from .reductions import _spread as _expanded
from .reductions import as_named, axes_of, check, mean_of, restored
from .shape import int_tuple

_FEW_DEGREES = (
    "{}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
    "divided by output numel). (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/ReduceOps.cpp:1861.)"
)
# Beyond so many steps of Welford's recurrence the sum of squared distances from the mean, which is as exact, is taken.
_STEPS = 4096


# --- the computation ----------------------------------------------------------------------------------------------


def _variance(a, axes, keepdim: bool, correction: float, root: bool):
    if a.dtype.kind == "c":
        parts = [_variance(part, axes, keepdim, correction, False) for part in (a.real, a.imag)]
        return np.sqrt(parts[0] + parts[1]) if root else parts[0] + parts[1]
    if axes is None and not keepdim and a.size and a.dtype is not F16:
        variance = _squares_of_all(a)[0] / F64.type(max(0.0, a.size - correction))
        return np.asarray(math.sqrt(variance) if root else variance, a.dtype)
    folded = tuple(range(a.ndim)) if axes is None else axes
    shape = tuple([1 if d in folded else size for d, size in enumerate(a.shape)])
    count = math.prod(a.shape[d] for d in folded)
    outputs = math.prod(shape)
    if not a.size:
        out = np.full(shape, np.nan, a.dtype)
    else:
        single = outputs == 1 and a.dtype is not F16
        squares = _squares_of_all(a) if single else _squares(a, folded, shape, count)
        freedom = max(0.0, count - correction)
        out = squares / squares.dtype.type(freedom)
        out = (np.sqrt(out) if root else out).astype(a.dtype).reshape(shape)
    return out if keepdim else out.reshape([size for d, size in enumerate(a.shape) if d not in folded])


def _squares_of_all(a):
    """The sum of squared distances from the mean, which is rounded to the dtype of ``a`` first; one by one."""
    mean = mean_of(a, None, False, a.size)
    distance = a.ravel(order="K").astype(F64) - F64.type(mean)
    return np.add.accumulate(distance * distance)[-1:]


def _squares(a, folded, shape, count: int):
    """The same along each row: in double precision, for float16 in single."""
    wide = F32 if a.dtype is F16 else F64
    rows = columns_of(a, folded, count)
    if count > _STEPS or (a.dtype is F32 and count > 8):  # a sum in double precision is rounded to the same float32
        rows = rows.astype(F64)
        distance = rows - np.add.reduce(rows, 0) / count
        return np.add.reduce(distance * distance, 0).astype(wide)
    mean = np.zeros(rows.shape[1], wide)
    squares = np.zeros(rows.shape[1], wide)
    for number, row in enumerate(rows, 1):
        delta = row.astype(wide) - mean
        mean = mean + delta / wide.type(number)
        squares = squares + delta * (row - mean)
    return squares


# --- derivatives --------------------------------------------------------------------------------------------------


def _of_variance(xp, grad, self, sizes, dims, correction, keepdim, given):
    if not sizes or dims is None:
        freedom = math.prod(sizes) - correction
        if freedom <= 0:
            return xp.mul(grad, xp.unbounded(self, grad))
        distance = self - xp.mean(self, None)  # torch computes factors from right to left
        return xp.mul_scalar(grad, 2.0 / freedom) * distance
    if not keepdim and len(sizes) > 1:
        grad = restored(xp, grad, sizes, as_named([d % len(sizes) for d in dims], given), keepdim)
    freedom = math.prod(sizes[d] for d in dims) - correction
    factor = 2.0 / freedom if freedom else math.inf
    distance = self - xp.mean(self, given)
    return xp.mul_scalar(grad, factor) * distance


def _of_deviation(xp, grad, self, sizes, dims, correction, keepdim, given, result):
    of_variance = xp.masked_zero(grad / xp.mul_scalar(result, 2), result == 0)
    return _of_variance(xp, of_variance, self, sizes, dims, correction, keepdim, given)


def _unbounded(a):
    """inf, or nan where an element is the mean, as 0 divided by 0 is: numbers that torch has in the default dtype."""
    unbounded = np.where(a == mean_of(a, None, False, a.size), np.nan, np.inf)
    return unbounded.astype(_dtypes._default._numpy)


internal(
    "unbounded",
    lambda a, grad: _unbounded(a).astype(grad.dtype),
    lambda t, grad: wrap(np.asarray(quietly(_unbounded, t._a))),
)
_FIXED = ("sizes", "dims", "correction", "keepdim", "given", "asked")
_VarBackward0 = node_class("VarBackward0", ("self",), {"self": _of_variance}, saved=("self",), fixed=_FIXED)
_StdBackward0 = node_class("StdBackward0", ("self",), {"self": _of_deviation}, saved=("self", "result"), fixed=_FIXED)


# --- std and var --------------------------------------------------------------------------------------------------

_UNSET = object()


def _arguments(dim, unbiased, correction):
    """dim and correction, whichever of torch's three signatures they came by."""
    if isinstance(dim, bool):  # var(unbiased)
        if unbiased is not _UNSET or correction is not _UNSET:
            raise TypeError("dim")
        dim, unbiased = None, dim
    if unbiased is not _UNSET:
        if not isinstance(unbiased, bool) or correction is not _UNSET:
            raise TypeError("unbiased")
        return dim, 1 if unbiased else 0
    if correction is _UNSET or correction is None:
        return dim, 1
    if isinstance(correction, Tensor) and correction._a.ndim == 0 and not correction._rg:
        correction = correction.item()
    if not isinstance(correction, SCALARS):
        raise TypeError("correction")
    return dim, correction


def _real(correction) -> float:
    if isinstance(correction, (complex, np.complexfloating)):
        if correction.imag:
            raise RuntimeError("value cannot be converted to type double without overflow")
        correction = correction.real
    return float(correction)


def _resolved(name: str, input, dim, unbiased, keepdim, correction):
    """The arguments in one form: whether a correction was asked for, axes, keepdim, correction, dims and as given."""
    unasked = correction is None or dim is unbiased is correction
    if dim is _UNSET:
        if keepdim is not _UNSET and unbiased is not _UNSET:
            raise TypeError("unbiased")
        dim = None
    elif isinstance(dim, bool) and keepdim is not _UNSET:
        raise TypeError("dim")
    keepdim = False if keepdim is _UNSET else keepdim
    check(keepdim)
    dim, correction = _arguments(dim, unbiased, correction)
    a = input._a
    if a.dtype.kind not in "fc":
        if dim is not None:
            int_tuple(dim if isinstance(dim, (tuple, list)) else (dim,))
        kinds = "std and var" if name in ("std", "var") else name
        raise RuntimeError(f"{kinds} only support floating point and complex dtypes")
    asked, correction = None if unasked else correction, _real(correction)
    axes = None if dim is None else axes_of(dim, a.ndim, True)
    if axes is None:
        count = a.size
    else:
        outputs = math.prod([size for d, size in enumerate(a.shape) if d not in axes])
        count = a.size // outputs if outputs else 0
    if count <= correction:
        bool(state.enabled and input._rg and input._node)  # an origin that cannot be made is refused first
        warn(_FEW_DEGREES.format(name))
    dims = None if dim is None else axes or ()
    given = tuple(dim) if type(dim) is list else dim
    return axes, (a.shape, dims, correction, keepdim, given, asked)


def _spread(name: str, root: bool, cls, says: str):
    def forward(input, dim=_UNSET, unbiased=_UNSET, keepdim=_UNSET, *, correction=_UNSET):
        a = input._a
        axes, fixed = _resolved(name, input, dim, unbiased, keepdim, correction)
        _, dims, correction, keepdim, *_ = fixed
        out = wrap(np.asarray(quietly(_variance, a, axes, keepdim, correction, root)))
        if input._rg and state.enabled:
            record(out, cls, (input,), (input, out._a) if root else (input,), fixed)
            if a.size <= correction and (dims is None or not a.ndim):
                extra_of(out._node).operands = ((a.shape, a.dtype),)
        return out

    forward.__doc__ = (
        f"{says} of all elements, or over the dims in ``dim``, which stay as size 1 if ``keepdim``.\n\n"
        "    The squares are divided by their number less ``correction`` (1; 0 if not ``unbiased``), with a warning\n"
        "    if that is none. Real for complex numbers; RuntimeError for integers and bools. "
        f"(``torch.{name}``)\n    "
    )
    return publish(name, "reduction", forward, methods=(name,), differentiable=("self",))


std = _spread("std", True, _StdBackward0, "The standard deviation")
var = _spread("var", False, _VarBackward0, "The variance")


# --- with the mean ------------------------------------------------------------------------------------------------


def _of_both(of_spread):
    def formula(xp, grads, wanted, self, *kept):
        result, fixed = kept[: len(kept) - 6], kept[-6:]
        sizes, dims, correction, keepdim, given, _ = fixed
        of_first, of_mean = grads
        total = None
        if of_first is not None:
            total = of_spread(xp, of_first, self, sizes, dims, correction, keepdim, given, *result)
        if of_mean is not None:
            part = _expanded(xp, of_mean, sizes, dims or (), keepdim, given)
            part = xp.div_scalar(part, math.prod(sizes) if not dims else math.prod(sizes[d] for d in dims))
            total = part if total is None else total + part
        return (total,)

    return formula


def _with_mean(name: str, root: bool, says: str):
    title = "StdMean" if root else "VarMean"
    cls = joint_class(
        f"{title}Backward0", ("result0", "result1"), _of_both(_of_deviation if root else _of_variance),
        ("self", "result0") if root else ("self",), _FIXED,
    )  # fmt: skip

    def forward(input, dim=_UNSET, unbiased=_UNSET, keepdim=_UNSET, *, correction=_UNSET):
        a = input._a
        axes, fixed = _resolved(name, input, dim, unbiased, keepdim, correction)
        _, dims, correction, keepdim, *_ = fixed
        spread = wrap(np.asarray(quietly(_variance, a, axes, keepdim, correction, root)))
        count = a.size if axes is None else math.prod(a.shape[d] for d in axes)
        mean = wrap(np.asarray(quietly(mean_of, a, axes, keepdim, count)))
        if input._rg and state.enabled:
            record_jointly(cls, (input,), (spread, mean), (input, spread._a) if root else (input,), fixed)
            if a.size <= correction and (dims is None or not a.ndim):
                extra_of(spread._node.edges[0]).operands = ((a.shape, a.dtype),)
        return spread, mean

    forward.__doc__ = (
        f"{says} and the mean, with the arguments of ``{name[:3]}``, as a tuple.\n\n"
        f"    RuntimeError for integers and bools. (``torch.{name}``)\n    "
    )
    return publish(name, "reduction", forward, differentiable=("self",))


std_mean = _with_mean("std_mean", True, "The standard deviation")
var_mean = _with_mean("var_mean", False, "The variance")
