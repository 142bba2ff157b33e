"""What both implementations showed in a snippet, and the graphs they left behind, as the report tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from conformance.compare.check import Outcome
from conformance.reports import model as report
from conformance.runners.addresses import mask_addresses
from conformance.runners.probe import clip
from conformance.runners.protocol import Result
from conformance.suites.graphs import choose_graphs


@dataclass(frozen=True)
class Sides:
    """What both did in one snippet under one seed."""

    subject: Outcome
    reference: Outcome


def show_sides(runs: Mapping[int, Sides], differing: Set[int], program: Sequence[str]) -> dict[str, Any]:
    """The fields of a report's Snippet about what was shown, under the first of the differing seeds if there is one.

    ``program`` is the code of the snippets up to this one, which is the last.
    """
    seed = min(differing or runs)
    sides = runs[seed]
    subject, reference = _printed(sides.subject.result), _printed(sides.reference.result)
    graphs, left_out = choose_graphs(sides.subject, sides.reference, program)
    return {
        "code": program[-1],
        "shown_seed": seed,
        "reference": reference,
        "subject": None if subject == reference else subject,
        "graphs": graphs,
        "graphs_left_out": left_out,
    }


def _printed(result: Result) -> report.Printed:
    return report.Printed(
        _clipped(result.stdout),
        _clipped(result.stderr),
        tuple(_clipped(f"{category}: {text}") for category, text in result.warnings),
        _clipped(f"{result.error.type}: {result.error.text}") if result.error else None,
    )


def _clipped(text: str) -> str:
    return clip(mask_addresses(text))
