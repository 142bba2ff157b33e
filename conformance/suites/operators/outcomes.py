"""What comes of a call, as plain data, and what two such outcomes differ in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
BINS = (0, 1, 2, 4, 16)
"""Upper ends of the classes of distances in units in the last place; the last class has no end."""


@dataclass(frozen=True)
class Seen:
    """A tensor: its facts by name, and its values."""

    facts: dict[str, Any]
    values: numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Outcome:
    """What was returned, piece by piece, or else the class and the words of the error."""

    pieces: list[Any] = field(default_factory=list)
    error: tuple[str, str] | None = None
    returned: Any = None


def outcome(module: ModuleType, call: Callable[[], Any], inputs: Sequence[Any] = ()) -> Outcome:
    """Carry out the call from a fixed seed. ``inputs`` are the tensors that a result may share memory with."""
    module.manual_seed(0)
    try:
        returned = call()
    except Exception as error:  # whatever a look-alike raises is what came of it
        return Outcome(error=(type(error).__name__, _ADDRESS.sub("0x…", str(error))))
    return Outcome(list(_pieces(module, returned, inputs)), returned=returned)


def _pieces(module: ModuleType, value: Any, inputs: Sequence[Any]) -> Iterator[Any]:
    if isinstance(value, module.Tensor):
        yield seen(value, inputs)
    elif isinstance(value, dict):
        yield sorted(value)
        for item in value.values():
            yield from _pieces(module, item, inputs)
    elif isinstance(value, list | tuple) and type(value).__name__ != "Size":
        yield type(value).__name__
        for item in value:
            yield from _pieces(module, item, inputs)
    else:
        yield value if isinstance(value, bool | int | float | complex | str | type(None)) else str(value)


def seen(tensor: Any, inputs: Sequence[Any] = ()) -> Seen:
    plain = _with_memory(tensor.detach())
    for resolve in ("resolve_conj", "resolve_neg"):
        plain = getattr(plain, resolve, lambda same=plain: same)()
    values = plain.numpy()
    some = values.size > 0
    return Seen(
        {
            "dtype": str(tensor.dtype),
            "shape": tuple(tensor.shape),
            "strides": tuple(
                step for step, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1 and some
            ),
            "requires_grad": tensor.requires_grad,
            "is an input": next((place for place, it in enumerate(inputs) if it is tensor), None),
            "shares memory with inputs": [place for place, it in enumerate(inputs) if some and _share(tensor, it)],
        },
        values.copy(),
    )


def _share(tensor: Any, other: Any) -> bool:
    return bool(numpy.may_share_memory(_span(tensor), _span(other)))


def _with_memory(tensor: Any) -> Any:
    """PyTorch has zeros without memory, which some derivatives return."""
    return tensor.clone() if getattr(tensor, "_is_zerotensor", bool)() else tensor


def _span(tensor: Any) -> numpy.ndarray[Any, Any]:
    plain = _with_memory(tensor.detach())
    plain = plain.conj() if getattr(plain, "is_conj", bool)() else plain
    plain = plain._neg_view() if getattr(plain, "is_neg", bool)() else plain
    return plain.numpy()  # type: ignore[no-any-return]


# --- what differs -----------------------------------------------------------------------------------------------------


def difference(ours: Outcome, theirs: Outcome, with_values: bool = True) -> str:
    """In one line; empty if nothing does."""
    if ours.error != theirs.error:
        return f"{_told(ours)}, not {_told(theirs)}"
    if len(ours.pieces) != len(theirs.pieces):
        return f"{len(ours.pieces)} pieces, not {len(theirs.pieces)}"
    for place, (mine, other) in enumerate(zip(ours.pieces, theirs.pieces, strict=True)):
        if what := _piece_difference(mine, other, with_values):
            return what if len(theirs.pieces) == 1 else f"piece {place}: {what}"
    return ""


def _told(it: Outcome) -> str:
    return (
        "a result" if it.error is None else f"{it.error[0]}: {it.error[1].splitlines()[0][:200] if it.error[1] else ''}"
    )


def _piece_difference(ours: Any, theirs: Any, with_values: bool) -> str:
    if not isinstance(theirs, Seen) or not isinstance(ours, Seen):
        same = ours == theirs or (ours != ours and theirs != theirs)
        if type(ours) is not type(theirs) or (with_values and not same):
            return f"{_brief(ours)}, not {_brief(theirs)}"
        return ""
    for name, value in theirs.facts.items():
        if ours.facts[name] != value:
            return f"{name} {ours.facts[name]}, not {value}"
    return values_difference(ours.values, theirs.values) if with_values else ""


def _brief(value: Any) -> str:
    return "a tensor" if isinstance(value, Seen) else f"{type(value).__name__} {value!r}"[:100]


def values_difference(ours: numpy.ndarray[Any, Any], theirs: numpy.ndarray[Any, Any]) -> str:
    """By ``torch.testing.assert_close``, whose tolerances are those of PyTorch's own tests."""
    import torch

    try:
        torch.testing.assert_close(torch.from_numpy(ours), torch.from_numpy(theirs), equal_nan=True)
    except AssertionError as error:
        return " ".join(str(error).split())[:300]
    return ""


def distances(ours: Outcome, theirs: Outcome) -> list[int]:
    """How many float32 and float64 results are how far off, by the classes of ``BINS`` and one more for the rest."""
    counts = [0] * (len(BINS) + 1)
    for mine, other in zip(ours.pieces, theirs.pieces, strict=False):
        if isinstance(mine, Seen) and isinstance(other, Seen) and mine.values.dtype == other.values.dtype:
            for steps in _steps(mine.values, other.values):
                counts[next((place for place, end in enumerate(BINS) if steps <= end), len(BINS))] += 1
    return counts


def _steps(ours: numpy.ndarray[Any, Any], theirs: numpy.ndarray[Any, Any]) -> list[int]:
    if ours.dtype.char not in "fd" or ours.shape != theirs.shape:
        return []
    both = (numpy.isfinite(ours) & numpy.isfinite(theirs)).ravel()
    whole = f"i{ours.itemsize}"
    a, b = (numpy.ascontiguousarray(it).ravel()[both].view(whole).astype(object) for it in (ours, theirs))
    least = int(numpy.iinfo(whole).min)
    return [abs((least - x if x < 0 else x) - (least - y if y < 0 else y)) for x, y in zip(a, b, strict=True)]
