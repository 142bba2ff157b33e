"""The warnings a snippet showed, in order: category and text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from conformance.compare.check import Check, Outcome, exactly
from conformance.runners.addresses import mask_addresses


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    both = zip_longest(subject.result.warnings, reference.result.warnings)
    for number, (ours, theirs) in enumerate(both, start=1):
        yield exactly(f"warning {number}", _told(ours), _told(theirs))


def _told(warning: tuple[str, str] | None) -> str:
    return mask_addresses(f"{warning[0]}: {warning[1]}") if warning else "none"
