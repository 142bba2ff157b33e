"""Directives: what an author tells the judge about a snippet, in comments that readers of the document do not mind.

    skip (REASON)          it is not run, and the report says why
    raises CLASS           it ends in this exception; ``Exception`` stands for any
    raises CLASS: TEXT     and the exception's text is this one, where ``...`` stands for any text
    seed NUMBER            all random number generators are seeded with it before the snippet, for both seeds of the run

Each stands in a comment of its own, after ``conformance:``. A comment in the code (``# conformance: seed 7``) is about
its snippet, in a ``>>>`` session about its statement. A comment in the text (``<!-- conformance: seed 7 -->``,
``.. conformance: seed 7``, ``% conformance: seed 7``) is about the next block of code: ``seed`` about the beginning,
``raises`` about the end, ``skip`` about all of it. ``# doctest: +SKIP`` and the tags of notebooks count, too.

After ``seed`` the generators go on from there, as they do after ``torch.manual_seed``. A directive that cannot be
understood, or is about no code, makes the document unreadable: it must not look as if it were obeyed.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .model import Damaged, Raises, Snippet
from .source import Line, join

_LARGEST_SEED = 2**32 - 1  # NumPy's

_IN_CODE = re.compile(r"#+\s*conformance:(?P<body>.*)")
_DOCTEST_SKIP = re.compile(r"#\s*doctest:.*\+SKIP\b")
_HTML = re.compile(r"<!--(?P<inside>.*?)-->", re.DOTALL)
_IN_HTML = re.compile(r"(?m)^\s*conformance:(?P<body>.*)$")
_IN_TEXT = re.compile(r"(?m)^[^\S\n]*(?:\.\.[^\S\n]*(?:\n[^\S\n]+)?|%+[^\S\n]*)conformance:(?P<body>.*)$")

_SKIP = re.compile(r"skip\s*\(\s*(?P<reason>\S.*?)\s*\)")
_RAISES = re.compile(r"raises\s+(?:[A-Za-z_]\w*\.)*(?P<type>[A-Za-z_]\w*)(?:\s*:\s*(?P<text>\S.*))?")
_SEED = re.compile(r"seed\s+(?P<seed>\d+)")
_FORMS = {
    "skip": "a reason in parentheses, as in 'skip (needs a GPU)'",
    "raises": "a class, as in 'raises RuntimeError' or 'raises RuntimeError: shape ... is invalid'",
    "seed": f"a number from 0 to {_LARGEST_SEED}, as in 'seed 7'",
}

_TAGS = {"skip-execution", "raises-exception"}


@dataclass(frozen=True)
class Directive:
    """One directive: one of ``skip``, ``raises`` and ``seed`` is set. ``by_tag`` says that a tag stands for it."""

    line: int
    skip: str | None = None
    raises: Raises | None = None
    seed: int | None = None
    by_tag: bool = False

    @property
    def kind(self) -> str:
        return "skip" if self.skip is not None else "raises" if self.raises else "seed"


def parse_directive(body: str, line: int) -> Directive:
    """What follows ``conformance:`` in a comment. Raises Damaged if that is no directive."""
    body = body.strip()
    if match := _SKIP.fullmatch(body):
        return Directive(line, skip=match["reason"])
    if match := _RAISES.fullmatch(body):
        return Directive(line, raises=Raises(match["type"], match["text"], line))
    if (match := _SEED.fullmatch(body)) and int(match["seed"]) <= _LARGEST_SEED:
        return Directive(line, seed=int(match["seed"]))
    kind = (re.match(r"\w*", body) or [""])[0]
    if kind in _FORMS:
        raise Damaged(f"the directive {body!r} needs {_FORMS[kind]}", line)
    raise Damaged(f"the directive {body!r} is not known: a directive is one of {', '.join(_FORMS)}", line)


def has_directives(lines: Iterable[Line]) -> bool:
    """Whether lines of code can hold a directive: quick, and sometimes wrongly true."""
    return any("conformance:" in line.text or "+SKIP" in line.text for line in lines)


def directives_in_code(lines: Sequence[Line]) -> list[Directive]:
    """Those in the comments of lines of Python."""
    if not has_directives(lines):
        return []
    found = []
    for row, comment in _comments(lines):
        if match := _IN_CODE.fullmatch(comment):
            found.append(parse_directive(match["body"], lines[row].number))
        elif _DOCTEST_SKIP.match(comment):
            found.append(Directive(lines[row].number, skip="marked '# doctest: +SKIP'"))
    return found


def directives_in_text(lines: Sequence[Line]) -> list[Directive]:
    """Those in the comments of a text, be it Markdown, MyST or reStructuredText."""
    text = join(lines)
    if "conformance:" not in text:
        return []
    bodies = [
        (comment.start("inside") + match.start("body"), match["body"])
        for comment in _HTML.finditer(text)
        for match in _IN_HTML.finditer(comment["inside"])
    ]
    bodies += [(match.start("body"), match["body"]) for match in _IN_TEXT.finditer(text)]
    return [parse_directive(body, lines[text.count("\n", 0, start)].number) for start, body in sorted(bodies)]


def directives_of_tags(tags: Iterable[str], line: int) -> list[Directive]:
    """What the tags of a notebook's cell mean here; most mean nothing."""
    known = sorted(_TAGS.intersection(tags), reverse=True)
    return [
        Directive(line, skip=f"tagged {tag!r}", by_tag=True)
        if tag == "skip-execution"
        else Directive(line, raises=Raises("Exception", None, line), by_tag=True)
        for tag in known
    ]


def give(snippet: Snippet, directives: Iterable[Directive]) -> Snippet:
    """The snippet with these directives. Raises Damaged if it has a different one of the same kind."""
    for directive in directives:
        held = {"raises": snippet.raises, "seed": snippet.seed}.get(directive.kind)
        if held is not None:
            raise Damaged(f"a second directive {directive.kind!r} for one snippet", directive.line)
        snippet = replace(
            snippet,
            skip=snippet.skip or directive.skip,
            raises=snippet.raises or directive.raises,
            seed=snippet.seed if directive.seed is None else directive.seed,
        )
    return snippet


def give_block(snippets: Sequence[Snippet], directives: Iterable[Directive]) -> list[Snippet]:
    """The snippets of a block, with the directives that stand before it."""
    given = list(snippets)
    for directive in directives:
        places = {"skip": range(len(given)), "raises": [len(given) - 1], "seed": [0]}[directive.kind]
        for place in places:
            given[place] = give(given[place], [directive])
    return given


def _comments(lines: Sequence[Line]) -> Iterator[tuple[int, str]]:
    """The index of the line and the text of each comment."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(join(lines)).readline):
            if token.type == tokenize.COMMENT:
                yield min(token.start[0], len(lines)) - 1, token.string
    except (tokenize.TokenError, SyntaxError):  # not Python, so every line that is a comment may be meant
        yield from ((row, line.text.strip()) for row, line in enumerate(lines) if line.text.lstrip().startswith("#"))
