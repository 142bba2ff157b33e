"""Reductions: operators that fold dimensions away. Here sum, mean, prod, all, any, and what compares whole tensors.

To add one: a forward over (input, dim, keepdim), a node class that restores the folded dimensions, a publish row.
Largest and smallest are in ``extrema``, std and var in ``statistics``, norm in ``norms``, running sums in ``scans``.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy import asarray, ndarray

from .. import _dtypes, _errors
from .._floating import QUIET, reset_floating, set_floating
from .._tensor import Tensor, scalar_type_name, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import TENSORS
from ..autograd.nodes import extra_of, next_sequence
from ._define import F16, F32, F64, internal, new, publish, quietly, record
from ._summation import add_all, add_up, columns_of, in_memory_order, one_by_one
from .shape import cast_array, int_tuple, to_dtype, unique_dims, warn_of_complex

_UNSET = "unset"  # torch tells a dim left out from None in the graph


def axes_of(dim, ndim: int, one_by_one: bool = False):
    """The dims to fold, counted from the front; None for all.

    ``one_by_one``: a dim that is named twice is refused before torch looks at the dims after it.
    """
    if type(dim) is int and 0 <= dim < ndim:
        return (dim,)
    if isinstance(dim, (tuple, list)):
        dims = int_tuple((dim,))
        axes = unique_dims(dims if one_by_one else [wrap_dim(d, ndim) for d in dims], ndim)
        return axes if axes and ndim else None
    if isinstance(dim, bool):
        raise TypeError("dim")
    dim = wrap_dim(operator.index(dim), ndim)
    return (dim,) if ndim else None


def fresh(r) -> Tensor:
    """A reduction's result as a tensor, which torch lays out row by row whatever the input's layout."""
    if type(r) is not ndarray:
        r = asarray(r)
    elif not r.flags.c_contiguous:
        r = np.ascontiguousarray(r)
    return wrap(r)


def restored(xp, grad, sizes, dims, keepdim):
    """A reduction's gradient with the dimensions it folded as dimensions of size 1."""
    if not keepdim and sizes:
        for d in sorted(dims):
            grad = xp.unsqueeze(grad, d)
    return grad


def as_named(dims, given):
    """A single dim as the caller named it, which is how torch brings it back; several as they are."""
    return dims if len(dims) != 1 else given if type(given) is tuple else (given,)


def _spread(xp, grad, sizes, dims, keepdim, given):
    return xp.expand(restored(xp, grad, sizes, as_named(dims, given), keepdim), sizes)


def check(keepdim, dtype=None) -> None:
    """TypeError, which the guard around named functions words, for what is no keepdim or no dtype."""
    if keepdim is not False and keepdim is not True:
        raise TypeError("keepdim")
    if dtype is not None and not isinstance(dtype, _dtypes.dtype):
        raise TypeError("dtype")


def converted(input, dtype):
    """The array in which a reduction computes: in ``dtype`` if one is given, integers and bools else as int64."""
    a = input._a
    if dtype is not None:
        warn_of_complex(a, dtype._numpy)
        if input._rg and state.enabled and dtype.category < 2:
            raise RuntimeError(f"Autograd not support dtype: {scalar_type_name(dtype)}")
        return cast_array(a, dtype._numpy)
    return a.astype(np.int64) if a.dtype.kind in "biu" else a


def restore_dtype(out, input, used) -> None:
    """Let the gradient be brought back to the dtype of ``input`` where another was ``used``."""
    if input._a.dtype is not used and input._a.dtype != used:
        extra_of(out._node).operands = ((input._a.shape, input._a.dtype),)


# --- sum and mean -------------------------------------------------------------------------------------------------


_SumBackward0 = node_class(
    "SumBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.expand(grad, sizes)}, fixed=("sizes",)
)
_SumBackward1 = node_class("SumBackward1", ("self",), {"self": _spread}, fixed=("sizes", "dims", "keepdim", "given"))
_MeanBackward0 = node_class(
    "MeanBackward0", ("self",), {"self": lambda xp, grad, sizes, count: xp.div_scalar(xp.expand(grad, sizes), count)},
    fixed=("sizes", "count"),
)  # fmt: skip
_MeanBackward1 = node_class(
    "MeanBackward1", ("self",), fixed=("sizes", "dims", "keepdim", "count", "given"),
    derivatives={
        "self": lambda xp, grad, sizes, dims, keepdim, count, given: xp.div_scalar(
            _spread(xp, grad, sizes, dims, keepdim, given), count
        )
    },
)  # fmt: skip


