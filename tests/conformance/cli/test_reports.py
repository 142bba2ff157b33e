"""From a run to the files that show it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

STORY = Path(__file__).parent / "story.md"


def _files(folder: Path) -> list[object]:
    return [part for name in ("junit", "github", "html") for part in (f"--{name}", folder / name)]


def test_a_conformant_run_in_every_form(conformance: Any, plant: Any, tmp_path: Path) -> None:
    answer = conformance("run", STORY, "--subject", plant(), *_files(tmp_path))
    assert answer.status == 0
    suites = ElementTree.parse(tmp_path / "junit").getroot()
    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("5", "0")
    assert "✅ conformant" in (tmp_path / "github").read_text(encoding="utf-8")
    page = (tmp_path / "html").read_text(encoding="utf-8")
    assert page.count("<article") == 5
    assert page.count("<svg") == 1
    first = answer.report["documents"][0]["snippets"][0]
    assert first["code"].startswith("import torch\n\nw = torch.tensor([1.5, 2.25], requires_grad=True)")
    assert (first["reference"]["stdout"], first["subject"]) == ("tensor([1.5 , 6.75])\n", None)
    (graph,) = first["graphs"]
    assert [(node["name"], node["tensor"], node["shape"]) for node in graph["reference"]] == [
        ("MulBackward0", "z", [2]),
        ("AccumulateGrad", "w", [2]),
        ("AccumulateGrad", None, None),
    ]


def test_a_planted_fault_in_every_form(conformance: Any, plant: Any, tmp_path: Path) -> None:
    subject = plant("(AccumulateGrad(side), 0) for", "(None, 0) for")
    answer = conformance("run", STORY, "--subject", subject, *_files(tmp_path))
    assert answer.status == 1
    suites = ElementTree.parse(tmp_path / "junit").getroot()
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("graph: z.grad_fn")
    assert "❌ different" in (tmp_path / "github").read_text(encoding="utf-8")
    page = (tmp_path / "html").read_text(encoding="utf-8")
    assert len(re.findall('class="node [a-z ]*differs"', page)) == 4  # its only node, and the three it should be
    (graph,) = answer.report["documents"][0]["snippets"][0]["graphs"]
    assert [node["differs"] for node in graph["subject"] + graph["reference"]] == [True] * 4


def test_what_differs_is_shown_under_the_seed_where_it_differs(conformance: Any, plant: Any) -> None:
    fault = ("_generator.seed(seed)", "_generator.seed(seed or 0 if seed != 1 else 7)")
    answer = conformance("run", STORY, "--subject", plant(*fault))
    shown = {snippet["line"]: snippet["shown_seed"] for snippet in answer.report["documents"][0]["snippets"]}
    drawing = next(it for it in answer.report["documents"][0]["snippets"] if "rand" in it["code"])
    assert drawing["shown_seed"] == 1
    assert drawing["subject"]["stdout"] != drawing["reference"]["stdout"]
    assert set(shown.values()) == {0, 1}


@pytest.mark.parametrize("option", ["--junit", "--github", "--html"])
def test_a_file_that_cannot_be_written(conformance: Any, plant: Any, tmp_path: Path, option: str) -> None:
    answer = conformance("run", STORY, "--subject", plant(), option, tmp_path)
    assert answer.status == 2
    assert "Traceback" not in answer.output
