"""What a snippet wrote, character by character, addresses masked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from conformance.compare.check import Check, Outcome, Strength
from conformance.runners.addresses import mask_addresses

_SHOWN_LINES = 6


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    yield _compare_texts("stdout", subject.result.stdout, reference.result.stdout)
    yield _compare_texts("stderr", subject.result.stderr, reference.result.stderr)


def _compare_texts(where: str, ours: str, theirs: str) -> Check:
    """Identical, or the lines from the first that differs on."""
    if mask_addresses(ours) == mask_addresses(theirs):
        return Check(where, Strength.IDENTICAL)
    sides = [mask_addresses(side).splitlines(keepends=True) for side in (ours, theirs)]
    differing = [number for number, (our, their) in enumerate(zip_longest(*sides)) if our != their]
    shown = differing[:_SHOWN_LINES]
    texts = ["".join(side[number] for number in shown if number < len(side)) for side in sides]
    if texts[0].split() == texts[1].split():  # only space differs, which nobody would see
        texts = [repr(text) for text in texts]
    detail = f"{len(differing)} of {max(map(len, sides))} lines differ, the first is line {differing[0] + 1}"
    return Check(where, Strength.DIFFERENT, subject=texts[0], reference=texts[1], detail=detail)
