"""The page: what it holds is what the report holds, it needs nothing else, and what documents print it only shows."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.reports import html, model
from conformance.reports.visible import visible
from tests.conformance.reports.made_up import (
    CHAIN,
    FORBIDDEN,
    HOSTILE,
    LEAF,
    OTHER_CHAIN,
    good_snippet,
    measurements,
    report,
)

VOID = {"img", "meta", "input", "wbr", "path", "rect", "br"}


class _Page(HTMLParser):
    """What a page is made of. Raises AssertionError where its elements are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}  # by element
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
            if tag in ("pre", "code", "title", "style", "script", "h3"):
                self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open) & set(self.texts):
            self.texts[tag][-1] += data

    def of(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of these elements."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(wanted[key] in attributes.get(key, "").split() for key in wanted)
        ]


def _faults(text: str) -> set[str]:
    """Where a page asks for something from elsewhere, or holds what no template has put there."""
    page = _Page(text)
    faults = set()
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            if name in ("href", "src", "srcset", "action", "data", "poster", "xlink:href") and not value.startswith(
                "#"
            ):
                faults.add(f"{tag} {name}")
            if name.startswith("on") or name == "style":
                faults.add(name)
    faults |= {tag for tag, _ in page.elements} & {"img", "iframe", "object", "link", "embed", "base", "b", "i", "u"}
    if [len(page.of(tag)) for tag in ("script", "style", "title", "h1", "main")] != [1, 1, 1, 1, 1]:
        faults.add("more than one")
    (style,) = page.texts["style"]
    faults |= set(re.findall(r"@import|url\(|//\w", style))
    anchors = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    links = {attributes["href"][1:] for attributes in page.of("a") if attributes.get("href", "").startswith("#")}
    faults |= {f"two #{anchor}" for anchor, number in anchors.items() if number > 1} | (links - set(anchors))
    if re.search(FORBIDDEN, text):
        faults.add("hidden characters")
    return faults


def test_it_needs_nothing_else() -> None:
    page = html.render(report(problem="c.md:3: damaged"))
    assert not _faults(page)
    assert "c.md:3: damaged" in page


def test_hostile_text_is_only_shown() -> None:
    text = html.render(report(HOSTILE, problem=HOSTILE))
    assert not _faults(text)
    page = _Page(text)
    assert sum(visible(HOSTILE) in content.replace("\n\n", "\n") for content in page.texts["pre"]) >= 10
    assert len(page.of("article")) == 5
    policy = page.of("meta")[1]["content"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "doctor",
    [
        lambda page: page.replace("</main>", "<img alt=''></main>"),
        lambda page: page.replace("</main>", "<script>1</script></main>"),
        lambda page: page.replace("<main ", "<main onclick='1' "),
        lambda page: page.replace('href="#main"', 'href="https://example.org/"'),
        lambda page: page.replace('href="#main"', 'href="#nowhere"'),
        lambda page: page.replace("</main>", "\u202e</main>"),
        lambda page: page.replace("</style>", "a { background: url(//x.test) }</style>"),
        lambda page: page.replace("</main>", "<p id='main'></p></main>"),
    ],
)
def test_the_check_sees_a_fault(doctor: object) -> None:
    page = html.render(report())
    assert callable(doctor)
    assert doctor(page) != page
    assert _faults(doctor(page))


def test_without_escaping_the_check_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make = html.page_environment

    def careless() -> object:
        environment = make()
        environment.autoescape = False
        return environment

    monkeypatch.setattr(html, "page_environment", careless)
    with pytest.raises(AssertionError):
        assert not _faults(html.render(report(HOSTILE)))


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text(text: str, name: str) -> None:
    made_up = report(text, problem=text)
    named = [dataclasses.replace(document, name=name) for document in made_up.documents]
    assert not _faults(html.render(dataclasses.replace(made_up, documents=tuple(named), subject=name)))


def test_every_snippet_is_there_with_its_code() -> None:
    made_up = report()
    page = _Page(html.render(made_up))
    snippets = [snippet for document in made_up.documents for snippet in document.snippets]
    codes = [text for text in page.texts["pre"] if text.strip() in {snippet.code for snippet in snippets}]
    assert [text.strip() for text in page.texts["h3"]] == [snippet.label for snippet in snippets]
    assert {code.strip() for code in codes} == {snippet.code for snippet in snippets}
    assert [article["id"] for article in page.of("article")] == [
        *["tensor-1--listing-1", "tensor-1--listing-1-2"],
        *["good-md--line-1", "good-md--line-5", "good-md--in-3"],
    ]
    assert [article["data-verdicts"] for article in page.of("article")] == [
        *["different;output: document erratum"] * 2,
        "identical;output: matches",
        "identical",
        "",
    ]


