"""Examples of docstrings: how they are found and read, and each verdict on them, planted faults among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from conformance.cli import app  # noqa: E402
from conformance.compare.known_gaps import Gap  # noqa: E402
from conformance.documents.model import Damaged, Snippet  # noqa: E402
from conformance.reports.docstring_tables import write  # noqa: E402
from conformance.reports.docstrings import DocstringReport, Example  # noqa: E402
from conformance.runners.executor import executor  # noqa: E402
from conformance.runners.protocol import Limits  # noqa: E402
from conformance.suites.docstrings import Settings, run_docstrings  # noqa: E402
from conformance.suites.docstrings.finding import Docstring, UnknownName, find  # noqa: E402
from conformance.suites.docstrings.offered import Scope, bound, loaded  # noqa: E402
from conformance.suites.docstrings.reading import read_docstring  # noqa: E402

# --- finding ----------------------------------------------------------------------------------------------------------


def test_functions_classes_and_methods_are_found_each_once() -> None:
    found = {doc.name: doc for doc in find(["torch", "torch.Tensor", "torch.nn", "torch.nn.functional"])}
    assert {"torch.add", "torch.nn.Linear", "torch.nn.Module.apply", "torch.Tensor.view", "torch.no_grad"} <= set(found)
    assert found["torch.Tensor.view"].namespace == "torch.Tensor"
    assert "torch.nn.functional.conv2d" in found  # which is torch.conv2d, too
    assert "torch.conv2d" not in found
    assert "torch.nn.Linear.apply" not in found  # inherited
    assert len({doc.text for doc in found.values()}) == len(found)


def test_a_single_object_is_found_and_its_members() -> None:
    assert [doc.name for doc in find(["torch.add"])] == ["torch.add"]
    assert [doc.name for doc in find(["torch.conv2d"])] == ["torch.conv2d"]
    assert {"torch.nn.Module.apply", "torch.nn.Module.named_modules"} <= {doc.name for doc in find(["torch.nn.Module"])}


def test_all_namespaces_hold_thousands_of_examples() -> None:
    count = 0
    for doc in find():
        try:
            count += len(read_docstring(doc.name, doc.text).snippets)
        except Damaged:
            continue
    assert count > 3_000


@pytest.mark.parametrize("name", ["torch.nowhere", "numpy.add", "torch.add.nowhere"])
def test_an_unknown_name_is_told_in_one_line(name: str) -> None:
    with pytest.raises(UnknownName, match=name):
        find([name])
    told = CliRunner().invoke(app, ["docstrings", name])
    assert (told.exit_code, len(told.output.splitlines())) == (2, 1), told.output


# --- reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> tuple[Snippet, ...]:
    return read_docstring("a", text).snippets


def test_each_statement_is_an_example_with_its_lines() -> None:
    snippets = read("Says.\n\n    >>> a = 1\n    >>> # a comment\n    >>> a; a\n    1\n    1\n\n    >>> a\n    1\n")
    assert [(it.code, it.lines) for it in snippets] == [("a = 1", (3,)), ("a; a", (5,)), ("a", (9,))]
    assert [it.expected.text if it.expected else None for it in snippets] == [None, "1\n1", "1"]


def test_a_block_may_have_the_prompt_of_a_statement_on_each_line() -> None:
    (snippet,) = read(">>> for i in range(2):\n>>>     # each\n>>>     print(i)\n0\n1\n")
    assert snippet.code == "for i in range(2):\n    # each\n    print(i)"
    assert snippet.expected is not None
    assert snippet.expected.text == "0\n1"


def test_an_empty_line_within_brackets_does_not_end_an_output() -> None:
    text = "tensor([[[1.],\n         [2.]],\n\n        [[3.],\n         [4.]]])"
    (snippet,) = read(f">>> x\n{text}\n\nProse.\n")
    assert snippet.expected is not None
    assert snippet.expected.text == text


def test_an_exception_is_expected_by_its_last_line() -> None:
    (snippet,) = read(">>> 1 / 0\nTraceback (most recent call last):\n  ...\nZeroDivisionError: division by zero\n")
    assert snippet.expected is not None
    assert snippet.expected.text == "ZeroDivisionError: division by zero"


def test_a_directive_holds_for_its_line_or_to_the_end_of_the_block() -> None:
    snippets = read(
        "One:\n    >>> a  # xdoctest: +SKIP(why)\n    >>> b\n\n    >>> # xdoctest: +REQUIRES(env:TORCH_DOCTEST_CUDA)\n"
        "    >>> c\n    >>> d\n\nTwo:\n    >>> e\n"
        "    >>> # xdoctest: +SKIP\n    >>> f\n    >>> # xdoctest: -SKIP\n    >>> g\n"
    )
    required = "PyTorch says that it requires env:TORCH_DOCTEST_CUDA"
    reasons = ["PyTorch skips it: why", None, required, required, None, "PyTorch skips it", None]
    assert [it.skip for it in snippets] == reasons


def test_an_output_may_be_declared_meaningless() -> None:
    first, second = read('>>> # xdoctest: +IGNORE_WANT("random")\n>>> a\n1\n>>> b\n2\n')
    assert first.expected is second.expected is None


def test_what_is_not_python_is_read_line_by_line() -> None:
    assert [it.code for it in read(">>> a = (1,\n>>> b\n")] == ["a = (1,", "b"]


def test_prompts_in_disorder_are_damage() -> None:
    with pytest.raises(Damaged, match="line 2 has inconsistent leading whitespace"):
        read("    >>> a\n  1\n")


# --- what is used -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        (["torch.ones(1)"], None),
        (["torch.compile(f)"], "torch.compile"),
        (["import torch.linalg as la", "la.lu(x)"], "torch.linalg.lu"),
        (["from torch.func import vmap as v"], "torch.func.vmap"),
        (["def f(x):\n    return torch.compile(x)"], "torch.compile"),
        (["torch.no_such_name"], None),  # PyTorch has none either
        (["torch = 1", "torch.compile"], None),
    ],
)
def test_names_that_the_subject_lacks(statements: list[str], missing: str | None) -> None:
    scope = Scope("shimtorch")
    assert [scope.missing(statement) for statement in statements][-1] == missing


def test_names_that_a_statement_reads_and_binds() -> None:
    assert loaded("y = f(x)") == {"f", "x"}
    assert bound("import a.b, c as d\nclass E: pass") == {"a", "d", "E"}


# --- verdicts ---------------------------------------------------------------------------------------------------------

PLANTED = """
import os, time
import shimtorch
from shimtorch import *
del cos

