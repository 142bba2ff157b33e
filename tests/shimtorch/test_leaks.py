"""What is let go of without the help of the garbage collector, compared with PyTorch.

To add a case, add a block to ``SOURCES``: it hands what it makes to ``watch``, whose ``alive()`` names what is left.
"""

import gc

import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

PREPARED = """
import gc, weakref
refs = {}
def watch(**things): refs.update({n: weakref.ref(t) for n, t in things.items()})
def alive(): return sorted(n for n, r in refs.items() if r() is not None)
class Kept: pass
def leaf(n=2): return torch.ones(n, requires_grad=True)
"""

SOURCES = blocks(
    """
x = leaf(); y = x * 2; z = y.sum()
watch(x=x, y=y, z=z)
z.backward()
del y, z
print(alive())
del x
print(alive())

x = leaf(); y = x.exp(); z = y.sum()
watch(x=x, y=y, z=z)
del x, y
print(alive())
del z
print(alive())

x = leaf(); y = x.exp(); f = y.grad_fn
watch(x=x, y=y)
del x, y
print(alive())
del f
print(alive())

x = leaf(); y = x * 2; y.retain_grad(); z = (y * y).sum()
watch(x=x, y=y, z=z)
z.backward()
g = y.grad
watch(g=g)
del z, y, g
print(alive())
del x
print(alive())

x = leaf(); k = Kept()
def hook(g, k=k): return g
y = x * 2
y.register_hook(hook); x.register_hook(hook)
watch(x=x, y=y, k=k, hook=hook)
y.sum().backward()
del y, k, hook
print(alive())
del x
print(alive())

x = leaf(); y = x * 2; k = Kept()
h = y.register_hook(lambda g, k=k: None)
watch(k=k, y=y)
del k
h.remove()
print(alive())
del y
print(alive())

x = leaf(); y = x * 2
y.register_hook(lambda g, y=y: None)
watch(x=x, y=y)
del x, y
print(alive())

x = leaf(); y = x * 2; k = Kept()
y.grad_fn.register_hook(lambda gi, go, k=k: None)
y.grad_fn.register_prehook(lambda go, k=k: None)
watch(x=x, y=y, k=k)
y.sum().backward()
del y, k
print(alive())

x = leaf(); k = Kept()
x.register_post_accumulate_grad_hook(lambda p, k=k: None)
watch(x=x, k=k)
(x * 2).sum().backward()
del x, k
print(alive())

x = leaf(); k = Kept(); y = x * 2
a = y.grad_fn.next_functions[0][0]
a.register_prehook(lambda g, k=k: None)
watch(x=x, k=k)
del a, k
print(alive())
del y
del x
print(alive())

x = leaf(); y = (x ** 3).sum()
g, = torch.autograd.grad(y, x, create_graph=True)
h, = torch.autograd.grad(g.sum(), x, create_graph=True)
watch(x=x, y=y, g=g, h=h)
del y, g
print(alive())
del h
print(alive())
del x
print(alive())

x = leaf(); y = (x.exp() * x.tanh()).sum()
g, = torch.autograd.grad(y, x, create_graph=True)
(g * g).sum().backward()
watch(x=x, y=y, g=g)
del y, g
print(alive())
del x
print(alive())

x = leaf(); y = (x ** 3).sum()
y.backward(create_graph=True)
watch(x=x, y=y, g=x.grad)
del y, x
print(alive())

x = leaf(); y = (x ** 3).sum()
y.backward(create_graph=True)
watch(x=x, y=y, g=x.grad)
x.grad = None
del y, x
print(alive())

x = leaf(4); b = x * 2; v = b[:2]; w = v[:1]
watch(x=x, b=b, v=v, w=w)
v.mul_(3)
del w
print(alive())
del v
print(alive())
b.sum().backward()
del b
print(alive())
del x
print(alive())

x = leaf(4); b = x * 2; v = b[:2]
v.exp_()
watch(x=x, b=b, v=v)
del b
print(alive())
v.sum().backward()
del v
print(alive())
del x
print(alive())

x = leaf(4); b = x * 2
b[:2].exp_().mul_(2)
b[1:].sigmoid_()
watch(x=x, b=b)
c = b.sum()
del x, b
print(alive())
del c
print(alive())

x = leaf(4); b = torch.zeros(4); v = b[:2]; v.mul_(x[:2]); w = b[1:]
watch(x=x, b=b, v=v, w=w)
del x, v
print(alive())
del b
print(alive(), w.grad_fn is not None)
del w
print(alive())

x = leaf(); y = x * 2
y.exp_(); y.mul_(x); y.sigmoid_()
watch(x=x, y=y)
del x
print(alive())
del y
print(alive())

x = leaf(4); parts = (x * 2).split(2); a, b = parts
watch(x=x, a=a, b=b)
del parts, b
print(alive())
a.sum().backward()
del a
print(alive())
del x
print(alive())

x = leaf(4); parts = (x * 2).chunk(2); c = torch.cat([*parts, x]); d = torch.stack([c, c])
watch(x=x, a=parts[0], b=parts[1], c=c, d=d)
del parts, c
print(alive())
del d, x
print(alive())

x = leaf(4); m = (x * 2).max(0); s = (x * 2).sort()
watch(x=x, m=m.values, s=s.values, i=s.indices)
del m
print(alive())
del s
print(alive())
del x
print(alive())

x = leaf(); y = x.exp(); z = y.sum()
y.add_(1)
watch(x=x, y=y, z=z)
try: z.backward()
except RuntimeError: pass
del z, y
print(alive())
del x
print(alive())

x = leaf(); y = x * 2
def hook(g): raise ValueError
y.register_hook(hook)
z = (y * y).sum()
watch(x=x, y=y, z=z, hook=hook)
try: z.backward()
except ValueError: pass
del z, y, hook
print(alive())
del x
print(alive())

x = leaf(); y = x * 2; z = y.sum()
z.backward()
watch(x=x, y=y, z=z)
try: z.backward()
except RuntimeError: pass
del z, y, x
print(alive())

class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x * x
        ctx.save_for_backward(x, y)
        ctx.kept = Kept()
        watch(kept=ctx.kept)
        return y
    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * x * 2
x = leaf(); y = Square.apply(x); z = y.sum()
watch(x=x, y=y, z=z)
z.backward()
del z
print(alive())
del y
print(alive())
del x
print(alive())

class Two(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        a, b = x * 2, x * 3
        ctx.save_for_backward(a, b)
        return a, b
    @staticmethod
    def backward(ctx, g, h):
        a, b = ctx.saved_tensors
        return g * a + h * b
x = leaf(); a, b = Two.apply(x); z = (a * b).sum()
watch(x=x, a=a, b=b, z=z)
del a, b
print(alive())
g, = torch.autograd.grad(z, x, create_graph=True)
watch(g=g)
del z
print(alive())
del g
print(alive())
del x
print(alive())

class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x
        ctx.y = y = x * 2
        return y
    @staticmethod
    def backward(ctx, g): return g * 2
x = leaf(); y = Own.apply(x)
watch(x=x, y=y)
y.sum().backward()
del y, x
print(alive())

class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2
    @staticmethod
    def backward(ctx, g): raise ValueError
x = leaf(); y = Bad.apply(x * 2)
watch(x=x, y=y)
try: y.sum().backward()
except ValueError: pass
del y, x
print(alive())

k = Kept()
x = leaf(); z = x * 3
with torch.autograd.graph.saved_tensors_hooks(lambda t, k=k: (t, k), lambda p: p[0]):
    y = x.exp() * z
watch(x=x, y=y, z=z, k=k)
y.sum().backward()
del z, k
print(alive())
del y
print(alive())
del x
print(alive())

x = leaf(); y = x * 2
d = y.detach(); e = y.data; n = y.detach().numpy()
watch(x=x, y=y, d=d, e=e)
del x, y
print(alive())
del d
print(alive(), n)

x = leaf(); v = x.view(2); w = v.view(1, 2)
watch(x=x, v=v, w=w)
del x
print(alive())
del v
print(alive())
del w
print(alive())

x = leaf(); y = x * 2; v = y.view(1, 2)
watch(x=x, y=y, v=v)
del x, y
print(alive())
v.sum().backward()
del v
print(alive())

with torch.no_grad():
    b = torch.ones(4); v = b[:2]; w = v[:1]
    watch(b=b, v=v, w=w)
    v.add_(1)
    del b
    print(alive())
    del v, w
    print(alive())

p = [leaf(3), leaf(3)]
for step in range(3):
    loss = ((p[0] * p[1]).tanh() ** 2).mean()
    watch(**{f'loss{step}': loss})
    loss.backward()
    with torch.no_grad():
        for i, q in enumerate(p):
            watch(**{f'g{step}{i}': q.grad})
            q -= 0.1 * q.grad
            q.grad = None
print(alive())
del loss
print(alive())

x = leaf(); y = x
for _ in range(50): y = y * 2 + x
watch(x=x, y=y)
g, = torch.autograd.grad(y.sum(), x)
watch(g=g)
del y
print(alive())
del g, x
print(alive())

x = leaf(); y = x * 2; z = y * 3
n = z.grad_fn.next_functions
watch(x=x, y=y, z=z)
del x, y, z
print(alive(), n[0][0].name())
del n
print(alive())

x = leaf(); z = x * 3
a = z.grad_fn.next_functions[0][0]
watch(x=x, z=z)
del x, z
print(alive(), a.variable is refs['x']())
del a
print(alive())

x = leaf(); z = (x * 3)
z.grad_fn.metadata['k'] = k = Kept()
watch(x=x, z=z, k=k)
del x, k
print(alive())
del z
print(alive())

with torch.autograd.set_detect_anomaly(True):
    x = leaf(); y = (x * 2).exp(); z = y.sum()
    watch(x=x, y=y, z=z)
    z.backward()
    del y, z
    print(alive())
    del x
    print(alive())

with torch.autograd.set_detect_anomaly(True):
    x = leaf(); y = (x ** 3).sum()
    g, = torch.autograd.grad(y, x, create_graph=True)
    watch(x=x, y=y, g=g)
    del y
    print(alive())
    del g, x
    print(alive())

import copy, pickle
x = leaf(); y = copy.copy(x); z = copy.deepcopy([x, x[:1].detach()]); w = pickle.loads(pickle.dumps(x))
watch(x=x, y=y, z=z[0], u=z[1], w=w)
del x
print(alive(), y)
del y, z, w
print(alive())

x = leaf(); g, = torch.autograd.grad((x * 2).sum(), x)
x.grad = g
watch(x=x, g=g)
del g
print(alive())
del x
print(alive())

x = leaf(3); i = torch.tensor([0, 2]); y = x[i]; z = x.clone(); z[i] = y * 2
watch(x=x, i=i, y=y, z=z)
del i, y
print(alive())
z.sum().backward()
print(alive())
del z, x
print(alive())

x = leaf(3); y = (x * 2).detach_(); z = y * x
watch(x=x, y=y, z=z)
del y
print(alive())
z.sum().backward()
del z
print(alive())

x = leaf(); y = x * 2
y.requires_grad_(); y.retain_grad()
z = y * 2
watch(x=x, y=y)
del y
print(alive())
z.sum().backward()
print(alive())
"""
)


