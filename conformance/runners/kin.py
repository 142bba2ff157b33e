"""The processes that came of a document, wherever they went: sessions of their own, orphans."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PATIENCE = 5.0  # seconds: processes that start others may have to be ended more than once


def started_in(folder: str) -> Iterator[int]:
    """Each living process that began with this folder as TMPDIR; none where there is no /proc to tell."""
    mark = f"TMPDIR={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # gone by now, or another user's
            if mark in entry.read_bytes().split(b"\0"):
                yield int(entry.parent.name)


def in_group(group: int) -> Iterator[int]:
    """Each living process of a group, whose leader may be gone."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(entry.read_text().rpartition(")")[2].split()[2]) == group:
                yield int(entry.parent.name)


def end_all(folder: str) -> None:
    """End them all, and those that they start meanwhile."""
    deadline = time.monotonic() + _PATIENCE
    found = True
    while found and time.monotonic() < deadline:
        found = False
        for process in started_in(folder):
            found = True
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
