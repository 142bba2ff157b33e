"""Calls of any operator that both sides offer, drawn from PyTorch's own schemas: no row is needed for an operator.

A schema says what types there are ("Tensor", "int[] dim", "Scalar"), names say what they mean. Mostly the arguments
fit; where they do not, both sides have to object in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from math import prod
from typing import Any, NamedTuple

from conformance.suites.fuzz.expressions import NUMBERS, operand
from conformance.suites.fuzz.state import DTYPES, Choices, Shape, State, Value, broadcast, fits_into, promoted

# What is drawn elsewhere under conditions of its own, or says nothing: memory that was never written, addresses.
_ELSEWHERE = frozenset(
    """detach detach_ data set_data requires_grad_ retain_grad retains_grad backward as_strided as_strided_ to set_
    resize_ resize_as_ empty empty_like empty_strided new_empty new_empty_strided is_pinned pin_memory record_stream
    einsum
    t_ transpose_ squeeze_ unsqueeze_ swapaxes_ swapdims_ seed manual_seed initial_seed output_nr sparse_mask
    item size stride is_set_to clone_ device requires_grad is_leaf""".split()
)
_REAL = frozenset("fmod remainder floor_divide clamp clip sigmoid softplus floor ceil round trunc".split())
_LEFT_OUT = frozenset(("layout", "device", "pin_memory", "memory_format", "generator", "names"))
_MASKS = frozenset(("mask", "condition"))
_INDICES = frozenset(("index", "indices"))
_DIMENSIONS = frozenset("""dim dims dim0 dim1 axis0 axis1 axis start_dim end_dim source destination""".split())
_SHAPES = frozenset(("size", "shape"))
_WORDS = {
    "rounding_mode": ("'floor'", "'trunc'", "None"),
    "side": ("'left'", "'right'"),
    "reduce": ("'add'", "'multiply'"),
}
_SMALL = ("1", "0", "2", "-1", "3")
_STRANGE = ("'a'", "None", "[1]", "5", "-7", "1.5", "True", "1j", "torch.float64")
_MORE_NUMBERS = (*NUMBERS, *NUMBERS, "True", "1j", "float('inf')", "float('nan')", "100", "-0.0")


class Parameter(NamedTuple):
    name: str
    type: str
    optional: bool  # it has a default
    keyword: bool  # and is given by name only


class Schema(NamedTuple):
    """One way to call an operator: as a method ("Tensor") or a function ("torch")."""

    form: str
    name: str
    parameters: tuple[Parameter, ...]
    returns: tuple[str, ...]
    views: bool  # whether the result shares memory with an argument

    @property
    def elementwise(self) -> bool:
        """Whether the shape of the result is that of the operands together."""
        return self.returns == ("Tensor",) and all(
            it.type in ("Tensor", "number", "Optional[number]", "Optional[Tensor]") or it.keyword
            for it in self.parameters
        )


@cache
def schemas() -> dict[str, tuple[Schema, ...]]:
    """By "Tensor.add" or "add" all that PyTorch says of it."""
    import torch

    found: dict[str, list[Schema]] = {}
    for told in torch._C._jit_get_all_schemas():
        space, _, name = told.name.partition("::")
        if space != "aten" or name.startswith("_") or name in _ELSEWHERE:
            continue
        parameters = tuple(_parameters(told))
        if any(it.type not in _ARGUMENTS and not it.optional for it in parameters) or not parameters:
            continue
        returns = tuple(str(it.type) for it in told.returns)
        if not any("Tensor" in kind for kind in (*returns, *(it.type for it in parameters))):
            continue
        views = "(a)" in str(told).partition("->")[2] or "(a -> *)" in str(told)
        if parameters[0].name == "self" and hasattr(torch.Tensor, name) and not _has_out(parameters):
            found.setdefault(f"Tensor.{name}", []).append(Schema("Tensor", name, parameters[1:], returns, views))
        if hasattr(torch, name):
            found.setdefault(name, []).append(Schema("torch", name, parameters, returns, views))
    return {name: tuple(found[name]) for name in sorted(found)}


def _parameters(told: Any) -> Iterator[Parameter]:
    for it in told.arguments:
        kind = str(it.type)
        if it.name == "dtype":
            kind = "dtype"
        if it.name not in _LEFT_OUT:
            yield Parameter(it.name, kind, it.has_default_value(), it.kwarg_only)


def _has_out(parameters: tuple[Parameter, ...]) -> bool:
    return any(it.name == "out" for it in parameters)


_offered: dict[int, tuple[Any, list[str]]] = {}


def _of(state: State) -> list[str]:
    """The names that can be drawn, looked up once for each look-alike."""
    if id(state.offers) not in _offered:
        _offered.clear()
        _offered[id(state.offers)] = state.offers, [name for name in schemas() if state.offers(name)]
    return _offered[id(state.offers)][1]


def call(state: State, choose: Choices) -> tuple[Schema, Value, Value | None] | None:
    """A call, what it is believed to give, and what it writes into."""
    names = _of(state)
    if not names:
        return None
    schema = choose.pick(schemas()[names[choose.below_many(len(names))]])
    in_place = schema.name.endswith("_") and schema.form == "Tensor"
    x = operand(state, choose, (lambda value: not (value.leaf and value.requires)) if in_place else _anything)
    given, tensors = _arguments(schema, x, state, choose)
    arguments = ", ".join(given)
    text = f"{x.text}.{schema.name}({arguments})" if schema.form == "Tensor" else f"torch.{schema.name}({arguments})"
    value = _result(schema, text, [x, *tensors] if schema.form == "Tensor" else tensors)
    if schema.views:
        state.lent.add(x.memory)
        state.half |= x.requires and not state.recording
    return schema, value, x if in_place else None


def _arguments(schema: Schema, x: Value, state: State, choose: Choices) -> tuple[list[str], list[Value]]:
    """The texts of the arguments, and the tensors among them."""
    given: list[str] = []
    tensors: list[Value] = []
    by_name = False
    first = schema.form == "torch"
    for parameter in schema.parameters:
        known = parameter.type in _ARGUMENTS
        if not known or (parameter.optional and choose.below(3 - parameter.keyword) == 0):
            by_name = True
            continue
        if parameter.name == "out":
            # Nothing else: where two things are wrong, it is PyTorch's own business which it objects to first.
            if any(it.requires for it in tensors) or choose.below(3):
                by_name = True
                continue
            value = Value(f"torch.zeros_like({x.text}.detach())", x.shape, x.dtype)
        elif parameter.type == "Tensor" and first:
            value = x
        elif parameter.type in ("Tensor", "Optional[Tensor]"):
            value = _tensor(parameter.name, schema.name, x, state, choose)
        else:
            value = Value(_ARGUMENTS[parameter.type](parameter.name, x, choose), ())
            if parameter.type == "List[Tensor]":
                tensors.append(x)
        if parameter.type in ("Tensor", "Optional[Tensor]"):
            tensors.append(value)
            first = False
        text = value.text if not choose.once_in(48) else choose.pick(_STRANGE)
        if parameter.keyword or by_name:
            if parameter.name in ("from", "self"):
                continue
            text = f"{parameter.name}={text}"
        given.append(text)
    return given, tensors


def _tensor(name: str, operator: str, x: Value, state: State, choose: Choices) -> Value:
    if name in _MASKS:
        y = operand(state, choose, lambda value: broadcast(x.shape, value.shape) is not None)
        return Value(f"({y.text} > 0)" if y.dtype[:3] != "com" else f"({y.text} == 1)", y.shape, "bool")
    if name in _INDICES:
        nested = operator.startswith(("gather", "scatter", "take_along"))
        shape: Shape = x.shape if nested else (2,)
        return Value(_index(shape, choose), shape, "int64")
    wanted = (lambda value: fits_into(value.shape, x.shape)) if choose.below(4) else _anything
    y = operand(state, choose, wanted)
    if y.memory == x.memory and operator.endswith("_"):
        return Value(f"{y.text}.clone()", y.shape, y.dtype, y.requires)
    return y


def _index(shape: Shape, choose: Choices) -> str:
    if not shape:
        return "torch.tensor(0)"
    how = choose.pick(("zeros", "zeros", "ones", "arange"))
    if how == "arange":
        return f"torch.arange({prod(shape)}).view({shape})"
    return f"torch.{how}({shape}, dtype=torch.int64)"


def _anything(value: Value) -> bool:
    return True


def _whole(name: str, x: Value, choose: Choices) -> str:
    if name in _DIMENSIONS:
        rank = max(1, len(x.shape))
        return str(choose.below(2 * rank) - rank if not choose.once_in(24) else rank)
    return choose.pick(_SMALL)


def _several(name: str, x: Value, choose: Choices) -> str:
    rank = len(x.shape)
    if name in _SHAPES:
        return choose.pick((str(x.shape), "(-1,)", str(x.shape[::-1]), "(2, 3)", "(3,)", str((2, *x.shape))))
    if name in _DIMENSIONS:
        chosen = choose.subset(range(rank)) if rank else []
        return choose.pick((str(list(range(rank))[::-1]), str(chosen), str(list(range(rank)))))
    if name in ("split_sizes", "split_size", "sections"):
        first = x.shape[0] if x.shape else 1
        return choose.pick((f"[1, {first - 1}]", f"[{first}]", "[1, 1]"))
    return choose.pick((str([1] * rank), str([2] * rank), "[2]", "[1, 2]"))


_Argument = Callable[[str, Value, Choices], str]
_ARGUMENTS: dict[str, _Argument] = {
    "Tensor": lambda name, x, choose: x.text,
    "Optional[Tensor]": lambda name, x, choose: x.text,
    "List[Tensor]": lambda name, x, choose: choose.pick((f"[{x.text}, {x.text}]", f"({x.text},)")),
    "int": _whole,
    "Optional[int]": lambda name, x, choose: _whole(name, x, choose) if choose.below(4) else "None",
    "number": lambda name, x, choose: choose.pick(_MORE_NUMBERS),
    "Optional[number]": lambda name, x, choose: choose.pick(_MORE_NUMBERS) if choose.below(4) else "None",
    "float": lambda name, x, choose: choose.pick(("0.5", "1.0", "0.25", "2.0", "1", "0.0")),
    "bool": lambda name, x, choose: choose.pick(("True", "False")),
    "Optional[bool]": lambda name, x, choose: choose.pick(("True", "False", "None")),
    "List[int]": _several,
    "Optional[List[int]]": lambda name, x, choose: _several(name, x, choose) if choose.below(4) else "None",
    "dtype": lambda name, x, choose: f"torch.{choose.pick(DTYPES)}",
    "str": lambda name, x, choose: choose.pick(_WORDS.get(name, ("'a'",))),
    "Optional[str]": lambda name, x, choose: choose.pick(_WORDS.get(name, ("None",))),
}


def _result(schema: Schema, text: str, tensors: list[Value]) -> Value:
    """What the call is believed to give: sure of it where elements are taken one by one."""
    requires = any(value.requires for value in tensors)
    shape: Shape | None = tensors[0].shape if tensors else ()
    for value in tensors[1:]:
        shape = None if shape is None else broadcast(shape, value.shape)
    dtype = promoted(*(value.dtype for value in tensors)) if tensors else "float32"
    if schema.name.startswith(("eq", "ne", "lt", "le", "gt", "ge", "is", "logical")):
        dtype = "bool"
    sure = schema.elementwise and shape is not None
    return Value(
        text, shape or (), dtype, requires, not requires, memory=tensors[0].memory if tensors else "", sure=sure
    )
