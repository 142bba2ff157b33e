"""DLPack: memory shared with NumPy and with other libraries that speak the protocol."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ._device import require_cpu
from ._mirror import Mirror
from ._tensor import Tensor, wrap

_INVALID = (
    "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might have "
    "already constructed a tensor from it once."
)
_CPU = 1  # DLPack's number for it


@cache
def device_types():
    """``torch.utils.dlpack.DLDeviceType``: DLPack's numbers for kinds of devices."""
    from enum import IntEnum

    kinds = {
        "kDLCPU": 1, "kDLCUDA": 2, "kDLCUDAHost": 3, "kDLOpenCL": 4, "kDLVulkan": 7, "kDLMetal": 8, "kDLVPI": 9,
        "kDLROCM": 10, "kDLROCMHost": 11, "kDLExtDev": 12, "kDLCUDAManaged": 13, "kDLOneAPI": 14, "kDLWebGPU": 15,
        "kDLHexagon": 16, "kDLMAIA": 17,
    }  # fmt: skip
    return IntEnum("DLDeviceType", kinds, module="torch.utils.dlpack")


def _refuse(tensor: Tensor) -> None:
    if tensor._rg:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if type(tensor._root) is Mirror and tensor._a.dtype.kind == "c":
        raise BufferError("Can't export tensors with the conjugate bit set")


def _export(self: Tensor, *, stream=-1, max_version=None, dl_device=None, copy=None):
    """The memory of the tensor as a DLPack capsule, which one consumer can take over. (``torch.Tensor.__dlpack__``)

    BufferError for a tensor that requires grad.
    """
    _refuse(self)
    if stream is not None and type(stream) is not int:
        raise TypeError("stream must be ``int`` or ``none``")
    if stream not in (None, -1):  # no `assert`: pytest adds to its words
        raise AssertionError("stream should be None on cpu.")
    if dl_device is not None and dl_device[0] != _CPU:
        raise NotImplementedError("shimtorch has no other device than the CPU")
    array = self._a.copy(order="K") if copy else _writable(self._a)
    if max_version is not None and max_version[0] >= 1:
        return array.__dlpack__(max_version=max_version)
    return array.__dlpack__()


def _export_device(self: Tensor):
    """Where the memory of the tensor is: (DLDeviceType.kDLCPU, 0)."""
    return device_types().kDLCPU, 0


Tensor.__dlpack__ = _export
Tensor.__dlpack_device__ = _export_device
for _method, _name in ((_export, "__dlpack__"), (_export_device, "__dlpack_device__")):
    _method.__name__, _method.__qualname__ = _name, f"Tensor.{_name}"


class _Memory:
    """Lets NumPy make an array of the memory of another one, which stays alive."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.__array_interface__["data"][0], False)}


def _writable(array: np.ndarray) -> np.ndarray:
    """The array itself, or one in its memory that can be written: torch knows no read-only tensors."""
    return array if array.flags.writeable or not array.size else np.asarray(_Memory(array))


class _Capsule:
    """What NumPy asks for in place of a bare capsule."""

    def __init__(self, capsule) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any):
        return self._capsule

    def __dlpack_device__(self):
        return _CPU, 0


def from_dlpack(ext_tensor, *, device=None, copy=None) -> Tensor:
    """A tensor in the memory of another library's array, or of a DLPack capsule (``torch.from_dlpack``).

    With ``copy=True`` it has memory of its own. BufferError for a tensor that requires grad and for dtypes that DLPack
    lacks, RuntimeError for what is neither array nor capsule, or a capsule that was used before.
    """
    require_cpu(device)
    if isinstance(ext_tensor, Tensor):
        _refuse(ext_tensor)
        array = ext_tensor._a
    elif isinstance(ext_tensor, np.ndarray):
        ext_tensor.__dlpack__(max_version=(1, 0))
        array = ext_tensor.view(np.ndarray)
    elif hasattr(ext_tensor, "__dlpack__"):
        array = np.from_dlpack(ext_tensor)
    elif type(ext_tensor).__name__ == "PyCapsule":
        try:
            array = np.from_dlpack(_Capsule(ext_tensor))
        except (ValueError, BufferError):
            raise RuntimeError(_INVALID) from None
    else:
        raise RuntimeError(_INVALID)
    _require_known(array)
    return wrap(array.copy(order="K") if copy else _writable(array))


def _require_known(array: np.ndarray) -> None:
    from ._factories import _require_known

    _require_known(array)
