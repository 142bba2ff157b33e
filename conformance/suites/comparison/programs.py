"""A fixed set of random programs, the same for every look-alike, and whether it computes in them what PyTorch does.

``conformance fuzz`` looks at everything, version counters and graphs included, of which most look-alikes have none.
Here it is the class of what each statement raises and, at the end, each tensor: dtype, shape, values, gradient.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from conformance.strategies import Program, programs
from conformance.suites.comparison.equality import alike, array


class Unit(NamedTuple):
    subject: str
    program: Program


def draw(count: int, seed: int) -> list[Program]:
    """So many programs, over all that programs can contain."""
    drawn: list[Program] = []

    @seeded(seed)
    @settings(
        max_examples=2 * count + 10, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(programs())
    def collect(program: Program) -> None:
        if program.statements:
            drawn.append(program)

    collect()
    return list(dict.fromkeys(drawn))[:count]


def is_equal(unit: Unit) -> bool:
    """Work for the executor."""
    try:
        ours = list(_outcome(unit.program, import_module(unit.subject)))
    except Exception:  # the look-alike lacks what every program needs, such as manual_seed
        return False
    theirs = list(_outcome(unit.program, import_module("torch")))
    return len(ours) == len(theirs) and all(map(alike, ours, theirs))


def _outcome(program: Program, module: ModuleType) -> Iterator[Any]:
    names: dict[str, Any] = {"torch": module, "print": lambda *_: None, "__name__": "__main__"}
    module.manual_seed(0)
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            for text in program.statements:
                # PyTorch crashes on the first hook of a view written since, unless its grad_fn was read before.
                for value in tuple(names.values()):
                    if isinstance(value, module.Tensor):
                        _told(lambda tensor: tensor.grad_fn, value)
                try:
                    exec(text, names)
                except Exception as error:
                    yield type(error).__name__
        finally:
            module.set_grad_enabled(True)
        for name, value in names.items():
            if isinstance(value, module.Tensor):
                yield from (name, _told(array, value), _told(_gradient, value))


def _told(read: Callable[[Any], Any], tensor: Any) -> Any:
    """What is read, or the class of the error: a tensor whose graph was spoilt refuses."""
    try:
        return read(tensor)
    except Exception as error:
        return type(error).__name__


def _gradient(tensor: Any) -> Any:
    return array(tensor.grad) if tensor.is_leaf and tensor.grad is not None else None