def test_the_outputs_stand_side_by_side_where_they_differ() -> None:
    differing, alike = report(), model.Report("shimtorch", report().documents[1:])
    text = html.render(differing)
    assert "PyTorch prints" in text
    assert "Both print" not in html.render(model.Report("shimtorch", differing.documents[:1]))
    assert "<mark>tensor([1.])</mark>" in text
    text = html.render(alike)
    assert "Both print what the document prints" in text
    assert "PyTorch prints" not in text
    assert "<mark>" not in text
    assert text.count("timeout") == html.render(alike).count("timeout") >= 1


def test_differences_are_listed_first() -> None:
    links = [link["href"] for link in _Page(html.render(report())).of("a")]
    assert links.count("#tensor-1--listing-1") == links.count("#tensor-1--listing-1-2") == 2
    assert links.count("#good-md--line-1") == 1
    assert "Differences" not in html.render(report(verdict="accepted"))


def _nodes(page: _Page) -> Counter[str]:
    return Counter(attributes["data-node"] for attributes in page.of("g", **{"class": "node"}))


def test_a_picture_has_the_nodes_and_edges_of_the_graph() -> None:
    snippet = dataclasses.replace(
        good_snippet("x", "y"), graphs=(model.Graph("loss", CHAIN, OTHER_CHAIN), model.Graph("z", (LEAF,), ()))
    )
    made_up = report()
    first = dataclasses.replace(made_up.documents[0], snippets=(snippet,))
    text = html.render(dataclasses.replace(made_up, documents=(first,)))
    page = _Page(text)
    graphs = [OTHER_CHAIN, CHAIN, (LEAF,)]
    assert _nodes(page) == Counter(str(number) for graph in graphs for number in range(len(graph)))
    assert [edge["data-edge"] for edge in page.of("g", **{"class": "edge"})] == [
        f"{number}-{target}"
        for graph in graphs
        for number, node in enumerate(graph)
        for target, _ in node.edges
        if target is not None
    ]
    assert len(page.of("g", **{"class": "leaf"})) == 3
    assert [node["data-node"] for node in page.of("g", **{"class": "differs"}) if "data-node" in node] == ["1"]
    assert "has no graph here" in text
    assert "what differs is marked ≠" in text
    for name in ("AccumulateGrad", "PowBackward0", "[3, 2]", "scalar"):
        assert name in text


def test_megabytes_are_cut_with_a_note() -> None:
    text = html.render(report("y" * 3_000_000))
    assert len(text) < 1_000_000
    assert re.search(r"… \(2980000 more characters\)", text)


def test_the_same_report_makes_the_same_page(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from conformance.reports import html; "
        "from tests.conformance.reports.made_up import report; html.write(report(), Path(sys.argv[1]))"
    )
    pages = []
    for seed in ("1", "2"):
        file = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", program, str(file)], check=True, env=environment)
        pages.append(file.read_bytes())
    assert pages[0] == pages[1] == html.render(report()).encode()


def test_measurements() -> None:
    text = html.render_measurements(measurements())
    assert not _faults(text)
    page = _Page(text)
    assert [row["data-verdicts"] for row in page.of("tr", **{"class": "item"})] == [
        *["kept", "exceeded", "no bound", "no bound"]
    ]
    assert "1 bound of 2 is exceeded." in text
    assert [chart["aria-label"] for chart in page.of("svg")][:2] == [
        "ratio 0.0713, from 0.069 to 0.08, at most 0.15 is promised",
        "ratio 0.58, from 0.55 to 0.63, at most 0.5 is promised",
    ]
    assert [dot["class"] for dot in page.of("circle")][:2] == ["ratio kept", "ratio exceeded"]


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters()))
@example(HOSTILE)
def test_measurements_of_any_name(text: str) -> None:
    assert not _faults(html.render_measurements(measurements(text)))


def test_what_was_skipped_says_why() -> None:
    made_up = report()
    document = made_up.documents[0]
    left_out = dataclasses.replace(document.snippets[0], skipped="needs a <GPU>")
    documents = (dataclasses.replace(document, snippets=(left_out, *document.snippets[1:])), *made_up.documents[1:])
    page = html.render(dataclasses.replace(made_up, documents=documents))
    assert "Skipped: needs a &lt;GPU&gt;" in page
