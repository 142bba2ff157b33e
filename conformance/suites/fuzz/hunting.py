"""The search for programs that differ, in this process: drawn and shrunk by Hypothesis, then made shorter as texts."""

from __future__ import annotations

import faulthandler
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.database import ExampleDatabase
from hypothesis.errors import Flaky

from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.coverage import Coverage, Meter
from conformance.suites.fuzz.execution import difference
from conformance.suites.fuzz.explained import Explanation, explanation_of
from conformance.suites.fuzz.failures import Failure, mark_of, sort_of
from conformance.suites.fuzz.isolated import Ended, in_a_fork
from conformance.suites.fuzz.programs import Program, programs
from conformance.suites.fuzz.shrinking import shortened, simplified, size_of, up_to

_ALIKE = 3  # programs that end alike, before more of them are passed over
_SHRINKING = 1_000  # programs that shrinking one difference may run


class _Found(AssertionError):
    """A program differs: what Hypothesis takes for the failure of a test."""


class _Enough(SkipTest):
    """There is no time left: Hypothesis lets this pass and stops."""

    def __init__(self) -> None:
        super().__init__("no time left")


@dataclass
class Outcome:
    """What came of some programs."""

    programs: int = 0
    statements: int = 0
    differing: int = 0  # programs, of which some differ alike
    unsteady: list[str] = field(default_factory=list)  # programs that differed once, and not a second time
    explained: Counter[str] = field(default_factory=Counter)  # by the reason
    failures: list[Failure] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)
    examples: list[bytes] = field(default_factory=list)  # what Hypothesis keeps of those that differ


@dataclass
class Hunt:
    """Runs programs on both sides.

    ``ignored``: sorts of differences ("_version", "stride", "raised") that are passed over. ``only``: the operators
    that programs use, all if empty. ``explanations``: of the differences that are known.
    """

    subject: ModuleType
    reference: ModuleType
    ignored: Collection[str] = ()
    only: Collection[str] = ()
    explanations: Sequence[Explanation] = ()
    most: int = 10  # failures, after which no more are looked into
    careful: bool = False  # each program in a process of its own
    outcome: Outcome = field(default_factory=Outcome)
    wanted: int = 1
    _known: set[str] = field(default_factory=set)
    _met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._meter = Meter(self.subject)
        self.outcome.coverage = self._meter.coverage
        if sys.__stderr__ is not None:
            with suppress(OSError, ValueError):
                faulthandler.enable(sys.__stderr__)  # should PyTorch crash, it is told where

    def run(
        self, examples: int, start: int = 0, limit: float = float("inf"), failures: float = float("inf")
    ) -> Outcome:
        """So many programs, or as many as there are seconds for, or until so many differ in ways of their own."""
        end, turn, self.wanted = time.monotonic() + limit, 0, examples
        while self.outcome.programs < examples and time.monotonic() < end and len(self.outcome.failures) < failures:
            number = start * 1_000 + turn
            self._take(_Round(self, examples - self.outcome.programs, number, end).run())
            turn += 1
        return self.outcome

    def replay(self, examples: Iterable[bytes]) -> Outcome:
        """What differed before and may still do so."""
        self.wanted = 1
        self._take(_Round(self, 1, 0, float("inf"), examples).run())
        return self.outcome

    def _take(self, failure: Failure | None) -> None:
        if failure is not None:
            self.outcome.failures.append(failure)

    def judge(self, program: Program) -> Difference | None:
        """A difference that has no explanation."""
        found = self.difference(program)
        return None if found is None or explanation_of(found, program, self.explanations) else found

    def difference(self, program: Program, meter: Meter | None = None) -> Difference | None:
        if not self.careful:
            return difference(program, self.subject, self.reference, self.ignored, meter)
        try:
            return in_a_fork(lambda: difference(program, self.subject, self.reference, self.ignored))
        except Ended as ending:
            last = len(program.statements) - 1  # it may have been any
            return None if self._ends_pytorch(program) else Difference(last, "raised", str(ending), "nothing")

    def _ends_pytorch(self, program: Program) -> bool:
        try:
            in_a_fork(lambda: difference(program, self.reference, self.reference))
        except Ended as ending:
            self.outcome.unsteady.append(f"{program}\n\nPyTorch itself: {ending}\n")
            return True
        return False

    def tried(self, program: Program) -> Difference | None:
        """As ``judge``, and noted. What does not differ a second time, or in PyTorch itself, is noise."""
        outcome = self.outcome
        outcome.programs += 1
        outcome.statements += len(program.statements)
        found = self.difference(program, self._meter)
        if found is None:
            return None
        if reason := explanation_of(found, program, self.explanations):
            outcome.explained[reason] += 1
            return None
        again = self.difference(program)
        if again is None or sort_of(again) != sort_of(found) or self._differs_in_itself(program):
            outcome.unsteady.append(Failure(program, found).told())
            return None
        outcome.differing += 1
        return found if len(outcome.failures) < self.most and self._is_promising(found, program) else None

    def _differs_in_itself(self, program: Program) -> bool:
        return not self.careful and difference(program, self.reference, self.reference, self.ignored) is not None

    def _is_promising(self, found: Difference, program: Program) -> bool:
        """Whether few programs have ended like this one, so that it is worth the time to shorten it."""
        mark = mark_of(Failure(up_to(Failure(program, found)), found))
        self._met[mark] += 1
        return self._met[mark] <= _ALIKE

    def is_new(self, failure: Failure) -> bool:
        """Whether nothing like it was seen before; from then on it was."""
        mark = mark_of(failure)
        if mark in self._known:
            return False
        self._known.add(mark)
        return True


