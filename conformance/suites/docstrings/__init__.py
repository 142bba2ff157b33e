"""The examples in PyTorch's own docstrings: ``conformance docstrings``.

Each docstring is a document. It is run by both sides in forks of a process that has imported both, which costs
milliseconds and keeps one from another all the same.
"""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.compare.known_gaps import Gap
from conformance.reports.docstrings import Docstring, DocstringReport
from conformance.runners.executor import Executor, Lost
from conformance.runners.forked import warm_up
from conformance.runners.pool import Progress
from conformance.runners.process import UnusableSubject
from conformance.runners.protocol import Limits
from conformance.suites.docstrings import finding
from conformance.suites.docstrings.judging import judge

_TOGETHER = 8  # docstrings of a unit
_PATIENCE = 40  # how many times as long as a statement a unit may take


@dataclass(frozen=True)
class Settings:
    subject: str
    limits: Limits
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True)
class _Unit:
    docstrings: tuple[finding.Docstring, ...]
    settings: Settings


def run_docstrings(
    found: Sequence[finding.Docstring], settings: Settings, processes: Executor, progress: Progress
) -> DocstringReport:
    """Compare both sides in each docstring. One that cannot be judged says why, and costs the others nothing.

    Raises UnusableSubject.
    """
    _import(settings.subject)
    judged: dict[str, Docstring] = {}
    together = [_Unit(tuple(found[at : at + _TOGETHER]), settings) for at in range(0, len(found), _TOGETHER)]
    for unit, answer in _answers(together, settings, processes):
        if not isinstance(answer, Lost):
            judged |= {docstring.name: docstring for docstring in answer}
            progress(unit.docstrings[-1].name, len(judged), len(found))
    alone = [_Unit((docstring,), settings) for docstring in found if docstring.name not in judged]
    for unit, answer in _answers(alone, settings, processes):
        (lost,) = unit.docstrings
        problem = answer.reason if isinstance(answer, Lost) else ""
        judged[lost.name] = Docstring(lost.name, lost.namespace, problem=problem) if problem else answer[0]
        progress(lost.name, len(judged), len(found))
    docstrings = tuple(judged[docstring.name] for docstring in found)
    return DocstringReport(settings.subject, docstrings, _facts(), _outdated(docstrings, settings))


def _import(subject: str) -> None:
    try:
        importlib.import_module(subject)
    except Exception as error:  # a look-alike may fail in any way
        raise UnusableSubject(f"{subject} cannot be imported: {type(error).__name__}: {error}") from None


def _answers(units: Iterable[_Unit], settings: Settings, processes: Executor) -> Iterator[tuple[_Unit, Any]]:
    return processes.run(_judge_all, units, _PATIENCE * settings.limits.timeout)


def _judge_all(unit: _Unit) -> list[Docstring]:
    """In a worker."""
    subject, limits = unit.settings.subject, unit.settings.limits
    _warm(subject)
    return [judge(docstring, subject, limits, _gaps_of(docstring.name, unit.settings)) for docstring in unit.docstrings]


@cache
def _warm(subject: str) -> None:
    warm_up(("torch", subject))


def _gaps_of(name: str, settings: Settings) -> list[Gap]:
    return [gap for gap in settings.gaps if (gap.subject, gap.document) == (settings.subject, name)]


def _outdated(docstrings: Iterable[Docstring], settings: Settings) -> tuple[str, ...]:
    """The known gaps of these docstrings in which nothing differs any more."""
    outdated = []
    for docstring in docstrings:
        seen = {
            (finding.kind, finding.where, finding.detail)
            for example in docstring.examples
            for finding in example.findings
            if finding.verdict == "accepted"
        }
        gaps = _gaps_of(docstring.name, settings)
        outdated += [str(gap) for gap in gaps if (gap.check, gap.where, f"accepted: {gap.reason}") not in seen]
    return tuple(outdated)


def _facts() -> dict[str, str]:
    import numpy
    import torch

    return {
        "PyTorch": torch.__version__,
        "CPU capability": torch.backends.cpu.get_cpu_capability(),
        "Python": platform.python_version(),
        "NumPy": numpy.__version__,
        "platform": f"{platform.system()}-{platform.machine()}",
    }
