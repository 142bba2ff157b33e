"""The kinds of statements of random programs. Each writes one statement and notes what it does to the state.

A kind is added by a function under ``@kind(weight)``; it returns None where it has nothing to say. Kinds stand from the
simplest to the strangest, because shrinking goes that way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from textwrap import indent

from conformance.suites.fuzz.calls import call
from conformance.suites.fuzz.expressions import (
    NUMBERS,
    constant,
    creation,
    expression,
    operand,
    reduction,
    scalar,
    view,
    written,
)
from conformance.suites.fuzz.indices import index, value_for
from conformance.suites.fuzz.state import Choices, State, Value, broadcast

Kind = Callable[[State, Choices], "str | None"]
KINDS: list[Kind] = []  # each as often as its weight says


def kind(weight: int, *needs: str) -> Callable[[Kind], Kind]:
    """Take the function among the kinds, for implementations that offer what it needs."""

    def take(function: Kind) -> Kind:
        def write(state: State, choose: Choices) -> str | None:
            return function(state, choose) if all(map(state.offers, needs)) else None

        KINDS.extend([write] * weight)
        return function

    return take


def statement(state: State, choose: Choices) -> str:
    """The next statement of the program."""
    if not state.tensors:
        return create(state, choose)  # type: ignore[return-value]
    if state.narrow and choose.below(2):
        return call_any(state, choose) or "pass"
    return choose.pick(KINDS)(state, choose) or compute(state, choose) or "pass"


def _bound(state: State, choose: Choices, value: Value) -> str:
    """An assignment, mostly to a new name."""
    known = list(state.tensors)
    name = choose.pick(known) if len(known) > 1 and choose.once_in(12) else state.fresh()
    requires = value.requires and state.recording
    state.bind(name, replace(value, requires=requires, leaf=not requires))
    return f"{name} = {value.text}"


# --- tensors and views ------------------------------------------------------------------------------------------------


@kind(2)
def create(state: State, choose: Choices) -> str | None:
    value = creation(state, choose)
    name = state.fresh()
    state.bind(name, value)
    return f"{name} = {value.text}"


@kind(7)
def compute(state: State, choose: Choices) -> str | None:
    return _bound(state, choose, expression(state, choose))


@kind(6)
def look(state: State, choose: Choices) -> str | None:
    x = operand(state, choose)
    seen = view(view(x, state, choose) if choose.once_in(3) else x, state, choose)
    return _bound(state, choose, seen) if not seen.whole else None


@kind(4)
def index_by_tensors(state: State, choose: Choices) -> str | None:
    x = operand(state, choose)
    text, shape, sure = index(x, state, choose)
    return _bound(state, choose, Value(x.text + text, shape, x.dtype, x.requires, not x.requires, sure=sure))


@kind(2)
def take_apart(state: State, choose: Choices) -> str | None:
    """Several views at once, under a name each or under one together."""
    x = operand(state, choose, lambda value: bool(value.shape and value.shape[0]))
    if not x.shape or not 0 < x.shape[0] <= 3:
        return None
    how = choose.pick(("unbind(0)", "split(1)", "chunk(2)"))
    if not state.offers(f"Tensor.{how[: how.index('(')]}"):
        return None
    size = x.shape[0]
    shapes = {
        "unbind(0)": [x.shape[1:]] * size,
        "split(1)": [(1, *x.shape[1:])] * size,
        "chunk(2)": [((size + 1) // 2, *x.shape[1:]), (size // 2, *x.shape[1:])][: 1 if size == 1 else 2],
    }[how]
    requires = x.requires and state.recording
    state.lent.add(x.memory)
    names = [state.fresh() for _ in shapes]
    state.origins[names[0]] = state.behind(x.text)
    if choose.below(3) == 2:
        values = [
            Value(f"{names[0]}[{place}]", shape, x.dtype, requires, memory=x.memory)
            for place, shape in enumerate(shapes)
        ]
        state.tensors.pop(names[0], None)
        state.tuples[names[0]] = tuple(replace(value, leaf=not requires) for value in values)
        return f"{names[0]} = {x.text}.{how}"
    for name, shape in zip(names, shapes, strict=True):
        state.bind(name, Value(x.text, shape, x.dtype, requires, not requires, memory=x.memory))
    return f"{', '.join(names)}{',' if len(names) == 1 else ''} = {x.text}.{how}"


@kind(16)
def call_any(state: State, choose: Choices) -> str | None:
    """Whatever operator there is, by PyTorch's schemas."""
    made = call(state, choose)
    if made is None:
        return None
    schema, value, target = made
    if target is not None:
        if not target.differentiable and value.requires:
            return None  # see ``write``
        if value.requires and state.recording:
            state.change(target, requires=True, leaf=False)
        return value.text
    if schema.returns == ("Tensor",):
        return _bound(state, choose, value)
    if any("Tensor" in kind for kind in schema.returns):
        return f"{state.fresh()} = {value.text}"
    return f"print({value.text})"


