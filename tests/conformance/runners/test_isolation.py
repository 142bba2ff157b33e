"""Whatever one snippet does to its process, its own result says so and all others stay as they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that a document can write to though it is not its own."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


BEFORE = "x = 1\nprint('before')"
AFTER = "print('after', x, 'y' in globals())"

FAULTS = {
    "hang": ("y = 1\nwhile True: pass", "timeout", "longer than 2 s"),
    "sleep": ("import time\ntime.sleep(1000)", "timeout", "longer than 2 s"),
    "exit": ("import os\nos._exit(3)", "exit", "status 3"),
    "sigkill": ("import os\nos.kill(os.getpid(), 9)", "signal", "SIGKILL"),
    "nameless signal": ("import os\nos.kill(os.getpid(), 40)", "signal", "signal 40"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "signal", "SIGSEGV"),
    "one large object": ("y = bytearray(10**11)", "memory", "512 MiB"),
    "many objects": ("y = []\nwhile True: y.append(bytearray(10**6))", "memory", "512 MiB"),
    "many small objects": ("y = []\nwhile True: y.append([0])", "memory", "512 MiB"),
    "too many processes": (
        "import subprocess\nsubprocess.run('for i in $(seq 400); do sleep 1000 & done; wait', shell=True)",
        "processes",
        "more than 200 processes",
    ),
    "its process group killed": ("import os\nos.killpg(0, 9)", "signal", "SIGKILL"),
    "killed by what it started": (
        "import subprocess\nsubprocess.run('kill -9 $PPID; sleep 100', shell=True)",
        "signal",
        "SIGKILL",
    ),
    "closed descriptors": ("import os\nos.closerange(0, 4096)", "lost", "closed the runner's socket"),
    "closed descriptors, then hang": ("import os\nos.closerange(0, 4096)\nwhile True: pass", "lost", "closed"),
    "foreign answers": (
        "import os\nfor fd in range(3, 2000):\n  try: os.write(fd, b'oops\\n')\n  except OSError: pass",
        "lost",
        "wrote to the runner's socket",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_only_its_own_result_tells(run_snippets: Any, fault: str) -> None:
    code, ended, detail = FAULTS[fault]
    timeout = 2 if ended == "timeout" else 30
    first, bad, last = run_snippets(BEFORE, code, AFTER, timeout=timeout, memory=512).results
    assert (first.ended, first.stdout) == ("finished", "before\n")
    assert bad.ended == ended
    assert detail in bad.detail
    assert (last.ended, last.stdout) == ("finished", "after 1 False\n")


def test_output_before_the_end_is_kept(run_snippets: Any) -> None:
    code = "import os\nprint('told')\nos._exit(1)"
    assert run_snippets(code).results[0].stdout == "told\n"


HARMLESS = {
    "closed stdout descriptor": "import os\nos.close(1)\nos.close(2)\nos.close(0)",
    "closed sys.stdout": "import sys\nsys.stdout.close()",
    "exit": "raise SystemExit(3)",
    "interrupt": "raise KeyboardInterrupt",
    "fork that runs on": "import os\nos.fork()",
    "fork that hangs": "import os\nif not os.fork():\n  while True: pass",
    "fork that leaves": "import os, time\nif not os.fork():\n  os.fork(), os.setsid()\n  time.sleep(1000)",
    "fork that ends its parent's streams": "import os\nif not os.fork(): os.closerange(0, 1000)",
    "thread that never ends": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
    "not Python": "x = = 1",
    "no text for its exception": "class E(Exception):\n  def __str__(self): raise ValueError\nraise E",
    "values that cannot be looked at": (
        "class V:\n  def __repr__(self): raise OSError\n  def __getattr__(self, name): raise SystemExit\nv = V()"
    ),
    "a value without a class": "class V:\n  __class__ = property(lambda self: 1 / 0)\nv = V()",
    "a value that holds itself": "v = []\nv.append(v)",
    "a deep value": "v = []\nfor _ in range(10**5): v = [v]",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_the_process_goes_on(run_snippets: Any, case: str) -> None:
    results = run_snippets(BEFORE, HARMLESS[case], AFTER).results
    assert [result.ended for result in results] == ["finished"] * 3
    assert results[2].stdout == "after 1 False\n"


def test_a_flood_is_cut(run_snippets: Any) -> None:
    flood = "for _ in range(100): print('x' * 10**6)"
    started = time.monotonic()
    result, last = run_snippets(flood, "print('after')", output=1000).results
    assert time.monotonic() - started < 20
    assert result.ended == "finished"
    assert result.stdout == "x" * 1000 + f"\n[{100 * 10**6 + 100 - 1000} more bytes than the limit of 1000]"
    assert last.stdout == "after\n"


def test_an_endless_flood_tells_no_length(run_snippets: Any) -> None:
    result, last = run_snippets("while True: print('x' * 1000)", "print('after')", output=100, timeout=1).results
    assert (result.ended, last.stdout) == ("timeout", "after\n")
    assert result.stdout == "x" * 100 + "\n[many more bytes than the limit of 100]"


def test_output_is_captured_below_python(run_snippets: Any) -> None:
    code = "import os, subprocess\nos.write(1, b'raw \\xff\\n')\nsubprocess.run(['echo', 'child'])\nos.write(2, b'err')"
    result = run_snippets(code).results[0]
    assert result.stdout == "raw \\xff\nchild\n"
    assert result.stderr == "err"


def test_every_dying_snippet_is_left_out(run_snippets: Any) -> None:
    die = "import os\nos._exit(1)"
    results = run_snippets("x = 1", die, "x += 1", die, "print(x)").results
    assert [result.ended for result in results] == ["finished", "exit", "finished", "exit", "finished"]
    assert results[4].stdout == "2\n"


def test_a_snippet_that_does_not_run_twice_costs_only_what_follows(run_snippets: Any, shared: Path) -> None:
    mark = str(shared / "mark")
    once = f"import os, pathlib\nmark = pathlib.Path({mark!r})\nif mark.exists(): os._exit(9)\nmark.touch()"
    results = run_snippets(once, "os._exit(1)", "print('after')").results
    assert [result.ended for result in results] == ["finished", "exit", "not run"]
    assert "snippet 0" in results[2].detail


def test_what_it_started_ends_with_it(run_snippets: Any) -> None:
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '1000']).pid)"
    assert _ends(int(run_snippets(code).results[0].stdout))


def test_it_ends_with_its_runner(shared: Path) -> None:
    mark = shared / "pid"
    script = f"""
        from conformance.documents.model import Document, Snippet
        from conformance.runners.protocol import Limits
        from conformance.runners.session import run_document
        code = "import os, pathlib; pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\\nwhile True: pass"
        run_document(Document("d", "f", (Snippet("s", code, (1, 2)),)), "math", 0, Limits())
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    runner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], env=environment)
    while not mark.exists() or not mark.read_text():
        time.sleep(0.05)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert _ends(int(mark.read_text()))


def test_a_document_has_a_folder_of_its_own(run_snippets: Any) -> None:
    code = "import os, sys\nprint(os.listdir(), os.getcwd() == os.environ['TMPDIR'])\nprint(sys.stdin.read() == '')"
    assert run_snippets(code).results[0].stdout == "[] True\nTrue\n"


def _ends(process: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
            if " Z " in Path(f"/proc/{process}/stat").read_text():  # an orphan nobody has collected yet
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False
