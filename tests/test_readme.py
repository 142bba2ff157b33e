"""The README keeps its word: its example, its commands and its tables are tried.

The set-up and the tests are run by ``.ci/run`` in a clean copy, which takes the lines from there; the rest is run here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import shimtorch
import shimtorch.nn.functional

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CI = ROOT / ".ci" / "run"
BLOCKS = [(token.info, token.content) for token in MarkdownIt().parse(README.read_text()) if token.type == "fence"]

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")


def block(info: str) -> str:
    (content,) = (content for found, content in BLOCKS if found == info)
    return content


def names(heading: str) -> list[str]:
    """The names of torch's that the table under a heading mentions."""
    _, _, table = README.read_text().partition(f"| | {heading} |\n")
    rows = re.match(r"(?:\|.*\n)*", table)
    return re.findall(r"`torch\.([\w.]+)`", rows[0] if rows else "")


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of the README's, with this environment for the one of the set-up, in a folder of its own."""
    for name in ("conformance", "shimtorch") if folder != ROOT else ():
        (folder / name).symlink_to(ROOT / name)
    scripts = Path(sys.executable).parent
    if not (scripts / "conformance").exists():  # not installed: run from the sources
        command = command.replace(".venv/bin/conformance", ".venv/bin/python -m conformance")
        command = command.replace(".venv/bin/pytest", ".venv/bin/python -m pytest -p conformance.pytest_plugin")
    here = command.replace(".venv/bin/", f"{scripts}/")
    return subprocess.run(here, shell=True, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("reference", ["recorded", pytest.param("torch", marks=needs_torch)])
def test_example(reference: str) -> None:
    tried = run(
        f".venv/bin/pytest -p no:cacheprovider --conformance README.md --conformance-reference={reference}", ROOT
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "1 passed" in tried.stdout


def test_a_stale_example_is_seen(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README.read_text().replace("0.7283275", "0.7283276"))
    tried = run(".venv/bin/pytest --conformance README.md --conformance-reference=recorded", tmp_path)
    assert tried.returncode == 1, tried.stderr
    assert "README.md:34: document erratum" in tried.stdout


@pytest.mark.parametrize("command", [line for info, lines in BLOCKS if info == "sh" for line in lines.splitlines()])
def test_command(command: str, tmp_path: Path) -> None:
    tried = run(command, tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr


@pytest.mark.parametrize("command", block("sh run").splitlines())
def test_main_command(command: str, tmp_path: Path) -> None:
    tried = run(command, tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "conformant: " in tried.stdout


@needs_torch
def test_figures_are_those_of_the_benchmark(tmp_path: Path) -> None:
    """Not the numbers, which every machine has its own of, but what is measured and what is promised."""
    tried = run(f"COLUMNS=120 {block('sh bench').strip()} --seconds 0.1", tmp_path)
    assert tried.returncode == 0, tried.stderr
    row = re.compile(r"^(\w[\w ]*?) {2,}[^(\n]*\(.*?\) +([\d.]+)", re.M)
    told, measured = (row.findall(text) for text in (README.read_text(), tried.stdout))
    assert told == measured
    assert len(told) == 6


@needs_torch
def test_random_programs(tmp_path: Path) -> None:
    tried = run(block("sh fuzz").strip(), tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "500 programs" in tried.stdout


@needs_torch
def test_operator_samples(tmp_path: Path) -> None:
    tried = run(block("sh ops").strip(), tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "float32 variants, forward: 3 of 3 (100.0 %)" in tried.stdout


@needs_torch
def test_docstrings(tmp_path: Path) -> None:
    tried = run(f"COLUMNS=120 {block('sh docstrings').strip()}", tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "100.0 %" in tried.stdout


def test_rows_of_docstrings_are_those_of_the_whole_table() -> None:
    _, _, section = README.read_text().partition("| namespace | examples |")
    rows = re.match(r"(?:.*\|\n)*", section)
    told = re.findall(r"^\| (?:torch|all).*", rows[0] if rows else "", re.M)
    assert len(told) > 5
    assert set(told) <= set((ROOT / "conformance" / "docstrings.md").read_text().splitlines())


@needs_torch
def test_names(tmp_path: Path) -> None:
    tried = run(block("sh api").strip(), tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "torch.nn.functional" in tried.stdout


@needs_torch
def test_planted_faults(tmp_path: Path) -> None:
    tried = run(block("sh mutants").strip(), tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "2 faults planted, 2 caught, 0 survived" in tried.stdout


def test_set_up_and_commands_are_two_lines_and_one_each() -> None:
    assert [len(block(f"sh {name}").splitlines()) for name in ("set-up", "run", "tests")] == [2, 1, 1]


def test_ci_runs_the_commands_of_the_readme_and_no_copy() -> None:
    script = CI.read_text()
    assert re.findall(r"^readme (.*)$", script, re.M) == ["set-up", "run", "tests"]
    (taken,) = re.findall(r"^block\(\) \{.*?^\}\n", script, re.M | re.S)
    for name in ("set-up", "run", "tests"):
        lines = subprocess.run(["bash", "-c", f"{taken}block {name}"], cwd=ROOT, capture_output=True, text=True).stdout
        assert lines == block(f"sh {name}")
        assert not any(line in script for line in lines.splitlines())


@pytest.mark.parametrize("name", names("there"))
def test_what_is_there(name: str) -> None:
    attrgetter(name)(shimtorch)


@pytest.mark.parametrize("name", names("not there"))
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(AttributeError):
        attrgetter(name)(shimtorch)


def test_tables_are_found() -> None:
    assert len(names("there")) > 40
    assert len(names("not there")) > 10
