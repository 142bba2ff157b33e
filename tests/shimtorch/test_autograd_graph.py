"""``torch.autograd.graph`` and hooks of saved tensors, compared with PyTorch.

To add a case, add a block to ``SOURCES``; each runs after ``START``. What it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

START = r"""
from types import SimpleNamespace
graph = torch.autograd.graph
def pack(x): print("pack", x, x.requires_grad, x.is_leaf, x.grad_fn, x is a); return x
def unpack(x): print("unpack", x); return x
def shown(f):
    try: print(f())
    except Exception as e: print(type(e).__name__, e)
a = torch.tensor([1., 2.], requires_grad=True)
b = torch.tensor([3., 4.], requires_grad=True)
"""
FORMS = """
a * b; a * 2; a.exp(); a.sum(); a ** 2; 2 ** a; a / b; a / 2; 2 / a; a - b; a + b; a.abs(); a.relu()
a.tanh(); a.sigmoid(); a[:1]; a[torch.tensor([0])]; a[a > 1]; torch.where(a > 0, a, b); torch.cat([a, b])
torch.stack([a, b]); a.view(2, 1); a.t()
torch.ones(2, 2, requires_grad=True) @ torch.ones(2, 2, requires_grad=True)
torch.addmm(torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True), torch.ones(2, 2))
a.max(0); a.max(); a.sort(); a.norm(); a.std(); a.var(); a.mean(); a.prod(); a.cumsum(0); a.gather(0, torch.tensor([0]))
torch.softmax(a, 0); F.cross_entropy(a[None], torch.tensor([1])); F.mse_loss(a, b)
F.binary_cross_entropy(torch.sigmoid(a), torch.ones(2))
a.masked_fill(a > 1, 0.); torch.maximum(a, b); a.log(); a.sqrt(); a.reciprocal()
a * True; a.clamp(min=0); a.detach() * 2
""".replace("\n", ";").split(";")

SOURCES = [f"with graph.saved_tensors_hooks(pack, unpack): y = {form.strip()}" for form in FORMS if form.strip()]
SOURCES += blocks(
    r"""
with graph.saved_tensors_hooks(pack, unpack):
    y = a * b
    s = (y * 2).exp().sum()
s.backward()
shown(lambda: s.backward())

with graph.saved_tensors_hooks(pack, unpack):
    q = a * 1
    q.mul_(b)
    q.exp_()
    q[0].mul_(b[1])
    q.masked_fill_(torch.tensor([True, False]), 2.)
q.sum().backward()

with graph.saved_tensors_hooks(lambda x: x.detach().numpy(), lambda x: torch.from_numpy(x)):
    y = a ** 3 * b
g, = torch.autograd.grad(y.sum(), a, create_graph=True)
print(g, g.grad_fn, g.grad_fn.next_functions)
g.sum().backward()

with graph.saved_tensors_hooks(lambda x: 1, lambda x: x): y = a * b
y.sum().backward()

with graph.saved_tensors_hooks(lambda x: x.mul_(2), lambda x: x): (a * 1).exp()

with graph.saved_tensors_hooks(lambda x: x * 2, lambda x: x): y = a * b
y.sum().backward()

with graph.saved_tensors_hooks(lambda x: x, lambda x: None): y = a.exp()
shown(lambda: y.grad_fn._saved_result)
y.sum().backward()

with graph.saved_tensors_hooks(lambda x: x + 1, lambda x: x + 1):
    with graph.saved_tensors_hooks(pack, unpack): y = a * b
    z = a * b
y.sum().backward()
z.sum().backward(retain_graph=True)
z.sum().backward()

def fail(x): raise ValueError("cannot pack")
shown(lambda: graph.saved_tensors_hooks(fail, unpack).__enter__())
shown(lambda: a * b)
graph.saved_tensors_hooks(fail, unpack).__exit__()
(a * b).sum().backward()

y = a * b
print(y.grad_fn._raw_saved_self, type(y.grad_fn._raw_saved_self))
y.grad_fn._raw_saved_self.register_hooks(pack, unpack)
shown(lambda: y.grad_fn._raw_saved_self.register_hooks(pack, unpack))
print(y.grad_fn._saved_self)
shown(lambda: y.grad_fn._raw_saved_self.register_hooks(3, unpack))
y.sum().backward()
shown(lambda: y.grad_fn._raw_saved_self.register_hooks(pack, unpack))

def forward(ctx, x): y = x * 2; ctx.save_for_backward(x, None, y); return y
def backward(ctx, g): print(ctx.saved_tensors); return g
made = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
Fn = type(torch.autograd.Function)("Fn", (torch.autograd.Function,), made)
with graph.saved_tensors_hooks(pack, unpack): r = Fn.apply(a)
r.sum().backward()
isinstance(r.grad_fn, graph.Node)

with graph.disable_saved_tensors_hooks("nope"):
    shown(lambda: graph.saved_tensors_hooks(pack, unpack).__enter__())
    (a * b).sum().backward()

with graph.saved_tensors_hooks(pack, unpack):
    with graph.disable_saved_tensors_hooks("nope"): pass

with graph.save_on_cpu(): y = a * b
y.sum().backward()

print(graph.get_gradient_edge(a).output_nr, graph.get_gradient_edge(a * b)._fields)
shown(lambda: graph.get_gradient_edge(torch.ones(2)))
e = graph.get_gradient_edge(a * b)
print(torch.autograd.grad(e, [a], torch.ones(2)))
y = a * 2; z = (y * 3).sum()
print(torch.autograd.grad(z, graph.get_gradient_edge(y), retain_graph=True))
print(torch.autograd.grad(z, [graph.get_gradient_edge(a)], retain_graph=True))
z.backward(inputs=[graph.get_gradient_edge(a)])
torch.autograd.backward(graph.get_gradient_edge((a * b).sum()))

graph.increment_version(a)
graph.increment_version([a, b])
print(a._version, b._version)
shown(lambda: graph.increment_version(3))
shown(lambda: graph.increment_version([3]))
y = a * b
graph.increment_version(b)
y.sum().backward()

isinstance((a * 2).grad_fn, graph.Node), isinstance(3, graph.Node), issubclass(int, graph.Node)
isinstance((a * 2).grad_fn.next_functions[0][0], graph.Node)

graph.nothing_of_the_kind
""",
)  # fmt: skip


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(START + source)


@needs_torch
def test_packing_in_another_order_is_noticed(monkeypatch):
    from shimtorch.autograd import packing

    monkeypatch.setattr(packing, "_order", lambda node, values: range(len(values)))
    assert any(compare(START + source) for source in SOURCES if "a * b" in source)


def test_nothing_stays_in_force():
    import shimtorch
    from shimtorch.ops import _define

    with shimtorch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x):
        assert _define.new is not object.__new__
    assert _define.new is object.__new__
