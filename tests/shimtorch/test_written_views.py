"""Recorded writes into views and their bases: what becomes of the graph, compared with PyTorch.

To add a case, add a block to ``SOURCES``; what it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, needs_torch

SOURCES = blocks(
    r"""
x = torch.ones(3, requires_grad=True); w = torch.tensor([1., 2.], requires_grad=True)
b = x * 2
v = b[:2]
v.mul_(w)
g = torch.autograd.grad((b * b).sum(), [x, w], create_graph=True)
(g[0].sum() + g[1].pow(2).sum()).backward()

x = torch.arange(6., requires_grad=True)
b = (x * 2).view(2, 3)
b.t()[1].add_(5)
b[0].exp_()
b.sum().backward()

x = torch.arange(6., requires_grad=True)
b = x * 2
v = b.view(2, 3)
u = v[0]
b.mul_(3)
(v * v).sum().backward(retain_graph=True)
u.sigmoid_()
(v.sum() + u.pow(2).sum() + b.sum()).backward()

w = torch.tensor(3., requires_grad=True)
b = torch.zeros(2, 2)
v, u = b[0], b[:, 1]
b[1, 1] = w
v.requires_grad, u.requires_grad, v.is_leaf
u.add_(w)
v.sum().backward(retain_graph=True)
b.sum().backward()

w = torch.tensor([1., 2.], requires_grad=True)
b = torch.zeros(3, 2)
for i in range(3):
    b[i] = w * i
(b * b).sum().backward()

x = torch.ones(3, requires_grad=True)
v = x[:2]
v.mul_(2)

x = torch.ones(3, requires_grad=True)
with torch.no_grad(): v = x[0]
v.requires_grad, v.is_leaf, v.grad_fn
y = v * 2
y.grad_fn.next_functions
y.backward()
v.backward()
torch.autograd.grad(v * 3, v)

x = torch.ones(3, requires_grad=True)
with torch.no_grad(): v = x[0]
torch.autograd.grad(v * 3, v, allow_unused=True)
v.retain_grad()
h = v.register_hook(print)
(v * 3).backward(inputs=[v])
v.mul_(2)

x = torch.ones(3, requires_grad=True)
with torch.no_grad():
    v = x[0]
    v.mul_(2)
print(v, v.requires_grad, v.output_nr, v.retains_grad)
v.is_leaf

x = torch.ones(3, requires_grad=True)
with torch.no_grad():
    v = x[0]
    v.mul_(2)
v.grad_fn

x = torch.ones(3, requires_grad=True)
with torch.no_grad():
    v = x[0]
    x.mul_(2)
v * 2

x = torch.ones(3, requires_grad=True)
with torch.no_grad():
    v = x[0]
v.mul_(2)

x = torch.ones(3, requires_grad=True)
v = x[:2]
with torch.no_grad():
    x.mul_(2)
y = v * 3
y.sum().backward()

x = torch.ones(3)
v = x[:2]
x.requires_grad_()
v.requires_grad, v.is_leaf, v.grad_fn, (v * 2).grad_fn.next_functions
with torch.no_grad(): x.mul_(2)
(v * 3).sum().backward()
x.requires_grad_(False)
v.requires_grad_(False)

x = torch.ones(3)
v = x[:2]
x.requires_grad_()
v.mul_(2)

x = torch.ones(3)
v = x[:2]
x.add_(1)
x.requires_grad_()
v.grad_fn
(v * v).sum().backward()

x = torch.ones(3)
x.add_(1)
v = x[:2]
x.requires_grad_()
v.grad_fn
x.requires_grad_(False)
v.requires_grad
v.requires_grad_()
x.requires_grad
x.mul_(2)
v.grad_fn
(v * 2).sum().backward()

x = torch.ones(3)
v = x[:2]
v.requires_grad_()
v.mul_(2)

x = torch.ones(3, requires_grad=True)
a = x * 2
y = a * a
a.detach_()
y.sum().backward()

x = torch.ones(3, requires_grad=True)
a = x * 2
v = a[0]
v.detach_()

x = torch.ones(3, requires_grad=True)
a = x * 2
v = a[0]
a.detach_()
v.grad_fn
a.mul_(2)
v.grad_fn
v.backward()

x = torch.ones(3, requires_grad=True)
a = x * 1
p, q, r = a.unbind()
p.mul_(2)

x = torch.ones(3, requires_grad=True)
a = x * 1
p, q, r = a.unbind()
a.mul_(2)
print(p, p.output_nr, q.requires_grad, q.output_nr)
q.retain_grad()

x = torch.ones(3, requires_grad=True)
a = x * 1
p, q, r = a.unbind()
a.mul_(2)
q.sum().backward()

x = torch.ones(3, requires_grad=True)
a = x * 1
p, q = a.split(2)
with torch.no_grad(): a.mul_(2)
q[None]

x = torch.ones(3, requires_grad=True)
a = x * 1
with torch.no_grad(): p, q = a.split(2)
p.mul_(2)

x = torch.ones(3, requires_grad=True)
a = x * 1
p, q = a.split(2)
p[0].mul_(2)

