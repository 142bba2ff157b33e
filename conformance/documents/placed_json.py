"""JSON whose strings and lists know where they stand in the file."""

from __future__ import annotations

import json
import json.scanner
import re
from bisect import bisect
from typing import Any


class PlacedString(str):
    """``line`` is 1-based; ``text[start:stop]`` is the string as it is written, quotes included."""

    line: int
    start: int
    stop: int


class PlacedList(list[Any]):
    """``text[start:stop]`` is the list as it is written, brackets included."""

    start: int
    stop: int


class _Decoder(json.JSONDecoder):
    """Decodes as JSON always is decoded, apart from the two classes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        ends = [match.start() for match in re.finditer("\n", text)]

        def placed_string(text: str, start: int, strict: bool) -> tuple[PlacedString, int]:
            value, stop = json.decoder.scanstring(text, start, strict)  # type: ignore[attr-defined]
            string = PlacedString(value)
            string.line, string.start, string.stop = bisect(ends, start) + 1, start - 1, stop
            return string, stop

        def placed_list(at: tuple[str, int], scan_once: Any) -> tuple[PlacedList, int]:
            values, stop = json.decoder.JSONArray(at, scan_once)  # type: ignore[attr-defined]
            array = PlacedList(values)
            array.start, array.stop = at[1] - 1, stop
            return array, stop

        self.parse_string = placed_string
        self.parse_array = placed_list
        # The scanner written in C would not call back.
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def decode(text: str) -> Any:
    """Raises JSONDecodeError."""
    return _Decoder(text).decode(text)
