"""The units of work that a campaign is made of: some programs of one seed, run in whatever process is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from threading import Lock
from time import monotonic
from typing import Any

from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.coverage import Coverage
from conformance.suites.fuzz.explained import read_explanations
from conformance.suites.fuzz.failures import Failure
from conformance.suites.fuzz.hunting import Hunt, Outcome
from conformance.suites.fuzz.programs import Program

SIZE = 250  # programs: a second or two of work

_one_at_a_time = Lock()  # grad modes, warnings and random states belong to the whole process


@dataclass(frozen=True)
class Plan:
    """What a campaign is about. The same plan draws the same programs wherever it is carried out."""

    subject: str = "shimtorch"
    seed: int = 0
    only: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """``example``: instead of new programs, the one that Hypothesis has kept under these bytes.

    ``careful``: each program in a process of its own, because one of them ended or stopped the process before.
    """

    plan: Plan
    number: int
    programs: int = SIZE
    example: bytes | None = None
    careful: bool = False


def work(unit: Unit) -> dict[str, Any]:
    """The outcome as JSON."""
    plan, began = unit.plan, monotonic()
    with _one_at_a_time:
        subject, reference = import_module(plan.subject), import_module("torch")
        reference.set_num_threads(1)  # the order of a sum depends on their number
        hunt = Hunt(subject, reference, plan.ignored, plan.only, read_explanations(plan.subject), careful=unit.careful)
        if unit.example is not None:
            outcome = hunt.replay([unit.example])
        else:
            outcome = hunt.run(unit.programs, plan.seed * 1_000_003 + unit.number)
    return pack(outcome) | {"seconds": monotonic() - began}


def pack(outcome: Outcome) -> dict[str, Any]:
    return {
        "programs": outcome.programs,
        "statements": outcome.statements,
        "differing": outcome.differing,
        "unsteady": outcome.unsteady,
        "explained": dict(outcome.explained),
        "failures": [asdict(failure) for failure in outcome.failures],
        "coverage": outcome.coverage.pack(),
        "examples": [example.hex() for example in outcome.examples],
    }


def unpack(packed: Mapping[str, Any]) -> Outcome:
    """Raises KeyError, TypeError or ValueError for what ``pack`` did not make."""
    failures = [
        Failure(Program(tuple(it["program"]["statements"]), it["program"]["watched"]), Difference(**it["difference"]))
        for it in packed["failures"]
    ]
    return Outcome(
        packed["programs"],
        packed["statements"],
        packed["differing"],
        list(packed["unsteady"]),
        Counter(packed["explained"]),
        failures,
        Coverage.unpack(packed["coverage"]),
        [bytes.fromhex(example) for example in packed["examples"]],
    )
