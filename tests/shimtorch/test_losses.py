"""Binary cross entropy: values, gradients of both orders, arguments and misuse, compared with PyTorch.

To add a case, add a line to ``SOURCES``.
"""

# ruff: noqa: E501 (a source is one line, however long)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shimtorch
from tests.shimtorch.sidebyside import assert_same, lines, needs_torch, torch

SOURCES = lines(
    r"""
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction='sum')
x, w = torch.tensor([.2, .7], requires_grad=True), torch.tensor(2., requires_grad=True); g, = torch.autograd.grad(F.binary_cross_entropy(x, torch.tensor([0., 1.])) * w, x, create_graph=True); g.sum().backward(); print(w.grad, x.grad)
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction='foo')
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction=None)
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction='elementwise_mean')
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), size_average=True)
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), size_average=False)
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), None, False, True)
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.tensor(2.))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.ones(3))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.ones(2, 2))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.ones(2, requires_grad=True))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.ones(2, dtype=torch.float64))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=[1., 2.])
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=2.)
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0, 1]))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1.], dtype=torch.float64))
F.binary_cross_entropy(torch.tensor([.2, .8], dtype=torch.float64), torch.tensor([0., 1.]))
F.binary_cross_entropy(torch.tensor([0, 1]), torch.tensor([0, 1]))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 1., 1.]))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([[0., 1.]]))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor(1.))
F.binary_cross_entropy(torch.tensor([1.2, .8]), torch.tensor([0., 1.]))
F.binary_cross_entropy(torch.tensor([-.2, .8]), torch.tensor([0., 1.]))
F.binary_cross_entropy(torch.tensor([.2, .8]), torch.tensor([0., 2.]))
F.binary_cross_entropy(torch.tensor([float('nan'), .8]), torch.tensor([0., 1.]))
F.binary_cross_entropy(torch.tensor([0., 1.]), torch.tensor([1., 0.]))
F.binary_cross_entropy(torch.tensor([0., 1.]), torch.tensor([0., 1.]))
F.binary_cross_entropy(torch.tensor([]), torch.tensor([]))
F.binary_cross_entropy(torch.tensor(.3), torch.tensor(1.))
F.binary_cross_entropy(torch.tensor([.2, .8], dtype=torch.float16), torch.tensor([0., 1.], dtype=torch.float16))
F.binary_cross_entropy(torch.tensor([.2+1j]), torch.tensor([0.]))
F.binary_cross_entropy(torch.tensor([.2]))
F.binary_cross_entropy()
F.binary_cross_entropy(.2, .3)
F.binary_cross_entropy([.2], [.3])
F.binary_cross_entropy(torch.tensor([.2]), [1.])
F.binary_cross_entropy(torch.tensor([.2]), 1.)
F.binary_cross_entropy(torch.tensor([.2]), None)
F.binary_cross_entropy(np.array([.2]), np.array([.2]))
F.binary_cross_entropy(torch.tensor([.2]), torch.tensor([1.]), foo=1)
F.binary_cross_entropy(torch.tensor([.2]), torch.tensor([1.]), None, None, None, 'mean', 3)
F.binary_cross_entropy(input=torch.tensor([.2]), target=torch.tensor([1.]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction='sum')
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction='none')
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduction='foo')
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), size_average=False)
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), reduce=False)
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0, 1]))
F.binary_cross_entropy_with_logits(torch.tensor([2, 8]), torch.tensor([0, 1]))
F.binary_cross_entropy_with_logits(torch.tensor([2, 8]), torch.tensor([0., 1]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.], dtype=torch.float64))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([True, False]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1., 1.]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([[0., 1.]]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.tensor([2., 3.]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.ones(3))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=torch.ones(2, 2))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), pos_weight=torch.tensor([2., 3.]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), pos_weight=torch.tensor(2.))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), pos_weight=torch.ones(3))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), pos_weight=2.)
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), weight=2.)
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 1.]), pos_weight=torch.ones(2, requires_grad=True))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8], requires_grad=True), torch.tensor([0., 1.]), weight=torch.ones(2, requires_grad=True))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8]), torch.tensor([0., 5.]))
F.binary_cross_entropy_with_logits(torch.tensor([200., -800, float('inf'), float('nan')]), torch.tensor([0., 1., 1, 1]), reduction='none')
F.binary_cross_entropy_with_logits(torch.tensor([]), torch.tensor([]))
F.binary_cross_entropy_with_logits(torch.tensor([.2, .8], dtype=torch.float16), torch.tensor([0., 1.], dtype=torch.float16))
F.binary_cross_entropy_with_logits(torch.tensor([.2]))
F.binary_cross_entropy_with_logits(.2, .3)
F.binary_cross_entropy_with_logits([.2], [.3])
F.binary_cross_entropy_with_logits(torch.tensor([.2]), 1.)
F.binary_cross_entropy_with_logits(torch.tensor([.2]), torch.tensor([1.]), foo=1)
F.sigmoid(torch.tensor([.2])), F.relu(torch.tensor([-.2])), F.logsigmoid(torch.tensor([.2]))
F.sigmoid(.2)
F.relu('a')
F.relu()
F.relu(torch.ones(1), foo=1)
F.relu(torch.ones(1), 1)
x = torch.tensor([-1., 2]); y = F.relu(x, inplace=True); y is x
x = torch.tensor([-1., 2], requires_grad=True); y = F.relu(x, inplace=True)
x = torch.tensor([-1., 2], requires_grad=True); y = F.relu(x * 2, inplace=True); y.sum().backward()
p = torch.tensor([.2, .7], requires_grad=True); t = torch.tensor([.3, 1.], requires_grad=True); F.binary_cross_entropy(p, t).backward()
p = torch.tensor([.2, .7], requires_grad=True); t = torch.tensor([.3, 1.], requires_grad=True); F.binary_cross_entropy_with_logits(p, t).backward()
p = torch.tensor([0., 1.], requires_grad=True); t = torch.tensor([1., 0.]); F.binary_cross_entropy(p, t).backward()
p = torch.tensor([.2, .7], requires_grad=True); F.binary_cross_entropy(torch.sigmoid(p), torch.tensor([.3, 1.]), torch.tensor([1., 2]), reduction='sum').backward()
p = torch.tensor([.2, .7], requires_grad=True); F.binary_cross_entropy_with_logits(p, torch.tensor([.3, 1.]), torch.tensor([1., 2]), pos_weight=torch.tensor([3.])).backward()
p = torch.tensor([.2, .7], requires_grad=True); F.binary_cross_entropy(p, torch.tensor([.3, 1.]), reduction='none').backward(torch.tensor([1., 2]))
p = torch.tensor([.25, .75], dtype=torch.float64, requires_grad=True); t = torch.tensor([.5, 1.], dtype=torch.float64, requires_grad=True); g = torch.autograd.grad(F.binary_cross_entropy_with_logits(p, t, pos_weight=torch.tensor(2., dtype=torch.float64)), [p, t], create_graph=True); h = torch.autograd.grad(g[0].sum() + g[1].sum(), [p, t], create_graph=True)
p = torch.tensor([.25, .75], dtype=torch.float64, requires_grad=True); t = torch.tensor([.5, 1.], dtype=torch.float64); g = torch.autograd.grad(F.binary_cross_entropy(p, t, weight=torch.tensor([2., 3], dtype=torch.float64), reduction='sum'), p, create_graph=True)[0]; g.sum().backward()
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_loss(source):
    assert_same(source)


unit, logit, positive = (
    st.floats(2**-20, 1 - 2**-20, width=32),
    st.floats(-30, 30, width=32),
    st.floats(0.125, 4, width=32),
)


@needs_torch
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["binary_cross_entropy", "binary_cross_entropy_with_logits"]),
    st.sampled_from(["mean", "sum", "none"]),
    st.sampled_from(["float32", "float64"]),
    st.booleans(),
    st.lists(st.tuples(unit, logit, unit, positive), min_size=1, max_size=20),
)
def test_values_and_both_derivatives(name, reduction, dtype, weighted, rows):
    probability, score, target, weight = (np.array(column, dtype) for column in zip(*rows, strict=True))
    first = probability if name == "binary_cross_entropy" else score
    found = []
    for implementation in (shimtorch, torch):
        x = implementation.from_numpy(first.copy()).requires_grad_()
        y, w = implementation.from_numpy(target), implementation.from_numpy(weight) if weighted else None
        loss = getattr(implementation.nn.functional, name)(x, y, weight=w, reduction=reduction)
        (slope,) = implementation.autograd.grad(loss.sum(), x, create_graph=True)
        (curve,) = implementation.autograd.grad((slope * slope).sum(), x)
        found.append([t.detach().numpy() for t in (loss, slope, curve)])
    precision = np.finfo(dtype).eps
    for ours, theirs, slack in zip(*found, (4 * len(rows), 8, 64), strict=True):
        scale = np.abs(theirs).max() if theirs.size else 0
        np.testing.assert_allclose(ours, theirs, rtol=slack * precision, atol=slack * precision * scale)


RECORDED = {
    "F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.0]))": "tensor(0.6931)",
    "F.binary_cross_entropy(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))": "tensor(100.)",
    "F.binary_cross_entropy_with_logits(torch.tensor([0.0]), torch.tensor([1.0]))": "tensor(0.6931)",
}


@pytest.mark.parametrize(("source", "text"), RECORDED.items())
def test_as_recorded(source, text):
    assert repr(eval(source, {"torch": shimtorch, "F": shimtorch.nn.functional})) == text
