"""Nodes of several outputs, and what of ``cat``, ``split``, ``einsum`` and their like one call cannot show.

To add a case, add a line to ``SOURCES``; results, layouts and gradients of single calls are in ``test_operators``.
"""

# ruff: noqa: E501 (a source is one line, however long)

import gc

import pytest

import shimtorch
from shimtorch.autograd.nodes import Arrived
from tests.shimtorch.sidebyside import assert_same, compare, lines, needs_torch

SOURCES = lines(
    r"""
x = torch.arange(12.).reshape(4, 3).requires_grad_(); a, b = x.split(2); n = (a.grad_fn is b.grad_fn, b.output_nr, b.grad_fn.name()); y = a * b; e = y.grad_fn.next_functions
x = torch.arange(12.).reshape(4, 3).requires_grad_(); a, b, c = x.split([1, 0, 3]); (c * 2).sum().backward()
x = torch.arange(12.).reshape(4, 3).requires_grad_(); rows = list(x); (rows[1] * rows[3] + rows[1]).sum().backward()
x = torch.arange(12.).reshape(4, 3).requires_grad_(); rows = x.unbind(1); (rows[0] * rows[2]).sum().backward(); rows[1].sum().backward()
x = torch.arange(12.).reshape(4, 3).requires_grad_(); y = x.chunk(3)[1].sum(); y.backward(retain_graph=True); y.backward()
x = torch.arange(12.).reshape(4, 3).requires_grad_(); y = x * 2; a, b = y.chunk(2); a.retain_grad(); (a * b + a).sum().backward(); g = a.grad
x = torch.arange(12.).reshape(4, 3).requires_grad_(); y = x * 2; a, b = y.chunk(2); g = torch.autograd.grad((a * b).sum(), (a, b, y, x))
x = torch.arange(12.).reshape(4, 3).requires_grad_(); a, b = (x * 2).chunk(2); g = torch.autograd.grad((a * b).sum(), (a, x), create_graph=True); g[0].sum().backward(); g[1].sum().backward()
x = torch.arange(4.).requires_grad_(); a, b, c, d = x; g, = torch.autograd.grad(a * b * d * d, x, create_graph=True); h = torch.autograd.grad(g[3] + g[0], x, create_graph=True); k = torch.autograd.grad(h[0].sum(), x)
x = torch.arange(6.).requires_grad_(); a, b = x.split([2, 4]); g, = torch.autograd.grad(b.pow(3).sum(), x, create_graph=True); h = torch.autograd.grad(g.sum(), x)
x = torch.arange(6.).requires_grad_(); a, b = x.split([2, 4]); g = torch.autograd.grad(a.sum(), b, allow_unused=True)
x = torch.arange(6.).requires_grad_(); a, b = x.split([2, 4]); g = torch.autograd.grad(a.sum(), b)
x = torch.ones(4, 3, requires_grad=True); f = x.unbind()[0].grad_fn; f(torch.ones(3))
x = torch.ones(4, 3, requires_grad=True); f = x.unbind()[0].grad_fn; f()
x = torch.ones(4, 3, requires_grad=True); f = x.unbind()[0].grad_fn; g = f(torch.ones(3), None, None, torch.ones(3)); h = f(None, None, None, None)
x = torch.ones(4, 3, requires_grad=True); f = x.split(3)[0].grad_fn; g = f(None, torch.ones(1, 3)); h = f(torch.ones(3, 3), None)
x = torch.ones(4, 3, requires_grad=True); f = x.split(3)[0].grad_fn; f(*[torch.ones(3, 3)] * 3)
x = torch.ones(4, 3, requires_grad=True); f = torch.cat([x, x]).grad_fn; g = f(torch.ones(8, 3)); f = torch.stack([x, x.detach()]).grad_fn; h = f(torch.ones(2, 4, 3))
x = torch.ones(4, 3, requires_grad=True); y = x * 1; a, b = y.split(2); b.mul_(2)
x = torch.ones(4, 3, requires_grad=True); y = x * 1; a, b = y.split(2); c = b[1]; c.zero_()
x = torch.ones(4, 3, requires_grad=True); a, b = x.split(2); c = b.unbind()[1]; c += 1
x = torch.ones(4, 3, requires_grad=True); a, b = x.split_with_sizes([1, 3]); b.add_(1)
x = torch.ones(4, 3, requires_grad=True); w = torch.ones((), requires_grad=True); a, b = x.detach().split(2); b.mul_(w)
x = torch.ones(4, 3, requires_grad=True); w = torch.ones((), requires_grad=True); c = x.detach().split(2)[0][1].view(-1); c.mul_(w)
y = torch.ones(4, 3, requires_grad=True) * 1; a, b = y.split(2)
with torch.no_grad(): y = torch.ones(4, 3, requires_grad=True).split(2); n = [(t.requires_grad, t.is_leaf, t.output_nr) for t in y]
with torch.no_grad(): x = torch.arange(4.).view(2, 2).requires_grad_(); y = [*x.split(1), x[0], x.view(-1)]; n = [t.requires_grad for t in y]
x = torch.ones(4, 3); a, b = x.split(2); b.mul_(2); a.zero_(); n = (x._version, a._version)
x = torch.ones(3, 2); [row.mul_(i) for i, row in enumerate(x)]; x
x = torch.ones(4); n = (x.split(4)[0] is x, x.flatten() is x, torch.ones(2, 2).flatten(1, 1).shape, x.ravel() is x)
n = (torch.split.__name__, torch.Tensor.split.__qualname__, torch.einsum.__name__, torch.cat.__name__, torch.stack.__name__)
torch.ones(4).split()
torch.split(torch.ones(4))
torch.split(3, 2)
torch.ones(4).split(2, axis=0)
torch.split(torch.ones(4), split_size_or_sections=2, dim=0)
torch.ones(4).split(split_size=3, dim=-1)
torch.ones(4).split("a")
torch.ones(4).split(2, "a")
torch.ones(4).split(2.0)
torch.ones(4).split(True)
torch.ones(4).split([1, "a"])
torch.ones(4).split(torch.tensor(3))
torch.ones(4).split(torch.tensor([1, 3]))
torch.ones(4).split([4], 1.0)
torch.ones(4).split(())
torch.ones(4).split(torch.Size([1, 3]))
torch.cat(torch.ones(2, 2))
torch.cat(t for t in torch.ones(2, 2))
torch.cat([torch.ones(2), 3])
torch.cat([torch.ones(2), None])
torch.cat([], dim=3)
torch.cat([torch.ones(2)], axis=0)
torch.cat(tensors=(torch.ones(2), torch.ones(1)))
torch.concat([torch.ones(2), "a"])
torch.concatenate([torch.ones(2, 1), torch.ones(2, 2)], axis=1)
torch.stack([[1.0, 2.0]])
torch.stack([torch.ones(2), torch.ones(3), torch.ones(2, dtype=torch.int64)])
torch.cat([torch.ones(1, dtype=torch.uint8), torch.ones(1, dtype=torch.int8)])
torch.cat([torch.ones(2, dtype=torch.float16), torch.ones(2, dtype=torch.int16)])
torch.stack([torch.tensor(1), torch.tensor(2.5), torch.tensor(True)])
torch.stack([torch.tensor(1.0), torch.tensor([2.0], dtype=torch.float64)[0]])
a = torch.arange(24.).reshape(1, 2, 3, 4).permute(0, 3, 1, 2); r = [torch.cat([a, a]), torch.cat([a, a], 1), torch.cat([a, a.contiguous()]), torch.cat([a, a.double()], 3), torch.cat([a, torch.zeros(0)]), torch.cat([a])]
a = torch.arange(24.).reshape(1, 2, 3, 4).permute(0, 3, 1, 2); r = [torch.stack([a, a], d) for d in range(5)] + [torch.stack([a[0], a[0]], d) for d in range(4)]
a = torch.arange(6.); r = [torch.stack([a, a + 1], d) for d in (0, 1)] + [torch.stack([a.view(2, 3)] * 4, d) for d in (0, 1, 2, -1)]
a = torch.arange(120.).reshape(1, 2, 3, 4, 5).permute(0, 4, 1, 2, 3); r = [torch.cat([a, a], 1), torch.stack([a, a], 2), torch.cat([a, a.contiguous()])]
torch.cat([torch.full((2, 2), i, requires_grad=True) for i in (1., 2.)]).sum().backward()
x = torch.ones(2, requires_grad=True); torch.cat([x, x, x * 2]).prod().backward()
x = torch.ones(2, requires_grad=True); z = torch.ones(2, dtype=torch.complex64, requires_grad=True); y = torch.cat([x, z]); g = [t + 0 for t in torch.autograd.grad(y.abs().sum(), (x, z))]
torch.einsum(torch.arange(6.).view(2, 3), [0, 1], torch.arange(6.).view(3, 2), [1, 2], [2, 0])
torch.einsum(torch.arange(6.).view(2, 3), [27, 1], torch.arange(6.).view(3, 2), [1, 2])
torch.einsum()
torch.einsum("i")
torch.einsum("i", [])
torch.einsum(3, torch.ones(2))
torch.einsum(None, torch.ones(2))
torch.einsum("i", 3)
torch.einsum("i,i", [torch.ones(2), 3])
torch.einsum("i,i", [torch.ones(2), torch.ones(2)])
torch.einsum(b"ij", torch.ones(2, 2))
torch.einsum("ij", operands=torch.ones(2, 2))
torch.einsum(torch.ones(2, 3), [0, 1], torch.ones(3, 2), [1, 2], [0, 2])
torch.einsum(torch.ones(2, 3), [0, 52])
torch.einsum(torch.ones(2, 3), [0, -1])
torch.einsum(torch.ones(2, 3), [0.0, 1])
torch.einsum(torch.ones(2, 3), ["a", "b"])
torch.einsum(torch.ones(2, 3), [True, 0], [0, 1])
torch.einsum(torch.ones(2, 3), 3)
torch.einsum(torch.ones(2, 3))
torch.einsum("ij,jk", torch.ones(2, 3), torch.ones(3, 2, dtype=torch.float64))
torch.einsum("ij,jk", torch.ones(2, 3).bool(), torch.ones(3, 2).bool())
torch.einsum("ij,jé", torch.ones(2, 3), torch.ones(3, 2))
torch.einsum("é,jé1", torch.ones(2, 3), torch.ones(3, 2))
q = torch.arange(240.).reshape(2, 2, 3, 4, 5).requires_grad_(); s = torch.einsum("...hqd,...hkd->...hqk", q, q * 2); s.sum().backward()
w = torch.arange(30.).reshape(5, 2, 3).requires_grad_(); x = torch.ones(4, 2, requires_grad=True); y = torch.einsum("bi,oij,bj->bo", x, w, torch.ones(4, 3)); y.sum().backward()
x = torch.arange(9.).reshape(3, 3).requires_grad_(); t = torch.einsum("ii", x); g, = torch.autograd.grad(t * t, x, create_graph=True); h = torch.autograd.grad(g.sum(), x)
torch.addmm(torch.full((2,), float("nan")), torch.ones(2, 3), torch.ones(3, 2), beta=0)
m = torch.ones(2, 2); torch.addmm(3, m, 2, m, m)
m = torch.ones(2, 2); m.addmm(3, m, m)
m = torch.ones(2, 2); m.addmm_(3, 2, m, m)
m = torch.ones(2, 2); torch.addmm(3, m, m, m, out=m)
torch.ones(2, 2).addmm_(torch.ones(2, 3), torch.ones(3, 2), alpha=0.5)
x = torch.arange(120.).reshape(2, 3, 4, 5).requires_grad_(); y = x.to(memory_format=torch.channels_last); z = y.double(memory_format=torch.contiguous_format); n = [y.is_contiguous(), y.is_contiguous(memory_format=torch.channels_last), y.contiguous(memory_format=torch.channels_last) is y, y.to(memory_format=torch.channels_last) is y]; z.sum().backward()
x = torch.ones(2, 3, 4, 5, 6); y = [x.clone(memory_format=torch.channels_last_3d), torch.zeros_like(x, memory_format=torch.channels_last_3d), x.cpu(memory_format=torch.channels_last_3d)]; w = torch.empty(1, 2, 3, 4, memory_format=torch.channels_last).stride()
x = torch.ones(2, 3).t(); y = [x.to(memory_format=torch.contiguous_format) is x, x.float(memory_format=torch.preserve_format) is x, torch.channels_last, torch.channels_last_3d]
torch.ones(2, 3).clone(memory_format=torch.channels_last)
torch.ones(2, 3, 4, 5).contiguous(memory_format=torch.channels_last_3d)
torch.ones(2).double(3)
torch.ones(2).half(memory_format=1)
x = torch.ones(2, requires_grad=True); m = torch.ones(2, 3, requires_grad=True); y = torch.addmm(x, m, m.t(), beta=2, alpha=3); g = torch.autograd.grad(y.sum(), (x, m), create_graph=True)
x = torch.arange(6.).reshape(2, 3); n = [x.view(3, -1).shape, x.view(size=(6,)).shape, x.view(dtype=torch.int32), x.reshape(shape=(3, 2)).shape, x.permute(dims=(1, 0)).shape, x.expand(size=(1, 2, 3)).shape]
torch.ones(1).view()
torch.ones(1).view(size=None)
torch.ones(1).view(1, size=(1, 1))
torch.tensor(1).permute()
torch.ones(1).expand()
torch.ones(1).reshape()
torch.ones(2, 3, requires_grad=True).movedim((0, 1), (1,))
torch.ones(2, 3, requires_grad=True).movedim(0, (1,))
torch.ones(2, 3, requires_grad=True).movedim((0, 0), (1, 1))
torch.ones(2, 3).select(0, 5)
torch.ones(2, 3).narrow(1, 2, 2)
torch.ones(2, 3).narrow(1, torch.tensor(1.), 2)
torch.ones(2, 3).narrow(1, torch.tensor(1), 2)
torch.ones(3, requires_grad=True).repeat(2, 2).sum().backward()
torch.ones(3).repeat()
torch.ones(3).repeat(2.0)
torch.ones(3).repeat(-1)
torch.ones(2, 3).repeat(2)
torch.ones(2, 3).tile(2)
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_pieces(source):
    assert_same(source)


@needs_torch
def test_a_lost_gradient_of_one_of_several_outputs_is_noticed(monkeypatch):
    source = "x = torch.ones(4, requires_grad=True); a, b = x.split(2); (a * 2 + b).sum().backward()"
    assert compare(source) == []
    gc.collect()  # while a leaf with hooks lives, passes go another way
    monkeypatch.setattr(Arrived, "__add__", lambda self, other: self)
    assert compare(source) != []


@needs_torch
def test_a_lost_refusal_to_write_into_one_of_several_views_is_noticed(monkeypatch):
    source = "a, b = (torch.ones(4, requires_grad=True) * 1).split(2); a.mul_(2)"
    assert compare(source) == []
    monkeypatch.setattr("shimtorch.autograd.rebasing.refusal", lambda view, node, indirectly: RuntimeError("a view"))
    assert compare(source) != []


@needs_torch
def test_operands_that_are_not_swapped_are_noticed(monkeypatch):
    source = "a = torch.ones(2, 3); torch.einsum('ij,jk->ki', a, torch.ones(3, 4))"
    assert compare(source) == []
    from shimtorch.ops import einsum

    honest = einsum._permuted
    monkeypatch.setattr(einsum, "_permuted", lambda t, dims: honest(t, dims).contiguous().clone())
    assert compare(source) == []  # the values and strides of a fresh result are the same
    monkeypatch.setattr(einsum, "_permuted", honest)
    planned = einsum._plan
    monkeypatch.setattr(einsum, "_plan", lambda *a: planned(a[0].replace("->ki", "->ik"), *a[1:]))
    assert compare(source) != []


def test_a_plan_is_made_once():
    from shimtorch.ops.einsum import _plan

    _plan.cache_clear()
    for _ in range(3):
        shimtorch.einsum("ij,jk->ik", shimtorch.ones(2, 3), shimtorch.ones(3, 2))
    assert (_plan.cache_info().misses, _plan.cache_info().hits) == (1, 2)
