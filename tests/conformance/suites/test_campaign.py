"""Campaigns of random programs: units, resuming, examples, noise, explanations, coverage, and the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

import shimtorch  # noqa: E402
from conformance.cli import app  # noqa: E402
from conformance.runners.executor import LocalProcesses, executor  # noqa: E402
from conformance.strategies import Program  # noqa: E402
from conformance.suites.fuzz import coverage, execution, hunting, isolated  # noqa: E402
from conformance.suites.fuzz.campaign import Campaign, Diary, Result  # noqa: E402
from conformance.suites.fuzz.comparing import Difference  # noqa: E402
from conformance.suites.fuzz.explained import Explanation  # noqa: E402
from conformance.suites.fuzz.hunting import Hunt  # noqa: E402
from conformance.suites.fuzz.units import SIZE, Plan, Unit, pack, unpack, work  # noqa: E402

# A look-alike that is shimtorch with a fault, in the processes that import it.
PLANTED = """
import sys
import shimtorch

if getattr(sys.modules["__main__"].__spec__, "name", "") == "conformance.runners.worker":
    exec({fault!r}, dict(shimtorch=shimtorch))
sys.modules[__name__] = shimtorch
"""
WORDING = """
right = shimtorch.Tensor.item

def item(self):
    if self.numel() != 1:
        raise RuntimeError("only one element tensors can be converted to Python scalars")
    return right(self)

shimtorch.Tensor.item = item
"""
CRASH = """
import os, signal

shimtorch.Tensor.sigmoid = lambda self: os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.fixture
def planted(tmp_path: Path) -> Callable[[str], str]:
    """The file of a look-alike with this fault."""

    def make(fault: str) -> str:
        file = tmp_path / "planted_look_alike.py"
        file.write_text(PLANTED.format(fault=fault))
        return str(file)

    return make


def fuzz(folder: Path, *arguments: str):
    return CliRunner().invoke(app, ["fuzz", "--state", str(folder / "state"), *arguments])


# --- the command ------------------------------------------------------------------------------------------------------


def test_nothing_differs_in_pytorch_itself(tmp_path: Path) -> None:
    result = fuzz(tmp_path, "--subject", "torch", "--examples", "30")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("30 programs, ")


def test_a_fault_is_told_and_saved(tmp_path: Path, planted: Callable[[str], str]) -> None:
    saved = tmp_path / "saved"
    options = (
        "--examples",
        "1500",
        "--failures",
        "1",
        "--seed",
        "1",
        "--save",
        str(saved),
        "--json",
        str(tmp_path / "it"),
    )
    result = fuzz(tmp_path, "--subject", planted(WORDING), *options)
    assert result.exit_code == 1, result.output
    assert "subject" in result.output
    assert "only one element tensors" in result.output
    assert list(saved.glob("*item*.md"))
    assert json.loads((tmp_path / "it").read_text())["failures"]


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    result = fuzz(tmp_path, "--subject", "nosuchmodule")
    assert result.exit_code == 2
    assert "nosuchmodule cannot be imported" in result.output


def test_only_some_operators(tmp_path: Path) -> None:
    assert fuzz(tmp_path, "--ops", "tril,cumsum", "--examples", "60", "--json", str(tmp_path / "it")).exit_code == 0
    (operators,) = (part for part in json.loads((tmp_path / "it").read_text())["parts"] if part["name"] == "operators")
    assert {"Tensor.tril", "torch.cumsum"} <= {*operators["reached"]}
    assert not {"Tensor.tanh", "Tensor.softmax", "Tensor.flatten"} & {*operators["reached"]}


def test_the_table_lists_what_was_never_reached(tmp_path: Path) -> None:
    fuzz(tmp_path, "--examples", "20", "--markdown", str(tmp_path / "table.md"))
    table = (tmp_path / "table.md").read_text()
    assert "| programs | 20 |" in table
    assert "## Never reached" in table
    assert "- `Tensor." in table


# --- units, crashes, resuming -----------------------------------------------------------------------------------------


def _outcome(result: Result) -> dict[str, object]:
    return pack(result.outcome)


def test_what_comes_of_a_campaign_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    plan = Plan(seed=5)
    one, two = (Campaign(plan, LocalProcesses(jobs)).run(3 * SIZE) for jobs in (1, 2))
    assert _outcome(one) == _outcome(two)
    assert one.outcome.programs == 3 * SIZE


