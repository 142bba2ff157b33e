"""The page in a real browser: it fits a phone, can be filtered and read in the dark, and asks for nothing.

Run by ``pytest -m browser``; needs Chromium (Debian's package "chromium", or its path in $CHROMIUM).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.reports import html, model
from conformance.reports.model import Graph, Node
from tests.conformance.reports.devtools import Browser
from tests.conformance.reports.made_up import HOSTILE, good_snippet, measurements, report

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

WIDTHS = (360, 1280)
FANNED = (
    Node("StackBackward0", tuple((number, 0) for number in range(1, 9)), "everything", (8,)),
    *(Node("A" * 40, ((9, 0),)) for _ in range(8)),
    Node("AccumulateGrad", (), "w", (3,)),
)

# The least contrast of each text with what is behind it, by the formula of WCAG, and where it is less than 4.5.
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const box = it.matches("g.node") ? it.querySelector("rect") : it;
      const color = rgba(it.matches("g.node") ? getComputedStyle(box).fill : getComputedStyle(it).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, .skip, option")) continue;
    if (!element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgba(element.closest("svg") ? style.fill : style.color)), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    seen += 1;
    if (contrast < 4.5) faint.push([element.outerHTML.slice(0, 80), contrast]);
  }
  return [seen, faint];
})()"""

# Texts in a picture that reach out of their boxes.
REACHING_OUT = """[...document.querySelectorAll("g.node")].filter((node) => {
  const box = node.querySelector("rect").getBoundingClientRect();
  return [...node.querySelectorAll("text:not(.mark)")].some((text) => {
    const place = text.getBoundingClientRect();
    return place.left < box.left || place.right > box.right;
  });
}).map((node) => node.textContent)"""

