"""Tensors pickled and copied: the whole storage goes along, as in torch, but neither graph, ``grad`` nor hooks.

Two tensors that are pickled together share no memory afterwards; in a deep copy they share what they shared before.
A pickle names functions of this module only, so that it loads wherever the package is.
"""

from __future__ import annotations

import copy
import warnings

import numpy as np

from . import _tensor
from .autograd.nodes import VersionCounter

_OWN = frozenset((
    "_accumulator", "_accumulator_extra", "_backward_hooks", "_borrowed", "_detached", "_grad", "_made", "_outdated",
    "_post_accumulate_grad_hooks", "_root",
))  # fmt: skip


class Storage:
    """The memory of a tensor and of all that share it, as bytes: copying keeps it, pickling copies it."""

    __slots__ = ("memory", "root")

    def __init__(self, memory: np.ndarray, root: np.ndarray | None = None) -> None:
        self.memory = memory
        self.root = memory if root is None else root  # what those that share the memory know it by

    def __reduce__(self):
        return _loaded, (self.memory.tobytes(),)


def _loaded(data: bytes) -> Storage:
    return Storage(np.frombuffer(data, np.uint8).copy())


def _storage_of(tensor) -> tuple[Storage, int]:
    """The tensor's storage, and how many bytes after its start the tensor begins."""
    array, root = tensor._a, _tensor.root_of(tensor)
    root = array if root is None else root
    start = _tensor.address(array) - _tensor.address(root)
    last = max(_end(root), start + _end(array))
    flat = np.lib.stride_tricks.as_strided(root.view(), (last // root.itemsize,), (root.itemsize,))
    return Storage(flat.view(np.uint8), root), start


def _end(array: np.ndarray) -> int:
    """How many bytes after the first element the last one ends."""
    if not array.size:
        return 0
    reach = sum([(size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)])
    return reach + array.itemsize


def _placed(storage: Storage, start: int, dtype, shape, strides, requires_grad: bool, cls=None):
    """A leaf of this geometry (in bytes) in the storage."""
    out = _tensor.new(_tensor.Tensor if cls is None else cls)
    out._a = np.ndarray(shape, dtype, storage.memory, 0 if 0 in shape else start, strides)
    out._node, out._rg, out._base = None, requires_grad, None
    if _tensor.FRESH is not None:  # inference mode
        out._vc, out._root = _tensor.FRESH, storage.root
    else:
        out._vc = VersionCounter(storage.root)
        out._vc.value = 1  # as in torch, for taking the memory
    return out


# --- pickling, and with it copy.copy ------------------------------------------------------------------------------


def reduced(tensor) -> tuple:
    """What ``Tensor.__reduce_ex__`` returns; a warning for each hook of the tensor, which is lost."""
    _warn_of_hooks(tensor)
    storage, start = _storage_of(tensor)
    cls = None if type(tensor) is _tensor.Tensor else type(tensor)
    array = tensor._a
    place = storage, start, array.dtype.name, array.shape, array.strides, tensor._rg
    return _rebuilt, (*place, attributes_of(tensor), cls)


def _rebuilt(storage, start, dtype, shape, strides, requires_grad, attributes, cls):
    out = _placed(storage, start, np.dtype(dtype), shape, strides, requires_grad, cls)
    out.__dict__.update(attributes)
    return out


def attributes_of(tensor) -> dict:
    """What users have set on the tensor."""
    return {name: value for name, value in tensor.__dict__.items() if name not in _OWN}


def _warn_of_hooks(tensor) -> None:
    for hook in (tensor._backward_hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the "
                "function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=2,
            )


# --- copy.deepcopy ------------------------------------------------------------------------------------------------


def deep_copied(tensor, memo: dict):
    """What ``Tensor.__deepcopy__`` returns for a leaf; ``memo["torch"]`` has the storages that were copied already."""
    if id(tensor) in memo:
        return memo[id(tensor)]
    storage, start = _storage_of(tensor)
    known = memo.setdefault("torch", {})
    if id(storage.root) not in known:
        known[id(storage.root)] = storage.root, Storage(storage.memory.copy())
    copied = known[id(storage.root)][1]
    array = tensor._a
    cls = None if type(tensor) is _tensor.Tensor else type(tensor)
    out = _placed(copied, start, array.dtype, array.shape, array.strides, tensor._rg, cls)
    memo[id(tensor)] = out
    if tensor._grad is not None:
        out._grad = tensor._grad.__deepcopy__(memo)
    out.__dict__.update(copy.deepcopy(attributes_of(tensor), memo))
    return out
