"""One snippet's checks, over all seeds, as the report tells them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from conformance.compare import compare_outcomes
from conformance.compare.check import Check, Strength
from conformance.compare.documented import judge_documented
from conformance.compare.known_gaps import Gap
from conformance.documents import Snippet
from conformance.reports import model as report
from conformance.runners.protocol import Result
from conformance.suites.shown import Sides, show_sides


def judge_snippet(
    snippet: Snippet,
    runs: Mapping[int, Sides],
    gaps: Sequence[Gap],
    portable: bool,
    elsewhere: Result | None,
    program: Sequence[str],
) -> report.Snippet:
    """``gaps`` are those of this snippet; ``portable`` is false where PyTorch is compared with PyTorch on another CPU
    capability; ``elsewhere`` is PyTorch's answer on another one, if known; ``program`` is the code up to here."""
    reasons = {(gap.check, gap.where): gap.reason for gap in gaps}
    checks: Counter[str] = Counter()
    findings: dict[report.Finding, list[int]] = defaultdict(list)  # the same under several seeds is told once
    for seed, sides in runs.items():
        for kind, check in compare_outcomes(sides.subject, sides.reference):
            finding = _finding(kind, check, reasons.get((kind, check.where)), portable)
            checks[finding.verdict] += 1
            if check.strength != Strength.IDENTICAL:
                findings[finding].append(seed)
    return report.Snippet(
        snippet.label,
        snippet.line,
        snippet.reconstructed,
        ", ".join(sorted({sides.subject.result.ended for sides in runs.values()})),
        dict(checks),
        tuple(replace(finding, seeds=tuple(seeds)) for finding, seeds in findings.items()),
        _judge_output(snippet, list(runs.values()), elsewhere),
        **show_sides(
            runs, {seed for it, seeds in findings.items() if it.verdict == "different" for seed in seeds}, program
        ),
    )


def _finding(kind: str, check: Check, reason: str | None, portable: bool) -> report.Finding:
    verdict: str = check.strength
    if check.strength == Strength.DIFFERENT:
        verdict = "not portable" if not portable else "different" if reason is None else "accepted"
    detail = check.detail if verdict != "accepted" else f"accepted: {reason}"
    return report.Finding(kind, check.where, verdict, (), check.ulp, check.subject, check.reference, detail)


def _judge_output(snippet: Snippet, runs: Sequence[Sides], elsewhere: Result | None) -> report.Output | None:
    if snippet.expected is None:
        return None
    subject = [sides.subject.result for sides in runs]
    reference = [sides.reference.result for sides in runs]
    judgement = judge_documented(snippet.expected.text, subject, reference, elsewhere)
    return report.Output(snippet.expected.line, judgement.verdict, snippet.expected.text, judgement.produced)
