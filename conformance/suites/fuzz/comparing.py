"""Which difference there is between what two sides show, and how far apart numbers may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy

from conformance.compare.value import ulp_distances
from conformance.suites.fuzz.observing import ASPECTS, VALUE

# A program is exact if each of its operations is rounded in one way only. Its values are, too, but that sums and matrix
# products of numbers that have got long may be added up in another order.
_ULP = 4
# After exp, log and the like the last bit may differ, and a subtraction then leaves nothing of a value but that bit.
# What can be said is that it is no other formula: values may be so far apart, in terms of the largest of their tensor
# (and of 1, because what was subtracted is not known), and so far numbers as printed, of which there are four digits.
_RELATIVE = 1e-4
_PRINTED = 1e-3

_OF_ALL = ("graph", "shared objects", "shared memory")  # what is no tensor, however many items it has
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)")


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


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any], number: int, exact: bool) -> Iterator[Difference]:
    """The values come last: another shape tells more than the bytes it leads to."""
    values = []
    for path in {**theirs, **ours}:
        our, their = ours.get(path, "nothing"), theirs.get(path, "nothing")
        if our == their:
            continue
        if path in _OF_ALL or not _are_tensors(our, their):
            yield from _apart(path, our, their, number)
            continue
        for aspect, our_aspect, their_aspect in zip(ASPECTS, our, their, strict=True):
            if our_aspect != their_aspect and aspect != "value":
                yield Difference(number, f"{path} {aspect}", shown(our_aspect), shown(their_aspect))
        values.append((path, our, their))
    for path, our, their in values:
        if our[1:3] == their[1:3] and our[VALUE] != their[VALUE]:
            our_array, their_array = _array(our), _array(their)
            if not _agree(our_array, their_array, exact):
                yield Difference(number, f"{path} value", shown(our_array.tolist()), shown(their_array.tolist()))


def _are_tensors(*descriptions: Any) -> bool:
    return all(isinstance(it, tuple) and len(it) == len(ASPECTS) for it in descriptions)


def _apart(path: str, ours: Any, theirs: Any, number: int) -> Iterator[Difference]:
    """The graph by its first row that differs, sharing by the groups only one side has."""
    if path == "graph":
        rows = zip_longest(ours, theirs)
        unlike = [(place, pair) for place, pair in enumerate(rows) if pair[0] != pair[1] and not _forgotten(*pair)]
        if not unlike:
            return
        place, (our, their) = unlike[0]
        yield Difference(number, f"node {place} graph", shown(our), shown(their))
    elif path.startswith("shared"):
        both = [[group for group in side if group not in other] for side, other in ((ours, theirs), (theirs, ours))]
        yield Difference(number, path, *map(shown, both))
    else:
        kind = "" if path == "random state" else " presence" if "nothing" in (ours, theirs) else " kind"
        told = [str(it[0]) if isinstance(it, tuple) else str(it) for it in (ours, theirs)]
        yield Difference(number, f"{path}{kind}", *told)


def _forgotten(our: Any, their: Any) -> bool:
    """Whether PyTorch only forgot which leaf a node is of: a function that writes into a tensor takes it away."""
    return our is not None and their is not None and our[:3] == their[:3] and their[3] is None


def _array(description: tuple[Any, ...]) -> numpy.ndarray[Any, Any]:
    kind = description[ASPECTS.index("dtype")].removeprefix("torch.")
    return numpy.frombuffer(description[VALUE], kind).reshape(description[ASPECTS.index("shape")])


def _agree(ours: numpy.ndarray[Any, Any], theirs: numpy.ndarray[Any, Any], exact: bool, largest: float = 1.0) -> bool:
    """Whether values are equal within the tolerance; NaN equals only NaN, and 0.0 not -0.0 unless rounding made it."""
    if ours.dtype.kind == "c":
        parts = [(getattr(ours, part).copy(), getattr(theirs, part).copy()) for part in ("real", "imag")]
        largest = numpy.abs(theirs[numpy.isfinite(theirs)]).max(initial=1.0)
        return all(_agree(our, their, exact, largest) for our, their in parts)
    if ours.dtype.kind != "f":
        return False
    near = ulp_distances(ours, theirs) <= _ULP
    if not exact:
        finite = numpy.isfinite(theirs) & numpy.isfinite(ours)
        largest = numpy.abs(theirs[finite]).max(initial=largest)
        with numpy.errstate(all="ignore"):
            near |= finite & (numpy.abs(ours - theirs) <= _RELATIVE * largest)
    return bool(near.all())


def reads_alike(ours: str, theirs: str) -> bool:
    """Whether two texts are equal but for numbers that are close and the room they take."""
    if "".join(_NUMBER.sub("#", ours).split()) != "".join(_NUMBER.sub("#", theirs).split()):
        return False
    pairs = zip(_NUMBER.findall(ours), _NUMBER.findall(theirs), strict=True)
    return all(our == their or _close(float(our), float(their)) for our, their in pairs)


def _close(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= _PRINTED * max(1, abs(theirs))


def shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
