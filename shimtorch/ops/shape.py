"""Views and copies: operators that change a tensor's geometry, not its values.

To add one: compute the new array on the same memory (``strided`` gives exact strides) and publish a function
that hands it to ``view_of`` with its node class; the derivative maps the gradient back.
"""

from __future__ import annotations

import operator
import warnings
from weakref import ref as reference

import numpy as np
from numpy import ndarray

from .. import _dtypes
from .._device import Size, contiguous_format, memory_format, preserve_format, require_cpu
from .._layout import in_format, laid_out, new_in_format, suggests
from .._mirror import Mirror
from .._tensor import Tensor, new, scalar_type_name, strides_of, wrap, wrap_dim
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS, TENSORS
from ..autograd.nodes import INFERENCE, counter_of, next_sequence
from ..autograd.rebasing import farther, prune
from ._define import internal, publish, quietly, record
from ._summation import add_up


def view_of(base: Tensor, array: ndarray, cls=None, fixed=()) -> Tensor:
    """``array``, which lies in the memory of ``base``, as a view of it; recorded if ``base`` requires grad."""
    out = new(Tensor)
    out._a = array
    counter = out._vc = base._vc or counter_of(base)
    if base._root is not None or counter is INFERENCE:
        out._root = base._a if base._root is None else base._root
    owner = base._base
    if owner is None:
        out._base = base
    else:
        out._base = owner
        if base._made:
            out._made = base._made if type(base._made) is str else farther(base)
    if counter.views is not None:
        counter.views.append(reference(out))
        if not len(counter.views) & 31:
            prune(counter)
    elif counter is not INFERENCE:
        counter.views = [reference(out)]
    if not state.enabled:
        made_without_grad(out)
        return out
    if not base._rg:
        out._node = None
        out._rg = False
    elif cls is not None:
        node = new(cls)
        node.edges = (base._node or base,)
        node.saved = ()
        node.fixed = fixed
        node.sequence = next_sequence()
        node.extra = None
        out._node = node
        out._rg = True
    else:
        out._node = None
        out._rg = False
    return out


def made_without_grad(view: Tensor) -> None:
    """Mark a view made in no_grad mode, which requires grad as long as its base does."""
    view._made = "inference" if state.inference or view._made == "inference" else "no_grad"
    view._node = None
    view._rg = view._borrowed = view._base._rg  # type: ignore[union-attr]


def strided(array: ndarray, shape, strides) -> ndarray:
    """A view with these strides in bytes, from the first element of ``array`` on."""
    if array.flags.c_contiguous:
        return ndarray(shape, array.dtype, array, 0, strides)
    return np.lib.stride_tricks.as_strided(array, shape, strides)


def int_tuple(values) -> tuple[int, ...]:
    """Sizes or dims given one by one or as one sequence; TypeError for anything but ints."""
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        values = values[0]
    return tuple([v if type(v) is int else _index(v) for v in values])


def _named_sizes(given, named):
    """Sizes or dims that are given by name, if they are given in no other way."""
    if given or named is None:
        raise TypeError("sizes")
    return (named,)


def _index(value) -> int:
    if isinstance(value, bool):
        raise TypeError("bool is no size")
    return operator.index(value)


# --- view and reshape ---------------------------------------------------------------------------------------------

_ViewBackward0 = node_class(
    "ViewBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.reshape(grad, sizes)}, fixed=("sizes",)
)
_ReshapeAliasBackward0 = node_class(  # the view that reshape makes of what is not contiguous
    "ReshapeAliasBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.reshape(grad, sizes)}, fixed=("sizes",)
)
_UnsafeViewBackward0 = node_class(
    "UnsafeViewBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.reshape(grad, sizes)}, fixed=("sizes",)
)