def test_a_killed_campaign_goes_on(tmp_path: Path) -> None:
    """Killed outright once some of it is done; the same command then does only the rest."""
    command = [sys.executable, "-m", "conformance", "fuzz", "--examples", str(6 * SIZE), "--seed", "9", "--jobs", "2"]
    options = ["--state", str(tmp_path), "--json", str(tmp_path / "report")]
    first = subprocess.Popen([*command, *options], start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not any('"answer"' in file.read_text().rpartition("\n")[0] for file in tmp_path.glob("*.jsonl")):
        assert time.monotonic() < deadline
        assert first.poll() is None, "it should not be through yet"
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    subprocess.run([*command, *options], stdout=subprocess.DEVNULL)
    report = json.loads((tmp_path / "report").read_text())
    assert report["resumptions"] == 1
    assert 0 < report["resumed"] < report["programs"] == 6 * SIZE
    assert not list(tmp_path.glob("*.jsonl")), "it is through: the same command begins anew"


def test_what_was_done_out_of_order_was_there_already(tmp_path: Path) -> None:
    plan = Plan()
    Diary(tmp_path, plan).note(Unit(plan, 1), work(Unit(plan, 1)))
    result = Campaign(plan, LocalProcesses(1), tmp_path).run(2 * SIZE)
    assert (result.resumed, result.outcome.programs) == (SIZE, 2 * SIZE)


def test_a_diary_that_was_cut_off_loses_only_the_last_line(tmp_path: Path) -> None:
    plan, answer = Plan(), work(Unit(Plan(), 0, 2))
    diary = Diary(tmp_path, plan)
    diary.note(Unit(plan, 0), answer)
    diary.note(Unit(plan, 1), answer)
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-30])
    again = Diary(tmp_path, plan)
    assert [number for number, _ in again.units(2 * SIZE)] == [0]
    again.note(Unit(plan, 1), answer)
    assert [number for number, _ in Diary(tmp_path, plan).units(2 * SIZE)] == [0, 1]
    assert not list(Diary(tmp_path, replace(plan, seed=1)).units(2 * SIZE)), "another plan has another diary"


def test_a_program_that_ends_its_process_is_found_and_costs_no_other(
    tmp_path: Path, planted: Callable[[str], str]
) -> None:
    result = fuzz(tmp_path, "--subject", planted(CRASH), "--examples", "60", "--ops", "sigmoid")
    assert result.exit_code == 1, result.output
    assert "sigmoid" in result.output
    assert "Crash: killed by SIGSEGV" in result.output
    assert "60 programs" in result.output


def test_a_hang_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(isolated.Ended, match=r"Hang: it ran longer than 0.2 s"):
        isolated.in_a_fork(lambda: time.sleep(60), patience=0.2)


def test_outcomes_survive_as_json() -> None:
    packed = work(Unit(Plan(), 0, 20))
    again = pack(unpack(json.loads(json.dumps(packed))))
    assert again == {name: value for name, value in packed.items() if name != "seconds"}


# --- noise, explanations, examples ------------------------------------------------------------------------------------


class _Sometimes(Hunt):
    """Differs now and then, whatever the program."""

    calls = 0

    def difference(self, program: Program, meter: object = None) -> Difference | None:
        self.calls += 1
        return Difference(0, "a value", "1", "2") if self.calls % 2 else None


def test_what_differs_only_once_is_not_blamed_on_anybody() -> None:
    outcome = _Sometimes(shimtorch, torch).run(5)
    assert (outcome.programs, outcome.differing, outcome.failures) == (5, 0, [])
    assert len(outcome.unsteady) == 5


def test_what_differs_in_pytorch_itself_is_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Difference(0, "a value", "1", "2")
    monkeypatch.setattr(hunting, "difference", lambda *_, **__: found)
    outcome = Hunt(shimtorch, torch).run(3)
    assert outcome.failures == []
    assert len(outcome.unsteady) == 3


class _Always(Hunt):
    def difference(self, program: Program, meter: object = None) -> Difference | None:
        return Difference(0, "a value", "1", "2")