# --- writes in place --------------------------------------------------------------------------------------------------

_WRITES = (
    ("mul_", "{t}.mul_({v})"),
    ("add_", "{t}.add_({v})"),
    ("", "{t}[...] = {v}"),
    ("__iadd__", "{t} += {v}"),
    ("__imul__", "{t} *= {v}"),
    ("sub_", "{t}.sub_({v})"),
    ("copy_", "{t}.copy_({w})"),
    ("zero_", "{t}.zero_()"),
    ("fill_", "{t}.fill_({s})"),
    ("", "{t}[0] = {v}"),
    ("div_", "{t}.div_({v})"),
    ("relu_", "{t}.relu_()"),
    ("exp_", "{t}.exp_()"),
    ("sigmoid_", "{t}.sigmoid_()"),
    ("masked_fill_", "{t}.masked_fill_({t} > 0, {s})"),
    ("neg_", "{t}.neg_()"),
    ("__isub__", "{t} -= {v}"),
    ("", "{t}[{t} > 0] = {s}"),
    ("clamp_", "{t}.clamp_(min={s})"),
    ("sqrt_", "{t}.sqrt_()"),
    ("add_", "{t}.add_({w}, alpha=2)"),
    ("pow_", "{t}.pow_(2)"),
    ("tanh_", "{t}.tanh_()"),
    ("abs_", "{t}.abs_()"),
    ("index_fill_", "{t}.index_fill_(0, torch.tensor([0]), {s})"),
    ("addcmul_", "{t}.addcmul_({w}, {w})"),
    ("t_", "{t}.t_()"),
    ("transpose_", "{t}.transpose_(0, -1)"),
    ("squeeze_", "{t}.squeeze_()"),
    ("unsqueeze_", "{t}.unsqueeze_(0)"),
    ("", "{t} /= {v}"),
    ("__ipow__", "{t} **= 2"),
    ("__ifloordiv__", "{t} //= {v}"),
    ("__imod__", "{t} %= {v}"),
    ("__iand__", "{t} &= {v}"),
    ("__ior__", "{t} |= {v}"),
    ("__ixor__", "{t} ^= {v}"),
    ("__ilshift__", "{t} <<= 1"),
    ("__irshift__", "{t} >>= 1"),
)  # fmt: skip


def _writable(value: Value) -> bool:
    return not (value.leaf and value.requires)


