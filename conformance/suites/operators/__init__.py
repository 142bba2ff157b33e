"""PyTorch's own tests of its operators (OpInfo), carried out by a look-alike and by PyTorch, and compared.

Expectations come from PyTorch alone: which operators there are, in which dtypes, with which samples, and what they must
refuse. What the look-alike lacks counts against it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from conformance.compare.known_gaps import read_table
from conformance.reports.operators import Report, Row
from conformance.runners.executor import Executor, Lost
from conformance.runners.pool import Progress
from conformance.suites.operators.checks import CHECKS
from conformance.suites.operators.entries import dtypes_of, entries, name_of
from conformance.suites.operators.units import ERRORS, Answer, Cell, Unit, work

PATIENCE = 300.0  # seconds for one unit


@dataclass(frozen=True)
class Settings:
    """``folder`` is where answers are kept, None for nowhere."""

    subject: str
    checks: tuple[str, ...] = (*CHECKS, ERRORS)
    dtypes: tuple[str, ...] = ()  # all, if there are none
    samples: int = 0
    folder: Path | None = None


@dataclass(frozen=True)
class Gap:
    """Cells whose failing is accepted: of an operator's full name, in these dtypes and checks, or in all."""

    operator: str
    reason: str
    dtypes: Sequence[str] = ()
    checks: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.operator}: {', '.join(self.dtypes) or 'all dtypes'}: {', '.join(self.checks) or 'all checks'}"

    def fits(self, row: Row) -> bool:
        return (
            self.operator == row.operator
            and (not self.dtypes or row.dtype in self.dtypes)
            and (not self.checks or row.check in self.checks)
        )


def run_operators(
    places: Sequence[int], settings: Settings, executor: Executor, progress: Progress, gaps: Sequence[Gap] | None = None
) -> Report:
    """Raises UnreadableGaps, OSError if the folder cannot be written to."""
    gaps = read_table("operators", Gap) if gaps is None else gaps
    units = list(_units(places, settings))
    kept = _Kept(settings)
    answers = {unit: kept.answers[_key(unit)] for unit in units if _key(unit) in kept.answers}
    resumed = len(answers)
    for unit, told in executor.run(work, [unit for unit in units if unit not in answers], PATIENCE):
        answers[unit] = _lost(unit, told.reason) if isinstance(told, Lost) else told
        kept.note(unit, answers[unit])
        progress(name_of(entries()[unit.entry]), len(answers), len(units))
    rows = [row for unit in units for row in _rows(unit, answers[unit], gaps)]
    failing = [row for row in rows if row.status != "equal"]
    whole = {*settings.checks} == {*CHECKS, ERRORS} and not settings.dtypes and not settings.samples
    asked = {row.operator for row in rows} if whole else set()
    stale = [str(gap) for gap in gaps if gap.operator in asked and not any(map(gap.fits, failing))]
    ulps: dict[str, list[int]] = {}
    for unit in units:
        if any(answers[unit].ulps):
            so_far = ulps.setdefault(name_of(entries()[unit.entry]), [0] * len(answers[unit].ulps))
            so_far[:] = map(sum, zip(so_far, answers[unit].ulps, strict=True))
    subject = import_module(settings.subject)
    return Report(settings.subject, str(getattr(subject, "__version__", "unknown")), rows, ulps, stale, resumed)


def _units(places: Sequence[int], settings: Settings) -> Iterator[Unit]:
    subject = import_module(settings.subject)
    plain = tuple(check for check in settings.checks if check != ERRORS)
    for place in places:
        op = entries()[place]
        for dtype in dtypes_of(op, subject):
            if plain and (not settings.dtypes or dtype in settings.dtypes):
                yield Unit(settings.subject, place, dtype, plain, settings.samples)
        if ERRORS in settings.checks and not settings.dtypes and op.error_inputs_func is not None:
            yield Unit(settings.subject, place, "", (ERRORS,), settings.samples)


def _lost(unit: Unit, reason: str) -> Answer:
    return Answer([Cell(check, 1, 1, reason=reason) for check in unit.checks], [])


def _rows(unit: Unit, answer: Answer, gaps: Sequence[Gap]) -> Iterator[Row]:
    operator = name_of(entries()[unit.entry])
    for cell in answer.cells:
        status = "absent" if cell.absent else "different" if cell.failed else "equal"
        row = Row(operator, unit.dtype, **{k: v for k, v in asdict(cell).items() if k != "absent"}, status=status)
        accepted = next((gap.reason for gap in gaps if status != "equal" and gap.fits(row)), "")
        yield row.as_accepted(accepted) if accepted else row


# --- what is kept, so that a run that was killed goes on --------------------------------------------------------------


def _key(unit: Unit) -> str:
    return json.dumps(unit)


class _Kept:
    """The answers of earlier runs of the same sources, one line of JSON each."""

    def __init__(self, settings: Settings) -> None:
        self.answers: dict[str, Answer] = {}
        self._file = settings.folder / f"{_fingerprint(settings.subject)}.jsonl" if settings.folder else None
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        for old in self._file.parent.glob("*.jsonl"):
            if old != self._file:
                old.unlink()
        if self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                try:
                    key, cells, ulps = json.loads(line)
                    self.answers[key] = Answer([Cell(**cell) for cell in cells], ulps)
                except (ValueError, TypeError):  # cut off when the run was killed
                    continue

    def note(self, unit: Unit, answer: Answer) -> None:
        if self._file is not None:
            line = json.dumps([_key(unit), [asdict(cell) for cell in answer.cells], answer.ulps])
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write("\n" + line)


def _fingerprint(subject: str) -> str:
    """Of everything that an answer depends on."""
    digest = hashlib.sha256()
    for module in (import_module(subject), import_module("conformance.suites.operators"), import_module("torch")):
        digest.update(str(getattr(module, "__version__", "")).encode())
        if module.__name__ != "torch" and module.__file__ is not None:
            file = Path(module.__file__)
            for source in sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]:
                digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def to_json(report: Report) -> dict[str, Any]:
    return asdict(report)
