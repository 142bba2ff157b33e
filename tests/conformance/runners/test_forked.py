"""Forks of a warm process: they answer as fresh processes do, and share nothing that they change."""

from __future__ import annotations

import ctypes
from functools import partial

import pytest

from conformance.documents.model import Document, Snippet
from conformance.runners.forked import launch_fork, warm_up
from conformance.runners.process import Launch, launch_fresh
from conformance.runners.protocol import Limits, Result
from conformance.runners.session import run_document

SUBJECT = "math"  # any module will do, and this one is quick


def run(*codes: str, launch: Launch = launch_fork, timeout: float = 10.0) -> tuple[Result, ...]:
    snippets = tuple(
        Snippet(f"snippet {n}", code, (1,) * len(code.splitlines()), echo="all") for n, code in enumerate(codes)
    )
    return run_document(Document("d", "made up", snippets), SUBJECT, 0, Limits(timeout=timeout), launch=launch).results


@pytest.mark.parametrize(
    "codes",
    [
        ("x = 1", "x + 1", "print('a', flush=True); 1 / 0", "x"),
        ("import random, numpy as np", "random.random(), np.random.rand()"),
        ("import warnings, sys", "warnings.warn('w'); sys.stderr.write('e')", "input()", "sys.exit(3)", "1"),
        ("import os, signal", "os.kill(os.getpid(), signal.SIGSEGV)", "1"),
        ("import os", "os._exit(3)", "1"),
        ("import signal", "signal.signal(signal.SIGUSR1, signal.SIG_IGN); 1"),
        ("import os", "os.close(1)", "print('still')"),
    ],
)
def test_a_fork_answers_as_a_fresh_process(codes: tuple[str, ...]) -> None:
    assert run(*codes) == run(*codes, launch=launch_fresh)


def test_forks_share_nothing_that_they_change() -> None:
    warm_up([SUBJECT])
    run(
        "import math, random, os, sys",
        "math.pi = 3; random.seed(5); os.environ['LEFT'] = '1'; open('left', 'w').close()",
    )
    *_, result = run("import math, os", "math.pi > 3, 'LEFT' in os.environ, os.listdir('.')")
    assert result.stdout == "(True, False, [])\n"


def test_a_hang_is_ended_with_what_it_started() -> None:
    hang, after = run("import os, time\nos.fork()\ntime.sleep(60)", "1", timeout=0.5)
    assert (hang.ended, after.stdout) == ("timeout", "1\n")


FRESH_MEMORY = """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
set(ctypes.string_at(libc.malloc(99_999), 99_999))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library is not GNU's")
def test_memory_that_was_never_written_to_can_be_filled() -> None:
    """So that rubbish which is the same by chance is not the same a second time."""
    (result,) = run(FRESH_MEMORY, launch=partial(launch_fork, fill=True))
    assert result.stdout.splitlines()[-1] != "{0}"
    assert len(result.stdout.splitlines()[-1].split(",")) == 1
