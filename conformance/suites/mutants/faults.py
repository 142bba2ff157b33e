"""What can be got wrong in a look-alike: the kinds of faults, and where each can be planted.

A kind is a function under ``@kind`` that yields the changes it makes of one module. To add one, write it; its name and
its first line are what reports and ``--kinds`` call it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.suites.mutants.source import Change, Source

Finder = Callable[[Source], Iterator[Change]]
KINDS: dict[str, Finder] = {}


@dataclass(frozen=True)
class Fault:
    """One change of one file; ``before`` and ``after`` are the lines it touches, ``within`` the function around."""

    kind: str
    file: str
    line: int
    within: str
    before: str
    after: str
    change: Change

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.kind}"


def faults_of(source: Source, kinds: dict[str, Finder] = KINDS) -> Iterator[Fault]:
    """Each change once, under the first kind that makes it."""
    seen: set[Change] = set()
    for name, find in kinds.items():
        for change in find(source):
            if change in seen:
                continue
            seen.add(change)
            before, after = source.lines(change)
            yield Fault(name, source.file, source.line(change), source.within(change), before, after, change)


def faults_in(package: Path, kinds: dict[str, Finder] = KINDS) -> list[Fault]:
    """All faults that can be planted in a package, file by file."""
    files = sorted(package.rglob("*.py"))
    sources = [Source(file.relative_to(package).as_posix(), file.read_text(encoding="utf-8")) for file in files]
    return [fault for source in sources for fault in faults_of(source, kinds)]


def kind(find: Finder) -> Finder:
    KINDS[find.__name__.replace("_", " ")] = find
    return find


# --- formulas ---------------------------------------------------------------------------------------------------------


@kind
def sign(source: Source) -> Iterator[Change]:
    """A minus is dropped."""
    for node in source.all(ast.UnaryOp):
        if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            yield source.replaced(node, source.text(node.operand))


@kind
def sum(source: Source) -> Iterator[Change]:
    """Numbers are subtracted where they should be added, or the other way round."""
    for node in source.all(ast.BinOp):
        signs = {ast.Add: "+-", ast.Sub: "-+"}.get(type(node.op))
        if signs and not any(map(_is_sequence, (node.left, node.right))):
            yield Change(*source.operator(node.left, signs[0], node.right), signs[1])


@kind
def swapped_operands(source: Source) -> Iterator[Change]:
    """``y - x`` for ``x - y``."""
    signs: dict[type, str] = {ast.Sub: "-", ast.Div: "/", ast.FloorDiv: "//", ast.MatMult: "@", ast.Pow: "**"}
    for node in source.all(ast.BinOp):
        if symbol := signs.get(type(node.op)):
            start, end = source.operator(node.left, symbol, node.right)
            left, right = source.between(source.start(node), start), source.between(end, source.end(node))
            yield source.replaced(node, f"{right.strip()} {symbol} {left.strip()}")


@kind
def dropped_factor(source: Source) -> Iterator[Change]:
    """A derivative without one of its factors."""
    for node in source.all(ast.BinOp):
        if isinstance(node.op, ast.Mult | ast.Div) and _is_formula(source, node):
            texts = source.text(node.left), source.text(node.right)
            yield source.replaced(node, texts["grad" not in texts[0] and "grad" in texts[1]])


@kind
def not_accumulated(source: Source) -> Iterator[Change]:
    """What comes last replaces what was there, where both should be added."""
    for node in source.all(ast.BinOp):
        if isinstance(node.op, ast.Add) and re.search(r"grad|\bg\b", source.text(node)):
            yield source.replaced(node, source.text(node.right))
    for statement in source.all(ast.AugAssign):
        if isinstance(statement.op, ast.Add) and not isinstance(statement.value, ast.Constant):
            yield source.replaced(statement, f"{source.text(statement.target)} = {source.text(statement.value)}")


@kind
def keepdim(source: Source) -> Iterator[Change]:
    """``keepdim`` the other way round."""
    for node in source.all(ast.keyword):
        if node.arg in ("keepdim", "keepdims"):
            yield source.replaced(node.value, f"not ({source.text(node.value)})")


@kind
def number(source: Source) -> Iterator[Change]:
    """An axis, a bound or an index that is off by one."""
    for node in source.all(ast.Constant):
        if type(node.value) is int and not _is_random(source) and source.file != "_repr.py" and _counts(source, node):
            yield source.replaced(node, str(node.value + 1))


# --- dtypes -----------------------------------------------------------------------------------------------------------

_OTHER_DTYPE = {
    "float16": "float32", "float32": "float64", "float64": "float32", "complex64": "complex128",
    "complex128": "complex64", "int64": "int32", "int32": "int64", "int16": "int32", "uint8": "int8",
    "F16": "F32", "F32": "F64", "F64": "F32", "bool_": "uint8",
}  # fmt: skip


@kind
def promotion(source: Source) -> Iterator[Change]:
    """Another dtype."""
    for node in source.all(ast.Name, ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in _OTHER_DTYPE and isinstance(node.ctx, ast.Load):
            end = source.end(node)
            yield Change(end - len(name), end, _OTHER_DTYPE[name])


@kind
def to_float(source: Source) -> Iterator[Change]:
    """A row that makes floats of integers, or does not, the other way round."""
    for node in source.all(ast.keyword):
        if node.arg == "to_float":
            yield source.replaced(node.value, f"not ({source.text(node.value)})")


# --- graphs -----------------------------------------------------------------------------------------------------------


@kind
def grad_fn(source: Source) -> Iterator[Change]:
    """Another name for a node."""
    for node in source.all(ast.Constant):
        if isinstance(node.value, str) and re.fullmatch(r"[A-Z]\w+Backward\d*", node.value):
            quote, digit = source.text(node)[0], node.value[-1]
            name = f"{node.value[:-1]}{int(digit) + 1}" if digit.isdigit() else f"{node.value}0"
            yield source.replaced(node, f"{quote}{name}{quote}")


@kind
def lost_version(source: Source) -> Iterator[Change]:
    """A write in place that nobody counts."""
    for node in source.all(ast.Expr):
        if isinstance(node.value, ast.Call) and _called(node.value) in ("written", "outdate", "note_versions"):
            yield source.replaced(node, "pass")
    for statement in source.all(ast.AugAssign):
        if isinstance(statement.target, ast.Attribute) and statement.target.attr == "value":
            yield source.replaced(statement, "pass")


@kind
def lost_requires_grad(source: Source) -> Iterator[Change]:
    """A tensor whose ``requires_grad`` is not set."""
    for node in source.all(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and target.attr == "_rg":
            yield source.replaced(node, "pass")
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=False):
                if isinstance(one, ast.Attribute) and one.attr == "_rg":
                    yield source.replaced(value, f"not ({source.text(value)})")


@kind
def swapped_saved(source: Source) -> Iterator[Change]:
    """A node that takes its inputs or its saved values for each other."""
    for node in source.all(ast.Tuple):
        (parent, *_) = source.around(node)
        if isinstance(parent, ast.Call) and _called(parent) in ("record", "node_class") and len(node.elts) > 1:
            first, second = node.elts[:2]
            between = source.between(source.end(first), source.start(second))
            new = f"{source.text(second)}{between}{source.text(first)}"
            yield Change(source.start(first), source.end(second), new)


@kind
def mode_not_restored(source: Source) -> Iterator[Change]:
    """A mode that stays as it was set for a while: nothing is done at the end of a ``with`` or ``try``."""
    for node in source.all(ast.Try):
        for statement in node.finalbody:
            yield source.replaced(statement, "pass")
    for function in source.all(ast.FunctionDef):
        if function.name == "__exit__":
            for statement in function.body:
                yield source.replaced(statement, "pass")


@kind
def order_of_hooks(source: Source) -> Iterator[Change]:
    """Hooks in the opposite order."""
    for node in source.all(ast.For, ast.comprehension):
        if "hook" in (text := source.text(node.iter)):
            yield source.replaced(node.iter, f"reversed([*{text}])")


# --- memory -----------------------------------------------------------------------------------------------------------

_OF_VIEWS = ("ops/shape.py", "ops/indexing.py", "ops/pieces.py", "ops/reshaping.py", "_tensor.py", "_layout.py")
_VIEWS = ("as_strided", "reshape", "transpose", "swapaxes", "view", "squeeze")


@kind
def copy_for_a_view(source: Source) -> Iterator[Change]:
    """A copy where memory should be shared."""
    if source.file in _OF_VIEWS:
        for node in source.all(ast.Call):
            of_array = isinstance(node.func, ast.Attribute) and source.text(node.func.value) not in ("TENSORS", "xp")
            copied = isinstance(next(source.around(node)), ast.Attribute)
            if of_array and _called(node) in _VIEWS and not copied:
                yield source.replaced(node, f"{source.text(node)}.copy()")
        for part in source.all(ast.Subscript):
            if isinstance(part.ctx, ast.Load) and source.text(part.value).endswith("._a"):
                yield source.replaced(part, f"{source.text(part)}.copy()")


@kind
def view_for_a_copy(source: Source) -> Iterator[Change]:
    """Memory that is shared where there should be a copy."""
    for node in source.all(ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "copy" and not (node.args or node.keywords):
            yield source.replaced(node, source.text(node.func.value))


# --- text -------------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"(?<![\w{}.\\/'`<%])[a-z]{4,}(?![\w{}.(=/'`>!])")


@kind
def wording(source: Source) -> Iterator[Change]:
    """A word of a message, spelt backwards."""
    if source.file == "_signature_table.py":
        return
    for node in source.all(ast.Constant, ast.JoinedStr):
        text = source.text(node)
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            continue
        if _is_documentation(source, node) or len(text.split()) < 4:
            continue
        words = [word for word in _WORD.finditer(text) if _outside_braces(text[: word.start()])]
        if words:
            word = words[len(words) // 2]
            yield source.replaced(node, text[: word.start()] + word[0][::-1] + text[word.end() :])


@kind
def printing(source: Source) -> Iterator[Change]:
    """A number off by one where text is made: precision, width, threshold."""
    for node in source.all(ast.Constant):
        if source.file == "_repr.py" and type(node.value) is int:
            yield source.replaced(node, str(node.value + 1))


@kind
def error_class(source: Source) -> Iterator[Change]:
    """An exception of another class."""
    other = {"RuntimeError": "ValueError", "TypeError": "RuntimeError", "IndexError": "ValueError",
             "ValueError": "RuntimeError", "AttributeError": "RuntimeError"}  # fmt: skip
    for node in source.all(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in other:
            yield source.replaced(node.func, other[node.func.id])


@kind
def lost_refusal(source: Source) -> Iterator[Change]:
    """What should be refused is let through."""
    for node in source.all(ast.If):
        if len(node.body) == 1 and isinstance(node.body[0], ast.Raise):
            yield source.replaced(node.test, "False")


@kind
def lost_warning(source: Source) -> Iterator[Change]:
    """Nobody is warned."""
    for node in source.all(ast.Expr):
        if isinstance(node.value, ast.Call) and re.match(r"_?warn", _called(node.value)):
            yield source.replaced(node, "pass")


# --- programs ---------------------------------------------------------------------------------------------------------


@kind
def random_bit(source: Source) -> Iterator[Change]:
    """One bit of a number by which random numbers are made."""
    for node in source.all(ast.Constant):
        if _is_random(source) and type(node.value) is int:
            yield source.replaced(node, str(node.value ^ 1))


@kind
def default(source: Source) -> Iterator[Change]:
    """Another default of an argument."""
    for node in source.all(ast.FunctionDef):
        for value in (*node.args.defaults, *node.args.kw_defaults):
            if isinstance(value, ast.Constant) and isinstance(value.value, bool | int | float):
                other = not value.value if isinstance(value.value, bool) else value.value + 1
                yield source.replaced(value, repr(other))


@kind
def boundary(source: Source) -> Iterator[Change]:
    """``<`` for ``<=``, ``>`` for ``>=`` and the other way round."""
    others: dict[type, tuple[str, str]] = {
        ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    }  # fmt: skip
    for node in source.all(ast.Compare):
        for left, operation, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            if signs := others.get(type(operation)):
                yield Change(*source.operator(left, signs[0], right), signs[1])


@kind
def condition(source: Source) -> Iterator[Change]:
    """A condition the other way round."""
    for node in source.all(ast.If, ast.IfExp):
        yield source.replaced(node.test, f"not ({source.text(node.test)})")


@kind
def connective(source: Source) -> Iterator[Change]:
    """``and`` for ``or`` and the other way round."""
    for node in source.all(ast.BoolOp):
        words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield Change(*source.operator(left, words[0], right), words[1])


@kind
def lost_call(source: Source) -> Iterator[Change]:
    """A statement that calls something is left out."""
    for node in source.all(ast.Expr):
        inside = any(isinstance(around, ast.FunctionDef) for around in source.around(node))
        if isinstance(node.value, ast.Call) and inside:
            yield source.replaced(node, "pass")


# --- what the tree says -----------------------------------------------------------------------------------------------


def _is_sequence(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_sequence(node.left) or _is_sequence(node.right)
    texts = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return texts or isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp)


def _is_formula(source: Source, node: ast.AST) -> bool:
    """Whether it is in a derivative: in a function whose first parameter is ``xp``."""
    functions = [around for around in source.around(node) if isinstance(around, ast.Lambda | ast.FunctionDef)]
    return any([argument.arg for argument in function.args.args[:1]] == ["xp"] for function in functions)


def _counts(source: Source, node: ast.AST) -> bool:
    """Whether an integer is an axis, in a slice or index, or an argument of ``range``."""
    for around in source.around(node):
        if isinstance(around, ast.keyword):
            return around.arg == "axis"
        if isinstance(around, ast.Call):
            return _called(around) == "range"
        if isinstance(around, ast.Subscript):
            return isinstance(around.ctx, ast.Load) and around.value is not node
        if not isinstance(around, ast.Slice | ast.UnaryOp):
            return False
    return False


def _is_random(source: Source) -> bool:
    return source.file in ("_random.py", "_samplers.py")


def _is_documentation(source: Source, node: ast.AST) -> bool:
    (parent, *_) = source.around(node)
    says = isinstance(parent, ast.keyword) and parent.arg == "says"
    return says or isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue)


def _outside_braces(before: str) -> bool:
    return before.count("{") == before.count("}")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
