"""The examples of one docstring, run by both sides and judged.

What the subject does not offer is left out on both sides, and so is whatever depends on it; then both run the rest
anew, so that the rest can be compared, its random numbers included.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType

from conformance.compare.check import outcomes
from conformance.compare.documented import Verdict
from conformance.compare.known_gaps import Gap
from conformance.documents.model import Damaged, Document, Snippet
from conformance.reports.docstrings import Docstring, Example
from conformance.runners.forked import launch_fork
from conformance.runners.imports import GIVEN
from conformance.runners.probe import clip
from conformance.runners.process import Launch
from conformance.runners.protocol import SEEDS, Limits, Result, Run
from conformance.runners.session import run_document
from conformance.suites.docstrings import finding
from conformance.suites.docstrings.finding import lookup
from conformance.suites.docstrings.offered import Scope, bound, is_offered, loaded, refused
from conformance.suites.docstrings.outputs import judge_output
from conformance.suites.docstrings.reading import read_docstring
from conformance.suites.shown import Sides
from conformance.suites.snippets import judge_snippet

# How PyTorch says that an example needs what there is not, by what that is.
_ENVIRONMENT = {
    "an accelerator": re.compile(r"CUDA|NVIDIA|\bXPU\b|\bMPS\b|\bHIP\b|accelerator"),
    "the network": re.compile(r"urlopen|URLError|HTTP|getaddrinfo"),
    "a process group": re.compile(r"process group|environment variable (RANK|MASTER_ADDR|WORLD_SIZE)"),
    "a file": re.compile(r"^FileNotFoundError"),
    "a module": re.compile(r"^ModuleNotFoundError: No module named '(?!torch)|requires \w+ to be installed"),
}
_RUBBISH = re.compile(r"\b(new_)?empty(_\w+)?\(")  # calls that leave memory as it is
_MORE_SEEDS = range(2, 18)


@dataclass(frozen=True)
class _LeftOut:
    verdict: str  # "not offered" or "not run"
    reason: str


def judge(docstring: finding.Docstring, subject: str, limits: Limits, gaps: Sequence[Gap]) -> Docstring:
    """``gaps`` are those of this docstring. Both implementations are to be warm in this process."""
    try:
        document = read_docstring(docstring.name, docstring.text)
    except Damaged as damage:
        return Docstring(docstring.name, docstring.namespace, problem=str(damage))
    imports = tuple(_imports(document, docstring.namespace))
    program = _Program(replace(document, snippets=(*imports, *document.snippets)), subject, limits)
    return Docstring(docstring.name, docstring.namespace, tuple(program.judge(gaps)[len(imports) :]))


def _imports(document: Document, namespace: str) -> Iterator[Snippet]:
    """What the examples use as if they stood where their object is defined, which is where PyTorch runs them.

    A module of Python's own, or NumPy, that they use without an import is imported as any reader would.
    """
    codes = [snippet.code for snippet in document.snippets if not snippet.skip]
    known = {*dir(builtins), *GIVEN, *(name for code in codes for name in bound(code))}
    for name in sorted({name for code in codes for name in loaded(code)} - known):
        if name in sys.stdlib_module_names or name == "numpy":
            yield Snippet(f"import of {name}", f"import {name}", (1,))
            continue
        for home in (namespace, "torch"):
            if isinstance(lookup(home), ModuleType) and is_offered(f"{home}.{name}", "torch"):
                yield Snippet(f"import of {name}", f"from {home} import {name}", (1,))
                break


class _Program:
    def __init__(self, document: Document, subject: str, limits: Limits) -> None:
        self._document = document
        self._snippets = document.snippets
        self._subject = subject
        self._limits = limits
        self._left: dict[int, _LeftOut] = {}

    def judge(self, gaps: Sequence[Gap]) -> list[Example]:
        self._leave_out({i: _LeftOut("not run", it.skip) for i, it in enumerate(self._snippets) if it.skip})
        whole = self._whole()
        self._leave_out(self._not_here(whole[0]))
        self._leave_out(self._not_named())
        ours, theirs = self._compared(whole[0])
        examples = self._examples(ours, theirs, whole, gaps)
        if any(example.verdict == "different" or _RUBBISH.search(example.code) for example in examples):
            again = self._run("torch", launch=partial(launch_fork, fill=True))
            themselves = self._examples(again, theirs, whole, ())
            examples = [_settled(*pair) for pair in zip(examples, themselves, strict=True)]
        return examples

    def _whole(self) -> list[Run]:
        """PyTorch's runs with nothing left out: as many as it takes to judge what the docstring shows."""
        shown = [(i, it.expected) for i, it in enumerate(self._snippets) if it.expected and not it.skip]
        runs = [self._run("torch", seed) for seed in (SEEDS if shown else SEEDS[:1])]
        outputs = (judge_output(expected, [run.results[index] for run in runs]) for index, expected in shown)
        draws = len({tuple(result.stdout for result in run.results) for run in runs}) > 1
        if draws and any(output.verdict == Verdict.ERRATUM for output in outputs):  # a truth value is often the same
            runs += [self._run("torch", seed) for seed in _MORE_SEEDS]
        return runs

    def _examples(self, ours: Run, theirs: Run, whole: Sequence[Run], gaps: Sequence[Gap]) -> list[Example]:
        """``whole`` is PyTorch with nothing left out: by it the docstring's own outputs are judged."""
        sides = map(Sides, outcomes(ours.results), outcomes(theirs.results))
        examples = []
        for index, (snippet, both) in enumerate(zip(self._snippets, sides, strict=True)):
            if left := self._left.get(index):
                examples.append(Example(snippet.line, snippet.code, left.verdict, left.reason))
                continue
            own = [gap for gap in gaps if gap.snippet == snippet.label]
            examples.append(_example(snippet, both, own, [run.results[index] for run in whole]))
        return examples

    def _compared(self, whole: Run) -> tuple[Run, Run]:
        """The runs of both sides in which the subject refuses nothing any more."""
        skipped = {index for index, snippet in enumerate(self._snippets) if snippet.skip}
        while True:
            ours = self._run(self._subject)
            theirs = self._run("torch") if self._left.keys() - skipped else whole
            refusals = self._refusals(ours, theirs)
            if not refusals:
                return ours, theirs
            self._leave_out(refusals)

    def _run(self, module: str, seed: int = SEEDS[0], launch: Launch = launch_fork) -> Run:
        snippets = [
            replace(snippet, skip=self._left[index].reason) if index in self._left else snippet
            for index, snippet in enumerate(self._snippets)
        ]
        if len(self._left) == len(snippets):
            return Run({}, (Result(ended="skipped"),) * len(snippets))
        document = replace(self._document, snippets=tuple(snippets))
        return _forking.submit(run_document, document, module, seed, self._limits, launch=launch).result()

    def _leave_out(self, more: Mapping[int, _LeftOut]) -> None:
        """These, and what reads a name that they should have bound."""
        self._left = {**more, **self._left}
        unbound: dict[str, _LeftOut] = {}
        for index, snippet in enumerate(self._snippets):
            if index not in self._left:
                needed = sorted(loaded(snippet.code) & unbound.keys())
                if needed:
                    self._left[index] = unbound[needed[0]]
            for name in bound(snippet.code) - GIVEN.keys():
                if index in self._left:
                    unbound[name] = self._left[index]
                else:
                    unbound.pop(name, None)

    def _not_here(self, whole: Run) -> dict[int, _LeftOut]:
        """What PyTorch could not do on this machine."""
        found = {}
        for index, result in enumerate(whole.results):
            if result.error is not None:
                text = f"{result.error.type}: {result.error.text}"
                needs = [what for what, pattern in _ENVIRONMENT.items() if pattern.search(text)]
                if needs:
                    found[index] = _LeftOut("not run", f"it needs {needs[0]}")
        return found

    def _not_named(self) -> dict[int, _LeftOut]:
        scope = Scope(self._subject)
        names = [scope.missing(snippet.code) for snippet in self._snippets]
        return {index: _LeftOut("not offered", name) for index, name in enumerate(names) if name}

    def _refusals(self, ours: Run, theirs: Run) -> dict[int, _LeftOut]:
        found = {}
        for index, (our, their) in enumerate(zip(ours.results, theirs.results, strict=True)):
            if index not in self._left and (name := refused(our, their, self._subject)):
                found[index] = _LeftOut("not offered", name)
        return found


