"""PyTorch's table of operators (OpInfo): what it tests as one, and what a look-alike has for it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection
from functools import cache, partial
from types import FunctionType, ModuleType
from typing import Any


@cache
def entries() -> list[Any]:
    """All of them, in PyTorch's order. Raises ImportError where PyTorch or its ``expecttest`` is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return list(op_db)


def name_of(op: Any) -> str:
    """The operator's name and, where there are several ways to call it, which one is tested."""
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else str(op.name)


def chosen(pattern: str = "", names: Collection[str] | None = None) -> list[int]:
    """Places of the entries whose full name fits the pattern, and whose operator is among the names if there are any.

    Raises re.error.
    """
    fits = re.compile(pattern)
    return [
        place for place, op in enumerate(entries()) if fits.search(name_of(op)) and (names is None or op.name in names)
    ]


def dtypes_of(op: Any, subject: ModuleType) -> list[str]:
    """The dtypes that PyTorch's operator takes on a CPU, of those that the look-alike has at all."""
    names = sorted(str(dtype).removeprefix("torch.") for dtype in op.supported_dtypes("cpu"))
    return [name for name in names if hasattr(subject, name)]


def offered(op: Any, subject: ModuleType) -> Callable[..., Any] | None:
    """What the subject has for it, by PyTorch's name: a function, or else a method. None if it has neither.

    What PyTorch wrote in Python for its samples runs with the subject in the place of ``torch``.
    """
    if isinstance(op.op, FunctionType) and op.op.__module__.startswith("torch.testing."):
        method = getattr(getattr(subject, "Tensor", None), op.name, None)
        return with_subject(op.op, subject) if method is not None or _named(subject, op.name) is not None else None
    return (
        _named(subject, op.name)
        or _named(getattr(subject, "Tensor", None), op.name)
        or _named(subject, f"ops.aten.{op.name}")
    )


def method_of(op: Any, subject: ModuleType, kind: str) -> Callable[..., Any] | None:
    """What the subject has for ``op.method_variant`` or ``op.inplace_variant``; None if it lacks it."""
    theirs = getattr(op, kind)
    if isinstance(theirs, FunctionType) and theirs.__module__.startswith("torch.testing."):
        function: Callable[..., Any] = with_subject(theirs, subject)
        return function
    if isinstance(theirs, partial):  # of a function of nn.functional
        found = _named(subject, f"{theirs.func.__module__.removeprefix('torch.')}.{theirs.func.__name__}")
        return found and partial(found, *theirs.args, **theirs.keywords)
    return _named(getattr(subject, "Tensor", None), theirs.__name__)


def with_subject(function: Any, subject: ModuleType) -> Any:
    """A Python function of PyTorch's tests that finds the subject under the name ``torch``."""
    if not isinstance(function, FunctionType) or subject.__name__ == "torch":
        return function
    names = function.__globals__ | {"torch": subject, "wrapper_set_seed": partial(_seeded, subject)}
    changed = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    changed.__kwdefaults__ = function.__kwdefaults__
    return changed


def _seeded(module: ModuleType, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """PyTorch's ``wrapper_set_seed`` for another module."""
    module.manual_seed(42)
    return function(*arguments, **keywords)


def _named(place: Any, name: str) -> Callable[..., Any] | None:
    for part in name.split("."):
        try:
            place = getattr(place, part, None)
        except Exception:  # look-alikes refuse in their own ways
            return None
    return place if callable(place) else None