@pytest.mark.parametrize(("sort", "explained"), [("value", 4), ("stride", 0)])
def test_an_explanation_fits_or_does_not(sort: str, explained: int) -> None:
    hunt = _Always(shimtorch, torch, explanations=[Explanation("it is known", sort=sort, ours="1", program="=")])
    outcome = hunt.run(4)
    assert outcome.explained["it is known"] == explained
    assert bool(outcome.failures) is not bool(explained)


def test_examples_that_differed_are_tried_first(tmp_path: Path, planted: Callable[[str], str]) -> None:
    subject = planted(WORDING)
    first = fuzz(tmp_path, "--subject", subject, "--examples", "1500", "--failures", "1", "--seed", "1")
    assert first.exit_code == 1
    again = fuzz(tmp_path, "--subject", subject, "--examples", "1", "--seed", "77")
    assert "only one element tensors" in again.output, "found anew by its example, not by a new program"
    Path(subject).write_text(PLANTED.format(fault=""))
    mended = fuzz(tmp_path, "--subject", subject, "--examples", "1", "--seed", "77")
    assert mended.exit_code == 0, mended.output


# --- coverage ---------------------------------------------------------------------------------------------------------


def _covered(*statements: str) -> coverage.Coverage:
    meter = coverage.Meter(shimtorch)
    assert execution.difference(Program(statements), shimtorch, torch, meter=meter) is None
    return meter.coverage


def test_what_a_program_reaches() -> None:
    seen = _covered("a = torch.ones(2, requires_grad=True)", "b = a.exp() * 2", "b.view(7)", "c = b[0].sum()")
    assert set(seen.operators) >= {"torch.ones", "Tensor.exp", "Tensor.__mul__", "Tensor.__getitem__", "Tensor.sum"}
    assert "Tensor.view" not in seen.operators
    assert seen.misused["Tensor.view"] == 1
    assert seen.dtypes["Tensor.exp float32"] == 1
    assert "Tensor.exp Tensor.sum" in seen.pairs or "Tensor.__mul__ Tensor.sum" in seen.pairs
    assert {"ExpBackward0", "MulBackward0", "SelectBackward0"} <= set(seen.nodes)
    (site,) = seen.sites
    file, _, line = site.partition(":")
    known = coverage.error_sites(shimtorch).items()
    assert [text for place, (text, lines) in known if place.startswith(f"{file}:") and int(line) in lines]


def test_what_there_is_to_reach() -> None:
    forms = coverage.offered(shimtorch, torch)
    assert {"torch.add", "Tensor.add_", "Tensor.__add__", "nn.functional.softmax", "autograd.grad"} <= {*forms}
    assert not {"Tensor.__init__", "torch.float32", "torch.Tensor"} & {*forms}
    assert "add" in coverage.rows(shimtorch)


def test_subjects_may_be_any_module() -> None:
    assert coverage.rows(ModuleType("nothing")) == {}


# --- many machines ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed")
def test_a_cluster_that_loses_a_worker_comes_to_the_same(tmp_path: Path) -> None:
    """Two workers of an existing cluster, one of which is killed outright while it works."""
    plan = Plan(seed=5)
    here = Campaign(plan, LocalProcesses(1)).run(6 * SIZE)
    scheduler, workers = _start_cluster(tmp_path)
    try:
        campaign = Campaign(plan, executor(scheduler=scheduler), tmp_path / "state")
        done = iter((workers[0].kill,))
        campaign.progress = lambda *_: next(done, lambda: None)()  # after the first unit
        there = campaign.run(6 * SIZE)
    finally:
        for process in workers:
            process.kill()
    assert workers[0].wait() == -signal.SIGKILL
    assert _outcome(there) == _outcome(here)
    assert there.lost == []


def _start_cluster(folder: Path) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """The address of a scheduler, and the processes: two workers of one thread each, then the scheduler."""
    file = folder / "scheduler.json"
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    scheduler = subprocess.Popen([*dask, "--scheduler-file", str(file)], **options)
    deadline = time.monotonic() + 60
    while not file.exists() or not file.read_text().strip().endswith("}"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    workers = [
        subprocess.Popen([*command, "--no-dashboard", "--local-directory", str(folder / name)], env=paths, **options)
        for name in ("one", "two")
    ]
    return address, [*workers, scheduler]
