"""What the readers share: the contract that makes a module a reader, and the reading they build up.

A reader is a module of this folder with a ``READER``. It is found by looking there: adding a format
is adding a file.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby

from .directives import Directive, directives_in_code, directives_in_text, give, give_block
from .mending import foreign_cell, is_loud_magic, mend
from .model import Damaged, Echo, Expectation, Note, NoteKind, Snippet
from .outputs import Printed, output_lines
from .rewriting import Edits
from .source import KNOWN, Line, bound_names, calls_print, join, looks_like_code, may_print, parse, trimmed

__all__ = ["Damaged", "Reader", "Reading", "readers"]


@dataclass(frozen=True)
class Reader:
    """A format: the suffixes of its files, how well a text fits it (0 to 1), and the reading of a text.

    Of several readers for a suffix the one that fits best is taken. A file that fits a reader which is not ``sought``
    is read where it is named itself, and not for being in a folder. ``edits``, if the format has them, say how a text
    is to be changed so that it shows other outputs.
    """

    format: str
    suffixes: frozenset[str]
    read: Callable[[str], Reading]
    fits: Callable[[str], float] = lambda text: 1.0
    sought: bool = True
    edits: Edits | None = None


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader in this folder."""
    package = __name__.rpartition(".")[0]
    folder = importlib.import_module(package).__path__
    modules = (importlib.import_module(f"{package}.{module.name}") for module in pkgutil.iter_modules(folder))
    return tuple(reader for module in modules if isinstance(reader := vars(module).get("READER"), Reader))


@dataclass
class Reading:
    """A document as it is read: what was found so far, and what its code has taught about the rest."""

    snippets: list[Snippet] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    printed: Printed = field(default_factory=Printed)
    names: set[str] = field(default_factory=lambda: set(KNOWN))
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))  # of the last snippet
    pending: list[Directive] = field(default_factory=list)  # those that stand before the code they are about
    _magic_prints: bool = False  # in the last snippet

    def code(self, lines: Sequence[Line], label: str = "", echo: Echo = "none") -> Snippet | None:
        """Add a snippet for lines of code; None if they are empty or, with a Note, cannot be run."""
        lines = trimmed(lines)
        if not lines:
            return None
        if magic := foreign_cell(lines):
            self._not_run(directives_in_code(lines))
            self.note(lines[0].number, "skipped", f"a cell of {magic} is not Python")
            return None
        known = len(self.notes)
        code = trimmed(mend(lines, self.notes) or [])
        if not code:
            self._not_run(directives_in_code(lines))
            return None
        rebuilt = [note.message for note in self.notes[known:] if note.kind == "reconstructed"]
        snippet = self.add(code, label, echo, rebuilt[0] if rebuilt else None)
        self._magic_prints = any(is_loud_magic(line.text) for line in lines if line not in code)
        return snippet

    def add(self, lines: Sequence[Line], label: str, echo: Echo = "none", reconstructed: str | None = None) -> Snippet:
        """Add a snippet for lines that are Python."""
        code = join(lines)
        self.tree = parse(code) or ast.Module([], [])
        if echo == "last" and _ends_in_semicolon(self.tree, code):
            echo = "none"
        numbers = tuple(line.number for line in lines)
        snippet = Snippet(label or f"line {numbers[0]}", code, numbers, reconstructed=reconstructed, echo=echo)
        snippet = give(snippet, [*self.release(), *directives_in_code(lines)])
        self.printed.learn(self.tree)
        self.names |= bound_names(self.tree)
        self.snippets.append(snippet)
        self._magic_prints = False
        return snippet

    def awaits_output(self) -> bool:
        """Whether the last snippet can have an output that was not found yet."""
        return bool(self.snippets) and not self.snippets[-1].expected and may_print(self.tree)

    def output(self, lines: Sequence[Line]) -> None:
        """Give the last snippet the output that the document shows for it."""
        lines = trimmed(lines)
        if not lines:
            return
        kept = output_lines(lines, self.notes)
        if kept:
            self.expect(join(kept), lines[0].number, tuple(line.number for line in kept))

    def expect(self, text: str, line: int, lines: tuple[int, ...] = ()) -> None:
        """Give the last snippet its output as exact text."""
        if not self.snippets or self.snippets[-1].expected:
            self.note(line, "skipped", "an output that belongs to no snippet")
        elif self._magic_prints:
            self.note(line, "skipped", "an output not compared, because a magic of its cell may print, too")
        else:
            self.snippets[-1] = replace(self.snippets[-1], expected=Expectation(text.rstrip("\n"), line, lines))

    def echo_for_output(self) -> None:
        """Let the last snippet echo its last value if nothing else can have printed the output shown for it."""
        last = self.tree.body[-1] if self.tree.body else None
        if isinstance(last, ast.Expr) and not (isinstance(last.value, ast.Call) and calls_print(self.tree)):
            self.snippets[-1] = replace(self.snippets[-1], echo="last")

    def release(self) -> list[Directive]:
        """Take the directives that are pending: they are about what comes next."""
        pending, self.pending = self.pending, []
        return pending

    def settle(self, directives: Sequence[Directive], first: int) -> None:
        """Give directives to the block whose snippets are those from the index ``first`` on."""
        if len(self.snippets) > first:
            self.snippets[first:] = give_block(self.snippets[first:], directives)
        else:
            self._not_run(directives)

    def _not_run(self, directives: Sequence[Directive]) -> None:
        """Tell of directives about code that is not run anyway; Damaged if they ask for more than that."""
        for directive in directives:
            if directive.by_tag:
                continue  # many cells of a notebook are tagged alike
            if directive.skip is None:
                raise Damaged(f"a directive {directive.kind!r} about what is not run", directive.line)
            self.note(directive.line, "skipped", f"not run, as the document says: {directive.skip}")

    def close(self) -> None:
        """At the end of the document, Damaged for a directive that no code came after."""
        for directive in self.pending:
            raise Damaged(f"no code follows this directive {directive.kind!r}", directive.line)

    def note(self, line: int, kind: NoteKind, message: str) -> None:
        self.notes.append(Note(line, kind, message))

    def prose(self, lines: Sequence[Line]) -> None:
        """Pass over prose, with a Note for each run of lines that could have been code; its directives are pending."""
        self.pending += directives_in_text(lines)
        for alike, group in groupby(lines, key=lambda line: looks_like_code(line.text)):
            if alike:
                run = list(group)
                shown = run[0].text.strip() + (f" (and {len(run) - 1} more lines)" if len(run) > 1 else "")
                self.note(run[0].number, "skipped", f"judged prose, though it looks like code: {shown}")


def _ends_in_semicolon(tree: ast.Module, code: str) -> bool:
    """Whether a semicolon follows the last statement: it tells a notebook not to show its value."""
    if not tree.body:
        return False
    last = tree.body[-1]
    line = code.split("\n")[(last.end_lineno or 1) - 1].encode()
    return line[last.end_col_offset :].lstrip().startswith(b";")
