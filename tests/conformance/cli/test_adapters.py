"""A file that makes a look-alike into a subject, for every command that takes one."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ADAPTER = """
import sys
import shimtorch
from shimtorch import *
from shimtorch import nn

__version__ = "7"
sys.modules[__name__ + ".nn"], sys.modules[__name__ + ".nn.functional"] = nn, nn.functional

def __getattr__(name):
    if name[0] == "_": raise AttributeError(name)
    return getattr(shimtorch, name)
"""
PAGE = "```python\nimport torch.nn.functional as F\nimport torch\nx = F.softmax(torch.ones(2), 0)\nprint(x)\n```\n"

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")


@needs_torch
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "page.md", "--reference", "torch"], "conformant: 1 of 1 documents"),
        (["fuzz", "--examples", "20"], "20 programs"),
        (["bench", "import: import time"], "import time"),
    ],
)
def test_a_file_is_a_subject(tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "adapted.py").write_text(ADAPTER)
    (tmp_path / "page.md").write_text(PAGE)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *arguments, "--subject", "adapters/adapted.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert told in done.stdout


@pytest.mark.parametrize("command", ["run", "fuzz", "bench"])
def test_no_such_file_is_told(command: str) -> None:
    told = [sys.executable, "-m", "conformance", command, "--subject", "missing/adapter.py"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(told, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "missing/adapter.py: there is no such file" in done.stderr.replace("\n", " ").replace("│", "")


def test_the_shipped_ones_are_named_like_no_package() -> None:
    folder = Path(__file__).parents[3] / "conformance" / "adapters"
    names = [file.stem for file in folder.glob("*.py")]
    assert names
    assert all(name.startswith("torch_by_") for name in names)