def add(input, other):
    return shimtorch.add(input, other) + 1

def relu(input):
    raise NotImplementedError("planted does not offer torch.relu")

def neg(input):
    time.sleep(60)

def exp(input):
    os.abort()
"""

DOCSTRINGS = {
    "equal": ">>> torch.ones(2)\ntensor([1., 1.])\n",
    "fault": ">>> x = torch.add(torch.ones(1), 1)\n>>> torch.ones(1)\n",
    "absent": ">>> y = torch.cos(torch.ones(1))\n>>> z = y + 1\n>>> torch.ones(1)\n>>> y = 1\n>>> y\n1\n",
    "refused": ">>> torch.relu(torch.ones(1))\n",
    "method": ">>> torch.ones(1).lgamma()\n",
    "drawing": ">>> m = nn.Linear(2, 2)\n>>> torch.randn(2)\ntensor([0.1234, 0.2345])\n>>> m(torch.ones(2))\n",
    "erratum": ">>> torch.zeros(1)\n\n[torch.FloatTensor of size 1]\n\n>>> torch.zeros(2)\ntensor([0., 1.])\n",
    "loose": ">>> torch.ones(2) > 0\ntensor([ True, True ])\n>>> torch.rand(2) > 0.5\ntensor([False,True])\n",
    "skipped": ">>> # xdoctest: +SKIP\n>>> x = 1\n\nThen\n\n>>> x\n1\n",
    "device": ">>> x = torch.ones(1, device='cuda')\n>>> x\n",
    "fails": ">>> undefined_name\n1\n",
    "hang": ">>> torch.neg(torch.ones(1))\n>>> torch.ones(3)\n",
    "crash": ">>> torch.exp(torch.ones(1))\n>>> torch.ones(3)\n",
    "rubbish": ">>> x = torch.empty(50)\n>>> x.shape\ntorch.Size([50])\n>>> y = torch.empty(0)\n",
    "modes": ">>> torch.set_default_dtype(torch.float64)\n>>> torch.set_grad_enabled(False)\n",
    "unreadable": "    >>> a\n  1\n",
    "again": ">>> torch.ones(2), torch.is_grad_enabled()\n(tensor([1., 1.]), True)\n",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocstringReport]:
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.py").write_text(PLANTED)
    found = [Docstring(f"torch.{name}", "torch", text) for name, text in DOCSTRINGS.items()]
    gaps = [
        Gap("planted", "torch.again", "example 1", "text", "stdout", "made up"),
        Gap("planted", "torch.fault", "example 1", "value", "x value", "the fault is known"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        settings = Settings("planted", Limits(timeout=2), gaps)
        without = Settings("planted", Limits(timeout=2))
        yield run_docstrings(found, settings, executor(1), lambda *_: None)
        assert _verdicts(run_docstrings(found[1:2], without, executor(1), lambda *_: None), "fault")[0] == "different"


def _examples(report: DocstringReport, name: str) -> tuple[Example, ...]:
    (docstring,) = (it for it in report.docstrings if it.name == f"torch.{name}")
    return docstring.examples


def _verdicts(report: DocstringReport, name: str) -> list[str]:
    return [example.verdict for example in _examples(report, name)]


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("equal", ["equal"]),
        ("fault", ["explained", "equal"]),
        ("absent", ["not offered", "not offered", "equal", "equal", "equal"]),
        ("refused", ["not offered"]),
        ("method", ["not offered"]),
        ("drawing", ["not offered", "equal", "not offered"]),
        ("erratum", ["equal", "equal"]),
        ("loose", ["equal", "equal"]),
        ("skipped", ["not run", "not run"]),
        ("device", ["not run", "not run"]),
        ("fails", ["equal"]),
        ("hang", ["different", "equal"]),
        ("crash", ["different", "equal"]),
        ("rubbish", ["not run", "equal", "equal"]),
        ("modes", ["equal", "equal"]),
        ("again", ["equal"]),
        ("unreadable", []),
    ],
)
def test_verdicts(report: DocstringReport, name: str, verdicts: list[str]) -> None:
    assert _verdicts(report, name) == verdicts, _examples(report, name)


def test_reasons(report: DocstringReport) -> None:
    reasons = {name: [example.reason for example in _examples(report, name)] for name in DOCSTRINGS}
    assert reasons["absent"] == ["torch.cos", "torch.cos", "", "", ""]
    assert reasons["refused"] == ["torch.relu"]
    assert reasons["method"] == ["torch.Tensor.lgamma"]
    assert reasons["drawing"] == ["torch.nn.Linear", "", "torch.nn.Linear"]
    assert reasons["device"] == ["it needs an accelerator"] * 2
    assert reasons["rubbish"][0] == "PyTorch itself answers otherwise each time"
    assert reasons["fault"] == ["accepted: the fault is known", ""]
    assert report.wanted["torch.nn.Linear"] == 2


def test_how_the_sides_differ_is_told(report: DocstringReport) -> None:
    hang, crash = (_examples(report, name)[0].findings[0].subject for name in ("hang", "crash"))
    assert hang == "timeout ran longer than 2 s"
    assert crash == "signal killed by SIGABRT"


def test_outputs(report: DocstringReport) -> None:
    def outputs(name: str) -> list[str | None]:
        return [example.output.verdict if example.output else None for example in _examples(report, name)]

    assert outputs("equal") == ["matches"]
    assert outputs("drawing") == [None, "not reproducible", None]
    assert outputs("erratum") == [None, "document erratum"]
    assert outputs("loose") == ["matches", "not reproducible"]
    assert [place.name for place, _ in report.errata] == ["torch.erratum"]
    assert [place.name for place, _ in report.failing] == ["torch.fails"]


def test_totals_problems_and_gaps(report: DocstringReport, tmp_path: Path) -> None:
    total = report.total
    assert total.examples == sum(len(docstring.examples) for docstring in report.docstrings)
    assert total.verdicts["different"] == 2
    assert (total.failing, total.errata, report.status) == (1, 1, "different")
    assert report.outdated_gaps == ("torch.again, example 1: text of stdout",)
    write(report, tmp_path / "table.md")
    text = (tmp_path / "table.md").read_text()
    for part in (
        "| `torch.cos` | 2 |",
        "torch.unreadable: line 2 has",
        "killed by SIGABRT",
        "tensor([0., 1.])",
        "the fault",
    ):
        assert part in text


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_namespace_live(tmp_path: Path) -> None:
    file, table = tmp_path / "report.json", tmp_path / "table.md"
    options = ["--json", str(file), "--markdown", str(table), "--jobs", "2"]
    told = CliRunner().invoke(app, ["docstrings", "torch.autograd.function", *options], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    (row, _) = json.loads(file.read_text())["rows"]
    assert row["share"] == "100.0 %"
    assert row["verdicts"]["equal"] >= 10
    assert "| torch.autograd.function | 18 |" in table.read_text()


def test_a_subject_that_cannot_be_imported_is_told_in_one_line() -> None:
    told = CliRunner().invoke(app, ["docstrings", "torch.add", "--subject", "nowhere", "--jobs", "1"])
    assert (told.exit_code, len(told.output.splitlines())) == (2, 1), told.output
    assert "nowhere cannot be imported" in told.output