def _attach(out, cls, input, fixed) -> None:
    """``record`` for one input of which nothing is saved."""
    node: Any = new(cls)
    node.edges = (input._node or input,)
    node.saved = ()
    node.fixed = fixed
    node.sequence = next_sequence()
    node.extra = None
    out._node = node
    out._rg = True


def _total(a):
    """The sum of all of a contiguous float32 or float64 array, or None where ``add_up`` has more to do."""
    kind = a.dtype
    if (kind is not F32 and kind is not F64) or not a.flags.c_contiguous or not a.size:
        return None
    token = set_floating(QUIET)
    try:
        return add_all(a)
    finally:
        reset_floating(token)


def _sum(input, dim=_UNSET, keepdim=False, *, dtype=None):
    """The sum of all elements, or over the dims in ``dim``, which stay as size 1 if ``keepdim``.

    Integers and bools are summed as int64, unless ``dtype`` says otherwise. (``torch.sum``)
    """
    a = input._a
    if dim is _UNSET and dtype is None and keepdim is False:
        total = _total(a)
        if total is not None:
            out = wrap(total if type(total) is ndarray else asarray(total))
            if input._rg and state.enabled:
                _attach(out, _SumBackward0, input, (a.shape,))
            return out
    axes = None if dim is None or dim is _UNSET else axes_of(dim, a.ndim)
    check(keepdim, dtype)
    if dtype is not None or (a.dtype is not F32 and a.dtype is not F64):
        a = converted(input, dtype)
    token = set_floating(QUIET)
    try:
        total = add_up(a, axes, keepdim)
    finally:
        reset_floating(token)
    out = fresh(total)
    if input._rg and state.enabled and a.dtype.kind in "fc":
        if dim is _UNSET and keepdim is False:
            _attach(out, _SumBackward0, input, (a.shape,))
        else:
            given = tuple(dim) if type(dim) is list else dim
            _attach(out, _SumBackward1, input, (a.shape, axes or (), keepdim, given))
        restore_dtype(out, input, a.dtype)
    return out


def _mean(input, dim=_UNSET, keepdim=False, *, dtype=None):
    """The mean of all elements, or over the dims in ``dim``, which stay as size 1 if ``keepdim``.

    RuntimeError for integers, unless ``dtype`` is a floating-point or complex one. (``torch.mean``)
    """
    a = input._a
    if dim is _UNSET and dtype is None and keepdim is False:
        total = _total(a)
        if total is not None:
            token = set_floating(QUIET)
            try:
                out = wrap(asarray(total / a.dtype.type(a.size)))
            finally:
                reset_floating(token)
            if input._rg and state.enabled:
                _attach(out, _MeanBackward0, input, (a.shape, a.size))
            return out
    check(keepdim, dtype)
    kind = dtype or input.dtype
    if kind.category < 2:
        which = "Optional" if dtype is not None else "Input"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {which} dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_type_name(kind)}"
        )
    axes = None if dim is None or dim is _UNSET else axes_of(dim, a.ndim)
    if dtype is not None:
        warn_of_complex(a, kind._numpy)
        a = cast_array(a, kind._numpy)
    count = a.size
    if axes is not None:
        count = math.prod(a.shape[d] for d in axes)
    out = fresh(quietly(mean_of, a, axes, keepdim, count))
    if input._rg and state.enabled:
        if dim is _UNSET and not keepdim:
            _attach(out, _MeanBackward0, input, (a.shape, count))
        else:
            given = tuple(dim) if type(dim) is list else dim
            _attach(out, _MeanBackward1, input, (a.shape, axes or (), keepdim, count, given))
        restore_dtype(out, input, a.dtype)
    return out


def mean_of(a, axes, keepdim: bool, count: int):
    """The mean over ``axes`` (None: all) of ``count`` elements each, in the array's own dtype."""
    if a.dtype is F16:
        return _divided(add_up(a.astype(F32), axes, keepdim), count).astype(F16)
    if axes is None and not keepdim and a.size and (a.dtype is F32 or a.dtype is F64) and a.flags.c_contiguous:
        return _divided(add_all(a), count)
    return _divided(add_up(a, axes, keepdim), count)


def _divided(total, count: int):
    return total / total.dtype.type(count)


sum = publish("sum", "reduction", _sum, methods=("sum",), differentiable=("self",))
mean = publish("mean", "reduction", _mean, methods=("mean",), differentiable=("self",))
internal("sum", lambda a: add_up(a, None, False), _sum)
internal("mean", lambda a, dims: mean_of(a, None, False, a.size) if dims is None else _means(a, dims),
         lambda t, dims: _mean(t) if dims is None else _mean(t, dims, True))  # fmt: skip


