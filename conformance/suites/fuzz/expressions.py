"""Expressions of random programs: new tensors, views, and what is computed from tensors.

A view or operator is added by one row of a table here. Each row begins with the name that an implementation must have
for it ("Tensor.relu"; "" if any has it). Tables begin with what is simplest, because shrinking goes there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple

from conformance.suites.fuzz.state import Choices, Shape, State, Value, broadcast, fits_into, promoted

SHAPES: tuple[Shape, ...] = ((), (2,), (3,), (2, 2), (2, 3), (1, 3), (3, 1), (3, 2), (2, 1, 3), (2, 2, 2), (1,), (0,))
_CREATED: tuple[str, ...] = (
    ("float32",) * 15 + ("float64",) * 4 + ("complex64",) * 3 + ("int64", "int64", "bool", "float16")
)
_CREATED += ("complex128", "uint8", "int32", "int8", "int16")
NUMBERS = ("2", "-1", "0.5", "3", "0", "1.5", "-2", "4")
_POOL = ("1.", "2.", "-3.", "0.5", "4.", "-1.", "1.5", "-2.", "0.", "3.", "-0.5", "8.")


class Op(NamedTuple):
    """A row: what must be offered, and the text with places for {x}, {y}, {s} (a number), {d} (a dimension)."""

    needs: str
    text: str


# --- new tensors ------------------------------------------------------------------------------------------------------


def literal(shape: Shape, dtype: str, start: int) -> str:
    """Nested lists of small numbers, which arithmetic keeps exact for long."""
    if not shape:
        number = _POOL[start % len(_POOL)]
        if dtype.startswith("complex"):
            return f"{number.removesuffix('.')}+{start % 3}j"
        if dtype == "bool":
            return str(start % 3 != 1)
        whole = int(float(number))
        return number if dtype.startswith("float") else str(abs(whole) if dtype == "uint8" else whole)
    step = prod(shape[1:])
    return f"[{', '.join(literal(shape[1:], dtype, start + place * step) for place in range(shape[0]))}]"


def creation(state: State, choose: Choices) -> Value:
    """A new leaf."""
    wanted = choose.below(4) != 3
    shape = choose.pick(SHAPES)
    dtype = choose.pick(_CREATED)
    requires = wanted and dtype.startswith(("float", "complex")) and not state.inferring
    extra = [f"dtype=torch.{dtype}"] if dtype not in ("float32", "int64", "bool") else []
    extra += ["requires_grad=True"] if requires else []
    sizes = ", ".join(map(str, shape)) if shape else "()"
    how = choose.below(8)
    if how == 5 and dtype.startswith("float"):
        name = choose.pick(("ones", "zeros", "rand", "randn"))
        text = f"torch.{name}({', '.join([sizes, *extra])})"
    else:
        text = f"torch.tensor({', '.join([literal(shape, dtype, choose.below(12)), *extra])})"
    return Value(text, shape, dtype, requires)


def constant(shape: Shape, dtype: str, choose: Choices) -> str:
    """A tensor without gradient, for what an operation needs beside its operand."""
    if choose.below(3) == 2:
        extra = [f"dtype=torch.{dtype}"] if dtype not in ("float32", "int64", "bool") else []
        return f"torch.tensor({', '.join([literal(shape, dtype, choose.below(12)), *extra])})"
    extra = [f"dtype=torch.{dtype}"] if dtype != "float32" else []
    return f"torch.ones({', '.join([', '.join(map(str, shape)) if shape else '()', *extra])})"


# --- views ------------------------------------------------------------------------------------------------------------


def _index(x: Value, choose: Choices) -> tuple[str, Shape] | None:
    if not x.shape:
        return choose.pick((("[...]", x.shape), ("[None]", (1,)), ("[()]", x.shape)))
    first, rest = x.shape[0], x.shape[1:]
    options: list[tuple[str, Shape]] = []
    if first:
        options += [("[0]", rest), ("[-1]", rest)]
    options += [
        ("[:1]", (min(first, 1), *rest)),
        ("[1:]", (max(first - 1, 0), *rest)),
        ("[::2]", (-(-first // 2), *rest)),
    ]
    options += [("[...]", x.shape), ("[:]", x.shape), ("[None]", (1, *x.shape))]
    if rest and rest[0]:
        options += [("[:, 0]", (first, *rest[1:])), ("[:, :1]", (first, 1, *rest[1:]))]
        options += [("[..., 1:]", (*x.shape[:-1], max(x.shape[-1] - 1, 0)))]
    return choose.pick(options)


def _permuted(x: Value, choose: Choices, name: str) -> tuple[str, Shape] | None:
    if len(x.shape) < 2:
        return None
    if name == "permute":
        turned = choose.below(len(x.shape) - 1) + 1
        order = [(place + turned) % len(x.shape) for place in range(len(x.shape))]
        return f".permute({', '.join(map(str, order))})", tuple(x.shape[place] for place in order)
    shape = list(x.shape)
    shape[0], shape[-1] = shape[-1], shape[0]
    return f".{name}(0, -1)", tuple(shape)


def _flat(x: Value, choose: Choices, name: str) -> tuple[str, Shape] | None:
    size = prod(x.shape)
    if not size:
        return None
    options: list[tuple[str, Shape]] = [("(-1)", (size,)), ("(1, -1)", (1, size)), ("(-1, 1)", (size, 1))]
    if size % 2 == 0:
        options.append(("(2, -1)", (2, size // 2)))
    sizes, shape = choose.pick(options)
    return f".{name}{sizes}", shape


def _expanded(x: Value, choose: Choices) -> tuple[str, Shape]:
    shape = tuple(2 if size == 1 else size for size in x.shape)
    if not x.shape or choose.below(2):
        shape = (2, *shape)
    return f".expand({', '.join(map(str, shape))})", shape


def _dimension(x: Value, choose: Choices, name: str) -> tuple[str, Shape] | None:
    places = [place for place, size in enumerate(x.shape) if size]
    if not places:
        return None
    place = choose.pick(places)
    before, size, after = x.shape[:place], x.shape[place], x.shape[place + 1 :]
    index = choose.below(size)
    if name == "select":
        return f".select({place}, {index})", (*before, *after)
    if name == "narrow":
        length = choose.below(size - index) + 1
        return f".narrow({place}, {index}, {length})", (*before, length, *after)
    if name == "unbind":
        return f".unbind({place})[{index}]", (*before, *after)
    if name == "unfold":
        return f".unfold({place}, 1, 1)", (*before, size, *after, 1)
    return f".split(1, {place})[{index}]", (*before, 1, *after)


def _squeezed(x: Value, choose: Choices) -> tuple[str, Shape]:
    if 1 in x.shape and choose.below(2):
        place = x.shape.index(1)
        return f".squeeze({place})", x.shape[:place] + x.shape[place + 1 :]
    return ".squeeze()", tuple(size for size in x.shape if size != 1)


def _unsqueezed(x: Value, choose: Choices) -> tuple[str, Shape]:
    place = choose.below(len(x.shape) + 1)
    return f".unsqueeze({place})", (*x.shape[:place], 1, *x.shape[place:])


def _diagonal(x: Value, choose: Choices) -> tuple[str, Shape] | None:
    return (".diagonal()", (*x.shape[2:], min(x.shape[:2]))) if len(x.shape) >= 2 else None


def _strided(x: Value, choose: Choices) -> tuple[str, Shape] | None:
    size = prod(x.shape)
    return (f".as_strided(({size // 2},), (2,))", (size // 2,)) if size >= 2 else None


def _part(x: Value, choose: Choices, name: str) -> tuple[str, Shape] | None:
    return (f".{name}", x.shape) if x.dtype.startswith("complex") else None


_View = Callable[[Value, Choices], "tuple[str, Shape] | None"]
VIEWS: tuple[tuple[str, _View], ...] = (
    ("Tensor.__getitem__", _index),
    ("Tensor.view", lambda x, choose: _flat(x, choose, "view")),
    ("Tensor.t", lambda x, choose: (".t()", x.shape[::-1]) if len(x.shape) <= 2 else None),
    ("Tensor.__getitem__", _index),
    ("Tensor.select", lambda x, choose: _dimension(x, choose, "select")),
    ("Tensor.narrow", lambda x, choose: _dimension(x, choose, "narrow")),
    ("Tensor.transpose", lambda x, choose: _permuted(x, choose, "transpose")),
    ("Tensor.permute", lambda x, choose: _permuted(x, choose, "permute")),
    ("Tensor.reshape", lambda x, choose: _flat(x, choose, "reshape")),
    ("Tensor.expand", _expanded),
    ("Tensor.unsqueeze", _unsqueezed),
    ("Tensor.squeeze", _squeezed),
    ("Tensor.unbind", lambda x, choose: _dimension(x, choose, "unbind")),
    ("Tensor.split", lambda x, choose: _dimension(x, choose, "split")),
    ("Tensor.diagonal", _diagonal),
    ("Tensor.unfold", lambda x, choose: _dimension(x, choose, "unfold")),
    ("Tensor.as_strided", _strided),
    ("Tensor.view_as", lambda x, choose: (f".view_as({x.text})", x.shape)),
    ("Tensor.flatten", lambda x, choose: (".flatten()", (prod(x.shape),))),
    ("Tensor.detach", lambda x, choose: (".detach()", x.shape)),
    ("Tensor.data", lambda x, choose: (".data", x.shape)),
    ("Tensor.real", lambda x, choose: _part(x, choose, "real")),
    ("Tensor.imag", lambda x, choose: _part(x, choose, "imag")),
    ("Tensor.contiguous", lambda x, choose: (".contiguous()", x.shape)),
)  # fmt: skip


def view(x: Value, state: State, choose: Choices) -> Value:
    """A view of ``x``; ``x`` itself if the one chosen does not apply."""
    needs, make = choose.pick(VIEWS)
    made = make(x, choose) if state.offers(needs) else None
    if made is None:
        return x
    text, shape = made
    if text in (".detach()", ".data") and x.memory in state.frozen:
        return x
    state.lent.add(x.memory)
    state.half |= x.requires and not state.recording
    cut = text in (".detach()", ".data")
    dtype = {"complex64": "float32", "complex128": "float64"}[x.dtype] if text in (".real", ".imag") else x.dtype
    return Value(x.text + text, shape, dtype, x.requires and not cut, x.leaf and not x.requires, memory=x.memory)


# --- operands ---------------------------------------------------------------------------------------------------------


def operand(state: State, choose: Choices, fits: Callable[[Value], bool] = lambda value: True) -> Value:
    """A tensor that fits, if there is one: mostly a name, now and then a view of it or its gradient."""
    options = state.values(fits) or state.values()
    if not choose.once_in(6):
        options = [value for value in options if value.sure] or options
    x = choose.pick(options)
    kind = choose.below(16)
    if kind >= 14:
        return view(x, state, choose)
    if kind == 13 and x.has_grad and x.whole:
        return Value(f"{x.text}.grad", x.shape, x.dtype, memory="of a gradient")
    return x


# --- computed ---------------------------------------------------------------------------------------------------------

UNARY = (
    Op("", "{x} * {s}"),
    Op("", "{x} + {s}"),
    Op("Tensor.clone", "{x}.clone()"),
    Op("", "-{x}"),
    Op("", "{s} - {x}"),
    Op("", "{x} ** 2"),
    Op("", "{x} / {s}"),
    Op("Tensor.relu", "{x}.relu()"),
    Op("Tensor.exp", "{x}.exp()"),
    Op("Tensor.sigmoid", "torch.sigmoid({x})"),
    Op("Tensor.abs", "{x}.abs()"),
    Op("Tensor.clamp", "{x}.clamp(min={s})"),
    Op("", "{s} / {x}"),
    Op("Tensor.double", "{x}.double()"),
    Op("Tensor.float", "{x}.float()"),
    Op("Tensor.sqrt", "{x}.sqrt()"),
    Op("Tensor.masked_fill", "{x}.masked_fill({x} > 0, {s})"),
    Op("Tensor.cumsum", "{x}.cumsum({d})"),
    Op("Tensor.softmax", "{x}.softmax({d})"),
    Op("Tensor.tanh", "{x}.tanh()"),
    Op("Tensor.sin", "{x}.sin()"),
    Op("Tensor.reciprocal", "{x}.reciprocal()"),
    Op("Tensor.tril", "{x}.tril()"),
    Op("Tensor.index_select", "{x}.index_select({d}, torch.tensor([0, 0]))"),
    Op("Tensor.sgn", "{x}.sgn()"),
    Op("Tensor.square", "{x}.square()"),
    Op("Tensor.log", "{x}.log()"),
    Op("Tensor.flip", "{x}.flip({d})"),
    Op("Tensor.conj", "{x}.conj()"),
    Op("", "abs({x})"),
    Op("Tensor.__floordiv__", "{x} // {s}"),
    Op("Tensor.__mod__", "{x} % {s}"),
    Op("", "{s} ** {x}"),
    Op("Tensor.__invert__", "~{x}"),
    Op("", "{x} > {s}"),
    Op("", "{x} == {s}"),
    Op("Tensor.__lshift__", "{x} << 1"),
    Op("Tensor.__rfloordiv__", "{s} // {x}"),
    Op("Tensor.__rmod__", "{s} % {x}"),
    Op("Tensor.__and__", "{x} & 3"),
    Op("Tensor.__rshift__", "{x} >> 1"),
    Op("Tensor.T", "{x}.T"),
    Op("Tensor.mT", "{x}.mT"),
    Op("Tensor.H", "{x}.H"),
)  # fmt: skip

REDUCTIONS = (
    Op("Tensor.sum", "{x}.sum()"),
    Op("Tensor.mean", "{x}.mean()"),
    Op("Tensor.sum", "{x}.sum({d})"),
    Op("Tensor.sum", "{x}.sum({d}, keepdim=True)"),
    Op("Tensor.prod", "{x}.prod()"),
    Op("Tensor.max", "{x}.max()"),
    Op("Tensor.amax", "{x}.amax({d})"),
    Op("Tensor.norm", "{x}.norm()"),
    Op("Tensor.mean", "{x}.mean({d}, keepdim=True)"),
    Op("Tensor.min", "{x}.min({d})[0]"),
    Op("Tensor.var", "{x}.var({d})"),
)  # fmt: skip

BINARY = (
    Op("", "{x} * {y}"),
    Op("", "{x} + {y}"),
    Op("", "{x} - {y}"),
    Op("", "{x} / {y}"),
    Op("mul", "torch.mul({x}, {y})"),
    Op("Tensor.add", "{x}.add({y}, alpha=2)"),
    Op("where", "torch.where({x} > {y}, {x}, {y})"),
    Op("maximum", "torch.maximum({x}, {y})"),
    Op("Tensor.sub", "{x}.sub({y})"),
    Op("addcmul", "torch.addcmul({x}, {x}, {y})"),
    Op("lerp", "torch.lerp({x}, {y}, 0.5)"),
    Op("", "{x} < {y}"),
    Op("", "{x} == {y}"),
    Op("Tensor.__floordiv__", "{x} // {y}"),
    Op("Tensor.__mod__", "{x} % {y}"),
    Op("", "{x} ** {y}"),
    Op("Tensor.__and__", "{x} & {y}"),
    Op("Tensor.__or__", "{x} | {y}"),
    Op("Tensor.__xor__", "{x} ^ {y}"),
    Op("", "{x} != {y}"),
    Op("", "{x} >= {y}"),
    Op("Tensor.__lshift__", "{x} << {y}"),
)  # fmt: skip

_COMPARISONS = ("<", "==", "!=", ">=")

# Operators whose results PyTorch may round otherwise than the mathematics says; "tolerance" is about them.
INEXACT = (
    "sqrt",
    "exp",
    "sigmoid",
    "tanh",
    "sin",
    "log",
    "softmax",
    "norm",
    "randn",
    "var",
    "cos",
    "std",
    "prod",
    "max",
    "min",
    "amax",
    "pow",
    "sgn",
    "softplus",
    "logsigmoid",
    "log_softmax",
    "cross_entropy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "nll_loss",
    "expm1",
    "exp2",
    "log1p",
    "log2",
    "log10",
    "rsqrt",
    "exp_",
    "logspace",
    "linspace",
    "normal",
    "exponential",
    "randn_like",
)


def _is_misuse(text: str, x: Value) -> bool:
    """Whether the dtype of ``x`` is one that the operator refuses."""
    if any(sign in text for sign in (" & ", " | ", " ^ ", "~", " << ", " >> ")):
        return x.differentiable
    ordered = any(
        sign in text for sign in (" < ", " > ", " >= ", "//", "%", "clamp", "maximum", "amax", "max()", "min(")
    )
    if ordered and x.dtype.startswith("complex"):
        return True
    return x.dtype == "bool" and any(sign in text for sign in ("-", "//", "%"))


def unary(state: State, choose: Choices) -> Value:
    x = operand(state, choose)
    needs, text = choose.pick(UNARY)
    if not state.offers(needs) if needs else False:
        text = "{x} * {s}"
    if x.dtype.startswith("complex") and text.endswith((".log()", ".sqrt()")):
        text = "{x} * {s}"  # beside their cuts the last bit decides
    if _is_misuse(text, x) and not choose.once_in(8):
        text = "{x} * {s}"
    places = _places(x, choose)
    dtype = x.dtype
    if ".double" in text or ".float" in text:
        wide = x.dtype.startswith("complex")
        dtype = x.dtype if wide else "float64" if ".double" in text else "float32"
    elif not x.differentiable and ("/" in text or "." in places["s"] or text.endswith((".exp()", "sigmoid({x})"))):
        dtype = "float32"
    if " > " in text or " == " in text:
        dtype = "bool"
    shape = x.shape
    if text.endswith(("T", "H")):
        shape = shape[::-1]
    if "index_select" in text and shape:
        shape = tuple(2 if place == int(places["d"]) else size for place, size in enumerate(shape))
    return Value(text.format(x=_bracketed(x.text, text), **places), shape, dtype, x.requires, not x.requires)


def reduction(state: State, choose: Choices, x: Value | None = None) -> Value:
    x = x or operand(state, choose)
    needs, text = choose.pick(REDUCTIONS)
    if not state.offers(needs) or (
        (_is_misuse(text, x) or ("m" in text[4:6] and not x.differentiable)) and not choose.once_in(8)
    ):
        text = "{x}.sum()"
    places = _places(x, choose)
    shape: Shape = ()
    if "{d}" in text:
        place = int(places["d"])
        kept = (1,) if "keepdim" in text and x.shape else ()
        shape = (*x.shape[:place], *kept, *x.shape[place + 1 :])
    dtype = "int64" if not x.differentiable and "m" not in text.partition(".")[2][:2] else x.dtype
    return Value(text.format(x=x.text, **places), shape, dtype, x.requires, not x.requires)


def binary(state: State, choose: Choices) -> Value:
    x = operand(state, choose)
    if len(x.shape) == 2 and choose.once_in(4):
        return product(x, state, choose)
    y = operand(state, choose, lambda value: broadcast(x.shape, value.shape) is not None)
    if choose.once_in(8):
        return joined(x, state, choose)
    needs, text = choose.pick(BINARY)
    if (needs and not state.offers(needs)) or ((_is_misuse(text, x) or _is_misuse(text, y)) and not choose.once_in(8)):
        text = "{x} * {y}"
    shape = broadcast(x.shape, y.shape)
    requires = x.requires or y.requires
    dtype = "bool" if any(f" {it} " in text for it in _COMPARISONS) else promoted(x.dtype, y.dtype)
    text = text.format(x=x.text, y=y.text)
    return Value(text, x.shape if shape is None else shape, dtype, requires, not requires)


def product(x: Value, state: State, choose: Choices) -> Value:
    """A matrix product, with a matrix or vector that fits, or with the own transpose."""
    others = state.values(lambda value: bool(value.shape) and len(value.shape) <= 2 and value.shape[0] == x.shape[1])
    y = choose.pick(others) if others else Value(f"{x.text}.t()", x.shape[::-1], x.dtype, x.requires)
    requires = x.requires or y.requires
    shape = (x.shape[0], *y.shape[1:])
    return Value(f"{x.text} @ {y.text}", shape, promoted(x.dtype, y.dtype), requires, not requires)


def joined(x: Value, state: State, choose: Choices) -> Value:
    """``cat`` or ``stack`` with a tensor of the same shape."""
    y = operand(state, choose, lambda value: value.shape == x.shape)
    requires = x.requires or y.requires
    if choose.below(2) and x.shape:
        return Value(
            f"torch.cat([{x.text}, {y.text}])", (2 * x.shape[0], *x.shape[1:]), x.dtype, requires, not requires
        )
    return Value(f"torch.stack([{x.text}, {y.text}])", (2, *x.shape), x.dtype, requires, not requires)


def scalar(state: State, choose: Choices) -> Value:
    """Something of one element that a backward pass can begin at, most often."""
    x = operand(state, choose, lambda value: value.requires and not value.leaf)
    if x.dtype.startswith("complex") and not choose.once_in(8):
        x = replace(x, text=f"{x.text}.abs()", dtype="float32")
    if not x.shape:
        return x
    if choose.below(3) == 2:
        squared = Value(f"({x.text} * {x.text})", x.shape, x.dtype, x.requires, x.leaf)
        return reduction(state, choose, squared)
    return Value(f"{x.text}.sum()", (), x.dtype, x.requires, x.leaf)


def written(target: Value, state: State, choose: Choices) -> Value:
    """What can be written into ``target``: a number, or a tensor whose shape fits into it.

    Not one that shares its memory: what such a write does depends on the order in which elements are written.
    """
    if choose.below(3) == 0:
        return Value(choose.pick(NUMBERS), (), "int64")
    x = operand(state, choose, lambda value: fits_into(value.shape, target.shape))
    shared = x.memory == target.memory
    return replace(x, text=f"{x.text}.clone()", memory="") if shared else x


def _places(x: Value, choose: Choices) -> dict[str, str]:
    return {"s": choose.pick(NUMBERS), "d": str(choose.below(len(x.shape) or 1))}


def _bracketed(text: str, pattern: str) -> str:
    return f"({text})" if " " in text and "(" not in pattern else text


def expression(state: State, choose: Choices) -> Value:
    """Something computed from the tensors there are."""
    makers: Sequence[Callable[[State, Choices], Value]] = (unary, binary, binary, unary, reduction)
    return choose.pick(makers)(state, choose)
