"""The report as one HTML page that needs nothing else: no network, no script to be read, no system fonts to be there.

What documents say reaches the page through one door: the environment makes every text visible and escapes it.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from conformance.reports.measurements import Measurements, Row
from conformance.reports.model import VERDICTS, Node, Report, Snippet
from conformance.reports.picture import draw
from conformance.reports.visible import visible

_TEXT_LIMIT = 20_000
_SHOWN_FINDINGS = 12  # of each snippet: one fault is often seen in many names
_NARROW = 360.0  # pixels of a picture that can stand beside the code


def write(report: Report, file: Path) -> None:
    """Raises OSError."""
    file.write_text(render(report), encoding="utf-8")


def render(report: Report) -> str:
    anchors = _anchors(report)
    environment = page_environment()
    environment.filters["anchor"] = lambda part: anchors[id(part)]
    by_status = {
        status: [document for document in report.documents if document.status == status]
        for status in ("conformant", "different", "unusable")
    }
    checks = sum((document.checks for document in report.documents), Counter[str]())
    verdicts = Counter(
        verdict for document in report.documents for snippet in document.snippets for verdict in _verdicts(snippet)
    )
    return environment.get_template("documents.html").render(
        report=report,
        **by_status,
        parts=[(document, document.name) for document in report.documents],
        snippets=sum(len(document.snippets) for document in report.documents),
        checks=checks,
        verdicts=_ranked(verdicts),
        failing=[
            (document, snippet)
            for document in report.documents
            for snippet in document.snippets
            if snippet.verdict == "different"
        ],
        references=_distinct([document.reference for document in report.documents if document.reference]),
        shown_findings=_SHOWN_FINDINGS,
    )


def write_measurements(measurements: Measurements, file: Path) -> None:
    """Raises OSError."""
    file.write_text(render_measurements(measurements), encoding="utf-8")


def render_measurements(measurements: Measurements) -> str:
    groups: dict[str, list[Row]] = {}
    for row in measurements.rows:
        groups.setdefault(row.group, []).append(row)
    taken: Counter[str] = Counter()
    anchors = {group: _untaken(_slug(group) or "group", taken) for group in groups}
    environment = page_environment()
    environment.filters["anchor"] = anchors.__getitem__
    return environment.get_template("measurements.html").render(
        measurements=measurements,
        groups=[(group, group) for group in groups],
        groups_of_rows=list(groups.items()),
        verdicts=sorted(Counter(row.verdict for row in measurements.rows).items()),
    )


def page_environment() -> Environment:
    """Templates with the style and script of every page; their texts are made visible, cut and escaped."""
    environment = Environment(
        loader=PackageLoader("conformance", "reports/templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "counted": lambda number, what: f"{number:,} {what}{'' if number == 1 else 's'}",
        "cut": lambda text, limit: Markup.escape(visible(text, limit)),
        "describe": _describe,
        "draw": draw,
        "grouped": lambda number: f"{number:,}",
        "kinds": lambda snippet: dict.fromkeys(it.kind for it in snippet.findings if it.verdict == "different"),
        "lines": _lines,
        "name": lambda text: Markup.escape(visible(text, 200)).replace("_", Markup("_<wbr>")),
        "narrow": lambda nodes: not nodes or draw(nodes).width <= _NARROW,
        "number": lambda number: f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}",
        "place": _place,
        "python": _python,
        "ranked": _ranked,
        "says": lambda it: any((it.stdout, it.stderr, it.warnings, it.error)),
        "slug": _slug,
        "verdicts": _verdicts,
    }
    for name, source in (("style", "style.css"), ("script", "script.js")):
        text = _source(environment, source)
        environment.globals[name] = Markup(text)
        environment.globals[f"{name}_hash"] = (
            f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
        )
    return environment


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _shown(value: Any) -> Any:
    return visible(value, _TEXT_LIMIT) if type(value) is str else value


def _anchors(report: Report) -> dict[int, str]:
    """An anchor for each document and snippet, made of their names; the same ones as long as these stay."""
    taken: Counter[str] = Counter()
    anchors: dict[int, str] = {}

    for document in report.documents:
        within = anchors[id(document)] = _untaken(_slug(document.name) or "document", taken)
        for snippet in document.snippets:
            anchors[id(snippet)] = _untaken(f"{within}--{_slug(snippet.label) or 'snippet'}", taken)
    return anchors


def _untaken(anchor: str, taken: Counter[str]) -> str:
    taken[anchor] += 1
    return anchor if taken[anchor] == 1 else _untaken(f"{anchor}-{taken[anchor]}", taken)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text[:200].lower()).strip("-")[:60]


def _verdicts(snippet: Snippet) -> list[str]:
    """What the filter finds it by."""
    outputs = [f"output: {snippet.output.verdict}"] if snippet.output else []
    return [snippet.verdict, *outputs] if snippet.checks else outputs


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The worst verdict first, what is none of checks after them."""
    rank = {verdict: -place for place, verdict in enumerate(VERDICTS)}
    return sorted(counts.items(), key=lambda item: (rank.get(item[0], 1), item[0]))


def _distinct(references: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return list({tuple(sorted(facts.items())): facts for facts in references}.values())


def _lines(text: str, other: str | None) -> list[tuple[Markup, bool]]:
    """The lines of a text, and whether that of the other text, if there is one, differs from it."""
    lines = visible(text, _TEXT_LIMIT).split("\n")
    others = lines if other is None else visible(other, _TEXT_LIMIT).split("\n")
    pairs = list(zip_longest(lines, others))[: len(lines)]
    while len(pairs) > 1 and pairs[-1][0] == "":
        pairs.pop()
    return [(Markup.escape(line), line != other_line) for line, other_line in pairs]


def _python(code: str) -> Markup:
    shown = visible(code.expandtabs(4), _TEXT_LIMIT)
    return Markup(highlight(shown, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))  # which escapes


def _place(row: Row) -> dict[str, float | None]:
    """Where in a picture 160 wide a row's ratios stand: 1 in the middle, a sixteenth and 16 at the ends."""

    def place(ratio: float | None) -> float | None:
        if ratio is None or math.isnan(ratio):
            return None
        return round(80 + 74 * math.log(min(max(ratio, 1 / 16), 16)) / math.log(16), 1)

    return {"even": 80.0, **{name: place(getattr(row, name)) for name in ("low", "ratio", "high", "bound")}}


def _describe(nodes: Sequence[Node]) -> str:
    """The graph in words, for who cannot see the picture."""
    names = [f"{node.name} ({node.tensor})" if node.tensor else node.name for node in nodes]
    lines = [
        f"{names[number]} to {', '.join(names[target] for target, _ in node.edges if target is not None)}"
        for number, node in enumerate(nodes)
        if any(target is not None for target, _ in node.edges)
    ]
    return "; ".join(lines or names)
