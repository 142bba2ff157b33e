"""Work in small units, on the processes of this machine or on a cluster of Dask.

A unit is plain data that can be pickled, and the work on it a function at the top level of a module. What comes of a
unit depends on nothing but the unit, so one whose worker was killed is given to another as if nothing had been.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar, cast

from conformance.runners.worker import Killed, Worker

Unit = TypeVar("Unit")
Answer = TypeVar("Answer")

_ATTEMPTS = 2  # a worker may have been killed by chance; a unit that ends two of them is the reason
_AHEAD = 2  # units given out for each worker, so that none waits for work


class NoScheduler(Exception):
    """No Dask cluster can be used; the text says why."""


@dataclass(frozen=True)
class Lost:
    """There is no answer to a unit: each worker that tried was killed, or did not end in time."""

    reason: str


class LocalProcesses:
    """So many processes of this machine; as many as it has processors if nothing is said."""

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs or os.cpu_count() or 1

    def run(
        self, work: Callable[[Unit], Answer], units: Iterable[Unit], timeout: float = 600.0
    ) -> Iterator[tuple[Unit, Answer | Lost]]:
        """Each unit with its answer, in the order in which they are finished; units are taken as there are workers.

        ``timeout`` is in seconds, for one unit. An exception of the work's is raised here.
        """
        workers: list[Worker] = []
        with ThreadPoolExecutor(self.jobs, initializer=lambda: workers.append(_own_worker())) as threads:
            try:
                yield from _as_finished(lambda unit: threads.submit(_answer, work, unit, timeout), units, self.jobs)
            finally:
                for worker in workers:
                    worker.retire()


class Cluster:
    """An existing Dask cluster, by the address of its scheduler; its workers have the same things installed."""

    def __init__(self, address: str, patience: float = 20.0) -> None:
        """Raises NoScheduler if nobody answers there within so many seconds, or the extra ``dask`` is not installed."""
        try:
            from distributed import Client
        except ImportError:
            raise NoScheduler('Dask is not installed: pip install "shimtorch[dask]"') from None
        try:
            self._client: Any = cast(Any, Client)(address, timeout=patience, set_as_default=False)
        except (OSError, ValueError) as error:
            raise NoScheduler(f"{address}: {error}") from None

    @property
    def jobs(self) -> int:
        return max(1, sum(map(int, self._client.nthreads().values())))

    def run(
        self, work: Callable[[Unit], Answer], units: Iterable[Unit], timeout: float = 600.0
    ) -> Iterator[tuple[Unit, Answer | Lost]]:
        """As LocalProcesses.run. A worker that is lost costs only time: Dask gives its units to others."""
        from distributed import wait as wait_for

        def wait_here(futures: Any, return_when: str) -> Any:
            with self._client.as_current():
                return cast(Any, wait_for)(futures, return_when=return_when)

        yield from _as_finished(
            lambda unit: self._client.submit(_answer, work, unit, timeout, pure=False), units, self.jobs, wait_here
        )


Executor = LocalProcesses | Cluster


def executor(jobs: int | None = None, scheduler: str | None = None) -> Executor:
    return LocalProcesses(jobs) if scheduler is None else Cluster(scheduler)


def _as_finished(
    submit: Callable[[Unit], Any], units: Iterable[Unit], workers: int, wait_for: Callable[..., Any] = wait
) -> Iterator[tuple[Unit, Any]]:
    left = iter(units)
    under_way = {submit(unit): unit for unit in islice(left, _AHEAD * workers)}
    try:
        while under_way:
            for future in wait_for(list(under_way), return_when=FIRST_COMPLETED).done:
                unit = under_way.pop(future)
                yield unit, _result(future)
                under_way |= {submit(later): later for later in islice(left, 1)}
    finally:
        for future in under_way:
            future.cancel()


def _result(future: Any) -> Any:
    try:
        return future.result()
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # of Dask's, which need not be installed
            return Lost("each worker that tried was lost")
        raise


_of_thread = threading.local()


def _own_worker() -> Worker:
    """Each thread has a process of its own, on this machine or wherever a Dask worker is."""
    worker: Worker = _of_thread.__dict__.setdefault("worker", Worker())
    return worker


def _answer(work: Callable[[Unit], Answer], unit: Unit, timeout: float) -> Answer | Lost:
    reason = ""
    for _ in range(_ATTEMPTS):
        try:
            return _own_worker().answer(work, unit, timeout)
        except Killed as ending:
            reason = str(ending)
    return Lost(reason)