def _means(a, dims):
    axes = axes_of(dims, a.ndim)
    return mean_of(a, axes, True, a.size if axes is None else math.prod(a.shape[d] for d in axes))


def _sum_to_tensor(grad, shape):
    if not shape:
        return _sum(grad)
    extra = grad._a.ndim - len(shape)
    folded = tuple(range(extra)) + tuple(
        [i + extra for i, size in enumerate(shape) if size == 1 and grad._a.shape[i + extra] != 1]
    )
    if folded:
        grad = _sum(grad, folded, True)
    return grad.view(shape) if extra > 0 else grad


TENSORS.sum_to = _sum_to_tensor


# --- prod ---------------------------------------------------------------------------------------------------------


def _of_product(xp, grad, self, kind, result):
    """The gradient of the product of everything; where an element is 0, from products of all the others."""
    self = xp.as_kind(self, kind)
    shape = tuple(self.shape)
    if not shape:
        return grad
    if not xp.has_zero(self):
        return grad * xp.conj(result / self)
    if xp.has_zeros(self):
        return xp.zeros_like(self)
    return xp.reshape(xp.times_others(grad, xp.in_a_row(self), 0), shape)


def _of_products(xp, grad, self, kind, dim, keepdim, result):
    self = xp.as_kind(self, kind)
    if not self.shape:
        return grad
    if not keepdim:
        grad, result = xp.unsqueeze(grad, dim), xp.unsqueeze(result, dim)
    if not xp.has_zero(self):
        return grad * xp.conj(result / self)
    return xp.times_others(grad, self, dim)


_ProdBackward0 = node_class(
    "ProdBackward0", ("self",), {"self": _of_product}, saved=("self", "result"), fixed=("kind",)
)  # fmt: skip
_ProdBackward1 = node_class(
    "ProdBackward1",
    ("self",),
    {"self": _of_products},
    saved=("self", "result"),
    fixed=("kind", "dim", "keepdim", "given"),
)
internal(
    "as_kind",
    lambda a, kind: a if a.dtype == kind else _as_kind(a, kind),
    lambda t, kind: to_dtype(t, _dtypes.OF_NUMPY[kind]),
)
internal("has_zero", lambda a: not a.all(), lambda t: not t._a.all())
internal("in_a_row", np.ravel, lambda t: t.contiguous().view(-1))
# Several, by which torch saves itself the work unless the gradient is to be recorded.
internal("has_zeros", lambda a: a.size - np.count_nonzero(a) > 1, lambda t: False)


def _as_kind(a, kind):
    warn_of_complex(a, kind)
    return cast_array(a, kind)


_and: Any = np.logical_and.reduce
_multiply: Any = np.multiply.reduce
_LANES = {F16: 16, F32: 8, F64: 4}  # numbers of a dtype that torch multiplies at a time, in four rows


def multiply_up(a, axes, keepdim: bool):
    """The product over ``axes`` (None: all) in the array's own dtype, in torch's order where that is fixed."""
    kind = a.dtype
    if kind.kind == "b":
        return _and(a, axes, keepdims=keepdim)
    if axes is None and not keepdim and a.ndim == 1 and 0 < a.size < 16:
        return np.multiply.accumulate(a, 0, kind)[-1, ...]
    lanes = _LANES.get(kind)
    if lanes is None or not a.size or not a.ndim:
        return _multiply(a, axes, kind, keepdims=keepdim)
    folded = tuple(range(a.ndim)) if axes is None else axes
    moved = None if a.flags.c_contiguous else in_memory_order(a, folded)
    if moved is not None:
        total = multiply_up(moved[0], moved[1], False).transpose(moved[2])
        return total.reshape([1 if d in folded else n for d, n in enumerate(a.shape)]) if keepdim else total
    count = math.prod(a.shape[d] for d in folded)
    columns = columns_of(a, folded, count)
    along = a.flags.c_contiguous and folded[-1] == a.ndim - 1 and len(folded) in (1, a.ndim)
    if along and count >= 4 * lanes:
        whole = count - count % (4 * lanes)
        rows = columns[:whole].reshape(-1, 4, lanes, columns.shape[1])
        four = np.multiply.reduce(rows, 0)
        first = (four[0] * four[1]) * (four[2] * four[3])
        columns = np.concatenate([first, columns[whole:]])
    total = one_by_one(np.multiply, columns).reshape([n for d, n in enumerate(a.shape) if d not in folded])
    return np.expand_dims(total, folded) if keepdim else total


