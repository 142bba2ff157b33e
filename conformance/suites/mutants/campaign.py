"""Many faults: which are planted, what came of each, and whether those who objected may be believed."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from conformance.reports.mutants import Outcome, Row
from conformance.runners.executor import Executor, Lost
from conformance.runners.pool import Progress
from conformance.suites.mutants.faults import KINDS, Fault
from conformance.suites.mutants.judging import SUITES, Task, Verdict, judge

EQUIVALENT = Path(__file__).parent / "equivalent.toml"

_SECONDS = 900.0  # for one fault that all suites look at, on a busy machine
_KEY = ("file", "within", "kind", "before", "after")


class Unusable(Exception):
    """The faults cannot be judged; the text says why."""


@dataclass(frozen=True)
class Choice:
    """Which faults are planted: of these kinds, in files that fit a pattern, so many of them drawn by a seed."""

    kinds: Collection[str] = tuple(KINDS)
    files: Collection[str] = ("*",)
    sample: int | None = None
    seed: int = 0


def chosen(faults: Sequence[Fault], choice: Choice, equivalent: Path = EQUIVALENT) -> list[Fault]:
    """Those of all faults that are planted. Raises Unusable for a kind or a list that is no longer right."""
    if unknown := set(choice.kinds) - set(KINDS):
        raise Unusable(f"there is no kind {', '.join(sorted(unknown))}; there are: {', '.join(KINDS)}")
    excluded = set(_read(equivalent))
    if outdated := excluded - {_key(fault) for fault in faults}:
        raise Unusable("\n".join(f"{equivalent}: no longer a fault: {' | '.join(key)}" for key in sorted(outdated)))
    fitting = [
        fault
        for fault in faults
        if fault.kind in choice.kinds
        and any(fnmatch(fault.file, pattern) for pattern in choice.files)
        and _key(fault) not in excluded
    ]
    return fitting if choice.sample is None else _drawn(fitting, choice)


def _drawn(faults: Sequence[Fault], choice: Choice) -> list[Fault]:
    """Of each kind one in turns, so that what is rare is not missed."""
    order = random.Random(choice.seed)
    by_kind = {kind: [fault for fault in faults if fault.kind == kind] for kind in KINDS}
    piles = [order.sample(pile, len(pile)) for pile in by_kind.values() if pile]
    turns = [pile[turn] for turn in range(max(map(len, piles), default=0)) for pile in piles if turn < len(pile)]
    taken = set(turns[: choice.sample])
    return [fault for fault in faults if fault in taken]


def plant(
    package: Path, faults: Sequence[Fault], executor: Executor, suites: Sequence[str], progress: Progress
) -> Outcome:
    """Plant each and have it judged. Raises Unusable if whoever objected objects to the package as it is, too."""
    tasks = [Task(package, fault, tuple(suites)) for fault in faults]
    verdicts: dict[Fault, Verdict] = {}
    for task, answer in executor.run(judge, tasks, _SECONDS):
        assert task.fault is not None
        if isinstance(answer, Lost):
            raise Unusable(f"{task.fault}: {answer.reason}")
        verdicts[task.fault] = answer
        progress(str(task.fault), len(verdicts), len(tasks))
    _confirm(package, executor, verdicts, progress)
    return Outcome(tuple(_row(fault, verdicts[fault]) for fault in faults))


def _confirm(package: Path, executor: Executor, verdicts: Mapping[Fault, Verdict], progress: Progress) -> None:
    """That nobody who objected to a fault objects where there is none."""
    objected = {name: {it.item for it in verdicts.values() if it.by == name} for name in SUITES}
    tasks = [Task(package, None, (name,)) for name in ("programs", "documents") if objected[name]]
    tasks += [Task(package, None, ("tests",), items) for items in _by_file(objected["tests"])]
    for done, (_, answer) in enumerate(executor.run(judge, tasks, _SECONDS), start=1):
        progress("without a fault", done, len(tasks))
        if isinstance(answer, Lost):
            raise Unusable(f"without a fault: {answer.reason}")
        if not answer.survived:
            raise Unusable(f"{answer.by} object without a fault, too: {answer.item}")


def _by_file(tests: Collection[str]) -> Iterator[frozenset[str]]:
    files = {test.split("::")[0] for test in tests}
    return (frozenset(test for test in tests if test.split("::")[0] == file) for file in sorted(files))


def _row(fault: Fault, verdict: Verdict) -> Row:
    return Row(
        fault.kind, fault.file, fault.line, fault.within, fault.before, fault.after,
        verdict.by, verdict.item, verdict.in_vain,
    )  # fmt: skip


def _key(fault: Fault) -> tuple[str, ...]:
    return tuple(getattr(fault, name) for name in _KEY)


def _read(file: Path) -> Iterator[tuple[str, ...]]:
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get("faults", [])
    except (OSError, ValueError) as problem:
        raise Unusable(f"{file}: {problem}") from None
    for number, row in enumerate(rows, start=1):
        if set(row) != {*_KEY, "reason"} or not all(row.values()):
            raise Unusable(f"{file}: entry {number} has to have {', '.join(_KEY)} and a reason")
        yield tuple(row[name] for name in _KEY)
