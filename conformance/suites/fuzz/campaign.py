"""Many random programs: each difference is shrunk, told, and written down as a document.

Hypothesis draws the programs and shrinks what differs by drawing simpler ones; then statements and words that can go
without the difference going are taken away from the text.
"""

from __future__ import annotations

import faulthandler
import hashlib
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky

from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.execution import difference
from conformance.suites.fuzz.programs import Program, programs

REGRESSIONS = Path(__file__).parents[2] / "regressions"

_ROUND = 500  # programs of one seed; a difference ends the round
_SHORTENED = 3  # programs that end alike, before more of them are passed over
_SHRINKING = 4.0  # seconds given to shrinking one difference
_CLASS = re.compile(r"\(?'?(?:nothing$|\w*(?:Error|Warning)\b)")
_PARTICULAR = re.compile(r"<[^<>]*>|'[^']*'|\b[a-z]{1,2}\b|[\d.]+(e[+-]?\d+)?|\[[^\[\]]*\]")
_OPERATION = re.compile(r"\w+(?=\()| [-+*/@]=? |(?<=\.)grad\b")
_ALIAS = re.compile(r"(\w+) = ([a-z]{1,2})")
_SIMPLER = (
    (re.compile(r", dtype=torch\.\w+"), ""),
    (re.compile(r"dtype=torch\.\w+, "), ""),
    (re.compile(r", (retain_graph|create_graph|allow_unused|materialize_grads)=True"), ""),
    (re.compile(r"(retain_graph|create_graph)=True(, )?"), ""),
    (re.compile(r"torch\.tensor\(\[.*?\](?=[,)])"), "torch.tensor([1., 2.]"),
    (re.compile(r"\.\w+\([^()]*\)"), ""),
    (re.compile(r"\.detach\(\)|\.data\b"), ""),
    (re.compile(r"(?<== )torch\.\w+\(\[?(\w+)\b.*\)$"), r"\1"),
    (re.compile(r"(?<== )-?(\w+)( [-+*/@]+ \w+)?$"), r"\1"),
    (re.compile(r"^with .*:\n    "), ""),
    (re.compile(r"\n    .*"), ""),
)


class _Found(AssertionError):
    """A program differs: what Hypothesis takes for the failure of a test."""


class _Enough(SkipTest):
    """There is no time left: Hypothesis lets this pass and stops."""

    def __init__(self) -> None:
        super().__init__("no time left")


@dataclass(frozen=True)
class Failure:
    """A program that differs, made as small as could be."""

    program: Program
    difference: Difference

    @property
    def name(self) -> str:
        """Made of what the failure is, so that it is the same wherever it is found."""
        called = re.findall(r"([a-z]\w+)\(", "\n".join(self.program.statements))
        words = [word.strip("_") for word in dict.fromkeys(called) if word not in ("tensor", "ones", "zeros")]
        digest = hashlib.sha256(f"{self.program}{self.program.watched}".encode()).hexdigest()[:6]
        return "-".join([*words[-3:], self.difference.sort.strip("_"), digest])

    def told(self) -> str:
        """A snippet that runs, and what either side has to show for it."""
        lines = ["import torch", "torch.manual_seed(0)", *self.program.statements]
        difference = self.difference
        when = f"after statement {difference.statement + 1}" if self.program.watched else "at the end"
        return "\n".join(
            [*lines, "", f"{difference.where}, {when}:", *_beside(difference.subject, difference.reference), ""]
        )

    def document(self) -> str:
        """A document in Markdown, for ``conformance run``. What documents do not show of a name is printed."""
        blocks = list(self.program.statements)
        name, aspect = self.difference.where.split()[0], self.difference.sort
        if aspect in ("_version", "retains_grad", "output_nr"):
            blocks.append(f"print({name}.{aspect})")
        code = "\n\n".join(f"```python\n{block}\n```" for block in ["import torch", *blocks])
        title = f"# {self.difference.where}: `{self.program.statements[-1].splitlines()[0]}`"
        return f"{title}\n\n<!-- conformance: seed 0 -->\n\n{code}\n"


