"""The child process: ``python -m conformance.runners.child FD``, FD being its end of the runner's socket.

Imports only what a document needs to run, since every document pays for it several times.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import platform
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import ModuleType
from typing import Any

import numpy

from conformance.runners.confinement import confine
from conformance.runners.execute import WarningLog, describe_failure, run_snippet
from conformance.runners.imports import given_modules, redirect_imports
from conformance.runners.observe import Observer
from conformance.runners.probe import clip, probe

# The name of a document in tracebacks: what it does must not depend on what its file is called.
DOCUMENT = "<document>"


class Channel:
    """The child's end of the socket, kept where a document that closes descriptors is unlikely to reach."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = _out_of_reach(descriptor)
        os.close(descriptor)
        self._requests = os.fdopen(os.dup(self._descriptor), "rb")
        fcntl.fcntl(self._descriptor, fcntl.F_SETOWN, -os.getpgrp())

    def receive(self) -> Any:
        """The next request, None when the runner has no more."""
        line = self._requests.readline()
        return json.loads(line) if line else None

    def send(self, answer: dict[str, Any]) -> None:
        data = json.dumps(answer, default=repr).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            signal.pause()  # the document closed the socket: leave it to the runner to find out

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Within it, the death of the runner ends this whole process group: a document may hang for ever.

        The runner is silent while a snippet runs, so the one event that can raise SIGIO then is its end.
        """
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
        yield
        with suppress(OSError):  # closed by the document: send finds out
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags & ~os.O_ASYNC)


class StandardStreams:
    """Descriptors 0, 1 and 2, given back to the next snippet if one closed them."""

    def __init__(self) -> None:
        self._kept = [_out_of_reach(descriptor) for descriptor in range(3)]

    def restore(self) -> None:
        for descriptor, kept in enumerate(self._kept):
            try:
                os.fstat(descriptor)
            except OSError:
                os.dup2(kept, descriptor)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            if getattr(sys, name).closed:
                setattr(sys, name, os.fdopen(descriptor, "w", encoding="utf-8", closefd=False))


def main(descriptor: int) -> None:
    channel = Channel(descriptor)
    job = channel.receive()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lift_limit = _limit_memory(job["memory"] << 20)
    with channel.guarded():
        try:
            subject = importlib.import_module(job["subject"])
            namespace = _start_document(job, subject)
            observer = Observer(subject, namespace)
            ready: dict[str, Any] = {"ready": _facts(subject)}
            confine(os.environ["TMPDIR"])
        except BaseException as error:
            ready = {"unusable": clip(f"{type(error).__name__}: {error}")}
    channel.send(ready)
    warning_log, streams, process = WarningLog(), StandardStreams(), os.getpid()
    while (index := channel.receive()) is not None:
        with channel.guarded(), warning_log.listen() as seen:
            streams.restore()
            try:
                snippet = job["snippets"][index]
                if snippet["seed"] is not None:
                    seed(subject, snippet["seed"])
                answer = _answer(snippet, namespace, observer, seen)
            except MemoryError:
                lift_limit()
                answer = {"ended": "memory", "detail": f"needed more than {job['memory']} MiB"}
        if os.getpid() != process:
            os._exit(0)  # a fork that the document let run on
        channel.send(answer)


def _answer(
    snippet: dict[str, Any], namespace: dict[str, Any], observer: Observer, seen: list[tuple[str, str]]
) -> dict[str, Any]:
    """Run a snippet and observe it; raises MemoryError as the snippet does."""
    error = run_snippet(snippet, DOCUMENT, namespace)
    if isinstance(error, MemoryError):
        raise error
    answer: dict[str, Any] = {"warnings": list(seen)}
    if error is not None:
        answer["error"] = asdict(describe_failure(error, DOCUMENT))
    del error  # its traceback holds values that the document let go
    for stream in (sys.stdout, sys.stderr):
        probe(stream.flush)
    return answer | observer.changes()


def _start_document(job: dict[str, Any], subject: ModuleType) -> dict[str, Any]:
    """The namespace of a program that has not begun: seeded, with the given names, and ``__main__`` to itself."""
    main_module = ModuleType("__main__")
    sys.modules["__main__"] = main_module
    sys.argv = [DOCUMENT]
    namespace = main_module.__dict__
    namespace.update(given_modules(job["subject"]))
    redirect_imports(namespace, job["subject"], job["alias"])
    seed(subject, job["seed"])
    return namespace


def seed(subject: ModuleType, number: int) -> None:
    """Seed all random numbers that a document commonly draws."""
    probe(lambda: subject.manual_seed(number))
    numpy.random.seed(number)
    random.seed(number)


def _facts(subject: ModuleType) -> dict[str, str]:
    facts = {
        "module": lambda: subject.__name__,
        "version": lambda: subject.__version__,
        "capability": lambda: subject.backends.cpu.get_cpu_capability(),
        "python": platform.python_version,
        "numpy": lambda: numpy.__version__,
        "platform": lambda: f"{platform.system()}-{platform.machine()}",
    }
    answers = {name: probe(fact) for name, fact in facts.items()}
    return {name: answer if isinstance(answer, str) else "unknown" for name, answer in answers.items()}


def _limit_memory(size: int) -> Callable[[], None]:
    """Limit the address space; return what lifts the limit again, so that an exhausted child can still say so."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _out_of_reach(descriptor: int) -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = min(soft, 1024) if soft != resource.RLIM_INFINITY else 1024
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, highest - 16)


if __name__ == "__main__":
    main(int(sys.argv[1]))
    os._exit(0)  # whatever threads the document left behind
