"""Finding statements again in a line that lost its line ends: code, comments and prose one after the other.

A run of code begins where the line begins, or glued to prose: a comment anywhere, other code after
punctuation. It ends with the line, or glued to prose. A single statement that stands otherwise is
part of a sentence; several with only a space between them never are. A comment ends where the rest
of the run can be read as statements. After a block's colon the first statement is the block; for a
function it is everything up to its ``return``.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .source import KNOWN, acts, parse

_TOKEN = re.compile(
    r"""(?P<string>[rbfuRBFU]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
      | (?P<word>[A-Za-z_]\w*) | (?P<number>\d[\w.]*) | (?P<open>[(\[{]) | (?P<close>[)\]}])
      | (?P<stop>[\#;]) | (?P<colon>:(?!=)) | (?P<space>\s+) | (?P<operator>.)""",
    re.VERBOSE,
)
_START = re.compile(r"(?<![\w.\"'`/=&?])[A-Za-z_]|#|@")
_BLOCK = re.compile(r"(with|for|while|if|def|class|try|async)\b")
_DEFINITION = re.compile(r"def|class|async|@")
_CLAUSE = re.compile(r"(elif|else|except|finally)\b")
_HEADER = re.compile(rf"{_BLOCK.pattern}|{_CLAUSE.pattern}")
_OPERANDS = {"True", "False", "None"}
# What a header needs around it to be parsed alone.
_FRAMES = {
    "try": "{} pass\nfinally: pass",
    "elif": "if 1: pass\n{} pass",
    "else": "if 1: pass\n{} pass",
    "except": "try: pass\n{} pass",
    "finally": "try: pass\n{} pass",
}


@dataclass(frozen=True)
class Piece:
    """A comment, a simple statement, or the header of a block with what is in the block."""

    text: str
    block: tuple[Piece, ...] = ()

    @property
    def statements(self) -> int:
        """How many statements this is, those of its block included."""
        own = 0 if self.text.startswith(("#", "@")) or _CLAUSE.match(self.text) else 1
        return own + sum(piece.statements for piece in self.block)

    def code(self, indent: str = "") -> Iterator[str]:
        yield indent + self.text
        for piece in self.block:
            yield from piece.code(indent + "    ")


Pieces = tuple[Piece, ...]
Unit = tuple[Pieces, int]  # and the position after them


@dataclass(frozen=True)
class Run:
    """A stretch of a line that is code."""

    pieces: Pieces
    stop: int

    @property
    def statements(self) -> int:
        return sum(piece.statements for piece in self.pieces)

    @property
    def code(self) -> list[str]:
        return [line for piece in self.pieces for line in piece.code()]


class RunOnLine:
    """The runs of code in a line, broken ones that cannot be read to their end, and fragments of code in its prose.

    ``names`` are what code may call without an object before it: a word of prose before a
    parenthesis is not a call.
    """

    def __init__(self, text: str, names: set[str]) -> None:
        self.text = text
        self.runs: list[Run] = []
        self.broken: list[str] = []
        self.fragments: list[str] = []
        self._names = names
        self._known_runs: dict[int, Run | None] = {}
        self._known_units: dict[tuple[int, bool], list[Unit]] = {}
        # From right to left: what follows a statement is known before the statement.
        for match in reversed(list(_START.finditer(text))):
            self._run(match.start())
        self._scan()

    def _scan(self) -> None:
        position = first = self._after_space(0)
        while position < len(self.text):
            run = self._run(position)
            glued = position == first or self._is_glued(position)
            if run and run.statements >= (1 if glued and not self._is_loose(run.stop) else 2):
                self.runs.append(run)
                position = run.stop
                if run.pieces[-1].text.startswith("#"):  # it went on to the end of the line, perhaps over code
                    self.fragments += RunOnLine(run.pieces[-1].text[1:], self._names).fragments
                continue
            passed = self._pass_over(position, glued)
            following = _START.search(self.text, max(passed, position + 1))
            position = following.start() if following else len(self.text)

    def _is_glued(self, position: int) -> bool:
        before = self.text[position - 1]
        return not before.isspace() and (self.text[position] == "#" or before in ".:;!?…”")

    def _is_loose(self, stop: int) -> bool:
        """Whether prose follows a run's end after a space: then it could go on with the sentence before the run."""
        return stop < len(self.text) and self.text[stop].isspace() and not self.text[stop:].isspace()

    def _pass_over(self, start: int, glued: bool) -> int:
        """The position after code that is not taken, which is remembered; the same position if there is none."""
        end = self._fragment_end(start)
        if glued:
            count = 0
            while units := self._units(self._after_space(end if count else start)):
                end, count = units[0][1], count + 1
            if count > 1:
                self.broken.append(self.text[start:end])
                return end
        if end > start:
            self.fragments.append(self.text[start:end])
        return end

    def _fragment_end(self, start: int) -> int:
        """The position after a fragment of code that is part of a sentence."""
        end = position = start
        while found := next((stop for statement, stop in self._simple(position) if _is_telling(statement)), None):
            end = found
            position = self._after_space(end)
            if not self.text.startswith(";", position):
                break
            position = self._after_space(position + 1)
        return end

    def _run(self, start: int) -> Run | None:
        """The run that begins at a position: the longest reading that ends where a run may end."""
        if start not in self._known_runs:
            runs = self._commented(start) if self.text[start] == "#" else self._continued(start)
            self._known_runs[start] = next(runs, None)
        return self._known_runs[start]

    def _commented(self, start: int) -> Iterator[Run]:
        for match in _START.finditer(self.text, start + 1):
            if run := self._run(match.start()):
                yield Run((Piece(self.text[start : match.start()].rstrip()), *run.pieces), run.stop)

    def _continued(self, start: int) -> Iterator[Run]:
        for pieces, end in self._units(start):
            if rest := self._rest(end):
                yield Run(pieces + rest.pieces, rest.stop)

    def _rest(self, end: int) -> Run | None:
        """What follows a statement of a run: more of it, a last comment, or a place where it may end."""
        position = self._after_space(end)
        while self.text.startswith(";", position):
            position = self._after_space(position + 1)
        if position == len(self.text):
            return Run((), position)
        if run := self._run(position):
            return run
        if self.text[position] == "#":
            return Run((Piece(self.text[position:].rstrip()),), len(self.text))
        glued = position == end and self.text[position].isalpha()
        return Run((), end) if glued or (position > end and self.text[position].isupper()) else None

    def _units(self, start: int, inside: bool = False) -> list[Unit]:
        """The readings of what begins at a position, best first, ``inside`` a block or not."""
        if (start, inside) not in self._known_units:
            # Blocks in blocks have many readings, of which the first few matter.
            self._known_units[start, inside] = list(islice(self._unit(start, inside), 8))
        return self._known_units[start, inside]

    def _unit(self, start: int, inside: bool) -> Iterator[Unit]:
        if self.text.startswith("#", start):
            for match in _START.finditer(self.text, start + 1):
                comment = Piece(self.text[start : match.start()].rstrip())
                yield from (((comment, *pieces), end) for pieces, end in self._units(match.start(), inside))
        elif self.text.startswith("@", start):
            for stop in reversed(self._operand_ends(start + 1)):
                definition = self._after_space(stop)
                if _DEFINITION.match(self.text, definition):
                    decorator = Piece(self.text[start:stop])
                    yield from (((decorator, *pieces), end) for pieces, end in self._units(definition, inside))
        elif _BLOCK.match(self.text, start):
            yield from self._block(start, _BLOCK, ())
        else:
            for statement, end in self._simple(start, inside):
                if acts(statement, self._names) or (inside and _is_block(statement)):
                    yield (Piece(self.text[start:end]),), end

    def _block(self, start: int, keywords: re.Pattern[str], before: Pieces) -> Iterator[Unit]:
        """The readings of a block with its clauses; ``before`` are the block and clauses that came before this one."""
        for header, body in self._headers(start, keywords):
            for pieces, end in self._suite(body, header.startswith(("def", "async def"))):
                block = (*before, Piece(header, pieces))
                yield from self._block(self._after_space(end), _CLAUSE, block)
                if block[0].text != "try:" or before:
                    yield block, end

    def _suite(self, start: int, function: bool) -> Iterator[Unit]:
        """What belongs to a block: see the top of this file."""
        position = self._after_space(start)
        if function:
            pieces: Pieces = ()
            end = position
            while units := self._units(self._after_space(end), inside=True):
                pieces, end = pieces + units[0][0], units[0][1]
                if pieces[-1].text.startswith("return"):
                    yield pieces, end
                    return
        yield from self._units(position, inside=True)

    def _headers(self, start: int, keywords: re.Pattern[str]) -> Iterator[tuple[str, int]]:
        """The readings of a block's header, its colon included, and where each ends."""
        word = keywords.match(self.text, start)
        if word:
            frame = _FRAMES.get(word[1], "{} pass")
            for match, depth, _ in self._tokens(start):
                header = self.text[start : match.end()]
                if match.lastgroup == "colon" and depth == 0 and parse(frame.format(header)):
                    yield header, match.end()

    def _simple(self, start: int, inside: bool = False) -> Iterator[tuple[ast.stmt, int]]:
        """The simple statements that begin at a position, longest first."""
        for end in reversed(self._operand_ends(start)):
            code = self.text[start:end]
            # Only what assigns, calls or begins with a keyword can act: parsing is slow.
            if inside or "=" in code or code.endswith(")") or keyword.iskeyword(code.split(maxsplit=1)[0]):
                tree = parse(code)
                if tree and len(tree.body) == 1:
                    yield tree.body[0], end

    def _operand_ends(self, start: int) -> list[int]:
        return [match.end() for match, depth, operand in self._tokens(start) if operand and depth == 0]

    def _tokens(self, start: int) -> Iterator[tuple[re.Match[str], int, bool]]:
        """Tokens from a position, each with the depth of brackets after it and whether an operand ends there.

        They stop where no statement can go on: at ``#`` or ``;``, at a bracket too many, at a full
        stop, and between two operands with no operator between them.
        """
        depth, operand = 0, False
        for match in _TOKEN.finditer(self.text, start):
            kind, text = match.lastgroup, match[0]
            if kind == "space":
                continue
            named = kind == "word" and (text in _OPERANDS or not keyword.iskeyword(text))
            if kind == "stop" or (depth == 0 and operand and (named or kind in ("string", "number"))):
                return
            if text == "." and (self.text[match.end() : match.end() + 1].isspace() or match.end() == len(self.text)):
                return
            depth += (kind == "open") - (kind == "close")
            if depth < 0:
                return
            operand = named or kind in ("string", "number", "close")
            yield match, depth, operand

    def _after_space(self, position: int) -> int:
        while position < len(self.text) and self.text[position].isspace():
            position += 1
        return position


def is_header(text: str, clause: bool = False) -> bool:
    """Whether a line is the header of a block, or of a clause of one, and nothing else."""
    text = text.strip()
    word = (_CLAUSE if clause else _HEADER).match(text)
    if not word or not text.endswith(":"):
        return False
    return parse(_FRAMES.get(word[0], "{} pass").format(text)) is not None


def _is_block(statement: ast.stmt) -> bool:
    """Whether a statement that does not act by itself can be what a block holds."""
    match statement:
        case ast.Return() | ast.Pass() | ast.Break() | ast.Continue():
            return True
        case ast.Expr(value=value):
            return not isinstance(value, ast.Name | ast.Constant | ast.Tuple)
    return False


def _is_telling(statement: ast.stmt) -> bool:
    """Whether a statement inside a sentence is worth a note: other code is too much like words."""
    match statement:
        case ast.Assign(value=ast.Tuple()):  # more likely the comma of the sentence
            return False
        case ast.Assign() | ast.AugAssign() | ast.ImportFrom():
            return True
        case ast.Import(names=modules):
            return any(module.asname or "." in module.name or module.name in KNOWN for module in modules)
        case ast.Expr(value=ast.Call(func=ast.Attribute())):
            return True
    return False
