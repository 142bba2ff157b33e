"""Graphs as a whole: programs drawn at random, the order of summation, 100,000 nodes, and what is left of them."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shimtorch
import shimtorch.autograd.differentiation
from shimtorch.autograd.nodes import Node
from tests.shimtorch.sidebyside import differences, needs_torch, outcome, torch

# --- programs drawn at random -------------------------------------------------------------------------------------

OPERATIONS = {
    "({0} * {1})": 2, "({0} + {1})": 2, "({0} - {1})": 2, "({0} / ({1} * {1} + 1))": 2, "{0}.tanh()": 1, "(-{0})": 1,
    "{0}.sigmoid()": 1, "({0} * 0.5)": 1, "(2 - {0})": 1, "{0}.detach()": 1, "{0}.clone()": 1, "{0}.sum()": 1,
    "{0}.mean()": 1, "{0}.abs()": 1, "({0} + torch.zeros(3, 3))": 1,
}  # fmt: skip
STATEMENTS = [
    "{0}.sum().backward(retain_graph=True)", "{0}.sum().backward()", "a.grad = None", "a.grad = torch.ones(3)",
    "with torch.no_grad(): {0} = {1} * 2", "{0}.sum().backward(inputs=[a], retain_graph=True)",
]  # fmt: skip
# In-place writes and views are drawn apart: where they meet, writes that record are not offered.
VIEWS = {"{0}[0]": 1, "{0}[:2]": 1, "{0}.unsqueeze(0)": 1}
RETAINS = [
    "{0}.retain_grad()", "{0} = torch.autograd.grad({0}.sum(), a, create_graph=True, allow_unused=True)[0]",
]  # fmt: skip
WRITES = [
    "{0} += {1}.detach()", "{0} *= 0.5", "with torch.no_grad(): {0} -= 0.1", "{0}.detach().mul_(2)",
    "{0}.requires_grad_()",
]  # fmt: skip


@st.composite
def programs(draw):
    program = ["a = torch.tensor([0.5, -1.5, 2.0], requires_grad=True)", "b = torch.tensor([1.5, 0.25, -0.5])"]
    names = ["a", "b"]
    writes = draw(st.booleans())
    operations = sorted((OPERATIONS if writes else OPERATIONS | VIEWS).items())
    statements = STATEMENTS + (WRITES if writes else RETAINS)
    for _ in range(draw(st.integers(2, 9))):
        pick = st.sampled_from(names)
        if draw(st.integers(0, 2)):
            form, count = draw(st.sampled_from(operations))
            names.append(f"t{len(names)}")
            program.append(f"{names[-1]} = " + form.format(*(draw(pick) for _ in range(count))))
        else:
            program.append(draw(st.sampled_from(statements)).format(draw(pick), draw(pick)))
    program.append(f"{names[-1]}.sum().backward()")
    return "\n".join(program)


@needs_torch
@settings(max_examples=300, deadline=None)
@given(programs())
def test_random_program(program):
    ours, theirs = outcome(program, shimtorch), outcome(program, torch)
    if ours["raised"] is not None and "does not offer" in ours["raised"][1]:
        return
    found = [line for line in differences(ours, theirs) if "/values" not in line and "/text" not in line]
    assert not found, "\n".join([program, *found])
    for name, tensor in theirs.items():
        if name.startswith("name ") and isinstance(tensor, dict):
            _assert_close(ours[name], tensor, program)


def _assert_close(ours, theirs, program):
    kind = theirs["dtype"].removeprefix("torch.")
    values = [np.frombuffer(side["values"], kind).astype(np.float64) for side in (ours, theirs)]
    np.testing.assert_allclose(*values, rtol=2e-6, atol=2e-6, err_msg=program)
    if theirs["grad"] is not None:
        _assert_close(ours["grad"], theirs["grad"], program)


@needs_torch
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 12), st.integers(1, 30))
def test_gradients_that_meet_add_up_in_torchs_order(seed, nodes, edges):
    """Additions and multiplications only, so that a wrong order of summation shows in the bits."""
    sums = []
    for implementation in (shimtorch, torch):
        generator = np.random.default_rng(seed)
        leaf = implementation.tensor([0.1, 0.7, -1.3], requires_grad=True)
        made = [leaf]
        for _ in range(nodes):
            out = made[int(generator.integers(len(made)))] * float(np.float32(generator.normal()))
            for _ in range(int(generator.integers(1, edges + 1)) % 4):
                out = out + made[int(generator.integers(len(made)))] * float(np.float32(generator.normal()))
            made.append(out)
        total = made[-1]
        for other in made[:-1]:
            total = total + other * float(np.float32(generator.normal()))
        total.sum().backward()
        sums.append(leaf.grad.numpy().tobytes())
    assert sums[0] == sums[1]


# --- large graphs -------------------------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def nodes():
    """How many nodes there are; torch's cannot be weakly referenced, and ours are like them."""
    return sum(issubclass(type(value), Node) for value in gc.get_objects())


