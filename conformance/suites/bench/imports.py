"""Import, each in a process of its own: the time within the import, and the greatest size of the whole process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from conformance.reports.measurements import Row
from conformance.suites.bench.timing import conclude

GROUP = "import"
ROWS = {"import time": ("ms", 0.12), "import memory": ("MB", 0.2)}
_ROUNDS = 7
# Installed modules are compiled already; the first import compiles what is not.
_COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

_IMPORT = """
import resource, time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(subject: str, names: Sequence[str]) -> Iterator[Row]:
    if not names:
        return
    modules = (subject, "torch", "numpy")
    for module in modules:
        _import(module)
    rounds = [
        [_import(module) for module in (modules if number % 2 else reversed(modules))][:: 1 if number % 2 else -1]
        for number in range(_ROUNDS)
    ]
    for index, (name, (unit, bound)) in enumerate(ROWS.items()):
        if name in names:
            figures = [[seen[index] for seen in each] for each in rounds]
            yield conclude(name, GROUP, unit, figures, bound)


def _import(module: str) -> tuple[float, float]:
    """Milliseconds and megabytes."""
    # A process starts out with the peak of the one that started it: so this one, which is large, starts a shell.
    shell = ("/bin/sh", "-c", '"$@" && true', "sh")
    code = _IMPORT.format(module=module)
    told = subprocess.run(
        [*shell, sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        check=True,
        env=_COMPILED | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    seconds, peak = map(float, told.stdout.split())
    return seconds * 1e3, peak * (1 if sys.platform == "darwin" else 1024) / 1e6
