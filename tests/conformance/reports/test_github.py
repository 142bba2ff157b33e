"""The summary that GitHub shows: rendered as Markdown, it holds the elements it is made of and no other."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conformance.reports import github
from conformance.reports.model import Report
from tests.conformance.reports.made_up import FORBIDDEN, HOSTILE, report

ELEMENTS = {"h2", "code", "table", "thead", "tbody", "tr", "th", "td", "p", "pre", "details", "summary", "br"}


class _Shown(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append("a comment")


def _rendered(text: str) -> _Shown:
    """As GitHub's Markdown shows it, which has tables and links what looks like an address."""
    return _Shown(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


def _intruders(text: str) -> set[str]:
    shown = _rendered(text)
    return (set(shown.elements) - ELEMENTS) | (shown.attributes - {"style", "open"})


def _table(shown: _Shown) -> int:
    return shown.elements.count("td")


def test_it_tells_the_documents_and_the_differences() -> None:
    shown = _rendered(github.render(report(problem="c.md:3: damaged")))
    text = "".join(shown.texts)
    assert _table(shown) == 3 * 5
    assert "❌ different" in text
    assert "✅ conformant" in text
    assert "⚠️ unusable" in text
    assert "shimtorch against PyTorch: unusable" in text
    assert "recording of PyTorch 2.13.0, CPU capability AVX2" in text
    assert "c.md:3: damaged" in text
    assert shown.elements.count("details") == 4  # a difference and an erratum, twice
    assert "tensor([1.])" in shown.texts


def test_hostile_text_is_neither_markdown_nor_html() -> None:
    text = github.render(report(HOSTILE, problem=HOSTILE))
    assert not _intruders(text)
    assert not re.search(FORBIDDEN, text)
    shown = _rendered(text)
    assert _table(shown) == 3 * 5
    assert any(r"<script>alert(1)</script>" in part and r"\x1b[31mred\x1b[0m" in part for part in shown.texts)
    assert "@all" not in text


@pytest.mark.parametrize(
    "text", ["| a | b |", "`", "</code>", "</pre>", "\n\n# heading\n\n- x\n", "<!--", "&lt;", "$x$"]
)
def test_marks_stay_text(text: str) -> None:
    made_up = report(text, problem=text)
    plain = _rendered(github.render(report("x", problem="x")))
    shown = _rendered(github.render(made_up))
    assert shown.elements == plain.elements
    assert sum(text in part for part in shown.texts) >= 5


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    assert not _intruders(github.render(report(text, problem=text)))


def test_the_check_sees_what_is_not_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "_escaped", lambda text: text)
    assert {"script", "img", "onerror"} <= _intruders(github.render(report(HOSTILE)))


def test_it_is_appended(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("from another command")
    github.write(report(), file)
    github.write(report(), file)
    assert file.read_text() == "from another command" + 2 * github.render(report())


def test_too_much_for_a_summary_is_left_out(tmp_path: Path) -> None:
    many = report("x" * 1_500)
    many = Report("shimtorch", many.documents * 200)
    file = tmp_path / "summary.md"
    file.write_text("x" * 1_000)
    github.write(many, file)
    assert github.SIZE_LIMIT // 2 < file.stat().st_size <= github.SIZE_LIMIT
    assert re.search(r"\n\d+ more parts of this report are too much for a summary\.\n$", file.read_text())
    assert not _intruders(file.read_text())


def test_skipped_snippets_are_counted() -> None:
    made_up = report()
    document = made_up.documents[0]
    left_out = dataclasses.replace(document.snippets[0], skipped="needs a GPU")
    documents = (dataclasses.replace(document, snippets=(left_out, *document.snippets[1:])), *made_up.documents[1:])
    assert "(1 skipped)" not in github.render(made_up)
    assert "(1 skipped)" in github.render(dataclasses.replace(made_up, documents=documents))
