"""``torch.autograd.Function``, compared with PyTorch.

To add a case, add a block to ``SOURCES``; each runs after ``CLASSES``. What it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

CLASSES = r"""
from typing import Any
Function = torch.autograd.Function
def shown(f):
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        try: print(f())
        except Exception as e: print(type(e).__name__, e)
        for x in w: print("warned", x.category.__name__, x.message)
def function(backward=None, forward=lambda ctx, x: x * 2, name="My", **more):
    members = {"forward": staticmethod(forward), **{k: staticmethod(v) for k, v in more.items()}}
    if backward is not None: members["backward"] = staticmethod(backward)
    return type(Function)(name, (Function,), members)
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.ones((), requires_grad=True)
"""

SOURCES = blocks(
    r"""
def forward(ctx, x, k=3):
    print(ctx, type(ctx), ctx.needs_input_grad, ctx.saved_tensors)
    ctx.k = k
    return x * k, 5, None, x > 0
def backward(ctx, *g):
    print(g, ctx.k)
    return g[0] * ctx.k, None
A = function(backward, forward)
shown(lambda: A.apply(x, k=2))
shown(lambda: A.apply(x, 2))
y = A.apply(x, 2)[0]
print(y.grad_fn, y.grad_fn.name(), y.output_nr, y.grad_fn.next_functions, y.grad_fn is y.grad_fn)
y.sum().backward()

A = function()
shown(lambda: A())
shown(lambda: A()(x))
shown(lambda: Function.apply(x))
shown(lambda: type(Function)("B", (Function,), {}).apply(x))
shown(lambda: A.apply(x).sum().backward())
shown(lambda: A.apply(3))
shown(lambda: A.apply([x]))
shown(lambda: A.apply())
shown(lambda: A.apply(x, 3))
shown(lambda: A.apply(x, n=3))

def both(ctx, g): return g
shown(lambda: function(both, vjp=both).apply(x).sum().backward())
shown(lambda: function(vjp=both).apply(x).sum().backward())

for returned in (
    lambda g: g, lambda g: (g, None, None), lambda g: (g, None, g), lambda g: (g, g), lambda g: (3, None),
    lambda g: (g[:1], None), lambda g: [g, None], lambda g: (torch.ones(()), None), lambda g: (torch.ones(4, 2), None),
    lambda g: (torch.ones(3), None), lambda g: (g.double(), None), lambda g: (None, None), lambda g: None,
    lambda g: (torch.ones(2, dtype=torch.int), None), lambda g: (torch.ones(2, dtype=torch.cfloat), None),
):
    x.grad = None
    shown(lambda: function(lambda ctx, g: returned(g), lambda ctx, x, n: x * 1).apply(x, 1).sum().backward())
    print(x.grad)

def forward(ctx, x): ctx.save_for_backward(x, 3); return x * 1
function(None, forward).apply(x)

def forward(ctx, x): ctx.mark_dirty(3); return x * 1
function(None, forward).apply(x)

def forward(ctx, x): ctx.mark_non_differentiable(3); return x * 1
function(None, forward).apply(x)

def forward(ctx, x): ctx.mark_dirty(x); x.mul_(2); return x * 1
function(None, forward).apply(x * 1)

def forward(ctx, x): y = x * 2; ctx.mark_dirty(y); return y
shown(lambda: function(None, forward).apply(x))
shown(lambda: function(None, forward).apply(x.detach()))
def forward(ctx, x): y = (x * 2).view(2); ctx.mark_dirty(y); return y
shown(lambda: function(None, forward).apply(x))
def forward(ctx, x): y = (x * 2).view(2); ctx.mark_dirty(y); return y, x * 1
shown(lambda: function(None, forward).apply(x))
shown(lambda: function(None, forward).apply(x.detach()))

def forward(ctx, x): ctx.mark_dirty(x); x.mul_(2); return x
E = function(lambda ctx, g: g * 2, forward)
z = x * 1
r = E.apply(z)
print(r is z, z.grad_fn, z._version)
z.sum().backward()
shown(lambda: E.apply(x))
shown(lambda: E.apply(x.view(2)))
z = x * 1; v = z[:1]; r = E.apply(v)
print(r is v, v.grad_fn, z.grad_fn, z.grad_fn.next_functions)
z.sum().backward()
z = torch.ones(2); r = E.apply(z)
print(r is z, r.grad_fn, z._version)
with torch.no_grad(): q = E.apply(x)
print(q is x, x._version)

