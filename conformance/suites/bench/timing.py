"""One task measured for the subject, PyTorch and NumPy: in turns, in bursts long enough for the clock."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from conformance.reports.measurements import Row
from conformance.suites.bench.task import Loop, Task

_BURST = 1e-3  # seconds, at least
_LEAST_ROUNDS = 5
_NOT_OFFERED = (AttributeError, NotImplementedError, ModuleNotFoundError)


def measure(task: Task, subject: Any, torch: Any, seconds: float) -> Row | None:
    """The row of a task, None where the subject does not offer what it needs."""
    usual = torch.get_num_threads()
    if task.threads is not None:
        torch.set_num_threads(task.threads)
    try:
        try:
            ours = task.loop(subject)
            ours(1)
        except _NOT_OFFERED:
            return None
        loops = [ours, task.loop(torch)]
        alone = task.numpy_loop()
        if alone is not None:
            loops.append(alone)
        return _row(task, _rounds(loops, seconds))
    finally:
        torch.set_num_threads(usual)


def _rounds(loops: Sequence[Loop], seconds: float) -> list[list[float]]:
    """Microseconds per repetition of each loop, round by round; every other round goes the other way round."""
    repetitions = [_repetitions(loop) for loop in loops]
    order = list(range(len(loops)))
    seen: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(seen) < _LEAST_ROUNDS or time.perf_counter() < end:
        figures = [0.0] * len(loops)
        for index in order if len(seen) % 2 else reversed(order):
            figures[index] = loops[index](repetitions[index]) / repetitions[index] * 1e6
        seen.append(figures)
    return seen


def _repetitions(loop: Loop) -> int:
    """How many make a burst, found by doubling; which also warms up."""
    repetitions = 1
    while loop(repetitions) < _BURST:
        repetitions *= 2
    return repetitions


def _row(task: Task, rounds: Sequence[Sequence[float]]) -> Row:
    return conclude(task.name, task.group, "µs", rounds, task.bound)


def conclude(name: str, group: str, unit: str, rounds: Sequence[Sequence[float]], bound: float | None) -> Row:
    """Medians, and the ratios of the rounds: their median, and between what nine in ten of them lie."""
    ours, theirs, *numpy = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = [figures[0] / figures[1] for figures in rounds]
    cuts = statistics.quantiles(ratios, n=20, method="inclusive")
    alone = numpy[0] if numpy else None
    return Row(name, group, unit, ours, theirs, statistics.median(ratios), cuts[0], cuts[-1], bound, alone)
