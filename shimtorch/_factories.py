"""Making tensors: from data, and filled with one value. Those that follow a rule are in ``_ranges``."""

from __future__ import annotations

import builtins
import math

import numpy as np

from . import _dtypes
from . import _tensor as _tensor_module
from ._device import contiguous_format, layout, preserve_format, require_cpu
from ._layout import laid_out, new_in_format
from ._signatures import _type_name
from ._tensor import Tensor, wrap
from ._warnings import warn
from .ops._define import SCALARS, fill_array, publish, quietly
from .ops.shape import dense_copy, int_tuple, to_dtype

_PYTHON_TYPES = {
    builtins.float: _dtypes.float64, builtins.int: _dtypes.int64, builtins.bool: _dtypes.bool_,
    builtins.complex: _dtypes.complex128,
}  # fmt: skip


def _options(dtype, layout_, device, requires_grad, pin_memory=False):
    """Check the options that all factories share; the dtype asked for, or None."""
    plain = (
        layout_ is None and device is None and pin_memory is False and (requires_grad is False or requires_grad is True)
    )
    if plain and (dtype is None or type(dtype) is _dtypes.dtype):
        return dtype
    if dtype is not None and not isinstance(dtype, _dtypes.dtype):
        try:
            dtype = _PYTHON_TYPES[dtype]
        except (KeyError, TypeError):
            raise TypeError("dtype") from None
    if not (layout_ is None or isinstance(layout_, layout)) or not isinstance(pin_memory, (bool, type(None))):
        raise TypeError("layout")
    if not isinstance(requires_grad, (bool, type(None))):
        raise TypeError("requires_grad")
    if pin_memory:
        raise RuntimeError(
            "pin_memory=True requires a CUDA or other accelerator backend; no pinned memory allocator is available on "
            "this system."
        )
    if device is not None:
        require_cpu(device)
    return dtype


def _finish(array, requires_grad) -> Tensor:
    out = wrap(array)
    if requires_grad:
        if array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        out._rg = True
    return out


# --- from data ----------------------------------------------------------------------------------------------------

_COPYING = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor)."
)
_ARRAYS_IN_LIST = (
    "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a "
    "single numpy.ndarray with numpy.array() before converting to a tensor. (Triggered internally at "
    "/__w/pytorch/pytorch/torch/csrc/utils/tensor_new.cpp:252.)"
)
_PLAIN = {float: _dtypes.float32, int: _dtypes.int64, bool: _dtypes.bool_}
_warned_of_arrays = False