@kind(13)
def write(state: State, choose: Choices) -> str | None:
    if not state.values(_writable) and not choose.once_in(8):
        return None
    target = operand(state, choose, _writable)
    if choose.once_in(3):
        target = view(target, state, choose)
    needs, text = choose.pick(_WRITES)
    if needs and not state.offers(f"Tensor.{needs}"):
        needs, text = "mul_", "{t}.mul_({v})"
    if "{t} " in text and "=" in text and not target.whole and target.text.endswith(")"):
        needs, text = "add_", "{t}.add_({v})"  # nothing can be assigned to a call
    value = written(target, state, choose)
    tensor = value if value.text not in NUMBERS else Value(constant((), target.dtype, choose), (), target.dtype)
    if ("{v}" in text and value.requires) or ("{w}" in text and tensor.requires):
        state.change(target, requires=state.recording or target.requires, leaf=not state.recording and target.leaf)
    elif target.requires and state.recording:
        state.change(target, leaf=False)
    if not target.differentiable and value.requires:
        return None  # PyTorch lets a tensor of integers require gradients then, and fails later on
    _reshape(state, target, needs)
    return text.format(t=target.text, v=value.text, w=tensor.text, s=choose.pick(NUMBERS))


def _reshape(state: State, target: Value, needs: str) -> None:
    if needs in ("t_", "transpose_") and target.whole:
        shape = target.shape
        swapped = shape if len(shape) < 2 or (needs == "t_" and len(shape) > 2) else (shape[-1], *shape[1:-1], shape[0])
        state.change(target, shape=swapped)
    elif needs == "squeeze_" and target.whole:
        state.change(target, shape=tuple(size for size in target.shape if size != 1))
    elif needs == "unsqueeze_" and target.whole:
        state.change(target, shape=(1, *target.shape))


@kind(2)
def write_by_tensors(state: State, choose: Choices) -> str | None:
    x = operand(state, choose, _writable)
    text, _, _ = index(x, state, choose)
    return f"{x.text}{text} {choose.pick(('=', '=', '+=', '*='))} {value_for(x, choose)}"


# --- passes -----------------------------------------------------------------------------------------------------------


def _options(state: State, choose: Choices, *options: str) -> str:
    return "".join(f", {option}" for option in choose.subset(options))


def _leaves(state: State) -> list[Value]:
    return state.values(lambda value: value.leaf and value.requires) or state.values()


def _derived(value: Value) -> bool:
    return value.requires and not value.leaf


@kind(9, "Tensor.backward")
def pass_backward(state: State, choose: Choices) -> str | None:
    if not state.values(_derived) and not choose.once_in(8):
        return None
    options = _options(state, choose, "retain_graph=True", "create_graph=True", "inputs=")
    if "inputs=" in options:
        inputs = [choose.pick(state.values()).text for _ in range(choose.below(2) + 1)]
        options = options.replace("inputs=", f"inputs=[{', '.join(inputs)}]")
        for value in state.values(lambda value: value.text in inputs):
            state.change(value, has_grad=True)
    for name in [value.text for value in _leaves(state)]:
        if name in state.tensors:
            state.tensors[name] = replace(state.tensors[name], has_grad=True)
    if choose.below(3) != 2:
        return f"{scalar(state, choose).text}.backward({options[2:]})"
    x = operand(state, choose, _derived)
    if choose.once_in(4):
        y = scalar(state, choose)
        seed = constant(x.shape, x.dtype, choose)
        return f"torch.autograd.backward([{x.text}, {y.text}], [{seed}, None]{options})"
    if choose.once_in(3):
        y = operand(state, choose, lambda value: value.shape == x.shape and value.dtype == x.dtype)
        return f"{x.text}.backward({y.text}.detach().clone(){options})"
    return f"{x.text}.backward({constant(x.shape, x.dtype, choose)}{options})"


