"""What a look-alike costs beside PyTorch: ``conformance bench``.

Both are measured in one run and in turns, so that what else the machine does hits both. Ratios are judged, never times.
To add something to measure, add a ``Task`` to the tuple of its group: ``documents``, ``models``, ``autograd``,
``small``, ``large``.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import platform
import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.reports.measurements import Measurements, Row
from conformance.runners.pool import Progress
from conformance.suites.bench import autograd, documents, imports, large, models, small
from conformance.suites.bench.task import Task
from conformance.suites.bench.timing import measure

TASKS: tuple[Task, ...] = (*documents.TASKS, *models.TASKS, *autograd.TASKS, *small.TASKS, *large.TASKS)


def measure_all(subject: str, pattern: str, seconds: float, progress: Progress) -> Measurements:
    """The rows whose group and name the regular expression fits, each measured for about so many seconds.

    A task that needs what the subject lacks has no row, and is named among the facts as not offered.
    """
    wanted = re.compile(pattern)
    tasks = [task for task in TASKS if wanted.search(f"{task.group}: {task.name}")]
    names = [name for name in imports.ROWS if wanted.search(f"{imports.GROUP}: {name}")]
    rows = list(imports.measure(subject, names))
    modules = importlib.import_module(subject), importlib.import_module("torch")
    gc.collect()
    gc.freeze()  # else collections during a task would be charged for the modules
    absent: list[str] = []
    for done, task in enumerate(tasks):
        progress(f"{task.group}: {task.name}", done, len(tasks))
        row = measure(task, *modules, seconds)
        if row is None:
            absent.append(f"{task.group}: {task.name}")
        else:
            rows.append(row)
    return Measurements(subject, (*rows, *_means(rows)), _facts(modules[1], absent))


def _means(rows: list[Row]) -> Iterator[Row]:
    """A row for the geometric mean of the ratios of each group that has a bound for it."""
    for group, bound in small.MEANS.items():
        members = [row for row in rows if row.group == group]
        if len(members) < 2:
            continue
        subject, reference, ratio, low, high = (
            _mean([getattr(row, column) for row in members])
            for column in ("subject", "reference", "ratio", "low", "high")
        )
        numpy = [row.numpy for row in members if row.numpy]
        alone = _mean(numpy) if len(numpy) == len(members) else None
        yield Row(small.MEAN, group, members[0].unit, subject, reference, ratio, low, high, bound, alone)


def _mean(numbers: list[float]) -> float:
    return math.exp(sum(map(math.log, numbers)) / len(numbers))


def _facts(torch: Any, absent: list[str]) -> Mapping[str, str]:
    import numpy

    facts = {
        "Python": platform.python_version(),
        "NumPy": numpy.__version__,
        "PyTorch": torch.__version__,
        "CPU capability": torch.backends.cpu.get_cpu_capability(),
        "cores": str(os.cpu_count()),
    }
    return facts | ({"not offered": ", ".join(absent)} if absent else {})