def _tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A copy of numbers, nested sequences of one shape, arrays or tensors as a leaf tensor.

    The dtype is inferred unless given: floats have the default dtype, integers int64. ValueError for ragged
    sequences, RuntimeError for what has no dtype and for numbers that do not fit. (``torch.tensor``)
    """
    if requires_grad is None:
        raise TypeError("requires_grad")
    dtype = _options(dtype, None, device, requires_grad, pin_memory)
    if isinstance(data, Tensor):
        warn(_COPYING)
    return _finish(_copied(data, dtype), requires_grad)


def _copied(data, dtype):
    """A new array of the numbers in ``data``, in ``dtype`` if that is not None."""
    if isinstance(data, Tensor):
        return dense_copy(data._a) if dtype is None else quietly(data._a.astype, dtype._numpy)
    if isinstance(data, np.ndarray):
        _require_forward(data)
        _require_known(data)
        return data.copy(order="K") if dtype is None else quietly(data.astype, dtype._numpy)
    return _from_python(data, dtype)


def _as_tensor(data, *, dtype=None, device=None):
    """``data`` as a tensor, without a copy where it can be: a tensor is returned itself, an array shares its memory.

    In the dtype of ``data`` unless ``dtype`` is given; converting a tensor is recorded. ValueError for ragged
    sequences and arrays of negative strides, RuntimeError for what has no dtype. (``torch.as_tensor``)
    """
    kind = _options(dtype, None, device, False)
    if isinstance(data, Tensor):
        return data if kind is None or kind is data.dtype else to_dtype(data, kind, False)
    if isinstance(data, np.ndarray):
        shared = _shared(data)
        return shared if kind is None or kind._numpy is shared._a.dtype else wrap(quietly(data.astype, kind._numpy))
    return wrap(_from_python(data, kind))


def _from_python(data, dtype):
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    shape = _shape(data)
    leaves: list = [data] if not shape else list(data) if len(shape) == 1 else _flattened(data, shape)
    kinds = set(map(type, leaves))
    if len(kinds) == 1 and (kind := next(iter(kinds))) in _PLAIN:
        inferred = _dtypes._default if kind is float else _PLAIN[kind]
    else:
        if shape and len(shape) == 1:
            leaves = _flattened(data, shape)
        inferred = _inferred(leaves) if leaves else _dtypes._default
        leaves = [leaf if type(leaf) in _PLAIN else _number(leaf) for leaf in leaves]
    return _filled(leaves, dtype or inferred).reshape(shape)


def _is_sequence(value) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        raise TypeError("len() of unsized object")
    if isinstance(value, (Tensor, np.ndarray)):
        return value.ndim > 0 and (isinstance(value, np.ndarray) or value.numel() != 1)
    if isinstance(value, bytes):
        return False
    return isinstance(value, (list, tuple)) or (
        hasattr(type(value), "__len__") and hasattr(type(value), "__getitem__") and not isinstance(value, dict)
    )


def _shape(data):
    """The shape that following first elements gives; ``_flattened`` checks the others against it."""
    shape = []
    while type(data) is not float and _is_sequence(data):
        if isinstance(data, str):
            raise ValueError("too many dimensions 'str'")
        if isinstance(data, Tensor):
            raise ValueError("only one element tensors can be converted to Python scalars")
        if isinstance(data, np.ndarray):
            _warn_of_arrays()
        shape.append(len(data))
        if not shape[-1]:
            break
        data = data[0]
    return tuple(shape)


def _warn_of_arrays() -> None:
    global _warned_of_arrays
    if not _warned_of_arrays:
        _warned_of_arrays = True
        warn(_ARRAYS_IN_LIST)


def _flattened(data, shape) -> list:
    if 0 in shape:
        return []
    level = [data]
    for dim, size in enumerate(shape):
        below: list = []
        for part in level:
            if not _is_sequence(part):
                raise TypeError("not a sequence")
            if len(part) != size:
                raise ValueError(f"expected sequence of length {size} at dim {dim} (got {len(part)})")
            below.extend(part)
        level = below
    if any(isinstance(leaf, Tensor) and _is_sequence(leaf) for leaf in level):
        raise ValueError("only one element tensors can be converted to Python scalars")
    return level


def _inferred(leaves):
    found = None
    for leaf in leaves:
        if isinstance(leaf, Tensor):
            kind = leaf.dtype
        elif isinstance(leaf, (np.generic, np.ndarray)):
            _require_known(leaf)
            kind = _dtypes.OF_NUMPY[leaf.dtype]
        elif isinstance(leaf, (bool, int, float, complex)):
            kind = _dtypes.of_scalar(leaf)
        elif isinstance(leaf, (list, tuple)):
            kind = _inferred(leaf) or _dtypes._default
        else:
            if isinstance(leaf, (str, bytes)):
                raise TypeError(f"new(): invalid data type '{type(leaf).__name__}'")
            raise RuntimeError(f"Could not infer dtype of {_type_name(leaf)}")
        found = kind if found is None else _dtypes.PROMOTED[found, kind]
    return found


def _warn_of_scalar() -> None:
    if not _tensor_module._warned_of_scalar:
        _tensor_module._warned_of_scalar = True
        warn(_tensor_module._TO_SCALAR)


def _number(leaf):
    if isinstance(leaf, Tensor) and leaf._rg:
        _warn_of_scalar()
    return leaf.item() if isinstance(leaf, (Tensor, np.generic, np.ndarray)) else leaf


_AS_INTEGER = "'{}' object cannot be interpreted as an integer"


def _filled(leaves, dtype):
    """The numbers as an array; the errors are those of numbers that do not fit."""
    category = dtype.category
    for leaf in leaves:
        if isinstance(leaf, (list, tuple)) and category:
            name = type(leaf).__name__
            if category == 1:
                raise TypeError(_AS_INTEGER.format(name))
            raise TypeError(f"must be real number, not {name}")
    if category in (1, 2) and any(isinstance(leaf, complex) for leaf in leaves):
        raise TypeError(_AS_INTEGER.format("complex") if category == 1 else "must be real number, not complex")
    if category == 0:
        return np.array([leaf != 0 for leaf in leaves], np.bool_)
    if category == 1:
        info = np.iinfo(dtype._numpy)
        lowest = -info.max if dtype is _dtypes.uint8 else info.min
        try:
            whole = [leaf if type(leaf) is int else int(leaf) for leaf in leaves]
            if whole and not (lowest <= min(whole) and max(whole) <= info.max):
                raise OverflowError
        except (OverflowError, ValueError):
            if dtype is _dtypes.int64 and all(isinstance(leaf, int) for leaf in leaves):
                raise ValueError("Overflow when unpacking long long") from None
            raise RuntimeError(f"value cannot be converted to type {str(dtype)[6:]} without overflow") from None
        return np.array(whole, np.int64).astype(dtype._numpy)
    wide = np.array(leaves, np.complex128 if category == 3 else np.float64)
    return wide if wide.dtype is dtype._numpy else quietly(wide.astype, dtype._numpy)


_KNOWN = (
    "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, "
    "and bool"
)


def _require_known(array) -> None:
    if array.dtype in _dtypes.OF_NUMPY:
        return
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    if array.dtype.name in ("uint16", "uint32", "uint64"):
        raise NotImplementedError(f"shimtorch does not offer torch.{array.dtype.name}")
    raise TypeError(
        f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}. The only supported types are: {_KNOWN}."
    )


def _require_forward(array) -> None:
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )


_READ_ONLY = (
    "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to "
    "this tensor will result in undefined behavior. You may want to copy the array to protect its data or make it "
    "writable before converting it to a tensor. This type of warning will be suppressed for the rest of this program. "
    "(Triggered internally at /__w/pytorch/pytorch/torch/csrc/utils/tensor_numpy.cpp:213.)"
)
_warned_of_read_only = False


def _from_numpy(*args, **kwargs) -> Tensor:
    """A tensor that shares the memory of ``ndarray``, as ``torch.from_numpy``.

    TypeError for what is no array or has a dtype torch lacks, ValueError for negative strides and foreign byte
    order; a warning, once, for a read-only array.
    """
    if kwargs:
        raise TypeError("torch._VariableFunctionsClass.from_numpy() takes no keyword arguments")
    if len(args) != 1:
        raise TypeError(f"torch._VariableFunctionsClass.from_numpy() takes exactly one argument ({len(args)} given)")
    (ndarray,) = args
    if not isinstance(ndarray, np.ndarray):
        kind = type(ndarray)
        module = "" if kind.__module__ == "builtins" or kind is Tensor else kind.__module__ + "."
        raise TypeError(f"expected np.ndarray (got {module}{kind.__qualname__})")
    return _shared(ndarray)


def _shared(array: np.ndarray) -> Tensor:
    """A tensor in the memory of an array, with torch's complaints."""
    global _warned_of_read_only
    if not array.flags.writeable and not _warned_of_read_only:
        _warned_of_read_only = True
        warn(_READ_ONLY)
    _require_forward(array)
    _require_known(array)
    return wrap(array.view(np.ndarray))


