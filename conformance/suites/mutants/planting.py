"""A copy of the look-alike with one fault in it, in a temporary folder. What is copied is never touched."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.suites.mutants.faults import Fault
from conformance.suites.mutants.source import Source


class Missing(Exception):
    """There is no such package, or the place of a fault is no longer there; the text says which."""


def package_of(name: str) -> Path:
    """The folder of a package, which is not imported. Raises Missing."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None or found.submodule_search_locations is None:
        raise Missing(f"{name} is no package that can be copied")
    return Path(found.origin).parent


@contextmanager
def planted(package: Path, fault: Fault | None) -> Iterator[Path]:
    """A folder with a copy of the package, with the fault if there is one. Raises Missing."""
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / package.name
        shutil.copytree(package, copy)  # with what was compiled, so that only one module has to be
        if fault is not None:
            file = copy / fault.file
            source = Source(fault.file, file.read_text(encoding="utf-8"))
            if source.lines(fault.change) != (fault.before, fault.after):
                raise Missing(f"{fault}: the file has changed since")
            for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
                compiled.unlink()
            file.write_text(source.planted(fault.change), encoding="utf-8")
        yield Path(folder)
