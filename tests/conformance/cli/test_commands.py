"""The two commands: exit status, unusable input, references."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.compare.known_gaps import Gap
from conformance.recordings import reference
from conformance.recordings.store import checksum_of
from conformance.runners.executor import LocalProcesses, Lost

STORY = Path(__file__).parent / "story.md"

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))


@pytest.fixture
def damaged(tmp_path: Path, recordings: Path) -> Path:
    """The only recording in a folder of its own, to be damaged."""
    (file,) = recordings.glob("*.json")
    folder = tmp_path / "recordings"
    folder.mkdir()
    return Path(shutil.copy(file, folder))


class TestJobs:
    """Documents as units of work: what comes of them is what comes of them here."""

    def test_the_report_is_the_same(self, conformance: Any, tmp_path: Path) -> None:
        (tmp_path / "cut.ipynb").write_text('{"cells": [')
        (tmp_path / "without.py").write_text("import torch\nprint(torch.ones(2))\n")
        paths = ["missing.md", tmp_path / "cut.ipynb", STORY, tmp_path / "without.py"]
        here, units = (_timeless(conformance("run", *paths, *options).report) for options in ((), ("--jobs", "2")))
        assert units == here
        assert [document["name"] for document in units["documents"]][2:] == ["story.md", "without.py"]

    def test_one_that_is_lost_costs_the_others_nothing(self, conformance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LocalProcesses, "run", lambda self, work, units, timeout: _all_but_the_first(work, units))
        answer = conformance("run", STORY, STORY, "--jobs", "1")
        assert answer.status == 2
        assert [document["status"] for document in answer.report["documents"]] == ["unusable", "different"]
        assert "its process was killed" in answer.output


def _timeless(report: Any) -> Any:
    """Without the seconds it took."""
    if isinstance(report, dict):
        return {key: _timeless(value) for key, value in report.items() if "seconds" not in key and key != "time"}
    return [_timeless(item) for item in report] if isinstance(report, list) else report


def _all_but_the_first(work: Any, units: Any) -> Iterator[Any]:
    for number, unit in enumerate(units):
        yield unit, work(unit) if number else Lost("its process was killed")


class TestUnusable:
    def test_a_missing_file_does_not_lose_the_others(self, conformance: Any, plant: Any) -> None:
        answer = conformance("run", "missing.md", STORY, "--subject", plant())
        assert answer.status == 2
        assert "missing.md: there is no such file" in answer.output
        assert [document["status"] for document in answer.report["documents"]] == ["unusable", "conformant"]

    def test_a_damaged_notebook(self, conformance: Any, tmp_path: Path) -> None:
        (tmp_path / "cut.ipynb").write_text('{"cells": [')
        answer = conformance("run", tmp_path / "cut.ipynb")
        assert answer.status == 2
        assert "cut.ipynb:1: " in answer.output
        assert "Traceback" not in answer.output

    def test_a_subject_that_is_none(self, conformance: Any) -> None:
        answer = conformance("run", STORY, "--subject", "no_such_module")
        assert answer.status == 2
        assert "No module named 'no_such_module'" in answer.output

    @pytest.mark.usefixtures("no_torch")
    @pytest.mark.parametrize("choice", ["auto", "torch", "recorded"])
    def test_no_reference(self, conformance: Any, tmp_path: Path, choice: str) -> None:
        answer = conformance("run", STORY, "--reference", choice, "--recordings", tmp_path)
        assert answer.status == 2
        assert "story.md: no reference: " in answer.output
        assert "no reference" in answer.report["documents"][0]["problem"]

    @pytest.mark.usefixtures("no_torch")
    def test_nothing_to_record_from(self, conformance: Any) -> None:
        answer = conformance("record", STORY)
        assert (answer.status, "PyTorch 2.13.0 is not installed" in answer.output) == (2, True)

    def test_another_torch_is_no_reference(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
        monkeypatch.setattr("conformance.recordings.reference.metadata.version", lambda name: "2.9.1+cpu")
        assert reference.why_no_torch() == "PyTorch 2.9.1+cpu is installed, the reference is 2.13.0"

    @pytest.mark.parametrize("size", [0, 1, 100, -1, -200])
    def test_a_cut_off_recording(self, conformance: Any, damaged: Path, size: int) -> None:
        text = damaged.read_text()
        damaged.write_text(text[: size if size >= 0 else len(text.rstrip()) + size])
        answer = conformance("run", STORY, "--recordings", damaged.parent)
        assert answer.status == 2
        assert f"{damaged}:" in answer.output
        assert "not JSON" in answer.output
        assert "Traceback" not in answer.output

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ('"text": "0.25"', '"text": "0.75"'),
            ('"stdout"', '"stdoot"'),
            ('"recording": 1', '"recording": 2'),
            ('"key": "', '"key": "0'),
            ('"facts"', '"fact"'),
            ('"1": [', '"2": ['),
        ],
    )
    def test_a_corrupt_recording(self, conformance: Any, damaged: Path, right: str, wrong: str) -> None:
        text = damaged.read_text()
        assert right in text
        damaged.write_text(text.replace(right, wrong))
        answer = conformance("run", STORY, "--recordings", damaged.parent)
        assert answer.status == 2
        assert f"{damaged}:" in answer.output

    @pytest.mark.parametrize("content", ["[]", "null", "7", '{"recording": 1}', b"\xff\xfe"])
    def test_another_file_in_its_place(self, conformance: Any, damaged: Path, content: Any) -> None:
        damaged.write_bytes(content if isinstance(content, bytes) else content.encode())
        answer = conformance("run", STORY, "--recordings", damaged.parent)
        assert answer.status == 2
        assert f"{damaged}:" in answer.output

    def test_a_report_that_cannot_be_written(self, conformance: Any, plant: Any, tmp_path: Path) -> None:
        answer = conformance("run", STORY, "--subject", plant(), "--json", tmp_path)
        assert answer.status == 2
        assert "Traceback" not in answer.output

    @pytest.mark.parametrize(
        "arguments", [["--reference", "none"], ["--timeout", "x"], ["--memory", "1"], ["--nonsense"]]
    )
    def test_wrong_usage(self, conformance: Any, arguments: list[str]) -> None:
        assert conformance("run", STORY, *arguments).status == 2


class TestLimits:
    DOCUMENT = "```python\n{}\n```\n\n```python\nprint('after')\n```\n"

    @pytest.mark.parametrize(
        ("code", "arguments", "ended"),
        [
            ("while True: pass", ["--timeout", "1"], "timeout"),
            ("big = bytearray(10**10)", ["--memory", "512"], "memory"),
            ("print('x' * 10**6)", ["--output-limit", "10"], "finished"),
        ],
    )
    @pytest.mark.usefixtures("made_up_torch")
    def test_the_rest_is_judged(
        self, conformance: Any, plant: Any, tmp_path: Path, code: str, arguments: list[str], ended: str
    ) -> None:
        file = tmp_path / "limits.md"
        file.write_text(self.DOCUMENT.format(code))
        answer = conformance("run", file, "--subject", plant(), *arguments)
        first, last = answer.report["documents"][0]["snippets"]
        assert (first["ended"], last["ended"]) == (ended, "finished")
        assert answer.status == 0


class TestRecording:
    def test_the_shipped_library_is_the_default(self, conformance: Any, tmp_path: Path) -> None:
        answer = conformance("run", "--recordings", tmp_path, "--reference", "recorded")
        assert answer.status == 2
        assert {Path(document["path"]).parent.name for document in answer.report["documents"]} == {"library"}

    @pytest.mark.usefixtures("made_up_torch")
    def test_record_then_check_then_run(self, conformance: Any, tmp_path: Path) -> None:
        folder = tmp_path / "recorded"
        file = tmp_path / "sum.md"
        file.write_text("```python\nimport torch\nx = torch.rand(3)\n```\n")
        options = [file, "--recordings", folder]
        assert conformance("record", *options, "--check").status == 2
        assert not folder.exists()
        assert conformance("record", *options).status == 0
        (first,) = folder.iterdir()
        assert conformance("record", *options, "--check").status == 0
        answer = conformance("run", *options, "--subject", "torch", "--reference", "recorded")
        assert (answer.status, answer.report["documents"][0]["reference"]["from"]) == (0, "recording")

        self._plant_other_answers(first)
        assert conformance("record", *options, "--check").status == 1
        self._plant_other_answers(first, capability="NEON")
        answer = conformance("run", *options, "--subject", "torch", "--reference", "recorded")
        findings = answer.report["documents"][0]["snippets"][0]["findings"]
        assert (answer.status, {finding["verdict"] for finding in findings}) == (0, {"not portable"})

        file.write_text(file.read_text() + "\n```python\ny = x + 1\n```\n")
        assert conformance("record", *options).status == 0
        assert first not in list(folder.iterdir())

    @staticmethod
    def _plant_other_answers(file: Path, **facts: str) -> None:
        data = json.loads(file.read_text())
        for answers in data["runs"].values():
            answers[0]["names"]["x"]["shape"] = [4]
        data["facts"] |= facts
        data["checksum"] = checksum_of(data["runs"])
        file.write_text(json.dumps(data))


class TestKnownGaps:
    GAP = Gap("planted_look_alike", "story.md", "", "error", "exception text", "a reason")

    def _run(self, conformance: Any, monkeypatch: pytest.MonkeyPatch, subject: str, *gaps: Gap) -> Any:
        monkeypatch.setattr("conformance.cli.run.read_gaps", lambda: gaps)
        return conformance("run", STORY, "--subject", subject)

    def test_it_is_accepted_and_told(self, conformance: Any, plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        subject = plant("sizes do not fit", "sizes differ")
        found = self._run(conformance, monkeypatch, subject).report["documents"][0]["snippets"][2]
        gap = replace(self.GAP, snippet=found["label"])
        answer = self._run(conformance, monkeypatch, subject, gap)
        assert answer.status == 0
        assert "accepted: a reason" in answer.output
        other = self._run(conformance, monkeypatch, subject, replace(gap, where="exception"))
        assert other.status == 1

    def test_one_that_no_longer_differs_fails(
        self, conformance: Any, plant: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = self._run(conformance, monkeypatch, plant(), self.GAP)
        assert answer.status == 1
        assert answer.report["outdated_gaps"] == ["story.md, : error of exception text"]


def test_as_a_module(plant: Any, recordings: Path) -> None:
    command = [sys.executable, "-m", "conformance", "run", str(STORY), "--subject", plant(), "--recordings", recordings]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "conformant" in done.stdout


@needs_torch
@pytest.mark.parametrize(("source", "status"), [("", 0), ("def relu(x):\n    return x.clone()\n", 1)])
def test_a_look_alike_built_on_torch(
    conformance: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, status: int
) -> None:
    # Without the name check it would lend its __path__, and import a second copy of PyTorch's modules as its own.
    rest = (
        "def __getattr__(name):\n    if name[0] == '_': raise AttributeError(name)\n    return getattr(torch, name)\n"
    )
    (tmp_path / "wrapper.py").write_text(f"import torch\n{source}{rest}")
    file = tmp_path / "relu.md"
    file.write_text("```python\nimport torch\ny = torch.relu(torch.tensor([1.0, -1.0], requires_grad=True))\n```\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert conformance("run", file, "--subject", "wrapper").status == status
