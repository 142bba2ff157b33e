"""``softmax`` and ``log_softmax`` along one dimension. Their results are contiguous, whatever the input.

A further one is a pair of computations on arrays, forward and backward, and a ``_normalised`` row.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import _dtypes, _errors
from .._tensor import wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import F16, F32, F64, ONE, internal, publish, quietly, record
from ._summation import add_up
from .reductions import _sum
from .shape import _to

_largest: Any = np.maximum.reduce
_LANES = 16  # float32 numbers that torch adds at a time along the last dimension


def _added(e, dim: int):
    """The sums along ``dim``, which stays, in the order of torch's kernel."""
    count = e.shape[dim]
    if dim != e.ndim - 1 or e.dtype is not F32:
        return np.add.reduce(e, dim, keepdims=True)
    if count < _LANES:
        return np.add.accumulate(e, dim)[..., -1:]
    lanes, whole = e[..., :_LANES].copy(), count - count % _LANES
    for start in range(_LANES, whole, _LANES):
        lanes += e[..., start : start + _LANES]
    lanes[..., : count - whole] += e[..., whole:]
    half = _LANES // 2
    while half:
        lanes = lanes[..., :half] + lanes[..., half : 2 * half]
        half //= 2
    return lanes


def _exponentials(a, dim: int):
    """``a`` less its maxima along ``dim``, the exponentials of that, and their sums."""
    shifted = a - _largest(a, dim, None, None, True)
    e = np.exp(shifted) if a.dtype is F64 else np.exp(shifted.astype(F64)).astype(F32)
    return shifted, e, _added(e, dim)


def _softmax(a, dim: int, half: bool = False):
    _, e, total = _exponentials(a, dim)
    if dim == a.ndim - 1:
        return np.multiply(e, ONE[e.dtype] / total, e)
    return np.divide(e, total, e)


def _log_softmax(a, dim: int, half: bool = False):
    shifted, _, total = _exponentials(a, dim)
    half = half and dim == a.ndim - 1  # where torch keeps the sums and their logarithms in float16
    if half:
        total = total.astype(F16)
    log = np.log(total) if a.dtype is F64 else np.log(total.astype(F64)).astype(F32)
    return np.subtract(shifted, log.astype(F16) if half else log, shifted)


def _in_single(compute):
    """``compute`` in float32 for float16, contiguous, and over one dimension at least."""

    def computed(a, dim):
        if a.dtype is F32 and a.ndim and a.size and a.flags.c_contiguous:
            return compute(a, dim)
        if not a.size:
            return np.empty(a.shape, a.dtype)
        half = a.dtype is F16
        wide = np.ascontiguousarray(a, F32 if half else a.dtype)  # which has a dimension at least
        r = compute(wide, dim % wide.ndim, half) if half else compute(wide, dim % wide.ndim)
        return r.reshape(a.shape).astype(a.dtype, copy=False)

    return computed


# --- backward -----------------------------------------------------------------------------------------------------


def _softmax_backward(grad, output, dim: int):
    if output.dtype is F32 and dim < output.ndim - 1 and grad.shape[dim]:
        total = _fused_sum(grad, output, dim)
    else:
        total = _added(grad * output, dim)
    return np.asarray(output * (grad - total))


def _fused_sum(grad, output, dim: int):
    """The sum of the products, each product and addition rounded once, as by torch's kernel."""
    wide = np.moveaxis(grad.astype(F64) * output, dim, 0)
    total = wide[0].astype(F32)
    for products in wide[1:]:
        total = (products + total).astype(F32)
    return np.expand_dims(total, dim)


def _log_softmax_backward(grad, output, dim: int):
    total = _added(grad, dim)
    if output.dtype is F64:
        return grad - np.exp(output) * total
    e = np.exp(output.astype(F64)).astype(F32)
    return (grad - e.astype(F64) * total).astype(F32)


def _backward_of(compute):
    def computed(grad, output, dim):
        if not output.size:
            return np.empty(output.shape, output.dtype)
        kind = F32 if output.dtype is F16 else output.dtype
        grad, out = np.ascontiguousarray(grad, kind), np.ascontiguousarray(output, kind)
        return compute(grad, out, dim % out.ndim).reshape(output.shape).astype(output.dtype, copy=False)

    return computed


