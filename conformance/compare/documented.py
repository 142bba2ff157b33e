"""Verdicts on what a document itself prints.

Space at the ends of lines and empty lines at either end of a text never count, and addresses are masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from conformance.compare.check import Check, Strength
from conformance.compare.tolerance import PRINTED_UNITS
from conformance.documents.model import Raises
from conformance.documents.rewriting import Shown
from conformance.runners.addresses import mask_addresses
from conformance.runners.protocol import Result

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:(?!\w)|(?=j\b))")


class Verdict(StrEnum):
    MATCHES = "matches"
    AS_PRINTED = "matches as printed"
    ERRATUM = "document erratum"
    NOT_REPRODUCIBLE = "not reproducible"
    NOT_PORTABLE = "not portable"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    produced: str


def output_of(result: Result) -> str:
    """What a document would show for a snippet: what it printed, then the last line of its traceback."""
    error = [f"{result.error.type}: {result.error.text}"] if result.error else []
    return _trim(mask_addresses("\n".join([result.stdout.removesuffix("\n"), *error])))


def judge_documented(
    documented: str, subject: Sequence[Result], reference: Sequence[Result], elsewhere: Result | None = None
) -> Judgement:
    """Judge a documented output by what both sides gave under each seed.

    ``elsewhere`` is PyTorch's answer under the first seed on another CPU capability, where it is known.
    """
    documented = _trim(mask_addresses(documented))
    ours, theirs = ([output_of(result) for result in side] for side in (subject, reference))
    produced = theirs[0]
    if ours != theirs:
        return Judgement(Verdict.DIFFERENT, ours[0])
    if len(set(theirs)) > 1:
        fits = any(_matches_varying(documented, theirs, pattern) for pattern in theirs)
        return Judgement(Verdict.NOT_REPRODUCIBLE if fits else Verdict.ERRATUM, produced)
    if documented == produced:
        return Judgement(Verdict.MATCHES, produced)
    if _equal_as_printed(documented, produced):
        return Judgement(Verdict.AS_PRINTED, produced)
    if elsewhere is not None and _equal_as_printed(documented, output_of(elsewhere)):
        return Judgement(Verdict.NOT_PORTABLE, produced)
    return Judgement(Verdict.ERRATUM, produced)


def shown_of(result: Result, expected: Raises | None, documented: str) -> Shown:
    """What a document is to show for a result; not the exception where it is expected, and was not shown before."""
    error = (result.error.type, _trim(mask_addresses(result.error.text))) if result.error else None
    if expected and error and not re.search(rf"(?m)^[\w.]*\b{re.escape(error[0])}\b", documented):
        error = None
    return Shown(_trim(mask_addresses(result.stdout)), error)


def same_output(documented: str, produced: str) -> bool:
    return _trim(mask_addresses(documented)) == _trim(mask_addresses(produced))


def check_raises(expected: Raises, subject: Result, reference: Result) -> Check:
    """Whether both sides ended in the exception that a directive expects."""
    told = f"the document says that this raises {told_raises(expected)}"
    if _raised(expected, subject) and _raised(expected, reference):
        return Check("expected exception", Strength.IDENTICAL)
    return Check("expected exception", Strength.DIFFERENT, 0, _ending(subject), _ending(reference), told)


def judge_raising(
    expected: Raises, documented: str | None, subject: Sequence[Result], reference: Sequence[Result]
) -> Judgement:
    """Judge the output of a snippet that is to end in an exception, which the documented output may tell or not."""
    sides = [*subject, *reference]
    if not all(_raised(expected, result) for result in sides):
        return Judgement(Verdict.DIFFERENT, output_of(next(it for it in sides if not _raised(expected, it))))
    if documented is None:
        return Judgement(Verdict.MATCHES, output_of(reference[0]))
    judgement = judge_documented(documented, subject, reference)
    if judgement.verdict != Verdict.ERRATUM:
        return judgement
    ours, theirs = ([replace(result, error=None) for result in side] for side in (subject, reference))
    lenient = judge_documented(documented, ours, theirs)
    return judgement if lenient.verdict == Verdict.ERRATUM else lenient


def _raised(expected: Raises, result: Result) -> bool:
    error = result.error
    if error is None or expected.type not in ("Exception", error.type):
        return False
    if expected.text is None:
        return True
    parts = [re.escape(" ".join(part.split())) for part in expected.text.split("...")]
    pattern = r"\s*.*\s*".join(parts) if len(parts) > 1 else parts[0]
    return bool(re.fullmatch(pattern, " ".join(mask_addresses(error.text).split()), re.DOTALL))


def told_raises(expected: Raises) -> str:
    """The exception as its directive has it."""
    return expected.type + (f": {expected.text}" if expected.text else "")


def _ending(result: Result) -> str:
    if result.error:
        return f"{result.error.type}: {result.error.text}"
    return "no exception" if result.finished else f"{result.ended} {result.detail}".rstrip()


def _trim(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def _words_and_numbers(text: str) -> tuple[list[str], list[str]]:
    """The text around the numbers, runs of space as one since columns follow the widest number, and the numbers."""
    words = [re.sub(r"\s+", " ", word) for word in _NUMBER.split(text)]
    # Inside a tensor a bracket may be followed by space, where a sign of another row has its place.
    return [re.sub(r"(?<=\[) ", "", word) for word in words], _NUMBER.findall(text)


def _equal_as_printed(documented: str, produced: str) -> bool:
    words, numbers = _words_and_numbers(documented)
    other_words, other_numbers = _words_and_numbers(produced)
    return words == other_words and all(map(_number_as_printed, numbers, other_numbers))


def _number_as_printed(documented: str, produced: str) -> bool:
    """Within half a unit of the documented number's last digit. A number without decimals is exact: torch prints "3."
    only for what is whole."""
    written, computed = Decimal(documented), Decimal(produced)
    exponent = written.as_tuple().exponent
    if documented.startswith("-") != produced.startswith("-"):
        return False
    if not isinstance(exponent, int) or exponent >= 0:
        return written == computed
    return abs(written - computed) <= Decimal(PRINTED_UNITS) * Decimal(1).scaleb(exponent)


def _matches_varying(documented: str, outputs: list[str], pattern: str) -> bool:
    """Whether the documented text has the form of one output, and its numbers wherever no seed changes them."""
    words, numbers = _words_and_numbers(documented)
    pattern_words, pattern_numbers = _words_and_numbers(pattern)
    if words != pattern_words:
        return False
    every = [_words_and_numbers(output)[1] for output in outputs]
    if len({len(found) for found in every}) > 1:
        return True
    fixed = [len(set(found)) == 1 for found in zip(*every, strict=True)]
    return all(
        _number_as_printed(written, computed)
        for written, computed, is_fixed in zip(numbers, pattern_numbers, fixed, strict=True)
        if is_fixed
    )
