"""Backward passes by themselves, recorded ones, writes in place, and where somebody watches."""

from __future__ import annotations

from conformance.suites.bench.task import Task

GROUP = "autograd"

_CHAIN = """
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x
for _ in range(5):
    y = (y * x + x).exp().tanh()
total = y.sum()
grad = torch.autograd.grad
"""
_WRITTEN = """
w, g = torch.ones(3, requires_grad=True), torch.full((3,), 0.001)
p = torch.ones(3)
"""
_FUNCTION = """
x = torch.ones(3, requires_grad=True)


class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        result = x.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad):
        (result,) = ctx.saved_tensors
        return grad * result


apply = Exp.apply
"""

TASKS = (
    Task(
        GROUP, "a pass of 21 nodes", setup=_CHAIN, statement="total.backward(retain_graph=True)", bound=1.0,
    ),
    Task(
        GROUP, "a pass of 21 nodes, recorded", setup=_CHAIN, statement="grad(total, x, create_graph=True)", bound=1.5,
    ),
    Task(
        GROUP, "second derivative through 20 nodes", setup=_CHAIN,
        statement="(first,) = grad(total, x, create_graph=True)\ngrad(first.sum(), x, retain_graph=True)", bound=1.5,
    ),
    Task(
        GROUP, "update under no_grad: sub_", setup=_WRITTEN,
        statement="with torch.no_grad():\n    w.sub_(g)", bound=1.0,
    ),
    Task(
        GROUP, "update under no_grad: w -= rate * g", setup=_WRITTEN,
        statement="with torch.no_grad():\n    w -= 0.001 * g", bound=1.0,
    ),
    Task(
        GROUP, "update under no_grad: mul_ by a number", setup=_WRITTEN,
        statement="with torch.no_grad():\n    w.mul_(1.0)", bound=1.0,
    ),
    Task(
        GROUP, "update under no_grad: one element", setup=_WRITTEN,
        statement="with torch.no_grad():\n    w[0] = 1.0", bound=1.0,
    ),
    Task(GROUP, "write in place: add_", setup=_WRITTEN, statement="p.add_(g)"),
    Task(GROUP, "write in place: sub_ with alpha", setup=_WRITTEN, statement="p.sub_(g, alpha=0.1)"),
    Task(
        GROUP, "write into a view, and back", setup="x = torch.ones(2, 3, requires_grad=True)",
        statement="y = x * 1\ny[0].mul_(2.0)\ny.sum().backward()",
    ),
    Task(
        GROUP, "a hook on a tensor", setup="x = torch.ones(2, 3, requires_grad=True)\ndouble = lambda grad: grad * 2",
        statement="y = x * 2\ny.register_hook(double)\ny.sum().backward()",
    ),
    Task(GROUP, "an autograd.Function", setup=_FUNCTION, statement="apply(x).sum().backward()"),
)  # fmt: skip
