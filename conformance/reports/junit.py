"""The report as JUnit XML, which CI services show: a suite for each document, a case for each snippet.

A case fails if anything in it differs; a document without a verdict is one case with an error. Texts are made visible,
since XML has no way to write most control characters.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from conformance.reports.model import Document, Finding, Report, Snippet
from conformance.reports.visible import visible

_GAPS = "known gaps"


def write(report: Report, file: Path) -> None:
    """Raises OSError."""
    file.write_bytes(render(report))


def render(report: Report) -> bytes:
    root = ElementTree.Element("testsuites", name=f"conformance of {visible(report.subject)}")
    for document in report.documents:
        _add_suite(root, document)
    if report.outdated_gaps:
        suite = ElementTree.SubElement(root, "testsuite", name=_GAPS)
        for gap in report.outdated_gaps:
            case = ElementTree.SubElement(suite, "testcase", classname=_GAPS, name=visible(gap))
            ElementTree.SubElement(case, "failure", message="it no longer differs: take it out")
        _count(suite)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.attrib[name]) for suite in root)))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_suite(root: ElementTree.Element, document: Document) -> None:
    path = visible(document.path)
    suite = ElementTree.SubElement(root, "testsuite", name=path, file=path)
    if facts := {**document.reference}:
        properties = ElementTree.SubElement(suite, "properties")
        for name, fact in facts.items():
            ElementTree.SubElement(properties, "property", name=f"reference.{visible(name)}", value=visible(fact))
    if document.problem is not None:
        case = ElementTree.SubElement(
            suite, "testcase", classname=visible(document.name), name="the document", file=path
        )
        ElementTree.SubElement(case, "error", message=_line(document.problem)).text = visible(document.problem)
    for snippet in document.snippets:
        _add_case(suite, document, snippet)
    _count(suite)


def _add_case(suite: ElementTree.Element, document: Document, snippet: Snippet) -> None:
    label, line = visible(snippet.label), f"line {snippet.line}"
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=visible(document.name),
        name=label if label == line else f"{label} ({line})",
        file=visible(document.path),
        line=str(snippet.line),
    )
    if snippet.skipped is not None:
        ElementTree.SubElement(case, "skipped", message=_line(snippet.skipped))
    failing = [finding for finding in snippet.findings if finding.verdict == "different"]
    if failing:
        message = f"{failing[0].kind}: {_line(failing[0].where)}"
        more = f", and {len(failing) - 1} more" if len(failing) > 1 else ""
        failure = ElementTree.SubElement(case, "failure", message=message + more, type=failing[0].kind)
        failure.text = "\n\n".join(_told(finding) for finding in failing)
    told = [_told(finding) for finding in snippet.findings if finding.verdict != "different"]
    if snippet.output and snippet.output.verdict != "matches":
        output = snippet.output
        sides = f"the document: {visible(output.documented)}\nprinted: {visible(output.produced)}"
        told.insert(0, f"documented output, line {output.line}: {output.verdict}\n{sides}")
    if told:
        ElementTree.SubElement(case, "system-out").text = "\n\n".join(told)


def _told(finding: Finding) -> str:
    seeds = ", ".join(map(str, finding.seeds))
    lines = [f"{finding.kind}: {visible(finding.where)}: {finding.verdict} (seed {seeds})"]
    lines += [f"{finding.ulp} ULP"] if finding.ulp else []
    if finding.subject or finding.reference:
        lines += [f"subject: {visible(finding.subject)}", f"PyTorch: {visible(finding.reference)}"]
    lines += [visible(finding.detail)] if finding.detail else []
    return "\n".join(lines)


def _line(text: str) -> str:
    return visible(text, 200).replace("\n", " ")


def _count(suite: ElementTree.Element) -> None:
    """Set the numbers of its cases by how they ended."""
    ends = Counter(child.tag for case in suite.iter("testcase") for child in case)
    numbers = {"tests": len(suite.findall("testcase")), "failures": ends["failure"], "errors": ends["error"]}
    for name, number in {**numbers, "skipped": ends["skipped"]}.items():
        suite.set(name, str(number))
