"""Autograd as a system: graphs, accumulation, in-place writes, modes, and programs drawn at random.

To add a case, add a block to ``SOURCES``; what they must agree in is in ``sidebyside``.
"""

# ruff: noqa: E501 (a source is one line, however long)

import gc
import weakref

import pytest
import numpy as np
import shimtorch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shimtorch.sidebyside import assert_same, blocks, differences, needs_torch, outcome, torch

SOURCES = blocks(
    r'''
x = torch.tensor([1., 2., 3.], requires_grad=True)
y = (x * x).sum()
y.backward()
g = x.grad
y2 = (x * 2).sum()
y2.backward()
same = g is x.grad

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = (x * x).sum()
y.backward(retain_graph=True)
y.backward()
y.backward()

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = (x + x).sum()
y.backward()
y.backward()

x = torch.tensor([1., 2., 3.], requires_grad=True)
(x * 2).backward()

torch.ones(3).sum().backward()

torch.ones(3).backward()

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = torch.ones(2, requires_grad=True)
torch.autograd.grad(x.sum(), z)

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = torch.ones(2, requires_grad=True)
torch.autograd.grad(x.sum(), [x, z], allow_unused=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = torch.ones(2, requires_grad=True)
torch.autograd.grad(x.sum(), [x, z], materialize_grads=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = torch.ones(2, requires_grad=True)
torch.autograd.grad(x.sum(), [x, z], materialize_grads=True, allow_unused=False)

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = torch.ones(2, requires_grad=True)
torch.autograd.grad((x*x).sum(), [x, z], materialize_grads=True, create_graph=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x * 2, x, grad_outputs=torch.ones(3))

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x * 2, x, grad_outputs=[torch.ones(3)])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x * 2, x, grad_outputs=[torch.ones(2)])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad([x * 2, x.sum()], x, grad_outputs=[torch.ones(3), None])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad([x * 2, x.sum()], x, grad_outputs=[torch.ones(3)])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad([x * 2, x.sum()], x)

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), x, only_inputs=False)

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x * 2, x, torch.eye(3) if False else torch.tensor([[1.,0,0],[0,1,0]]), is_grads_batched=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x * 2, x, torch.ones(3), is_grads_batched=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), {"a": x})

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), [])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), {})

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad([], [x])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), [x, 3])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(3, [x])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad([3], [x])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), [torch.ones(2)])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), x, grad_outputs=3)

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), x, grad_outputs=[3])

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), x, grad_outputs=torch.tensor(2))

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), x, grad_outputs=torch.tensor(2., dtype=torch.float64))

x = torch.tensor([1., 2., 3.], requires_grad=True)
torch.autograd.grad(x.sum(), x, grad_outputs=torch.tensor(2j))

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * x
z = y.sum()
gs = torch.autograd.grad(z, [y, x], create_graph=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * x
z = y.sum()
z.backward(create_graph=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = (x * x).sum()
z.backward(create_graph=True)
g = x.grad
z.backward()
same = g is x.grad

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = (x * x * x).sum()
z.backward(create_graph=True)
z.backward(create_graph=True)

x = torch.tensor([1., 2., 3.], requires_grad=True)
z = (x * x * x).sum()
z.backward(create_graph=True)
g = x.grad
x.grad = None
g.sum().backward()

x = torch.tensor([1., 2., 3.], requires_grad=True)
w = torch.tensor([1., 2., 3.], requires_grad=True)
(x * w).sum().backward(inputs=x)

x = torch.tensor([1., 2., 3.], requires_grad=True)
w = torch.tensor([1., 2., 3.], requires_grad=True)
(x * w).sum().backward(inputs=[x, w])

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
(y * y).sum().backward(inputs=[y])

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
(y * y).sum().backward(inputs=[y, x])

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
(y * y).sum().backward(inputs=[])

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
(y * y).sum().backward(inputs=[torch.ones(2)])

x = torch.tensor([1., 2., 3.], requires_grad=True)
v = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
(y * y).sum().backward(inputs=[v])

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
(y * y).sum().backward(inputs={"x": x})

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
y.retain_grad()
y.retain_grad()
z = (y * y).sum()
z.backward()

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
y.retain_grad()
z = (y * y).sum()
z.backward(retain_graph=True)
g = y.grad
z.backward()
same = g is y.grad

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * 3
y.retain_grad()
z = (y * y).sum()
z.backward(create_graph=True)

x = torch.tensor(2., requires_grad=True)
y = x * 3
y.retain_grad()
y.backward()

x = torch.tensor(2., requires_grad=True)
y = x * 3
y.backward(torch.tensor(3.))

x = torch.tensor(2., requires_grad=True)
x.backward()

x = torch.tensor(2., requires_grad=True)
x.backward()
x.backward()

x = torch.tensor([2., 3], requires_grad=True)
g = torch.tensor([1., 5])
x.backward(g)
x.grad is g

x = torch.tensor([2., 3], requires_grad=True)
g = torch.tensor([1., 5])
(x+0).backward(g)
p = x.grad.data_ptr() == g.data_ptr()

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward(torch.ones(3))

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward(3)

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward([1., 1.])

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward(torch.ones(2, dtype=torch.int64))

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward(torch.ones(2, dtype=torch.float64))

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward(torch.ones(2, requires_grad=True))

x = torch.tensor([2., 3], requires_grad=True)
(x * 2).backward(torch.ones(2, requires_grad=True), create_graph=True)

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
torch.autograd.backward([y, y.sum()], [torch.ones(2), None])

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
torch.autograd.backward([y, y.sum()], [torch.ones(2)])

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
torch.autograd.backward([y.sum(), y.sum()])

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
torch.autograd.backward([y, y], [torch.ones(2), torch.tensor([1., 2])])

x = torch.tensor([2., 3], requires_grad=True)
torch.autograd.backward(x.sum(), grad_variables=torch.tensor(2.))

x = torch.tensor([2., 3], requires_grad=True)
torch.autograd.backward(x.sum(), torch.tensor(2.), grad_variables=torch.tensor(2.))

torch.autograd.backward([])

torch.autograd.backward([3])

torch.autograd.backward([torch.ones(1)])

x = torch.tensor([2., 3], requires_grad=True)
torch.autograd.backward([x.sum(), torch.ones(1).sum()])

x = torch.tensor([2., 3], requires_grad=True)
y = x.sum()
y.backward(retain_graph="yes")

x = torch.tensor([2., 3], requires_grad=True)
y = x.sum()
y.backward(create_graph="yes")

x = torch.tensor([2., 3], requires_grad=True)
y = x.sum()
y.backward(foo=1)

x = torch.tensor([2., 3], requires_grad=True)
y = x.sum()
y.backward(None, None, False, None, 3)

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
y.grad_fn(torch.ones(2))

x = torch.tensor([2., 3], requires_grad=True)
w = torch.tensor([2., 3], requires_grad=True)
y = x * w
r = y.grad_fn(torch.ones(2))
r2 = y.grad_fn(torch.ones(2))
y.sum().backward()
y.grad_fn(torch.ones(2))

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
a = y.grad_fn.next_functions[0][0]
a(torch.ones(2))
a(torch.ones(2))
a.variable is x

x = torch.tensor([2., 3], requires_grad=True)
y = x * 2
z = x + 1
s = y.grad_fn.next_functions[0][0] is z.grad_fn.next_functions[0][0]
t2 = y.grad_fn is y.grad_fn
h = {y.grad_fn: 1}[y.grad_fn]
n = y.grad_fn.name()

x = torch.tensor([2., 3], requires_grad=True)
w = torch.tensor([2., 3], requires_grad=True)
y = x @ w
r = y.grad_fn(torch.tensor(2.))

x = torch.ones(2, 3, requires_grad=True)
w = torch.ones(3, requires_grad=True)
y = x + w
r = y.grad_fn(torch.ones(2, 3))

x = torch.tensor([.1, .2, .3], requires_grad=True)
y = x*.7 + x*.3 + x*.9 + x*1.1 + x
y.sum().backward()

x = torch.tensor([.1, .2, .3], requires_grad=True)
y = x * .3
z = y*.7 + y*.33 + y*.9 + y*1.1 + y
z = z * y + y * z
(z * z).sum().backward()

x = torch.tensor([.1, .2, .3], requires_grad=True)
a = x * .3
b = x.exp()
c = a * b
d = c + a
e = d * b + c
e.sum().backward(retain_graph=True)
e.sum().backward()

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

@torch.no_grad()
def f(x):
    """doc"""
    return x * 2, torch.is_grad_enabled()
r = f(torch.ones(2, requires_grad=True))
n = f.__name__, f.__doc__, torch.is_grad_enabled()

@torch.no_grad
def f(x):
    return x * 2, torch.is_grad_enabled()
r = f(torch.ones(2, requires_grad=True))

@torch.enable_grad()
def f(x):
    return x * 2
with torch.no_grad():
    r = f(torch.ones(2, requires_grad=True))
    s = torch.is_grad_enabled()

@torch.set_grad_enabled(False)
def f(x):
    return x * 2
r = f(torch.ones(2, requires_grad=True))
s = torch.is_grad_enabled()

@torch.no_grad()
def g():
    for i in range(3):
        x = yield torch.is_grad_enabled(), i
r = []
for v in g():
    r.append((v, torch.is_grad_enabled()))

@torch.no_grad()
def g():
    try:
        x = yield 1
        y = yield x, torch.is_grad_enabled()
        return 7
    finally:
        print('closed', torch.is_grad_enabled())
it = g()
a = next(it)
b = it.send(5)
try:
    it.send(None)
except StopIteration as s:
    v = s.value

@torch.no_grad()
def g():
    try:
        yield 1
    except KeyError:
        print(torch.is_grad_enabled())
        yield 2
it = g()
a = next(it)
b = it.throw(KeyError())
it.close()
s = torch.is_grad_enabled()

@torch.no_grad()
class A:
    def __init__(self):
        self.v = torch.is_grad_enabled()
r = A().v

try:
    with torch.no_grad():
        raise KeyError
except KeyError:
    pass
s = torch.is_grad_enabled()

with torch.no_grad():
    with torch.enable_grad():
        a = torch.is_grad_enabled()
        with torch.set_grad_enabled(False):
            b = torch.is_grad_enabled()
        c = torch.is_grad_enabled()
    d = torch.is_grad_enabled()
e = torch.is_grad_enabled()

n = torch.no_grad()
with n:
    with n:
        a = torch.is_grad_enabled()
    b = torch.is_grad_enabled()
c = torch.is_grad_enabled()

import threading
r = []
with torch.no_grad():
    t = threading.Thread(target=lambda: r.append(torch.is_grad_enabled()))
    t.start()
    t.join()
del t

with torch.no_grad():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = torch.zeros(2).requires_grad_()
    y.requires_grad_()
w = (y * 2).sum()
w.backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
with torch.no_grad():
    y.sum().backward()

x = torch.ones(2, requires_grad=True)
y = (x * 2).sum()
with torch.no_grad():
    y.backward()
g = x.grad

x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    x[0] = 5.
    x.add_(1)
    x.zero_()
    x += 2

class C:
    @torch.no_grad()
    def step(self, x):
        x -= 0.1 * x.grad
        return torch.is_grad_enabled()
x = torch.ones(2, requires_grad=True)
(x * x).sum().backward()
r = C().step(x)

def f():
    x = torch.ones(2, requires_grad=True)
    (x * 2).backward()
f()

import warnings
x = torch.ones(2, requires_grad=True)
warnings.simplefilter("error")
(x * 2).grad

x = torch.ones(2, requires_grad=True)
def get(t):
    return t.grad
get(x * 2)

def g():
    yield torch.is_grad_enabled()
with torch.no_grad():
    it = g()
r = list(it)
'''
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_program(source):
    assert_same(source)


# --- programs drawn at random -------------------------------------------------------------------------------------

OPERATIONS = {
    "({0} * {1})": 2, "({0} + {1})": 2, "({0} - {1})": 2, "({0} / ({1} * {1} + 1))": 2, "{0}.tanh()": 1, "(-{0})": 1,
    "{0}.sigmoid()": 1, "({0} * 0.5)": 1, "(2 - {0})": 1, "{0}.detach()": 1, "{0}.clone()": 1, "{0}.sum()": 1,
    "{0}.mean()": 1, "{0}[0]": 1, "{0}[:2]": 1, "{0}.unsqueeze(0)": 1, "{0}.abs()": 1, "({0} + torch.zeros(3, 3))": 1,
}  # fmt: skip
STATEMENTS = [
    "{0}.retain_grad()", "{0} += {1}.detach()", "{0}.sum().backward(retain_graph=True)", "{0}.sum().backward()",
    "{0} *= 0.5", "{0} = torch.autograd.grad({0}.sum(), a, create_graph=True, allow_unused=True)[0]", "a.grad = None",
    "with torch.no_grad(): {0} = {1} * 2", "with torch.no_grad(): {0} -= 0.1", "a.grad = torch.ones(3)",
    "{0}.sum().backward(inputs=[a], retain_graph=True)", "{0}.detach().mul_(2)", "{0}.requires_grad_()",
]  # fmt: skip


@st.composite
def programs(draw):
    program = ["a = torch.tensor([0.5, -1.5, 2.0], requires_grad=True)", "b = torch.tensor([1.5, 0.25, -0.5])"]
    names = ["a", "b"]
    for _ in range(draw(st.integers(2, 9))):
        pick = st.sampled_from(names)
        if draw(st.integers(0, 2)):
            form, count = draw(st.sampled_from(sorted(OPERATIONS.items())))
            names.append(f"t{len(names)}")
            program.append(f"{names[-1]} = " + form.format(*(draw(pick) for _ in range(count))))
        else:
            program.append(draw(st.sampled_from(STATEMENTS)).format(draw(pick), draw(pick)))
    program.append(f"{names[-1]}.sum().backward()")
    return "\n".join(program)


@needs_torch
@settings(max_examples=300, deadline=None)
@given(programs())
def test_random_program(program):
    ours, theirs = outcome(program, shimtorch), outcome(program, torch)
    if ours["raised"] is not None and "does not offer" in ours["raised"][1]:
        return
    found = [line for line in differences(ours, theirs) if "/values" not in line and "/text" not in line]
    assert not found, "\n".join([program, *found])
    for name, tensor in theirs.items():
        if name.startswith("name ") and isinstance(tensor, dict):
            _assert_close(ours[name], tensor, program)


def _assert_close(ours, theirs, program):
    kind = theirs["dtype"].removeprefix("torch.")
    values = [np.frombuffer(side["values"], kind).astype(np.float64) for side in (ours, theirs)]
    np.testing.assert_allclose(*values, rtol=2e-6, atol=2e-6, err_msg=program)
    if theirs["grad"] is not None:
        _assert_close(ours["grad"], theirs["grad"], program)


@needs_torch
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 12), st.integers(1, 30))
def test_gradients_that_meet_add_up_in_torchs_order(seed, nodes, edges):
    """Additions and multiplications only, so that a wrong order of summation shows in the bits."""
    sums = []
    for implementation in (shimtorch, torch):
        generator = np.random.default_rng(seed)
        leaf = implementation.tensor([0.1, 0.7, -1.3], requires_grad=True)
        made = [leaf]
        for _ in range(nodes):
            out = made[int(generator.integers(len(made)))] * float(np.float32(generator.normal()))
            for _ in range(int(generator.integers(1, edges + 1)) % 4):
                out = out + made[int(generator.integers(len(made)))] * float(np.float32(generator.normal()))
            made.append(out)
        total = made[-1]
        for other in made[:-1]:
            total = total + other * float(np.float32(generator.normal()))
        total.sum().backward()
        sums.append(leaf.grad.numpy().tobytes())
    assert sums[0] == sums[1]


