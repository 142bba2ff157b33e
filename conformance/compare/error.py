"""The exception that ended the snippet: type, text and the line of the document."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, exactly
from conformance.runners.addresses import mask_addresses


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    ours, theirs = subject.result.error, reference.result.error
    yield exactly("exception", ours.type if ours else "none", theirs.type if theirs else "none", _text(ours or theirs))
    if ours and theirs:
        yield exactly("exception text", mask_addresses(ours.text), mask_addresses(theirs.text))
        yield exactly("exception line", ours.line, theirs.line)


def _text(error: object) -> str:
    return str(getattr(error, "text", ""))