@kind(5, "autograd.grad")
def differentiate(state: State, choose: Choices) -> str | None:
    if not state.values(_derived) and not choose.once_in(8):
        return None
    create = choose.below(3) == 1
    options = ", create_graph=True" if create else ""
    options += _options(state, choose, "allow_unused=True", "retain_graph=True", "materialize_grads=True")
    of_several = choose.once_in(4)
    x = operand(state, choose, _derived) if of_several else scalar(state, choose)
    behind = state.behind(x.text)
    used = state.values(lambda value: value.requires and value.text in behind)
    inputs = [choose.pick(used if used and not choose.once_in(8) else state.values())]
    if choose.once_in(3):
        inputs.append(choose.pick(used if used and choose.below(2) else state.values()))
    names = [state.fresh() for _ in inputs]
    ones = f", {constant(x.shape, x.dtype, choose)}" if of_several else ""
    arguments = f"{x.text}, [{', '.join(value.text for value in inputs)}]{ones}{options}"
    for name, value in zip(names, inputs, strict=True):
        requires = create and value.requires
        state.bind(name, Value(x.text, value.shape, value.dtype, requires, not requires, False, "of a gradient", False))
    return f"{', '.join(names)}{',' if len(names) == 1 else ''} = torch.autograd.grad({arguments})"


@kind(3)
def handle_grad(state: State, choose: Choices) -> str | None:
    having = state.values(lambda value: value.has_grad)
    x = choose.pick(having or _leaves(state))
    how = choose.below(9) if having or choose.once_in(8) else choose.pick((0, 4, 5))
    if how in (0, 1):
        state.change(x, has_grad=False)
        return f"{x.text}.grad = None"
    if how == 2:
        return f"{x.text}.grad.zero_()"
    if how == 3:
        name = state.fresh()
        state.bind(name, Value(name, x.shape, x.dtype, memory="of a gradient"))
        return f"{name} = {x.text}.grad"
    if how == 4:
        return f"{x.text}.grad = {constant(x.shape, x.dtype, choose)}"
    if how == 5:
        return f"{x.text}.grad = {operand(state, choose, lambda value: value.shape == x.shape).text}"
    if how == 6:
        return f"{x.text}.grad.mul_(2)"
    if how == 7:
        return f"with torch.no_grad():\n    {x.text} -= 0.5 * {x.text}.grad"
    return f"{x.text}.grad.detach_()"


@kind(2, "Tensor.retain_grad")
def retain(state: State, choose: Choices) -> str | None:
    if not state.values(_derived) and not choose.once_in(8):
        return None
    x = operand(state, choose, _derived)
    state.change(x, has_grad=True)
    return f"{x.text}.retain_grad()"


# --- modes, and in and out of the graph -------------------------------------------------------------------------------

_REGIONS = ("no_grad()", "no_grad()", "enable_grad()", "inference_mode()", "set_grad_enabled(False)", "no_grad()")


@kind(4)
def region(state: State, choose: Choices) -> str | None:
    """One to three statements under another mode."""
    mode = choose.pick(_REGIONS)
    before = state.recording
    state.recording, state.inferring = mode == "enable_grad()", mode == "inference_mode()"
    inner = [choose.pick((write, compute, look, write, cut, create))(state, choose) for _ in range(choose.below(3) + 1)]
    state.recording, state.inferring = before, False
    body = "\n".join(text for text in inner if text)
    return f"with torch.{mode}:\n{indent(body or 'pass', '    ')}"


@kind(1)
def switch(state: State, choose: Choices) -> str | None:
    state.recording = not state.recording
    return f"torch.set_grad_enabled({state.recording})"