def _prod(input, dim=_UNSET, keepdim=False, *, dtype=None):
    """The product of all elements, or along ``dim``, which stays as size 1 if ``keepdim``.

    Integers and bools are multiplied as int64, unless ``dtype`` says otherwise. (``torch.prod``)
    """
    check(keepdim, dtype)
    axes = None
    if dim is _UNSET:
        if keepdim is not False:
            raise TypeError("keepdim")
    elif isinstance(dim, bool):
        raise TypeError("dim")
    else:
        given = operator.index(dim)
        dim = wrap_dim(given, input._a.ndim)
        axes = (dim,) if input._a.ndim else None
    a = converted(input, dtype)
    out = fresh(quietly(multiply_up, a, axes, keepdim))
    if input._rg and state.enabled and a.dtype.kind in "fc":
        if dim is _UNSET:
            record(out, _ProdBackward0, (input,), (input, out._a), (a.dtype,))
        else:
            record(out, _ProdBackward1, (input,), (input, out._a), (a.dtype, dim, keepdim, given))
        restore_dtype(out, input, a.dtype)
    return out


prod = publish("prod", "reduction", _prod, methods=("prod",), differentiable=("self",))


# --- all and any --------------------------------------------------------------------------------------------------


def _truth(name: str, ufunc, says: str):
    reduce: Any = ufunc.reduce

    def forward(input, dim=None, keepdim=False):
        a = input._a
        if dim is None and keepdim is False:
            r = reduce(a, None)
        else:
            check(keepdim)
            if dim is None:
                r = reduce(a, None, keepdims=keepdim)
            elif isinstance(dim, (tuple, list)) and not dim:
                r = np.array(a, bool, order="C")
            else:
                r = reduce(a, axes_of(dim, a.ndim), keepdims=keepdim and a.ndim > 0)
        if a.dtype.char == "B":
            r = r.astype(a.dtype)
        return fresh(r)

    forward.__doc__ = (
        f"{says} are true, that is not zero: of all, or over the dims in ``dim``, which stay as size 1\n"
        "    if ``keepdim``. No dims, ``()``, fold nothing.\n\n"
        f"    bool, but uint8 for uint8; nan is true. (``torch.{name}``)\n    "
    )
    return publish(name, "reduction", forward, methods=(name,))


all = _truth("all", np.logical_and, "Whether all elements")
any = _truth("any", np.logical_or, "Whether any elements")


# --- comparing whole tensors --------------------------------------------------------------------------------------


def _equal(input, other):
    """Whether two tensors have the same shape and equal elements: a bool; nan equals nothing. (``torch.equal``)"""
    if not isinstance(other, Tensor):
        raise TypeError("other")
    if input._a.shape != other._a.shape:
        return False
    return bool((input._a == other._a).all())


def _allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether ``|input - other| <= atol + rtol * |other|`` everywhere: a bool. RuntimeError for unlike dtypes.
    (``torch.allclose``)"""
    return bool(close_elements(input, other, rtol, atol, equal_nan).all())


def close_elements(input, other, rtol, atol, equal_nan):
    """An array of bools: which elements ``isclose``."""
    if not isinstance(other, Tensor):
        raise TypeError("other")
    if not isinstance(equal_nan, bool):
        raise TypeError("equal_nan")
    if input._a.dtype != other._a.dtype:
        raise RuntimeError(f"{scalar_type_name(input)} did not match {scalar_type_name(other)}")
    if rtol < 0 or atol < 0:
        which, value = ("rtol", rtol) if rtol < 0 else ("atol", atol)
        raise RuntimeError(f"{which} must be greater than or equal to zero, but got {value:g}")
    a, b = input._a, other._a
    try:
        return quietly(_close, a, b, rtol, atol, equal_nan)
    except ValueError:
        raise _errors.broadcast(a.shape, b.shape) from None


def _close(a, b, rtol, atol, equal_nan):
    close = a == b
    if equal_nan and a.dtype.kind in "fc":
        close = close | (np.isnan(a) & np.isnan(b))
    if (rtol == 0 and atol == 0) or a.dtype.kind == "b":
        return close
    if a.dtype.kind in "iu":
        a, b = a.astype(np.float32), b.astype(np.float32)
    wide = F32 if a.dtype is F16 else a.dtype
    distance = np.absolute(a.astype(wide) - b.astype(wide))
    return close | (np.isfinite(distance) & (distance <= atol + np.absolute(rtol * b.astype(wide))))


equal = publish("equal", "comparison", _equal, methods=("equal",))
allclose = publish("allclose", "comparison", _allclose, methods=("allclose",))