def _complete(shape, size: int):
    """``shape`` with -1 replaced; RuntimeError in torch's words if it does not hold ``size`` elements."""
    known, inferred = 1, None
    for i, s in enumerate(shape):
        if s == -1:
            if inferred is not None:
                raise RuntimeError("only one dimension can be inferred")
            inferred = i
        elif s < 0:
            raise RuntimeError(f"invalid shape dimension {s} at index {i} of shape {list(shape)}")
        else:
            known *= s
    if inferred is None and known == size:
        return shape
    if inferred is None or (known == 0 and size != 0) or (known != 0 and size % known):
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    if known == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    return (*shape[:inferred], size // known, *shape[inferred + 1 :])


def _viewed(a: ndarray, shape):
    """``a`` in this shape without a copy, or None."""
    if a.flags.c_contiguous:
        return a.reshape(shape)
    strides = _view_strides(a, shape)
    return None if strides is None else strided(a, shape, strides)


def _view_strides(a: ndarray, shape):
    """torch's strides (in bytes) for a view of a non-contiguous array, or None if there is no such view."""
    if a.size == 0:
        return a.strides if a.shape == tuple(shape) else np.empty(shape, a.dtype).strides
    strides = [0] * len(shape)
    view = len(shape) - 1
    base, chunk_elements, view_elements = a.strides[-1] if a.ndim else a.itemsize, 1, 1
    for d in range(a.ndim - 1, -1, -1):
        chunk_elements *= a.shape[d]
        if d == 0 or (a.shape[d - 1] != 1 and a.strides[d - 1] != chunk_elements * base):
            while view >= 0 and (view_elements < chunk_elements or shape[view] == 1):
                strides[view] = view_elements * base
                view_elements *= shape[view]
                view -= 1
            if view_elements != chunk_elements:
                return None
            base, chunk_elements, view_elements = a.strides[d - 1], 1, 1
    return None if view != -1 else tuple(strides)


def _easily(a: ndarray, shape):
    """``a`` in this shape if that is plain: no copy, ints only, and NumPy has nothing against it; else None."""
    if not a.flags.c_contiguous:
        return None
    for size in shape:
        if type(size) is not int or size < -1:
            return None
    try:
        return a.reshape(shape)
    except ValueError:
        return None


def _view(input, *shape, size=None, dtype=None):
    """The same memory in another shape, one size of which may be -1; or, given a dtype, its bytes read as that dtype.

    RuntimeError where that would need a copy. (``torch.Tensor.view``)
    """
    if not shape:
        shape = _named_sizes(shape, size if dtype is None else dtype)
    elif size is not None or dtype is not None:
        raise TypeError("size")
    a = input._a
    array = None
    if len(shape) == 1:
        (first,) = shape
        kind = type(first)
        if kind is int:
            array = _easily(a, shape)
        elif kind is tuple or kind is list or kind is Size:
            array = _easily(a, first)
        elif kind is _dtypes.dtype:
            if type(input._root) is Mirror:
                raise RuntimeError(
                    "torch.Tensor.view is not supported for conjugate view tensors when converting to a different "
                    "dtype."
                )
            out = wrap(_reinterpreted(a, first))
            out._vc = counter_of(input)  # to torch it is no view, though its writes are counted with the others
            return out
    elif shape:
        array = _easily(a, shape)
    if array is None:
        array = _viewed(a, _complete(int_tuple(shape), a.size))
        if array is None:
            raise RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one dimension spans across "
                "two contiguous subspaces). Use .reshape(...) instead."
            )
    return view_of(input, array, _ViewBackward0, (a.shape,))