from_numpy = _from_numpy
from_numpy.__name__ = from_numpy.__qualname__ = "from_numpy"


tensor = publish("tensor", "factory", _tensor)
as_tensor = publish("as_tensor", "factory", _as_tensor)


# --- filled -------------------------------------------------------------------------------------------------------


def _sizes(size, function: str):
    """Sizes given one by one or as one sequence, as a tuple; for negative ones the RuntimeError of ``function``."""
    first = size[0]
    if type(first) is not int and len(size) == 1 and isinstance(first, (tuple, list)):
        size = first
    count = 1
    for s in size:
        if type(s) is not int or s < 0:
            return _checked_sizes(size, function)
        count *= s
    return tuple(size) if count < _TOO_MANY else _checked_sizes(size, function)


_TOO_MANY = 2**63 // 16


def _checked_sizes(size, function: str):
    shape = int_tuple((tuple(s.item() if isinstance(s, Tensor) and s.ndim == 0 else s for s in size),))
    for s in shape:
        if s < 0:
            if function == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {s}: {list(shape)}")
    if math.prod(shape) >= _TOO_MANY:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return shape


def _named_size(size, keywords):
    """The sizes, given one by one, as a sequence or by the name ``size``; TypeError for other keywords."""
    if not size and isinstance(keywords.get("size"), (tuple, list)):
        size = (keywords.pop("size"),)
    if keywords:
        raise TypeError(f"shimtorch does not offer the argument {next(iter(keywords))!r} of this function")
    if not size:
        raise TypeError("size")
    return size


def _constant(name: str, make):
    def forward(*size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **keywords):
        if keywords or not size:
            size = _named_size(size, keywords)
        dtype = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes._default
        return _finish(make(_sizes(size, name), dtype._numpy), requires_grad)

    forward.__doc__ = (
        f"A tensor of the given sizes filled with {name}, in the default dtype unless ``dtype`` is given.\n\n"
        f"    RuntimeError for negative sizes. (``torch.{name}``)\n    "
    )
    return publish(name, "factory", forward)


zeros = _constant("zeros", np.zeros)
ones = _constant("ones", np.ones)


def _empty(
    *size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, memory_format=None, **keywords
):  # fmt: skip
    """A tensor of the given sizes whose numbers are whatever its memory holds, in the default dtype unless given.

    RuntimeError for negative sizes. (``torch.empty``)
    """
    if keywords or not size:
        size = _named_size(size, keywords)
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes._default
    if memory_format is not None:
        if not isinstance(memory_format, type(contiguous_format)):
            raise TypeError("memory_format")
        if memory_format is preserve_format:
            raise RuntimeError("unsupported memory format Preserve")
        return _finish(new_in_format(_sizes(size, "empty"), dtype._numpy, memory_format), requires_grad)
    return _finish(np.empty(_sizes(size, "empty"), dtype._numpy), requires_grad)


