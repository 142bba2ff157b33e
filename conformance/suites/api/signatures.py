"""How PyTorch's functions may be called, and whether a look-alike's may be called so.

Where Python can tell a signature, the parameters of both sides are compared. PyTorch's compiled functions have stubs
(``torch/_C/*.pyi``, made of its schemas): both sides are called in each way that these state, with arguments of those
types; what PyTorch's parser takes, the look-alike has to take. Where there is only a docstring whose first line shows
a call, the names in it have to be parameters.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from conformance.suites.docstrings.finding import lookup

# Namespaces with compiled functions: the file of their stubs and the class in it, if it is one.
_STUBS = {
    "torch": ("_VariableFunctions.pyi", ""),
    "torch.Tensor": ("__init__.pyi", "TensorBase"),
    "torch.nn.functional": ("_nn.pyi", ""),
}
_NOTHING = inspect.Parameter.empty
_ANYTHING = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
_ELSEWHERE = "Could not run 'aten::"  # what PyTorch offers on other devices only
_LEFT_OUT = ("names", "dimnames")  # of the overloads for named tensors
_SHOWN = re.compile(r"\s*(?:[\w.]+\.)?(\w+)\((.*?)\)\s*(?:->|\n|$)", re.DOTALL)


class Judgement(NamedTuple):
    """``source`` says where the signature stands, empty if nowhere; ``difference`` is empty if there is none."""

    source: str
    difference: str


def judge(namespace: str, name: str, subject: ModuleType, ours: Any, theirs: Any) -> Judgement:
    if not callable(theirs):
        return Judgement("", "a function, not an attribute" if callable(ours) and inspect.isroutine(ours) else "")
    if not callable(ours):
        return Judgement("", "an attribute, not a function")
    first = int(isinstance(lookup(namespace), type))  # a method's own tensor has whatever name
    mine, told = _told_by_python(ours, first), _told_by_python(theirs, first)
    if told is not None:
        return Judgement("", "") if mine is None else Judgement("signature", _parameters_difference(mine, told))
    if overloads := _stubs(namespace).get(name):
        return _called(name, subject, overloads, ours, theirs)
    if (shown := _shown(theirs)) is not None and mine is not None:
        return Judgement("docstring", _names_difference(mine, shown))
    return Judgement("", "")


# --- parameters -------------------------------------------------------------------------------------------------------


def _told_by_python(function: Any, first: int) -> Signature | None:
    """Without so many first parameters. None where Python does not know it, or says that anything is taken."""
    if isinstance(function, type) and not isinstance(vars(function).get("__init__"), FunctionType):
        return None
    try:
        told = inspect.signature(function)
    except (ValueError, TypeError):
        return None
    if {it.kind for it in told.parameters.values()} == _ANYTHING:
        return None
    return told.replace(parameters=list(told.parameters.values())[first:])


def _parameters_difference(ours: Signature, theirs: Signature) -> str:
    """What the look-alike has in addition is no matter, as long as it may be left out."""
    mine = list(ours.parameters.values())
    any_name = any(it.kind is Parameter.VAR_KEYWORD for it in mine)
    for place, wanted in enumerate(theirs.parameters.values()):
        if wanted.kind is Parameter.POSITIONAL_ONLY:
            if place >= len(mine) or mine[place].kind is Parameter.KEYWORD_ONLY:
                return f"no parameter {wanted} by place"
            continue
        found = ours.parameters.get(wanted.name)
        if found is None:
            if wanted.kind not in _ANYTHING and any_name and wanted.kind is Parameter.KEYWORD_ONLY:
                continue
            return f"no parameter {wanted}"
        if found.kind is not wanted.kind:
            return f"{found.name} is {_kind(found)}, not {_kind(wanted)}"
        if wanted.kind is Parameter.POSITIONAL_OR_KEYWORD and mine.index(found) != place:
            return f"{found.name} is number {mine.index(found) + 1}, not {place + 1}"
        if _default(found) != _default(wanted):
            return f"{found.name} has {_default(found)}, not {_default(wanted)}"
    unnamed = sum(it.kind is Parameter.POSITIONAL_ONLY for it in theirs.parameters.values())
    extra = [it for it in mine[unnamed:] if it.name not in theirs.parameters and it.kind not in _ANYTHING]
    needed = next((it.name for it in extra if it.default is _NOTHING), "")
    return f"{needed} is needed" if needed else ""


def _kind(parameter: Parameter) -> str:
    return str(parameter.kind.description)


def _default(parameter: Parameter) -> str:
    if parameter.default is _NOTHING:
        return "no default"
    return "the default " + re.sub(r" at 0x\w+|shimtorch", "", repr(parameter.default))


def _shown(function: Any) -> list[str] | None:
    """The names in the call that a docstring begins with."""
    called = _SHOWN.match(inspect.getdoc(function) or "")
    if called is None or called[1] != getattr(function, "__name__", ""):
        return None
    try:
        parsed = ast.parse(f"def shown({called[2]}): ...").body[0]
    except SyntaxError:
        return None
    assert isinstance(parsed, ast.FunctionDef)
    return [it.arg for it in (*parsed.args.posonlyargs, *parsed.args.args, *parsed.args.kwonlyargs)]


def _names_difference(ours: Signature, names: list[str]) -> str:
    if any(it.kind is Parameter.VAR_KEYWORD for it in ours.parameters.values()):
        return ""
    missing = [name for name in names if name not in (*ours.parameters, "out", "self")]
    return f"no parameter {missing[0]}" if missing else ""


# --- calls ------------------------------------------------------------------------------------------------------------


class _Argument(NamedTuple):
    name: str
    type: str
    optional: bool
    keyword: bool
    spread: bool  # *size


@cache
def _stubs(namespace: str) -> dict[str, list[tuple[_Argument, ...]]]:
    """By name the overloads."""
    import torch

    file, inside = _STUBS.get(namespace, ("", ""))
    found: dict[str, list[tuple[_Argument, ...]]] = {}
    if not file:
        return found
    body = ast.parse((Path(torch.__file__).parent / "_C" / file).read_text(encoding="utf-8")).body
    if inside:
        body = next(it.body for it in body if isinstance(it, ast.ClassDef) and it.name == inside)
    for it in body:
        if isinstance(it, ast.FunctionDef) and not any(_is_property(mark) for mark in it.decorator_list):
            found.setdefault(it.name, []).append(tuple(_arguments(it.args)))
    return found


def _is_property(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Name) and mark.id in ("property", "staticmethod", "classmethod")


def _arguments(told: ast.arguments) -> Iterator[_Argument]:
    plain = [*told.posonlyargs, *told.args]
    needed = len(plain) - len(told.defaults)
    for place, it in enumerate(plain):
        yield _Argument(it.arg, _type(it), place >= needed, False, False)
    if told.vararg is not None:
        yield _Argument(told.vararg.arg, _type(told.vararg), False, False, True)
    for it, default in zip(told.kwonlyargs, told.kw_defaults, strict=True):
        yield _Argument(it.arg, _type(it), default is not None, True, False)


def _type(argument: ast.arg) -> str:
    return "" if argument.annotation is None else ast.unparse(argument.annotation)


_VALUES: dict[str, Callable[[Any], Any]] = {
    "Tensor": lambda module: module.ones([2, 2]),
    "_bool": lambda module: False,
    "bool": lambda module: False,
    "_int": lambda module: 1,
    "int": lambda module: 1,
    "_float": lambda module: 0.5,
    "float": lambda module: 0.5,
    "Number": lambda module: 1,
    "_size": lambda module: [1, 0],
    "Sequence[_int | SymInt]": lambda module: [2, 2],
    "_dtype": lambda module: module.float64,
    "_layout": lambda module: module.strided,
    "DeviceLikeType": lambda module: "cpu",
    "Generator": lambda module: module.Generator(),
    "memory_format": lambda module: module.contiguous_format,
    "torch.memory_format": lambda module: module.contiguous_format,
    "tuple[Tensor, ...]": lambda module: (module.ones([2, 2]), module.ones([2, 2])),
    "str": lambda module: "trunc",
    "Any": lambda module: 1,
}


def _called(
    name: str, subject: ModuleType, overloads: list[tuple[_Argument, ...]], ours: Any, theirs: Any
) -> Judgement:
    import torch

    source = ""
    for overload in overloads:
        for call in _calls(overload):
            other = _problem(torch, theirs, call)
            if isinstance(other, TypeError) or str(other).startswith(_ELSEWHERE):
                continue
            source = "stub"
            mine = _problem(subject, ours, call)
            if mine is not None and type(mine) is not type(other):
                return Judgement(source, f"{_told(name, call)}: {type(mine).__name__}: {mine}".partition("\n")[0][:300])
    return Judgement(source, "")


_Call = list[tuple[_Argument, str]]


def _told(name: str, call: _Call) -> str:
    given = (f"{it.name}={it.type}" if how == "by name" else it.type or it.name for it, how in call)
    return f"{name}({', '.join(given)})"


def _calls(overload: tuple[_Argument, ...]) -> Iterator[_Call]:
    """What is needed alone; all by place that may be; and each by its name."""
    known = [it for it in overload if it.name == "self" or any(part in _VALUES for part in _parts(it.type))]
    if len([it for it in overload if not it.optional]) > len([it for it in known if not it.optional]):
        return
    if any(it.name in _LEFT_OUT for it in overload):
        return
    needed: _Call = [(it, "by name" if it.keyword else "by place") for it in known if not it.optional]
    yield needed
    yield [(it, "by place") for it in known if not it.keyword] + [it for it in needed if it[0].keyword]
    for one in known:
        if one.optional:
            yield [*needed, (one, "by name")]
    if not any(it.spread for it in known):
        yield [(it, "by place" if it.name == "self" else "by name") for it, _ in needed]


def _parts(annotation: str) -> list[str]:
    return [annotation, *annotation.split(" | ")]


def _problem(module: Any, function: Any, call: _Call) -> Exception | None:
    """What the function says against how it is called, or that it cannot do that; None if it took the arguments."""
    positional, named = [], {}
    for argument, how in call:
        kind = "Tensor" if argument.name == "self" else next(it for it in _parts(argument.type) if it in _VALUES)
        value = _VALUES[kind](module)
        if how == "by place":
            positional.append(value)
        else:
            named[argument.name] = value
    try:
        told = function(*positional, **named)
    except (TypeError, NotImplementedError) as error:
        return error
    except Exception:  # the values do not fit, but they were taken
        return None
    return TypeError("it returns NotImplemented") if told is NotImplemented else None