def _reinterpreted(a: ndarray, kind: _dtypes.dtype) -> ndarray:
    """The same bytes read as another dtype (``view(dtype)``)."""
    old, new = a.itemsize, kind.itemsize
    if old != new:
        names = scalar_type_name(_dtypes.OF_NUMPY[a.dtype]), scalar_type_name(kind)
        where = "to view {} as {} (different element sizes), but got".format(*names)
        if a.ndim == 0:
            raise RuntimeError(
                "self.dim() cannot be 0 {} as {} (different element sizes)".format("to view " + names[0], names[1])
            )
        ratio = max(new // old, 1)
        if a.shape[-1] % ratio:
            raise RuntimeError(f"self.size(-1) must be divisible by {ratio} {where} {a.shape[-1]}")
        steps = strides_of(a)
        if steps[-1] != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {where} {steps[-1]}")
        if new > old:
            for dim, step in enumerate(steps[:-1]):
                if step % ratio:
                    raise RuntimeError(f"self.stride({dim}) must be divisible by {ratio} {where} {step}")
    return a.view(kind._numpy)


def _reshape_to(input, shape):
    a = input._a
    array = _easily(a, shape)
    if array is not None:
        return view_of(input, array, _ViewBackward0, (a.shape,))
    sizes = _complete(shape, a.size)
    array = _viewed(a, sizes)
    if array is not None:
        return view_of(input, array, _ViewBackward0 if a.flags.c_contiguous else _ReshapeAliasBackward0, (a.shape,))
    return unsafe_view(_cloned(input, np.ascontiguousarray(a)), sizes)


def unsafe_view(input, sizes):
    """A reshaped fresh tensor that torch does not count as a view."""
    out = wrap(input._a.reshape(sizes))
    if input._rg and state.enabled:
        record(out, _UnsafeViewBackward0, (input,), (), (input._a.shape,))
    return out


def _reshape(input, shape):
    """The elements in another shape, one size of which may be -1: a view where there is one, else a copy.
    (``torch.reshape``)"""
    kind = type(shape)
    if kind is tuple or kind is list or kind is Size:
        array = _easily(input._a, shape)
        if array is not None:
            return view_of(input, array, _ViewBackward0, (input._a.shape,))
    return _reshape_to(input, int_tuple((shape,)))


def _reshape_method(input, *sizes, shape=None):
    """The elements in another shape, one size of which may be -1: a view where there is one, else a copy.
    (``torch.Tensor.reshape``)"""
    if shape is None:
        if len(sizes) > 1:
            array = _easily(input._a, sizes)
            if array is not None:
                return view_of(input, array, _ViewBackward0, (input._a.shape,))
            return _reshape_to(input, int_tuple(sizes))
        if sizes:
            (shape,) = sizes
            if type(shape) is int:
                return _reshape_to(input, sizes)
            return _reshape(input, shape)
    if sizes or shape is None:
        raise TypeError("shape")
    return _reshape(input, shape)


view = publish("view", "method", _view, methods=("view",), differentiable=("self",))
reshape = publish("reshape", "shape", _reshape, differentiable=("self",))
publish("reshape", "shape", _reshape_method, methods=("reshape",), function=reshape, differentiable=("self",))
internal("reshape", np.reshape, _reshape_to)


# --- permutations -------------------------------------------------------------------------------------------------


def _swap(name: str):
    return node_class(
        name, ("self",), {"self": lambda xp, grad, dim0, dim1: xp.transpose(grad, dim0, dim1)}, fixed=("dim0", "dim1")
    )


_TransposeBackward0 = _swap("TransposeBackward0")
_TBackward0 = node_class("TBackward0", ("self",), {"self": lambda xp, grad: xp.t(grad)})
_PermuteBackward0 = node_class(
    "PermuteBackward0", ("self",), {"self": lambda xp, grad, dims: xp.permute(grad, _inverse(dims))}, fixed=("dims",)
)


def _inverse(dims):
    inverse = [0] * len(dims)
    for i, d in enumerate(dims):
        inverse[d] = i
    return tuple(inverse)


def _transpose(input, dim0, dim1):
    """A view with two dimensions swapped; IndexError for a dim that is not there. (``torch.transpose``)"""
    a = input._a
    if type(dim0) is not int or type(dim1) is not int:
        dim0, dim1 = _index(dim0), _index(dim1)
    try:
        array = a.swapaxes(dim0, dim1)
    except ValueError:  # AxisError is one
        wrap_dim(dim0, a.ndim)
        wrap_dim(dim1, a.ndim)
        array = a.view()  # of no dimensions
    return view_of(input, array, _TransposeBackward0, (dim0, dim1))


def _t(input):
    """A view of a matrix with its dimensions swapped; vectors and scalars stay. (``torch.t``)"""
    if input._a.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._a.ndim}D")
    return view_of(input, input._a.T, _TBackward0)


