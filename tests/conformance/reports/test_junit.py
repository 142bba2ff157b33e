"""JUnit XML: well-formed whatever documents print, and its counts are those of the report."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.reports import junit
from conformance.reports.model import Report
from tests.conformance.reports.made_up import FORBIDDEN, HOSTILE, report


def _parsed(made_up: Report) -> ElementTree.Element:
    root = ElementTree.fromstring(junit.render(made_up))
    assert root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped"} <= set(suite.attrib)
        assert int(suite.attrib["tests"]) == len(cases)
        for counted, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[counted]) == sum(case.find(child) is not None for case in cases)
        for case in cases:
            assert {"name", "classname"} <= set(case.attrib)
            assert {child.tag for child in case} <= {"failure", "error", "skipped", "system-out"}
    for counted in ("tests", "failures", "errors", "skipped"):
        assert int(root.attrib[counted]) == sum(int(suite.attrib[counted]) for suite in root)
    return root


def test_a_case_for_each_snippet() -> None:
    made_up = dataclasses.replace(report(problem="c.md:3: damaged"), outdated_gaps=("a gap",))
    root = _parsed(made_up)
    assert [suite.attrib["name"] for suite in root] == ["a/b.md", "a/good.md", "c.md", "known gaps"]
    counts = [root.attrib[name] for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["7", "3", "1", "0"]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "value: tensor([1.])"
    assert "subject: tensor([1.])\nPyTorch: 0.5" in (failure.text or "")
    error = root.find("testsuite/testcase/error")
    assert error is not None
    assert error.text == "c.md:3: damaged"


def test_what_is_no_difference_does_not_fail() -> None:
    for verdict in ("within ulp", "accepted", "not portable"):
        root = _parsed(report(verdict=verdict))
        assert root.attrib["failures"] == "0"
        told = root.findtext("testsuite/testcase/system-out") or ""
        assert f"value: tensor([1.]): {verdict} (seed 0, 1)" in told
        assert "documented output, line 9: document erratum" in told


def test_hostile_text_is_visible_and_well_formed() -> None:
    text = junit.render(report(HOSTILE, problem=HOSTILE)).decode()
    assert not re.search(FORBIDDEN, text)
    root = _parsed(report(HOSTILE, problem=HOSTILE))
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert "<script>alert(1)</script>" in (failure.text or "")
    assert r"\x1b[31mred" in (failure.text or "")


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    _parsed(report(text, problem=text))


def test_it_is_written(tmp_path: Path) -> None:
    junit.write(report(), tmp_path / "junit.xml")
    assert (tmp_path / "junit.xml").read_bytes() == junit.render(report())


def test_what_was_skipped_says_why() -> None:
    made_up = report()
    document = made_up.documents[0]
    left_out = dataclasses.replace(document.snippets[0], findings=(), skipped=f"needs a GPU {HOSTILE}")
    root = _parsed(dataclasses.replace(made_up, documents=(dataclasses.replace(document, snippets=(left_out,)),)))
    assert root.attrib["skipped"] == "1"
    told = root.find("testsuite/testcase/skipped")
    assert told is not None
    assert told.attrib["message"].startswith("needs a GPU")
