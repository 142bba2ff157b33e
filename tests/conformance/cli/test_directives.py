"""Directives, from a document to the report and the exit status."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from conformance.documents import read
from conformance.recordings.store import key_of

pytestmark = pytest.mark.usefixtures("made_up_torch")


@pytest.fixture
def judge(conformance: Any, plant: Any, tmp_path: Path) -> Any:
    """Judges a page made of blocks of code; ``right`` and ``wrong`` plant a fault in the subject."""

    def judge(*blocks: str, right: str = "", wrong: str = "", reference: str = "torch") -> Any:
        file = tmp_path / "page.md"
        texts = [textwrap.dedent(block).strip("\n") for block in blocks]
        file.write_text("\n\n".join(it if it.startswith(("```", "<!--")) else f"```python\n{it}\n```" for it in texts))
        return conformance("run", file, "--subject", plant(right, wrong), "--reference", reference)

    return judge


def first_document(answer: Any) -> Any:
    return answer.report["documents"][0]


def test_skip(judge: Any) -> None:
    answer = judge(
        "import torch\nx = 1",
        "# conformance: skip (the machine is small)\nx = 2",
        "```text\nan output of it\n```",
        "print(x)",
        "```text\n1\n```",
    )
    before, skipped, after = first_document(answer)["snippets"]
    assert answer.status == 0
    assert (skipped["skipped"], skipped["ended"], skipped["checks"], skipped["output"]) == (
        "the machine is small",
        "skipped",
        {},
        None,
    )
    assert "x = 2" in skipped["code"]
    assert (before["skipped"], after["output"]["verdict"]) == (None, "matches")
    assert "page.md:7: line 7: skipped: the machine is small" in answer.output
    assert "1 snippet skipped" in answer.output


def test_what_is_not_skipped_is_judged_still(judge: Any) -> None:
    blocks = ["# conformance: skip (a)\nx = 1", "import torch\nz = torch.tensor([2.0]) * torch.tensor([1.5])"]
    assert judge(*blocks).status == 0
    wrong = "self._array * other._array * _np.float32(1.00001)"
    answer = judge(*blocks, right="self._array * other._array", wrong=wrong)
    assert (answer.status, first_document(answer)["status"]) == (1, "different")


def test_nothing_but_skipped_is_no_verdict(judge: Any) -> None:
    answer = judge("# conformance: skip (a)\nx = 1")
    assert (answer.status, answer.report["status"]) == (2, "unusable")


MISMATCH = "import torch\nw = torch.tensor([1.5, 2.25]) * torch.tensor([1.0])"


@pytest.mark.parametrize(
    "directive", ["raises RuntimeError", "raises RuntimeError: sizes ... fit...", "raises Exception"]
)
def test_raises(judge: Any, directive: str) -> None:
    answer = judge(f"# conformance: {directive}\n{MISMATCH}", "print('after')", "```text\nafter\n```")
    raising, after = first_document(answer)["snippets"]
    assert answer.status == 0, answer.output
    assert (raising["output"]["verdict"], raising["output"]["line"]) == ("matches", 2)
    assert raising["checks"].keys() == {"identical"}
    assert after["output"]["verdict"] == "matches"


@pytest.mark.parametrize(
    ("directive", "code", "fault"),
    [
        ("raises RuntimeError", "x = 1", ("", "")),  # nothing is raised
        ("raises ValueError", MISMATCH, ("", "")),  # another class
        ("raises RuntimeError: sizes differ", MISMATCH, ("", "")),  # another text
        ("raises RuntimeError", MISMATCH, ("raise RuntimeError", "raise ValueError")),  # the subject alone is wrong
    ],
)
def test_another_ending_is_a_difference(judge: Any, directive: str, code: str, fault: tuple[str, str]) -> None:
    answer = judge(f"<!-- conformance: {directive} -->", code, "y = 1", right=fault[0], wrong=fault[1])
    snippet = first_document(answer)["snippets"][0]
    assert (answer.status, snippet["output"]["verdict"]) == (1, "different")
    (finding,) = [it for it in snippet["findings"] if it["kind"] == "documented"]
    assert (finding["where"], finding["verdict"], finding["seeds"]) == ("expected exception", "different", [0, 1])
    assert f"the document says that this {directive}" in answer.output


def test_seed(judge: Any) -> None:
    code = "import torch, random\nimport numpy as np\nprint(torch.rand(2), np.random.rand(), random.random())"
    loose = first_document(judge(code, "```text\n[0.25] 0.5 0.5\n```"))["snippets"][0]
    assert loose["output"]["verdict"] in ("not reproducible", "document erratum")
    produced = first_document(judge("# conformance: seed 7\n" + code, "```text\n[0.25]\n```"))["snippets"][0]["output"]
    assert produced["verdict"] == "document erratum"
    blocks = ["<!-- conformance: seed 7 -->", code, f"```text\n{produced['produced']}\n```", "print(torch.rand(1))"]
    answer = judge(*blocks)
    assert (answer.status, first_document(answer)["snippets"][0]["output"]["verdict"]) == (0, "matches")
    answer = judge(*blocks, right="_generator.seed(seed)", wrong="_generator.seed(seed + 1)")
    assert answer.status == 1
    other = [block.replace("seed 7", "seed 8") for block in blocks]
    assert first_document(judge(*other))["snippets"][0]["output"]["verdict"] == "document erratum"


def test_a_malformed_one_is_one_line(judge: Any) -> None:
    answer = judge("x = 1", "# conformance: skip\ny = 1")
    assert answer.status == 2
    (line,) = [row for row in answer.output.split("\n") if "page.md:" in row]
    assert line.endswith("page.md:6: the directive 'skip' needs a reason in parentheses, as in 'skip (needs a GPU)'")


def test_the_recording_fits_until_answers_change(tmp_path: Path) -> None:
    def key(directive: str) -> str:
        file = tmp_path / "page.md"
        file.write_text(f"{directive}\n\n```python\nx = 1\n```\n")
        return key_of(read(file))

    bare = key("")
    assert key("<!-- conformance: raises E -->") == bare
    assert key("<!-- conformance: skip (a) -->") == key("<!-- conformance: skip (b) -->") != bare
    assert len({bare, key("<!-- conformance: seed 0 -->"), key("<!-- conformance: seed 1 -->")}) == 3