def forward(ctx, x): y = x.view(2); y.mul_(2); ctx.mark_dirty(x); return x, x + 1
shown(lambda: function(None, forward).apply((x * 1)[:]))
def forward(ctx, x): y = x * 2; ctx.mark_dirty(y); return y
shown(lambda: function(lambda ctx, g: g, forward).apply(x))

F = function(lambda ctx, g: g * 2, lambda ctx, x: x)
r = F.apply(x)
print(r is x, r._is_view(), r.grad_fn, r._base is x)
shown(lambda: r.mul_(2))
q = torch.ones(2); r = F.apply(q)
print(r is q, r._is_view(), r.requires_grad)
with torch.no_grad(): r = F.apply(x)
print(r is x, r._is_view(), r.requires_grad, r.grad_fn)

def forward(x, k=2): return x * k
def setup_context(ctx, inputs, output):
    print(inputs, output, ctx.needs_input_grad)
    ctx.save_for_backward(inputs[0], output)
def backward(ctx, g): print(ctx.saved_tensors); return g * 2, None
G = function(backward, forward, setup_context=setup_context)
r = G.apply(x, k=5)
r.sum().backward()
shown(lambda: r.sum().backward())
shown(lambda: r.grad_fn.saved_tensors)
shown(lambda: function(backward, lambda x: x, setup_context=setup_context).apply(x))

def forward(ctx, x): y = x * 2; ctx.save_for_backward(x, y); return y
def backward(ctx, g):
    a, y = ctx.saved_tensors
    print(a is x, y.grad_fn, y.requires_grad, torch.is_grad_enabled())
    return g * y
H = function(backward, forward)
r = H.apply(x); r2 = r * 1; r.mul_(1)
shown(lambda: r2.sum().backward())
r = H.apply(x)
g, = torch.autograd.grad(r.sum(), x, create_graph=True)
g.sum().backward()
y = x * 1; r = H.apply(y); y.add_(1)
shown(lambda: r.sum().backward())

def forward(ctx, x): ctx.save_for_backward(x); return x * x
@torch.autograd.function.once_differentiable
def backward(ctx, g): return 2 * ctx.saved_tensors[0] * g
O = function(backward, forward)
g, = torch.autograd.grad(O.apply(x).sum() * w, x, create_graph=True)
print(g, g.grad_fn, g.grad_fn.name(), g.grad_fn.next_functions)
shown(lambda: g.sum().backward())
g, = torch.autograd.grad(O.apply(x).sum(), x, create_graph=True)
O.apply(x).sum().backward()

def forward(ctx, x, y): ctx.set_materialize_grads(False); return x * 1, y * 1
def backward(ctx, g, h): print(g, h); return g, h
a, b = function(backward, forward).apply(x, x)
a.sum().backward()

def backward(ctx, g, h): print(g, h); return g, h
a, b = function(backward, lambda ctx, x, y: (x * 1, y * 1)).apply(x, w)
print(a.output_nr, b.output_nr, a.grad_fn is b.grad_fn, a.grad_fn.next_functions)
b.sum().backward(retain_graph=True)
b.register_hook(lambda g: print("b", g)); a.register_hook(lambda g: print("a", g)); a.retain_grad()
a.grad_fn.register_hook(lambda i, o: print("post", i, o)); a.grad_fn.register_prehook(lambda o: print("pre", o))
(a.sum() + 3 * b).backward()

def forward(ctx, x): i = x.argsort(); j = x * 3; ctx.mark_non_differentiable(j); return x * 1, i, j
def backward(ctx, g, h, k): print(g, h, k); return g
a, b, c = function(backward, forward).apply(x)
print(b.requires_grad, c.requires_grad, c.is_leaf, a.grad_fn.next_functions, a.output_nr)
a.sum().backward()

