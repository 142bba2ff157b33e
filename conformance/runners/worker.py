"""A process that works on units: ``python -m conformance.runners.worker``, and how to look after one.

Pickles go in and out: (work, unit) to it, (True, answer) or (False, exception) from it. It ends when whoever started it
does, even in the midst of a unit.
"""

from __future__ import annotations

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
from typing import Any, TypeVar

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
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"},
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
    """Inside the process. What units print goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    units: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(units.put,), daemon=True).start()
    while True:
        work, unit = pickle.loads(units.get())
        try:
            answer = True, work(unit)
        except Exception as error:
            answer = False, error
        _send(answers, answer)


def _listen(put: Callable[[bytes], None]) -> None:
    stream = sys.stdin.buffer
    while length := stream.read(_LENGTH):
        put(stream.read(int.from_bytes(length)))
    os._exit(1)


if __name__ == "__main__":
    main()
