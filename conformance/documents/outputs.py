"""What printed output looks like: the text of values, lines that a ``print`` of the code makes, exceptions."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .model import Note
from .source import Line, join, parse, trimmed

# The text of an object without a repr of its own; such a text as the value of a keyword.
_OBJECT = re.compile(
    r"<[\w.]+( object)? at 0x[0-9A-Fa-f]+>|<[\w.]+: [^<>]*>"
    r"|<(class|function|bound method|built-in|module|generator|code) .*>",
    re.DOTALL,
)
_KEYWORD_OBJECT = re.compile(r"(?<==)<[^<>\n]*>")
_NUMBERS = re.compile(r"[\[(]*[-+]?(\d|nan\b|inf\b)[-+\d.eEjnaif,\s\[\]()]*")
# What stands after "torch." in the text of a dtype, a layout or a class.
_TORCH_NAME = re.compile(r"(bool|u?int|b?float|complex)\d*(_\w+)?|strided|\w*Tensor|Generator")
# Names in lower case whose calls stand for values; a class has a capital.
CONSTRUCTORS = {"tensor", "array", "device", "range", "deque", "defaultdict", "frozenset", "slice"}
_STRINGS = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_ERROR = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|StopIteration)\b(: .*)?$")
_TRACEBACK = re.compile(r"(-{20,}\s*\n)?.*Traceback \(most recent call last\)")
_WARNING = re.compile(r"\S.*:\d+: \w*Warning: ")
_MARKDOWN = re.compile(r"\s*(#+ |>|[-*+] |\d+[.)] |!?\[[^\]]*\](\(|:)|\$|\||`|\*\*|<[a-z/!])")
_SENTENCE = re.compile(
    r"[^\W\d_][\w'\u2019]*,?( +[`*_(]*[^\W\d_][\w.'\u2019`*)]*,?){3,}|[^\W\d_]{2,}[.!?]$"
    r"|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}"
)


class Printed:
    """The lines that the ``print`` calls of a document's code can print, as patterns."""

    def __init__(self) -> None:
        self._patterns: list[re.Pattern[str]] = []

    def learn(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                for parts in _printed_lines(node):
                    # A pattern without two characters of its own would recognise anything.
                    if sum(len(part.strip()) for part in parts if part is not None) >= 2:
                        pattern = ".*".join(re.escape(part.strip(" ")) for part in _merged(parts))
                        self._patterns.append(re.compile(pattern, re.DOTALL))

    def matches(self, text: str) -> bool:
        return any(pattern.fullmatch(text.strip(" ")) for pattern in self._patterns)


def _printed_lines(call: ast.Call) -> list[list[str | None]]:
    """The lines a print makes, each as its constant parts, with None for what is known only at run time."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    separator = keywords.get("sep")
    between = _parts(separator) if separator is not None else [" "]
    parts: list[str | None] = []
    for index, argument in enumerate(call.args):
        parts += (between if index else []) + _parts(argument)
    if "end" in keywords:
        parts.append(None)
    lines: list[list[str | None]] = [[]]
    for part in parts:
        if part is None:
            lines[-1].append(None)
            continue
        first, *others = part.split("\n")
        lines[-1].append(first)
        lines += [[other] for other in others]
    return lines


def _parts(node: ast.expr) -> list[str | None]:
    match node:
        case ast.Constant(value=value):
            return [str(value)]
        case ast.JoinedStr(values=values):
            return [part for value in values for part in _parts(value)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _parts(left) + _parts(right)
        case ast.BinOp(left=ast.Constant(value=str(template)), op=ast.Mod()):
            return _holes(template, r"%[-+ #0-9.]*[a-zA-Z]")
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(template)), attr="format")):
            return _holes(template, r"\{[^{}]*\}")
    return [None]


def _holes(template: str, hole: str) -> list[str | None]:
    parts: list[str | None] = []
    for piece in re.split(hole, template):
        parts += [None, piece]
    return parts[1:]


def _merged(parts: Sequence[str | None]) -> list[str]:
    """The constant texts between the holes; an outer hole leaves an empty text at that end."""
    texts = [""]
    for part in parts:
        if part is None:
            texts.append("")
        else:
            texts[-1] += part
    return texts


def _is_value_node(node: ast.expr) -> bool:
    """Whether an expression is what ``repr`` writes: literals and constructors of literals."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name in {"nan", "inf"}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _is_value_node(operand)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=complex())):
            return _is_value_node(left)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(map(_is_value_node, elements))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_value_node(key) for key in keys) and all(map(_is_value_node, values))
        case ast.Attribute(value=ast.Name(id="torch"), attr=name):
            return bool(_TORCH_NAME.fullmatch(name))
        case ast.Call(func=function, args=arguments, keywords=keywords):
            match function:
                case ast.Name(id=name):
                    named = name in CONSTRUCTORS or name[0].isupper()
                case ast.Attribute(attr=name):
                    named = name in {"Size", "return_types"}
                case _:
                    named = False
            return named and all(map(_is_value_node, [*arguments, *(keyword.value for keyword in keywords)]))
    return False


