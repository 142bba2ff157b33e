"""Markdown: fenced and indented blocks; what a fence is marked as decides before what it holds."""

from __future__ import annotations

from markdown_it import MarkdownIt

from .blocks import Block, read_block
from .reading import Reader, Reading
from .source import Line, lines_of


def _read(text: str) -> Reading:
    reading = Reading()
    lines = lines_of(text)
    done = 0
    for token in MarkdownIt().parse("\n".join(line.text for line in lines)):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        start, stop = token.map
        between = lines[done:start]
        reading.prose(between)
        intro = next((line.text for line in reversed(between) if not line.blank), "")
        first = start + (2 if token.type == "fence" else 1)
        block = [Line(number, line) for number, line in enumerate(token.content.removesuffix("\n").split("\n"), first)]
        words = token.info.split()
        read_block(Block(words[0] if words else "", block, intro), reading)
        done = stop
    reading.prose(lines[done:])
    return reading


READER = Reader("Markdown", frozenset({".md", ".markdown"}), _read)
