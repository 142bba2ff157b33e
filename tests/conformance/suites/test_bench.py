"""``conformance bench``: what it measures, says and writes down; and that it can find a bound exceeded."""

from __future__ import annotations

import json
import re
import sys
import time
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from conformance.cli import app  # noqa: E402
from conformance.suites.bench import TASKS, imports, measure_all, small  # noqa: E402
from conformance.suites.bench.task import Task  # noqa: E402
from conformance.suites.bench.timing import conclude, measure  # noqa: E402


def bench(*arguments: str):
    return CliRunner().invoke(app, ["bench", "--seconds", "0", *arguments], env={"COLUMNS": "200"})


def quiet(what: str, done: int, total: int) -> None:
    pass


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.group}: {task.name}")
def test_each_task_runs_on_both_and_on_numpy(task: Task) -> None:
    import shimtorch

    for loop in (task.loop(shimtorch), task.loop(torch), task.numpy_loop()):
        assert loop is None or loop(1) > 0


def test_no_two_rows_have_one_name() -> None:
    names = [(task.group, task.name) for task in TASKS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "task", [task for task in TASKS if task.group == small.PLAIN and task.numpy], ids=lambda task: task.name
)
def test_numpy_computes_the_same(task: Task) -> None:
    """Else what NumPy alone would reach were told of something else."""
    import numpy as np

    if task.name in ("add in place", "set an element", "detach", "to float"):
        pytest.skip("a statement, or a matter of types")
    scope = {"torch": torch, "F": torch.nn.functional, "np": np}
    exec(task.setup, scope)
    theirs = eval(task.statement, scope)
    scope = {"np": np}
    exec(task.numpy_setup, scope)
    *before, last = (task.numpy or "").splitlines()
    exec("\n".join(before), scope)
    theirs = theirs if isinstance(theirs, float) else theirs.numpy()
    np.testing.assert_allclose(np.asarray(eval(last, scope), dtype=np.float64), theirs, rtol=1e-5)


def test_the_figures_are_written_down(tmp_path: Path) -> None:
    file, page = tmp_path / "figures.json", tmp_path / "figures.html"
    told = bench("small operators: (add|multiply)$", "--json", str(file), "--html", str(page))
    assert told.exit_code == 0, told.output
    figures = json.loads(file.read_text())
    assert [(row["group"], row["name"]) for row in figures["rows"]] == [
        ("small operators", "add"),
        ("small operators", "multiply"),
        ("small operators", "geometric mean"),
    ]
    for row in figures["rows"]:
        assert row["low"] <= row["ratio"] <= row["high"]
        assert row["numpy"] > 0
        assert f"{row['ratio']:.2f}" in told.output
    assert "geometric mean" in page.read_text()


def test_import_is_measured_in_processes_of_its_own() -> None:
    rows = {row.name: row for row in imports.measure("json", list(imports.ROWS))}
    assert 0 < rows["import time"].ratio < 0.5
    assert 0 < rows["import memory"].ratio < 0.9
    assert rows["import memory"].reference > 50  # megabytes


def test_what_the_subject_lacks_is_named_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = types.ModuleType("empty_look_alike")
    empty.nn = types.SimpleNamespace(functional=types.SimpleNamespace())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "empty_look_alike", empty)
    measurements = measure_all("empty_look_alike", "small operators: add$", 0, quiet)
    assert measurements.rows == ()
    assert measurements.facts["not offered"] == "small operators: add"


def test_a_slow_subject_exceeds_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = types.ModuleType("slow_look_alike")
    slow.__dict__.update({name: value for name, value in vars(torch).items() if not name.startswith("__")})

    def exp(input):
        end = time.perf_counter() + 1e-4
        while time.perf_counter() < end:
            pass
        return torch.exp(input)

    slow.exp = exp  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slow_look_alike", slow)
    told = bench("small operators: exp$", "--subject", "slow_look_alike", "--check")
    assert told.exit_code == 1, told.output
    assert "exceeded" in told.output
    assert bench("small operators: exp$", "--subject", "slow_look_alike").exit_code == 0


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    row = conclude("name", "group", "µs", [(1.0, 2.0, 0.5), (3.0, 2.0, 0.5), (2.0, 2.0, 0.7)], 0.9)
    assert (row.subject, row.reference, row.ratio, row.numpy, row.verdict) == (2.0, 2.0, 1.0, 0.5, "exceeded")


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    measure(Task("group", "name", "torch.ones(1)"), torch, torch, 0)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["["], "'[' is no regular expression"), (["nothing fits this"], "no row fits 'nothing fits this'")],
)
def test_what_cannot_be_measured_is_said_in_one_line(arguments: list[str], complaint: str) -> None:
    told = bench(*arguments)
    assert told.exit_code == 2
    assert len(told.output.splitlines()) == 1
    assert complaint in told.output


def test_the_table_says_how_many_bounds_are_kept() -> None:
    told = bench("small operators: add$")
    assert re.search(r"(kept|exceeded): \d of \d bounds kept", told.output)
