"""Which names are one object, and which share memory."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, Strength, exactly


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    if subject.result.aliases is None and reference.result.aliases is None:
        return
    for sort, meaning in (("same", "one object"), ("memory", "shared memory")):
        ours, theirs = (side.aliases.get(sort, []) for side in (subject, reference))
        if ours == theirs:
            yield Check(meaning, Strength.IDENTICAL)
        else:
            yield exactly(meaning, _told(ours, theirs), _told(theirs, ours))


def _told(groups: list[list[str]], others: list[list[str]]) -> str:
    """The groups that the other side does not have."""
    return "; ".join(" = ".join(group) for group in groups if group not in others) or "apart"
