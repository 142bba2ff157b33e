"""``torch.inference_mode``: what is made in it, and what it may take part in afterwards."""

import pytest

from tests.shimtorch.sidebyside import assert_same, needs_torch

pytestmark = needs_torch

MADE = """
x = torch.ones(2, requires_grad=True)
n = torch.ones(2)
with torch.inference_mode():
    y = x * 2
    v = x[0]
    z = torch.ones(2)
    q = torch.ones(2, requires_grad=True)
    vv, nv, d = z[0], n[0], x.detach()
"""

SOURCES = {
    "what is made in it": MADE
    + """
print([t.is_inference() for t in (x, n, y, v, z, q, vv, nv)], [t.requires_grad for t in (y, v, z, q, vv, nv)])
print(y, v, q, y.is_leaf, v.is_leaf, y.grad_fn)
""",
    "the modes": """
print(torch.is_grad_enabled(), torch.is_inference_mode_enabled())
with torch.inference_mode():
    print(torch.is_grad_enabled(), torch.is_inference_mode_enabled())
    with torch.enable_grad():
        x = torch.ones(2, requires_grad=True) * 2
        print(torch.is_grad_enabled(), x, x.requires_grad, x.is_inference())
    with torch.inference_mode(False):
        print(torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.ones(2).is_inference())
    print(torch.is_grad_enabled(), torch.is_inference_mode_enabled())
with torch.no_grad():
    with torch.inference_mode(False):
        print(torch.is_grad_enabled())
    print(torch.is_grad_enabled())
print(torch.is_grad_enabled(), torch.is_inference_mode_enabled())
""",
    "as a decorator": """
@torch.inference_mode()
def f(x):
    return x * 2
@torch.inference_mode
def g(x):
    yield x * 3
h = torch.inference_mode(False)(lambda: torch.is_grad_enabled())
x = torch.ones(2, requires_grad=True)
print(f(x), f(x).is_inference(), [t.is_inference() for t in g(x)], h(), f.__name__)
print((x * 2).requires_grad, torch.inference_mode(True).mode)
""",
    "writing inside": MADE
    + """
with torch.inference_mode():
    y.add_(1)
    y[0] = 5
    z.zero_()
    n.add_(1)
    y.requires_grad_()
    print(y, z, n, x, (y * 2).requires_grad)
print(n._version, x._version)
""",
    "its version": MADE + "\ny._version",
    "writing outside": MADE + "\ny.add_(1)",
    "writing an element outside": MADE + "\ny[0] = 1",
    "filling outside": MADE + "\ny.zero_()",
    "writing a view outside": MADE + "\ny.view(2).mul_(2)",
    "writing a view of a normal tensor": MADE + "\nnv.add_(1)\nprint(n, nv)",
    "out= outside": MADE + "\ntorch.add(n, n, out=y)",
    "saved for backward": MADE + "\nx * y",
    "saved by a loss": MADE + "\nF.binary_cross_entropy_with_logits(x, y)",
    "saved by an in-place operator": MADE + "\ntorch.exp(x).mul_(y)",
    "not saved": MADE + "\nprint(x + y, torch.exp(x).add_(y))\n(x + y).sum().backward()\nx.grad",
    "not recorded": MADE
    + "\nprint((y * n).is_inference(), y[0].is_inference(), y.clone().is_inference(), y.t().is_inference())",
    "requires_grad_ outside": MADE + "\ny.requires_grad_()",
    "requires_grad outside": MADE + "\ny.requires_grad = True",
    "backward": MADE + "\ny.sum().backward()",
    "a leaf made inside": MADE + "\nprint(q.is_leaf)\n(q + 1).sum().backward()\nq.grad",
    "an error inside": """
try:
    with torch.inference_mode():
        torch.ones(2) @ torch.ones(3)
except RuntimeError as e:
    print(e)
print(torch.ones(2).is_inference(), torch.is_grad_enabled())
""",
    "nested": """
with torch.inference_mode():
    with torch.inference_mode():
        a = torch.ones(2)
    b = torch.ones(2)
c = torch.ones(2)
print(a.is_inference(), b.is_inference(), c.is_inference())
""",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_document(source):
    assert_same(source)
