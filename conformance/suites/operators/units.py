"""The work on one unit: all samples of one entry in one dtype, or the inputs that it must refuse."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from types import ModuleType
from typing import Any, NamedTuple

import numpy

from conformance.suites.operators import checks
from conformance.suites.operators.entries import entries, offered
from conformance.suites.operators.outcomes import BINS

ERRORS = "errors"
"""The check whose samples are the entry's error inputs."""


class Unit(NamedTuple):
    """``dtype`` is empty for the error inputs. ``samples`` limits their number, 0 does not."""

    subject: str
    entry: int
    dtype: str
    checks: tuple[str, ...]
    samples: int = 0


@dataclass(frozen=True)
class Cell:
    """What came of one check: of so many samples so many failed, the first one in this way; or it is absent."""

    check: str
    samples: int
    failed: int
    absent: bool = False
    sample: str = ""
    reason: str = ""


class Answer(NamedTuple):
    """``ulps``: how many results of the forward check were how far off, by ``BINS``."""

    cells: list[Cell]
    ulps: list[int]


def work(unit: Unit) -> Answer:
    subject, op = import_module(unit.subject), entries()[unit.entry]
    ulps = [0] * (len(BINS) + 1)
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if not unit.dtype:
            return Answer([_cell(op, subject, unit, ERRORS, ulps)], ulps)
        names = [name for name in checks.checks_of(op, unit.dtype) if name in unit.checks]
        return Answer([_cell(op, subject, unit, name, ulps) for name in names], ulps)


def _cell(op: Any, subject: ModuleType, unit: Unit, check: str, ulps: list[int]) -> Cell:
    if offered(op, subject) is None:
        count = sum(1 for _ in _samples(op, unit, check)) if check == ERRORS else 0
        return Cell(check, count, count, absent=True, reason=checks.ABSENT)
    done, failed, first, reason = 0, 0, "", ""
    for sample in islice(_samples(op, unit, check), unit.samples or None):
        done += 1
        try:
            what = _looked(check, op, subject, sample, ulps)
        except Exception as problem:  # what a look-alike returned may be anything
            what = f"cannot be compared: {type(problem).__name__}: {problem}"
        if what == checks.ABSENT:
            return Cell(check, 0, 0, absent=True, reason=checks.ABSENT)
        if what:
            failed += 1
            first, reason = first or _described(sample), reason or what
    return Cell(check, done, failed, sample=first, reason=reason)


def _looked(check: str, op: Any, subject: ModuleType, sample: Any, ulps: list[int]) -> str:
    if check == ERRORS:
        return checks.error(op, subject, sample)
    if check == "forward":
        return checks.forward(op, subject, sample, ulps)
    return checks.CHECKS[check](op, subject, sample)


def _samples(op: Any, unit: Unit, check: str) -> Iterator[Any]:
    """The same each time. Forward, each once more with inputs that are not contiguous."""
    import torch

    torch.manual_seed(0)
    if check == ERRORS:
        if op.error_inputs_func is not None:
            yield from (it.sample_input for it in op.error_inputs("cpu"))
        return
    derived = "gradient" in check
    for sample in op.sample_inputs("cpu", getattr(torch, unit.dtype), requires_grad=derived):
        yield sample
        if check == "forward":
            yield sample.noncontiguous()


def _described(sample: Any) -> str:
    import torch

    def told(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            strides = "" if value.is_contiguous() else f" strides {list(value.stride())}"
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}{strides}"
        if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
            return f"[{', '.join(map(told, value))}]"
        return repr(value)

    given = [told(value) for value in (sample.input, *sample.args)]
    return ", ".join([*given, *(f"{name}={told(value)}" for name, value in sample.kwargs.items())])[:300]