@kind(4)
def cut(state: State, choose: Choices) -> str | None:
    """Out of the graph, and back into it as a leaf."""
    x = operand(state, choose)
    how = choose.below(9)
    if (
        (how in (0, 1, 4, 5) and x.memory in (*state.lent, "of a gradient"))
        or (how == 4 and state.inferring)
        or (how in (0, 1, 5, 7) and state.inferring)
    ):
        return None  # not offered exactly: inference tensors that ask for gradients, views whose base no longer does
    if how not in (0, 1, 2, 3, 5) and x.memory in state.frozen:
        return None  # nor what shares the memory of an inference tensor but is none
    if how in (0, 1) and x.whole:
        wanted = choose.below(3) != 2
        if x.leaf:
            state.change(x, requires=wanted and x.differentiable)
        return f"{x.text}.requires_grad_({'' if wanted else 'False'})"
    if how in (2, 3):
        if x.has_grad and not x.leaf:
            return None  # the next write in place would fail an assertion inside PyTorch
        state.change(x, requires=False, leaf=True)
        return f"{x.text}.detach_()"
    if how == 4 and x.whole:
        y = operand(state, choose, lambda value: (value.shape, value.dtype) == (x.shape, x.dtype))
        if y.memory in state.frozen or y.dtype != x.dtype:
            return None
        state.change(x, memory=y.memory)
        return f"{x.text}.data = {y.text}.detach().reshape({x.text}.shape).to({x.text}.dtype)"
    if how == 5 and x.whole:
        wanted = not x.requires
        state.change(x, requires=wanted)
        return f"{x.text}.requires_grad = {wanted}"
    if how == 6:
        return f"{x.text}.data.{choose.pick(('add_(1)', 'zero_()', 'mul_(2)'))}"
    detached = replace(x, text=f"{x.text}.detach()", requires=False, leaf=True)
    if how == 7 and x.differentiable:
        name = state.fresh()
        state.bind(name, replace(detached, requires=True, memory=""))
        return f"{name} = {x.text}.detach().clone().requires_grad_()"
    return _bound(state, choose, detached)


# --- functions, loops, and what holds for the whole program -----------------------------------------------------------

_FUNCTIONAL = (
    ("relu", "relu({x})"),
    ("softmax", "softmax({x}, dim={d})"),
    ("log_softmax", "log_softmax({x}, dim={d})"),
    ("softplus", "softplus({x})"),
    ("logsigmoid", "logsigmoid({x})"),
    ("mse_loss", "mse_loss({x}, {y})"),
    ("mse_loss", "mse_loss({x}, {y}, reduction='sum')"),
    ("binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits({x}, {y})"),
    ("binary_cross_entropy", "binary_cross_entropy({x}.sigmoid(), {y} * 0 + 0.5)"),
    ("cross_entropy", "cross_entropy({x}, torch.zeros({x}.shape[0], dtype=torch.int64))"),
    ("cross_entropy", "cross_entropy({x}, {x}.detach(), label_smoothing=0.1)"),
    ("nll_loss", "nll_loss({x}, torch.zeros({x}.shape[:1], dtype=torch.int64), reduction='none')"),
    ("one_hot", "one_hot(torch.tensor([0, 2, 1]))"),
    ("embedding", "embedding(torch.tensor([0, 0]), {x})"),
    ("linear", "linear({x}, {x})"),
    ("linear", "linear({x}, {y}, {y})"),
    ("dropout", "dropout({x}, 0.5)"),
    ("dropout", "dropout({x}, training=False)"),
    ("tanh", "tanh({x})"),
    ("sigmoid", "sigmoid({x})"),
)


@kind(3)
def call_functional(state: State, choose: Choices) -> str | None:
    name, text = choose.pick(_FUNCTIONAL)
    if not state.offers(f"nn.functional.{name}"):
        return None
    x, y = operand(state, choose), operand(state, choose)
    text = text.format(x=x.text, y=y.text, d=choose.below(len(x.shape) or 1))
    requires = x.requires or y.requires
    kept = name in ("relu", "softmax", "log_softmax", "softplus", "logsigmoid", "dropout", "tanh", "sigmoid")
    dtype = "int64" if name == "one_hot" else x.dtype
    whole = Value(f"torch.nn.functional.{text}", x.shape if kept else (), dtype, requires, not requires, sure=kept)
    return _bound(state, choose, whole)


@kind(1, "Tensor.backward")
def train(state: State, choose: Choices) -> str | None:
    """Some steps down a gradient."""
    leaves = state.values(lambda value: value.leaf and value.requires and value.whole)
    if not leaves:
        return None
    w = choose.pick(leaves)
    loss = reduction(state, choose, Value(f"({w.text} * {w.text})", w.shape, w.dtype, True, False))
    update = choose.pick(("{w} -= 0.1 * {w}.grad", "{w}.sub_({w}.grad, alpha=0.5)", "{w}.copy_({w} - {w}.grad)"))
    return (
        f"for step in range({choose.below(3) + 1}):\n    loss = {loss.text}.sum()\n    loss.backward()\n"
        f"    with torch.no_grad():\n        {update.format(w=w.text)}\n    {w.text}.grad = None"
    )


