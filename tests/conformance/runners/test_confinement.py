"""A document writes into its own folder, and has to do with its own processes: no more, and trying loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.runners.confinement import _SIGNALS_SINCE, _restrict
from conformance.runners.kin import started_in

# What happens with what is outside: {file} with a text in it, {folder} with a file in it, {new}, which is not there.
OUTSIDE = {
    "write": "open({file!r}, 'w')",
    "append": "open({file!r}, 'ab')",
    "create": "open({new!r}, 'x')",
    "relative": "open(os.path.relpath({new!r}), 'w')",
    "below Python's files": "os.open({file!r}, os.O_RDWR)",
    "bytes": "open({file!r}.encode(), 'wb')",
    "path": "pathlib.Path({new!r}).write_text('x')",
    "copy": "shutil.copy({file!r}, {new!r})",
    "remove": "os.remove({file!r})",
    "move away": "os.rename({file!r}, 'here')",
    "move there": "os.replace('mine', {new!r})",
    "folder": "os.mkdir({new!r})",
    "remove folder": "os.rmdir({folder!r})",
    "remove tree": "shutil.rmtree({folder!r})",
    "truncate": "os.truncate({file!r}, 0)",
    "link": "os.link('mine', {new!r})",
    "symbolic link": "os.symlink('mine', {new!r})",
    "through a symbolic link": "os.symlink({file!r}, 'way'); open('way', 'w')",
}
INSIDE = {
    "files": "open('a', 'w').close(); os.rename('a', 'b'); os.remove('b')",
    "folders": "os.makedirs('a/b'); open('a/c', 'w').close(); shutil.rmtree('a')",
    "temporary": "import tempfile; tempfile.TemporaryFile().write(b'x')",
    "devices": "open(os.devnull, 'w').write('x')",
    "reading": "open({file!r}).read(); os.listdir({folder!r})",
    "another process": "import multiprocessing as m; assert m.get_context('fork').Pool(1).map(abs, [-1]) == [1]",
    "ending what it started": "p = subprocess.Popen(['sleep', '1000']); p.terminate(); p.wait()",
}
SIGNALS = {
    "parent": "os.kill(os.getppid(), 0)",
    "parent's group": "os.killpg(os.getpgid(os.getppid()), 0)",
    "a group whose leader is gone": "os.killpg({group}, 0)",
}

TRY = """
    import json, os, pathlib, shutil, subprocess, sys
    from conformance.runners import confinement
    if sys.argv[1] == "hook":
        confinement._restrict = lambda folder: 0
    confinement.confine(os.getcwd())
    open("mine", "w").close()
    told = {}
    for name, code in json.load(sys.stdin).items():
        try:
            exec(code)
        except BaseException as error:
            told[name] = [type(error).__name__, getattr(error, "errno", None), str(error)]
    print(json.dumps(told))
