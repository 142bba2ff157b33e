"""Basic indexing, read and written: values, views, graphs and errors, compared with PyTorch.

To add a case, add an index to ``INDICES``, a value to ``VALUES`` or a line to ``SOURCES``.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shimtorch
from tests.shimtorch.sidebyside import assert_same, lines, needs_torch, outcome

TENSORS = [
    "torch.arange(24.).reshape(2, 3, 4)", "torch.arange(24.).reshape(2, 3, 4).requires_grad_()",
    "torch.arange(24.).reshape(4, 3, 2).permute(2, 1, 0).requires_grad_()", "torch.tensor(3.)",
    "torch.tensor(3., requires_grad=True)",
]  # fmt: skip
INDICES = [
    "0", "-1", "1, 2", "1, 2, 3", ":, 1", "..., 1", "..., 1:3", "1:", ":0", "5:", "::2", ":, ::2", ":, 1:, ::3", "None",
    ":, None", "..., None", "None, ..., None", "0, ..., 0", "...", ":", "()", ":, :, :", "-2:", ":-1", "-10:10",
    "0:2, 1", "torch.tensor(1)", "torch.tensor(1), 1:", "1, torch.tensor(-1)", "np.int64(1)", "np.int32(1), :",
    "np.array(1)", "torch.tensor(0):torch.tensor(2)", "np.int64(0):np.int64(1)", "2", "-3", "0, 3", "0, 0, 0, 0",
    "0, 0, 0, ...", "0, 0, 0, None", "..., 0, 0, 0, 0", "..., ..., 0", "1.5", "1.0:2", "'a'", "'a', 1", "'a':", "::-1",
    "::0", "0:2:0", ":, ::-1", "object()", "None, None", "1j", "b'a'", "2**70", "2**63:", ":, 2**70:", "-2**63",
    "torch.tensor(5)", "0, torch.tensor(5)", "slice(None)", "slice(0, 1), slice(1, 2)", "None, 0", "0, None",
    "0, None, 1", "1:1", "2:1", ":, 3:", ":, -1:", "-1, -1, -1", "..., -1, :", "1:2, ..., 1:2", "0:100:3", "1::1",
    "None:None:None", ":True", "None, 5", "..., 5",
]  # fmt: skip
TARGETS = ["0", "1, 2", ":, 1", "...", "0, 0, 0", "None, 0", "..., 1:3", ":, ::2", "()", ":0", "torch.tensor(1)"]
VALUES = [
    "5", "5.5", "True", "1j", "torch.tensor(7)", "torch.tensor(7.5)", "torch.tensor([1., 2, 3, 4])",
    "torch.tensor([1, 2, 3, 4])", "torch.ones(3, 4)", "torch.ones(3, 1)", "torch.ones(1, 1, 1)", "torch.ones(1, 3, 4)",
    "torch.ones(2, 3, 4)", "torch.ones(5)", "torch.ones(2, 2)", "np.float32(3)", "np.int64(3)", "np.array(3.)",
    "np.ones(4)", "[1, 2, 3, 4]", "'a'", "None", "float('nan')", "1e300", "10**30", "torch.tensor(1j)", "object()",
    "x[0].clone()", "torch.ones(0)", "np.bool_(True)", "-1", "300", "float('inf')",
]  # fmt: skip
DTYPES = ["float32", "int64", "bool", "complex64", "uint8", "float16"]


@needs_torch
@pytest.mark.parametrize(("tensor", "index"), list(product(TENSORS, INDICES)))
def test_read(tensor, index):
    assert_same(f"x = {tensor}\ny = x[{index}]")


@needs_torch
@pytest.mark.parametrize("index", INDICES)
def test_gradients_of_both_orders(index):
    source = f"x = torch.arange(24.).reshape(2, 3, 4).requires_grad_()\ny = x[{index}]\n"
    assert_same(source + "(y * y).sum().backward()")
    source += "g, = torch.autograd.grad((y * y).sum() + (x * x).sum(), x, create_graph=True)\n"
    assert_same(source + "g.sum().backward()")


@needs_torch
@pytest.mark.parametrize(("target", "value"), list(product(TARGETS, VALUES)))
def test_write(target, value):
    assert_same(f"x = torch.zeros(2, 3, 4)\nx[{target}] = {value}\nx._version")


@needs_torch
@pytest.mark.parametrize(("dtype", "value"), list(product(DTYPES, VALUES)))
def test_write_casts(dtype, value):
    assert_same(f"x = torch.zeros(3, 4, dtype=torch.{dtype})\nx[1] = {value}")


SOURCES = lines(
    """
    x = torch.zeros(2, 3); del x[0]
    x = torch.zeros(3); x[0] += 1; x[1:] *= 5; x[1:] += 2; v = x._version
    x = torch.tensor(3.); x[0] = 1
    x = torch.tensor(3.); x[...] = 1; x[()] = 2
    x = torch.zeros(2, 3).t(); x[0] = torch.tensor([1., 2]); x[:, 0] = 5
    x = torch.zeros(1).expand(3); x[0] = 1
    x = torch.zeros(1).expand(3); x[:] = 1
    x = torch.arange(5); x[1:] = x[:-1]
    x = torch.arange(5); x[:-1] = x[1:]
    x = torch.arange(5); x[1:] = x[:-1].clone()
    x = torch.arange(4.); x[:] = x
    x = torch.zeros(3, requires_grad=True); x[0] = 1
    x = torch.zeros(3); x[0] = torch.tensor([1.])
    x = torch.zeros(3); x[0] = torch.tensor([1., 2.])
    x = torch.zeros(3); x[0] = torch.tensor(1., requires_grad=True).item()
    x = torch.zeros(3); x[0] = torch.tensor(1., requires_grad=True).detach()
    x = torch.arange(6.).reshape(2, 3); a, b = x; a += 1
    x = torch.arange(6.).reshape(2, 3).requires_grad_(); a, b = x; (a * b).sum().backward()
    x = torch.arange(6.).reshape(2, 3).requires_grad_(); [r.sum() for r in x][1].backward()
    x = torch.arange(6.).reshape(2, 3).requires_grad_(); a, b = x; a.retain_grad(); (a * b).sum().backward()
    x = torch.arange(6.).reshape(2, 3).requires_grad_(); torch.autograd.grad((x[0] * x[1]).sum(), x)
    """
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(source)


ends = st.none() | st.integers(-6, 6)
steps = st.none() | st.integers(1, 3)
parts = st.integers(-4, 4) | st.builds(slice, ends, ends, steps) | st.just(None) | st.just(Ellipsis)


@needs_torch
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 4), max_size=4), st.booleans(), st.booleans(),
    st.lists(parts, max_size=5).filter(lambda index: index.count(Ellipsis) < 2),
)  # fmt: skip
def test_drawn_index(shape, turned, recorded, index):
    source = f"x = torch.arange({float(np.prod(shape))}).reshape({shape})\n"
    source += f"x = x.permute({list(range(len(shape)))[::-1]})\n" if turned else ""
    source += "x.requires_grad_()\n" if recorded else ""
    assert_same(source + f"y = x[{tuple(index)!r}]\nz = y.sum()")
    if not recorded:
        assert_same(source + f"x[{tuple(index)!r}] = 7.")


RECORDED = {
    "x[0, 3]": ("IndexError", "index 3 is out of bounds for dimension 1 with size 3"),
    "x[0, 0, 0, 0]": ("IndexError", "too many indices for tensor of dimension 3"),
    "x[::-1]": ("ValueError", "step must be greater than zero"),
    "x[0][0][0][0]": (
        "IndexError",
        "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
        "0-dim tensor to a number",
    ),
}


@pytest.mark.parametrize(("source", "raised"), RECORDED.items())
def test_as_recorded(source, raised):
    found = outcome(f"x = torch.arange(24.).reshape(2, 3, 4); {source}", shimtorch)
    assert found["raised"][:2] == raised