empty = publish("empty", "factory", _empty)


def _fill_kind(value):
    if isinstance(value, Tensor) and value.ndim == 0 and not value._rg:
        value = value.item()
    if not isinstance(value, SCALARS):
        raise TypeError("fill_value")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError("int too big to convert")
    return value, _dtypes.of_scalar(value)


def _full(size, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor of shape ``size`` filled with a number, in its dtype unless ``dtype`` is given. (``torch.full``)"""
    value, kind = _fill_kind(fill_value)
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or kind
    if not isinstance(size, (tuple, list)):
        raise TypeError("size")
    out = np.empty(_sizes((size,), "full"), dtype._numpy)
    fill_array(out, value)
    return _finish(out, requires_grad)


full = publish("full", "factory", _full)


def _like(name: str, make):
    def forward(
        input, *args, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, memory_format=None,
        **keywords,
    ):  # fmt: skip
        kind = _options(dtype, layout, device, requires_grad, pin_memory) or input.dtype
        if memory_format is not None and not isinstance(memory_format, type(contiguous_format)):
            raise TypeError("memory_format")
        a = input._a
        if memory_format is not None and memory_format is not preserve_format:
            out = new_in_format(a.shape, kind._numpy, memory_format)
        elif a.flags.c_contiguous:
            out = np.empty(a.shape, kind._numpy)
        else:
            out = laid_out(np.empty(a.shape, kind._numpy), a)
        make(out, *args, **keywords)
        return _finish(out, requires_grad)

    forward.__doc__ = (
        f"As ``torch.{name.removesuffix('_like')}`` in the shape, memory order and (unless ``dtype`` is given) dtype\n"
        f"    of ``input``. (``torch.{name}``)\n    "
    )
    return publish(name, "factory", forward)


def _fill_with(out, fill_value) -> None:
    fill_array(out, _fill_kind(fill_value)[0])


zeros_like = _like("zeros_like", lambda out: out.fill(0))
ones_like = _like("ones_like", lambda out: out.fill(1))
full_like = _like("full_like", _fill_with)
empty_like = _like("empty_like", lambda out: None)

# --- in the dtype of another --------------------------------------------------------------------------------------


def _new(name: str, make, described: str):
    def forward(
        input, *size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **keywords
    ):  # fmt: skip
        if keywords or not size:
            size = _named_size(size, keywords)
        dtype = _options(dtype, layout, device, requires_grad, pin_memory)
        kind = input._a.dtype if dtype is None else dtype._numpy
        return _finish(make(_sizes(size, name), kind), requires_grad)

    forward.__doc__ = (
        f"A tensor of the given sizes {described}, in the dtype of ``input`` unless ``dtype`` is given.\n\n"
        f"    RuntimeError for negative sizes. (``torch.Tensor.{name}``)\n    "
    )
    publish(name, "factory", forward, methods=(name,))


_new("new_zeros", np.zeros, "filled with zeros")
_new("new_ones", np.ones, "filled with ones")
_new("new_empty", np.empty, "with whatever its memory holds")


def _new_full(
    input, size, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):  # fmt: skip
    """A tensor of shape ``size`` filled with a number, in the dtype of ``input`` unless ``dtype`` is given.

    RuntimeError for negative sizes and a number that the dtype does not hold. (``torch.Tensor.new_full``)
    """
    value, _ = _fill_kind(fill_value)
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or input.dtype
    if not isinstance(size, (tuple, list)):
        raise TypeError("size")
    out = np.empty(_sizes((size,), "full"), dtype._numpy)
    fill_array(out, value)
    return _finish(out, requires_grad)


publish("new_full", "factory", _new_full, methods=("new_full",))


def _new_tensor(input, data, *, dtype=None, device=None, requires_grad=False):
    """A copy of numbers, sequences, arrays or tensors as a leaf tensor, in the dtype of ``input`` unless given.

    ValueError for ragged sequences, RuntimeError for numbers that do not fit. (``torch.Tensor.new_tensor``)
    """
    if requires_grad is None:
        raise TypeError("requires_grad")
    kind = _options(dtype, None, device, requires_grad) or input.dtype
    if isinstance(data, Tensor):
        warn(_COPYING.replace("torch.tensor(", "tensor.new_tensor("))
    return _finish(_copied(data, kind), requires_grad)


publish("new_tensor", "factory", _new_tensor, methods=("new_tensor",))
