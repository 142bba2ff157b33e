"""Reports only render; what a document prints can neither style the terminal nor break the JSON."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from conformance.reports import json as json_report
from conformance.reports import model, terminal
from conformance.reports.visible import visible

HOSTILE = "\x1b[31m[red]\x07\u202eabc[/red]\x00\ud800\x9b\r\u2028[bold"


def _report(verdict: str = "different", problem: str | None = None, text: str = "tensor([1.])") -> model.Report:
    finding = model.Finding("value", "w value", verdict, (0, 1), subject=text, reference="0.5", detail=text)
    output = model.Output(9, "document erratum", text, "other")
    snippet = model.Snippet(text, 7, None, "finished", {"identical": 3, verdict: 2}, (finding,), output)
    facts = {"module": "torch", "version": "2.13.0", "capability": "AVX2", "python": "3", "numpy": "2", "platform": "L"}
    note = model.Note(3, "reconstructed", text)
    judged = model.Document(
        "a/b.md", text, "Markdown", None, {"from": "recording", **facts}, facts, (note,), (snippet,)
    )
    unusable = [model.Document("c.md", "c.md", problem=problem)] if problem else []
    return model.Report("shimtorch", (judged, *unusable))


def _shown(report: model.Report, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, highlight=False)
    terminal.show(report, console)
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (_report("within ulp"), "conformant"),
        (_report("accepted"), "conformant"),
        (_report("not portable"), "conformant"),
        (_report(), "different"),
        (_report(problem="c.md:3: damaged"), "unusable"),
        (dataclasses.replace(_report("accepted"), outdated_gaps=("gap",)), "different"),
        (model.Report("shimtorch", ()), "unusable"),
    ],
)
def test_status(report: model.Report, status: str) -> None:
    assert report.status == status
    assert report.to_json()["status"] == status
    assert status in _shown(report)


def test_the_terminal_shows_what_differs() -> None:
    shown = _shown(_report(problem="c.md:3: damaged"))
    assert "a/b.md:7: tensor([1.]): value: w value  (seed 0, 1)" in shown
    assert re.search(r"tensor\(\[1\.\]\) +│ │ 0\.5", shown)
    assert "a/b.md:9: document erratum" in shown
    assert "a/b.md:3: reconstructed" in shown
    assert "c.md:3: damaged" in shown


@pytest.mark.parametrize("width", [20, 40, 200])
def test_hostile_text_is_shown_escaped(width: int) -> None:
    shown = _shown(_report(text=HOSTILE, problem=HOSTILE), width)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\ud800]", shown)
    if width == 200:
        assert "\\x1b[31m[red]\\x07\\u202eabc[/red]\\x00\\ud800\\x9b\\r\\u2028[bold" in shown


def test_visible_cuts_long_text() -> None:
    assert visible("x" * 10, limit=4) == "xxxx… (6 more characters)"
    assert visible("naïve\n…") == "naïve\n…"


def test_json_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    report = _report(text=HOSTILE)
    json_report.write(report, file)
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data == json.loads(json.dumps(report.to_json()))
    assert data["schema"] == model.SCHEMA
    assert data["documents"][0]["snippets"][0]["findings"][0]["subject"] == HOSTILE


def test_the_readme_documents_every_field() -> None:
    text = (Path(model.__file__).parent / "README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", text))
    kinds = (
        *(model.Report, model.Document, model.Snippet, model.Finding, model.Output, model.Note),
        *(model.Printed, model.Graph, model.Node),
    )
    assert {field.name for kind in kinds for field in dataclasses.fields(kind)} <= documented
    assert f"schema {model.SCHEMA}" in text.splitlines()[0]
