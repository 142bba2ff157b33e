"""Runs one program on both sides in this process, statement by statement, and says what is different.

Whatever a statement does is compared: what it printed, warned of and raised, and then everything that can be seen of
the names. What comes after the first difference is not looked at.
"""

from __future__ import annotations

import gc
import re
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from types import CodeType, ModuleType
from typing import Any

import numpy

from conformance.compare.value import ulp_distances
from conformance.suites.fuzz.observing import ASPECTS, STRIDE, VALUE, observe
from conformance.suites.fuzz.programs import Program

FILE = "<program>"

# How far two values may be apart, relative to the largest of the tensor. A program is exact if each of its operations
# is rounded in one way only, and then so are its values. After exp, log and the like the last bit may differ, and
# subtractions then leave nothing of a value but that bit: what remains to be compared is that it is no other formula.
RELATIVE = {True: 0.0, False: 1e-4}
# Sums and matrix products of an exact program may be added up in another order once their terms have got long.
ULP_OF_EXACT = 4

# Until everything is offered, a program ends where the subject says that it is not.
UNOFFERED_ENDS = True
_UNOFFERED = " does not offer "

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)")
_ONCE = "Triggered internally"  # what PyTorch gives once in a process, unless told otherwise


@dataclass(frozen=True)
class Difference:
    """Where the sides part: after which statement, in what ("raised", "a.grad value"), and what either has there."""

    statement: int
    where: str
    subject: str
    reference: str

    @property
    def sort(self) -> str:
        """What differs, whatever the names are."""
        return self.where.split(" ")[-1]


