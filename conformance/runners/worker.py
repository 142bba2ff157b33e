"""A process that works on units: ``python -m conformance.runners.worker``, and how to look after one.

Pickles go in and out: (work, unit) to it, (True, answer) or (False, exception) from it. It ends when whoever started it
does, even in the midst of a unit.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, TypeVar

from conformance.runners.process import ENVIRONMENT

Unit = TypeVar("Unit")
Answer = TypeVar("Answer")

_LENGTH = 8  # bytes that say how long a pickle is


class Killed(Exception):
    """The worker ended, or had to be ended, before it answered; the text says which."""


class Worker:
    """One warm process. Once it was killed the next unit gets a fresh one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._retired = False

    def answer(self, work: Callable[[Unit], Answer], unit: Unit, timeout: float) -> Answer:
        """What the work makes of the unit, or its exception. Raises Killed."""
        if self._retired:
            raise Killed("it was given up")
        process = self._process = self._process or _started()
        if self._retired:  # meanwhile
            self.kill()
            raise Killed("it was given up")
        try:
            _send(process.stdin, (work, unit))
            fine, answer = pickle.loads(_received(process, time.monotonic() + timeout))
        except TimeoutError:
            self.kill()
            raise Killed(f"it ran longer than {timeout:g} s") from None
        except (OSError, EOFError):
            self.kill()
            raise Killed("its process was killed") from None
        if not fine:
            raise answer
        result: Answer = answer
        return result

    def retire(self) -> None:
        """From any thread: end it, and never start another. A thread that waits for an answer is told."""
        self._retired = True
        if process := self._process:
            _end(process)

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _end(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _started() -> subprocess.Popen[bytes]:
    paths = [os.path.abspath(path) for path in [*sys.path, os.getcwd()]]
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _send(stream: Any, value: Any) -> None:
    data = pickle.dumps(value)
    stream.write(len(data).to_bytes(_LENGTH) + data)
    stream.flush()


def _received(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """The next pickle. Raises TimeoutError, and EOFError if the process ends before."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    data, wanted = b"", _LENGTH
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while len(data) < wanted:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                raise EOFError
            data += chunk
            if wanted == _LENGTH <= len(data):
                wanted += int.from_bytes(data[:_LENGTH])
    return data[_LENGTH:]


def main() -> None:
    """Inside the process. What units print goes to stderr; they find nothing on stdin, and may close both."""
    requests, answers = os.fdopen(_taken(0, os.open(os.devnull, os.O_RDONLY)), "rb"), os.fdopen(_taken(1, 2), "wb")
    units: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, units.put), daemon=True).start()
    process = os.getpid()
    while True:
        answer = _answered(units.get())
        if os.getpid() != process:
            os._exit(0)  # a fork that the unit let run on
        answers.write(len(answer).to_bytes(_LENGTH) + answer)
        answers.flush()


def _answered(request: bytes) -> bytes:
    try:
        work, unit = pickle.loads(request)
        return pickle.dumps((True, work(unit)))
    except Exception as error:
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)
        except Exception:  # exceptions are often made in ways that pickle does not know
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
        return answer


def _taken(descriptor: int, other: int) -> int:
    """What the descriptor stood for, under a number of its own; from now on it stands for the other."""
    kept = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100)
    os.dup2(other, descriptor)
    return kept


def _listen(stream: BinaryIO, put: Callable[[bytes], None]) -> None:
    while length := stream.read(_LENGTH):
        put(stream.read(int.from_bytes(length)))
    os._exit(1)


if __name__ == "__main__":
    main()
