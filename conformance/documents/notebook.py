"""Jupyter notebooks: the code cells of an ``.ipynb`` file, with the text their outputs hold.

Lines are those of the JSON file, where a cell's source commonly is one string for each line.
"""

from __future__ import annotations

import json
import json.scanner
import re
import warnings
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nbformat

from .directives import Directive, directives_in_text, directives_of_tags, parse_directive
from .reading import Damaged, Reader, Reading
from .source import Line


class _Placed(str):
    """A string of a JSON file that knows the line it stands on."""

    line: int


class _PlacedDecoder(json.JSONDecoder):
    """Decodes as JSON always is decoded, except that strings are _Placed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        ends = [match.start() for match in re.finditer("\n", text)]

        def placed(text: str, start: int, strict: bool) -> tuple[_Placed, int]:
            value, end = json.decoder.scanstring(text, start, strict)  # type: ignore[attr-defined]
            string = _Placed(value)
            string.line = bisect(ends, start) + 1
            return string, end

        self.parse_string = placed
        # The scanner written in C would not call back.
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Cell:
    label: str
    lines: list[Line]
    output: str
    output_line: int
    directives: list[Directive]


def _read(text: str) -> Reading:
    try:
        cells = _cells(text)
    except json.JSONDecodeError as error:
        raise Damaged(f"this is not JSON: {error.msg}", error.lineno) from error
    except (nbformat.ValidationError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise Damaged(f"this JSON is not a notebook ({type(error).__name__}: {error})") from error
    reading = Reading()
    for cell in cells:
        directives, first = cell.directives, len(reading.snippets)
        if reading.code(cell.lines, cell.label, echo="last") and cell.output.strip():
            reading.expect(cell.output, cell.output_line)
        reading.settle(directives, first)
    return reading


def _cells(text: str) -> list[_Cell]:
    """The code cells: what they mean from nbformat, which knows all formats, and where they stand from the file."""
    raw = _PlacedDecoder(text).decode(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of cells without an id
        cells = nbformat.reads(text, as_version=4).cells  # type: ignore[no-untyped-call]
    code = [(number, cell) for number, cell in enumerate(cells, 1) if cell.cell_type == "code"]
    return [
        _Cell(
            f"In [{cell.execution_count}]" if cell.get("execution_count") else f"cell {number}",
            _source_lines(source),
            "".join(map(_output_text, cell.outputs)),
            output_line,
            directives,
        )
        for (number, cell), (source, output_line, directives) in zip(code, _raw_code_cells(raw), strict=True)
    ]


def _raw_code_cells(notebook: dict[str, Any]) -> Iterator[tuple[list[_Placed], int, list[Directive]]]:
    """Of each code cell, in a notebook of format 4 or of 3, the source, the line where its outputs begin, and the
    directives in its metadata and in the comments of the texts before it."""
    cells = notebook["cells"] if "cells" in notebook else [c for s in notebook["worksheets"] for c in s["cells"]]
    above: list[Directive] = []
    for cell in cells:
        source = cell["source"] if "source" in cell else cell.get("input", [])
        strings = [source] if isinstance(source, _Placed) else source
        if cell["cell_type"] == "code":
            directives, above = [*above, *_directives(cell.get("metadata", {}))], []
            line = next(_strings(cell.get("outputs", [])), _Placed()).line if cell.get("outputs") else 0
            yield strings, line, directives
        else:
            above += directives_in_text(_source_lines(strings))
    for directive in above:
        raise Damaged(f"no code follows this directive {directive.kind!r}", directive.line)


def _directives(metadata: dict[str, Any]) -> Iterator[Directive]:
    """Those of a cell: its tags, and texts under ``conformance``."""
    for tag in _strings(metadata.get("tags", [])):
        yield from directives_of_tags([tag], tag.line)
    for body in _strings(metadata.get("conformance", [])):
        yield parse_directive(body, body.line)


def _strings(value: Any) -> Iterator[_Placed]:
    if isinstance(value, _Placed):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _source_lines(source: list[_Placed]) -> list[Line]:
    numbers = [string.line for string in source for _ in range(string.count("\n"))]
    numbers += [source[-1].line] if source else []
    return [Line(*pair) for pair in zip(numbers, "".join(source).split("\n"), strict=False)]


def _output_text(output: Any) -> str:
    """What a cell's output prints: standard output, the value of the last expression, the last line of an error."""
    match output.output_type:
        case "stream" if output.name == "stdout":
            return str(output.text)
        case "execute_result":
            return str(output.data.get("text/plain", "")) + "\n"
        case "error":
            return f"{output.ename}: {output.evalue}".removesuffix(": ") + "\n"
    return ""


READER = Reader("Jupyter notebook", frozenset({".ipynb"}), _read)
