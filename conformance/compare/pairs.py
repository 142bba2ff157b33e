"""What the names of both sides describe, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from conformance.compare.check import Outcome
from conformance.runners.protocol import Description


class Pair(NamedTuple):
    """The descriptions of one path; None where a side has nothing there."""

    path: str
    subject: Description | None
    reference: Description | None

    def both(self, *kinds: str) -> tuple[Description, Description] | None:
        """The two descriptions, if both are of the same one of these kinds."""
        if self.subject is None or self.reference is None:
            return None
        if self.subject["kind"] != self.reference["kind"] or self.subject["kind"] not in kinds:
            return None
        return self.subject, self.reference


def pairs(subject: Outcome, reference: Outcome) -> Iterator[Pair]:
    """Each name that this snippet bound or changed on either side, and then what it holds."""
    changed = {**reference.result.names, **subject.result.names}
    pending = [Pair(name, subject.names.get(name), reference.names.get(name)) for name in reversed(changed)]
    while pending:
        pair = pending.pop()
        if pair.subject is None and pair.reference is None:
            continue
        yield pair
        if tensors := pair.both("tensor"):
            ours, theirs = (tensor["grad"] for tensor in tensors)
            if _described(ours) or _described(theirs):
                pending.append(Pair(f"{pair.path}.grad", _or_none(ours), _or_none(theirs)))
        elif containers := pair.both("container"):
            ours, theirs = (dict(container["items"]) for container in containers)
            for where in reversed({**theirs, **ours}):
                pending.append(Pair(pair.path + where, ours.get(where), theirs.get(where)))


def _described(grad: Description | None) -> bool:
    return grad is not None and "kind" in grad


def _or_none(grad: Description | None) -> Description | None:
    return {"kind": "unknown", **grad} if grad is not None else None
