"""Where and how tensors lie: ``device``, ``Size``, layout and memory format. Only the CPU and strides are offered."""

from __future__ import annotations

import operator
from typing import Any

_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, "
    "mtia, privateuseone"
)

_INVALID = (
    "device() received an invalid combination of arguments - got {}, but expected one of:\n * (torch.device device)\n"
    "{} * (str type, int index = -1)\n"
)
_UNFIT = "      didn't match because some of the arguments have invalid types: (!{}!)\n"


class device:
    """A device's type and index, as ``torch.device``. Names that torch knows can be made, only "cpu" can be used."""

    __slots__ = ("index", "type")
    __module__ = "torch"
    index: int | None
    type: str

    def __init__(self, type: Any = None, index: int | None = None, *, device: Any = None) -> None:
        type = device if type is None else type
        if type is None:
            raise TypeError(_INVALID.format("()", ""))
        if isinstance(type, _CLASS):
            type, index = type.type, type.index
        elif not isinstance(type, str):
            if isinstance(type, int):
                raise RuntimeError("Cannot access accelerator device when none is available.")
            raise TypeError(_INVALID.format(f"({type.__class__.__name__})", _UNFIT.format(type.__class__.__name__)))
        if index is not None:
            if not isinstance(index, int):
                raise TypeError(f"device(): argument 'index' (position 2) must be int, not {index.__class__.__name__}")
            if index < 0:
                raise RuntimeError("Device index must not be negative")
        if not type:
            raise RuntimeError("Device string must not be empty")
        name, colon, number = type.partition(":")
        if name not in _TYPES.split(", "):
            raise RuntimeError(f"Expected one of {_TYPES} device type at start of device string: {name}")
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            if not number.isdigit() or (len(number) > 1 and number[0] == "0"):
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        self.type = name
        self.index = index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __getattr__(self, name: str):
        raise AttributeError(f"'torch.device' object has no attribute '{name}'")

    def __reduce__(self):
        return _device_of, ((self.type,) if self.index is None else (self.type, self.index))


_CLASS = device
CPU = device("cpu")


def _device_of(*state) -> device:
    return device(*state)


def require_cpu(wanted: object) -> None:
    """Raise torch's error (or a clear one) unless ``wanted`` is None or means the CPU."""
    if wanted is None:
        return
    if isinstance(wanted, int):
        raise RuntimeError("Cannot access accelerator device when none is available.")
    found = wanted if isinstance(wanted, device) else device(wanted)
    if found.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if found.type != "cpu":
        raise NotImplementedError(f"shimtorch has no device {str(found)!r}: tensors live on the CPU")


class Size(tuple):
    """A shape, as ``torch.Size``: a tuple of ints."""

    __slots__ = ()
    __module__ = "torch"

    def __new__(cls, sizes=()) -> Size:
        values = list(sizes)
        for i, value in enumerate(values):
            try:
                values[i] = operator.index(value)
            except TypeError:
                raise TypeError(
                    f"torch.Size() takes an iterable of 'int' (item {i} is '{type(value).__name__}')"
                ) from None
        return tuple.__new__(cls, values)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(repr, self))}])"

    def __getattr__(self, name: str):
        raise AttributeError(f"'torch.Size' object has no attribute '{name}'")

    def __reduce__(self):
        return _size_of, (tuple(self),)

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        count = 1
        for size in self:
            count *= size
        return count

    def __getitem__(self, index):
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other):
        if isinstance(other, tuple):
            return Size(tuple.__add__(self, other))
        if hasattr(type(other), "__radd__"):
            return NotImplemented
        raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")

    def __radd__(self, other):
        return Size(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count):
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


def _size_of(sizes: tuple) -> Size:
    return Size(sizes)


class _Named:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return "torch." + self._name


class layout(_Named):
    """A memory layout (``torch.layout``); only ``strided`` exists here."""

    __slots__ = ()
    __module__ = "torch"


class memory_format(_Named):
    """A memory format (``torch.memory_format``). One that has an order is for as many dimensions as are in it."""

    __slots__ = ("_order",)
    __module__ = "torch"

    def __init__(self, name: str, order: tuple[int, ...] = ()) -> None:
        super().__init__(name)
        self._order = order


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
# Their dimensions, from the fastest on.
channels_last = memory_format("channels_last", (1, 3, 2, 0))
channels_last_3d = memory_format("channels_last_3d", (1, 4, 3, 2, 0))
