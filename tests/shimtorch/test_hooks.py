"""Hooks of tensors and of nodes: when they run, in what order, what they may replace; compared with PyTorch.

To add a case, add a block to ``SOURCES``; what it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

SOURCES = blocks(
    r"""
x = torch.ones(2, requires_grad=True)
y = x * 2
y.register_hook(lambda g: g * 10)
z = y * 3
a = torch.autograd.grad(z.sum(), [y, x], retain_graph=True)
b = torch.autograd.grad(z.sum(), [y], retain_graph=True)
x.register_hook(lambda g: g * 100)
c = torch.autograd.grad(z.sum(), [x], retain_graph=True)
y.retain_grad()
z.sum().backward()

x = torch.ones(2, requires_grad=True)
y = x.view(1, 2)
kept = []
y.register_hook(lambda g: kept.append(g))
x.register_hook(lambda g: print(g.add_(1)._version))
(y * 2).backward(torch.ones(1, 2))
print(kept[0], kept[0]._version)

x = torch.ones(3, requires_grad=True)
x.register_hook(lambda g: print(g, g._version))
((x * torch.ones(3)).exp() + x.sin() * torch.ones(3) + x.exp()).sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
for number in range(3):
    y.grad_fn.register_prehook(lambda grads, number=number: print(number, grads))
y.sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
def myhook(g): return torch.ones(3)
y.register_hook(myhook)
y.sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
y.register_hook(lambda g: torch.ones(2, dtype=torch.double))
y.sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
y.register_hook(lambda g: 5)
y.sum().backward()

x = torch.ones(2, requires_grad=True)
x.register_hook(lambda g: (g,))
x.sum().backward()

x = torch.ones(2, requires_grad=True)
x.register_hook(lambda g: torch.ones(2, 1))
x.sum().backward()

x = torch.ones(2, requires_grad=True)
x.register_hook(lambda g: torch.ones(2, requires_grad=True) * 2)
x.sum().backward()

class Hook:
    def __call__(self, g): return 3
x = torch.ones(2, requires_grad=True)
x.register_hook(Hook())
x.sum().backward()

torch.ones(2).register_hook(print)

torch.ones(2).register_post_accumulate_grad_hook(print)

b = torch.zeros(3)
b[:2].copy_(torch.ones(2, requires_grad=True) * 1)
h = b.grad_fn.register_hook(lambda given, got: print(given, got))
b.sum().backward()

x = torch.ones(2, requires_grad=True)
x.register_post_accumulate_grad_hook(lambda p: print('first'))
x.register_post_accumulate_grad_hook(lambda p: print('second'))
(x * 2).sum().backward()

(torch.ones(2, requires_grad=True) * 2).register_post_accumulate_grad_hook(print)

x = torch.ones(2, requires_grad=True)
h = x.register_hook(3)
x.sum().backward()

x = torch.ones(2, requires_grad=True)
h = x.register_post_accumulate_grad_hook(lambda p: 3)
x.sum().backward()

x = torch.ones(2, requires_grad=True)
h = x.register_post_accumulate_grad_hook(lambda p: p)
x.sum().backward()

x = torch.ones(2, requires_grad=True)
h = x.register_post_accumulate_grad_hook(lambda p: print(p, p.grad))
x.sum().backward()
x.sum().backward()
h.remove()
x.sum().backward()
torch.autograd.grad(x.sum(), x)

p = torch.ones(2, requires_grad=True)
def step(p):
    with torch.no_grad(): p -= 0.1 * p.grad
    p.grad = None
p.register_post_accumulate_grad_hook(step)
for _ in range(3): (p * p).sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
z = y * x
n = z.grad_fn
h1 = n.register_prehook(lambda go: print('pre', go))
h2 = n.register_hook(lambda gi, go: print('post', gi, go))
z.sum().backward(retain_graph=True)
h1.remove()
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_hook(lambda gi, go: (None, torch.ones(2)))
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_hook(lambda gi, go: 5)
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_hook(lambda gi, go: (torch.ones(3), torch.ones(2)))
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_hook(lambda gi, go: (torch.ones(2),))
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_hook(lambda gi, go: torch.ones(2))
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_prehook(lambda go: (torch.ones(2) * 7,))
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_prehook(lambda go: (None,))
x.register_hook(lambda g: print("leaf", g))
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_prehook(lambda go: ())
z.sum().backward()

x = torch.ones(2, requires_grad=True)
z = (x * 2) * x
h = z.grad_fn.register_prehook(lambda go: [torch.ones(2)])
z.sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
y.retain_grad()
y.register_hook(lambda g: print('t1', g))
y.grad_fn.register_prehook(lambda g: print('npre'))
y.register_hook(lambda g: print('t2', g))
y.grad_fn.register_hook(lambda a, b: print('npost', a, b))
x.register_hook(lambda g: print('x1', g))
x.register_post_accumulate_grad_hook(lambda p: print('post acc', p.grad))
acc = y.grad_fn.next_functions[0][0]
acc.register_hook(lambda a, b: print('accpost', a, b))
acc.register_prehook(lambda a: print('accpre', a))
y.sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
y.register_hook(lambda g: print('before', g))
y.mul_(3)
print(y._backward_hooks)
y.register_hook(lambda g: print('after', g))
y.sum().backward()

