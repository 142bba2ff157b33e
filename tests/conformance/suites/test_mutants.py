"""Planted faults: each kind plants one that shows, who looks finds it, who does not lets it live, nothing is harmed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from conformance.runners.executor import LocalProcesses
from conformance.suites.mutants.campaign import EQUIVALENT, Choice, Unusable, chosen, plant
from conformance.suites.mutants.faults import KINDS, Fault, faults_in, faults_of
from conformance.suites.mutants.forking import Ended, in_fork
from conformance.suites.mutants.judging import TESTS, files_watching
from conformance.suites.mutants.planting import Missing, package_of, planted
from conformance.suites.mutants.source import Source

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

PACKAGE = package_of("shimtorch")
FAULTS = faults_in(PACKAGE)

# --- kinds ------------------------------------------------------------------------------------------------------------

SETTING = """
import warnings
import numpy as np
class Node: pass
log = []
def written(tensor): log.append("written")
def record(*values): return values[1]
def warn(text): log.append(text)
def raised(function, *values):
    try: return function(*values)
    except Exception as error: return repr(error)
"""
# By kind: the file, what it says, and an expression that has another value with the fault.
EXAMPLES = {
    "sign": ("a.py", "def f(x): return -x", "f(2)"),
    "sum": ("a.py", "def f(x, y): return (x) + (y)", "f(3, 2)"),
    "swapped operands": ("a.py", "def f(x, y): return (x + 1) / y", "f(3, 2)"),
    "dropped factor": ("a.py", "f = lambda xp, grad, other: other * grad", "f(None, 3, 2)"),
    "not accumulated": ("a.py", "def f(grad, more): return grad + more", "f(3, 2)"),
    "keepdim": ("a.py", "def f(x): return x.sum(keepdims=True)", "f(np.ones(2)).shape"),
    "number": ("a.py", "def f(x): return x[1:]", "f([1, 2, 3])"),
    "promotion": ("a.py", "def f(x): return np.float32", "f(1)"),
    "to float": ("a.py", "f = dict(to_float=True)", "f"),
    "grad fn": ("a.py", "f = 'AddBackward0'", "f"),
    "lost version": ("a.py", "def f(x): written(x)", "f(1), log"),
    "lost requires grad": ("a.py", "def f(x): x._node, x._rg = None, True; return x._rg", "f(Node())"),
    "swapped saved": ("a.py", "def f(x, y): return record(x, (x, y))", "f(1, 2)"),
    "mode not restored": ("a.py", "def f():\n    try: pass\n    finally: log.append(1)", "f(), log"),
    "order of hooks": ("a.py", "def f(hooks): return [hook for hook in hooks]", "f([1, 2])"),
    "copy for a view": ("_layout.py", "def f(x): return x.reshape(2)", "f(np.ones((1, 2))).base is None"),
    "view for a copy": ("a.py", "def f(x): return x.copy()", "(lambda x: f(x) is x)([1])"),
    "wording": ("a.py", "def f(x): return f'the {x!r} tensor does not require {x + 1}'", "f(1)"),
    "printing": ("_repr.py", "def f(): return 80", "f()"),
    "error class": ("a.py", "def f(): raise TypeError('no')", "raised(f)"),
    "lost refusal": ("a.py", "def f(x):\n    if x:\n        raise TypeError\n    return 1", "raised(f, 1)"),
    "lost warning": ("a.py", "def f(): warn('careful')", "f(), log"),
    "random bit": ("_random.py", "def f(x): return x >> 8", "f(4096)"),
    "default": ("a.py", "def f(x=False, *, y=1): return x, y", "f()"),
    "boundary": ("a.py", "def f(x): return x < 2", "f(2)"),
    "condition": ("a.py", "def f(x): return 1 if x else 2", "f(True)"),
    "connective": ("a.py", "def f(x, y): return x and y", "f(True, False)"),
    "lost call": ("a.py", "def f(x): x.append(1)\ndef g(x): f(x); return x", "g([])"),
}  # fmt: skip


def value_of(text: str, expression: str) -> str:
    scope: dict[str, object] = {}
    exec(SETTING + text, scope)
    return repr(eval(expression, scope))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_changes_what_a_module_does(name: str) -> None:
    file, text, expression = EXAMPLES[name]
    source = Source(file, text)
    changes = list(KINDS[name](source))
    assert changes
    for change in changes:
        assert value_of(source.planted(change), expression) != value_of(text, expression)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_finds_places(name: str) -> None:
    assert any(fault.kind == name for fault in FAULTS)


def test_each_change_is_one_fault() -> None:
    places = [(fault.file, fault.change) for fault in FAULTS]
    assert len(places) == len(set(places))


def test_a_fault_says_where_it_is() -> None:
    source = Source("a.py", "é = 'é'\n\n\nclass A:\n    def f(self, x):\n        return 'é', -x  # é\n")
    (fault,) = faults_of(source, {"sign": KINDS["sign"]})
    assert (fault.line, fault.within, str(fault)) == (6, "A.f", "a.py:6 sign")
    assert (fault.before, fault.after) == ("return 'é', -x # é", "return 'é', x # é")
    assert source.planted(fault.change).count("é") == 4


# --- which faults are planted -----------------------------------------------------------------------------------------


def test_a_sample_is_the_same_each_time_and_has_something_of_each_kind() -> None:
    first = chosen(FAULTS, Choice(sample=2 * len(KINDS), seed=7))
    assert first == chosen(FAULTS, Choice(sample=2 * len(KINDS), seed=7))
    assert first != chosen(FAULTS, Choice(sample=2 * len(KINDS), seed=8))
    assert {fault.kind for fault in first} == set(KINDS)


def test_what_is_listed_as_equivalent_is_not_planted_and_has_to_exist(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.within)
    rows = {name: getattr(fault, name) for name in ("file", "within", "kind", "before", "after")} | {"reason": "unseen"}
    listed = tmp_path / "equivalent.toml"
    listed.write_text("[[faults]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in rows.items()))
    assert fault not in chosen(FAULTS, Choice(), listed)
    listed.write_text(listed.read_text().replace(json.dumps(fault.before), '"nothing like it"'))
    with pytest.raises(Unusable, match="no longer a fault"):
        chosen(FAULTS, Choice(), listed)
    listed.write_text("[[faults]]\nfile = 'a.py'")
    with pytest.raises(Unusable, match="entry 1"):
        chosen(FAULTS, Choice(), listed)


def test_the_shipped_list_fits() -> None:
    chosen(FAULTS, Choice(sample=1), EQUIVALENT)


def test_there_are_files_watching_each_module() -> None:
    for file in {fault.file for fault in FAULTS}:
        assert len(files_watching(file)) > 3
    assert files_watching("_repr.py")[0].endswith("test_text.py")
    assert files_watching("ops/losses.py")[0] == "tests/shimtorch/test_losses.py"
    assert (TESTS / "shimtorch").is_dir()


# --- planting and judging ---------------------------------------------------------------------------------------------


def state_of(package: Path) -> str:
    files = [file for file in sorted(package.rglob("*")) if file.suffix in (".py", ".pyi", ".typed")]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def fault_in(file: str, within: str, kind: str) -> Fault:
    return next(it for it in FAULTS if (it.file, it.within, it.kind) == (file, within, kind))


NEGATION = fault_in("ops/pointwise.py", "neg", "sign")


def test_a_copy_has_the_fault_and_the_original_has_not() -> None:
    before = state_of(PACKAGE)
    with planted(PACKAGE, NEGATION) as folder:
        code = "import shimtorch; a = shimtorch.ones(1, requires_grad=True); (-a).backward(); print(a.grad.item())"
        run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
        assert run.stdout == "1.0\n"
    assert not folder.exists()
    assert state_of(PACKAGE) == before


def test_a_fault_whose_file_has_changed_is_not_planted(tmp_path: Path) -> None:
    package = tmp_path / "shimtorch"
    (package / "ops").mkdir(parents=True)
    (package / "ops/pointwise.py").write_text("neg = 1\n" * 10_000)
    with pytest.raises(Missing, match="the file has changed"), planted(package, NEGATION):
        pass


def nothing_done(what: str, done: int, total: int) -> None:
    pass


def test_one_that_nobody_looks_at_survives() -> None:
    (row,) = plant(PACKAGE, [NEGATION], LocalProcesses(1), (), nothing_done).survivors
    assert (row.file, row.before) == ("ops/pointwise.py", NEGATION.before)


def test_a_killed_worker_loses_nothing() -> None:
    """The one that works is killed as soon as there is something of it."""

    def kill(what: str, done: int, total: int) -> None:
        if done == 1:
            for child in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
                for worker in child.read_text().split():
                    if "conformance.runners.worker" in Path(f"/proc/{worker}/cmdline").read_text():
                        os.kill(int(worker), signal.SIGKILL)

    faults = [NEGATION, *[fault for fault in FAULTS if fault.file == "ops/einsum.py"][:3]]
    outcome = plant(PACKAGE, faults, LocalProcesses(1), (), kill)
    assert [row.line for row in outcome.rows] == [fault.line for fault in faults]


def test_who_objects_without_a_fault_is_not_believed() -> None:
    other = fault_in("autograd/gradcheck.py", "gradcheck", "default")
    everywhere = fault_in("autograd/engine.py", "accumulate", "condition")
    with planted(PACKAGE, everywhere) as folder, pytest.raises(Unusable, match="object without a fault, too"):
        plant(folder / "shimtorch", [other], LocalProcesses(1), ("programs",), nothing_done)


def test_what_is_silent_hangs_and_is_ended_with_all_it_started() -> None:
    def hang(tell) -> None:
        tell(str(subprocess.Popen(["sleep", "60"]).pid))
        while True:
            pass

    with pytest.raises(Ended, match=r"silent for 0\.5 s") as ending:
        in_fork(hang, 0.5)
    stat = Path(f"/proc/{ending.value.looking}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_what_crashes_is_told() -> None:
    with pytest.raises(Ended, match="ended its process"):
        in_fork(lambda tell: os.kill(os.getpid(), signal.SIGKILL), 5)
    with pytest.raises(Ended, match="ZeroDivisionError"):
        in_fork(lambda tell: 1 / 0, 5)


# --- the command ------------------------------------------------------------------------------------------------------


def mutants(*arguments: str):
    return CliRunner().invoke(app, ["mutants", "--jobs", "1", *arguments])


def test_the_command_tells_who_caught_what(tmp_path: Path) -> None:
    page, data, before = tmp_path / "page.md", tmp_path / "data.json", state_of(PACKAGE)
    result = mutants(
        "--kinds", "sign", "--files", "ops/transcendentals.py", "--sample", "1", "--suite", "tests",
        "--markdown", str(page), "--json", str(data),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "1 faults planted, 1 caught, 0 survived" in result.output
    assert "| sign | 1 | 0 | 0 | 1 | 0 | 0 |" in page.read_text()
    assert '"status": "caught"' in data.read_text()
    assert state_of(PACKAGE) == before


def test_the_command_tells_what_survived(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    result = mutants(
        "--kinds", "wording", "--files", "autograd/gradcheck.py", "--sample", "1", "--suite", "documents",
        "--markdown", str(page),
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert "autograd/gradcheck.py:" in result.output
    assert "looked: documents" in result.output
    assert "```diff\n- " in page.read_text()


def test_the_command_lists() -> None:
    result = mutants("--list", "--files", "ops/pointwise.py", "--kinds", "sign", "--sample", "0")
    assert result.exit_code == 0
    assert str(NEGATION) in result.output


@pytest.mark.parametrize("options", [["--kinds", "typo"], ["--suite", "nobody"], ["--files", "nothing.py"]])
def test_the_command_with_what_is_not_there(options: list[str]) -> None:
    assert mutants(*options).exit_code == 2
