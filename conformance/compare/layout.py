"""How tensors and arrays lie in memory: type, dtype, shape, strides, offset, device."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, exactly
from conformance.compare.pairs import pairs


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    for pair in pairs(subject, reference):
        if both := pair.both("tensor", "array"):
            ours, theirs = both
            for aspect in ("type", "dtype", "shape", "stride", "offset", "device"):
                if aspect in theirs:
                    yield exactly(f"{pair.path} {aspect}", ours.get(aspect), theirs[aspect])