def chain(length):
    leaf = shimtorch.ones(2, requires_grad=True)
    out = leaf
    for _ in range(length):
        out = out + 1
    return leaf, out


def wide(width):
    leaf = shimtorch.ones(2, requires_grad=True)
    rows = [leaf * 1.0 for _ in range(width)]
    while len(rows) > 1:
        rows = [a + b for a, b in zip(rows[::2], rows[1::2], strict=False)] + rows[len(rows) - len(rows) % 2 :]
    return leaf, rows[0]


@pytest.mark.parametrize(("build", "slope"), [(chain, 1.0), (wide, 100_000.0)])
def test_a_graph_of_100_000_nodes_runs_and_leaves_nothing(build, slope, no_collector):
    before = nodes()
    leaf, out = build(100_000)
    assert nodes() >= before + 100_000
    out.sum().backward()
    assert leaf.grad.tolist() == [slope, slope]
    del out
    assert nodes() == before


@pytest.mark.parametrize("build", [chain, wide])
def test_a_graph_dropped_unused_leaves_nothing(build, no_collector):
    before = nodes()
    leaf, out = build(100_000)
    reference = weakref.ref(leaf)
    del leaf, out
    assert reference() is None
    assert nodes() == before


@pytest.mark.parametrize("function", ["exp", "sigmoid", "tanh", "sqrt", "relu", "log", "abs", "reciprocal"])
def test_an_operator_keeps_no_cycle(function, no_collector):
    before = nodes()
    leaf = shimtorch.tensor([0.5, 2.0], requires_grad=True)
    out = getattr(leaf, function)()
    (slope,) = shimtorch.autograd.grad(out.sum(), leaf, create_graph=True)
    references = [weakref.ref(value) for value in (leaf, out, slope)]
    assert nodes() > before
    del leaf, out, slope
    assert [reference() for reference in references] == [None] * 3
    assert nodes() == before


def test_a_gradient_with_a_graph_is_a_cycle_only_a_collector_breaks(no_collector):
    leaf = shimtorch.tensor([0.5, 2.0], requires_grad=True)
    shimtorch.autograd.differentiation._warned_of_cycle = False
    with pytest.warns(UserWarning, match="create_graph=True will create a reference cycle"):
        (leaf * leaf).sum().backward(create_graph=True)
    assert repr(leaf.grad) == "tensor([1., 4.], grad_fn=<CopyBackwards>)"
    reference = weakref.ref(leaf)
    leaf.grad = None
    del leaf
    assert reference() is None


# --- recorded -----------------------------------------------------------------------------------------------------


def test_accumulation_is_in_place():
    leaf = shimtorch.tensor([1.0, 2.0], requires_grad=True)
    (leaf * leaf).sum().backward()
    gradient = leaf.grad
    (leaf * 3).sum().backward()
    assert leaf.grad is gradient
    assert gradient.tolist() == [5.0, 7.0]


def test_a_second_pass_is_refused():
    leaf = shimtorch.tensor([1.0, 2.0], requires_grad=True)
    loss = (leaf * leaf).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()


def test_the_graph_of_a_product_of_vector_and_matrix():
    product = shimtorch.ones(5) @ shimtorch.ones(5, 3, requires_grad=True)
    assert product.grad_fn.name() == "SqueezeBackward4"
    ((inner, _),) = product.grad_fn.next_functions
    assert inner.name() == "MmBackward0"
    assert inner.next_functions[0] == (None, 0)
