"""``pytest --conformance``, in projects of a few files. The look-alike of the tests stands for PyTorch."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import conformance.compare
from conformance.documents import read
from conformance.documents.reading import readers
from conformance.recordings.store import save_recording
from conformance.runners.protocol import SEEDS, Limits
from conformance.runners.session import run_document
from conformance.suites.documents import record_documents

pytest_plugins = ["pytester"]

# An inner run forgets the modules that it was the first to load: so that they are not loaded anew by each of them.
LOADED = conformance.compare.comparators(), readers()

# Where the project is installed, its entry point is tried as well. Hypothesis would be loaded anew by each inner run.
PLUGIN = [] if entry_points(group="pytest11", name="conformance") else ["-p", "conformance.pytest_plugin"]
PLUGIN += ["-p", "no:hypothesispytest"]

PAGE = """# A page

```python
import torch
x = torch.tensor([1.5, 2.25])
print(x)
```

```text
tensor([1.5 , 2.25])
```

```python
y = x * x
y
```

```text
tensor([2.25  , 5.0625])
```
"""
STALE = PAGE.replace("5.0625]", "5.0]")
HANGING = "```python\nwhile True: pass\n```\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n"

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Callable[..., None]:
    """Writes files of a project, and leaves pytest in it."""

    def write(files: dict[str, str], ini: str = "") -> None:
        pytester.makeini(f"[pytest]\n{ini}\n")
        for name, text in files.items():
            file = pytester.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return write


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the look-alike's answers to the page stand for PyTorch's."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent / "cli"))
        (folder / "page.md").write_text(PAGE)
        page = read(folder / "page.md")
        save_recording(page, {seed: run_document(page, "look_alike", seed, Limits()) for seed in SEEDS}, folder)
    return folder


@pytest.fixture
def run(pytester: pytest.Pytester, plant: Callable[..., str], made_up_torch: None, recorded: Path) -> Run:
    """Runs pytest; ``right`` and ``wrong`` plant a fault into the subject."""

    def start(*arguments: object, right: str = "", wrong: str = "") -> pytest.RunResult:
        defaults = {"subject": plant(right, wrong), "recordings": str(recorded)}
        given = " ".join(map(str, arguments)) + (pytester.path / "tox.ini").read_text().replace("_", "-")
        options = [f"--conformance-{name}={it}" for name, it in defaults.items() if f"conformance-{name}" not in given]
        return pytester.runpytest_inprocess(*PLUGIN, "--conformance", *options, *map(str, arguments))

    return start


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    return result.parseoutcomes()


def test_without_the_option_it_is_not_there(pytester: pytest.Pytester, project: Any) -> None:
    names = "conformance.documents", "conformance.suites", "typer", "rich", "numpy"
    test = f"import sys\ndef test(): assert not [name for name in {names} if name in sys.modules]\n"
    project({"page.md": PAGE, "test_it.py": test})
    result = pytester.runpytest_subprocess(*PLUGIN)
    assert outcomes(result) == {"passed": 1}


def test_a_document_passes(run: Run, project: Any) -> None:
    project({"docs/page.md": PAGE})
    result = run("-rA", "docs")
    assert outcomes(result) == {"passed": 2}
    result.stdout.fnmatch_lines(["PASSED docs/page.md::line 4", "PASSED docs/page.md::line 14"])
    assert outcomes(run("docs/page.md::line 14", "docs/page.md::line 4", "-k", "14")) == {"passed": 1, "deselected": 1}


def test_a_fault_of_the_subject_is_told(run: Run, project: Any) -> None:
    project({"docs/page.md": PAGE})
    result = run("docs", right="self._array * other._array", wrong="self._array + other._array")
    assert outcomes(result) == {"passed": 1, "failed": 1}
    told = ["docs/page.md:14: different: * (seed 0, 1)", "planted_look_alike:", "    tensor(*3*4.5*", "PyTorch:"]
    result.stdout.fnmatch_lines([*told, "    tensor(*2.25*5.0625*"])
    assert "Traceback" not in result.stdout.str()
    assert "collection.py" not in result.stdout.str()


def test_a_stale_output_fails_or_warns(run: Run, project: Any) -> None:
    project({"page.md": STALE})
    result = run("page.md")
    assert outcomes(result) == {"passed": 1, "failed": 1}
    told = ["page.md:19: document erratum: *", "the document:", "    tensor([[]2.25  , 5.0[]])", "PyTorch:"]
    result.stdout.fnmatch_lines([*told, "    tensor([[]2.25  , 5.0625[]])"])
    result = run("page.md", "--conformance-errata", "warn")
    assert (result.ret, outcomes(result)) == (0, {"passed": 2, "warnings": 1})
    result.stdout.fnmatch_lines(["*DocumentErratum: page.md:19: document erratum: *"])


def test_it_is_told_to_junit_and_tried_again(run: Run, project: Any, pytester: pytest.Pytester) -> None:
    project({"page.md": STALE})
    run("page.md", "--junitxml", "junit.xml")
    cases = list(ElementTree.parse(pytester.path / "junit.xml").iter("testcase"))
    failures = [case.find("failure") for case in cases]
    assert [case.get("name") for case in cases] == ["line 4", "line 14"]
    assert [failure is not None for failure in failures] == [False, True]
    assert "document erratum" in str(failures[1].text)  # type: ignore[union-attr]
    (pytester.path / "page.md").write_text(PAGE)
    assert outcomes(run("page.md", "--lf")) == {"passed": 1, "deselected": 1}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("cut.ipynb", '{"cells": [', "cut.ipynb:1: this is not JSON*"),
        ("other.ipynb", '{"cells": 3}', "other.ipynb: this JSON is not a notebook*"),
        ("wrong.md", "<!-- conformance: sead 7 -->\n" + PAGE, "wrong.md:1: the directive 'sead 7' is not known*"),
        ("broken.md", "```python\nx = = 1\n```\n", "broken.md:2: no code to run was found*not Python*"),
    ],
)
def test_what_is_unreadable_loses_no_other(run: Run, project: Any, name: str, text: str, told: str) -> None:
    project({f"docs/{name}": text, "docs/page.md": PAGE})
    result = run("docs")
    assert (result.ret, outcomes(result)) == (1, {"passed": 2, "errors": 1})
    result.stdout.fnmatch_lines([f"docs/{told}"])
    assert "Traceback" not in result.stdout.str()


def test_a_document_that_is_not_utf8(run: Run, project: Any, pytester: pytest.Pytester) -> None:
    project({"docs/page.md": PAGE})
    (pytester.path / "docs/latin.md").write_bytes(b"caf\xe9\n")
    result = run("docs")
    assert outcomes(result) == {"passed": 2, "errors": 1}
    result.stdout.fnmatch_lines(["docs/latin.md:1: not UTF-8: byte 0xe9"])


@pytest.mark.parametrize("folder", ["", "conformance_recordings = kept"], ids=["option", "ini"])
def test_recordings_stand_for_pytorch(
    run: Run,
    project: Any,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    recorded: Path,
    folder: str,
) -> None:
    project({"docs/page.md": PAGE, "docs/new.md": PAGE + PAGE}, ini=folder)
    shutil.copytree(recorded, pytester.path / "kept")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    options = [] if folder else ["--conformance-recordings", "kept"]
    result = run("docs", *options, "-rA")
    assert outcomes(result) == {"passed": 2, "errors": 4}
    assert (
        result.stdout.str().count("docs/new.md: no reference: PyTorch 2.13.0 is not installed, and no recording") >= 4
    )
    assert "Traceback" not in result.stdout.str()
    assert outcomes(run("docs/page.md", *options, "--conformance-reference", "torch")) == {"errors": 2}


def test_a_damaged_recording_and_a_subject_that_is_none(run: Run, project: Any, pytester: pytest.Pytester) -> None:
    project({"page.md": PAGE, "other.md": PAGE + PAGE}, ini="conformance_recordings = kept")
    files = [pytester.path / name for name in ("page.md", "other.md")]
    (file, _), _ = record_documents(files, pytester.path / "kept", Limits(), lambda *_: None)
    file.write_text("{")
    result = run("page.md", "other.md")
    assert outcomes(result) == {"passed": 4, "errors": 2}
    result.stdout.fnmatch_lines(["*.json:1:2: not JSON*"])
    result = run("other.md", "--conformance-subject", "no_such_module")
    assert outcomes(result) == {"errors": 4}
    result.stdout.fnmatch_lines(["other.md: no_such_module cannot be imported*"])


def test_a_skipped_snippet_is_skipped(run: Run, project: Any) -> None:
    project({"page.md": PAGE.replace("y = x * x", "# conformance: skip (takes an hour)\ny = x * x")})
    result = run("page.md", "-rs")
    assert outcomes(result) == {"passed": 1, "skipped": 1}
    result.stdout.fnmatch_lines(["SKIPPED * page.md*: takes an hour"])


CELLS = "# %%\nimport torch\nx = torch.tensor([1.0])\n\n# %%\nprint(x)\n# tensor([1.])\n"


@pytest.mark.parametrize("python_files", ["", "python_files = test_*.py *_cells.py"])
def test_a_python_file_is_a_document_or_a_test(run: Run, project: Any, python_files: str) -> None:
    test = "# %%\ndef test():\n    pass\n"
    files = {
        "docs/lesson.py": CELLS,
        "docs/test_it.py": test,
        "docs/my_cells.py": test,
        "docs/plain.py": "raise ValueError\n",
    }
    project({**files, "docs/conftest.py": "# %%\n"}, ini=python_files)

    def collected(*paths: str) -> list[str]:
        return sorted(line for line in run("--collect-only", "-q", *paths).outlines if "::" in line)

    cells, test = ["docs/lesson.py::cell 1", "docs/lesson.py::cell 2"], "docs/test_it.py::test"
    assert collected("docs") == [*cells, "docs/my_cells.py::" + ("test" if python_files else "cell 1"), test]
    assert collected("docs/lesson.py", "docs/test_it.py") == [*cells, test]


def test_a_script_is_a_document_where_it_is_named(run: Run, project: Any) -> None:
    project({"docs/plain.py": "print(1)\n# 1\n\nprint(2)\n# 3\n"})
    assert run("docs").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert outcomes(run("docs/plain.py")) == {"passed": 1, "failed": 1}


def test_a_page_without_code_is_an_error_only_where_it_is_named(run: Run, project: Any) -> None:
    project(
        {"docs/page.md": PAGE, "docs/about.md": "Words.\n", "docs/requirements.txt": "numpy\n", "docs/.old.md": STALE}
    )
    assert outcomes(run("docs")) == {"passed": 2}
    result = run("docs/about.md")
    assert outcomes(result) == {"errors": 1}
    result.stdout.fnmatch_lines(["docs/about.md: no code to run was found*"])


def test_testpaths(run: Run, project: Any) -> None:
    project({"docs/page.md": PAGE, "other.md": STALE}, ini="testpaths = docs")
    assert outcomes(run()) == {"passed": 2}


def test_a_notebook(run: Run, project: Any) -> None:
    cells = [
        {"cell_type": "code", "execution_count": count, "metadata": {}, "source": source, "outputs": []}
        for count, source in [(1, "import torch"), (1, "torch.tensor([1.0])"), (None, "x = 1")]
    ]
    value = {
        "output_type": "execute_result",
        "data": {"text/plain": "tensor([2.])"},
        "execution_count": 1,
        "metadata": {},
    }
    cells[1]["outputs"] = [value]
    project({"page.ipynb": json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})})
    result = run("page.ipynb", "-rA")
    assert outcomes(result) == {"passed": 2, "failed": 1}
    passed = [line for line in result.outlines if line.startswith("PASSED")]
    assert passed == ["PASSED page.ipynb::In [1]", "PASSED page.ipynb::cell 3"]
    assert outcomes(run("page.ipynb::2. In [1]")) == {"failed": 1}


def test_a_snippet_that_hangs_loses_no_other(run: Run, project: Any) -> None:
    code = "import torch\nif torch.__version__ == '2':\n    while True: pass"
    project({"page.md": HANGING.replace("while True: pass", code), "right.md": PAGE})
    result = run(
        "page.md", "right.md", "--conformance-timeout", "1", right='__version__ = "1"', wrong='__version__ = "2"'
    )
    assert outcomes(result) == {"passed": 3, "failed": 1}
    result.stdout.fnmatch_lines(["page.md:2: different: ending*", "*timeout ran longer than 1 s"])


@pytest.mark.parametrize(
    ("arguments", "ini", "told"),
    [
        (
            ["--conformance-reference", "none"],
            "",
            "--conformance-reference: 'none' is not one of auto, recorded, torch",
        ),
        ([], "conformance_errata = maybe", "--conformance-errata: 'maybe' is not one of fail, warn"),
        (["--conformance-timeout", "soon"], "", "--conformance-timeout: not a number of seconds: soon"),
        (["--conformance-timeout", "-1"], "", "--conformance-timeout: not above 0: -1"),
        (["--conformance-subject", "missing.py"], "", "missing.py: there is no such file"),
    ],
)
def test_wrong_usage_is_one_line(run: Run, project: Any, arguments: list[str], ini: str, told: str) -> None:
    project({"page.md": PAGE}, ini)
    result = run("page.md", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}"])
    assert "Traceback" not in result.stderr.str()


def test_many_processes(
    pytester: pytest.Pytester, project: Any, recordings: Path, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("xdist")
    story = Path(__file__).parent / "cli/story.md"
    look_alike = story.with_name("look_alike.py")
    project({"docs/story.md": story.read_text(), "docs/cut.ipynb": "{"})
    options = ["--conformance", "--conformance-subject", look_alike, "--conformance-recordings", recordings]
    result = pytester.runpytest_subprocess(*PLUGIN, *map(str, options), "-n", "2", "docs")
    assert outcomes(result) == {"passed": 4, "failed": 1, "errors": 1}
    result.stdout.fnmatch_lines_random(["docs/story.md:42: document erratum*", "docs/cut.ipynb:1: this is not JSON*"])
