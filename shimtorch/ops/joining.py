"""Tensors side by side and in equal parts: ``hstack`` and ``hsplit`` with their kin; ``atleast_*``, ``broadcast_*``.

They are made of ``cat``, ``reshape``, ``expand`` and slices, as in torch, whose graphs show those.
"""

from __future__ import annotations

from .. import _errors
from .._device import Size
from .._tensor import Tensor, scalar_type_name, wrap_dim
from .._warnings import warn
from ._define import publish
from .indexing import _slice
from .pieces import _cat, _listed
from .shape import _expand, _index, _reshape_to, _unsqueeze, int_tuple

# --- of at least so many dimensions -------------------------------------------------------------------------------


def _to_1d(input):
    return input if input._a.ndim else _reshape_to(input, (1,))


def _to_2d(input):
    if not input._a.ndim:
        return _reshape_to(input, (1, 1))
    return _unsqueeze(input, 0) if input._a.ndim == 1 else input


def _to_3d(input):
    if not input._a.ndim:
        return _reshape_to(input, (1, 1, 1))
    if input._a.ndim == 1:
        input = _unsqueeze(input, 0)
    return _unsqueeze(input, -1) if input._a.ndim == 2 else input


def _at_least(count: int, convert):
    def forward(*tensors):
        if len(tensors) == 1:
            (tensors,) = tensors
            if isinstance(tensors, Tensor):
                return convert(tensors)
        _require_tensors(f"atleast_{count}d", tensors)
        return tuple([convert(tensor) for tensor in tensors])

    forward.__name__ = forward.__qualname__ = f"atleast_{count}d"
    forward.__doc__ = (
        f"Each tensor with dimensions of size 1 where it has fewer than {count}: a view, or the tensor itself.\n\n"
        f"    Of several tensors, or a sequence of them, a tuple. (``torch.atleast_{count}d``)\n    "
    )
    return forward


def _require_tensors(name: str, tensors) -> None:
    """TypeError as torch's parser words it for what should be tensors one by one."""
    if not isinstance(tensors, (tuple, list)):
        what = f"{name}() received an invalid combination of arguments - got ({type(tensors).__name__})"
        raise TypeError(
            f"{what}, but expected one of:\n * (Tensor input)\n      didn't match because some of the arguments have "
            f"invalid types: (!{type(tensors).__name__}!)\n * (tuple of Tensors tensors)\n      didn't match because "
            f"some of the arguments have invalid types: (!{type(tensors).__name__}!)\n"
        )
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(tensor).__name__}")


atleast_1d = _at_least(1, _to_1d)
atleast_2d = _at_least(2, _to_2d)
atleast_3d = _at_least(3, _to_3d)


# --- side by side -------------------------------------------------------------------------------------------------


def _stacking(name: str, convert, dim, told: str):
    def forward(tensors):
        parts = [convert(tensor) for tensor in _listed(tensors, "tensors")]
        if not parts:
            raise RuntimeError(f"{name.replace('row_stack', 'vstack')} expects a non-empty TensorList")
        return _cat(parts, dim(parts[0]._a.ndim))

    forward.__doc__ = f"{told} RuntimeError for shapes that do not fit. (``torch.{name}``)"
    return publish(name, "pieces", forward, differentiable=("tensors",))


def _as_column(input):
    return _reshape_to(input, (input._a.size, 1)) if input._a.ndim < 2 else input


hstack = _stacking(
    "hstack", _to_1d, lambda ndim: 0 if ndim == 1 else 1,
    "Tensors one after another along their columns, vectors along their length.",
)  # fmt: skip
vstack = _stacking("vstack", _to_2d, lambda ndim: 0, "Tensors below each other, a vector as a row.")
row_stack = _stacking("row_stack", _to_2d, lambda ndim: 0, "Tensors below each other, a vector as a row.")
dstack = _stacking("dstack", _to_3d, lambda ndim: 2, "Tensors one after another along their third dimension.")
column_stack = _stacking(
    "column_stack", _as_column, lambda ndim: 1, "Tensors one after another along their columns, a vector as a column."
)


# --- in parts -----------------------------------------------------------------------------------------------------


def _split_at(input, bounds, dim: int, given: int):
    parts = zip((0, *bounds), (*bounds, input._a.shape[dim]), strict=True)
    return tuple([_slice(input, dim, slice(start, end, 1), None, given) for start, end in parts])


def _tensor_split(input, indices_or_sections=None, dim=0, *, tensor_indices_or_sections=None, **named):
    """Parts of a tensor along ``dim``, views of it: as many as a number says, or cut before each of several places.

    Parts that are not of one size have the larger ones first. The number or the places may be a tensor of int64.
    RuntimeError for a number below 1 and 0-d tensors. (``torch.tensor_split``)
    """
    for name in ("indices", "sections"):
        if name in named and indices_or_sections is None:
            indices_or_sections = named.pop(name)
    if named or (indices_or_sections is None) == (tensor_indices_or_sections is None):
        raise TypeError("indices_or_sections")
    where = tensor_indices_or_sections if indices_or_sections is None else indices_or_sections
    given, ndim = _index(dim), input._a.ndim
    if not ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    if isinstance(where, Tensor):
        where = _places(where)
    dim = wrap_dim(given, ndim)
    if isinstance(where, (tuple, list)):
        return _split_at(input, int_tuple((where,)), dim, dim)
    count = _index(where)
    if count <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {count}")
    least, longer = divmod(input._a.shape[dim], count)
    return _split_at(input, [least * i + min(i, longer) for i in range(1, count)], dim, dim)


