"""Jupyter notebooks: the code cells of an ``.ipynb`` file, with the text their outputs hold.

Lines are those of the JSON file, where a cell's source commonly is one string for each line.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from .directives import Directive, directives_in_text, directives_of_tags, parse_directive
from .model import Snippet
from .placed_json import PlacedString, decode
from .reading import Damaged, Reader, Reading
from .rewriting import Change, Shown, Unwritable
from .source import Line
from .written_cells import cell_edits

_Output = dict[str, Any]


@dataclass(frozen=True)
class _Cell:
    label: str
    lines: list[Line]
    output: str
    output_line: int
    outputs: list[_Output]  # as they stand in the file
    directives: list[Directive]


def _read(text: str) -> Reading:
    return _read_cells(text)[0]


def _edits(text: str, _: Sequence[Snippet], shown: Mapping[int, Shown]) -> dict[int, Change | Unwritable]:
    return cell_edits(text, [cell.outputs for cell in _read_cells(text)[1]], shown)


def _read_cells(text: str) -> tuple[Reading, list[_Cell]]:
    """What is in a notebook, and the cell that each snippet comes from."""
    try:
        cells = _cells(text)
    except json.JSONDecodeError as error:
        raise Damaged(f"this is not JSON: {error.msg}", error.lineno) from error
    except (nbformat.ValidationError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise Damaged(f"this JSON is not a notebook ({type(error).__name__}: {error})") from error
    reading, origins = Reading(), []
    for cell in cells:
        directives, first = cell.directives, len(reading.snippets)
        if reading.code(cell.lines, cell.label, echo="last"):
            origins.append(cell)
            if cell.output.strip():
                reading.expect(cell.output, cell.output_line)
        reading.settle(directives, first)
    return reading, origins


def _cells(text: str) -> list[_Cell]:
    """The code cells: what they mean from nbformat, which knows all formats, and where they stand from the file."""
    raw = decode(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of cells without an id
        cells = nbformat.reads(text, as_version=4).cells  # type: ignore[no-untyped-call]
    code = [(number, cell) for number, cell in enumerate(cells, 1) if cell.cell_type == "code"]
    return [
        _Cell(
            f"In [{cell.execution_count}]" if cell.get("execution_count") else f"cell {number}",
            _source_lines(source),
            "".join(map(_output_text, cell.outputs)),
            next(_strings(outputs), PlacedString()).line if outputs else 0,
            outputs,
            directives,
        )
        for (number, cell), (source, outputs, directives) in zip(code, _raw_code_cells(raw), strict=True)
    ]


def _raw_code_cells(
    notebook: dict[str, Any],
) -> Iterator[tuple[list[PlacedString], list[_Output], list[Directive]]]:
    """Of each code cell, in a notebook of format 4 or of 3, the source, the outputs, and the directives in its metadata
    and in the comments of the texts before it."""
    cells = notebook["cells"] if "cells" in notebook else [c for s in notebook["worksheets"] for c in s["cells"]]
    above: list[Directive] = []
    for cell in cells:
        source = cell["source"] if "source" in cell else cell.get("input", [])
        strings = [source] if isinstance(source, PlacedString) else source
        if cell["cell_type"] == "code":
            directives, above = [*above, *_directives(cell.get("metadata", {}))], []
            yield strings, cell.get("outputs", []), directives
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


def _strings(value: Any) -> Iterator[PlacedString]:
    if isinstance(value, PlacedString):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _source_lines(source: list[PlacedString]) -> list[Line]:
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


READER = Reader("Jupyter notebook", frozenset({".ipynb"}), _read, edits=_edits)
