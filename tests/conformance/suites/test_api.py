"""PyTorch's public names: what is absent counts as absent, and each way in which a signature may differ is seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from conformance.cli import app

pytestmark = pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed")

PLANTED = """
import torch
from torch import Generator, Tensor, arange, contiguous_format, float64, linalg, nn, ones, strided

def add(input, other, *, out=None): return torch.add(input, other, out=out)  # no alpha
def sub(input, *, other, alpha=1, out=None): return torch.sub(input, other)  # other by name only
def norm(input, p=2, dim=None, keepdim=False, out=None, dtype=None): pass  # another default
def split(tensor, dim=0, split_size_or_sections=1): pass  # another order
def einsum(equation): pass
def mul(*args, **kwargs): raise NotImplementedError("mul is not offered")
float32 = lambda: None
exp = 1
"""


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "planted_names.py").write_text(PLANTED)
    yield "planted_names"
    sys.modules.pop("planted_names", None)


def _named(subject: str, namespace: str, *names: str) -> dict[str, Any]:
    from conformance.suites.api import Unit, work

    return {it.name: it for it in work(Unit(subject, namespace, names))}


def test_faults(subject: str) -> None:
    names = "add", "sub", "mul", "norm", "split", "einsum", "exp", "float32", "arange", "log"
    found = _named(subject, "torch", *names)
    operands = "(Tensor | Number | _complex, Tensor | Number | _complex"
    assert {name: (it.status, it.source, it.difference) for name, it in found.items()} == {
        "add": (
            "differs",
            "stub",
            f"add{operands}, alpha=Number | _complex | None): "
            "TypeError: add() got an unexpected keyword argument 'alpha'",
        ),
        "sub": ("differs", "stub", f"sub{operands}): TypeError: sub() takes 1 positional argument but 2 were given"),
        "mul": ("differs", "stub", f"mul{operands}): NotImplementedError: mul is not offered"),
        "norm": ("differs", "signature", "p has the default 2, not the default 'fro'"),
        "split": ("differs", "signature", "split_size_or_sections is number 3, not 2"),
        "einsum": ("differs", "signature", "no parameter *args: Any"),
        "exp": ("differs", "", "an attribute, not a function"),
        "float32": ("differs", "", "a function, not an attribute"),
        "arange": ("there", "stub", ""),
        "log": ("absent", "", ""),
    }


def test_pytorch_differs_from_itself_in_nothing() -> None:
    from conformance.suites.api.names import names_of

    for namespace in ("torch.nn.functional", "torch.linalg", "torch.autograd.functional"):
        names = names_of(namespace)
        assert len(names) >= 6
        found = _named("torch", namespace, *names)
        assert not [it for it in found.values() if it.status != "there"]
        assert namespace == "torch.linalg" or any(it.source for it in found.values())


def test_public_names() -> None:
    from conformance.suites.api.names import names_of

    assert {"add", "Tensor", "float32", "no_grad", "einsum"} < set(names_of("torch"))
    assert {"add_", "__add__", "grad", "backward"} < set(names_of("torch.Tensor"))
    assert {"relu", "max_pool2d", "cross_entropy"} < set(names_of("torch.nn.functional"))
    assert {"Linear", "Module"} < set(names_of("torch.nn"))
    assert not {"Tensor", "math", "warnings", "Callable", "Optional"} & set(names_of("torch.nn.functional"))
    assert not {"__class__", "__dict__", "_version", "__torch_function__"} & set(names_of("torch.Tensor"))


def test_what_shimtorch_has_is_called_as_in_pytorch() -> None:
    """Of all that it has; the names that it lacks are a matter of the table."""
    from conformance.suites.api.names import names_of

    for namespace in ("torch", "torch.Tensor", "torch.nn.functional", "torch.autograd", "torch.linalg"):
        found = _named("shimtorch", namespace, *names_of(namespace))
        assert not [f"{it.name}: {it.difference}" for it in found.values() if it.status == "differs"]


def test_command(tmp_path: Path, subject: str) -> None:
    page, data = tmp_path / "names.md", tmp_path / "names.json"
    options = ["--subject", subject, "--jobs", "1", "--markdown", str(page), "--json", str(data)]
    told = CliRunner().invoke(app, ["api", "torch.linalg", *options])
    assert told.exit_code == 0, told.output
    assert "| torch.linalg | 4" in page.read_text()
    assert "`cholesky`" in page.read_text()
    assert '"namespace": "torch.linalg"' in data.read_text()
    told = CliRunner().invoke(app, ["api", "torch.nowhere"])
    assert told.exit_code == 2
    assert "torch.nowhere" in told.output