# --- large graphs -------------------------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(length):
    leaf = shimtorch.ones(2, requires_grad=True)
    out = leaf
    for _ in range(length):
        out = out + 1
    return leaf, out


def wide(width):
    leaf = shimtorch.ones(2, requires_grad=True)
    rows = [leaf * 1.0 for _ in range(width)]
    while len(rows) > 1:
        rows = [a + b for a, b in zip(rows[::2], rows[1::2], strict=False)] + rows[len(rows) - len(rows) % 2 :]
    return leaf, rows[0]


@pytest.mark.parametrize(("build", "slope"), [(chain, 1.0), (wide, 100_000.0)])
def test_a_graph_of_100_000_nodes_runs_and_leaves_nothing(build, slope, no_collector):
    leaf, out = build(100_000)
    node = weakref.ref(out.grad_fn)
    out.sum().backward()
    assert leaf.grad.tolist() == [slope, slope]
    del out
    assert node() is None


@pytest.mark.parametrize("build", [chain, wide])
def test_a_graph_dropped_unused_leaves_nothing(build, no_collector):
    leaf, out = build(100_000)
    first, last = weakref.ref(leaf), weakref.ref(out.grad_fn)
    del leaf, out
    assert first() is None
    assert last() is None


@pytest.mark.parametrize("function", ["exp", "sigmoid", "tanh", "sqrt", "relu", "log", "abs", "reciprocal"])
def test_an_operator_keeps_no_cycle(function, no_collector):
    leaf = shimtorch.tensor([0.5, 2.0], requires_grad=True)
    out = getattr(leaf, function)()
    (slope,) = shimtorch.autograd.grad(out.sum(), leaf, create_graph=True)
    references = [weakref.ref(value) for value in (leaf, out, slope, out.grad_fn)]
    del leaf, out, slope
    assert [reference() for reference in references] == [None] * 4


