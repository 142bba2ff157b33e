"""Markdown and MyST: fenced and indented blocks; what a fence is marked as decides before what it holds.

Of MyST, fences whose mark is a directive for code (``{code-cell}``, ``{code-block} python`` …) lose their options and
are code; what other directives hold is Markdown again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt

from .blocks import Block, marked_by, read_block
from .directives import directives_of_tags
from .reading import Reader, Reading
from .rst import read_rst
from .source import Line, lines_of
from .written_lines import line_edits

_DIRECTIVE = re.compile(r"\{(?P<name>[\w:+.-]+)\}\s*(?P<argument>.*)$")
_PANDOC = re.compile(r"\{\s*\.(?P<language>[\w+-]+)[^}]*\}")
_OPTION = re.compile(r"\s*:[\w-]+:")
_TAG = re.compile(r"[\w-]+")
_CONTAINERS = {
    *("admonition", "attention", "caution", "danger", "error", "hint", "important", "note", "seealso", "tip"),
    *("card", "details", "div", "dropdown", "example", "exercise", "figure", "glossary", "grid", "grid-item"),
    *("list-table", "margin", "only", "proof", "sidebar", "solution", "tab-item", "tab-set", "topic", "toggle"),
    *("deprecated", "grid-item-card", "versionadded", "versionchanged", "warning"),
}  # fmt: skip


def _read(text: str) -> Reading:
    reading = Reading()
    lines = lines_of(text)
    _read_lines(lines[_front_matter_end(lines) :], reading)
    return reading


def _read_lines(lines: Sequence[Line], reading: Reading) -> None:
    done = 0
    for token in MarkdownIt().parse("\n".join(line.text for line in lines)):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        start, stop = token.map
        between = lines[done:start]
        reading.prose(between)
        intro = next((line.text for line in reversed(between) if not line.blank), "")
        first = lines[start].number + (1 if token.type == "fence" else 0)
        block = [Line(number, line) for number, line in enumerate(token.content.removesuffix("\n").split("\n"), first)]
        _read_fence(token.info.strip(), block, intro, reading)
        done = stop
    reading.prose(lines[done:])


def _read_fence(info: str, lines: Sequence[Line], intro: str, reading: Reading) -> None:
    directive = _DIRECTIVE.match(info)
    marked = marked_by(directive["name"], directive["argument"]) if directive else None
    if marked:
        options = _options_end(lines)
        tags = [tag for line in lines[:options] for tag in _TAG.findall(line.text)]
        reading.pending += directives_of_tags(tags, lines[0].number)
        language, echo = marked
        read_block(Block(language, lines[options:], intro, echo), reading)
    elif directive and directive["name"] == "eval-rst":
        read_rst(lines, reading)
    elif directive and (directive["name"] in _CONTAINERS or any(_is_fence(line.text) for line in lines)):
        _read_lines(lines, reading)
    else:
        pandoc = _PANDOC.match(info)
        words = info.split()
        read_block(Block(pandoc["language"] if pandoc else words[0] if words else "", lines, intro), reading)


def _is_fence(text: str) -> bool:
    return text.lstrip().startswith(("```", "~~~"))


def _options_end(lines: Sequence[Line]) -> int:
    """The index after the options of a directive: ``:name: value`` lines, or YAML between lines of dashes."""
    index = 0
    if lines[0].text.strip() == "---":
        return _closing(lines) + 1
    while index < len(lines) and _OPTION.match(lines[index].text):
        index += 1
    return index


def _front_matter_end(lines: Sequence[Line]) -> int:
    """The index after the YAML with which a page may begin."""
    if lines[0].text.rstrip() != "---":
        return 0
    end = _closing(lines)
    fenced = any(_is_fence(line.text) for line in lines[:end])
    return 0 if fenced else end + 1


def _closing(lines: Sequence[Line]) -> int:
    """The index of the line of dashes that closes what the first one opens; -1 if there is none."""
    ends = (index for index, line in enumerate(lines) if index and line.text.rstrip() in ("---", "..."))
    return next(ends, -1)


READER = Reader("Markdown", frozenset({".md", ".markdown", ".myst"}), _read, edits=line_edits)