def _named_backward(name: str, compute, grad_fn: str, derivatives) -> None:
    """Publish a backward as ``xp.name(grad, output, dim)``, a node of its own on tensors."""
    saved = ("grad_output", "output")
    cls = node_class(grad_fn, saved, derivatives, saved=saved, fixed=("dim",))

    def on_tensors(grad, output, dim):
        out = wrap(quietly(compute, grad._a, output._a, dim))
        if state.enabled and (grad._rg or output._rg):
            record(out, cls, (grad, output), (grad, output), (dim,))
        return out

    internal(name, compute, on_tensors)


internal(
    "sum_along", lambda a, dim: add_up(a, (dim % a.ndim,), True) if a.ndim else a, lambda t, dim: _sum(t, dim, True)
)


def _softmax_curvature(xp, grad, grad_output, output, dim):
    last = grad_output * xp.sum_along(output * grad, dim)  # torch computes the terms from right to left
    middle = xp.sum_along(output * grad_output, dim) * grad
    return grad_output * grad - middle - last


def _log_softmax_curvature(xp, grad, grad_output, output, dim):
    e = xp.exp(output)
    return -xp.sum_along(grad_output, dim) * e * grad


_named_backward(
    "softmax_backward", _backward_of(_softmax_backward), "SoftmaxBackwardDataBackward0",
    {
        "grad_output": lambda xp, grad, output, dim: xp.softmax_backward(grad, output, dim),
        "output": _softmax_curvature,
    },
)  # fmt: skip
_named_backward(
    "log_softmax_backward", _backward_of(_log_softmax_backward), "LogSoftmaxBackwardDataBackward0",
    {
        "grad_output": lambda xp, grad, output, dim: grad - xp.sum_along(grad * xp.exp(output), dim),
        "output": _log_softmax_curvature,
    },
)  # fmt: skip


# --- the operators ------------------------------------------------------------------------------------------------


def _normalised(name: str, compute, grad_fn: str, backward: str, says: str):
    cls = node_class(
        grad_fn, ("self",), saved=("result",), fixed=("dim",),
        derivatives={"self": lambda xp, grad, result, dim: getattr(xp, backward)(grad, result, dim)},
    )  # fmt: skip
    compute = _in_single(compute)

    def forward(input, dim, dtype=None):
        if type(dim) is not int:
            dim = operator.index(None if isinstance(dim, bool) else dim)
        if dtype is not None:
            if not isinstance(dtype, _dtypes.dtype):
                raise TypeError("dtype")
            input = _to(input, dtype)
        a = input._a
        given, dim = dim, wrap_dim(dim, a.ndim)
        if a.dtype.kind != "f" and a.size:
            last = "_lastdim" if dim >= a.ndim - 1 else ""
            raise _errors.not_implemented(f"{name}{last}_kernel_impl", input)
        out = wrap(quietly(compute, a, dim))
        if input._rg and state.enabled:
            if a.dtype.kind == "c":
                what = f"_{name} does not support automatic differentiation for outputs"
                raise RuntimeError(f"{what} with complex dtype.")
            record(out, cls, (input,), (out._a,), (given,))
        return out

    forward.__doc__ = (
        f"{says}\n\n    ``input`` is converted to ``dtype`` first, if given. NotImplementedError for dtypes that are "
        f"not floating-point.\n    (``torch.{name}``)\n    "
    )
    return publish(name, "softmax", forward, methods=(name,), differentiable=("self",))


softmax = _normalised(
    "softmax", _softmax, "SoftmaxBackward0", "softmax_backward",
    "``exp(input)`` divided by its sums along ``dim``: positive numbers that add up to 1.",
)  # fmt: skip
log_softmax = _normalised(
    "log_softmax", _log_softmax, "LogSoftmaxBackward0", "log_softmax_backward",
    "The logarithm of ``softmax(input, dim)``, computed without overflow.",
)  # fmt: skip
