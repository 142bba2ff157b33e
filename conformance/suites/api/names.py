"""PyTorch's public names, by the namespace they are public in."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from conformance.suites.docstrings.finding import NAMESPACES as DOCUMENTED
from conformance.suites.docstrings.finding import UnknownName, lookup

_MORE = (
    "torch.amp",
    "torch.backends",
    "torch.compiler",
    "torch.export",
    "torch.futures",
    "torch.hub",
    "torch.jit",
    "torch.library",
    "torch.multiprocessing",
    "torch.package",
    "torch.profiler",
    "torch.quantization",
    "torch.return_types",
    "torch.serialization",
    "torch.types",
)
NAMESPACES = (*DOCUMENTED, *_MORE)
_PROTOCOLS = ("__torch_", "__cuda_")  # of PyTorch's own and of other devices
_OF_ANY_CLASS = frozenset(dir(type("Empty", (), {})))


def names_of(namespace: str) -> list[str]:
    """Without the namespace. Raises UnknownName.

    Of a class all that has no underscore in front, and special methods. Of a module what its ``__all__`` names, or else
    what it defines, in modules of its own too, or takes from PyTorch's compiled part.
    """
    home = lookup(namespace)
    if isinstance(home, type):
        return [name for name in dir(home) if _is_public_member(name)]
    if not isinstance(home, ModuleType):
        raise UnknownName(f"{namespace}: neither a module nor a class")
    listed = getattr(home, "__all__", None)
    names = listed if listed else [name for name in dir(home) if _is_defined_in(home, getattr(home, name, None))]
    return sorted({name for name in names if not name.startswith("_") and not _is_module(home, name)})


def _is_public_member(name: str) -> bool:
    if not name.startswith("_"):
        return True
    special = name.startswith("__") and name.endswith("__")
    return special and name not in _OF_ANY_CLASS and not name.startswith(_PROTOCOLS)


def _is_module(home: ModuleType, name: str) -> bool:
    return isinstance(getattr(home, name, None), ModuleType)


def _is_defined_in(home: ModuleType, value: Any) -> bool:
    if inspect.isbuiltin(value):
        return True
    where = f"{getattr(value, '__module__', '')}."
    return callable(value) and where.startswith((f"{home.__name__}.", "torch._C."))
