"""A document is one program, and sees what a user's program would see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.documents.model import Document, Snippet
from conformance.runners.process import UnusableSubject
from conformance.runners.protocol import Failure, Limits
from conformance.runners.session import run_document


@pytest.fixture
def look_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a few modules, none of them torch."""
    package = tmp_path / "look_alike"
    (package / "autograd").mkdir(parents=True)
    (package / "__init__.py").write_text("def manual_seed(seed): print('seeded')\ndef ones(): return 'ones'\n")
    (package / "autograd" / "__init__.py").write_text("def grad(): return 'grad'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "look_alike"


def test_torch_means_the_subject(run_snippets: Any, look_alike: str) -> None:
    results = run_snippets(
        "print(torch.ones())",
        "import torch\nprint(torch.__name__)",
        "from torch.autograd import grad",
        "import torch.autograd as A, torch.autograd\nprint(grad(), A is torch.autograd)",
        "def late():\n  import torch as inner\n  return inner.ones()\nprint(late())",
        "from torch import *\nprint(ones())",
        subject=look_alike,
    ).results
    assert [result.stdout for result in results] == ["ones\n", "look_alike\n", "", "grad True\n", "ones\n", "ones\n"]


def test_torch_means_the_subject_by_function(run_snippets: Any, look_alike: str) -> None:
    results = run_snippets(
        "import importlib\nprint(importlib.import_module('torch').__name__)",
        "from importlib import import_module\nprint(import_module('torch.autograd').grad())",
        "print(__import__('torch.autograd').__name__, import_module('json').__name__, __import__('json').__name__)",
        subject=look_alike,
    ).results
    assert [result.stdout for result in results] == ["look_alike\n", "grad\n", "look_alike json json\n"]


def test_a_subject_may_import_torch_itself(run_snippets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("whose = 'the real one'\n")
    (tmp_path / "built_on_it.py").write_text(
        "import importlib\ndef manual_seed(seed): pass\n"
        "def whose(): return importlib.import_module('torch').whose, __import__('torch').whose\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    result = run_snippets("print(torch.whose())", subject="built_on_it").results[0]
    assert result.stdout == "('the real one', 'the real one')\n"


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (
            "import importlib\nimportlib.import_module('torch.nn')",
            Failure("ModuleNotFoundError", "No module named 'torch.nn'", 2),
        ),
        ("import torch.nn.functional as F", Failure("ModuleNotFoundError", "No module named 'torch.nn'", 1)),
        ("from torch import foo", Failure("ImportError", "cannot import name 'foo' from 'torch'", 1)),
        ("import nowhere", Failure("ModuleNotFoundError", "No module named 'nowhere'", 1)),
        ("nn.Linear", Failure("NameError", "name 'nn' is not defined", 1)),
    ],
)
def test_what_the_subject_lacks_is_said(run_snippets: Any, look_alike: str, code: str, failure: Failure) -> None:
    assert run_snippets(code, subject=look_alike).results[0].error == failure


def test_names_are_given(run_snippets: Any) -> None:
    assert run_snippets("print(torch.pi, np.float32(1))").results[0].stdout == "3.141592653589793 1.0\n"


def test_generators_are_seeded(run_snippets: Any) -> None:
    code = "import random\nprint(random.random(), np.random.rand())"
    first, again, other = (run_snippets(code, seed=seed).results[0] for seed in (0, 0, 1))
    assert first == again
    assert first.stdout != other.stdout
    assert first.random["python"] != other.random["python"]
    assert first.random["numpy"] != other.random["numpy"]


def test_lines_are_the_documents() -> None:
    shared = Snippet("run together", "def f(value):\n    return 1 / (\n        value)\nf(1)\nf(0)", (7, 7, 7, 7, 7))
    later = Snippet("later", "\n\nf(0)", (9, 10, 11))
    broken = Snippet("broken", "a = 1\nb = = 2", (13, 14))
    run = run_document(Document("d.md", "f", (shared, later, broken)), "math", 0, Limits())
    assert [result.error.line for result in run.results if result.error] == [7, 7, 14]
    assert run.results[2].error == Failure("SyntaxError", "invalid syntax (<document>, line 14)", 14)


@pytest.mark.parametrize(
    ("echo", "code", "printed"),
    [
        ("none", "1\n'two'", ""),
        ("last", "1\n'two'", "'two'\n"),
        ("last", "1\nx = 2", ""),
        ("last", "1;", ""),
        ("last", "None", ""),
        ("all", "1\nfor i in range(2):\n    i\n'two'", "1\n0\n1\n'two'\n"),
    ],
)
def test_echo(run_snippets: Any, echo: str, code: str, printed: str) -> None:
    assert run_snippets(code, echo=echo).results[0].stdout == printed


def test_warnings_are_recorded_as_a_user_would_see_them(run_snippets: Any) -> None:
    first, again, caught = run_snippets(
        "import warnings\nfor _ in range(3): warnings.warn('loud')",
        "warnings.warn('hidden', ImportWarning)\nwarnings.warn('old', DeprecationWarning)",
        "with warnings.catch_warnings(record=True) as seen: warnings.warn('caught')\nprint(len(seen))",
    ).results
    assert first.warnings == (("UserWarning", "loud"),)
    assert again.warnings == (("DeprecationWarning", "old"),)
    assert (caught.warnings, caught.stdout) == ((), "1\n")


def test_the_child_imports_only_what_it_needs(run_snippets: Any) -> None:
    code = "import sys\nprint([name for name in ('typer', 'rich', 'markdown_it', 'nbformat') if name in sys.modules])"
    assert run_snippets(code).results[0].stdout == "[]\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere", "No module named 'nowhere'"),
        ("x = = 1", "SyntaxError"),
        ("import os\nos._exit(4)", "status 4"),
        ("raise SystemExit('no')", "SystemExit: no"),
    ],
)
def test_an_unusable_subject_is_said(
    run_snippets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    (tmp_path / "broken_look_alike.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnusableSubject, match=reason):
        run_snippets("x = 1", subject="broken_look_alike")


def test_an_import_from_the_future_holds_for_later_snippets(run_snippets: Any) -> None:
    codes = ["from __future__ import annotations", "def f(x: Later): pass\nprint(f.__annotations__)"]
    later = run_snippets(*codes).results[1]
    assert (later.error, later.stdout) == (None, "{'x': 'Later'}\n")
    assert run_snippets("annotations = 1", codes[1]).results[1].error is not None
