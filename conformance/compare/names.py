"""Which names are bound, to what kind of thing, and how plain values read."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, Strength, exactly
from conformance.compare.pairs import pairs
from conformance.runners.protocol import Description

_ASPECTS = {
    "plain": ("type", "text"),
    "container": ("type", "cut"),
    "callable": ("name",),
    "class": ("name",),
    "module": ("name",),
    "repeated": ("as",),
    "unknown": ("error",),
}


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    for pair in pairs(subject, reference):
        if _kind(pair.subject) == _kind(pair.reference):
            yield Check(pair.path, Strength.IDENTICAL)
        else:
            yield exactly(pair.path, _told(pair.subject), _told(pair.reference))
        if both := pair.both(*_ASPECTS):
            ours, theirs = both
            for aspect in _ASPECTS[theirs["kind"]]:
                if aspect != "text" or theirs["type"] not in ("float", "complex"):  # these are for "value"
                    yield exactly(f"{pair.path} {aspect}", ours[aspect], theirs[aspect])


def _kind(description: Description | None) -> str:
    return "nothing" if description is None else str(description["kind"])


def _told(description: Description | None) -> str:
    parts = [(description or {}).get(aspect, "") for aspect in ("type", "name", "as", "text", "error")]
    return " ".join([_kind(description), *filter(None, parts)])