def test_a_gradient_with_a_graph_is_a_cycle_only_a_collector_breaks(no_collector):
    leaf = shimtorch.tensor([0.5, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match="create_graph=True will create a reference cycle"):
        shimtorch.autograd.__dict__["_warned_of_cycle"] = False
        (leaf * leaf).sum().backward(create_graph=True)
    assert repr(leaf.grad) == "tensor([1., 4.], grad_fn=<CopyBackwards>)"
    reference = weakref.ref(leaf)
    leaf.grad = None
    del leaf
    assert reference() is None


# --- recorded -----------------------------------------------------------------------------------------------------


def test_accumulation_is_in_place():
    leaf = shimtorch.tensor([1.0, 2.0], requires_grad=True)
    (leaf * leaf).sum().backward()
    gradient = leaf.grad
    (leaf * 3).sum().backward()
    assert leaf.grad is gradient
    assert gradient.tolist() == [5.0, 7.0]


def test_a_second_pass_is_refused():
    leaf = shimtorch.tensor([1.0, 2.0], requires_grad=True)
    loss = (leaf * leaf).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()


def test_the_graph_of_a_product_of_vector_and_matrix():
    product = shimtorch.ones(5) @ shimtorch.ones(5, 3, requires_grad=True)
    assert product.grad_fn.name() == "SqueezeBackward4"
    ((inner, _),) = product.grad_fn.next_functions
    assert inner.name() == "MmBackward0"
    assert inner.next_functions[0] == (None, 0)
