"""One program in a process of its own, for those that end or stop the process they run in."""

from __future__ import annotations

import os
import pickle
import selectors
import signal
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

PATIENCE = 10.0  # seconds


class Ended(Exception):
    """There is no answer; the text says how it ended."""


def in_a_fork(question: Callable[[], Answer], patience: float = PATIENCE) -> Answer:
    """The answer of a fork. Raises Ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            with os.fdopen(theirs, "wb") as stream:
                stream.write(pickle.dumps(question()))
        finally:
            os._exit(0)  # nothing of the parent's is to be run here
    os.close(theirs)
    data = b""
    try:
        with os.fdopen(ours, "rb", buffering=0) as stream, selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                if not selector.select(patience):
                    raise Ended(f"Hang: it ran longer than {patience:g} s")
                chunk = stream.read(1 << 16)
                if not chunk:
                    break
                data += chunk
    finally:
        os.kill(child, signal.SIGKILL)  # which still is ours, since nobody has waited for it
        _, status = os.waitpid(child, 0)
    if not data:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        raise Ended(f"Crash: killed by {signal.Signals(number).name}" if number else "Crash: it ended its process")
    answer: Answer = pickle.loads(data)
    return answer