class Side:
    """One implementation in the course of a program."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.printed: list[str] = []
        self.namespace: dict[str, Any] = {}
        self._once: set[str] = set()

    def begin(self) -> None:
        """A fresh namespace; the generator and the modes as in a fresh process."""
        self.module.manual_seed(0)
        self.namespace = {"torch": self.module, "print": self._print, "__name__": "__main__"}
        self._once = set()

    def step(self, code: CodeType, caught: list[warnings.WarningMessage]) -> tuple[Any, ...]:
        """Run one statement; return the exception, what was printed, and the warnings."""
        self.printed.clear()
        caught.clear()
        raised = None
        try:
            exec(code, self.namespace)
        except Exception as error:
            raised = f"{type(error).__name__}: {self._plain(str(error))}"
        return raised, self._plain("\n".join(self.printed)), tuple(self._warned(caught))

    def look(self) -> dict[str, Any]:
        return observe(self.module, self.namespace)

    def _print(self, *values: object) -> None:
        self.printed.append(" ".join(map(str, values)))

    def _plain(self, text: str) -> str:
        return _ADDRESS.sub("0x…", text).replace(self.module.__name__, "torch") if text else text

    def _warned(self, caught: list[warnings.WarningMessage]) -> Iterator[str]:
        for warning in caught:
            text = self._plain(str(warning.message))
            if _ONCE in text:
                if text in self._once:
                    continue
                self._once.add(text)
            place = f"line {warning.lineno}" if warning.filename == FILE else "elsewhere"
            yield f"{warning.category.__name__} at {place}: {text}"


def difference(
    program: Program, subject: ModuleType, reference: ModuleType, ignored: Collection[str] = ()
) -> Difference | None:
    """The first thing that is different, or None. ``ignored`` are sorts of differences to be passed over."""
    sides = Side(subject), Side(reference)
    enabled = gc.isenabled()
    gc.disable()  # a collection in the midst of a program would free its graphs at another moment on each side
    try:
        with _warnings() as caught, _all_warnings_of(*sides):
            return _run(program, sides, caught, ignored)
    finally:
        for side in sides:
            side.namespace.clear()
            side.module.set_grad_enabled(True)
        if enabled:
            gc.enable()


def _run(
    program: Program, sides: tuple[Side, Side], caught: list[warnings.WarningMessage], ignored: Collection[str]
) -> Difference | None:
    for side in sides:
        side.begin()
    number = 0
    for number, text in enumerate(program.statements):
        code = compile(text, FILE, "exec")
        ours, theirs = [side.step(code, caught) for side in sides]
        if UNOFFERED_ENDS and (ours[0] or "").startswith("NotImplementedError") and _UNOFFERED in ours[0]:
            return None
        if ours != theirs:
            for where, our, their in zip(("raised", "printed", "warned"), ours, theirs, strict=True):
                alike = our == their or (not program.exact and _reads_alike(str(our), str(their)))
                if not alike and where not in ignored:
                    return Difference(number, where, _shown(our), _shown(their))
        if program.watched and (found := _look(sides, number, program.exact, ignored)):
            return found
    return _look(sides, number, program.exact, ignored) or _random_state(sides, number)


def _look(sides: tuple[Side, Side], number: int, exact: bool, ignored: Collection[str]) -> Difference | None:
    ours, theirs = [side.look() for side in sides]
    if ours == theirs:
        return None
    found = _differing(ours, theirs, number, exact)
    return next((difference for difference in found if difference.sort not in ignored), None)


def _random_state(sides: tuple[Side, Side], number: int) -> Difference | None:
    ours, theirs = [bytes(side.module.get_rng_state().tolist()) for side in sides]
    return None if ours == theirs else Difference(number, "random state", "another", "another")


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any], number: int, exact: bool) -> Iterator[Difference]:
    """The values come last: another shape tells more than the bytes it leads to."""
    values = []
    for path in {**theirs, **ours}:
        our, their = ours.get(path, "nothing"), theirs.get(path, "nothing")
        if our == their:
            continue
        if not _are_tensors(our, their):
            yield from _apart(path, our, their, number)
            continue
        for aspect, our_aspect, their_aspect in zip(ASPECTS, our, their, strict=True):
            if our_aspect == their_aspect or aspect == "value":
                continue
            if aspect != "stride" or _strides_matter(our, their):
                yield Difference(number, f"{path} {aspect}", _shown(our_aspect), _shown(their_aspect))
        values.append((path, our, their))
    for path, our, their in values:
        if our[1:3] == their[1:3] and our[VALUE] != their[VALUE]:
            arrays = [_array(side) for side in (our, their)]
            if not _agree(*arrays, exact):
                yield Difference(number, f"{path} value", *(_shown(array.tolist()) for array in arrays))


def _are_tensors(*descriptions: Any) -> bool:
    return all(isinstance(it, tuple) and len(it) == len(ASPECTS) for it in descriptions)


def _strides_matter(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    return ours[STRIDE] != theirs[STRIDE]


def _apart(path: str, ours: Any, theirs: Any, number: int) -> Iterator[Difference]:
    """The graph by its first row that differs, sharing by the groups only one side has."""
    if path == "graph":
        rows = zip_longest(ours, theirs)
        place, (our, their) = next((place, pair) for place, pair in enumerate(rows) if pair[0] != pair[1])
        yield Difference(number, f"node {place} graph", _shown(our), _shown(their))
    elif path.startswith("shared"):
        both = [[group for group in side if group not in other] for side, other in ((ours, theirs), (theirs, ours))]
        yield Difference(number, path, *map(_shown, both))
    else:
        kind = "presence" if "nothing" in (ours, theirs) else "kind"
        yield Difference(number, f"{path} {kind}", *(it[0] if isinstance(it, tuple) else str(it) for it in (ours, theirs)))


def _array(description: tuple[Any, ...]) -> numpy.ndarray[Any, Any]:
    kind = description[ASPECTS.index("dtype")].removeprefix("torch.")
    return numpy.frombuffer(description[VALUE], kind).reshape(description[ASPECTS.index("shape")])


def _agree(ours: numpy.ndarray[Any, Any], theirs: numpy.ndarray[Any, Any], exact: bool) -> bool:
    """Whether values are equal within the tolerance; NaN equals only NaN, and 0.0 not -0.0 unless rounding made it."""
    if ours.dtype.kind == "c":
        return _agree(ours.real.copy(), theirs.real.copy(), exact) and _agree(ours.imag.copy(), theirs.imag.copy(), exact)
    if ours.dtype.kind != "f":
        return False
    near = ulp_distances(ours, theirs) <= ULP_OF_EXACT
    if not exact:
        finite = numpy.isfinite(theirs) & numpy.isfinite(ours)
        largest = numpy.abs(theirs[finite]).max(initial=1.0)
        with numpy.errstate(all="ignore"):
            near |= finite & (numpy.abs(ours - theirs) <= RELATIVE[exact] * largest)
    return bool(near.all())


def _reads_alike(ours: str, theirs: str) -> bool:
    """Whether two texts are equal but for numbers that are close and the room they take."""
    if _NUMBER.sub("#", ours).split() != _NUMBER.sub("#", theirs).split():
        return False
    pairs = zip(_NUMBER.findall(ours), _NUMBER.findall(theirs), strict=True)
    return all(our == their or abs(float(our) - float(their)) <= 1e-3 * max(1, abs(float(their))) for our, their in pairs)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


@contextmanager
def _warnings() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


@contextmanager
def _all_warnings_of(subject: Side, reference: Side) -> Iterator[None]:
    """Have every program see what is warned of once in a process."""
    before = reference.module.is_warn_always_enabled()
    reference.module.set_warn_always(True)
    for module, flag in _flags(subject.module.__name__, len(sys.modules)):
        setattr(module, flag, False)
    if subject.module.__name__ == reference.module.__name__:
        subject.module.set_warn_always(True)
    try:
        yield
    finally:
        reference.module.set_warn_always(before)


_known_flags: dict[tuple[str, int], list[tuple[ModuleType, str]]] = {}


def _flags(package: str, modules: int) -> list[tuple[ModuleType, str]]:
    """The variables ``_warned…`` by which a look-alike remembers what it has warned of, looked up once."""
    if (package, modules) not in _known_flags:
        found = [module for name, module in sys.modules.items() if name.split(".")[0] == package != "torch"]
        _known_flags.clear()
        _known_flags[package, modules] = [
            (module, flag) for module in found for flag in vars(module) if flag.startswith("_warned")
        ]
    return _known_flags[package, modules]
