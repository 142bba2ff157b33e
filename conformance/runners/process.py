"""One child process, seen from the runner."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, Protocol, Self

from conformance.runners.kin import end_all, started_in
from conformance.runners.protocol import PROCESSES, Limits, Result

START_TIMEOUT = 120.0  # seconds: importing an implementation on a busy machine
_CHUNK = 1 << 20  # more than a pipe holds
_LOOK = 0.2  # seconds after which the processes of a document are counted

# One thread, since the order of a sum depends on their number; the rest keeps the machine's habits out of the output.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "COLUMNS": "80",
    "LINES": "24",
    "TZ": "UTC",
}


class UnusableSubject(Exception):
    """The implementation could not be imported."""


class Cancelled(Exception):
    """The whole run was given up."""


class Process(Protocol):
    """What is needed of a process, as ``subprocess.Popen`` has it."""

    pid: int
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    def wait(self, timeout: float | None = None) -> int: ...


Launch = Callable[[int, str], Process]  # with the child's end of the socket, in a folder


def launch_fresh(descriptor: int, folder: str) -> Process:
    """A new interpreter, which leads a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "conformance.runners.child", str(descriptor)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[descriptor],
        start_new_session=True,
        cwd=folder,
        env=_environment(folder),
    )


class Child:
    """A process with one implementation in it, in a temporary folder."""

    def __init__(
        self, job: Mapping[str, Any], limits: Limits, cancelled: threading.Event, launch: Launch = launch_fresh
    ) -> None:
        self._limits = limits
        self._cancelled = cancelled
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-", ignore_cleanup_errors=True)
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = launch(theirs.fileno(), self._folder.name)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdout = _Stream(self._process.stdout.fileno(), limits.output)
        self._stderr = _Stream(self._process.stderr.fileno(), limits.output)
        self._received = b""
        self._selector = selectors.DefaultSelector()
        for source in (self._socket.fileno(), self._stdout.descriptor, self._stderr.descriptor):
            os.set_blocking(source, False)
            self._selector.register(source, selectors.EVENT_READ)
        self._job = job

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        end_all(self._folder.name)
        self._selector.close()
        self._socket.close()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._folder.cleanup()

    def start(self) -> dict[str, str]:
        """The facts of the implementation. Raises UnusableSubject."""
        answer = self._ask(self._job, START_TIMEOUT)
        if isinstance(answer, Result):
            raise UnusableSubject(f"{self._job['subject']} cannot be imported: {answer.ended}, {answer.detail}")
        if "unusable" in answer:
            raise UnusableSubject(f"{self._job['subject']} cannot be imported: {answer['unusable']}")
        self._stdout.take(whole=False), self._stderr.take(whole=False)
        facts: dict[str, str] = answer["ready"]
        return facts

    def run(self, index: int) -> Result:
        """What a snippet did. After a result that is not finished, the child is of no more use."""
        answer = self._ask(index, self._limits.timeout)
        if not isinstance(answer, Result):
            try:
                answer = Result.from_json(answer)
            except (TypeError, ValueError):
                answer = Result(ended="lost", detail="it wrote to the runner's socket")
        whole = answer.finished
        fields = answer.__dict__ | {"stdout": self._stdout.take(whole), "stderr": self._stderr.take(whole)}
        return Result(**fields)

    def _ask(self, request: Any, timeout: float) -> dict[str, Any] | Result:
        """The child's answer, or why there is none."""
        began = time.monotonic()
        deadline, look = began + timeout, began + _LOOK
        try:
            self._send(json.dumps(request).encode() + b"\n")
        except OSError:
            return self._ending()
        while b"\n" not in self._received:
            now = time.monotonic()
            if now >= deadline:
                return Result(ended="timeout", detail=f"ran longer than {timeout:g} s")
            if now >= look:
                look = now + _LOOK
                if sum(1 for _ in started_in(self._folder.name)) > 2 * PROCESSES:
                    return Result(ended="processes", detail=f"had more than {2 * PROCESSES} processes")
            if self._cancelled.is_set():
                raise Cancelled
            for key, _ in self._selector.select(min(deadline, look) - now):
                if key.fd != self._socket.fileno():
                    stream = self._stdout if key.fd == self._stdout.descriptor else self._stderr
                    if not stream.read():
                        self._selector.unregister(key.fd)
                elif chunk := _read(key.fd):
                    self._received += chunk
                else:
                    return self._ending()
        self._stdout.read(), self._stderr.read()
        line, self._received = self._received.split(b"\n", 1)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        return answer if isinstance(answer, dict) else Result(ended="lost", detail="it wrote to the runner's socket")

    def _send(self, data: bytes) -> None:
        self._socket.setblocking(True)
        self._socket.sendall(data)
        self._socket.setblocking(False)

    def _ending(self) -> Result:
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return Result(ended="lost", detail="it closed the runner's socket")
        finally:
            self._stdout.read(), self._stderr.read()
        if status < 0:
            known = {number.value: number.name for number in signal.Signals}
            return Result(ended="signal", detail=f"killed by {known.get(-status, f'signal {-status}')}")
        return Result(ended="exit", detail=f"ended its process with status {status}")


class _Stream:
    """What a child writes to one descriptor: the first bytes are kept, a flood beyond them is only counted."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor = descriptor
        self._limit = limit
        self._kept = bytearray()
        self._dropped = 0

    def read(self) -> bool:
        """Take in what is there; False at the end of the stream."""
        chunk = _read(self.descriptor)
        if chunk is None:
            return True
        room = self._limit - len(self._kept)
        self._kept += chunk[:room]
        self._dropped += max(0, len(chunk) - room)
        return bool(chunk)

    def take(self, whole: bool) -> str:
        """The text since the last time. ``whole`` says that the length of a flood is known, and can be told."""
        text = self._kept.decode(errors="backslashreplace")
        if self._dropped:
            text += f"\n[{self._dropped if whole else 'many'} more bytes than the limit of {self._limit}]"
        self._kept.clear()
        self._dropped = 0
        return text


def _read(descriptor: int) -> bytes | None:
    """What is there to read, b"" at the end, None for nothing yet."""
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""


def _environment(folder: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    path = os.pathsep.join(os.path.abspath(place) for place in [*sys.path, os.getcwd()])
    return inherited | ENVIRONMENT | {"PYTHONPATH": path, "TMPDIR": folder}
