"""What is measured, as source text: the same statement for the subject and for PyTorch, and one for NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Loop = Callable[[int], float]  # seconds for so many repetitions

_LOOP = """
def loop(repetitions):
    {setup}
    start = clock()
    for _ in range(repetitions):
        {statement}
    return clock() - start
"""


@dataclass(frozen=True)
class Task:
    """``statement`` is what is timed, after ``setup``; both know ``torch`` and ``F``. ``numpy`` is NumPy's way to it.

    ``bound`` is the greatest ratio to PyTorch that is promised; ``threads`` is how many PyTorch may use, None for all.
    """

    group: str
    name: str
    statement: str
    setup: str = "pass"
    numpy: str | None = None
    numpy_setup: str = "pass"
    bound: float | None = None
    threads: int | None = 1

    def loop(self, module: Any) -> Loop:
        """A loop over the statement; what it needs and ``module`` lacks is an AttributeError or NotImplementedError."""
        return _compiled(self.setup, self.statement, torch=module, F=module.nn.functional)

    def numpy_loop(self) -> Loop | None:
        import numpy

        return None if self.numpy is None else _compiled(self.numpy_setup, self.numpy, np=numpy)


def _compiled(setup: str, statement: str, **names: Any) -> Loop:
    source = _LOOP.format(
        setup=setup.strip().replace("\n", "\n    "), statement=statement.strip().replace("\n", "\n        ")
    )
    scope = names | {"clock": time.perf_counter}
    exec(compile(source, "<benchmark>", "exec"), scope)
    loop: Loop = scope["loop"]
    return loop
