"""Many random programs, in units that any process may work on; what came of them is kept and put together in order."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis.database import DirectoryBasedExampleDatabase

from conformance.reports.campaign import Part, Report
from conformance.runners.executor import Executor, Lost
from conformance.suites.fuzz import coverage
from conformance.suites.fuzz.failures import Failure, mark_of, save
from conformance.suites.fuzz.hunting import Outcome
from conformance.suites.fuzz.units import SIZE, Plan, Unit, unpack, work

PATIENCE = 300.0  # seconds for one unit; a unit that takes longer is done again with care


@dataclass
class Result:
    """A campaign as far as it got. ``resumed``: programs that were there already; ``lost``: units without an answer."""

    plan: Plan
    outcome: Outcome = field(default_factory=Outcome)
    seconds: float = 0.0  # this time
    resumed: int = 0
    resumptions: int = 0
    workers: int = 1
    worked: float = 0.0  # seconds, of all workers and all times
    lost: list[str] = field(default_factory=list)

    @property
    def pace(self) -> float:
        """Programs a second, this time."""
        return max(self.outcome.programs - self.resumed, 0) / self.seconds if self.seconds else 0.0


class Unusable(Exception):
    """The look-alike cannot be imported."""


def _need(subject: str) -> None:
    try:
        import_module(subject)
    except Exception as error:  # a look-alike may fail in any way
        raise Unusable(f"{subject} cannot be imported: {type(error).__name__}: {error}") from None


@dataclass
class Campaign:
    """``tell`` is told each failure once; ``folder`` is where the state and the examples are kept, None for nowhere."""

    plan: Plan
    executor: Executor
    folder: Path | None = None
    tell: Callable[[str], None] = lambda text: None
    progress: Callable[[str, int, int], None] = lambda what, done, total: None
    saved_to: Path | None = None

    def run(self, examples: int, seconds: float = float("inf"), failures: int = 10) -> Result:
        """So many programs, or as many as there is time for, until so many differ in ways of their own.

        Raises Unusable if there is no such subject, OSError if the folder cannot be written to.
        """
        _need(self.plan.subject)
        began = time.monotonic()
        diary = Diary(self.folder, self.plan)
        merged = _Merged(Result(self.plan, resumptions=diary.resumptions, workers=self.executor.jobs), self._found)
        for number, packed in diary.units(examples):
            merged.add(number, packed)
            merged.result.resumed += packed["programs"]
        units = self._units(examples, set(merged.numbers), diary)
        answers = self._answers(iter(_until(began + seconds, units)), merged)
        for unit, packed in answers:
            if unit.example is not None and not packed["failures"]:
                diary.forget(unit.example)
            diary.note(unit, packed)
            merged.add(unit.number, packed)
            merged.result.seconds = time.monotonic() - began
            self._show(merged.result, examples)
            if len(merged.result.outcome.failures) >= failures:
                break
        answers.close()
        merged.rest()
        merged.result.seconds = time.monotonic() - began
        if merged.result.outcome.programs >= examples:
            diary.close()
        return merged.result

    def report(self, result: Result) -> Report:
        """What is to be told of it."""
        return report_of(result, import_module(self.plan.subject), import_module("torch"))

    def _units(self, examples: int, done: set[int], diary: Diary) -> Iterator[Unit]:
        for place, example in enumerate(diary.examples()):
            yield Unit(self.plan, -1 - place, 0, example)
        for unit in units_of(self.plan, examples):
            if unit.number not in done:
                yield unit

    def _answers(self, units: Iterator[Unit], merged: _Merged) -> Generator[tuple[Unit, dict[str, Any]], None, None]:
        """A unit that ended its process is worked on once more, with care."""
        lost = []
        for unit, answer in self.executor.run(work, units, PATIENCE):
            if isinstance(answer, Lost):
                lost.append(replace(unit, careful=True))
            else:
                yield unit, answer
        for unit, answer in self.executor.run(work, lost, 10 * PATIENCE) if lost else ():
            if isinstance(answer, Lost):
                merged.result.lost.append(f"programs {unit.number * SIZE} and on: {answer.reason}")
            else:
                yield unit, answer

    def _found(self, failure: Failure) -> None:
        self.tell(failure.told())
        if self.saved_to is not None:
            self.tell(f"saved {save(failure, self.saved_to)}\n")

    def _show(self, result: Result, examples: int) -> None:
        reached = result.outcome.coverage
        what = f"{result.pace:.0f} programs/s, {len(reached.operators)} operators, {len(reached.pairs)} pairs"
        self.progress(what, result.outcome.programs, examples)


def report_of(result: Result, subject: ModuleType, reference: ModuleType) -> Report:
    outcome, reached = result.outcome, result.outcome.coverage
    forms = coverage.offered(subject, reference)
    sites = coverage.error_sites(subject)
    raised = [site for site, (_, lines) in sites.items() if any(_at(site, line) in reached.sites for line in lines)]
    rows = coverage.rows(subject)
    rows_reached = [name for name, ways in rows.items() if any(way in reached.operators for way in ways)]
    kinds = {pair.split()[1] for pair in reached.dtypes}
    parts = [
        Part("operators", sorted(set(forms) & reached.operators.keys()), _without(forms, reached.operators)),
        Part("rows of the table of operators", sorted(rows_reached), _without(rows, rows_reached)),
        Part("dtypes", sorted(kinds), _without(_dtypes(subject), kinds)),
        Part("places that raise", raised, [f"{site}: {sites[site][0]}" for site in sites if site not in raised]),
    ]
    return Report(
        plan=asdict(result.plan),
        version=str(getattr(subject, "__version__", "unknown")),
        reference=str(reference.__version__),
        programs=outcome.programs,
        statements=outcome.statements,
        seconds=result.seconds,
        worked=result.worked,
        pace=result.pace,
        workers=result.workers,
        resumed=result.resumed,
        resumptions=result.resumptions,
        differing=outcome.differing,
        explained=dict(outcome.explained.most_common()),
        unsteady=outcome.unsteady,
        lost=result.lost,
        failures=[failure.told() for failure in outcome.failures],
        parts=parts,
        pairs=len(reached.pairs),
        operator_dtypes=len(reached.dtypes),
        nodes=sorted(reached.nodes),
    )


def _without(everything: Iterable[str], reached: Collection[str]) -> list[str]:
    return sorted(name for name in everything if name not in reached)


def _at(site: str, line: int) -> str:
    return f"{site.rpartition(':')[0]}:{line}"


def _dtypes(subject: ModuleType) -> set[str]:
    """The names of dtypes, those that mean another one aside."""
    found = {name: value for name, value in vars(subject).items() if type(value).__name__ == "dtype"}
    return {str(value).removeprefix("torch.") for value in found.values()}


def units_of(plan: Plan, examples: int) -> Iterator[Unit]:
    for number, first in enumerate(range(0, examples, SIZE)):
        yield Unit(plan, number, min(SIZE, examples - first))


def _until(end: float, units: Iterator[Unit]) -> Iterator[Unit]:
    for unit in units:
        if time.monotonic() > end:
            return
        yield unit


class _Merged:
    """Answers put together in the order of their numbers, whatever the order they came in."""

    def __init__(self, result: Result, found: Callable[[Failure], None]) -> None:
        self.result = result
        self.numbers: set[int] = set()
        self._found = found
        self._waiting: dict[int, dict[str, Any]] = {}
        self._next = 0
        self._marks: set[str] = set()

    def add(self, number: int, packed: dict[str, Any]) -> None:
        self.numbers.add(number)
        if number < 0:  # an example from before, which is no program of this campaign
            self._merge(packed | {"programs": 0, "statements": 0})
            return
        self._waiting[number] = packed
        while self._next in self._waiting:
            self._merge(self._waiting.pop(self._next))
            self._next += 1

    def rest(self) -> None:
        """What came after a gap: when there was no time left for one in between."""
        for number in sorted(self._waiting):
            self._merge(self._waiting.pop(number))

    def _merge(self, packed: dict[str, Any]) -> None:
        whole, part = self.result.outcome, unpack(packed)
        self.result.worked += packed["seconds"]
        whole.programs += part.programs
        whole.statements += part.statements
        whole.differing += part.differing
        whole.unsteady += part.unsteady
        whole.explained += part.explained
        whole.coverage += part.coverage
        whole.examples += part.examples
        for failure in part.failures:
            if (mark := mark_of(failure)) not in self._marks:
                self._marks.add(mark)
                whole.failures.append(failure)
                self._found(failure)


# --- what is kept -----------------------------------------------------------------------------------------------------


class Diary:
    """The finished units of a campaign, one line of JSON each, so that a killed campaign goes on where it was.

    It belongs to the plan and to the sources of both sides: once these have changed another one is begun. Hypothesis'
    examples of programs that differ are kept beside it, for all campaigns.
    """

    def __init__(self, folder: Path | None, plan: Plan) -> None:
        self._file = folder / f"{fingerprint(plan)}.jsonl" if folder else None
        self._database = DirectoryBasedExampleDatabase(folder / "examples") if folder else None
        self._key = plan.subject.encode()
        self._lines = list(self._read())
        self.resumptions = sum("began" in line for line in self._lines)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._write({"began": time.time()})

    def units(self, examples: int) -> Iterator[tuple[int, dict[str, Any]]]:
        wanted = {unit.number: unit.programs for unit in units_of(Plan(), examples)}
        for line in self._lines:
            if "began" not in line and wanted.get(line["number"]) == line["size"]:
                yield line["number"], line["answer"]

    def note(self, unit: Unit, answer: dict[str, Any]) -> None:
        if self._database is not None:
            for example in answer["examples"]:
                self._database.save(self._key, bytes.fromhex(example))
        if unit.example is None:
            self._write({"number": unit.number, "size": unit.programs, "answer": answer})

    def examples(self) -> list[bytes]:
        return sorted(self._database.fetch(self._key)) if self._database is not None else []

    def forget(self, example: bytes) -> None:
        """One that does not differ any more."""
        if self._database is not None:
            self._database.delete(self._key, example)

    def close(self) -> None:
        """The campaign is complete: the same command begins anew."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _read(self) -> Iterator[dict[str, Any]]:
        if self._file is None or not self._file.exists():
            return
        text = self._file.read_text(encoding="utf-8")
        if not text.endswith("\n"):  # cut off when the campaign was killed
            text = text[: text.rfind("\n") + 1]
            self._file.write_text(text, encoding="utf-8")
        for line in text.splitlines():
            try:
                found = json.loads(line)
                if "began" not in found:
                    unpack(found["answer"])
                yield found
            except (ValueError, KeyError, TypeError):  # of another making
                continue

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")


def fingerprint(plan: Plan) -> str:
    """Of the plan and of everything that what comes of it depends on."""
    digest = hashlib.sha256(json.dumps(asdict(plan)).encode())
    for module in (import_module(plan.subject), import_module("conformance")):
        for file in _sources(module):
            digest.update(file.read_bytes())
    digest.update(import_module("torch").__version__.encode())
    return digest.hexdigest()[:12]


def _sources(module: ModuleType) -> list[Path]:
    file = Path(module.__file__ or "")
    if module.__name__ == "torch":
        return []
    return sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
