"""``torch.special`` beside PyTorch's."""

import pytest

from tests.shimtorch.sidebyside import assert_same, lines, needs_torch

SOURCES = lines("""
x = torch.tensor([0.5, -1.0], requires_grad=True); y = torch.special.erf(x); y.sum().backward(); print(y, x.grad)
print(torch.special.erfc(torch.tensor([0.1, 5.0])), torch.special.exp2(torch.arange(3)), torch.special.erf.__name__)
print(torch.special.expit(torch.ones(2, requires_grad=True)), torch.special.log1p(torch.tensor(0.1)))
print(torch.special.expm1(torch.tensor(0.1)), torch.special.logit(torch.tensor([0.1, 0.0]), eps=0.01))
torch.special.erf()
torch.special.erfc(1)
torch.special.expit(torch.ones(2), 1)
torch.special.logit(torch.ones(2), "a")
torch.special.exp2(torch.ones(2), out=torch.ones(2, requires_grad=True))
torch.special.logit(torch.ones(2), out=torch.ones(2, dtype=torch.int64))
""")


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(source)
