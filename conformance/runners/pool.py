"""Several documents at a time, as many as the machine has processors."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from conformance.documents.model import Document
from conformance.runners.protocol import SEEDS, Limits, Run
from conformance.runners.session import run_document

Progress = Callable[[str, int, int], None]  # what was finished last, how much is done, of how much


class Pool:
    """Leaving it by an exception ends what still runs."""

    def __init__(self, limits: Limits, progress: Progress) -> None:
        self._limits = limits
        self._progress = progress
        self._executor = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8))
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._done = self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._cancelled.set()
        self._executor.shutdown(cancel_futures=True)

    def start(self, document: Document, module: str) -> UnderWay:
        """Run a document with one implementation, once for each seed."""
        with self._lock:
            self._total += len(SEEDS)
        return UnderWay({seed: self._executor.submit(self._run, document, module, seed) for seed in SEEDS})

    def _run(self, document: Document, module: str, seed: int) -> Run:
        try:
            return run_document(document, module, seed, self._limits, self._cancelled)
        finally:
            with self._lock:
                self._done += 1
                self._progress(f"{document.name} with {module}", self._done, self._total)


class UnderWay:
    """The runs of a document with one implementation."""

    def __init__(self, futures: Mapping[int, Future[Run]]) -> None:
        self._futures = futures

    def wait(self) -> dict[int, Run]:
        """The runs by seed. Raises UnusableSubject."""
        return {seed: future.result() for seed, future in self._futures.items()}
