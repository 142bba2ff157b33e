"""Whether a snippet finished, and if not, what became of it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, exactly


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    yield exactly("ending", _told(subject), _told(reference))


def _told(outcome: Outcome) -> str:
    return f"{outcome.result.ended} {outcome.result.detail}".rstrip()
