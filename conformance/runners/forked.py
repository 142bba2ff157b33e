"""A child that is a fork of this process, where both implementations are imported already: it begins in milliseconds.

It shares nothing that it changes, so a document in it finds modes, generators and once-only warnings as in a process
of its own, provided that nothing else is run in this one.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

from conformance.runners import child
from conformance.runners.imports import given_modules
from conformance.runners.process import Process

_FIRST_FREE = 3  # the descriptor after those of the standard streams
_M_PERTURB, _RUBBISH = -6, 0x2A  # the C library's option to fill what is allocated and freed, and with what
_PAUSE = 0.002  # seconds between two looks whether a process has ended


def warm_up(subjects: Iterable[str]) -> None:
    """Import what the forks are to find. One that cannot be imported says so in each of them."""
    for subject in subjects:
        with suppress(Exception):
            given_modules(subject)
            child.seed(importlib.import_module(subject), 0)  # what this imports is needed by every fork
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page


def launch_fork(descriptor: int, folder: str, fill: bool = False) -> Process:
    """A fork that runs ``child.main``, in a process group of its own.

    With ``fill``, what was never written to in its memory is other rubbish, where the C library is GNU's.
    """
    out, err = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: those here only wait
        pid = os.fork()
    if pid == 0:
        try:
            _become_child(descriptor, folder, out[1], err[1])
            if fill:
                _fill_memory()
            child.main(descriptor)
        finally:
            os._exit(0)
    with suppress(OSError):  # whoever is first: it is to be a group before anybody ends the group
        os.setpgid(pid, pid)
    os.close(out[1])
    os.close(err[1])
    return _Fork(pid, os.fdopen(out[0], "rb", 0), os.fdopen(err[0], "rb", 0))


def _fill_memory() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_PERTURB, _RUBBISH)


class _Fork:
    def __init__(self, pid: int, stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.pid = pid
        self.stdout: IO[bytes] | None = stdout
        self.stderr: IO[bytes] | None = stderr
        self._status: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("fork", timeout or 0.0)
            else:
                time.sleep(_PAUSE)
        return self._status


def _become_child(descriptor: int, folder: str, out: int, err: int) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in enumerate((nothing, out, err)):
        os.dup2(source, number)
    os.closerange(_FIRST_FREE, descriptor)  # the runner's end of the socket too: its closing is to be noticed
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (
        os.fdopen(number, "w", encoding="utf-8", errors=errors, closefd=False)
        for number, errors in ((1, "strict"), (2, "backslashreplace"))
    )
    os.chdir(folder)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