a, b, c, d, e = [torch.full((2,), float(i), requires_grad=True) for i in range(5)]
for n, t in zip("abcde", (a, b, c, d, e)): t.register_hook(lambda g, n=n: print(n, g))
torch.stack([e, b, d, a, c]).sum().backward(retain_graph=True)
(a * b + c * d * e).sum().backward()

x = torch.ones(2, 3, requires_grad=True)
p, q, r = x.unbind(1)
q.register_hook(lambda g: print('q', g))
p.register_hook(lambda g: g * 10)
p.retain_grad()
(p * p + q * 2).sum().backward()

x = torch.ones(4, requires_grad=True)
p, q = (x * 2).split(2)
q.register_hook(lambda g: print('q', g))
p.register_hook(lambda g: print('p', g))
q.grad_fn.register_prehook(lambda gs: print('pre', gs))
q.grad_fn.register_hook(lambda gi, gs: print('post', gi, gs))
(p.sum() + 2 * q.sum()).backward()

x = torch.ones(4, requires_grad=True)
p, q = (x * 2).split(2)
q.grad_fn.register_prehook(lambda gs: print('pre', gs))
p.sum().backward()

x = torch.tensor([1., 2.], requires_grad=True)
y = x ** 2
y.register_hook(lambda g: g * 2)
x.register_hook(lambda g: g + 1)
g, = torch.autograd.grad((y * y).sum(), x, create_graph=True)
g.sum().backward()

x = torch.tensor([1., 2.], requires_grad=True)
y = x ** 2
seen = []
y.register_hook(seen.append)
(y * 3).sum().backward(create_graph=True)
print(seen, seen[0].grad_fn)

x = torch.tensor([1., 2.], requires_grad=True)
y = x * 1
kept = []
y.register_hook(kept.append)
y.sum().backward()
x.grad.add_(1)
kept

x = torch.tensor([1., 2.], requires_grad=True)
kept = []
x.register_hook(kept.append)
(x * 3).sum().backward()
x.grad.add_(1)
kept, x.grad is kept[0]

x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor([3., 4.], requires_grad=True)
def scale(g): g.mul_(5)
x.register_hook(scale)
(x + w).sum().backward()
((x + w) * 2).sum().backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
def fail(g): raise ValueError("a hook that fails")
y.register_hook(fail)
z = x * 3
(z.exp() + y).sum().backward()

x = torch.ones(2, requires_grad=True)
w = torch.ones(2, requires_grad=True)
y = x.exp()
y.sum().backward()
(w.sum() + y.sum()).backward()

x = torch.ones(2, requires_grad=True)
w = torch.ones(2, requires_grad=True)
y = x.exp()
y.sum().backward()
(y.sum() + w.sum()).backward()

x = torch.ones(2, requires_grad=True)
with x.register_hook(lambda g: print("once")) as h:
    x.sum().backward()
x.sum().backward()
isinstance(h, torch.utils.hooks.RemovableHandle), type(h), x._backward_hooks

x = torch.ones(2, requires_grad=True)
y = x * 2
y.grad_fn.metadata["note"] = 3
y.grad_fn.metadata, y.grad_fn.requires_grad
y.grad_fn.foo

x = torch.ones(2, requires_grad=True)
(x * 2).grad_fn.foo = 3

x = torch.ones(2, requires_grad=True)
(x * 2).grad_fn(1)

x = torch.ones(2, requires_grad=True)
(x * 2).grad_fn(torch.ones(2), torch.ones(2))

x = torch.ones(2, requires_grad=True)
n = (x * 2).grad_fn
n(None), n(torch.ones(2))
acc = n.next_functions[0][0]
acc(torch.ones(2))
acc(None)

x = torch.ones(2, 3, requires_grad=True)
y = x.view(6)
g = torch.arange(6.)
y.backward(g)
g.add_(1)
x.grad

x = torch.ones(2, 3, requires_grad=True)
g = torch.ones(3, 2)
x.t().backward(g)
g.mul_(3)

x = torch.ones(3, requires_grad=True)
g = torch.ones(3)
x.backward(g)
g.mul_(3)

x = torch.ones(2, requires_grad=True)
w = torch.ones(2, requires_grad=True)
x.grad = torch.zeros(1).expand(2)
(x * w).sum().backward()

x = torch.ones(2, requires_grad=True)
y = torch.ones(2, requires_grad=True)
v = x.view(2)
x.register_hook(lambda g: print("x", g))
(v * y).sum().backward(inputs=[y])
(x * y).sum().backward(inputs=[x])

x = torch.ones(2, requires_grad=True)
y = x * 2
z = y * 3
y.register_hook(lambda g: print("y", g))
z.sum().backward(inputs=[y])
""",
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(source)


@needs_torch
def test_hooks_in_another_order_are_noticed(monkeypatch):
    from shimtorch.autograd import observed

    monkeypatch.setattr(observed._Queue, "_later", staticmethod(lambda a, b: id(a) > id(b)))
    assert any(compare(source) for source in SOURCES if "zip(" in source or "acc" in source)


@needs_torch
def test_memory_that_is_always_copied_is_noticed(monkeypatch):
    monkeypatch.setattr("shimtorch.autograd.engine.sys.getrefcount", lambda value: 3)
    assert any(compare(source) for source in SOURCES if "y.backward(g)" in source)