def is_value(text: str) -> bool:
    """Whether a text is a printed value, or several of them side by side, such as ``tensor([1.]) True``."""
    text = text.strip()
    return _is_single_value(text) or all(map(_is_single_value, _side_by_side(text)))


def _is_single_value(text: str) -> bool:
    if _NUMBERS.fullmatch(text) or _OBJECT.fullmatch(text):
        return True
    tree = parse(_OBJECT.sub("None", _KEYWORD_OBJECT.sub("None", text)))
    match tree.body if tree else []:
        case [ast.Expr(value=value)]:
            return _is_value_node(value)
    return False


def _side_by_side(text: str) -> list[str]:
    """The parts of a text between spaces outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character.isspace() and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part] or [""]


def item_end(lines: Sequence[Line], start: int) -> int:
    """The index after a printed item: after its line, or after the line that closes its brackets."""
    depth = 0
    for index in range(start, len(lines)):
        text = _STRINGS.sub("", lines[index].text)
        depth += sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))
        if depth <= 0:
            return index + 1
    return start + 1


def are_values(lines: Sequence[Line]) -> bool:
    """Whether lines are printed values and nothing else."""
    index = 0
    while index < len(lines):
        end = item_end(lines, index)
        if not is_value(join(lines[index:end])):
            return False
        index = end
    return bool(lines)


def is_prose(text: str) -> bool:
    return bool(_MARKDOWN.match(text) or _SENTENCE.search(text.strip()))


def _traceback_end(lines: Sequence[Line], start: int) -> int | None:
    if _ERROR.match(lines[start].text):
        return start + 1
    if not _TRACEBACK.match(join(lines[start : start + 2])):
        return None
    for index in range(start + 1, len(lines)):
        text = lines[index].text
        if _ERROR.match(text):
            return index + 1
    return None


def _warning_end(lines: Sequence[Line], start: int) -> int | None:
    if not _WARNING.match(lines[start].text):
        return None
    shown = start + 1 < len(lines) and lines[start + 1].text.startswith("  ")
    return start + 2 if shown else start + 1


def output_end(lines: Sequence[Line], start: int, printed: Printed, loose: bool) -> int:
    """The index after the output that starts at a line; ``start`` itself if there is none.

    ``loose`` accepts, directly after the code, also lines that are only not like prose.
    """
    index = end = start
    while index < len(lines):
        if lines[index].blank:
            index += 1
            continue
        adjacent = index == end or end == start
        stop = _traceback_end(lines, index) or _warning_end(lines, index)
        if stop is None:
            stop = item_end(lines, index)
            item = join(lines[index:stop])
            if not (
                printed.matches(item)
                or is_value(item)
                or (loose and adjacent and not is_prose(lines[index].text) and not is_prose(item))
            ):
                break
        index = end = stop
    return end


def is_error(text: str) -> bool:
    """Whether a line is the last one of a traceback."""
    return bool(_ERROR.match(text))


def output_lines(lines: Sequence[Line], notes: list[Note]) -> list[Line]:
    """The lines of an output, an exception cut to its last line and warnings left out, each with a Note."""
    kept: list[Line] = []
    index = 0
    while index < len(lines):
        stop = _traceback_end(lines, index)
        if stop is not None:
            if stop - index > 1:
                notes.append(Note(lines[index].number, "removed", "a traceback was cut to its last line"))
            kept.append(lines[stop - 1])
        elif (stop := _warning_end(lines, index)) is not None:
            notes.append(Note(lines[index].number, "removed", "a warning is not part of the printed output"))
        else:
            stop = index + 1
            kept.append(lines[index])
        index = stop
    return trimmed(kept)
