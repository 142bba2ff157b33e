"""Outputs of a notebook's cells: strings in a JSON file, each written anew in the way it was written there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .placed_json import PlacedList, PlacedString
from .rewriting import Change, Edit, Shown, Unwritable, aligned

_TEXT = "text/plain"
_Output = Mapping[str, Any]


def cell_edits(
    text: str, cells: Sequence[Sequence[_Output]], shown: Mapping[int, Shown]
) -> dict[int, Change | Unwritable]:
    """``cells`` are the outputs of the cell of each snippet."""
    changes: dict[int, Change | Unwritable] = {}
    for index, new in shown.items():
        try:
            changes[index] = _change(text, cells[index], new)
        except Unwritable as reason:
            changes[index] = reason
    return changes


def _change(text: str, outputs: Sequence[_Output], new: Shown) -> Change:
    if any("stream" in output or output["output_type"] in ("pyout", "pyerr") for output in outputs):
        raise Unwritable("the notebook is of format 3, until Jupyter saves it as one of format 4")
    errors = [output for output in outputs if output["output_type"] == "error"]
    if bool(errors) != bool(new.error):
        told = "it raises nothing" if errors else f"it raises {new.error[0] if new.error else ''}"
        raise Unwritable(f"{told} now, which the outputs of its cell have no place for")
    edits, notes = _printed_edits(text, outputs, new), list[str]()
    for output in errors:
        edits += _error_edits(text, output, new, notes)
    for output in outputs:
        shows_text = output["output_type"] == "execute_result"
        notes += [f"its {kind} stays as it is" for kind in output.get("data") or () if kind != _TEXT or not shows_text]
    return Change(edits, notes)


def _printed_edits(text: str, outputs: Sequence[_Output], new: Shown) -> list[Edit]:
    parts = [part for output in outputs if (part := _printed(output)) is not None]
    old = [_string(part) for part in parts]
    wanted = _share([part.strip("\n").split("\n") for part in old], new.printed.split("\n") if new.printed else [])
    edits = []
    for part, before, lines in zip(parts, old, wanted, strict=True):
        inner = before.strip("\n")
        start = before.index(inner)
        after = before[:start] + "\n".join(_kept(inner.split("\n"), lines)) + before[start + len(inner) :]
        if after != before:
            edits.append(Edit(part.start, part.stop, _written(text, part, after)))
    return edits


def _printed(output: _Output) -> Any:
    """Where an output holds what is printed, or the value of the last expression; None if it holds neither."""
    if output["output_type"] == "stream" and output.get("name") == "stdout":
        return output["text"]
    if output["output_type"] == "execute_result":
        return output["data"].get(_TEXT)
    return None


def _share(parts: Sequence[Sequence[str]], wanted: list[str]) -> list[list[str]]:
    """The lines of each part that is to show these lines; those that still are right keep theirs."""
    shared, left = [[*part] for part in parts], [index for index, part in enumerate(parts) if any(part)]
    for end in (-1, 0):
        while len(left) > 1:
            part = [line.rstrip() for line in parts[left[end]]]
            if (wanted[-len(part) :] if end else wanted[: len(part)]) != part:
                break
            wanted = wanted[: -len(part)] if end else wanted[len(part) :]
            left.pop(end)
    if len(left) == 1 and wanted:
        shared[left[0]] = wanted
    elif left and sum(len(parts[index]) for index in left) == len(wanted):
        for index in left:
            shared[index], wanted = wanted[: len(parts[index])], wanted[len(parts[index]) :]
    elif left or wanted:
        raise Unwritable("which of its outputs is to show what cannot be told")
    return shared


def _kept(old: Sequence[str], new: Sequence[str]) -> list[str]:
    return [line if place is None else old[place] for line, place in zip(new, aligned(old, new), strict=True)]


def _error_edits(text: str, output: _Output, new: Shown, notes: list[str]) -> list[Edit]:
    """The name and the text of an exception, and both again at the end of its traceback."""
    assert new.error
    old = output["ename"], output["evalue"]
    _string(PlacedList(old))
    edits = [
        Edit(part.start, part.stop, _string_written(text, value))
        for part, value in zip(old, new.error, strict=True)
        if part != value
    ]
    trace = output.get("traceback") or []
    for line in trace[-1:]:
        if not isinstance(line, PlacedString):
            break
        name, told = line.rfind(old[0]), line.rfind(old[1])
        if not old[1] or not 0 <= name < told:
            notes.append("its traceback stays as it is")
            continue
        after = line[:name] + new.error[0] + line[name + len(old[0]) : told] + new.error[1] + line[told + len(old[1]) :]
        edits.append(Edit(line.start, line.stop, _string_written(text, after)))
    return edits


def _string(value: Any) -> str:
    lines = [value] if isinstance(value, PlacedString) else value
    if not isinstance(lines, list) or not all(isinstance(line, PlacedString) for line in lines):
        raise Unwritable("its text is neither a string nor a list of strings")
    return "".join(lines)


def _written(text: str, old: PlacedString | PlacedList, value: str) -> str:
    """A string of one line or many as JSON, in the form of the one it replaces: a string, or a list of its lines."""
    if isinstance(old, PlacedString):
        return _string_written(text, value)
    known = {str(line): text[line.start : line.stop] for line in old}
    lines = [known.get(line) or _string_written(text, line) for line in re.findall(r"[^\n]*\n|[^\n]+", value)]
    opening, closing = text[old.start : old[0].start], text[old[-1].stop : old.stop]
    between = text[old[0].stop : old[1].start] if len(old) > 1 else f",{opening[1:]}"
    if between == "," and '": ' in text:  # one line of the list was there, and the file is not spread over lines
        between = ", "
    return opening + between.join(lines) + closing


def _string_written(text: str, value: str) -> str:
    """A string as JSON; as ASCII where the file has nothing else, and needs escapes for it."""
    return json.dumps(value, ensure_ascii=text.isascii() and "\\u" in text)