@dataclass
class Outcome:
    """What a campaign came to."""

    programs: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def told(self) -> str:
        pace = self.programs / self.seconds if self.seconds else 0.0
        return f"{self.programs:,} programs in {self.seconds:.1f} s, {pace:.0f} a second: {len(self.failures)} differ"


@dataclass
class Campaign:
    """Tells each failure, and saves it if there is a folder for it.

    ``ignored``: sorts of differences ("_version", "stride", "raised") that are passed over.
    """

    subject: ModuleType
    reference: ModuleType
    tell: Callable[[str], None] = lambda text: None
    progress: Callable[[str, int, int], None] = lambda what, done, total: None
    ignored: Collection[str] = ()
    folder: Path | None = None
    _known: set[str] = field(default_factory=set)
    _met: Counter[str] = field(default_factory=Counter)

    def run(self, examples: int, start: int = 0, limit: float = float("inf"), failures: int = 10) -> Outcome:
        """Draw that many programs, or as many as there is time for, until so many differ in ways of their own."""
        if sys.__stderr__ is not None:
            faulthandler.enable(sys.__stderr__)  # should PyTorch crash, it is told where
        outcome, began, turn = Outcome(), time.monotonic(), 0
        while outcome.programs < examples and len(outcome.failures) < failures:
            if time.monotonic() - began > limit:
                break
            number = min(_ROUND, examples - outcome.programs)
            round_ = _Round(self, number, start * 1_000_003 + turn, began + limit)
            failure = round_.run()
            outcome.programs += round_.drawn
            turn += 1
            if failure is not None:
                outcome.failures.append(failure)
                self.tell(failure.told())
                if self.folder is not None:
                    self.tell(f"saved {save(failure, self.folder)}\n")
            self.progress("programs", outcome.programs, examples)
        outcome.seconds = time.monotonic() - began
        return outcome

    def difference(self, program: Program) -> Difference | None:
        return difference(program, self.subject, self.reference, self.ignored)

    def is_promising(self, found: Difference, program: Program) -> bool:
        """Whether few programs have ended like this one, so that it is worth the time to shorten it."""
        mark = _mark(Failure(_up_to(Failure(program, found)), found))
        self._met[mark] += 1
        return self._met[mark] <= _SHORTENED

    def is_new(self, failure: Failure) -> bool:
        """Whether nothing like it was seen before; from then on it was."""
        mark = _mark(failure)
        if mark in self._known:
            return False
        self._known.add(mark)
        return True


class _Round:
    """One run of Hypothesis: draws until a program differs in a new way, then shrinks that difference."""

    def __init__(self, campaign: Campaign, examples: int, number: int, end: float) -> None:
        self._campaign, self._examples, self._seed, self._end = campaign, examples, number, end
        self.drawn = 0
        self._best: Failure | None = None
        self._sort = self._first_mark = ""
        self._differing: set[Program] = set()

    def run(self) -> Failure | None:
        test = given(programs(self._campaign.subject))(self._try)
        test = settings(
            max_examples=self._examples,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
        )(seed(self._seed)(test))
        with suppress(_Found, _Enough, Flaky):
            test()
        if self._best is None:
            return None
        smallest = simplified(self._best, self._campaign.difference)
        # Shrinking may have come down to something that is known.
        return smallest if self._campaign.is_new(smallest) or _mark(smallest) == self._first_mark else None

    def _try(self, program: Program) -> None:
        if self._differs(program):
            raise _Found  # in one place: Hypothesis tells failures apart by their lines

    def _differs(self, program: Program) -> bool:
        """In a new way, or once such a one is found, in the same way as that."""
        if program in self._differing:
            return True
        if time.monotonic() > self._end:
            raise _Enough
        self.drawn += self._best is None
        found = self._campaign.difference(program)
        if found is None or (self._best is not None and _sort(found) != self._sort):
            return False
        if self._best is None:
            if not self._campaign.is_promising(found, program):
                return False
            failure = shortened(Failure(program, found), self._campaign.difference)
            if not self._campaign.is_new(failure):
                return False
            self._best, self._sort, self._first_mark = failure, _sort(found), _mark(failure)
            self._end = time.monotonic() + _SHRINKING
        elif len(program.statements) <= 2 * len(self._best.program.statements):
            failure = shortened(Failure(program, found), self._campaign.difference)
            self._best = min(self._best, failure, key=_size)
        self._differing.add(program)
        return True


