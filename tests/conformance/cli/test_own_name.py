"""Documents that import the look-alike by its own name: for the reference that name means PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.recordings.store import key_of
from conformance.suites.documents import read_document

pytestmark = pytest.mark.usefixtures("made_up_torch")

PAGE = (
    "```python\n{}\n```\n\n```python\nx = torch.tensor([1.0, 2.0])\nprint(x)\n```\n\n```text\ntensor([1., 2.])\n```\n"
)
WAYS = [
    "import planted_look_alike as torch",
    "import planted_look_alike\ntorch = planted_look_alike",
    "from planted_look_alike import tensor\nimport planted_look_alike as torch",
    "import importlib\nimport planted_look_alike\ntorch = importlib.import_module('planted_look_alike')",
]


@pytest.fixture
def page(tmp_path: Path) -> Any:
    def write(start: str) -> Path:
        file = tmp_path / "page.md"
        file.write_text(PAGE.format(start))
        return file

    return write


@pytest.mark.parametrize("start", WAYS)
def test_it_is_judged(conformance: Any, plant: Any, page: Any, start: str) -> None:
    answer = conformance("run", page(start), "--subject", plant(), "--reference", "torch")
    assert (answer.status, answer.report["documents"][0]["reference"]["module"]) == (0, "torch")
    assert answer.report["documents"][0]["snippets"][1]["output"]["verdict"] == "matches"


@pytest.mark.parametrize("start", WAYS)
def test_a_fault_of_the_look_alike_is_seen(conformance: Any, plant: Any, page: Any, start: str) -> None:
    subject = plant('return "tensor("', 'return "Tensor("')
    answer = conformance("run", page(start), "--subject", subject, "--reference", "torch")
    found = answer.report["documents"][0]["snippets"][1]["findings"]
    assert (answer.status, [finding["where"] for finding in found]) == (1, ["stdout"])


def test_what_is_missing_bears_the_name_that_was_written(conformance: Any, plant: Any, page: Any) -> None:
    answer = conformance("run", page("import planted_look_alike.x"), "--subject", plant(), "--reference", "torch")
    error = answer.report["documents"][0]["snippets"][0]["reference"]["error"]
    assert error.startswith("ModuleNotFoundError: No module named 'planted_look_alike")
    assert answer.report["documents"][0]["snippets"][0]["checks"].keys() == {"identical"}


def test_it_is_recorded(conformance: Any, plant: Any, page: Any, tmp_path: Path) -> None:
    options = [page(WAYS[0]), "--subject", plant(), "--recordings", tmp_path / "recorded"]
    assert conformance("record", *options).status == 0
    assert conformance("record", *options, "--check").status == 0
    assert conformance("run", *options, "--reference", "recorded").status == 0


def test_the_recording_is_for_that_name(page: Any) -> None:
    file = page(WAYS[0])
    keys = {key_of(read_document(file, name)) for name in ("torch", "planted_look_alike", "another")}
    assert len(keys) == 2
    file = page("import torch")
    assert key_of(read_document(file, "torch")) == key_of(read_document(file, "planted_look_alike"))


def test_a_part_of_a_package_cannot_stand_for_pytorch(conformance: Any, page: Any) -> None:
    answer = conformance("run", page("from json import decoder as torch"), "--subject", "json.decoder")
    assert answer.status == 2
    assert "page.md: it imports json.decoder, and no part of a package can stand for PyTorch" in answer.output