x = torch.ones(3, requires_grad=True)
a = x * 1
with torch.inference_mode(): v = a[0]
v.mul_(2)

x = torch.ones(3, requires_grad=True)
a = x * 2
v = a[1:]
v.retain_grad(); a.retain_grad()
v.mul_(3)
v.retains_grad, a.retains_grad
(a.sum() + v.sum()).backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
v = y[0]
y.register_hook(lambda g: print("y before", g))
v.register_hook(lambda g: print("v before", g))
v.retain_grad(); y.retain_grad()
v.mul_(3)
y.register_hook(lambda g: print("y after", g))
v.register_hook(lambda g: print("v after", g))
(y.sum() + v).backward()

x = torch.ones(2, 2, requires_grad=True)
y = x * 2
d = y.detach()
d.mul_(2)
y._version, d._version, d._is_view() if hasattr(d, "_is_view") else None
(y * y).sum().backward()

x = torch.ones(2, 2, requires_grad=True)
y = x * 2
z = y * y
y[0].zero_()
z.sum().backward()

x = torch.ones(2, 2, requires_grad=True)
y = x * 2
v = y[0]
z = v * v
y.add_(1)
z.sum().backward()

x = torch.ones(2, 2, requires_grad=True)
y = x.exp()
y.view(4)[1:].mul_(2)
y.sum().backward()

x = torch.ones(2, 2, requires_grad=True)
y = x * 1
v = y.view(4)[1:]
v.exp_()
g, = torch.autograd.grad(y.sum(), x, create_graph=True)
g.sum().backward()

x = torch.ones(2, 2, requires_grad=True)
y = x * 1
v = y.t()[1]
v.tanh_()
g, = torch.autograd.grad((y * y).sum(), x, create_graph=True)
h, = torch.autograd.grad(g.sum(), x, create_graph=True)
k, = torch.autograd.grad(h.sum(), x)

x = torch.ones(2, 2, requires_grad=True)
y = x * 1
v = y[1]
v.copy_(torch.tensor([3., 4.], requires_grad=True))
v.fill_(2.)
y.zero_()
y.sum().backward()

x = torch.ones(2, 2, requires_grad=True)
s = torch.tensor([1, 2])
t = torch.tensor(5., dtype=torch.float64, requires_grad=True)
y = x * 1
y[0].copy_(s)
y[1].copy_(t)
y.sum().backward()

x = torch.ones(3)
x.copy_(torch.ones(2))

x = torch.ones(3)
x.copy_([1, 2, 3])

x = torch.ones(3)
x.copy_(torch.ones(2, 3))

x = torch.ones(2, 3, requires_grad=True)
y = x * 1
y.copy_(y)
y.copy_(y.t().clone().t())
y.copy_(torch.arange(3))
y.sum().backward()

x = torch.arange(12., requires_grad=True)
y = (x * 1).as_strided((2, 3), (5, 2), 1)
y.mul_(2)
(y * y).sum().backward()

x = torch.arange(5., requires_grad=True)
y = x.as_strided((3, 3), (1, 1))
(y * y).sum().backward()

x = torch.arange(5.).as_strided((4, 4), (0, 1)).requires_grad_()
y = x.as_strided((3,), (1,), 1)
(y * y).sum().backward()

torch.arange(5.).as_strided((3, 3), (2, 1))

torch.arange(5.).as_strided((3, 3), (2,))

torch.arange(5.).as_strided((3,), (-2,))

x = torch.arange(5.)[2:]
x.as_strided((2,), (1,)), x.as_strided((2,), (1,), 0), torch.as_strided(torch.arange(4), (2, 2), (1, 2))

torch.arange(5.).as_strided((2,), (1,), -1)

torch.arange(5).as_strided(2, 1)

x = torch.ones(2, 2, requires_grad=True)
y = x * 1
v = y[0]
y.data.mul_(3)
y.data = torch.zeros(2, 2)
v.mul_(2)

x = torch.ones(4, requires_grad=True)
y = x * 2
v = y[:2]
u = v[:1]
v.mul_(3); u.add_(1); y.sub_(1)
v.grad_fn.next_functions, u.grad_fn.next_functions, y.grad_fn.next_functions
(u.sum() + v.sum() * 2).backward()

x = torch.ones(4, requires_grad=True)
y = x * 2
a, b = y[:2], y[2:]
a += b
b *= a
y.sum().backward()
print(y, a, b)

x = torch.ones(4, requires_grad=True)
y = x * 2
y[y > 1] = 0
y[torch.tensor([0, 1])] = torch.tensor([3., 4.], requires_grad=True)
y[1:3].masked_fill_(torch.tensor([True, False]), 7.)
y[2:].clamp_(max=1.)
y.sum().backward()

x = torch.ones(2, 3, requires_grad=True)
y = x.expand(4, 2, 3)
y.mul_(2)

x = torch.ones(2, 3, requires_grad=True)
y = x * 1
z = y.expand(4, 2, 3)
y.mul_(2)
z.sum().backward()

x = torch.ones(3, requires_grad=True)
y = x * 1
v = y[:]
v += 1
v is y, y.sum().backward()
""",
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(source)
