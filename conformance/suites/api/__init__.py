"""Which of PyTorch's public names a look-alike has, and which of these can be called as PyTorch's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from conformance.reports.api import Name, Report
from conformance.runners.executor import Executor, Lost
from conformance.runners.pool import Progress
from conformance.suites.api.names import names_of
from conformance.suites.api.signatures import judge
from conformance.suites.docstrings.finding import UnknownName, lookup

PATIENCE = 120.0  # seconds for one unit
_AT_ONCE = 100  # names in a unit


class Unit(NamedTuple):
    subject: str
    namespace: str
    names: tuple[str, ...]


def run_api(namespaces: Sequence[str], subject: str, executor: Executor, progress: Progress) -> Report:
    """Raises UnknownName."""
    units = [
        Unit(subject, namespace, tuple(names[start : start + _AT_ONCE]))
        for namespace in namespaces
        for names in [names_of(namespace)]
        for start in range(0, len(names), _AT_ONCE)
    ]
    answers: dict[Unit, list[Name]] = {}
    for unit, told in executor.run(work, units, PATIENCE):
        answers[unit] = _lost(unit, told.reason) if isinstance(told, Lost) else told
        progress(unit.namespace, len(answers), len(units))
    version = str(getattr(import_module(subject), "__version__", "unknown"))
    return Report(subject, version, [name for unit in units for name in answers[unit]])


def _lost(unit: Unit, reason: str) -> list[Name]:
    return [Name(unit.namespace, name, "differs", "", reason) for name in unit.names]


def work(unit: Unit) -> list[Name]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_named(unit, name) for name in unit.names]


def _named(unit: Unit, name: str) -> Name:
    full = f"{unit.namespace}.{name}"
    try:
        theirs = lookup(full)
    except UnknownName:  # PyTorch lists names that need what is not installed
        return Name(unit.namespace, name, "absent", "", "PyTorch itself does not have it here")
    try:
        ours: Any = lookup(full, unit.subject)
    except UnknownName:
        return Name(unit.namespace, name, "absent", "", "")
    source, difference = judge(unit.namespace, name, import_module(unit.subject), ours, theirs)
    return Name(unit.namespace, name, "differs" if difference else "there", source, difference)