# All forks are made from here, for the stack that a traceback shows is to be the same in all of them.
_forking = ThreadPoolExecutor(1)


def _settled(example: Example, itself: Example) -> Example:
    """``itself`` is the example with PyTorch on both sides: where that differs as well, nothing can be compared, and
    what is equal is so by chance."""
    unstable = {(finding.kind, finding.where) for finding in itself.findings}
    differing = {(it.kind, it.where) for it in example.findings if it.verdict == "different"}
    if itself.verdict != "different" or differing - unstable:
        return example
    return Example(example.line, example.code, "not run", "PyTorch itself answers otherwise each time")


def _example(snippet: Snippet, sides: Sides, gaps: Sequence[Gap], whole: Sequence[Result]) -> Example:
    judged = judge_snippet(replace(snippet, expected=None), {SEEDS[0]: sides}, gaps, True, None, [snippet.code])
    verdict = {"different": "different", "accepted": "explained"}.get(judged.verdict, "equal")
    findings = tuple(it for it in judged.findings if it.verdict in ("different", "accepted"))
    reason = next((it.detail for it in findings if it.verdict == "accepted"), "") if verdict == "explained" else ""
    error = whole[0].error
    raised = clip(f"{error.type}: {error.text}") if error else ""
    output = judge_output(snippet.expected, whole) if snippet.expected else None
    return Example(snippet.line, snippet.code, verdict, reason, raised, output, findings)