def _permute(input, *order, dims=None):
    """A view with the dimensions in another order, each named once. (``torch.Tensor.permute``)"""
    if dims is not None or not order:
        order = _named_sizes(order, dims)
    return _permuted(input, int_tuple(order))


def _permute_function(input, dims):
    """A view with the dimensions in another order. RuntimeError unless each is named once. (``torch.permute``)"""
    return _permuted(input, int_tuple((dims,)))


def _permuted(input, dims):
    a = input._a
    if len(dims) == a.ndim:
        try:
            return view_of(input, a.transpose(dims), _PermuteBackward0, (dims,))
        except ValueError:  # an AxisError as well
            pass
    else:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {a.ndim} is not equal to len(dims) = {len(dims)}"
        )
    seen = set()
    for dim in dims:
        dim = wrap_dim(dim, a.ndim)
        if dim in seen:
            break
        seen.add(dim)
    raise RuntimeError("permute(): duplicate dims are not allowed.")


_REVERSING = (
    "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an "
    "error in a future release. Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - "
    "1, -1, -1))` to reverse the dimensions of a tensor. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/TensorShape.cpp:4314.)"
)
_REVERSING_NOTHING = (
    "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/TensorShape.cpp:4321.)"
)
_warned_of_reversing = False


def _reversed(self):
    """The tensor with its dimensions reversed (``Tensor.T``); a warning, once, unless it is a matrix."""
    global _warned_of_reversing
    if self._a.ndim == 2:
        return view_of(self, self._a.T, _PermuteBackward0, ((1, 0),))
    if self._a.ndim == 0:
        warn(_REVERSING_NOTHING, once=True)
    elif not _warned_of_reversing:
        _warned_of_reversing = True
        warnings.warn(_REVERSING, UserWarning, stacklevel=2)
    return _permuted(self, tuple(range(self._a.ndim))[::-1])


transpose = publish("transpose", "shape", _transpose, methods=("transpose",), differentiable=("self",))
t = publish("t", "unary", _t, methods=("t",), differentiable=("self",))
permute = publish("permute", "shape", _permute_function, differentiable=("self",))
publish("permute", "shape", _permute, methods=("permute",), function=permute, differentiable=("self",))
Tensor.T = property(_reversed)
internal("transpose", lambda a, dim0, dim1: a.swapaxes(dim0, dim1) if a.ndim else a, _transpose)
internal("t", np.transpose, _t)
internal("permute", np.transpose, _permuted)


# --- dimensions of size one ---------------------------------------------------------------------------------------


_ALL = object()  # no dim: None is none either, to torch
_SqueezeBackward0 = node_class(
    "SqueezeBackward0", ("self",), fixed=("sizes",),
    derivatives={"self": lambda xp, grad, sizes: xp.unsqueeze_to(grad, sizes, range(len(sizes)))},
)  # fmt: skip
_SqueezeBackward1, _SqueezeBackward2, _SqueezeBackward4 = (
    node_class(
        f"SqueezeBackward{i}", ("self",), {"self": lambda xp, grad, sizes, given: xp.unsqueeze_to(grad, sizes, given)},
        fixed=("sizes", "given"),
    )
    for i in (1, 2, 4)
)  # fmt: skip
_UnsqueezeBackward0 = node_class(
    "UnsqueezeBackward0", ("self",), {"self": lambda xp, grad, dim: xp.squeeze(grad, dim)}, fixed=("dim",)
)