# --- smaller text -----------------------------------------------------------------------------------------------------

_Judge = Callable[[Program], "Difference | None"]


def shortened(failure: Failure, judge: _Judge) -> Failure:
    """Without the statements that the difference does not need."""
    size = max(1, len(failure.program.statements) // 2)
    failure = replace(failure, program=_up_to(failure))
    while size:
        place = len(failure.program.statements) - size
        while place >= 0:
            statements = failure.program.statements
            rest = statements[:place] + statements[place + size :]
            failure = _accepted(failure, rest, judge) or failure
            place = min(place, len(failure.program.statements)) - size
        size //= 2
    return failure


def simplified(failure: Failure, judge: _Judge) -> Failure:
    """With simpler statements, as far as the difference stays of its sort."""
    changed = True
    while changed:
        changed = False
        for statements in _simplifications(failure.program.statements):
            if simpler := _accepted(failure, statements, judge):
                failure, changed = shortened(simpler, judge), True
                break
    return failure


def _simplifications(statements: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for place, text in enumerate(statements):
        if alias := _ALIAS.fullmatch(text):
            name = re.compile(rf"\b{alias[1]}\b")
            yield (*statements[:place], *(name.sub(alias[2], later) for later in statements[place + 1 :]))
        for pattern, simpler in _SIMPLER:
            for match in pattern.finditer(text):
                changed = text[: match.start()] + match.expand(simpler) + text[match.end() :]
                if changed != text and _compiles(changed):
                    yield (*statements[:place], changed, *statements[place + 1 :])


def _accepted(failure: Failure, statements: tuple[str, ...], judge: _Judge) -> Failure | None:
    """The failure with these statements, if they lead to a difference of the same sort."""
    program = Program(statements, failure.program.watched)
    found = judge(program) if statements else None
    return Failure(program, found) if found and _sort(found) == _sort(failure.difference) else None


def _up_to(failure: Failure) -> Program:
    """The program up to the difference."""
    end = failure.difference.statement + 1
    return Program(failure.program.statements[:end], failure.program.watched)


def _compiles(text: str) -> bool:
    try:
        compile(text, "", "exec")
    except SyntaxError:
        return False
    return True


def _size(failure: Failure) -> tuple[int, int, int]:
    statements = failure.program.statements
    return len(statements), sum(map(len, statements)), sum(map(ord, str(failure.program)))


# --- what a failure is like -------------------------------------------------------------------------------------------


def _sort(found: Difference) -> str:
    """What makes two differences the same while one of them is shrunk."""
    return " | ".join([found.sort, *(_beginning(text) for text in (found.subject, found.reference))])


def _beginning(text: str) -> str:
    """The class of an exception or warning and its first words, without what is particular; nothing for other texts."""
    class_ = _CLASS.match(text)
    return " ".join([class_[0], *_PARTICULAR.sub("_", text[class_.end() :]).split()[:5]]) if class_ else ""


def _mark(failure: Failure) -> str:
    """What makes two failures the same: for exceptions their texts, else the operation after which it shows."""
    found = failure.difference
    if found.where == "raised":
        return _sort(found)
    operations = _OPERATION.findall(failure.program.statements[-1]) or [failure.program.statements[-1]]
    return f"{_sort(found)} after {operations[-1] if operations[-1] != 'sum' else operations[0]}"


def _beside(ours: str, theirs: str, width: int = 58) -> Iterator[str]:
    """Two texts side by side, "subject" and "reference"."""
    columns = [[title, *_wrapped(text, width)] for title, text in (("subject", ours), ("reference", theirs))]
    height = max(map(len, columns))
    left, right = [column + [""] * (height - len(column)) for column in columns]
    return (f"  {our:<{width}} | {their}".rstrip() for our, their in zip(left, right, strict=True))


def _wrapped(text: str, width: int) -> list[str]:
    lines = text.splitlines() or [""]
    return [line[place : place + width] for line in lines for place in range(0, max(1, len(line)), width)]


def save(failure: Failure, folder: Path = REGRESSIONS) -> Path:
    """Write the failure down as a document; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{failure.name}.md"
    file.write_text(failure.document(), encoding="utf-8")
    return file
