"""reStructuredText: literal blocks, ``>>>`` sessions and directives for code; docutils finds them.

Nothing of a document is run or read but these: no directive does anything, none includes a file, and roles stay text.
What a directive holds that is not for code, known or not, is reStructuredText again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .blocks import Block, marked_by, read_block
from .reading import Damaged, Reader, Reading
from .source import Line, lines_of

_OPTION = re.compile(r"\s*:(?P<name>[\w-]+):(?P<value>.*)$")
# What other tools than docutils and Sphinx read in their own way, and what holds no text.
_OPAQUE = {"raw", "math", "csv-table", "mermaid", "graphviz", "digraph", "graph", "productionlist", "highlight"}
_FILES = {"include", "literalinclude"}
_PYTHON_DEFAULTS = {"", "default", "none", "text", "python", "python3", "py", "ipython", "ipython3", "pycon"}
# Other ends of lines than an editor's, for which docutils would begin a line.
_LINE_ENDS = str.maketrans(dict.fromkeys("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", " "))
_ERROR = 3
_LOCK = threading.Lock()  # docutils keeps its directives in globals


@dataclass
class _Seen:
    """What was met on the way that is to be told."""

    notes: list[tuple[int, str]] = field(default_factory=list)
    unknown: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    """A block as docutils has it, near a line."""

    language: str
    rows: list[str]
    near: int
    echo: Any = "none"


def read_rst(lines: Sequence[Line], reading: Reading) -> None:
    """Add what reStructuredText holds."""
    seen = _Seen()
    done = 0
    texts = [line.text.translate(_LINE_ENDS).expandtabs(8).strip() for line in lines]
    for found in _blocks([line.text for line in lines], seen):
        start = _place(found, texts, done)
        if start is None:
            near = lines[min(found.near, len(lines) - 1)].number
            reading.note(near, "unreadable", f"this block was not found again, it is not run: {found.rows[0].strip()}")
            continue
        between = lines[done:start]
        reading.prose(between)
        intro = next((line.text for line in reversed(between) if not line.blank), "")
        if "::" in intro and re.match(r"\s*\.\. ", intro):
            intro = ""
        rows = [Line(lines[start + index].number, row) for index, row in enumerate(found.rows)]
        read_block(Block(found.language, rows, intro, found.echo), reading)
        done = max(done, start + len(rows))
    reading.prose(lines[done:])
    first = lines[0].number if lines else 1
    for index, told in seen.notes:
        reading.note(first + min(max(index, 0), max(len(lines) - 1, 0)), "skipped", told)
    for name, places in seen.unknown.items():
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        told = f"the directive {name!r} is not known; what it holds was read as text{more}"
        reading.note(first + places[0], "removed", told)


def _place(found: _Found, texts: Sequence[str], done: int) -> int | None:
    """The index where a block stands: docutils is not always right about it, and never far off."""
    rows = [row.strip() for row in found.rows]
    starts = sorted(range(done, len(texts) - len(rows) + 1), key=lambda start: abs(start - found.near))
    for loosely in (False, True):
        for start in starts:
            pairs = zip(rows, texts[start : start + len(rows)], strict=True)
            if all(row == text or (loosely and row in text) for row, text in pairs):
                return start
    return None


def _blocks(texts: Sequence[str], seen: _Seen) -> list[_Found]:
    """Every block of code, session or literal text, in order."""
    from docutils import nodes
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser
    from docutils.utils import new_document

    settings = get_default_settings(Parser)
    quiet = {"report_level": 5, "halt_level": 5, "warning_stream": False, "file_insertion_enabled": False}
    vars(settings).update(quiet, line_length_limit=1 << 30, tab_width=8)
    document = new_document("<document>", settings)
    document.reporter.attach_observer(lambda message: _observe(message, seen))
    try:
        with _own_directives(seen):
            Parser(inliner=_plain_inliner()).parse("\n".join(texts).translate(_LINE_ENDS), document)
    except RecursionError:
        raise
    except Exception as error:  # a fault of docutils, which promises not to have any
        raise Damaged(f"docutils cannot read this: {type(error).__name__}: {error}", document.current_line) from error
    found, default = list[_Found](), ""
    for node in document.findall():
        if isinstance(node, nodes.comment) and "highlight" in node:
            default = "" if node["highlight"] in _PYTHON_DEFAULTS else node["highlight"]
        elif isinstance(node, nodes.literal_block | nodes.doctest_block):
            if isinstance(node.parent, nodes.system_message):
                continue  # of what docutils could not read
            rows = node.astext().split("\n")
            session = isinstance(node, nodes.doctest_block)
            language = "pycon" if session else node.get("marked") or default
            near = node["first"] if "first" in node else (node.line or 1) - 1
            if any(row.strip() for row in rows):
                found.append(_Found(language, rows, near, node.get("echo", "none")))
    return found


def _observe(message: Any, seen: _Seen) -> None:
    if message["level"] >= _ERROR:
        text = message.astext().split("\n")[0].partition(") ")[2] or message.astext()
        seen.notes.append((int(message.get("line", 1)) - 1, f"docutils: {text}"))


@contextmanager
def _own_directives(seen: _Seen) -> Iterator[None]:
    from docutils.parsers.rst import directives

    with _LOCK:
        kept = directives.directive
        directives.directive = lambda *_: (_directive(seen), [])
        try:
            yield
        finally:
            directives.directive = kept


def _plain_inliner() -> Any:
    """What leaves roles and references alone: they hold no code."""
    from docutils import nodes
    from docutils.parsers.rst.states import Inliner

    inliner = Inliner()
    inliner.parse = lambda text, *_: ([nodes.Text(text)], [])
    return inliner


def _directive(seen: _Seen) -> Any:
    """The directive that stands for every one; docutils wants a class."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from docutils.parsers.rst.directives import _directive_registry

    class Reads(Directive):  # type: ignore[misc]
        has_content = True

        def run(self) -> list[Any]:
            name = self.name.lower().rpartition(":")[2]
            argument, options, start = _header(self.content, self.block_text)
            body = self.content[start:]
            marked = marked_by(name, argument)
            if marked:
                return self._code(marked, body, options)
            if name == "highlight":
                return [nodes.comment("", "", highlight=argument.strip().lower())]
            if name in _FILES:
                seen.notes.append((self.lineno - 1, f"the file of {name!r} is not read: {argument.strip()}"))
            elif name not in _directive_registry and name not in _OPAQUE:
                seen.unknown.setdefault(self.name, []).append(self.lineno - 1)
            if name in _OPAQUE:
                return []
            inside = nodes.container()
            self.state.nested_parse(body, self.content_offset + start, inside, match_titles=1)
            return [inside]

        def _code(self, marked: tuple[str, str], body: Any, options: dict[str, str]) -> list[Any]:
            if "skipif" in options:
                seen.notes.append((self.lineno - 1, "its ':skipif:' is not looked at"))
            if "ELLIPSIS" in options.get("options", "") and marked[0] == "output":
                seen.notes.append((self.lineno - 1, "an output with '...' for any text is not compared"))
                return []
            while body and not body[0].strip():
                body = body[1:]
            if not body:
                return []
            text = "\n".join(body)
            return [nodes.literal_block(text, text, marked=marked[0], echo=marked[1], first=body.items[0][1])]

    return Reads


def _header(content: Any, block_text: str) -> tuple[str, dict[str, str], int]:
    """The argument, the options, and the index where the content of a directive begins."""
    first = block_text.split("\n", 1)[0].rstrip()
    index, argument = 0, ""
    if not first.endswith("::") and content:
        index, argument = 1, content[0]
    options: dict[str, str] = {}
    while index < len(content) and (option := _OPTION.match(content[index])):
        options[option["name"]] = option["value"]
        index += 1
    return argument, options, index


def _read(text: str) -> Reading:
    reading = Reading()
    read_rst(lines_of(text), reading)
    return reading


READER = Reader("reStructuredText", frozenset({".rst", ".rest"}), _read)