def _squeeze(input, dim=_ALL):
    """A view without the dimensions of size 1: all of them, or those in ``dim`` that are. (``torch.squeeze``)"""
    a = input._a
    if dim is _ALL:
        dims, cls, fixed = range(a.ndim), _SqueezeBackward0, (a.shape,)
    elif isinstance(dim, (tuple, list)):
        given = int_tuple((dim,))
        dims, cls, fixed = unique_dims(given, a.ndim), _SqueezeBackward2, (a.shape, given)
    else:
        given = _index(dim)
        dims, cls, fixed = (wrap_dim(given, a.ndim),), _SqueezeBackward1, (a.shape, given)
    axes = tuple([d for d in dims if d < a.ndim and a.shape[d] == 1])
    return view_of(input, a.squeeze(axes) if axes else a.view(), cls, fixed)


def unique_dims(dims, ndim: int) -> tuple[int, ...]:
    """Dims counted from the front; RuntimeError if one is named twice."""
    wrapped: list[int] = []
    for dim in dims:
        d = wrap_dim(dim, ndim)
        if d in wrapped:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        wrapped.append(d)
    return tuple(wrapped)


def squeeze_front(input):
    """``squeeze_(0)`` on a fresh result, which is how torch's matmul drops the row it added."""
    out = wrap(input._a[0])
    if input._rg and state.enabled:
        record(out, _SqueezeBackward4, (input,), (), (input._a.shape, 0))
    return out


def _unsqueezed(a: ndarray, dim: int) -> ndarray:
    shape, strides = a.shape, a.strides
    if dim == 0:
        return strided(a, (1, *shape), (strides[0] * shape[0] if shape else a.itemsize, *strides))
    stride = strides[dim] * shape[dim] if dim < len(shape) else a.itemsize
    return strided(a, (*shape[:dim], 1, *shape[dim:]), (*strides[:dim], stride, *strides[dim:]))


def _unsqueeze(input, dim):
    """A view with a dimension of size 1 more, before dimension ``dim``. (``torch.unsqueeze``)"""
    a = input._a
    if type(dim) is not int:
        dim = _index(dim)
    given = dim
    if dim < 0 or dim > a.ndim:
        dim = wrap_dim(dim, a.ndim + 1)
    return view_of(input, _unsqueezed(a, dim), _UnsqueezeBackward0, (given,))


def _unsqueeze_to(grad, sizes, dims):
    """With those of ``dims`` again that have size 1, which ``squeeze`` has taken away."""
    for d in sorted([d % len(sizes) for d in ((dims,) if type(dims) is int else dims)] if sizes else ()):
        if sizes[d] == 1:
            grad = _unsqueeze(grad, d)
    return grad


squeeze = publish("squeeze", "shape", _squeeze, methods=("squeeze",), differentiable=("self",))
unsqueeze = publish("unsqueeze", "shape", _unsqueeze, methods=("unsqueeze",), differentiable=("self",))
internal("squeeze", np.squeeze, _squeeze)
internal("unsqueeze", np.expand_dims, _unsqueeze)
internal("unsqueeze_to", lambda a, sizes, dims: a if a.shape == sizes else np.reshape(a, sizes), _unsqueeze_to)


# --- expand and its opposite --------------------------------------------------------------------------------------

_ExpandBackward0 = node_class(
    "ExpandBackward0", ("self",), {"self": lambda xp, grad, sizes: xp.sum_to(grad, sizes)}, fixed=("sizes",)
)


def _expanded(a, shape) -> ndarray:
    """``a`` broadcast to ``shape``, with stride 0 where it is repeated."""
    a = np.asarray(a)
    if a.shape == shape:
        return a.view()
    extra = len(shape) - a.ndim
    strides = [
        stride if size == wanted else 0 for size, wanted, stride in zip(a.shape, shape[extra:], a.strides, strict=True)
    ]
    for i in reversed(range(extra)):
        strides.insert(0, strides[0] * shape[i + 1] if a.ndim and shape[i] == 1 else 0)
    return strided(a, shape, tuple(strides))