@pytest.fixture(autouse=True)
def no_collection():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_same_as_torch(source):
    assert_same(PREPARED + source)


@needs_torch
def test_a_planted_cycle_is_found(monkeypatch):
    wrap = shimtorch._tensor.wrap

    def in_a_cycle(array):
        tensor = wrap(array)
        tensor.cycle = tensor
        return tensor

    monkeypatch.setattr(shimtorch._factories, "wrap", in_a_cycle)
    assert compare(PREPARED + SOURCES[0])


@pytest.mark.parametrize("after", ["", "y.sum().backward()", "torch.autograd.grad(y.sum(), x, create_graph=True)"])
@pytest.mark.parametrize("link", ["y * 1", "y + x", "(y * 1).view(-1)", "y.clone().mul_(1)", "y.split(1)[0]"])
def test_a_deep_graph_is_let_go_of_without_recursion(link, after):
    scope = {"torch": shimtorch, "x": shimtorch.ones(1, requires_grad=True)}
    exec(f"y = x\nfor _ in range(50000): y = {link}\n{after}", scope)
    made = scope.pop("y").grad_fn
    assert made.name()
    del scope, made


def test_a_deep_chain_of_writes_into_views_is_let_go_of():
    x = shimtorch.ones(2, requires_grad=True)
    y = x * 1
    for _ in range(20000):
        y[:1].mul_(1)
    del y
