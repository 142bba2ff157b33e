"""Work on units for ``test_executor.py``: a unit is what to do, and a number that is doubled."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

Unit = tuple[str, int]


class Awkward(Exception):
    """Cannot be pickled back: it is made of two things, and keeps one."""

    def __init__(self, first: object, second: object) -> None:
        super().__init__(f"{first} and {second}")


def double(unit: Unit) -> int:
    what, number = unit
    _DEEDS[what](number)
    return 2 * number


def _raise(number: int) -> None:
    raise KeyError(number)


def _raise_awkwardly(number: int) -> None:
    raise Awkward("one", number)


def _wait(number: int) -> None:
    time.sleep((number % 3) / 50)


def _hang(_: int) -> None:
    while True:
        pass


def _kill(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exit(_: int) -> None:
    sys.exit(3)


def _print(number: int) -> None:
    print("printed", number, flush=True)
    os.write(1, b"\x00" * 100)


def _flood(_: int) -> None:
    for _ in range(50):
        os.write(1, b"x" * (1 << 20))


def _close(_: int) -> None:
    sys.stdin.close()
    sys.stdout.close()
    os.closerange(0, 2)


def _close_all(_: int) -> None:
    os.closerange(0, 2000)


def _fork(_: int) -> None:
    os.fork()


def _leave_a_fork(_: int) -> None:
    if not os.fork():
        time.sleep(1000)


_DEEDS: dict[str, Callable[[int], None]] = {
    "nothing": lambda _: None,
    "wait": _wait,
    "raise": _raise,
    "raise awkwardly": _raise_awkwardly,
    "hang": _hang,
    "kill": _kill,
    "exit": _exit,
    "print": _print,
    "flood": _flood,
    "close": _close,
    "close all": _close_all,
    "fork": _fork,
    "leave a fork": _leave_a_fork,
}
