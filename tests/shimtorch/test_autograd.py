"""Backward passes: arguments, accumulation, freeing, graphs and their errors, compared with PyTorch.

To add a case, add a block to ``SOURCES``; what it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, needs_torch

SOURCES = blocks(
    r"""
x = torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
found = torch.autograd.grad(x * (1 + 1j), x, torch.ones(2, dtype=torch.complex128))[0]
kind, numbers = found.dtype, found.tolist()
del found

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
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_backward(source):
    assert_same(source)