class _Round:
    """One run of Hypothesis: draws until a program differs in a new way, then shrinks that difference."""

    def __init__(self, hunt: Hunt, examples: int, number: int, end: float, kept: Iterable[bytes] = ()) -> None:
        self._hunt, self._examples, self._seed, self._end = hunt, examples, number, end
        self._database = _Kept(kept)
        self._best: Failure | None = None
        self._sort = self._first_mark = ""
        self._differing: set[Program] = set()
        self._left = _SHRINKING

    def run(self) -> Failure | None:
        test: Callable[[], None] = given(programs(self._hunt.subject, only=self._hunt.only))(self._try)
        test = settings(
            max_examples=self._examples,
            database=self._database,
            deadline=None,
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
        )(seed(self._seed)(test))
        with suppress(_Found, _Enough, Flaky):
            test()
        if self._best is None:
            return None
        self._hunt.outcome.examples += self._database.examples
        smallest = simplified(self._best, self._hunt.judge)
        # Shrinking may have come down to something that is known.
        return smallest if self._hunt.is_new(smallest) or mark_of(smallest) == self._first_mark else None

    def _try(self, program: Program) -> None:
        if self._differs(program):
            raise _Found  # in one place: Hypothesis tells failures apart by their lines

    def _differs(self, program: Program) -> bool:
        """In a new way, or once such a one is found, in the same way as that."""
        if program in self._differing:
            return True
        if self._best is None:
            if time.monotonic() > self._end or self._hunt.outcome.programs >= self._hunt.wanted:
                raise _Enough
            return self._is_first(program)
        self._left -= 1
        if not self._left:
            raise _Enough
        found = self._hunt.judge(program)
        if found is None or sort_of(found) != self._sort:
            return False
        if len(program.statements) <= 2 * len(self._best.program.statements):
            self._best = min(self._best, shortened(Failure(program, found), self._hunt.judge), key=size_of)
        self._differing.add(program)
        return True

    def _is_first(self, program: Program) -> bool:
        found = self._hunt.tried(program)
        if found is None:
            return False
        failure = shortened(Failure(program, found), self._hunt.judge)
        if not self._hunt.is_new(failure):
            return False
        self._best, self._sort, self._first_mark = failure, sort_of(found), mark_of(failure)
        self._differing.add(program)
        return True


class _Kept(ExampleDatabase):
    """The examples that are to be tried first, and then those that differ."""

    def __init__(self, examples: Iterable[bytes]) -> None:
        super().__init__()
        self._kept = dict.fromkeys(examples)

    @property
    def examples(self) -> list[bytes]:
        return list(self._kept)

    def fetch(self, key: bytes) -> Iterable[bytes]:
        return [] if b"." in key else self.examples  # not those that Hypothesis thinks are interesting in other ways

    def save(self, key: bytes, value: bytes) -> None:
        if b"." not in key:
            self._kept[value] = None

    def delete(self, key: bytes, value: bytes) -> None:
        if b"." not in key:
            self._kept.pop(value, None)