def described(input) -> str:
    name = scalar_type_name(input)
    return f"CPU{name}Type" if name == "Bool" or name.startswith("Complex") else f"torch.{name}Tensor"


def _expand(input, *sizes, size=None, implicit=False):
    """A view in which dimensions of size 1 are repeated, without memory of their own; -1 keeps a size.

    RuntimeError where a size does not fit. (``torch.Tensor.expand``)
    """
    if size is not None or not sizes:
        sizes = _named_sizes(sizes, size)
    if type(implicit) is not bool:
        raise TypeError("implicit")
    if len(sizes) == 1 and type(sizes[0]) is not int:
        sizes = int_tuple(sizes)
    a = input._a
    own, steps = a.shape, a.strides
    i, j = len(sizes), len(own)
    strides: list[int] = []  # from the last one on
    while i:
        i -= 1
        j -= 1
        wanted = sizes[i]
        if type(wanted) is not int or wanted < 0 or (wanted != own[j] and own[j] != 1 if j >= 0 else not own):
            break
        if j >= 0:
            strides.append(steps[j] if own[j] == wanted else 0)
        else:
            strides.append(strides[-1] * sizes[i + 1] if wanted == 1 else 0)
    else:
        if j <= 0:
            strides.reverse()
            return view_of(input, strided(a, sizes, strides), _ExpandBackward0, (own,))
    return _expand_otherwise(input, int_tuple(sizes))


def _expand_otherwise(input, sizes):
    """As ``_expand``, where a size is -1 or does not fit, and for tensors without dimensions."""
    a = input._a
    extra = len(sizes) - a.ndim
    if extra < 0:
        raise RuntimeError(
            f"expand({described(input)}{{{list(a.shape)}}}, size={list(sizes)}): the number of sizes provided "
            f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({a.ndim})"
        )
    shape = list(sizes)
    for i, size in reversed(list(enumerate(sizes))) if a.ndim else ():
        own = a.shape[i - extra] if i >= extra else None
        if size == -1:
            if own is None:
                raise RuntimeError(
                    f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {i}"
                )
            shape[i] = own
        elif own is not None and own != size and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({own}) at non-singleton "
                f"dimension {i}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(a.shape)}"
            )
    if any(size < 0 for size in shape):  # which torch finds out only when it counts the elements
        raise RuntimeError("numel: integer multiplication overflow")
    array = _expanded(a, tuple(shape))
    return view_of(input, a.view() if array is a else array, _ExpandBackward0, (a.shape,))


def _expand_to(input, shape):
    return _expand(input, shape)


def _sum_to(a, shape):
    extra = a.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        [i + extra for i, size in enumerate(shape) if size == 1 and a.shape[i + extra] != 1]
    )
    if not axes and a.shape == shape:
        return a
    if not shape:
        return add_up(a, None, False)
    out = add_up(a, axes, True)
    return out.reshape(shape) if extra else out  # in torch, too, a view then


expand = publish("expand", "method", _expand, methods=("expand",), differentiable=("self",))
internal("expand", lambda a, shape: _expanded(a, shape), _expand_to)


# --- copies -------------------------------------------------------------------------------------------------------

_CloneBackward0 = node_class("CloneBackward0", ("self",), {"self": lambda xp, grad: grad})
_AliasBackward0 = node_class("AliasBackward0", ("self",), {"self": lambda xp, grad: grad})
_ToCopyBackward0 = node_class(
    "ToCopyBackward0", ("self",), {"self": lambda xp, grad, kind: xp.cast(grad, kind)}, fixed=("kind",)
)


def _cloned(input, array):
    out = wrap(array)
    if input._rg and state.enabled:
        record(out, _CloneBackward0, (input,))
    return out


