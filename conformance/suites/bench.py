"""What a look-alike costs beside PyTorch: ``python -m conformance.suites.bench``.

Both are measured in one run and in turns, so that what else the machine does hits both. Ratios are judged, never times.
"""

from __future__ import annotations

import gc
import importlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from conformance.recordings.reference import TORCH, why_no_torch

STEP, IMPORT, MEMORY = 0.5, 0.15, 0.25  # the greatest ratios to PyTorch that are promised
STEP_ROUNDS, STEPS_IN_ROUND, IMPORT_ROUNDS = 100, 100, 7

T = TypeVar("T")
Step = Callable[[], object]
Pair = tuple[float, float]  # subject, PyTorch


@dataclass(frozen=True)
class Measure:
    """Medians of what both need; ``ratio`` is the median of the rounds' ratios, nine in ten lie in ``spread``."""

    name: str
    unit: str
    subject: float
    torch: float
    ratio: float
    spread: tuple[float, float]
    bound: float

    @property
    def kept(self) -> bool:
        return self.ratio <= self.bound


def main(
    subject: Annotated[str, typer.Option(metavar="MODULE", help="The module to measure.")] = "shimtorch",
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 if a bound is exceeded.")] = False,
) -> None:
    """Measure a look-alike beside PyTorch: each document's training step, import time, import memory."""
    if why := why_no_torch():
        typer.echo(why, err=True)
        raise typer.Exit(2)
    measures = [*measure_import(subject), *measure_steps(subject)]
    _show(measures, subject)
    if json_file is not None:
        figures = {"subject": subject, "torch": TORCH, "measures": [asdict(measure) for measure in measures]}
        json_file.write_text(json.dumps(figures, indent=1) + "\n")
    raise typer.Exit(check and not all(measure.kept for measure in measures))


# --- training steps: what a document does from its parameters to their gradients -----------------------------------


def book(torch: Any) -> Step:
    """A slope for each parameter by name, then all of them at once."""
    binary_cross_entropy, grad = torch.nn.functional.binary_cross_entropy, torch.autograd.grad
    y, x1 = torch.tensor([1.0]), torch.tensor([1.1])
    w1, b = torch.tensor([2.2], requires_grad=True), torch.tensor([0.0], requires_grad=True)

    def step() -> None:
        w1.grad = b.grad = None
        z = x1 * w1 + b
        a = torch.sigmoid(z)
        loss = binary_cross_entropy(a, y)
        grad(loss, w1, retain_graph=True)
        grad(loss, b, retain_graph=True)
        loss.backward()

    return step


def transcript_autograd_engine(torch: Any) -> Step:
    """One walk from a loss whose value is read."""
    binary_cross_entropy = torch.nn.functional.binary_cross_entropy
    y, x1 = torch.tensor([1.0]), torch.tensor([1.3])
    w1, b1 = torch.tensor([2.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)

    def step() -> None:
        w1.grad = b1.grad = None
        y_hat = torch.sigmoid(w1 * x1 + b1)
        loss = binary_cross_entropy(y_hat, y)
        loss.item()
        loss.backward()

    return step


def transcript_computational_graph(torch: Any) -> Step:
    """Two walks over a layer's graph, the second of which adds to the gradients."""
    forward, w, b = _layer(torch)

    def step() -> None:
        w.grad = b.grad = None
        loss = forward()
        loss.backward(retain_graph=True)
        loss.backward(retain_graph=True)
        w.grad.zero_()

    return step


def blog(torch: Any) -> Step:
    """One walk over a layer's graph."""
    forward, w, b = _layer(torch)

    def step() -> None:
        w.grad = b.grad = None
        forward().backward()

    return step


def _layer(torch: Any) -> tuple[Callable[[], Any], Any, Any]:
    with_logits = torch.nn.functional.binary_cross_entropy_with_logits
    x, y = torch.ones(5), torch.zeros(3)
    w, b = torch.randn(5, 3, requires_grad=True), torch.randn(3, requires_grad=True)
    return lambda: with_logits(torch.matmul(x, w) + b, y), w, b


DOCUMENTS = (book, transcript_computational_graph, transcript_autograd_engine, blog)


def measure_steps(subject: str) -> Iterator[Measure]:
    modules = importlib.import_module(subject), importlib.import_module("torch")
    modules[1].set_num_threads(1)  # kind to PyTorch: nothing here is large enough for two
    gc.collect()
    gc.freeze()  # else collections during a step would be charged for the modules
    for document in DOCUMENTS:
        steps = [document(module) for module in modules]
        rounds = _in_turns([partial(_microseconds, step) for step in steps], STEP_ROUNDS)
        yield _conclude(document.__name__.replace("_", " "), "µs", rounds, STEP)


def _microseconds(step: Step) -> float:
    start = time.perf_counter()
    for _ in range(STEPS_IN_ROUND):
        step()
    return (time.perf_counter() - start) / STEPS_IN_ROUND * 1e6


# --- import, each in a process of its own ---------------------------------------------------------------------------

_IMPORT = """
import resource, time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure_import(subject: str) -> Iterator[Measure]:
    """Time within the import, and the greatest size of the whole process."""
    seen = _in_turns([partial(_import, module) for module in (subject, "torch")], IMPORT_ROUNDS)
    for index, (name, unit, bound) in enumerate((("import time", "ms", IMPORT), ("import memory", "MB", MEMORY))):
        yield _conclude(name, unit, [(ours[index], theirs[index]) for ours, theirs in seen], bound)


def _import(module: str) -> Pair:
    """Milliseconds and megabytes."""
    # A process starts out with the peak of the one that started it: so this one, which is large, starts a shell.
    shell = ("/bin/sh", "-c", '"$@" && true', "sh")
    code = _IMPORT.format(module=module)
    told = subprocess.run([*shell, sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    seconds, peak = map(float, told.stdout.split())
    return seconds * 1e3, peak * (1 if sys.platform == "darwin" else 1024) / 1e6


# --- what both have in common ---------------------------------------------------------------------------------------


def _in_turns(sides: Sequence[Callable[[], T]], rounds: int) -> list[tuple[T, T]]:
    """What both sides measure, round by round, after one round to warm up; each round the other one begins."""
    subject, torch = sides
    seen = []
    for number in range(rounds + 1):
        if number % 2:
            theirs, ours = torch(), subject()
        else:
            ours, theirs = subject(), torch()
        seen.append((ours, theirs))
    return seen[1:]


def _conclude(name: str, unit: str, rounds: Sequence[Pair], bound: float) -> Measure:
    ours, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratios = [subject / torch for subject, torch in rounds]
    cuts = statistics.quantiles(ratios, n=20, method="inclusive")
    return Measure(name, unit, ours, theirs, statistics.median(ratios), (cuts[0], cuts[-1]), bound)


def _show(measures: Sequence[Measure], subject: str) -> None:
    typer.echo(f"{'':32}{subject:>10}{'PyTorch':>10}       ratio  (spread)         bound")
    for it in measures:
        spread = "({:.2f} to {:.2f})".format(*it.spread)
        row = f"{it.name:32}{it.subject:10.1f}{it.torch:10.1f} {it.unit}  {it.ratio:6.2f}  {spread}  {it.bound:6.2f}"
        typer.echo(row + ("" if it.kept else "  exceeded"))


if __name__ == "__main__":
    typer.run(main)
