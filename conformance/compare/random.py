"""The state of each random generator after the snippet."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, exactly


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    for source in {**reference.result.random, **subject.result.random}:
        yield exactly(f"random state of {source}", subject.random.get(source), reference.random.get(source))
