"""The largest and the smallest: max, min, amax, amin, argmax, argmin, and of two tensors maximum, minimum.

To add one: state the NumPy ufunc that finds the value, and for what is differentiable who has the gradient. nan wins.
``named_result`` and ``selected_along`` serve whatever else returns (values, indices).
"""

from __future__ import annotations

import operator

import numpy as np
from numpy import asarray

from .. import _errors
from .._tensor import Tensor, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS, TENSORS
from ..autograd.nodes import extra_of
from ._define import ZERO, binary_core, internal, larger, publish, quietly, record, smaller
from .choosing import MaskedFillBackward1
from .gathering import ScatterBackward0
from .reductions import axes_of, check, fresh


def named_result(name: str, fields=("values", "indices")):
    """The type torch returns for several results, a tuple with names and a text of its own."""

    def __new__(cls, sequence):
        return tuple.__new__(cls, sequence)

    def __repr__(self):
        parts = [f"{field}={part!r}" for field, part in zip(fields, self, strict=True)]
        return f"torch.return_types.{name}(\n" + ",\n".join(parts) + ")"

    members = {
        "__new__": __new__,
        "__repr__": __repr__,
        "__slots__": (),
        "__module__": "torch.return_types",
        "__match_args__": tuple(fields),
        **{field: property(operator.itemgetter(place)) for place, field in enumerate(fields)},
    }
    return type(name, (tuple,), members)


# --- who has the gradient -----------------------------------------------------------------------------------------


def _evenly(xp, grad, self, result):
    """The gradient shared among all elements that equal the extremum (or that are nan with it)."""
    return xp.spread(xp.selected(self, result), grad)


def _selected(a, value):
    return np.isnan(a) if value != value else a == value


def _spread(mask, grad):
    return np.where(np.asarray(mask, order="C"), grad / mask.sum().astype(grad.dtype), ZERO[grad.dtype])


def _spread_tensors(mask, grad):
    share = TENSORS.div(grad, wrap(np.asarray(mask._a.sum())))
    out = wrap(np.where(mask._a, share._a, ZERO[share._a.dtype]))
    if share._rg and state.enabled:
        record(out, MaskedFillBackward1, (None, share), (mask,))
    return out


internal("selected", _selected, lambda t, value: wrap(np.asarray(_selected(t._a, value._a))))
internal("spread", _spread, _spread_tensors)


def selected_along(xp, grad, sizes, dim, indices, keepdim):
    """The gradient of elements taken along ``dim``, at their places in zeros."""
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


def _scatter_tensor(grad, sizes, dim, indices):
    out = wrap(_scatter_zeros(grad._a, sizes, dim, indices._a))
    if grad._rg and state.enabled:
        index = indices if indices._a.ndim == len(sizes) else TENSORS.unsqueeze(indices, dim)
        record(out, ScatterBackward0, (None, grad), (index,), (dim, grad._a.shape))
    return out


internal("scatter_zeros", _scatter_zeros, _scatter_tensor)


# --- max and min --------------------------------------------------------------------------------------------------


