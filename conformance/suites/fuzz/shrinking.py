"""Smaller programs that still differ: statements and words that can go without the difference going are taken away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.failures import Failure, sort_of
from conformance.suites.fuzz.programs import Program

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

_Judge = Callable[[Program], "Difference | None"]


def shortened(failure: Failure, judge: _Judge) -> Failure:
    """Without the statements that the difference does not need."""
    size = max(1, len(failure.program.statements) // 2)
    failure = replace(failure, program=up_to(failure))
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
    return Failure(program, found) if found and sort_of(found) == sort_of(failure.difference) else None


def up_to(failure: Failure) -> Program:
    """The program up to the difference."""
    end = failure.difference.statement + 1
    return Program(failure.program.statements[:end], failure.program.watched)


def _compiles(text: str) -> bool:
    try:
        compile(text, "", "exec")
    except SyntaxError:
        return False
    return True


def size_of(failure: Failure) -> tuple[int, int, int]:
    statements = failure.program.statements
    return len(statements), sum(map(len, statements)), sum(map(ord, str(failure.program)))