"""


def kernel_version() -> int:
    """Of Landlock, as a process finds that then has it."""
    code = f"from {_restrict.__module__} import _restrict; print(_restrict('.'))"
    return int(_python(["-c", code], Path.cwd()))


@pytest.fixture
def leaderless() -> Iterator[int]:
    """A group of one process, the leader of which has ended."""
    command = ["sh", "-c", "sleep 1000 >&- 2>&- & echo $$"]
    group = int(subprocess.run(command, stdout=subprocess.PIPE, process_group=0, check=True).stdout)
    yield group
    os.killpg(group, signal.SIGKILL)


@pytest.mark.parametrize("way", ["kernel", "hook"])
def test_what_is_refused_and_what_is_not(tmp_path: Path, leaderless: int, way: str) -> None:
    if way == "kernel" and kernel_version() < _SIGNALS_SINCE:
        pytest.skip("the kernel's Landlock cannot do all of it")
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text("text")
    (outside / "folder" / "file").write_text("text")
    places = {name: str(outside / name) for name in ("file", "folder", "new")} | {"group": str(leaderless)}
    codes = {name: code.format(**places) for name, code in (OUTSIDE | INSIDE | SIGNALS).items()}
    told = json.loads(_python(["-c", textwrap.dedent(TRY), way], inside, json.dumps(codes)))
    assert {name: error[0] for name, error in told.items()} == dict.fromkeys([*OUTSIDE, *SIGNALS], "PermissionError")
    assert told["write"][1:] == [13, f"[Errno 13] Permission denied: {places['file']!r}"]
    assert told["parent"][1:] == [1, "[Errno 1] Operation not permitted"]
    found = {str(file.relative_to(outside)): file.read_text() for file in outside.rglob("*") if file.is_file()}
    assert found == {"file": "text", "folder/file": "text"}


def test_the_document_is_told_and_goes_on(run_snippets: Any, tmp_path: Path) -> None:
    first, last = run_snippets(f"open({str(tmp_path / 'new')!r}, 'w')", "print(open('new', 'w').write('x'))").results
    assert (first.ended, first.error.type) == ("finished", "PermissionError")
    assert last.stdout == "1\n"
    assert not list(tmp_path.iterdir())


def test_other_programs_are_confined_too(run_snippets: Any, tmp_path: Path) -> None:
    if kernel_version() < 1:
        pytest.skip("the kernel has no Landlock")
    code = f"import subprocess\nprint(subprocess.run(['cp', '/dev/null', {str(tmp_path / 'new')!r}]).returncode)"
    assert run_snippets(code).results[0].stdout == "1\n"
    assert not list(tmp_path.iterdir())


RUNNER = """
    import sys
    from conformance.documents.model import Document, Snippet
    from conformance.runners.protocol import Limits
    from conformance.runners.session import run_document
    snippets = tuple(Snippet(code, code, (1,)) for code in ["print('before')", sys.argv[1], "print('after')"])
    print([(it.ended, it.stdout) for it in run_document(Document("d", "f", snippets), "math", 0, Limits()).results])
"""


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("import os; os.kill(os.getppid(), 9)", 0),
        ("import os; os.killpg(os.getpgid(os.getppid()), 9)", 0),
        ("import os; os.system(f'kill -9 {os.getppid()}')", _SIGNALS_SINCE),
        ("import ctypes, os; ctypes.CDLL(None).kill(os.getppid(), 9)", _SIGNALS_SINCE),
    ],
)
def test_the_runner_outlives_what_is_meant_to_kill_it(tmp_path: Path, code: str, needed: int) -> None:
    if kernel_version() < needed:
        pytest.skip("the kernel's Landlock cannot refuse signals")
    told = _python(["-c", textwrap.dedent(RUNNER), code], tmp_path)
    assert told == "[('finished', 'before\\n'), ('finished', ''), ('finished', 'after\\n')]\n"


def test_a_fork_too_many(run_snippets: Any) -> None:
    result, last = run_snippets("import os, time\nwhile os.fork(): pass\ntime.sleep(1000)", "print('after')").results
    assert (result.ended, result.error.type) == ("finished", "BlockingIOError")
    assert result.error.text == "[Errno 11] Resource temporarily unavailable"
    assert last.stdout == "after\n"


@pytest.mark.parametrize("escape", ["", "or os.setsid()"])
def test_a_fork_bomb(run_snippets: Any, escape: str) -> None:
    bomb = f"import os, time\nprint(os.getcwd())\nend = time.time() + 2\nwhile time.time() < end: os.fork() {escape}"
    before, burst, after = run_snippets("x = 1", bomb, "print('after', x)").results
    assert (before.ended, after.ended, after.stdout) == ("finished", "finished", "after 1\n")
    assert not list(started_in(burst.stdout.splitlines()[0]))


def test_nothing_outlives_the_document(run_snippets: Any) -> None:
    code = """
        import os, subprocess, time
        print(os.getcwd())
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            time.sleep(1000)
    """
    (folder,) = run_snippets(textwrap.dedent(code).strip()).results[0].stdout.splitlines()
    assert folder.startswith("/")
    assert not list(started_in(folder))


def _python(arguments: list[str], folder: Path, told: str = "") -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(folder)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        input=told,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
