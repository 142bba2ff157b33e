"""In-place writes, versions, leaves, views and detached memory under autograd, compared with PyTorch.

To add a case, add a block to ``SOURCES``; what it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, needs_torch

SOURCES = blocks(
    r"""
x = torch.ones(3, requires_grad=True)
x += 1

x = torch.ones(3, requires_grad=True)
x.mul_(2)

x = torch.ones(3, requires_grad=True)
x[0] = 2

x = torch.ones(3, requires_grad=True)
y = x.exp()
y += 1
y.sum().backward()

x = torch.ones(3, requires_grad=True)
y = x * 2
z = y * y
y += 1
z.sum().backward()

x = torch.ones(3, requires_grad=True)
y = x * 2
y += 1
(y * y).sum().backward()

x = torch.ones(3, requires_grad=True)
w = torch.ones(3)
y = x * w
w.add_(1)
y.sum().backward()

x = torch.ones(3, requires_grad=True)
w = torch.ones(3)
w.add_(1)
y = x * w
w.add_(1)
y.sum().backward()

x = torch.ones(3, requires_grad=True)
w = torch.ones(3)
y = x * w
w.data.add_(1)
y.sum().backward()

x = torch.ones(3, requires_grad=True)
w = torch.ones(3)
y = x * w
w.detach().add_(1)
y.sum().backward()

x = torch.ones(3, requires_grad=True)
w = torch.ones(3)
y = x * w
w[0] = 5
y.sum().backward()

x = torch.ones(3, requires_grad=True)
w = torch.ones(3)
y = x * w
v = w[1:]
v.zero_()
y.sum().backward()

x = torch.ones(3, requires_grad=True)
y = x * x
with torch.no_grad():
    x += 1
y.sum().backward()