def alias(input):
    """The same memory as a view of its own."""
    return view_of(input, input._a.view(), _AliasBackward0)


def dense_copy(a: ndarray) -> ndarray:
    """A copy that keeps the order of the dimensions in memory, as torch's ``preserve_format``."""
    copy = a.copy(order="K")
    return copy if a.flags.c_contiguous else laid_out(copy, a)


def _clone(input, *, memory_format=None):
    """A copy, recorded, that keeps the order of the dimensions in memory unless ``memory_format`` names another.

    RuntimeError for channels last in other than 4, or 5, dimensions. (``torch.clone``)
    """
    if memory_format is contiguous_format:
        return _cloned(input, np.array(input._a, order="C"))
    _check_format(memory_format)
    if memory_format is None or memory_format is preserve_format:
        return _cloned(input, dense_copy(input._a))
    return _cloned(input, _arranged(input._a, input._a.dtype, memory_format))


def _arranged(a: ndarray, kind, wanted) -> ndarray:
    copy = new_in_format(a.shape, kind, wanted)
    copy[...] = a if a.dtype == kind else cast_array(a, kind)
    return copy


def _check_format(wanted) -> None:
    if wanted is not None and not isinstance(wanted, memory_format):
        raise TypeError("memory_format")


def _contiguous(input, memory_format=contiguous_format):
    """The tensor itself if its elements lie in row-major order, or that of ``memory_format``, else such a copy.

    RuntimeError for channels last in other than 4, or 5, dimensions. (``torch.Tensor.contiguous``)
    """
    if memory_format is contiguous_format and input._a.flags.c_contiguous:
        return input
    _check_format(memory_format)
    if memory_format._order:
        return input if in_format(input._a, memory_format) else _clone(input, memory_format=memory_format)
    if input._a.flags.c_contiguous:
        return input
    if memory_format is preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    return _cloned(input, np.array(input._a, order="C"))


def cast_array(a, kind):
    """``a`` in NumPy dtype ``kind``, real parts where complex becomes real."""
    if a.dtype.kind == "c" and kind.kind not in "cb":
        a = a.real
    return quietly(lambda: a.astype(kind))


def _cast_gradient(a, kind):
    """As ``cast_array``; like torch, real parts of the same precision stay in the memory of the complex numbers."""
    return a if a.dtype == kind else a.real if a.real.dtype == kind else cast_array(a, kind)


_COMPLEX_TO_REAL = (
    "Casting complex values to real discards the imaginary part (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/Copy.cpp:307.)"
)
_warned_of_complex = False


def warn_of_complex(have, want) -> None:
    """torch's warning where a cast loses imaginary parts, once per process."""
    global _warned_of_complex
    if have.dtype.kind == "c" and want.kind in "iuf" and have.size and not _warned_of_complex:
        _warned_of_complex = True
        warn(_COMPLEX_TO_REAL)


def to_dtype(input, kind: _dtypes.dtype, copy: bool = False, wanted=None):
    """``input`` in another dtype or memory format: itself if there is nothing to do and no ``copy`` is asked for."""
    a = input._a
    if wanted is preserve_format:
        wanted = None
    if a.dtype == kind._numpy and not copy and (wanted is None or suggests(a, wanted)):
        return input
    if a.dtype.kind == "c":
        bool(input._rg and state.enabled and input._node)  # an origin that cannot be made is refused first
        warn_of_complex(a, kind._numpy)
    if wanted is not None:
        out = wrap(_arranged(a, kind._numpy, wanted))
    else:
        out = wrap(dense_copy(a) if a.dtype == kind._numpy else cast_array(a, kind._numpy))
    if wanted is None and a.ndim > 1 and not a.flags.c_contiguous:
        out._a = laid_out(out._a, a)
    if input._rg and state.enabled and kind.category >= 2:
        record(out, _ToCopyBackward0, (input,), (), (a.dtype,))
    return out


