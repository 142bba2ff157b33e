"""Judging what a docstring shows for an example, by what PyTorch answers under several seeds.

Docstrings are written by hand: space beside brackets and commas does not count, and an unseeded truth value may be the
other one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker

from conformance.compare.documented import Verdict, judge_documented, output_of
from conformance.documents.model import Expectation
from conformance.reports.model import Output
from conformance.runners.probe import clip
from conformance.runners.protocol import Result

_TRUTH = {"True": "1", "False": "0"}


def judge_output(expected: Expectation, results: Sequence[Result]) -> Output:
    """``results`` are PyTorch's, one for each seed."""
    text = expected.text
    judgement = judge_documented(text, results, results)
    verdict = judgement.verdict
    if verdict == Verdict.ERRATUM:
        loosely = [replace(result, stdout=_loosely(result.stdout)) for result in results]
        verdict = judge_documented(_loosely(text), loosely, loosely).verdict
    if verdict == Verdict.ERRATUM and any(_fits(text, output_of(result)) for result in results):
        verdict = Verdict.MATCHES
    return Output(expected.line, verdict, text, clip(judgement.produced))


def _loosely(text: str) -> str:
    numbers = re.sub(r"\b(?:True|False)\b", lambda found: _TRUTH[found[0]], text)
    return re.sub(r"\s*([][(),])\s*", r"\1", numbers)


def _fits(documented: str, produced: str) -> bool:
    """Whether an output in which ``...`` stands for anything fits, as in doctest."""
    flags = ELLIPSIS | NORMALIZE_WHITESPACE
    return "..." in documented and OutputChecker().check_output(f"{documented}\n", f"{produced}\n", flags)
