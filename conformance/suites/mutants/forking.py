"""Work in a fork of this process, which has imported already what takes long.

Whatever the fork does to itself is gone with it: modules, modes, crashes, and processes that it has started.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

Tell = Callable[[str], None]
"""Says what is being looked at; who says nothing for too long is taken to hang."""


_IDLE = 10  # so many times as long for one that waits, perhaps for what it has started


class Ended(Exception):
    """The fork did not come to an answer: what it told last, and what happened."""

    def __init__(self, looking: str, what: str) -> None:
        super().__init__(looking, what)
        self.looking, self.what = looking, what


def in_fork(work: Callable[[Tell], Any], silence: float) -> Any:
    """What ``work(tell)`` returns. Raises Ended, also after so many seconds of work without a word."""
    ours, theirs = Pipe()
    child = os.fork()
    if not child:
        _work(work, ours, theirs)
    theirs.close()
    looking = ""
    try:
        while True:
            _await(ours, child, silence, looking)
            sort, word = ours.recv()
            if sort == "answer":
                return word
            if sort == "problem":
                raise Ended(looking, word)
            looking = word
    except (EOFError, OSError):
        raise Ended(looking, "it ended its process") from None
    finally:
        _end(child)
        ours.close()


def _await(answers: Connection, child: int, silence: float, looking: str) -> None:
    """Wait for a word. Seconds of its processor are counted: on a busy machine it may get few of them."""
    worked, began = _seconds(child), time.monotonic()
    while not answers.poll(min(1.0, silence)):
        if _seconds(child) - worked > silence or time.monotonic() - began > _IDLE * silence:
            raise Ended(looking, f"silent for {silence:g} s")


def _seconds(child: int) -> float:
    """How long a process has run; where the system does not tell, for ever."""
    try:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _end(child: int) -> None:
    """The fork and all that it has started, which are a group as soon as it has come to run."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _work(work: Callable[[Tell], Any], ours: Connection, theirs: Connection) -> None:
    try:
        os.setpgid(0, 0)
        ours.close()
        threading.Thread(target=_end_with, args=(theirs,), daemon=True).start()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        theirs.send(("answer", work(lambda word: theirs.send(("looking", word)))))
    except BaseException:
        theirs.send(("problem", traceback.format_exc()))
    finally:
        os._exit(0)


def _end_with(parent: Connection) -> None:
    """The parent says nothing; its death is the end of this whole group."""
    with suppress(EOFError, OSError):
        parent.recv()
    os.killpg(0, signal.SIGKILL)
