"""Units of work, whatever one of them does to its worker: each has its own answer, or is told to be lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from conformance.runners.executor import Cluster, Lost, NoScheduler, executor

HERE = Path(__file__).parent

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed")


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Work, in a module that workers can import."""
    monkeypatch.syspath_prepend(str(HERE))
    work: Callable[..., int] = import_module("deeds").double
    return work


def _answers(work: Any, units: list[Any], jobs: int = 2, timeout: float = 30.0) -> dict[Any, Any]:
    told = list(executor(jobs).run(work, units, timeout))
    assert len(told) == len(units)
    return dict(told)


def test_each_unit_has_its_answer_in_whatever_order(double: Any) -> None:
    units = [("wait", number) for number in range(40)]
    assert _answers(double, units, jobs=3) == {unit: 2 * unit[1] for unit in units}


def test_no_unit_is_no_answer(double: Any) -> None:
    assert _answers(double, []) == {}


@pytest.mark.parametrize("deed", ["print", "flood", "close", "fork", "leave a fork"])
def test_it_is_answered_all_the_same(double: Any, deed: str, capfd: pytest.CaptureFixture[str]) -> None:
    units = [(deed if number % 4 == 1 else "nothing", number) for number in range(8)]
    assert _answers(double, units) == {unit: 2 * unit[1] for unit in units}
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("kill", "its process was killed"),
        ("exit", "its process was killed"),
        ("close all", "its process was killed"),
        ("hang", "it ran longer than 1 s"),
    ],
)
def test_only_it_is_lost(double: Any, deed: str, reason: str) -> None:
    units = [(deed if number == 3 else "nothing", number) for number in range(8)]
    answers = _answers(double, units, timeout=1.0 if deed == "hang" else 30.0)
    assert answers.pop((deed, 3)) == Lost(reason)
    assert answers == {unit: 2 * unit[1] for unit in units if unit[0] == "nothing"}


@pytest.mark.parametrize(
    ("deed", "error", "text"), [("raise", KeyError, "^3$"), ("raise awkwardly", RuntimeError, "^Awkward: one and 3$")]
)
def test_what_it_raises_is_raised(double: Any, deed: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _answers(double, [(deed, 3)])


def test_work_that_no_worker_finds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "passing.py").write_text("def work(unit): return unit")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        work = import_module("passing").work
    with pytest.raises(ModuleNotFoundError, match="passing"):
        _answers(work, [1])


def test_giving_up_leaves_nothing_behind(double: Any) -> None:
    before = _children(os.getpid())
    answers = executor(2).run(double, [("nothing", 0), *[("hang", number) for number in range(1, 9)]])
    assert next(answers) == (("nothing", 0), 0)
    assert len(_children(os.getpid()) - before) >= 1
    answers.close()  # type: ignore[attr-defined]
    assert _children(os.getpid()) == before


def test_workers_end_with_whoever_started_them(double: Any) -> None:
    code = """
        from deeds import double
        from conformance.runners.executor import executor
        for answer in executor(2).run(double, [("nothing", 0), ("nothing", 1), ("hang", 2), ("hang", 3)]):
            print(answer, flush=True)
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    started = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert {started.stdout.readline(), started.stdout.readline()} == {"(('nothing', 0), 0)\n", "(('nothing', 1), 2)\n"}
    workers = _children(started.pid)
    assert len(workers) == 2
    started.send_signal(signal.SIGKILL)
    started.wait()
    deadline = time.monotonic() + 10
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_alive, workers))


@needs_dask
def test_no_cluster_is_told() -> None:
    with pytest.raises(NoScheduler, match=r"127\.0\.0\.1:1"):
        Cluster("127.0.0.1:1", patience=0.5)


def test_no_dask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoScheduler, match=r"pip install \"shimtorch\[dask\]\""):
        executor(scheduler="127.0.0.1:1")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from distributed import LocalCluster

    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(HERE))
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**settings, host="127.0.0.1", silence_logs=50) as cluster:
        yield cluster
    patch.undo()


@needs_dask
class TestCluster:
    def test_the_death_of_a_worker_changes_nothing(self, cluster: Any, double: Any) -> None:
        units = [("wait", number) for number in range(60)]
        told = {}
        for done, (unit, answer) in enumerate(executor(scheduler=cluster.scheduler_address).run(double, units)):
            told[unit] = answer
            if done == 10:
                os.kill(cluster.workers[0].pid, signal.SIGKILL)
        assert told == _answers(double, units)

    def test_only_what_kills_or_hangs_is_lost(self, cluster: Any, double: Any) -> None:
        units = [("nothing", 0), ("kill", 1), ("nothing", 2), ("hang", 3), ("nothing", 4)]
        told = dict(executor(scheduler=cluster.scheduler_address).run(double, units, timeout=1.0))
        lost = {("kill", 1): Lost("its process was killed"), ("hang", 3): Lost("it ran longer than 1 s")}
        assert told == {("nothing", number): 2 * number for number in (0, 2, 4)} | lost

    def test_what_it_raises_is_raised(self, cluster: Any, double: Any) -> None:
        with pytest.raises(KeyError, match="7"):
            list(executor(scheduler=cluster.scheduler_address).run(double, [("raise", 7)]))


def _children(process: int) -> set[int]:
    threads = Path(f"/proc/{process}/task").iterdir()
    return {int(child) for thread in threads for child in (thread / "children").read_text().split()}


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