_WHOLE = (
    ("manual_seed", "torch.manual_seed(3)"),
    ("set_printoptions", "torch.set_printoptions(precision=2)"),
    ("set_printoptions", "torch.set_printoptions(sci_mode=True)"),
    ("set_printoptions", "torch.set_printoptions(threshold=3, edgeitems=1)"),
    ("set_printoptions", "torch.set_printoptions(linewidth=20, precision=6)"),
    ("set_printoptions", "torch.set_printoptions(profile='short')"),
    ("set_default_dtype", "torch.set_default_dtype(torch.float64)"),
    ("set_default_dtype", "torch.set_default_dtype(torch.float32)"),
    ("random.fork_rng", "with torch.random.fork_rng():\n    torch.rand(3)"),
    ("set_rng_state", "torch.set_rng_state(torch.get_rng_state())"),
    ("rand", "torch.rand(2)"),
    ("randn", "torch.randn(3)"),
)


@kind(2)
def set_whole(state: State, choose: Choices) -> str | None:
    needs, text = choose.pick(_WHOLE)
    return text if state.offers(needs) else None


# --- hooks ------------------------------------------------------------------------------------------------------------

_HOOKS = (
    "lambda grad: print('{n}', grad)",
    "lambda grad: grad * 2",
    "lambda grad: print('{n}', grad) or -grad",
    "lambda grad: print('{n}', grad.requires_grad, grad.grad_fn)",
    "lambda grad: torch.zeros_like(grad)",
    "lambda grad: None",
    "lambda grad: grad.mul_(2)",
    "lambda grad: grad.sum()",
    "lambda grad: grad.double()",
    "lambda grad: {y}.detach()",
    "lambda grad: 1.0",
    "lambda grad: 1 / 0",
    "lambda grad: print({y}.grad)",
    "lambda grad: {n}.remove()",
    "lambda grad: {y}.detach().mul_(2)",
)
_AFTER_HOOKS = (
    "lambda tensor: print('{n}', tensor.grad)",
    "lambda tensor: setattr(tensor, 'grad', None)",
    "lambda tensor: print('{n}', tensor.grad.zero_())",
    "lambda tensor: tensor.data.sub_(tensor.grad)",
    "lambda tensor: 1",
    "lambda tensor: None",
)
_NODE_HOOKS = (
    "register_hook(lambda inputs, outputs: print('{n}', inputs, outputs))",
    "register_prehook(lambda outputs: print('{n}', outputs))",
    "register_hook(lambda inputs, outputs: tuple(i if i is None else i * 2 for i in inputs))",
    "register_prehook(lambda outputs: tuple(o if o is None else o * 2 for o in outputs))",
    "register_hook(lambda inputs, outputs: inputs[0])",
    "register_prehook(lambda outputs: ())",
)


@kind(4, "Tensor.register_hook")
def hook(state: State, choose: Choices) -> str | None:
    if not state.values(lambda value: value.requires) and not choose.once_in(8):
        return None
    x = operand(state, choose, lambda value: value.requires)
    y = operand(state, choose, lambda value: value.memory not in state.frozen)
    name = state.fresh()
    state.handles.append(name)
    return f"{name} = {x.text}.register_hook({choose.pick(_HOOKS).format(n=name, y=y.text)})"


@kind(2, "Tensor.register_post_accumulate_grad_hook")
def hook_after(state: State, choose: Choices) -> str | None:
    x = choose.pick(_leaves(state))
    name = state.fresh()
    state.handles.append(name)
    return f"{name} = {x.text}.register_post_accumulate_grad_hook({choose.pick(_AFTER_HOOKS).format(n=name)})"