P = function(lambda ctx, g, h: h, lambda ctx, x: (x[:1], x.view(2)))
a, b = P.apply(x)
print(a._is_view(), a.grad_fn)
shown(lambda: a.mul_(2))
Q = function(lambda ctx, g: torch.cat([g, g]), lambda ctx, x: x[:1])
a = Q.apply(x)
print(a._is_view(), a.grad_fn)
shown(lambda: a.mul_(2))
shown(lambda: Q.apply(torch.ones(2))._is_view())
a.sum().backward()

shown(lambda: function(None, lambda ctx, x: [x * 1]).apply(x))
shown(lambda: function(None, lambda ctx, x: "abc").apply(x))
shown(lambda: function(None, lambda ctx, x: None).apply(x))
shown(lambda: function(None, lambda ctx, x: ()).apply(x))

def backward(ctx, g): raise ValueError("oops")
T = function(backward)
shown(lambda: T.apply(x).sum().backward())
shown(lambda: T.apply(x).grad_fn(torch.ones(2)))

V = function(lambda ctx, g: (g, None), lambda ctx, x, xs: x * xs[0])
shown(lambda: V.apply(x, [x]).grad_fn.next_functions)

class Exp(Function):
    @staticmethod
    def forward(ctx, i):
        result = i.exp()
        ctx.save_for_backward(result)
        return result
    @staticmethod
    def backward(ctx, grad_output):
        result, = ctx.saved_tensors
        return grad_output * result
y = Exp.apply(x)
g, = torch.autograd.grad(y.sum(), x, create_graph=True)
h, = torch.autograd.grad(g.sum(), x, create_graph=True)
h.sum().backward()

class Clamp(Function):
    @staticmethod
    def forward(ctx, i, low):
        ctx.low = low; ctx.saved = "mine"; ctx.edges = 1; ctx.extra = 2
        ctx.mask = i > low
        return i.clamp(min=low)
    @staticmethod
    def backward(ctx, g):
        print(ctx.low, ctx.saved, ctx.edges, ctx.extra)
        return g * ctx.mask, None
Clamp.apply(x, 1.5).sum().backward()

def backward(ctx, g):
    with torch.enable_grad():
        y = ctx.x.detach().requires_grad_()
        inner = (y ** 3).sum()
        inner.backward()
    return g * y.grad
def forward(ctx, x): ctx.x = x; return (x ** 3)
function(backward, forward).apply(x).sum().backward()

def backward(ctx, g): return g * 2j
z = torch.tensor([1 + 1j], requires_grad=True)
f = function(backward, lambda ctx, z: z * 2)
f.apply(z).abs().sum().backward()
f.apply(x).sum().backward()

def backward(ctx, g): return ctx.saved_tensors[0]
def forward(ctx, x): ctx.save_for_backward(x); return x * 1
function(backward, forward).apply(x).sum().backward()
x.grad is x, x.grad.requires_grad
with torch.no_grad(): x.add_(1)

import weakref
def forward(ctx, x): y = x * 2; ctx.save_for_backward(y); return y
y = function(lambda ctx, g: g, forward).apply(x)
r = weakref.ref(y)
del y
r() is None

def forward(ctx, x, y): ctx.save_for_backward(x, None, y); return x * y
def backward(ctx, g):
    (a, n, b), (first, second) = ctx.saved_tensors, ctx.needs_input_grad
    print(first, second, n)
    return g * b if first else None, g * a if second else None
M = function(backward, forward)
M.apply(x, torch.tensor([3., 4.])).sum().backward()
M.apply(torch.tensor([3., 4.]), x).sum().backward()
M.apply(x, x).sum().backward()
M.apply(torch.ones(2), torch.ones(2)).requires_grad

with torch.no_grad(): y = function().apply(x)
y.requires_grad, y.grad_fn
with torch.inference_mode(): i = torch.ones(2)
def forward(ctx, x, i): ctx.save_for_backward(x, i); return x * 1
shown(lambda: function(lambda ctx, g: (g, None), forward).apply(x, i))
""",
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(CLASSES + source)


@needs_torch
def test_zeros_that_are_not_made_are_noticed(monkeypatch):
    from shimtorch.autograd.function import FunctionCtx

    monkeypatch.setattr(FunctionCtx, "materialize_grads", False)
    assert any(compare(CLASSES + source) for source in SOURCES if "b.sum().backward(retain" in source)
