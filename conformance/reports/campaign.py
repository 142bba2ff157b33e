"""What came of a campaign of random programs: its figures and its coverage, as text, JSON and Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conformance.reports.visible import visible


@dataclass(frozen=True)
class Part:
    """Of one sort of thing, which were reached and which never."""

    name: str
    reached: list[str]
    never: list[str]

    @property
    def share(self) -> str:
        total = len(self.reached) + len(self.never)
        return f"{len(self.reached)} of {total}"


@dataclass(frozen=True)
class Report:
    """``seconds`` are this time's, ``worked`` all workers' and times'; ``resumed`` programs were there before."""

    plan: dict[str, Any]
    version: str
    reference: str
    programs: int
    statements: int
    seconds: float
    worked: float
    pace: float
    workers: int
    resumed: int
    resumptions: int
    differing: int
    explained: dict[str, int]
    unsteady: list[str]
    lost: list[str]
    failures: list[str]
    parts: list[Part] = field(default_factory=list)
    pairs: int = 0
    operator_dtypes: int = 0
    nodes: list[str] = field(default_factory=list)


def told(report: Report) -> str:
    """The failures were told when they were found; this is the rest."""
    lines = [
        f"{report.programs:,} programs, {report.statements:,} statements in {report.seconds:.1f} s, "
        f"{report.pace:.0f} a second with {report.workers} workers: {len(report.failures)} differ"
    ]
    if report.resumed:
        lines.append(f"{report.resumed:,} of them were there already, from {report.resumptions} times before")
    if report.differing > len(report.failures):
        lines.append(f"{report.differing:,} programs differ in these ways")
    lines += [f"{number:,} explained: {reason}" for reason, number in report.explained.items()]
    lines += [f"not steady, so nobody is blamed:\n{program}" for program in report.unsteady]
    lines += [f"no answer: {reason}" for reason in report.lost]
    reached = ", ".join(f"{part.share} {part.name}" for part in report.parts)
    lines.append(f"reached: {reached}, {report.pairs:,} pairs of operators, {len(report.nodes)} sorts of nodes")
    return "\n".join(map(visible, lines))


def write_json(report: Report, file: Path) -> None:
    file.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")


def write_markdown(report: Report, file: Path) -> None:
    file.write_text(_markdown(report), encoding="utf-8")


def _markdown(report: Report) -> str:
    plan = report.plan
    only = f" --ops {','.join(plan['only'])}" if plan["only"] else ""
    return "\n".join(
        [
            "# A campaign of random programs",
            "",
            f"`conformance fuzz --examples {report.programs} --seed {plan['seed']}{only}`: "
            f"{plan['subject']} {report.version} beside PyTorch {report.reference}. Written by that command.",
            "",
            "| figure | |",
            "| --- | --- |",
            f"| programs | {report.programs:,} |",
            f"| statements | {report.statements:,} |",
            f"| ways in which programs differ, unexplained | {len(report.failures)} |",
            f"| programs whose difference is explained in `known_gaps.toml` | {sum(report.explained.values()):,} |",
            f"| programs that differed once and not again | {len(report.unsteady)} |",
            f"| units without an answer | {len(report.lost)} |",
            f"| times it was ended and went on | {report.resumptions} |",
            f"| programs a second and worker | {report.programs / report.worked if report.worked else 0:.0f} |",
            f"| pairs of operators, the second on a result of the first | {report.pairs:,} |",
            f"| operators with each dtype | {report.operator_dtypes:,} |",
            f"| sorts of nodes in graphs | {len(report.nodes)} |",
            *(f"| {part.name} | {part.share} |" for part in report.parts),
            "",
            *_reasons(report),
            "## Never reached",
            "",
            *(line for part in report.parts for line in _never(part)),
        ]
    )


def _reasons(report: Report) -> list[str]:
    if not report.explained:
        return []
    rows = [f"| {number:,} | {reason} |" for reason, number in report.explained.items()]
    return ["## Explained", "", "| programs | why |", "| --- | --- |", *rows, ""]


def _never(part: Part) -> list[str]:
    if not part.never:
        return []
    return [f"{part.name} ({len(part.never)}):", "", *(f"- `{name}`" for name in part.never), ""]
