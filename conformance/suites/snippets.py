"""One snippet's checks, over all seeds, as the report tells them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from conformance.compare import compare_outcomes
from conformance.compare.check import Check, Strength
from conformance.compare.documented import check_raises, judge_documented, judge_raising, told_raises
from conformance.compare.known_gaps import Gap
from conformance.documents import Snippet
from conformance.reports import model as report
from conformance.runners.protocol import Result
from conformance.suites.shown import Sides, show_sides

_DOCUMENTED = "documented"  # the kind of the checks of what a directive says


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
    if snippet.skip:
        return report.Snippet(
            snippet.label,
            snippet.line,
            snippet.reconstructed,
            "skipped",
            {},
            (),
            None,
            program[-1],
            skipped=snippet.skip,
        )
    reasons = {(gap.check, gap.where): gap.reason for gap in gaps}
    checks: Counter[str] = Counter()
    findings: dict[report.Finding, list[int]] = defaultdict(list)  # the same under several seeds is told once
    for seed, sides in runs.items():
        found = compare_outcomes(sides.subject, sides.reference)
        if snippet.raises:
            found.append((_DOCUMENTED, check_raises(snippet.raises, sides.subject.result, sides.reference.result)))
        for kind, check in found:
            finding = _finding(kind, check, reasons.get((kind, check.where)), portable or kind == _DOCUMENTED)
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
    subject = [sides.subject.result for sides in runs]
    reference = [sides.reference.result for sides in runs]
    text = snippet.expected.text if snippet.expected else None
    if snippet.raises:
        judgement = judge_raising(snippet.raises, text, subject, reference)
        line = snippet.expected.line if snippet.expected else snippet.raises.line
        return report.Output(
            line, judgement.verdict, told_raises(snippet.raises) if text is None else text, judgement.produced
        )
    if snippet.expected is None or text is None:
        return None
    judgement = judge_documented(text, subject, reference, elsewhere)
    return report.Output(snippet.expected.line, judgement.verdict, text, judgement.produced)
