"""Which suites look at a fault, the cheapest first, until one objects.

A process that judges imports PyTorch once. Each fault is judged in a fork of it, which imports the copy with the fault
under the name of the original.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance.suites.mutants.faults import Fault
from conformance.suites.mutants.forking import Ended, Tell, in_fork
from conformance.suites.mutants.planting import planted

ROOT = Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests"
REGRESSIONS = ROOT / "conformance" / "regressions"

SILENCE = 60.0  # seconds of work; nothing that is looked at needs a fifth of it
PROGRAMS = 300

# Which tests watch a module, and so come right after those named after it: the first line that fits.
_GRAPHS = "autograd graphs written_views inplace hooks function autograd_graph inference_mode saved"
_WATCHED_BY = (
    (r"_random|_samplers|_cephes|random", "random samplers functional"),
    (r"_repr", "text"),
    (r"_signature", "signatures operators"),
    (r"_(install|__main__)|__main__", "install"),
    (r"_(factories|ranges|device)", "factories ranges signatures misuse exchange"),
    (r"_tensor", f"misuse exchange pickling text factories indexing anomaly operators {_GRAPHS}"),
    (r"_exchange|_pickling|utils", "exchange pickling hooks anomaly"),
    (r"autograd/functional", "autograd_functional"),
    (r"autograd/gradcheck", "gradcheck"),
    (r"autograd/anomaly", "anomaly"),
    (r"autograd/mode", "grad_mode inference_mode threads"),
    (r"autograd", f"{_GRAPHS} anomaly gradcheck second_derivatives autograd_functional leaks pickling threads"),
    (r"ops/sampling", "samplers random functional operators"),
    (r"ops/_out", "out"),
    (r"ops/.*(index|gather|choos|select|memory)", "indexing advanced_indexing misuse operators saved inplace"),
    (r"ops/(shape|reshaping|pieces)", "operators misuse pieces written_views inplace saved"),
    (r"ops/(losses|classification|layers|softmax)", "functional losses misuse operators saved"),
    (r"", "operators misuse reductions functional saved inplace"),
)
_SELDOM = (
    "install",
    "leaks",
    "threads",
    "speed",
)  # which take long, and look only where they watch; times are no fault


@dataclass(frozen=True)
class Verdict:
    """Which suite objected ("import": it could not even be imported), to what, and which ones looked in vain."""

    by: str
    item: str
    in_vain: tuple[str, ...]

    @property
    def survived(self) -> bool:
        return not self.by


@dataclass(frozen=True)
class Task:
    """A fault to be judged by these suites; or for None, whether these items object to the package as it is."""

    package: Path
    fault: Fault | None
    suites: tuple[str, ...]
    items: frozenset[str] = frozenset()


class _Watched:
    """What a suite needs to know, and how it says what it is looking at."""

    def __init__(self, task: Task, tell: Tell, programs: list[Any]) -> None:
        self.fault, self.items, self.tell, self.programs = task.fault, task.items, tell, programs


Suite = Callable[[_Watched], str | None]
"""What it objects to, None for nothing."""


def judge(task: Task) -> Verdict:
    """What comes of a fault: the work on one unit, which depends on nothing else."""
    _warm()
    programs = _programs(task.package.name) if "programs" in task.suites else []
    with planted(task.package, task.fault) as folder:
        try:
            verdict: Verdict = in_fork(lambda tell: _look(task, folder, tell, programs), SILENCE)
        except Ended as problem:
            suite, _, item = problem.looking.partition(" ")
            return Verdict(suite or "import", item or problem.what, ())
    return verdict


def _look(task: Task, folder: Path, tell: Tell, programs: list[Any]) -> Verdict:
    os.chdir(folder)
    sys.path[:0] = [str(folder), str(ROOT)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    tell("import")
    try:
        module = importlib.import_module(task.package.name)
    except Exception as error:
        return Verdict("import", f"{type(error).__name__}: {error}", ())
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(folder), "the original was imported"
    for done, name in enumerate(task.suites):
        watched = _Watched(task, lambda item, name=name: tell(f"{name} {item}"), programs)  # type: ignore[misc]
        if item := SUITES[name](watched):
            return Verdict(name, item, task.suites[:done])
    return Verdict("", "", task.suites)


@cache
def _warm() -> None:
    """Import what takes long and is not judged."""
    import hypothesis
    import pytest
    import torch

    assert hypothesis
    assert pytest
    torch.set_num_threads(1)  # threads do not survive a fork


# --- programs ---------------------------------------------------------------------------------------------------------


def _look_at_programs(watched: _Watched) -> str | None:
    from conformance.documents import read
    from conformance.strategies import Program, difference

    subject, reference = (importlib.import_module(name) for name in ("shimtorch", "torch"))
    kept = [
        (file.stem, [snippet.code for snippet in read(file).snippets][1:]) for file in sorted(REGRESSIONS.glob("*.md"))
    ]
    named = [(name, Program(tuple(statements), looking)) for name, statements in kept for looking in (True, False)]
    named += [(f"program {number}", program) for number, program in enumerate(watched.programs)]
    near = _words(watched.fault)
    named.sort(key=lambda pair: not near.intersection(_words_of(str(pair[1]))))
    for name, program in named:
        watched.tell(name)
        if difference(program, subject, reference):
            return name
    return None


@cache
def _programs(package: str) -> list[Any]:
    """The same programs each time, drawn where the original may be imported."""
    drawn: list[Any] = in_fork(lambda tell: _drawn(package), SILENCE)
    return drawn


def _drawn(package: str) -> list[Any]:
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from conformance.strategies import Program, programs

    drawn: list[Program] = []

    @seed(0)
    @settings(max_examples=PROGRAMS, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(programs(importlib.import_module(package)))
    def draw(program: Program) -> None:
        drawn.append(program)

    draw()
    return drawn


# --- documents --------------------------------------------------------------------------------------------------------


def _look_at_documents(watched: _Watched) -> str | None:
    from conformance.compare.known_gaps import read_gaps
    from conformance.recordings.reference import Choice
    from conformance.recordings.store import SHIPPED
    from conformance.runners.protocol import Limits
    from conformance.suites.documents import LIBRARY, Settings, run_documents

    settings = Settings("shimtorch", Choice.AUTO, SHIPPED, Limits(timeout=SILENCE / 4), read_gaps())
    report = run_documents([LIBRARY], settings, lambda what, done, total: watched.tell(what))
    return next((document.name for document in report.documents if document.status != "conformant"), None)


# --- the project's tests ----------------------------------------------------------------------------------------------


def _look_at_tests(watched: _Watched) -> str | None:
    import pytest

    files = (
        {item.split("::")[0] for item in watched.items} if watched.fault is None else files_watching(watched.fault.file)
    )
    chosen = _Chosen(watched)
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml")]
    for file in files:  # one at a time: most faults are found by the first
        pytest.main([*options, str(ROOT / file)], plugins=[chosen])
        if chosen.failed:
            break
    return chosen.failed


def files_watching(file: str) -> list[str]:
    """The files with tests that look at a module: those named after it, those that watch it, and then the others."""
    stem = Path(file).stem.strip("_")
    watching = next(names for pattern, names in _WATCHED_BY if re.match(pattern, file)).split()
    others = [test.stem.removeprefix("test_") for test in sorted((TESTS / "shimtorch").glob("test_*.py"))]
    names = dict.fromkeys([stem, *watching, *(name for name in others if name not in _SELDOM)])
    found = [TESTS / "shimtorch" / f"test_{name}.py" for name in names]
    return [str(test.relative_to(ROOT)) for test in found if test.exists()]


class _Chosen:
    """The tests that are run: of those made once for each operator, only those of operators that are near."""

    def __init__(self, watched: _Watched) -> None:
        self._watched = watched
        self.failed: str | None = None

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self._watched.fault is None:
            items[:] = [item for item in items if item.nodeid in self._watched.items]
            return
        near = _words(self._watched.fault)
        words = self._words_of_file()
        if any(_operator(item) in near for item in items):
            words = set(near)
        chosen = [item for item in items if _operator(item) is None or words is None or _operator(item) in words]
        items[:] = sorted(chosen, key=lambda item: _operator(item) not in near)

    def _words_of_file(self) -> set[str] | None:
        """None for what all operators depend on."""
        assert self._watched.fault is not None
        file = self._watched.fault.file
        if not file.startswith("ops/") or file.startswith("ops/_"):
            return None
        module = importlib.import_module("shimtorch." + file.removesuffix(".py").replace("/", "."))
        assert module.__file__ is not None
        return _words_of(Path(module.__file__).read_text(encoding="utf-8"))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._watched.tell(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    pytest_collectreport = pytest_runtest_logreport


def _operator(item: Any) -> str | None:
    """The operator that a test is made for."""
    name = getattr(item, "callspec", None) and item.callspec.params.get("name")
    return name if isinstance(name, str) else None


def _words(fault: Fault | None) -> set[str]:
    """Operators that a fault is likely to change."""
    return set() if fault is None else {word.strip("_") for word in _words_of(f"{fault.within} {fault.before}")}


def _words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]\w*", text))


SUITES: dict[str, Suite] = {"programs": _look_at_programs, "documents": _look_at_documents, "tests": _look_at_tests}
"""By name, the cheapest first."""
