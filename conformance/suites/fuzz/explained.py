"""Differences of programs that are known and accepted: the table ``programs`` of ``known_gaps.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.compare.known_gaps import read_table
from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.programs import Program


@dataclass(frozen=True)
class Explanation:
    """Which differences it is about: all that is given has to fit, the patterns anywhere in their text."""

    reason: str
    subject: str = "shimtorch"
    sort: str = ""
    ours: str = ""
    theirs: str = ""
    program: str = ""

    def fits(self, found: Difference, program: Program) -> bool:
        patterns = ((self.ours, found.subject), (self.theirs, found.reference), (self.program, str(program)))
        return self.sort in ("", found.sort) and all(re.search(pattern, text) for pattern, text in patterns)


def read_explanations(subject: str) -> tuple[Explanation, ...]:
    """Those for one look-alike. Raises UnreadableGaps."""
    return tuple(it for it in read_table("programs", Explanation) if it.subject == subject)


def explanation_of(found: Difference, program: Program, explanations: Iterable[Explanation]) -> str | None:
    return next((it.reason for it in explanations if it.fits(found, program)), None)
