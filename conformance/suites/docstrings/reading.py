"""A docstring as a document: each statement at a ``>>>`` prompt is a snippet, an example.

PyTorch writes for xdoctest: the lines of a block may all begin with ``>>>``, and directives stand in comments.
"""

from __future__ import annotations

import ast
import doctest
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence

from conformance.documents.model import Damaged, Document, Expectation, Snippet
from conformance.documents.outputs import item_end, output_lines
from conformance.documents.source import Line, parse

_DIRECTIVE = re.compile(r"#\s*x?doctest:\s*([+-])(\w+)\s*(?:\((.*)\))?")
_COMMENT_PROMPT = re.compile(r"\s*(?:>>>\s*)?#")
_PROMPTED = re.compile(r"\s*(>>>|\.\.\.)")
_NOT_HERE = re.compile(r"CUDA|CUBLAS|HUB|ONNX|SHOW")  # in the variables by which PyTorch's CI says what there is


def read_docstring(name: str, text: str) -> Document:
    """Its examples. Raises Damaged if its prompts are not laid out as doctest demands."""
    lines = [Line(number, line) for number, line in enumerate(text.expandtabs().split("\n"), 1)]
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError as error:
        raise Damaged(str(error).replace(" of the docstring for <string>", "")) from None
    directives = _Directives(lines)
    snippets: list[Snippet] = []
    for session in _sessions(examples, lines):
        for code, example in _statements(session, lines):
            number = len(snippets) + 1
            snippets.append(_snippet(f"example {number}", code, example, lines, directives))
    return Document(name, "docstring", tuple(snippets))


def _sessions(examples: Sequence[doctest.Example], lines: Sequence[Line]) -> Iterator[list[doctest.Example]]:
    """Examples that follow each other without an output or anything else but comments between them."""
    session: list[doctest.Example] = []
    for example in examples:
        if session and (session[-1].want or not _adjacent(session[-1], example, lines)):
            yield session
            session = []
        session.append(example)
    if session:
        yield session


def _adjacent(earlier: doctest.Example, later: doctest.Example, lines: Sequence[Line]) -> bool:
    between = lines[earlier.lineno + earlier.source.count("\n") : later.lineno]
    return earlier.indent == later.indent and all(_PROMPTED.match(line.text) for line in between)


def _statements(
    session: Sequence[doctest.Example], lines: Sequence[Line]
) -> Iterator[tuple[list[Line], doctest.Example | None]]:
    """Each statement of a session, the last one with the example that may have an output."""
    first, last = session[0], session[-1]
    stop = last.lineno + last.source.count("\n")
    code = [Line(line.number, line.text[first.indent + 4 :]) for line in lines[first.lineno : stop]]
    tree = parse("\n".join(line.text for line in code))
    if tree is None:  # PyTorch gives up on it, too: one after the other, as doctest reads them
        for example in session:
            source = example.source.removesuffix("\n").split("\n")
            numbered = [Line(example.lineno + 1 + number, part) for number, part in enumerate(source)]
            yield numbered, example
        return
    spans = _spans(tree)
    for number, (start, end) in enumerate(spans, 1):
        yield code[start - 1 : end], last if number == len(spans) else None


def _spans(tree: ast.Module) -> list[tuple[int, int]]:
    """First and last line of each statement; those that share a line are one."""
    spans: list[tuple[int, int]] = []
    for node in tree.body:
        decorators = getattr(node, "decorator_list", ())
        start = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        end = node.end_lineno or start
        if spans and spans[-1][1] >= start:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
    return spans


def _snippet(
    label: str, code: Sequence[Line], example: doctest.Example | None, lines: Sequence[Line], directives: _Directives
) -> Snippet:
    expected = _expectation(example, lines) if example and example.want else None
    skip = directives.why_skipped(code)
    if directives.ignores_output(code):
        expected = None
    text, numbers = "\n".join(line.text for line in code), tuple(line.number for line in code)
    return Snippet(label, text, numbers, expected, echo="all", skip=skip)


def _expectation(example: doctest.Example, lines: Sequence[Line]) -> Expectation:
    """What follows the prompt, up to an empty line that stands outside brackets."""
    start = example.lineno + example.source.count("\n")
    following = (index for index in range(start, len(lines)) if lines[index].text.lstrip().startswith(">>>"))
    limit = next(following, len(lines))
    shown = [
        Line(line.number, _dedented(line.text, example.indent).replace("<BLANKLINE>", ""))
        for line in lines[start:limit]
    ]
    index = 0
    while index < len(shown) and not lines[start + index].blank:
        index = item_end(shown, index)
    depth = min((_depth(line.text) for line in shown[:index] if not line.blank), default=0)
    output = [Line(line.number, line.text[depth:]) for line in shown[:index]]
    kept = "\n".join(line.text for line in output_lines(output, []))
    return Expectation(kept.strip("\n"), shown[0].number)


def _dedented(text: str, indent: int) -> str:
    return text[min(indent, _depth(text)) :]


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


class _Directives:
    """What comments for xdoctest say. One on a line of its own holds up to where the text is less indented again."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._skips: dict[int, str] = {}
        self._ignored: set[int] = set()
        skip, ignore, indent = "", False, 0
        for line in lines:
            depth = _depth(line.text)
            if not line.blank and depth < indent:
                skip, ignore, indent = "", False, 0
            for sign, name, argument in _DIRECTIVE.findall(line.text):
                on = sign == "+"
                why = _why_skipped(name, argument) if on else ""
                if not _COMMENT_PROMPT.match(line.text):
                    self._mark(line.number, why, name == "IGNORE_WANT" and on)
                elif name == "IGNORE_WANT":
                    ignore, indent = on, depth
                else:
                    skip, indent = why, depth
            self._mark(line.number, skip, ignore)

    def _mark(self, number: int, skip: str, ignore: bool) -> None:
        if skip:
            self._skips.setdefault(number, skip)
        if ignore:
            self._ignored.add(number)

    def why_skipped(self, code: Sequence[Line]) -> str | None:
        return next((self._skips[line.number] for line in code if line.number in self._skips), None)

    def ignores_output(self, code: Sequence[Line]) -> bool:
        return any(line.number in self._ignored for line in code)


def _why_skipped(name: str, argument: str) -> str:
    if name == "SKIP":
        return f"PyTorch skips it: {argument.strip(chr(34) + chr(39))}" if argument else "PyTorch skips it"
    if name != "REQUIRES":
        return ""
    sort, _, what = argument.partition(":")
    met = {
        "env": not _NOT_HERE.search(what),
        "module": importlib.util.find_spec(what) is not None if what else False,
    }.get(sort, sort.casefold() in (sys.platform, "posix"))
    return "" if met else f"PyTorch says that it requires {argument}"