x = torch.ones(3, requires_grad=True)
for i in range(3):
    loss = ((x - 2) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        x -= 0.1 * x.grad
        x.grad.zero_()

x = torch.ones(3, requires_grad=True)
for i in range(3):
    loss = ((x - 2) ** 2).sum()
    loss.backward()
    x.data -= 0.1 * x.grad.data
    x.grad = None

x = torch.ones(3, requires_grad=True)
loss = ((x - 2) ** 2).sum()
loss.backward()
with torch.no_grad():
    x = x - 0.1 * x.grad

x = torch.ones(3, requires_grad=True)
x.data = torch.zeros(3)

x = torch.ones(3, requires_grad=True)
x.data[0] = 7
x.data.zero_()

x = torch.ones(3, requires_grad=True)
y = (x * x).sum()
x.data = torch.zeros(3)
y.backward()

x = torch.ones(3, requires_grad=True)
x.data = torch.zeros(4)
(x*2).sum().backward()

x = torch.ones(3)
x.data = torch.zeros(2, 2, dtype=torch.float64)

x = torch.ones(3)
x.data = 3

x = torch.ones(3, requires_grad=True)
x.grad = torch.ones(3)
(x * 2).sum().backward()

x = torch.ones(3, requires_grad=True)
g = torch.ones(3)
x.grad = g
(x * 2).sum().backward()
x.grad is g

x = torch.ones(3, requires_grad=True)
(x * 2).sum().backward()
g = x.grad
x.grad.zero_()
(x * 3).sum().backward()
p = g.data_ptr() == x.grad.data_ptr()

x = torch.ones(3, requires_grad=True)
y = x.detach()
y[0] = 5
y.requires_grad_()
v = (x._version, y._version)

x = torch.ones(3, requires_grad=True)
y = x * 2
y.detach_()

x = torch.ones(3, requires_grad=True)
y = x[:2]
y.detach_()

x = torch.ones(4, requires_grad=True)
v = x.view(2, 2)
v += 1

x = torch.ones(4, requires_grad=True)
v = x.detach().view(2, 2)
v += 1

x = torch.ones(4)
w = torch.ones(4, requires_grad=True)
x += w
x.sum().backward()

x = torch.ones(4)
w = torch.ones(4, requires_grad=True)
x.mul_(w)
x.sum().backward()

x = torch.ones(3, requires_grad=True)
a, b, c = x * 2
(a * b + c).backward()

x = torch.ones(3, requires_grad=True)
r = [v.item() for v in x]
s = sum(v * i for i, v in enumerate(x))
s.backward()

x = torch.arange(6.).reshape(2, 3).requires_grad_()
rows = list(x)
(rows[0] * rows[1]).sum().backward()

x = torch.arange(6.).reshape(2, 3).requires_grad_()
rows = list(x)
(rows[1]).sum().backward()

x = torch.arange(6.).reshape(2, 3)
rows = list(x)
rows[0] += 1

x = torch.arange(6.).reshape(2, 3).requires_grad_()
a, b = x
g = torch.autograd.grad((a * a * b).sum(), x, create_graph=True)
g[0].sum().backward()

x = torch.arange(6.).reshape(2, 3).requires_grad_()
a, b = x
torch.autograd.grad((a * a * b).sum(), [a, b])

x = torch.arange(6.).reshape(2, 3).requires_grad_()
a, b = x
a.retain_grad()
(a * a * b).sum().backward()

x = torch.arange(6.).reshape(2, 3).requires_grad_()
a, b = x
a.grad_fn.name(), a.grad_fn is b.grad_fn, a.output_nr, b.output_nr

x = torch.arange(6.).reshape(2, 3).requires_grad_()
y = x.max(1)
y.values.sum().backward()

p = torch.tensor([.2, .7], requires_grad=True)
t = torch.tensor([0., 1.])
l = F.binary_cross_entropy_with_logits(p, t)
g, = torch.autograd.grad(l, p, create_graph=True)
h, = torch.autograd.grad(g.sum(), p)

x = torch.tensor([1+2j, 3.], requires_grad=True)
(x * x.abs()).sum().backward()

x = torch.tensor([1+2j, 3.], requires_grad=True)
x.abs().sum().backward()

x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
z = y.detach() * x
z.sum().backward()

x = torch.tensor([1., 2.], requires_grad=True)
x.requires_grad = False
y = x * 2
x.requires_grad = True
z = x * 2

x = torch.tensor([1., 2.], requires_grad=True)
y = (x * 2).sum()
x.requires_grad_(False)
y.backward()

x = torch.tensor([1., 2.])
x.requires_grad_(requires_grad=True)
x.requires_grad_(True, 1)

x = torch.tensor([1., 2.])
x.requires_grad_(foo=True)

x = torch.tensor([1., 2.])
x.requires_grad_(1)

x = torch.tensor([1., 2.])
x.requires_grad_(None)

x = torch.tensor([1., 2.])
x.requires_grad_(torch.tensor(True))

x = torch.tensor([1., 2.])
x.requires_grad = 1

x = torch.tensor([1., 2.])
del x.requires_grad

x = torch.tensor([1., 2.], requires_grad=True)
x.sum().backward()
del x.grad

x = torch.tensor([1., 2.], requires_grad=True)
x.is_leaf = False

x = torch.tensor([1., 2.], requires_grad=True)
x.shape = 3

x = torch.tensor([1., 2.], requires_grad=True)
x.grad_fn = 3

x = torch.tensor([1., 2.], requires_grad=True)
x.dtype = torch.int32

x = torch.tensor([1., 2.], requires_grad=True)
x.grad = torch.ones(2, requires_grad=True) * 2
(x * 2).sum().backward()

x = torch.tensor([1., 2.], requires_grad=True)
x.grad = torch.ones(2, requires_grad=True)
(x * 2).sum().backward()

x = torch.tensor([[1., 2.], [3, 4]]).t().requires_grad_()
(x * 2).sum().backward()

x = torch.tensor([[1., 2.], [3, 4]]).t().requires_grad_()
(x * torch.ones(2, 2)).sum().backward()

x = torch.ones(2, 3).t().requires_grad_()
x.sum().backward()

x = torch.ones(2, 3).requires_grad_()
x.t().sum().backward()

x = torch.ones(2, 3).requires_grad_()
x.sum().backward()
p = x.grad
x.t().exp().sum().backward()

x = torch.ones(2, 1, requires_grad=True)
x.expand(2, 3).sum().backward()

x = torch.ones(3, requires_grad=True)
x.unsqueeze(0).squeeze(0)[1:].sum().backward()

x = torch.ones(3, requires_grad=True)
y = x.to(torch.float64)
y.sum().backward()

x = torch.ones(3, requires_grad=True)
y = x.double() * 2
z = y.float() + x
z.sum().backward()

x = torch.ones(3, requires_grad=True)
y = (x > 0)
z = (x == 1).float()

x = torch.ones(3, requires_grad=True)
y = x.clone()
y += 1
(y*y).sum().backward()

x = torch.ones(3, requires_grad=True)
y = x.clone()
y.zero_()
y.sum().backward()

x = torch.ones(3, requires_grad=True)
y = x.clone()
y.fill_(3.)
y.sum().backward()

x = torch.ones(3, requires_grad=True)
a = np.asarray(x.detach())
b = x.numpy()

x = torch.ones(3, requires_grad=True)
x.tolist(), x[0].item(), float(x[0])

x = torch.ones(3, requires_grad=True)
x[torch.tensor(1)].backward()

x = torch.tensor(1., requires_grad=True)
y = x ** 3
dy, = torch.autograd.grad(y, x, create_graph=True)
d2y, = torch.autograd.grad(dy, x, create_graph=True)
d3y, = torch.autograd.grad(d2y, x, create_graph=True)
d4y = torch.autograd.grad(d3y, x, allow_unused=True)

x = torch.tensor([1., 2.], requires_grad=True)
y = x.sum()
torch.autograd.grad(y, x)
torch.autograd.grad(y, x)

x = torch.tensor([1., 2.], requires_grad=True)
y = (x*x).sum()
torch.autograd.grad(y, x)
torch.autograd.grad(y, x)

x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor([1., 2.], requires_grad=True)
a = x * x
b = w * w
y = (a + b).sum()
torch.autograd.grad(y, x)
torch.autograd.grad(y, w)

x = torch.tensor([1., 2.], requires_grad=True)
a = x * x
y = (a * 2).sum()
torch.autograd.grad(y, a)
r = torch.autograd.grad(a.sum(), x)

x = torch.tensor([1., 2.], requires_grad=True)
a = x * x
y = (a.exp()).sum()
torch.autograd.grad(y, a, retain_graph=True)
torch.autograd.grad(y, x)
torch.autograd.grad(a.sum(), x)

x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
torch.autograd.grad(y.sum(), [x, x, y])

x = torch.tensor([1., 2.], requires_grad=True)
torch.autograd.grad(x, x, torch.ones(2))

x = torch.tensor(1., requires_grad=True)
torch.autograd.grad(x, x)

x = torch.tensor([1.], requires_grad=True)
x.sum().backward(gradient=torch.tensor(2.))
x.sum().backward(torch.tensor([2.]))

x = torch.tensor([[1.]], requires_grad=True)
(x * 2).backward()

x = torch.ones(2, requires_grad=True)
loss = (x * 2).mean()
loss.backward

x = torch.ones(2, requires_grad=True)
y = x * 2
y.requires_grad_()
y.requires_grad

x = torch.ones(2, requires_grad=True)
y = (x * 2).detach().requires_grad_()
(y * 3).sum().backward()

x = torch.ones(2, requires_grad=True)
y = torch.tensor(x)

x = torch.ones(2, requires_grad=True)
y = torch.tensor(x, requires_grad=True)
z = x.clone().detach()

x = torch.ones(2, requires_grad=True)
y = torch.ones(3, requires_grad=True)
x + y
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_inplace(source):
    assert_same(source)
