"""Look-alikes side by side: PyTorch agrees with itself, faults are seen, and the README's table is the tool's."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from conformance.reports.standings import HEADINGS, table
from conformance.suites.comparison import Share, Standing, check_importable
from conformance.suites.documents import LIBRARY
from conformance.suites.fuzz.failures import REGRESSIONS

README = Path(__file__).parents[3] / "README.md"

needs_torch = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("expecttest")), reason="PyTorch and expecttest are not installed"
)

LIKE_TORCH = """
import torch
from torch import *

def __getattr__(name):
    if name[0] == "_": raise AttributeError(name)
    return getattr(torch, name)
"""
WRONG_GRADIENT = """
class Wrong(torch.autograd.Function):
    def forward(ctx, x): return x.exp()
    def backward(ctx, grad): return grad

exp = Wrong.apply
"""


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a module of PyTorch with other definitions in it; returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(source: str = "") -> str:
        (tmp_path / "planted_torch.py").write_text(LIKE_TORCH + source)
        return "planted_torch"

    yield make
    sys.modules.pop("planted_torch", None)


def _agreement(subject: str, name: str) -> tuple[bool, bool, bool]:
    from conformance.suites.comparison.operators import Unit, agreement, variants

    places = [place for place, op in enumerate(variants()) if op.formatted_name == name]
    found = agreement(Unit(subject, places[0]))
    return found.offered, found.forward, found.gradients


@needs_torch
class TestOperators:
    # A function, a nested one, several outputs, a method, one written in Python, a random one, one without values.
    @pytest.mark.parametrize(
        "name", ["exp", "nn_functional_softplus", "aminmax", "new_full", "to", "rand_like", "empty_like", "linalg_qr"]
    )
    def test_pytorch_agrees_with_itself(self, name: str) -> None:
        assert _agreement("torch", name) == (True, True, True)

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("", (True, True, True)),
            ("def exp(x): return torch.exp(x) * 1.0001", (True, False, False)),
            ("def exp(x): return torch.exp(x).detach()", (True, True, False)),
            ("def exp(x): return torch.exp(x).double()", (True, False, False)),
            ("def exp(x): return torch.exp(x)[None]", (True, False, False)),
            ("def exp(x): return torch.exp(x), x", (True, False, False)),
            ("def exp(x): raise NotImplementedError", (True, False, False)),
            (WRONG_GRADIENT, (True, True, False)),
        ],
    )
    def test_faults_are_seen(self, subject: Any, source: str, expected: tuple[bool, bool, bool]) -> None:
        assert _agreement(subject(source), "exp") == expected

    def test_what_is_not_there_is_not_offered(self) -> None:
        assert _agreement("math", "linalg_qr") == (False, False, False)

    def test_a_random_operator_is_compared_from_one_seed(self, subject: Any) -> None:
        wrong = "def randn(*sizes, **k):\n    torch.rand(1)\n    return torch.randn(*sizes, **k)"
        assert _agreement("torch", "randn") == (True, True, True)
        assert _agreement(subject(wrong), "randn") == (True, False, False)


@needs_torch
def test_programs_are_the_same_each_time_and_faults_are_seen(subject: Any) -> None:
    from conformance.suites.comparison.programs import Unit, draw, is_equal

    drawn = draw(40, 0)
    assert (len(drawn), drawn) == (40, draw(40, 0))
    assert drawn != draw(40, 1)
    assert all(is_equal(Unit("torch", program)) for program in drawn[:10])
    assert not all(is_equal(Unit("math", program)) for program in drawn[:1])


def test_a_subject_that_cannot_be_imported_is_told() -> None:
    from conformance.runners.process import UnusableSubject

    with pytest.raises(UnusableSubject, match="No module named 'no_such_module'"):
        check_importable("no_such_module")


def test_the_table_is_markdown() -> None:
    share = Share(1, 2)
    text = table([Standing("a|b", "1", share, share, share, share, share, share, share, 0.5, 0)])
    assert text.splitlines()[2] == r"| a\|b 1 |" + " 1 of 2 |" * 7 + " 0.50 |"


def _row(text: str) -> list[str]:
    (line,) = re.findall(r"^\| shimtorch .*\|$", text, re.M)
    return [cell.strip() for cell in line.strip("|").split("|")]


@needs_torch
def test_the_readme_tells_what_the_tool_says() -> None:
    """The part of it that is quick to find out: what there is, and what is offered."""
    import shimtorch
    from conformance.suites.comparison.operators import offered, variants

    text = README.read_text()
    assert f"| {' | '.join(HEADINGS)} |" in text
    name, documents, regressions, snippets, *_, offers, forward, gradients, _ = _row(text)
    assert name == f"shimtorch {shimtorch.__version__}"
    shipped, mended = len(list(LIBRARY.glob("[a-z]*.*"))), len(list(REGRESSIONS.glob("*.md")))
    assert (documents, regressions) == (f"{shipped} of {shipped}", f"{mended} of {mended}")
    assert len(set(snippets.split(" of "))) == 1
    count = sum(offered(op, shimtorch) is not None for op in variants())
    assert offers == f"{count} of {len(variants())}"
    equal = [int(cell.split(" of ")[0]) for cell in (forward, gradients)]
    assert count >= equal[0] >= equal[1]
