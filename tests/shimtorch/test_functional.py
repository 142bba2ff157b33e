"""``torch.nn.functional`` over generated arguments, valid and not, against PyTorch live.

What these functions are given has a structure (classes, weights per class, layers' weights) that the table of operators
does not tell; everything else is compared as for operators.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from tests.shimtorch.agreement import Call, DType, Leaf  # noqa: E402
from tests.shimtorch.sidebyside import assert_same  # noqa: E402
from tests.shimtorch.test_operators import (  # noqa: E402
    FLOATING,
    NUMBERS,
    agree,
    every_warning,  # noqa: F401 (used in every test)
    leaves,
    thorough,
)

REDUCTIONS = st.sampled_from(["mean", "sum", "none", "mean", "elementwise_mean", "other"])
FLOATS = st.sampled_from(["float32", "float32", "float32", "float64", "float16"])
few = st.integers(0, 9).map(lambda n: n == 0)  # True in a tenth of the cases


def shaped(shape, dtypes=FLOATS):
    return leaves(st.just(shape), dtypes)


def whole(values, dtype="int64") -> Leaf:
    return Leaf(np.array(values, dtype))


@st.composite
def classes(draw, shape, count):
    """A tensor of classes below ``count``, some of them ignored or out of range."""
    wrong = draw(few)
    numbers = st.integers(0, count if wrong else count - 1)  # torch may complain of any of several wrong ones
    if draw(few):
        numbers = st.one_of(numbers, st.just(-100))
    size = int(np.prod(shape))
    dtype = draw(st.sampled_from(["int64"] * 8 + ["uint8", "int32", "float32"]))
    values = np.array(draw(st.lists(numbers, min_size=size, max_size=size)), np.int64)
    if dtype == "uint8":
        values = np.abs(values)  # above 127, torch fails at putting its own message together
    return Leaf(values.astype(dtype).reshape(shape))


@st.composite
def classification(draw, name):
    count = draw(st.integers(1, 4))
    batch = draw(st.integers(0, 3)) or draw(st.integers(1, 3))
    positions = draw(st.sampled_from([(), (), (), (2,), (2, 1), (1, 2, 2)]))
    plain = draw(st.booleans()) and not positions
    shape = (count,) if plain and draw(st.booleans()) else (batch, count, *positions)
    input = draw(shaped(shape))
    if draw(few):
        input = draw(leaves())
    if name == "cross_entropy" and draw(st.integers(0, 3)) == 3:
        target = draw(shaped(shape, st.just(input.values.dtype.name)))
    else:
        target = draw(classes(shape[:1] + shape[2:] if len(shape) > 1 else draw(st.sampled_from([(), (1,)])), count))
    if draw(few):
        target = draw(classes(draw(st.sampled_from([(2,), (batch, 2), (3, 1)])), count))
    options = {"reduction": draw(REDUCTIONS)}
    if draw(st.integers(0, 3)) == 3:
        weight = draw(shaped((count if not draw(few) else 2,), st.just(input.values.dtype.name)))
        options["weight"] = Leaf(np.abs(weight.values), requires_grad=weight.requires_grad and draw(few))
    if draw(st.integers(0, 3)) == 3:
        options["ignore_index"] = draw(st.integers(-2, 3))
    if name == "cross_entropy" and draw(st.integers(0, 3)) == 3:
        options["label_smoothing"] = draw(st.sampled_from([0.1, 0.5, 1.0, 0.0, 2.0, -1.0]))
    return Call(name, (input, target), options, "nn", twice=draw(st.booleans()))


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@thorough
@given(data=st.data())
def test_classification(name, data):
    agree(data.draw(classification(name)))


# Further options of the losses of two tensors, valid or not.
DISTANCES = {
    "mse_loss": {},
    "l1_loss": {},
    "smooth_l1_loss": {"beta": st.sampled_from([0.0, 0.5, 1.0, 2, -1.0])},
    "huber_loss": {"delta": st.sampled_from([0.5, 1.0, 2, 0, -1.0])},
    "kl_div": {"log_target": st.booleans()},
    "hinge_embedding_loss": {"margin": st.sampled_from([0.5, 1.0, 2, -1.0])},
    "poisson_nll_loss": {"log_input": st.booleans(), "full": st.booleans(), "eps": st.sampled_from([1e-8, 0.5])},
    "multilabel_soft_margin_loss": {},
}
_UNWEIGHTED = ("kl_div", "smooth_l1_loss", "hinge_embedding_loss", "poisson_nll_loss")


@pytest.mark.parametrize("name", DISTANCES)
@thorough
@given(data=st.data())
def test_distance(name, data):
    input = data.draw(leaves(dtypes=FLOATS))
    shape = input.values.shape
    shapes = [shape, shape, shape, shape, shape[1:], (2, *shape), (3,)]
    target = data.draw(leaves(st.sampled_from(shapes), st.one_of(st.just(input.values.dtype.name), FLOATS)))
    options = {"reduction": data.draw(REDUCTIONS)}
    if name not in _UNWEIGHTED and data.draw(few):
        options["weight"] = data.draw(shaped(shape, st.just(input.values.dtype.name)))
    if name != "huber_loss" and data.draw(few):
        options["size_average"] = data.draw(st.booleans())
    for option, values in DISTANCES[name].items():
        if data.draw(st.booleans()):
            options[option] = data.draw(values)
    agree(Call(name, (input, target), options, "nn", twice=data.draw(st.booleans())))


@thorough
@given(data=st.data())
def test_losses_of_three_tensors(data):
    name = data.draw(st.sampled_from(["margin_ranking_loss", "gaussian_nll_loss"]))
    first = data.draw(leaves(dtypes=FLOATS))
    shape, kind = first.values.shape, st.just(first.values.dtype.name)
    second, third = (
        data.draw(shaped(data.draw(st.sampled_from([shape, shape, shape, shape[:-1]])), kind)) for _ in "ab"
    )
    options = {"reduction": data.draw(REDUCTIONS)}
    if name == "gaussian_nll_loss":
        options["full"] = data.draw(st.booleans())
        if not data.draw(few):
            third = Leaf(np.asarray(np.abs(third.values)), third.layout, third.requires_grad)
    elif data.draw(st.booleans()):
        options["margin"] = data.draw(st.sampled_from([0.0, 0.5, 2]))
    agree(Call(name, (first, second, third), options, "nn", twice=data.draw(st.booleans())))


@st.composite
def linear_calls(draw):
    inner, outer = draw(st.integers(1, 3)), draw(st.integers(1, 3))  # NumPy has no strides for empty matrices
    kind = draw(st.sampled_from([*FLOATING, "int64", "float32", "float32"]))
    same = st.just(kind) if not draw(few) else FLOATS
    lead = draw(st.sampled_from([(), (2,), (3,), (2, 2), (0,), (1, 2, 1)]))
    input = draw(shaped((*lead, inner), same))
    weight = draw(shaped((outer, inner) if not draw(few) else draw(st.sampled_from([(inner,), (2, 3), ()])), same))
    bias = draw(st.one_of(st.none(), shaped((outer,), same)))
    if bias is not None and draw(few):
        bias = draw(shaped(draw(st.sampled_from([(), (1,), (1, outer), (2, outer), (4,)])), same))
    operands = (input, weight) if bias is None else (input, weight, bias)
    # A single element may have any stride in torch, on which it depends what is transposed; in NumPy it has one.
    operands = tuple(Leaf(o.values, o.layout if o.values.size > 1 else "contiguous", o.requires_grad) for o in operands)
    return Call("linear", operands, {}, "nn", twice=draw(st.booleans()))


@thorough
@given(call=linear_calls())
def test_linear(call):
    agree(call)


@thorough
@given(data=st.data())
def test_dropout(data):
    options = {"training": data.draw(st.sampled_from([True, True, True, False])), "inplace": data.draw(few)}
    p = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, 1, 0, 2.0, -0.5]))
    agree(Call("dropout", (data.draw(leaves()), p), options, "nn", twice=data.draw(st.booleans())))


@thorough
@given(data=st.data())
def test_embedding(data):
    rows = data.draw(st.integers(1, 4))
    weight = data.draw(shaped((rows, data.draw(st.integers(1, 3))), st.sampled_from([*FLOATING, "int64"])))
    shape = data.draw(st.sampled_from([(), (1,), (4,), (2, 2), (0,), (2, 0)]))
    numbers = st.integers(-1, rows) if data.draw(few) else st.integers(0, rows - 1)
    size = int(np.prod(shape))
    values = np.array(data.draw(st.lists(numbers, min_size=size, max_size=size)), np.int64).reshape(shape)
    indices = Leaf(values.astype(data.draw(st.sampled_from(["int64", "int64", "int64", "int32", "uint8", "float32"]))))
    options = {}
    if data.draw(st.booleans()):
        options["padding_idx"] = data.draw(st.integers(-5, 5))
    if data.draw(few):
        options["scale_grad_by_freq"] = True
    if data.draw(few):
        options["max_norm"] = data.draw(st.sampled_from([1.0, 0, 2.5, float("nan")]))
        options["norm_type"] = data.draw(st.sampled_from([2.0, 1, float("inf")]))
    twice = size > 0 and data.draw(st.booleans())  # torch cannot reshape the second gradient of nothing
    agree(Call("embedding", (indices, weight), options, "nn", twice=twice))


@thorough
@given(data=st.data())
def test_one_hot(data):
    shape = data.draw(st.sampled_from([(), (3,), (2, 2), (0,), (2, 0)]))
    size = int(np.prod(shape))
    values = data.draw(st.lists(st.integers(-1 if data.draw(few) else 0, 4), min_size=size, max_size=size))
    kind = data.draw(st.sampled_from(["int64", "int64", "int64", "int32", "float32", "bool"]))
    arguments = data.draw(st.sampled_from([(), (-1,), (5,), (3,), (0,), (-2,), (True,), (2.0,)]))
    agree(Call("one_hot", (Leaf(np.array(values, kind).reshape(shape)), *arguments), {}, "nn"))


@thorough
@given(data=st.data())
def test_softplus(data):
    input = data.draw(leaves())
    options = {
        name: data.draw(st.sampled_from([0.5, 1, 2, 20, 3.0, -1.0, *NUMBERS]))
        for name in ("beta", "threshold")
        if data.draw(st.booleans())
    }
    agree(Call("softplus", (input,), options, "nn", twice=data.draw(st.booleans())))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@thorough
@given(data=st.data())
def test_softmax_as_a_function_of_nn(name, data):
    options = {"dim": data.draw(st.sampled_from([None, None, 0, 1, -1, 5]))}
    if data.draw(few):
        options["dtype"] = DType(data.draw(st.sampled_from(FLOATING)))
    agree(Call(name, (data.draw(leaves(dtypes=FLOATS)),), options, "nn"))


SOURCES = {
    "activations in place": """
        for f in (F.celu, F.elu, F.hardsigmoid, F.hardswish, F.hardtanh, F.leaky_relu, F.mish, F.relu6, F.selu, F.silu):
            x = torch.tensor([-4.0, -1.0, 0.0, 0.5, 7.0], requires_grad=True)
            y = x * 1
            print(f(y, inplace=True) is y, y, y.grad_fn.next_functions)
            y.sum().backward()
            print(x.grad)
    """,
    "an activation of no tensor": """
        F.silu(3, inplace=True)
    """,
    "a leaf in place": """
        F.leaky_relu(torch.ones(2, requires_grad=True), inplace=True)
    """,
    "bounds in the wrong order": """
        F.hardtanh(torch.ones(2), 1.0, -1.0)
    """,
    "softmin, softsign, tanhshrink": """
        x = torch.tensor([[1.0, 2.0], [3.0, -4.0]], requires_grad=True)
        for y in (F.softmin(x, 1), F.softmin(x), F.softsign(x), F.tanhshrink(x), F.threshold(x, 0.1, 20)):
            print(y, torch.autograd.grad(y.sum(), x))
    """,
    "a negative slope in place": """
        x = torch.ones(2, requires_grad=True)
        F.elu(x * 1, -1.0, inplace=True).sum().backward()
    """,
    "as many weights as do not fit": """
        F.prelu(torch.ones(2, 3), torch.ones(2))
    """,
    "an odd size": """
        F.glu(torch.ones(3))
    """,
    "an implicit dim": """
        x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        print(F.softmax(x))
        print(F.log_softmax(x[None]))
    """,
    "cross entropy and its graph": """
        x = torch.tensor([[1.0, 2.0, 0.5], [3.0, 4.0, -1.0]], requires_grad=True)
        loss = F.cross_entropy(x, torch.tensor([0, 2]), label_smoothing=0.1)
        loss.backward()
        print(loss, x.grad, loss.grad_fn.next_functions)
    """,
    "dropout, three times": """
        torch.manual_seed(1)
        x = torch.ones(4, 5, requires_grad=True)
        print(F.dropout(x), F.dropout(x, 0.2), torch.rand(2))
        print(F.dropout(x, training=False) is x)
    """,
    "a row that is written into": """
        w = torch.ones(3, 2)
        row = F.embedding(torch.tensor(1), w).mul_(5)
    """,
    "no tensor": """
        F.cross_entropy(torch.ones(2, 3), 1)
    """,
    "no tensors at all": """
        F.mse_loss(1, 2)
    """,
    "nothing": """
        F.linear()
    """,
    "a keyword that is none": """
        F.softplus(torch.ones(2), gamma=3)
    """,
    "a wrong number of classes": """
        F.one_hot(torch.tensor([1, 2]), "a")
    """,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_document(source):
    assert_same(source)
