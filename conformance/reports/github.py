"""The report as GitHub shows it under a workflow's run: Markdown, appended to the file in ``$GITHUB_STEP_SUMMARY``.

Text of documents stands in <code> and <pre>, every mark in it as a character reference: so it is neither Markdown nor
HTML, and mentions nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from conformance.reports.model import Document, Finding, Report, Snippet
from conformance.reports.visible import visible

SIZE_LIMIT = 1 << 20  # bytes of all that a step's summary may hold; GitHub shows nothing of a larger one
_ROOM = 200  # of it, for the line that says that something was left out
_SHOWN_FINDINGS = 5  # of each snippet: one fault is often seen in many names
_TOLD_OUTPUTS = ("document erratum", "not portable")
_SIGNS = {"conformant": "✅", "different": "❌", "unusable": "⚠️"}


def write(report: Report, file: Path) -> None:
    """Append to the file. Raises OSError."""
    already = file.stat().st_size if file.is_file() else 0
    with file.open("a", encoding="utf-8") as summary:
        summary.write(render(report, SIZE_LIMIT - already))


def render(report: Report, limit: int = SIZE_LIMIT) -> str:
    """The whole report, or as much as the limit in bytes allows."""
    parts = [_head(report), *_documents(report)]
    room = limit - _ROOM
    for number, part in enumerate(parts):
        room -= len(part.encode())
        if room < 0:
            return (
                "".join(parts[:number])
                + f"\n{len(parts) - number} more parts of this report are too much for a summary.\n"
            )
    return "".join(parts)


def _head(report: Report) -> str:
    lines = ["", f"## {_SIGNS[report.status]} {_code(report.subject)} against PyTorch: {report.status}", ""]
    lines += ["| document | snippets | documented outputs | checks | verdict |", "| --- | ---: | --- | --- | --- |"]
    for document in report.documents:
        cells = [
            _code(document.name),
            str(len(document.snippets) or "") + (f" ({document.skipped} skipped)" if document.skipped else ""),
            _counted(document.outputs),
            _counted(document.checks),
            f"{_SIGNS[document.status]} {document.status}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    references = [_reference(document.reference) for document in report.documents if document.reference]
    lines += ["", *(f"Reference: {reference}\n" for reference in dict.fromkeys(references))]
    lines += [f"- known gap that no longer differs, take it out: {_code(gap)}" for gap in report.outdated_gaps]
    return "\n".join(lines) + "\n"


def _documents(report: Report) -> list[str]:
    """What there is to tell beyond the table, in parts that can be left out."""
    parts = []
    for document in report.documents:
        if document.problem is not None:
            parts.append(f"\n⚠️ {_code(document.name)}\n{_block(document.problem)}")
        for snippet in document.snippets:
            failing = [finding for finding in snippet.findings if finding.verdict == "different"]
            if failing:
                parts.append(_failure(report, document, snippet, failing))
            if snippet.output and snippet.output.verdict in _TOLD_OUTPUTS:
                output = snippet.output
                what = f"{_place(document, snippet)}: {output.verdict}, line {output.line}"
                parts.append(_details(what, {"document": output.documented, "PyTorch": output.produced}))
    return parts


def _failure(report: Report, document: Document, snippet: Snippet, failing: list[Finding]) -> str:
    lines = [f"\n<details open><summary>❌ {_place(document, snippet)}</summary>\n", _block(snippet.code)]
    for finding in failing[:_SHOWN_FINDINGS]:
        lines.append(f"\n{finding.kind}: {_code(finding.where)} (seed {', '.join(map(str, finding.seeds))})\n")
        lines += [_side(report.subject, finding.subject), _side("PyTorch", finding.reference)]
        lines += [f"\n{_code(finding.detail)}\n"] if finding.detail else []
    if len(failing) > _SHOWN_FINDINGS:
        lines.append(f"\n{len(failing) - _SHOWN_FINDINGS} more differences in this snippet.\n")
    return "".join(lines) + "\n</details>\n"


def _details(what: str, sides: Mapping[str, str]) -> str:
    texts = "".join(_side(name, text) for name, text in sides.items())
    return f"\n<details><summary>{what}</summary>\n{texts}\n</details>\n"


def _side(name: str, text: str) -> str:
    return f"\n{_code(name)}\n{_block(text)}"


def _place(document: Document, snippet: Snippet) -> str:
    line = f"line {snippet.line}"
    label = "" if snippet.label == line else f" {_code(snippet.label)}"
    return f"{_code(document.name)}{label} {line}"


def _reference(facts: Mapping[str, str]) -> str:
    shown = {name: _code(fact) for name, fact in facts.items()}
    return (
        f"{shown['from']} of PyTorch {shown['version']}, CPU capability {shown['capability']}, "
        f"Python {shown['python']}, NumPy {shown['numpy']}, {shown['platform']}"
    )


def _counted(counts: Mapping[str, int]) -> str:
    return "<br>".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))


def _code(text: str) -> str:
    return f"<code>{_escaped(visible(text, 300)).replace(chr(10), ' ')}</code>"


def _block(text: str) -> str:
    """A line of its own that begins with <pre is HTML up to </pre>, whatever stands between."""
    return f"\n<pre>{_escaped(visible(text))}</pre>\n"


def _escaped(text: str) -> str:
    return re.sub(r"[!-/:-@\[-`{-~]", lambda mark: f"&#{ord(mark[0])};", text)
