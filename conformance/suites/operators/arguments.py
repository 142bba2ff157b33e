"""PyTorch's samples as arguments for any module: tensors of the same memory, layout and aliasing, dtypes, devices."""

from __future__ import annotations

import ctypes
from types import ModuleType
from typing import Any

import numpy


class Arguments:
    """The arguments of one sample, made anew in a module; ``tensors`` are those among them, in their order."""

    def __init__(self, module: ModuleType, sample: Any, requires_grad: bool = False) -> None:
        self.tensors: list[Any] = []
        self._module, self._requires_grad = module, requires_grad
        self._made: dict[int, Any] = {}
        self._memory: dict[int, Any] = {}
        self._copied: list[Any] = []  # what was copied stays, so that no other memory comes to lie there
        self.positional = [self._taken(argument) for argument in (sample.input, *sample.args)]
        self.named = {name: self._taken(value) for name, value in sample.kwargs.items()}

    def call(self, function: Any, **more: Any) -> Any:
        return function(*self.positional, **self.named, **more)

    @property
    def leaves(self) -> list[Any]:
        """Those that want gradients."""
        return [tensor for tensor in self.tensors if tensor.requires_grad]

    def _taken(self, value: Any) -> Any:
        import torch

        if isinstance(value, torch.Tensor):
            if id(value) in self._made:
                return self._made[id(value)]
            made = self._made[id(value)] = self._tensor(value)
            if value.requires_grad and self._requires_grad:
                made.requires_grad_(True)
            self.tensors.append(made)
            return made
        if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
            return getattr(self._module, str(value).removeprefix("torch."))
        if isinstance(value, torch.device):
            return str(value)
        if isinstance(value, torch.Size):
            return self._module.Size(value)
        if isinstance(value, torch.Generator):
            return self._module.Generator().manual_seed(value.initial_seed())
        if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            return type(value)(self._taken(item) for item in value)
        if isinstance(value, dict):
            return {key: self._taken(item) for key, item in value.items()}
        return value

    def _tensor(self, value: Any) -> Any:
        """Of the same strides, in a copy of the same memory, which others may share."""
        value = value.detach().resolve_conj().resolve_neg()
        if not value.numel():
            return self._module.zeros(list(value.shape), dtype=self._taken(value.dtype))
        storage = value.untyped_storage()
        place, in_torch = storage.data_ptr(), self._module.__name__ == "torch"
        if place not in self._memory:
            self._copied.append(storage)
            read = ctypes.string_at(place, storage.nbytes())
            self._memory[place] = storage.clone() if in_torch else numpy.frombuffer(read, "u1").copy()
        if in_torch:  # what comes from NumPy could not be resized there
            return value.new_empty(0).set_(self._memory[place], value.storage_offset(), value.shape, value.stride())
        dtype = numpy.dtype(str(value.dtype).removeprefix("torch."))
        offset, strides = value.storage_offset() * dtype.itemsize, [step * dtype.itemsize for step in value.stride()]
        return self._module.from_numpy(numpy.ndarray(value.shape, dtype, self._memory[place], offset, strides))