@kind(2, "Tensor.register_hook")
def hook_node(state: State, choose: Choices) -> str | None:
    if not state.values(_derived) and not choose.once_in(8):
        return None
    x = operand(state, choose, _derived)
    name = state.fresh()
    state.handles.append(name)
    registered = choose.pick(_NODE_HOOKS).format(n=name)
    if choose.once_in(4):  # what is hooked may be the end of a graph, which hooks outlive only here, so it is kept
        graph = state.fresh()
        return f"{graph} = {x.text}.grad_fn\n{name} = {graph}.next_functions[0][0].{registered}"
    return f"{name} = {x.text}.grad_fn.{registered}"


@kind(1)
def unhook(state: State, choose: Choices) -> str | None:
    return f"{choose.pick(state.handles)}.remove()" if state.handles else None


_PACKING = (
    ("lambda t: t", "lambda t: t"),
    ("lambda t: print('pack', t) or t.detach().clone()", "lambda t: print('unpack', t) or t"),
    ("lambda t: t.detach() + t.detach()", "lambda t: t"),
    ("lambda t: 5", "lambda number: number"),
    ("lambda t: (t.shape, t.dtype)", "lambda kept: torch.zeros(kept[0], dtype=kept[1])"),
)


@kind(2, "autograd.graph.saved_tensors_hooks")
def pack(state: State, choose: Choices) -> str | None:
    if state.half:
        return None  # what such a view would save if there were a way on from it is packed here, and not by PyTorch
    how = choose.pick(_PACKING)
    inner = compute(state, choose)
    return f"with torch.autograd.graph.saved_tensors_hooks({', '.join(how)}):\n    {inner}"


_FUNCTIONS = (
    (1, "x", "ctx.save_for_backward(x)\n    return x * 2", "x, = ctx.saved_tensors\n    return grad * x"),
    (2, "x, y", "ctx.save_for_backward(x, y)\n    return x * y", "x, y = ctx.saved_tensors\n    return grad * y, grad * x"),  # noqa: E501
    (2, "x, y", "return x - y", "print(ctx.needs_input_grad, grad)\n    return grad, -grad if ctx.needs_input_grad[1] else None"),  # noqa: E501
    (1, "x", "return x.clone()", "return None"),
    (1, "x", "ctx.mark_dirty(x)\n    return x.mul_(2)", "return grad * 2"),
    (1, "x", "ctx.save_for_backward(x)\n    out = x.exp()\n    ctx.out = out\n    return out", "return grad * ctx.out"),
    (1, "x", "return x.view_as(x)", "print(grad)\n    return grad"),
    (1, "x", "return x", "return grad"),
    (1, "x", "return x * 1", "return grad, grad"),
    (1, "x", "ctx.set_materialize_grads(False)\n    return x * 3", "return grad.sum()"),
    (1, "x", "out = x + 1\n    ctx.mark_non_differentiable(out)\n    return out", "return grad"),
)  # fmt: skip


@kind(2, "autograd.Function")
def define(state: State, choose: Choices) -> str | None:
    count, names, forward, backward = choose.pick(_FUNCTIONS)
    name = f"F{len(state.functions)}"
    state.functions[name] = count
    ahead, back = (text.replace("\n    ", "\n        ") for text in (forward, backward))
    return (
        f"class {name}(torch.autograd.Function):\n"
        f"    @staticmethod\n    def forward(ctx, {names}):\n        {ahead}\n\n"
        f"    @staticmethod\n    def backward(ctx, grad):\n        {back}"
    )


@kind(2, "autograd.Function")
def apply(state: State, choose: Choices) -> str | None:
    if not state.functions:
        return define(state, choose)
    name = choose.pick(list(state.functions))
    operands = [operand(state, choose) for _ in range(state.functions[name])]
    shape = broadcast(operands[0].shape, operands[-1].shape)
    requires = any(x.requires for x in operands)
    text = f"{name}.apply({', '.join(x.text for x in operands)})"
    shape = operands[0].shape if shape is None else shape
    return _bound(state, choose, Value(text, shape, "float32", requires, memory=operands[0].memory))  # perhaps itself


