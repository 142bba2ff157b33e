"""Book text: code and output in blocks between fences (three backquotes or tildes), prose around them."""

from __future__ import annotations

import re

from .blocks import Block, read_block
from .reading import Reader, Reading
from .source import lines_of

_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([^\s`]*)[^`]*$")


def _read(text: str) -> Reading:
    reading = Reading()
    lines = lines_of(text)
    index, intro = 0, ""
    while index < len(lines):
        fence = _FENCE.match(lines[index].text)
        if fence is None:
            reading.prose(lines[index : index + 1])
            intro = lines[index].text if not lines[index].blank else intro
            index += 1
            continue
        start = index = index + 1
        while index < len(lines) and not lines[index].text.strip().startswith(fence[1]):
            index += 1
        read_block(Block(fence[2], lines[start:index], intro), reading)
        index, intro = index + 1, ""
    return reading


READER = Reader(
    "book text",
    frozenset({".txt", ".text"}),
    _read,
    lambda text: 0.8 if any(_FENCE.match(line.text) for line in lines_of(text)) else 0.0,
)