CHOOSE = """(([name, value]) => {
  const control = document.getElementById("filters").elements[name];
  control.value = value;
  control.dispatchEvent(new Event("input", {bubbles: true}));
})(%r)"""
SHOWN = "[...document.querySelectorAll('article.snippet:not([hidden]) h3')].map((it) => it.textContent.trim())"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM is not None
    with Browser(CHROMIUM, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with texts of every kind, hostile ones, very long ones, and pictures that are too wide."""
    wide = good_snippet("wide", "x" * 300, "y" * 300)
    wide = model.Snippet(
        **{**vars(wide), "graphs": (Graph("everything", FANNED), Graph("w" * 80, FANNED, FANNED[-1:]))}
    )
    documents = (
        *report().documents,
        *report(HOSTILE, "accepted", problem=HOSTILE).documents,
        model.Document("n" * 300, "n" * 300, "Markdown", snippets=(wide,)),
    )
    file = tmp_path_factory.mktemp("page") / "report.html"
    html.write(model.Report("shimtorch", documents, outdated_gaps=("g" * 300,)), file)
    return file


@pytest.fixture(scope="module")
def other_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "measurements.html"
    html.write_measurements(measurements("n" * 300), file)
    return file


def _is_quiet(browser: Browser, page: Path) -> bool:
    """Nothing was logged or thrown, and the page itself was all that was asked for."""
    requests = [told["request"]["url"] for told in browser.told("Network.requestWillBeSent")]
    complaints = browser.told("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    return requests == [page.as_uri()] and not complaints


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_is_legible(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.open(page, width, dark=dark)
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth && innerWidth") == width
    seen, faint = browser.run(CONTRAST)
    assert seen > 200
    assert faint == []
    assert browser.run(REACHING_OUT) == []
    assert browser.run("document.title") == "shimtorch against PyTorch: unusable"
    assert _is_quiet(browser, page)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_measurements(browser: Browser, other_page: Path, width: int, dark: bool) -> None:
    browser.open(other_page, width, dark=dark)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth && innerWidth") == width
    assert browser.run(CONTRAST)[1] == []
    browser.run(CHOOSE % ["verdict", "exceeded"])
    assert browser.run("[...document.querySelectorAll('.item:not([hidden]) th')].map((it) => it.textContent)") == [
        "book"
    ]
    assert browser.run("document.querySelector('#filters output').value") == "1 of 4 measurements"
    assert _is_quiet(browser, other_page)


def test_dark_is_dark(browser: Browser, page: Path) -> None:
    colors = []
    for dark in (False, True):
        browser.open(page, 1280, dark=dark)
        colors.append(browser.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"))
    assert min(colors[0]) > 200
    assert max(colors[1]) < 60


@pytest.mark.parametrize("width", WIDTHS)
def test_the_filters(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width)
    everything = browser.run(SHOWN)
    assert len(everything) == 11
    assert browser.run("document.querySelector('#filters output').value") == "11 of 11 snippets"

    browser.run(CHOOSE % ["verdict", "different"])
    assert browser.run(SHOWN) == ["Listing 1", "Listing 1"]
    assert browser.run("document.querySelectorAll('section.document:not([hidden])').length") == 1
    assert browser.run("document.querySelector('#filters output').value") == "2 of 11 snippets"

    browser.run(CHOOSE % ["verdict", "output: matches"])
    assert browser.run(SHOWN) == ["line 1", "line 1", "wide"]

    browser.run(CHOOSE % ["part", "good-md-2"])
    assert browser.run(SHOWN) == ["line 1"]

    browser.run(CHOOSE % ["verdict", ""])
    browser.run(CHOOSE % ["text", "Torch.ONES  sum"])
    assert browser.run(SHOWN) == ["line 5"]

    browser.run(CHOOSE % ["text", "nowhere to be found"])
    assert browser.run(SHOWN) == []
    assert browser.run("document.getElementById('none-left').checkVisibility()")

    browser.run("new Promise((done) => { addEventListener('hashchange', done); location.hash = 'good-md--line-5' })")
    assert browser.run(SHOWN) == everything


def test_the_keyboard(browser: Browser, page: Path) -> None:
    browser.open(page, 1280)
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", windowsVirtualKeyCode=9)
    assert browser.run("document.activeElement.textContent") == "Skip to the report"
    assert browser.run("document.activeElement.getBoundingClientRect().left >= 0")
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="/", text="/" if kind == "keyDown" else "")
    assert browser.run("[document.activeElement.name, document.activeElement.value]") == ["text", ""]
    scrolled = "[...document.querySelectorAll('.scroll')].filter((it) => it.scrollWidth > it.clientWidth)"
    assert browser.run(f"{scrolled}.length && {scrolled}.every((it) => it.tabIndex === 0)")


def test_a_wide_picture_begins_at_its_root(browser: Browser, page: Path) -> None:
    browser.open(page, 360)
    gap: Any = browser.run("""[...document.querySelectorAll(".scroll")].map((it) => {
      const [root, frame] = [it.querySelector(".root"), it].map((part) => part.getBoundingClientRect());
      return Math.max(frame.left - root.left, root.right - frame.right, 0) * (root.width < frame.width);
    })""")
    assert max(gap) == 0
    assert browser.run("[...document.querySelectorAll('.scroll')].some((it) => it.scrollLeft > 100)")


def test_without_its_script(browser: Browser, page: Path) -> None:
    browser.open(page, 360, script=False)
    assert browser.run("document.getElementById('filters').checkVisibility()") is False
    assert len(browser.run(SHOWN)) == 11
    assert _is_quiet(browser, page)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("overflow-wrap: anywhere;", ""),
        (".scroll { overflow: auto;", ".scroll {"),
        ("--soft: #5b6168", "--soft: #9ba1a8"),
        ("script-src 'sha256-", "script-src 'sha256-x"),
        ("</style>", "</style><img src='missing.png' alt=''>"),
    ],
)
def test_the_checks_see_a_fault(browser: Browser, page: Path, tmp_path: Path, right: str, wrong: str) -> None:
    text = page.read_text(encoding="utf-8")
    assert right in text
    images = "img-src *; " if "<img" in wrong else ""
    text = re.sub(r"style-src '[^']+'", f"{images}style-src 'unsafe-inline'", text, count=1)
    faulty = tmp_path / "faulty.html"
    found = []
    for doctored in (text, text.replace(right, wrong)):
        faulty.write_text(doctored, encoding="utf-8")
        browser.open(faulty, 360)
        fits = browser.run("document.documentElement.scrollWidth <= innerWidth")
        found.append((fits, browser.run(CONTRAST)[1] == [], _is_quiet(browser, faulty)))
    assert found[0] == (True, True, True)
    assert found[1] != (True, True, True)
