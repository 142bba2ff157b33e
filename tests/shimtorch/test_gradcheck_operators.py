"""``gradcheck`` and ``gradgradcheck`` pass for every operator in float64, at random points."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

pytest.importorskip("torch")
import shimtorch
from shimtorch.ops._define import OPERATORS
from tests.shimtorch.agreement import Call, DType, Leaf, function_of
from tests.shimtorch.test_operators import EXAMPLES, calls
from tests.shimtorch.test_second_derivatives import DIFFERENTIABLE, _of_kind, wanting

FEW = 3
thorough = settings(
    max_examples=EXAMPLES or FEW, derandomize=not EXAMPLES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

LARGEST = 1e3  # of values and derivatives: where they are larger, differences of width 1e-6 say nothing about them

# Other numbers are drawn each time, or the result is no float64 that depends on its operands.
WITHOUT = (
    "dropout", "bernoulli", "all", "any", "argmax", "argmin", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor",
    "bool", "byte", "cdouble", "cfloat", "char", "float", "floor_divide", "half", "heaviside", "int", "logical_and",
    "logical_or", "logical_xor", "long", "nonzero", "one_hot", "short",
    # One triangle is read, and the gradient shared by both; eigenvectors of what is no longer symmetric turn.
    "cholesky", "linalg_cholesky", "linalg_cholesky_ex", "linalg_eigh", "linalg_eigvalsh",
    "linalg_svd", "svd",  # of which the vectors that no singular value belongs to have no gradient
)  # fmt: skip


def checked(call: Call) -> tuple:
    """The call as a function of its operands' tensors, and those tensors."""
    leaves: list = []

    def tensor_of(value):
        if not isinstance(value, Leaf):
            return value
        kind = value.values.dtype.kind
        leaves.append(shimtorch.tensor(np.ascontiguousarray(value.values).reshape(value.values.shape)))
        leaves[-1].requires_grad_(kind == "f")
        return len(leaves) - 1, value.copied

    def placed(value):
        if isinstance(value, tuple) and any(isinstance(part, Leaf) for part in value):
            return [("leaf", *tensor_of(part)) if isinstance(part, Leaf) else part for part in value]
        return ("leaf", *tensor_of(value)) if isinstance(value, Leaf) else value

    operands = [placed(value) for value in call.operands]
    options = {key: placed(value) for key, value in call.options.items()}
    options = {
        key: getattr(shimtorch, value.name) if isinstance(value, DType) else value for key, value in options.items()
    }

    def taken(value, tensors):
        if isinstance(value, list):
            return [taken(part, tensors) for part in value]
        if isinstance(value, tuple) and value[:1] == ("leaf",):
            return tensors[value[1]].clone() if value[2] else tensors[value[1]]
        return value

    def function(*tensors):
        made = [taken(value, tensors) for value in operands]
        result = function_of(call, shimtorch)(*made, **{key: taken(value, tensors) for key, value in options.items()})
        parts = result if isinstance(result, tuple) else (result,)
        return tuple([part for part in parts if isinstance(part, shimtorch.Tensor) and part.dtype == shimtorch.float64])

    return function, leaves


def tame(function, leaves) -> bool:
    """Whether differences of values have something to say: smooth enough, and of numbers that are not too large."""
    outputs = [output for output in function(*leaves) if output.requires_grad]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    if not outputs or not wanted or sum(leaf.numel() for leaf in wanted) > 30:
        return False
    seeds = [shimtorch.ones_like(output, requires_grad=True) for output in outputs]
    first = shimtorch.autograd.grad(outputs, wanted, seeds, create_graph=True, allow_unused=True)
    steep = [g for g in first if g is not None and g.requires_grad]
    ones = [shimtorch.ones_like(gradient) for gradient in steep]
    second = shimtorch.autograd.grad(steep, [*wanted, *seeds], ones, allow_unused=True) if steep else ()
    values = [value for value in (*outputs, *first, *second) if value is not None]
    return all(value._a.size == 0 or np.abs(value._a).max() < LARGEST for value in values)


@pytest.mark.parametrize("name", [name for name in DIFFERENTIABLE if name not in WITHOUT])
def test_an_operator(name):
    try:
        _checked(name)
    except Unsatisfiable:
        pytest.skip("nothing was drawn whose differences say something")


@thorough
@given(data=st.data())
def _checked(name, data):
    call = data.draw(calls(OPERATORS[name]), label="call")
    call = wanting(_of_kind(call, "float64"), data.draw(st.integers(0, 2**16)), near=True)
    numbers = [*call.operands, *call.options.values()]
    assume(not call.aliased and not any(isinstance(number, complex) for number in numbers))
    # Of several values for one place all get a gradient in torch, though only one of them counts.
    places = (
        [leaf.values for leaf in call.leaves if leaf.values.dtype.kind == "i"] if name.startswith("index_put") else []
    )
    assume(all(np.unique(values).size == values.size for values in places))
    call = dataclasses.replace(call, options={k: v for k, v in call.options.items() if k != "out"})
    try:
        function, leaves = checked(call)
        fit = tame(function, leaves)
    except (RuntimeError, IndexError, TypeError, NotImplementedError, ValueError):  # compared in ``test_operators``
        assume(False)
    assume(fit)
    assert shimtorch.autograd.gradcheck(function, leaves)
    assert shimtorch.autograd.gradgradcheck(function, leaves, atol=1e-4)
