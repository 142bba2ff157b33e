"""Keeps a document to its folder and to its own processes: it writes nothing else, sends no signal elsewhere, and has
not too many processes.

Landlock does the first two on Linux, without root, and for whatever the document starts as well; signals from Linux
6.12 on. What the kernel cannot do an audit hook does, which binds Python code only. Neither hides what can be read, nor
the network.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from conformance.runners.kin import in_group, started_in
from conformance.runners.protocol import PROCESSES

# <linux/landlock.h>
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH, _SCOPE_SIGNAL = 1, 1, 1 << 1
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))  # files of any sort made and removed
_SINCE = {2: 1 << 13, 3: _TRUNCATE}  # moves between folders; truncation
_SIGNALS_SINCE = 6
_NO_NEW_PRIVILEGES = 38  # of prctl

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm")
_STARTING = {"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine(folder: str) -> None:
    """From now on, for this thread, those it starts, and their processes. There is no way back."""
    if _restrict(folder) < _SIGNALS_SINCE:
        sys.addaudithook(_refusal(folder))
    sys.addaudithook(_bound(folder))


def _restrict(folder: str) -> int:
    """The version of Landlock by which it was done; 0 if the kernel has none."""
    if sys.platform != "linux":
        return 0
    call = ctypes.CDLL(None, use_errno=True)
    version: int = call.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version < 1:
        return 0
    changes = _CHANGES | sum(access for since, access in _SINCE.items() if version >= since)
    attributes = struct.pack("=QQQ", changes, 0, _SCOPE_SIGNAL)[: 24 if version >= _SIGNALS_SINCE else 8]
    rules = call.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return 0
    try:
        for place in (folder, *_DEVICES):
            with suppress(FileNotFoundError):
                descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
                whole = stat.S_ISDIR(os.fstat(descriptor).st_mode)
                rule = struct.pack("=Qi", changes if whole else changes & (_WRITE_FILE | _TRUNCATE), descriptor)
                failed = call.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0)
                os.close(descriptor)
                if failed:
                    return 0
        failed = call.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or call.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return 0 if failed else version


def _refusal(folder: str) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that raises PermissionError, as the kernel would have it."""
    places = tuple(os.path.realpath(place) for place in (folder, *_DEVICES))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.kill", "os.killpg"):
            process = arguments[0]
            if not all(map(_own, in_group(process) if event == "os.killpg" and process else [process])):
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        elif event in _CHANGED:
            for path in _CHANGED[event](*arguments):
                if isinstance(path, str | bytes | os.PathLike) and not _within(os.fsdecode(path), places):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    return refuse


def _bound(folder: str) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that raises BlockingIOError, as the kernel would have it where a user has no process left."""

    def bound(event: str, _: tuple[Any, ...]) -> None:
        if event in _STARTING and sum(1 for _ in started_in(folder)) >= PROCESSES:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    return bound


def _opened(path: Any, _mode: Any, flags: int) -> Iterator[Any]:
    if flags & _WRITING:
        yield path


def _first(path: Any, *_: Any) -> Iterator[Any]:
    yield path


def _second(_: Any, path: Any, *__: Any) -> Iterator[Any]:
    yield path


def _both(path: Any, other: Any, *_: Any) -> Iterator[Any]:
    yield from (path, other)


# The audit events by which files change, and which of their arguments are the paths.
_CHANGED: dict[str, Callable[..., Iterator[Any]]] = {
    "open": _opened,
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"), _first),
    "os.symlink": _second,
    **dict.fromkeys(("os.link", "os.rename"), _both),
}


def _within(path: str, places: tuple[str, ...]) -> bool:
    real = os.path.realpath(path)
    return any(real == place or real.startswith(place + os.sep) for place in places)


def _own(process: int) -> bool:
    """Whether it belongs to the session that the document was started in."""
    try:
        return process == 0 or (process > 0 and os.getsid(process) == os.getsid(0))
    except ProcessLookupError:
        return True  # let the system say so