def _places(tensor: Tensor):
    if tensor._a.dtype.char not in "lq":
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
            f"{scalar_type_name(tensor)}"
        )
    if tensor._a.ndim > 1:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but "
            f"got a tensor with {tensor._a.ndim} dims"
        )
    return tensor._a.tolist()


tensor_split = publish("tensor_split", "pieces", _tensor_split, methods=("tensor_split",), differentiable=("self",))


def _splitting(name: str, least: int, which: str):
    def forward(input, indices_or_sections=None, **named):
        if indices_or_sections is None and len(named) == 1:
            indices_or_sections = named.pop("indices", named.pop("sections", None))
        if named or indices_or_sections is None:
            raise TypeError("indices_or_sections")
        a = input._a
        if a.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {a.ndim} "
                "dimensions!"
            )
        dim = min(a.ndim, 2) - 1 if name == "hsplit" else least - 1 if name == "dsplit" else 0
        if not isinstance(indices_or_sections, (tuple, list)):
            count = _index(indices_or_sections)
            if not count or a.shape[dim] % count:
                raise RuntimeError(
                    f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
                    f"{a.shape[dim]} is not divisible by the split_size {count}!"
                )
        return _tensor_split(input, indices_or_sections, dim)

    forward.__doc__ = (
        f"Parts of a tensor along its {which} dimension, views of it: equal ones, or cut before each of several places."
        f"\n\n    RuntimeError for too few dimensions, and where it cannot be cut evenly. (``torch.{name}``)\n    "
    )
    return publish(name, "pieces", forward, methods=(name,), differentiable=("self",))


hsplit = _splitting("hsplit", 1, "second, if there is none its only")
vsplit = _splitting("vsplit", 2, "first")
dsplit = _splitting("dsplit", 3, "third")


# --- of one shape -------------------------------------------------------------------------------------------------


def broadcast_tensors(*tensors):
    """The tensors in the shape that they broadcast to, as views; those that have it themselves. A tuple.

    RuntimeError for shapes that do not broadcast. (``torch.broadcast_tensors``)
    """
    _require_tensors("broadcast_tensors", tensors)
    shape: tuple = ()
    for tensor in tensors:
        shape = _together(shape, tensor._a.shape)
    return tuple([tensor if tensor._a.shape == shape else _expand(tensor, shape) for tensor in tensors])


def _together(a: tuple, b: tuple) -> tuple:
    _errors.require_broadcast(a, b)
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    extra = len(longer) - len(shorter)
    return (*longer[:extra], *[y if x == 1 else x for x, y in zip(longer[extra:], shorter, strict=True)])


def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes broadcast to, a torch.Size; a number counts as a shape of one size.

    RuntimeError for shapes that do not broadcast, ValueError for negative sizes. (``torch.broadcast_shapes``)
    """
    rank = max([len(shape) if isinstance(shape, (list, tuple)) else 1 for shape in shapes], default=0)
    result = [1] * rank
    for place, shape in enumerate(shapes):
        sizes = (shape,) if isinstance(shape, int) else shape
        if not isinstance(sizes, (list, tuple)):
            if sizes < 0:  # a TypeError, mostly
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            raise RuntimeError("Input shapes should be of type ints, a tuple of ints, or a list of ints, got ", shape)
        for i in range(-1, -1 - len(sizes), -1):
            if sizes[i] < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if sizes[i] in (1, result[i]):
                continue
            if result[i] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {sizes[i]} at {i}! Mismatching argument at index "
                    f"{place} had {tuple(sizes)}; but expected shape should be broadcastable to {result}"
                )
            result[i] = sizes[i]
    return Size(result)


_INDEXING = (
    "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument. (Triggered internally "
    "at /__w/pytorch/pytorch/aten/src/ATen/native/TensorShape.cpp:4215.)"
)


def meshgrid(*tensors, indexing=None):
    """For vectors the grid of all combinations of their elements: of each a view of ``(len(x), len(y), …)``. A tuple.

    ``indexing="xy"`` puts the second vector's dimension first. RuntimeError for tensors that are no vectors or differ
    in dtype. (``torch.meshgrid``)
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        (tensors,) = tensors
    _require_tensors("meshgrid", tensors)
    if not isinstance(indexing, (str, type(None))):
        raise TypeError(f"meshgrid(): argument 'indexing' must be str, not {type(indexing).__name__}")
    if indexing is None:
        warn(_INDEXING, once=True)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if any(tensor._a.dtype is not tensors[0]._a.dtype for tensor in tensors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "xy", "ij"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for tensor in tensors:
        if tensor._a.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {tensor}")
    order = [1, 0, *range(2, len(tensors))] if indexing == "xy" and len(tensors) > 1 else range(len(tensors))
    shape = [tensors[place]._a.size for place in order]
    grids = {}
    for dim, place in enumerate(order):
        line = _reshape_to(tensors[place], tuple([-1 if i == dim else 1 for i in range(len(shape))]))
        grids[place] = _expand(line, *shape)
    return tuple([grids[place] for place in range(len(tensors))])
