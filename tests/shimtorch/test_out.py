"""``out=`` of every operator that takes one in PyTorch: what is written, resized, warned of and refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from hypothesis import assume, given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from shimtorch._signatures import _read  # noqa: E402
from shimtorch.ops._define import OPERATORS  # noqa: E402
from tests.shimtorch.agreement import Call, Leaf, function_of  # noqa: E402
from tests.shimtorch.sidebyside import assert_same  # noqa: E402
from tests.shimtorch.test_operators import (  # noqa: E402
    DTYPES,
    PUBLIC,
    SHAPES,
    agree,
    calls,
    every_warning,  # noqa: F401 (used in every test)
    forms,
    signatures,
    thorough,
)


def takes_out(name: str) -> bool:
    """Whether PyTorch's function of that name has an ``out`` of one tensor, whose values can be told."""
    if name in ("empty", "take_along_dim"):  # of the latter, places that fit are not drawn here
        return False
    offered = [_read(signature) for signature in signatures(name).function]
    return ("function", name) in forms(OPERATORS[name]) and any(
        parameter.name == "out" and parameter.kind == "Tensor" for one in offered for parameter in one.parameters
    )


@st.composite
def calls_with_out(draw, row):
    call = draw(calls(row, only="function"))
    plain = dataclasses.replace(call, operands=_without_gradients(call.operands), twice=False)
    from tests.shimtorch.agreement import _operand

    try:
        made: list = []
        operands = [_operand(value, torch, [], made) for value in plain.operands]
        options = {key: _operand(value, torch, [], made) for key, value in plain.options.items()}
        result = function_of(plain, torch)(*operands, **options)
    except (RuntimeError, IndexError, TypeError, NotImplementedError, ValueError):
        assume(False)
    assume(isinstance(result, torch.Tensor))
    shape, dtype = tuple(result.shape), str(result.dtype).removeprefix("torch.")
    assume(dtype in DTYPES)
    layout, needs = "contiguous", False
    unlike = draw(st.sampled_from(["shape", "empty", "dtype", "layout", "grad"]))  # one at a time
    if unlike == "shape":
        shape = draw(SHAPES)
    elif unlike == "empty":
        shape = (0,)
    elif unlike == "dtype":
        wider = {"float32": ("float64", "complex128"), "complex64": ("complex128",)}.get(dtype, ())
        dtype = draw(st.sampled_from([kind for kind in DTYPES if kind not in wider]))  # which say no more of the result
    elif unlike == "layout" and shape and np.prod(shape):
        layout = draw(st.sampled_from(["transposed", "gapped", "offset", "expanded"]))
    if layout == "expanded" and row.kind not in ("unary", "binary", "clamp"):
        layout = "offset"  # of the others, some write over what they have written
    needs = unlike == "grad" and np.dtype(dtype).kind in "fc"
    # Memory that comes from NumPy cannot grow, so what may grow is a copy.
    out = Leaf(np.zeros(shape, dtype), layout, needs, copied=layout == "contiguous")
    return Call(call.name, call.operands if unlike == "grad" else plain.operands, {**call.options, "out": out})


def _without_gradients(operands):
    return tuple(
        dataclasses.replace(value, requires_grad=False)
        if isinstance(value, Leaf)
        else _without_gradients(value)
        if isinstance(value, tuple)
        else value
        for value in operands
    )


@pytest.mark.parametrize("name", [name for name in PUBLIC if takes_out(name)])
@thorough
@given(data=st.data())
def test_out(name, data):
    agree(data.draw(calls_with_out(OPERATORS[name]), label="call"))


SOURCES = {
    "an input as the output": """
        a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        print(torch.add(a, 1, out=a) is a, a, a._version)
        print(torch.mm(a, a, out=torch.empty(0)))
        torch.add(a[0], a[1], out=a[0])
        print(a)
    """,
    "a part of an input as the output": """
        a = torch.arange(6.0)
        torch.add(a[:4], a[1:5], out=a[2:])
    """,
    "a pair": """
        a = torch.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
        values, indices = torch.empty(0), torch.empty(0, dtype=torch.int64)
        found = torch.max(a, 1, out=(values, indices))
        print(type(found), found[0] is values, found.indices is indices, values, indices)
        torch.max(a, 1, out=(values.double(), indices))
    """,
    "a list of two": """
        print(torch.max(torch.ones(2, 2), 1, out=[torch.zeros(2), torch.zeros(2, dtype=torch.int64)]))
    """,
    "a tensor that requires grad": """
        a = torch.ones(2, requires_grad=True)
        with torch.no_grad():
            print(torch.exp(torch.zeros(2), out=a), a.requires_grad, a.is_leaf)
        torch.exp(torch.zeros(2), out=a)
    """,
    "an input that requires grad": """
        a = torch.ones(2, requires_grad=True)
        torch.max(a, a, out=torch.zeros(2))
    """,
    "None": """
        print(torch.exp(torch.zeros(2), out=None))
    """,
    "no tensor": """
        torch.exp(torch.zeros(2), out=3)
    """,
    "an overload without it": """
        torch.sum(torch.ones(2), out=torch.zeros(()))
    """,
    "a method": """
        torch.ones(2).exp(out=torch.zeros(2))
    """,
    "less memory than before": """
        v = torch.zeros(10)
        p = v[2:9]
        torch.add(torch.ones(2, 2), 1, out=p)
        print(v, p, p.storage_offset(), p.stride())
    """,
    "in the dtype of the output": """
        a = torch.full((3,), 2**24 + 2, dtype=torch.int64)
        print(torch.sum(a, 0, out=torch.zeros((), dtype=torch.float64)))
        print(torch.mean(torch.tensor([16777216.0, 1.0, 1.0]), 0, out=torch.zeros((), dtype=torch.float64)))
        torch.sum(a, 0, dtype=torch.float32, out=torch.zeros((), dtype=torch.float64))
    """,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_document(source):
    assert_same(source)
