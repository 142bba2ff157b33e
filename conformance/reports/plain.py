"""One snippet's failure as plain text, for reports that others make: the place and the matter, then both sides."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from conformance.reports.model import Document, Finding, Snippet
from conformance.reports.visible import visible

_SHOWN_FINDINGS = 5  # one fault is often seen in many names


def told_differences(document: Document, snippet: Snippet, subject: str) -> str | None:
    """The differences of the implementations in a snippet, None if there are none."""
    failing = [finding for finding in snippet.findings if finding.verdict == "different"]
    told = [_told(f"{document.path}:{snippet.line}", finding, subject) for finding in failing[:_SHOWN_FINDINGS]]
    told += [f"and {len(failing) - _SHOWN_FINDINGS} more differences"] if len(failing) > _SHOWN_FINDINGS else []
    return "\n\n".join(told) or None


def told_erratum(document: Document, snippet: Snippet) -> str | None:
    """That the document prints what both implementations agree not to print, None if it does not."""
    output = snippet.output
    if output is None or output.verdict != "document erratum":
        return None
    head = f"{document.path}:{output.line}: document erratum: PyTorch prints something else"
    return _with_sides(head, {"the document": output.documented, "PyTorch": output.produced})


def _told(place: str, finding: Finding, subject: str) -> str:
    seeds = ", ".join(map(str, finding.seeds))
    head = f"{place}: different: {finding.kind}: {visible(finding.where)} (seed {seeds})"
    text = _with_sides(head, {subject: finding.subject, "PyTorch": finding.reference})
    return f"{text}\n{visible(finding.detail)}" if finding.detail else text


def _with_sides(head: str, sides: Mapping[str, str]) -> str:
    return "\n".join([head, *(f"{visible(name)}:\n{indent(visible(text), '    ')}" for name, text in sides.items())])