# --- looking ----------------------------------------------------------------------------------------------------------

_SHOWN = (
    "{x}",
    "{x}.grad",
    "{x}.grad_fn",
    "{x}.grad_fn.next_functions",
    "{x}.requires_grad, {x}.is_leaf",
    "{x}.tolist()",
    "{x}.is_contiguous(), {x}.numel()",
    "{x}._base is {y}",
    "{x}.sum().item()",
    "{x}.grad_fn.name()",
    "{x}.grad_fn({x})",
    "{x}.retains_grad, {x}.output_nr",
    "torch.is_grad_enabled(), {x}.is_inference()",
    "f'{{{x}}}'",
    "{x} == {y}",
    "[*{x}]",
    "len({x}), {x}.dim()",
    "int({x}), complex({x})",
    "2 in {x}",
    "{x}.shape, {x}.dtype, {x}.size(), {x}.stride()",
    "repr({x}), {x}.element_size(), {x}.nbytes",
    "{x}.device, {x}.ndim, {x}.is_floating_point()",
    "list(map(float, {x}.flatten()))",
    "{x}.numpy(force=True)",
    "torch.equal({x}, {y}), torch.allclose({x}, {x})",
    "torch.is_tensor({x}), {x}.type()",
)


@kind(5)
def show(state: State, choose: Choices) -> str | None:
    x, y = operand(state, choose), operand(state, choose)
    shown = choose.pick(_SHOWN).format(x=x.text, y=y.text)
    if not state.recording:  # a node would make views of what it is given, which ask for gradients as that does
        shown = shown.replace(f"grad_fn({x.text})", f"grad_fn({x.text}.detach())")
    return f"print({shown})"


@kind(1)
def forget(state: State, choose: Choices) -> str | None:
    names = list(state.tensors)
    if len(names) < 3:
        return None
    name = choose.pick(names)
    del state.tensors[name]
    return f"del {name}"


# --- misuse -----------------------------------------------------------------------------------------------------------

_MISUSES = (
    "{x}.add_({y})",
    "{x}.view(7)",
    "{x}.backward()",
    "{x}.backward(torch.ones(5))",
    "torch.autograd.grad({x}, {y})",
    "{x}.grad = {y}",
    "{x}.requires_grad_(False)",
    "{x}.item()",
    "{x}.numpy()",
    "bool({x})",
    "{x}.detach().requires_grad_().mul_(2)",
    "{x}.sum(5)",
    "{x}[9]",
    "{x}.grad = 1",
    "{x} @ {y}",
    "{x} + {y}",
    "{x}[0] = {y}",
    "float({x})",
    "{x}.register_hook(None)",
    "{x}.transpose(0, 3)",
    "{x}.expand(5, 5)",
    "{x}.grad_fn = None",
    "{x}.is_leaf = True",
    "{x}.view(-1).add_(1)",
    "torch.autograd.backward([{x}, {y}])",
    "torch.autograd.grad([{x}.sum(), {y}.sum()], [{x}], allow_unused=True)",
    "{x}.unbind(0)[0].add_(1)",
)


@kind(3)
def misuse(state: State, choose: Choices) -> str | None:
    x = operand(state, choose)
    y = operand(state, choose, lambda value: value.memory != x.memory)
    y = replace(y, text=f"{y.text}.clone()") if y.memory == x.memory else y
    text = choose.pick(_MISUSES)
    if text == "{x}[9]" and not x.shape:
        return None  # PyTorch reads beyond the sizes
    if ("requires_grad_(False)" in text and x.memory in state.lent) or (
        "detach()" in text and x.memory in state.frozen
    ):
        return None
    return text.format(x=x.text, y=y.text)