def _need_dim(name: str, error=RuntimeError, advice=" Specify the reduction dim with the 'dim' argument."):
    return error(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.{advice}")


def _need_elements(name: str, dim: int) -> IndexError:
    return IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


_ALL = object()  # no dim: None is none either, to torch


def _extremum(name: str, ufunc, position, pairwise):
    """``max`` or ``min``: of everything, along a dim (with indices), or of two tensors."""
    title = name.capitalize()
    of_all = node_class(f"{title}Backward1", ("self",), {"self": _evenly}, saved=("self", "result"))
    along = node_class(
        f"{title}Backward0",
        ("self",),
        {"self": selected_along},
        saved=("indices",),
        fixed=("sizes", "dim", "keepdim"),
    )
    result_type = named_result(name)
    reduce = ufunc.reduce
    where = position.__name__

    def whole(input):
        a = input._a
        if a.dtype.kind == "c" and a.size:
            raise _errors.not_implemented(f"{name}_all", input)
        try:
            r = a[getattr(a, where)(), ...].copy() if a.ndim == 1 else asarray(reduce(a, None))
        except ValueError:
            raise _need_dim(name) from None
        out = wrap(r)
        if input._rg and state.enabled:
            record(out, of_all, (input,), (input, out._a))
        return out

    def forward(input, dim=_ALL, keepdim=False, *, other=None):
        if dim is _ALL and other is None and keepdim is False:
            return whole(input)
        if other is not None:
            return pairwise(input, other)
        if dim is _ALL:
            check(keepdim)
            return whole(input)
        if isinstance(dim, Tensor) and dim._a.ndim + dim._a.size:
            return pairwise(input, dim)
        check(keepdim)
        if type(dim) is not int:
            dim = operator.index(None if isinstance(dim, bool) else dim)
        a = input._a
        given, dim = dim, wrap_dim(dim, a.ndim)
        if a.ndim and a.shape[dim] == 0:
            raise _need_elements(name, dim)
        if a.dtype.kind == "c":
            raise RuntimeError(f"{name}(): does not support complex input")
        if a.ndim == 1 and not keepdim:
            indices = getattr(a, where)()
            values, indices = a[indices, ...].copy(), asarray(indices)
        elif a.ndim == 2 and not keepdim:
            indices = getattr(a, where)(dim)
            every = np.arange(len(indices))
            values = a[every, indices] if dim else a[indices, every]
        elif a.ndim:
            indices = np.asarray(position(a, axis=dim, keepdims=keepdim))
            values = np.asarray(np.take_along_axis(a, indices if keepdim else np.expand_dims(indices, dim), dim))
            values = values if keepdim else values.squeeze(dim)
        else:
            values, indices = a.copy(), np.zeros((), np.int64)
        out, indices = wrap(values), wrap(indices)
        if input._rg and state.enabled:
            record(out, along, (input,), (indices,), (a.shape, given, keepdim))
        return result_type((out, indices))

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
            halves = xp.where(self == other, xp.halved(grad), grad)
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


internal("halved", lambda grad: asarray(ARRAYS.div_scalar(grad, 2)), lambda grad: TENSORS.div_scalar(grad, 2))


def _no_complex(name: str):
    def refuse(input, other):
        if "c" in (input._a.dtype.kind, other._a.dtype.kind):
            raise _errors.first(RuntimeError(f"{name} not implemented for complex tensors."))

    return refuse


maximum = _pair("maximum", larger, "MaximumBackward0", operator.lt)
minimum = _pair("minimum", smaller, "MinimumBackward0", operator.gt)
max = publish(
    "max", "reduction", _extremum("max", np.maximum, np.argmax, maximum), methods=("max",), differentiable=("self",)
)
min = publish(
    "min", "reduction", _extremum("min", np.minimum, np.argmin, minimum), methods=("min",), differentiable=("self",)
)


# --- over several dimensions: amax, amin --------------------------------------------------------------------------


def _shared(xp, grad, self, shape, dims, result):
    """The gradient divided by how many elements equal their extremum; nan equals none."""
    if shape is not None:
        grad, result = xp.reshape(grad, shape), xp.extended(result, shape)
    mask = xp.equals(result, self)
    return xp.div(grad, xp.counted(mask, dims, grad)) * xp.as_factor(mask, grad)


def _with_ones(sizes, dims):
    """The shape that torch gives back to a result without ``dims``: () where no dims were named."""
    if not dims:
        return ()
    return tuple([1 if d in dims else size for d, size in enumerate(sizes)]) if sizes else (1,) * len(dims)


def _counted(mask, dims):
    return np.add.reduce(mask, dims or None, np.int64, keepdims=True) if mask.ndim else np.asarray(mask, np.int64)


internal("extended", np.reshape, lambda t, shape: wrap(t._a.reshape(shape)))
internal("equals", operator.eq, lambda x, y: wrap(np.asarray(x._a == y._a)))
internal(
    "counted",
    lambda mask, dims, like: _counted(mask, dims).astype(like.dtype),
    lambda mask, dims, like: wrap(_counted(mask._a, dims)),
)
internal("as_factor", lambda mask, like: mask.astype(like.dtype), lambda mask, like: mask)


def _over_dims(name: str, ufunc, kernel: str):
    cls = node_class(
        f"{name.capitalize()}Backward0", ("self",), {"self": _shared}, saved=("self", "result"),
        fixed=("shape", "dims", "keepdim", "given"),
    )  # fmt: skip
    reduce = ufunc.reduce

    def forward(input, dim=(), keepdim=False):
        a = input._a
        if dim == () and keepdim is False and a.dtype.kind == "f" and a.ndim == 1 and a.size:
            out = wrap(a[getattr(a, "arg" + name[1:])(), ...].copy())
            if input._rg and state.enabled:
                record(out, cls, (input,), (input, out._a), ((), (), False, ()))
            return out
        check(keepdim)
        if not a.size:
            _require_elements(name, dim, a.shape)
        axes = axes_of(() if dim is None else dim, a.ndim)
        if not a.size:
            r = np.empty(_folded(a.shape, axes or (), keepdim), a.dtype)
        elif a.dtype.kind == "c":
            raise _errors.not_implemented(kernel, input)
        else:
            r = quietly(_reduced, a, axes, keepdim)
        out = fresh(r)
        if input._rg and state.enabled:
            if a.dtype.kind == "c":
                raise RuntimeError(f"{name} does not support automatic differentiation for outputs with complex dtype.")
            named = (dim if isinstance(dim, (tuple, list)) else (dim,)) if not a.ndim and dim is not None else axes
            shape, given = None if keepdim else _with_ones(a.shape, named), tuple(dim) if type(dim) is list else dim
            record(out, cls, (input,), (input, out._a), (shape, axes or (), keepdim, () if dim is None else given))
            if not a.ndim and named:
                extra_of(out._node).operands = ((a.shape, a.dtype),)
        return out

    def _reduced(a, axes, keepdim):
        return reduce(a, axes, keepdims=keepdim) if keepdim else reduce(a, axes)

    kind = {"amax": "largest", "amin": "smallest"}[name]
    forward.__doc__ = (
        f"The {kind} element, of all or over the dims in ``dim``, which stay as size 1 if ``keepdim``.\n\n"
        "    nan wins; equals share the gradient evenly. Errors for no elements, and for complex ones.\n"
        f"    (``torch.{name}``)\n    "
    )
    return publish(name, "reduction", forward, methods=(name,), differentiable=("self",))


def _require_elements(name: str, dim, shape) -> None:
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        raise _need_dim(name)
    for d in dim if isinstance(dim, (tuple, list)) else (dim,):
        if not shape[wrap_dim(operator.index(d), len(shape))]:
            raise _need_elements(name, d)


def _folded(shape, axes, keepdim: bool):
    if keepdim:
        return tuple([1 if d in axes else size for d, size in enumerate(shape)])
    return tuple([size for d, size in enumerate(shape) if d not in axes])


amax = _over_dims("amax", np.maximum, "max_values_cpu")
amin = _over_dims("amin", np.minimum, "min_values_cpu")


# --- where they are: argmax, argmin -------------------------------------------------------------------------------


def _position(name: str, find):
    def forward(input, dim=None, keepdim=False):
        a = input._a
        if dim is None and keepdim is False and a.size and a.dtype.kind not in "bc":
            return wrap(asarray(getattr(a, name)()))
        check(keepdim)
        if dim is not None:
            if isinstance(dim, bool):
                raise TypeError("dim")
            dim = operator.index(dim)
        if a.dtype.kind in "bc":
            raise RuntimeError(f"{name}(): does not support {'bool' if a.dtype.kind == 'b' else 'complex'} input")
        if dim is None:
            if not a.size:
                raise _need_dim(name, IndexError, "")
            return wrap(np.array(find(a)).reshape((1,) * a.ndim if keepdim else ()))
        dim = wrap_dim(dim, a.ndim)
        if not a.ndim:
            return wrap(np.zeros((), np.int64))
        if not a.shape[dim]:
            raise _need_elements(name, dim)
        return wrap(asarray(find(a, dim, keepdims=True) if keepdim else getattr(a, name)(dim)))

    kind = {"argmax": "largest", "argmin": "smallest"}[name]
    forward.__doc__ = (
        f"Where the {kind} element first is: its index along ``dim``, or among all elements in row-major order.\n\n"
        "    int64; nan wins. Errors for no elements, and for bools and complex numbers.\n"
        f"    (``torch.{name}``)\n    "
    )
    return publish(name, "reduction", forward, methods=(name,))


argmax = _position("argmax", np.argmax)
argmin = _position("argmin", np.argmin)
