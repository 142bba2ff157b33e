"""A fixed set of random programs, the same for every look-alike."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from conformance.strategies import Program, difference, programs
from conformance.suites.fuzz import execution


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
    """Work for the executor: whether the look-alike does throughout what PyTorch does."""
    before, execution.UNOFFERED_ENDS = execution.UNOFFERED_ENDS, False  # what is lacking counts, in whatever words
    try:
        return difference(unit.program, import_module(unit.subject), import_module("torch")) is None
    except Exception:  # the look-alike lacks what every program needs, such as manual_seed
        return False
    finally:
        execution.UNOFFERED_ENDS = before