def _to(input, *args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None):
    """The tensor in another dtype, or in that of another tensor: itself if there is nothing to do, unless ``copy``.

    AssertionError or NotImplementedError for a device other than the CPU. (``torch.Tensor.to``)
    """
    _check_format(memory_format)
    rest = list(args)
    if rest and (isinstance(rest[0], Tensor) or other is not None):
        dtype = rest.pop(0).dtype
    else:
        if other is not None:
            dtype = other.dtype
        if rest and not isinstance(rest[0], _dtypes.dtype):
            device = rest.pop(0)
            if not isinstance(device, (str, int, type(input.device), type(None))):
                raise TypeError("device")
        if rest and (rest[0] is None or isinstance(rest[0], _dtypes.dtype)):
            dtype = rest.pop(0)
    if rest:
        non_blocking = rest.pop(0)
    if rest:
        copy = rest.pop(0)
    if rest or not isinstance(non_blocking, bool) or not isinstance(copy, bool):
        raise TypeError("to")
    if dtype is not None and not isinstance(dtype, _dtypes.dtype):
        raise TypeError("dtype")
    require_cpu(device)
    return to_dtype(input, dtype or input.dtype, copy, memory_format)


clone = publish("clone", "shape", _clone, methods=("clone",), differentiable=("self",))
internal("clone", np.copy, _clone)
TENSORS.contiguous_copy = lambda input: _clone(input, memory_format=contiguous_format)
ARRAYS.zeros = np.zeros
publish("contiguous", "method", _contiguous, methods=("contiguous",), differentiable=("self",))
publish("to", "method", _to, methods=("to",), differentiable=("self",))


# --- real parts, which gradients of real inputs need --------------------------------------------------------------


def _paired(a):
    return a[..., None].view(a.real.dtype)


def _unpaired(a):
    return np.asarray(a[..., 0] + 1j * a[..., 1]).astype(np.result_type(a.dtype, np.complex64))


def _pairing(name: str, compute, back: str):
    cls = node_class(name, ("self",), {"self": lambda xp, grad: getattr(xp, back)(grad)})

    def on_tensor(input):
        out = wrap(compute(input._a))
        if input._rg and state.enabled:
            record(out, cls, (input,))
        return out

    return on_tensor


internal("view_as_real", _paired, _pairing("ViewAsRealBackward0", _paired, "view_as_complex"))
internal("view_as_complex", _unpaired, _pairing("ViewAsComplexBackward0", _unpaired, "view_as_real"))
internal("real", lambda a: a.real, lambda t: TENSORS.select(TENSORS.view_as_real(t), t._a.ndim, 0))


def _cast_tensor(input, kind):
    if input._a.dtype.kind == "c" and kind.kind != "c":
        input = TENSORS.real(input)
    return to_dtype(input, _dtypes.OF_NUMPY[kind])


internal("cast", _cast_gradient, _cast_tensor)
internal("sum_to", _sum_to)


def _conversion(name: str, kind: _dtypes.dtype):
    def forward(input, *, memory_format=None):
        _check_format(memory_format)
        return to_dtype(input, kind, False, memory_format)

    forward.__doc__ = (
        f"The tensor as {kind}: itself if it has that dtype, else a recorded copy. (``torch.Tensor.{name}``)"
    )
    publish(name, "method", forward, methods=(name,), differentiable=("self",))


for _name, _kind in (
    ("bool", _dtypes.bool_), ("byte", _dtypes.uint8), ("char", _dtypes.int8), ("short", _dtypes.int16),
    ("int", _dtypes.int32), ("long", _dtypes.int64), ("half", _dtypes.float16), ("float", _dtypes.float32),
    ("double", _dtypes.float64), ("cfloat", _dtypes.complex64), ("cdouble", _dtypes.complex128),
):  # fmt: skip
    _conversion(_name, _kind)
