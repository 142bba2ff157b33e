"""Gradients of gradients of every operator, at random points, against PyTorch live.

Each operator is called as in ``test_operators``, but with operands that all want gradients, as they are or by way of
a view, and in place too. Every gradient is taken with a graph; what is compared of it are values, text and the whole
graph: first gradients, their gradients by the inputs and by what came in, and once more of these.
``AGREEMENT_EXAMPLES=60`` tries that many random calls of each operator instead of the same few each time.
"""

from __future__ import annotations

import dataclasses
import itertools
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import shimtorch  # noqa: E402
from shimtorch.autograd.namespaces import TENSORS  # noqa: E402
from shimtorch.ops._define import OPERATORS  # noqa: E402
from tests.shimtorch.agreement import (  # noqa: E402
    CANCELLING,
    KNOWN_DIFFERENCES,
    SECOND,
    Call,
    Difference,
    Known,
    Leaf,
    Seen,
    _compare,
    _computing_eps,
    _describe,
    _graph,
    _incoming,
    _largest,
    _named,
    _operand,
    condition_of,
    function_of,
)
from tests.shimtorch.test_operators import EXAMPLES, INDICES, PUBLIC, calls, indices, leaves  # noqa: E402

FEW = 16
thorough = settings(
    max_examples=EXAMPLES or FEW, derandomize=not EXAMPLES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
WITHOUT = ("comparison", "factory", "sampler", "sorting")
DIFFERENTIABLE = [name for name in PUBLIC if OPERATORS[name].kind not in WITHOUT or name in ("sort", "topk")]
LEVELS = ("gradients", "second", "third")
POINTWISE = ("unary", "binary", "clamp", "softmax")
LIMIT = 600  # of the nodes compared of one graph

# How an operand comes to the operator: the leaf itself, or a view of it.
ROUTES = {
    "itself": lambda tensor: tensor,
    "view": lambda tensor: tensor.view_as(tensor),
    "element": lambda tensor: tensor.unsqueeze(0)[0],
    "transposed": lambda tensor: tensor.transpose(0, -1).transpose(0, -1) if tensor.ndim else tensor,
}


# --- calls --------------------------------------------------------------------------------------------------------


def wanting(call: Call, seed: int, near: bool) -> Call:
    """``call`` with operands that want gradients; ``near``: at a random point, else where it was drawn."""
    generator = np.random.default_rng(seed)
    near = near and _family(call) != "decomposition"  # whose operands are no random ones

    def changed(value):
        if isinstance(value, tuple) and any(isinstance(part, Leaf) for part in value):
            return tuple(map(changed, value))
        if not isinstance(value, Leaf) or value.values.dtype.kind not in "fc":
            return value
        values = value.values
        if near:
            values = generator.normal(size=values.shape).astype(values.dtype)
            if values.dtype.kind == "c":
                values = values + values.dtype.type(1j) * generator.normal(size=values.shape).astype(values.dtype)
            if generator.integers(2):
                values = np.abs(values).astype(values.dtype) + values.dtype.type(0.125)
            if value.layout == "expanded":
                values = np.broadcast_to(values[..., :1], values.shape)
        return dataclasses.replace(value, values=np.asarray(values), requires_grad=True)

    operands = [changed(value) for value in call.operands]
    if _written(call) and operands and isinstance(operands[0], Leaf):
        operands[0] = dataclasses.replace(operands[0], copied=True)
    options = {key: changed(value) for key, value in call.options.items() if key != "sparse_grad"}
    return dataclasses.replace(call, operands=tuple(operands), options=options, twice=True, every=True)


KINDS = st.sampled_from(["float32", "float32", "float64", "complex128"])


@st.composite
def points(draw, call) -> tuple[Call, str]:
    """A call drawn by ``call``, with values drawn near 0 three times of four, and how its operands come to it."""
    drawn = draw(call)
    kind = draw(KINDS)
    generic = draw(st.integers(0, 3)) > 0
    return wanting(_of_kind(drawn, kind), draw(st.integers(0, 2**16)), generic), draw(st.sampled_from(sorted(ROUTES)))


def _of_kind(call: Call, kind: str) -> Call:
    """``call`` with ``kind`` for the dtype of most operands that could have it."""
    reals = np.dtype(kind).kind == "f"

    def changed(value):
        if isinstance(value, tuple) and any(isinstance(part, Leaf) for part in value):
            return tuple(map(changed, value))
        if not isinstance(value, Leaf) or value.values.dtype.kind not in "fc":
            return value
        values = value.values.real if reals else value.values
        return dataclasses.replace(value, values=values.astype(kind))

    return dataclasses.replace(
        call,
        operands=tuple(map(changed, call.operands)),
        options={key: changed(value) for key, value in call.options.items()},
    )


# --- what is seen -------------------------------------------------------------------------------------------------


def derivatives(call: Call, module, route: str = "itself") -> dict:
    """The error of the call, or its gradients of each of ``LEVELS``: all that can be seen of them."""
    found: dict = {"error": None, **{level: [] for level in LEVELS}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module.manual_seed(5)
        leaves: list = []
        tensors: list = []
        operands = [_operand(value, module, leaves, tensors) for value in call.operands]
        options = {key: _operand(value, module, leaves, tensors) for key, value in call.options.items()}
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        try:
            brought = [_by(route, value, module) for value in operands]
            result = function_of(call, module)(*brought, **options)
        except Exception as error:
            found["error"] = _named(error)
            return found
        parts = [*(result if isinstance(result, tuple) else (result,)), *operands, *brought]
        outputs = _recorded(parts, module)
        for level in LEVELS:
            if not wanted or not outputs or (level == "third" and _family(call) not in POINTWISE):
                break
            incoming = [_incoming(output, module, requires_grad=True) for output in outputs]
            wanted, leaves = [*wanted, *incoming], [*leaves, *incoming]
            by = wanted if level != "gradients" else wanted[: -len(incoming)]
            try:
                gradients = module.autograd.grad(outputs, by, incoming, create_graph=True, allow_unused=True)
            except Exception as error:
                found[level] = [_named(error)]
                break
            found[level] = [None if g is None else _seen(g, leaves) for g in gradients]
            outputs = _recorded(gradients, module)
    return found


def _by(route: str, value, module):
    if isinstance(value, module.Tensor):
        return ROUTES[route](value) if value.requires_grad else value
    return type(value)(_by(route, part, module) for part in value) if type(value) in (list, tuple) else value


def _recorded(parts, module) -> list:
    """Each tensor that has a gradient function once, by identity."""
    found: list = []
    for part in parts:
        known = isinstance(part, module.Tensor) and part.requires_grad and not part.is_leaf
        if known and (part.is_floating_point() or part.is_complex()) and not any(part is other for other in found):
            found.append(part)
    return found


def _seen(gradient, leaves) -> Seen:
    seen = _describe(gradient, leaves, [], memory=False)
    seen.facts["graph"] = _graph(gradient, leaves, LIMIT)
    seen.facts["order"] = _order(gradient)
    return seen


def _order(tensor) -> list[int]:
    """For each node of the graph, in the order of ``_graph``, how many were made before it; leaves have no number.

    A pass runs the newest node first, so the order of summation depends on it.
    """
    nodes = [tensor.grad_fn] if tensor.grad_fn is not None else []
    known = set(map(id, nodes))
    for node in nodes:  # which grows
        fresh = [target for target, _ in node.next_functions if target is not None and id(target) not in known]
        nodes += dict.fromkeys(fresh)
        known.update(map(id, fresh))
        if len(nodes) > LIMIT:
            break
    numbers = [node._sequence_nr() for node in nodes if not hasattr(node, "variable")]
    places = {number: place for place, number in enumerate(sorted(numbers))}
    return [places[number] for number in numbers]


def _family(call: Call) -> str:
    name = call.name.rstrip("_")
    return OPERATORS[name].kind if name in OPERATORS else call.form


# --- what is different --------------------------------------------------------------------------------------------


def differences(call: Call, route: str = "itself") -> list[Difference]:
    """All in which the derivatives of ``call`` differ, known differences included."""
    ours, theirs = derivatives(call, shimtorch, route), derivatives(call, torch, route)
    if bool(ours["error"]) != bool(theirs["error"]):  # their words are compared in ``test_operators``
        return [Difference("error", ours["error"] or "none", theirs["error"] or "none")]
    failed = next((i for i, level in enumerate(LEVELS) if _failed(ours[level]) or _failed(theirs[level])), len(LEVELS))
    return list(itertools.chain(*(_apart(call, level, ours, theirs) for level in LEVELS[: failed + 1])))


def disagreements(call: Call, route: str = "itself") -> list[Difference]:
    """Where the derivatives of ``call`` disagree, without what is known."""
    found, accepted = differences(call, route), [*KNOWN_DIFFERENCES, *(known for _, known in KNOWN)]
    return [difference for difference in found if not any(k.covers(call, difference) for k in accepted)]


def _failed(seen: list) -> tuple | None:
    """The error that a level ended in."""
    return next((part for part in seen if isinstance(part, tuple)), None)


def _apart(call: Call, level: str, ours: dict, theirs: dict):
    if len(ours[level]) != len(theirs[level]):
        yield Difference(level, *[_failed(side[level]) or len(side[level]) for side in (ours, theirs)])
        return
    up_to = LEVELS[: LEVELS.index(level) + 1]
    largest = _largest([seen for earlier in up_to for seen in theirs[earlier]])
    least = 1.0 if call.name.rstrip("_") in CANCELLING else 0.0
    if call.aliased:  # x / x hardly changes with x, though its two operands' gradients are large
        sizes = np.concatenate([np.abs(leaf.values).ravel() for leaf in call.leaves] + [np.ones(1)])
        least = 1 / sizes[sizes > 0].min() ** len(up_to)
    for i, (a, b) in enumerate(zip(ours[level], theirs[level], strict=True)):
        bound = SECOND * condition_of(call) * _computing_eps(call, b) * max(least, largest)
        yield from _compare(f"{level}[{i}]", a, b, bound, "none", condition_of(call))


def _written(call: Call) -> bool:
    return (
        (call.name.endswith("_") and call.name[0] != "_")
        or call.name == "setitem"
        or (call.form == "special" and call.name[0] == "i")
    )


def _complexes(call: Call) -> bool:
    numbers = [value for value in call.operands if isinstance(value, complex)]
    return bool(numbers) or any(leaf.values.dtype.kind == "c" for leaf in call.leaves)


_PAIR = Leaf(np.array([1.0, 2.0], np.float32), requires_grad=True, copied=True)
_COMPARING = ("eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater", "greater_equal")
_PRODUCTS = ("mm", "matmul", "linear", "addmm")

# What is known to be different, each with a route that shows it.
KNOWN = [
    (
        "element",
        Known(
            "scatter_ of nothing, through a view: two nodes change places, and the refusal names the inner one",
            lambda call, difference: (
                call.name == "scatter_"
                and (difference.what.endswith("order") or "CopySlices returned" in str(difference.theirs))
            ),
            Call(
                "scatter_",
                (
                    Leaf(np.zeros(1, np.float32), requires_grad=True, copied=True),
                    0,
                    Leaf(np.zeros(0, np.int64)),
                    Leaf(np.array(0, np.float32), requires_grad=True),
                ),
                form="method",
                twice=True,
            ),
        ),
    ),
    (
        "itself",
        Known(
            "torch takes the real part of each operand's gradient at once, shimtorch when it has all of them",
            lambda call, difference: difference.what.endswith("order") and _complexes(call),
            Call("abs", (Leaf(np.array(1 + 2j), requires_grad=True),)),
        ),
    ),
    (
        "itself",
        Known(
            "torch computes the gradient of a single real number by a complex one in double precision, and rounds it",
            lambda call, difference: "ToCopyBackward0" in str(difference.theirs) and _complexes(call),
            Call("true_divide", (Leaf(np.array(2, np.float32), requires_grad=True), 1 + 2j)),
        ),
    ),
    (
        "itself",
        Known(
            "gradients of a decomposition's gradients go through a copy or negation more or less, or by way of t",
            lambda call, difference: (
                _family(call) == "decomposition"
                and (difference.what.startswith("second") or call.name == "linalg_solve_triangular")
                and difference.what.endswith(("graph", "order", "text"))
            ),
            Call("linalg_eigh", (Leaf(np.array([[2.0, 0.5], [0.5, 1.0]]), requires_grad=True),), twice=True),
        ),
    ),
    (
        "element",
        Known(
            "which node had a gradient of a wrong shape is told of the write itself, in torch of what it is part of",
            lambda call, difference: (
                call.name == "scatter_add_"
                and "returned an invalid gradient" in str(difference.ours)
                and "returned an invalid gradient" in str(difference.theirs)
            ),
            Call(
                "scatter_add_",
                (
                    Leaf(np.zeros((1, 1, 1), np.float32), requires_grad=True, copied=True),
                    0,
                    Leaf(np.zeros((0, 1, 1), np.int64)),
                    Leaf(np.zeros((0, 1, 2), np.float32), requires_grad=True),
                ),
                form="method",
                twice=True,
            ),
        ),
    ),
    (
        "itself",
        Known(
            "dimensions of one element or none have other strides, by which torch chooses a way to the gradient",
            lambda call, difference: (
                call.name in _PRODUCTS and any(min(leaf.values.shape, default=2) < 2 for leaf in call.leaves)
            ),
            Call(
                "mm",
                (
                    Leaf(np.zeros((0, 2), np.float32), requires_grad=True),
                    Leaf(np.ones((2, 2), np.float32), requires_grad=True),
                ),
            ),
        ),
    ),
]


@pytest.mark.parametrize(("route", "known"), KNOWN, ids=lambda value: getattr(value, "reason", "")[:60])
def test_known_difference_still_differs(route, known):
    found = differences(known.example, route)
    assert any(known.covers(known.example, difference) for difference in found), "it is gone: delete its entry"


def agree(call: Call, route: str) -> None:
    found = disagreements(call, route)
    assert not found, "\n".join(map(str, found))


# --- operators ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@thorough
@given(data=st.data())
def test_derivatives_of_an_operator(name, data):
    agree(*data.draw(points(calls(OPERATORS[name])), label="call"))


@thorough
@given(data=st.data())
def test_derivatives_of_reading_by_index(data):
    tensor = data.draw(leaves())
    index = data.draw(st.one_of(INDICES, indices(tensor.values.shape)))
    agree(*data.draw(points(st.just(Call("getitem", (tensor, index), form="special"))), label="call"))


# --- faults -------------------------------------------------------------------------------------------------------

X = Leaf(np.array([0.5, -1.5, 2.0], np.float32), requires_grad=True)
Y = Leaf(np.array([1.25, 0.75, -1.5], np.float32), requires_grad=True)
CALLS = [
    Call("sigmoid", (X,)),
    Call("div", (X, Y)),
    Call("logsigmoid", (X,)),
    Call("norm", (X, 3.5)),
    Call("prod", (X,)),
]


def reported(call: Call) -> set[str]:
    return {difference.what for difference in disagreements(call)}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
@pytest.mark.parametrize("route", ROUTES)
def test_nothing_is_reported_without_a_fault(call, route):
    assert disagreements(call, route) == []


def node_of_second(call: Call) -> type:
    """The class of the node of the first gradient."""
    leaf = shimtorch.tensor(X.values, requires_grad=True)
    (gradient,) = shimtorch.autograd.grad(getattr(shimtorch, call.name)(leaf).sum(), leaf, create_graph=True)
    return type(gradient.grad_fn)


def test_wrong_name_in_a_second_derivative(monkeypatch):
    node = node_of_second(CALLS[0])
    assert node.__name__ == "SigmoidBackwardBackward0"
    try:
        node.__name__ = "SigmoidBackward1"
        found = reported(CALLS[0])
    finally:
        node.__name__ = "SigmoidBackwardBackward0"
    assert {"gradients[0]: graph", "gradients[0]: text", "second[0]: graph"} <= found
    assert not any(what.endswith("values") for what in found)


def test_wrong_factor_in_a_second_derivative(monkeypatch):
    node = node_of_second(CALLS[0])
    honest = node.tensors
    twice = lambda self, grad: tuple(None if g is None else g * 1.001 for g in honest(self, grad))  # noqa: E731
    monkeypatch.setattr(node, "tensors", twice)
    found = reported(CALLS[0])
    assert {"second[0]: values", "second[1]: values"} <= found
    assert not any(what.startswith("gradients") for what in found)


def test_wrong_order_of_factors(monkeypatch):
    """The same numbers and edges, but what is made first is made last."""
    monkeypatch.setattr(TENSORS, "log_sigmoid_backward", _reversed(TENSORS.log_sigmoid_backward))
    assert "gradients[0]: order" in reported(Call("logsigmoid", (X,), form="nn"))


def _reversed(compute):
    def computed(grad, *rest):
        factor = shimtorch.ones(3, requires_grad=True).neg()
        return compute(grad, *rest) * factor

    return computed
