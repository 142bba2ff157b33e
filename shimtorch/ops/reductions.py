"""Reductions: operators that fold dimensions away.

To add one: a forward over (input, dim, keepdim), a node class that restores the folded dimensions, a publish row.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from .. import _dtypes, _errors
from .._tensor import Tensor, scalar_type_name, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.graph import extra_of
from ..autograd.mode import state
from ._define import F16, F32, binary_core, internal, larger, publish, quietly, record, smaller
from ._summation import add_up
from .shape import cast_array, int_tuple, unique_dims, warn_of_complex

_UNSET = "unset"  # torch tells a dim left out from None in the graph


def _axes(dim, ndim: int):
    """The dims to fold, counted from the front; None for all."""
    if isinstance(dim, (tuple, list)):
        return (unique_dims(int_tuple((dim,)), ndim) if ndim else [wrap_dim(d, 0) for d in dim] and None) or None
    if isinstance(dim, bool):
        raise TypeError("dim")
    dim = wrap_dim(operator.index(dim), ndim)
    return (dim,) if ndim else None


def _restored(xp, grad, sizes, dims, keepdim):
    """A reduction's gradient spread over the input's shape."""
    if not keepdim and sizes:
        for d in sorted(dims):
            grad = xp.unsqueeze(grad, d)
    return xp.expand(grad, sizes)


# --- sum and mean -------------------------------------------------------------------------------------------------


_SumBackward0 = node_class(
    "SumBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.expand(grad, sizes)}, fixed=("sizes",)
)
_SumBackward1 = node_class("SumBackward1", ("self",), {"self": _restored}, fixed=("sizes", "dims", "keepdim"))
_MeanBackward0 = node_class(
    "MeanBackward0", ("self",), {"self": lambda xp, grad, sizes, count: xp.div_scalar(xp.expand(grad, sizes), count)},
    fixed=("sizes", "count"),
)  # fmt: skip
_MeanBackward1 = node_class(
    "MeanBackward1", ("self",), fixed=("sizes", "dims", "keepdim", "count"),
    derivatives={
        "self": lambda xp, grad, sizes, dims, keepdim, count: xp.div_scalar(
            _restored(xp, grad, sizes, dims, keepdim), count
        )
    },
)  # fmt: skip


def _sum(input, dim=_UNSET, keepdim=False, *, dtype=None):
    """The sum of all elements, or over the dims in ``dim``, which stay as size 1 if ``keepdim``.

    Integers and bools are summed as int64, unless ``dtype`` says otherwise. (``torch.sum``)
    """
    a = input._a
    whole = dim is _UNSET and keepdim is False
    axes = None if dim is None or dim is _UNSET else _axes(dim, a.ndim)
    _check(keepdim, dtype)
    if dtype is not None:
        if input._rg and state.enabled and dtype.category < 2:
            raise RuntimeError(f"Autograd not support dtype: {scalar_type_name(dtype)}")
        warn_of_complex(a, dtype._numpy)
        a = cast_array(a, dtype._numpy)
    elif a.dtype.kind in "biu":
        a = a.astype(np.int64)
    out = wrap(quietly(add_up, a, axes, keepdim))
    if input._rg and state.enabled and a.dtype.kind in "fc":
        if whole:
            record(out, _SumBackward0, (input,), (), (a.shape,))
        else:
            record(out, _SumBackward1, (input,), (), (a.shape, axes or (), keepdim))
        _restore_dtype(out, input, a.dtype)
    return out


def _check(keepdim, dtype=None) -> None:
    if not isinstance(keepdim, bool):
        raise TypeError("keepdim")
    if dtype is not None and not isinstance(dtype, _dtypes.dtype):
        raise TypeError("dtype")


def _restore_dtype(out, input, used) -> None:
    if input._a.dtype is not used and input._a.dtype != used:
        extra_of(out._node).operands = ((input._a.shape, input._a.dtype),)


def _mean(input, dim=_UNSET, keepdim=False, *, dtype=None):
    """The mean of all elements, or over the dims in ``dim``, which stay as size 1 if ``keepdim``.

    RuntimeError for integers, unless ``dtype`` is a floating-point or complex one. (``torch.mean``)
    """
    a = input._a
    _check(keepdim, dtype)
    kind = dtype or input.dtype
    if kind.category < 2:
        which = "Optional" if dtype is not None else "Input"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {which} dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_type_name(kind)}"
        )
    if dtype is not None:
        warn_of_complex(a, kind._numpy)
        a = cast_array(a, kind._numpy)
    axes = None if dim is None or dim is _UNSET else _axes(dim, a.ndim)
    count = a.size
    if axes is not None:
        count = math.prod(a.shape[d] for d in axes)
    wide = a.astype(F32) if a.dtype is F16 else a
    out = wrap(quietly(lambda: _divided(add_up(wide, axes, keepdim), count).astype(a.dtype, copy=False)))
    if input._rg and state.enabled:
        if dim is _UNSET and not keepdim:
            record(out, _MeanBackward0, (input,), (), (a.shape, count))
        else:
            record(out, _MeanBackward1, (input,), (), (a.shape, axes or (), keepdim, count))
        _restore_dtype(out, input, a.dtype)
    return out


def _divided(total, count: int):
    return total / total.dtype.type(count)


sum = publish("sum", "reduction", _sum, methods=("sum",), differentiable=("self",))
mean = publish("mean", "reduction", _mean, methods=("mean",), differentiable=("self",))
internal("sum", lambda a: add_up(a, None, False), _sum)


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


from ..autograd.namespaces import TENSORS  # noqa: E402

TENSORS.sum_to = _sum_to_tensor


# --- max and min --------------------------------------------------------------------------------------------------


def _named_result(name: str):
    """The type torch returns for (values, indices), a tuple with names and a text of its own."""

    def __new__(cls, sequence):
        return tuple.__new__(cls, sequence)

    def __repr__(self):
        return f"torch.return_types.{name}(\nvalues={self[0]!r},\nindices={self[1]!r})"

    members = {
        "__new__": __new__,
        "__repr__": __repr__,
        "__slots__": (),
        "__module__": "torch.return_types",
        "values": property(operator.itemgetter(0)),
        "indices": property(operator.itemgetter(1)),
    }
    return type(name, (tuple,), members)


def _evenly(xp, grad, self, result):
    """The gradient shared among all elements that equal the extremum (or that are nan with it)."""
    return xp.spread(xp.selected(self, result), grad)


def _selected(a, value):
    return np.isnan(a) if value != value else a == value


def _spread(mask, grad):
    return np.where(mask, grad / mask.sum().astype(grad.dtype), grad.dtype.type(0))


_MaskedFillBackward1 = node_class(
    "MaskedFillBackward1", ("self", "value"), saved=("mask",),
    derivatives={"value": lambda xp, grad, mask: xp.sum(xp.where(mask, grad, 0))},
)  # fmt: skip


def _spread_tensors(mask, grad):
    share = TENSORS.div(grad, wrap(np.asarray(mask._a.sum())))
    out = wrap(np.where(mask._a, share._a, share._a.dtype.type(0)))
    if share._rg and state.enabled:
        record(out, _MaskedFillBackward1, (None, share), (mask,))
    return out


internal("selected", _selected, lambda t, value: wrap(np.asarray(_selected(t._a, value._a))))
internal("spread", _spread, _spread_tensors)


def _scattered(xp, grad, sizes, dim, indices, keepdim):
    if not keepdim and sizes:
        grad = xp.unsqueeze(grad, dim)
    return xp.scatter_zeros(grad, sizes, dim, indices)


def _scatter_zeros(grad, sizes, dim, indices):
    out = np.zeros(sizes, grad.dtype)
    if sizes:
        np.put_along_axis(out, indices if indices.ndim == len(sizes) else np.expand_dims(indices, dim), grad, dim)
    else:
        out[...] = grad
    return out


_ScatterBackward0 = node_class(
    "ScatterBackward0", ("self", "src"), fixed=("dim", "indices"),
    derivatives={"src": lambda xp, grad, dim, indices: xp.gather(grad, dim, indices)},
)  # fmt: skip
_GatherBackward0 = node_class(
    "GatherBackward0", ("self",), fixed=("sizes", "dim", "indices"),
    derivatives={"self": lambda xp, grad, sizes, dim, indices: xp.scatter_zeros(grad, sizes, dim, indices)},
)  # fmt: skip


def _along(a, dim, indices):
    if a.ndim == 0:
        return a
    return np.take_along_axis(a, indices if indices.ndim == a.ndim else np.expand_dims(indices, dim), dim)


def _gather_tensor(grad, dim, indices):
    out = wrap(np.asarray(_along(grad._a, dim, indices)))
    if grad._rg and state.enabled:
        record(out, _GatherBackward0, (grad,), (), (grad._a.shape, dim, indices))
    return out


def _scatter_tensor(grad, sizes, dim, indices):
    out = wrap(_scatter_zeros(grad._a, sizes, dim, indices))
    if grad._rg and state.enabled:
        record(out, _ScatterBackward0, (None, grad), (), (dim, indices))
    return out


internal("gather", _along, _gather_tensor)
internal("scatter_zeros", _scatter_zeros, _scatter_tensor)


def _extremum(name: str, ufunc, position, pairwise):
    """``max`` or ``min``: of everything, along a dim (with indices), or of two tensors."""
    title = name.capitalize()
    of_all = node_class(f"{title}Backward1", ("self",), {"self": _evenly}, saved=("self", "result"))
    along = node_class(
        f"{title}Backward0", ("self",), {"self": _scattered}, fixed=("sizes", "dim", "indices", "keepdim")
    )
    result_type = _named_result(name)

    def whole(input):
        a = input._a
        if a.size == 0:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        if a.dtype.kind == "c":
            raise _errors.not_implemented(f"{name}_all", input)
        out = wrap(quietly(ufunc.reduce, a, None))
        if input._rg and state.enabled:
            record(out, of_all, (input,), (input, out._a))
        return out

    def forward(input, dim=None, keepdim=False, *, other=None):
        if other is not None:
            return pairwise(input, other)
        if dim is None:
            _check(keepdim)
            return whole(input)
        if isinstance(dim, Tensor) and dim._a.ndim + dim._a.size:
            return pairwise(input, dim)
        _check(keepdim)
        if isinstance(dim, (tuple, list, bool)):
            raise TypeError("dim")
        a = input._a
        dim = wrap_dim(operator.index(dim), a.ndim)
        if a.ndim and a.shape[dim] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
        if a.dtype.kind == "c":
            raise RuntimeError(f"{name}(): does not support complex input")
        if a.ndim:
            indices = np.asarray(position(a, axis=dim, keepdims=keepdim))
            values = np.asarray(_along(a, dim, indices if keepdim else np.expand_dims(indices, dim)))
            values = values if keepdim else values.squeeze(dim)
        else:
            values, indices = a.copy(), np.zeros((), np.int64)
        out = wrap(values)
        if input._rg and state.enabled:
            record(out, along, (input,), (), (a.shape, dim, indices, keepdim))
        return result_type((out, wrap(indices)))

    forward.__doc__ = (
        f"The {name} of all elements; along ``dim`` also where it first occurs, as (values, indices); of two\n"
        f"    tensors as ``torch.{name}imum``. nan wins. (``torch.{name}``)\n    "
    )
    return forward


def _pair(name: str, ufunc, grad_fn: str, loses):
    """``maximum``: the larger element has the gradient, equals share it."""

    def derivative(mine, theirs):
        def formula(xp, grad, self, other):
            pair = {"self": self, "other": other}
            halves = xp.where(self == other, xp.div_scalar(grad, 2), grad)
            return xp.masked_zero(halves, loses(pair[mine], pair[theirs]))

        return formula

    core = binary_core(
        ufunc,
        grad_fn=grad_fn,
        self=derivative("self", "other"),
        other=derivative("other", "self"),
        direct="biuf",
        check=_no_complex(name),
    )

    def forward(input, other):
        return core(input, other) if isinstance(other, Tensor) else NotImplemented

    forward.__doc__ = (
        f"The {name} of two tensors, element by element; nan if one is. RuntimeError for complex numbers.\n\n"
        f"    (``torch.{name}``)\n    "
    )
    return publish(name, "binary", forward, methods=(name,), differentiable=("self", "other"))


def _no_complex(name: str):
    def check(input, other):
        if "c" in (input._a.dtype.kind, other._a.dtype.kind):
            raise _errors.first(RuntimeError(f"{name} not implemented for complex tensors."))

    return check


_MaskedFillBackward0 = node_class(
    "MaskedFillBackward0", ("self",), saved=("mask",),
    derivatives={"self": lambda xp, grad, mask: xp.masked_zero(grad, mask)},
)  # fmt: skip


def _masked_zero_tensor(grad, mask):
    out = wrap(np.where(mask._a, grad._a.dtype.type(0), grad._a))
    if grad._rg and state.enabled:
        record(out, _MaskedFillBackward0, (grad,), (mask,))
    return out


internal("masked_zero", lambda grad, mask: np.where(mask, grad.dtype.type(0), grad), _masked_zero_tensor)
maximum = _pair("maximum", larger, "MaximumBackward0", operator.lt)
minimum = _pair("minimum", smaller, "MinimumBackward0", operator.gt)
max = publish(
    "max", "reduction", _extremum("max", np.maximum, np.argmax, maximum), methods=("max",), differentiable=("self",)
)
min = publish(
    "min", "reduction", _extremum("min", np.minimum, np.argmin, minimum), methods=("min",), differentiable=("self",)
)


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
    if not isinstance(other, Tensor):
        raise TypeError("other")
    if input._a.dtype != other._a.dtype:
        raise RuntimeError(f"{scalar_type_name(input)} did not match {scalar_type_name(other)}")
    if rtol < 0 or atol < 0:
        which, value = ("rtol", rtol) if rtol < 0 else ("atol", atol)
        raise RuntimeError(f"{which} must be greater than or equal to zero, but got {value:g}")
    a, b = input._a, other._a
    try:
        close = quietly(_close, a, b, rtol, atol, equal_nan)
    except ValueError:
        raise _errors.broadcast(a.shape, b.shape) from None
    return bool(close.all())


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
