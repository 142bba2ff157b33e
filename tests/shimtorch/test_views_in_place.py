"""Methods that make a tensor a view of itself: versions, graphs, other views, hooks and refusals.

To add a case, add a line to ``SOURCES``.
"""

# ruff: noqa: E501 (a source is one line, however long)

import pytest

from shimtorch.ops import views_in_place
from tests.shimtorch.sidebyside import assert_same, compare, lines, needs_torch

SOURCES = lines(
    r"""
x = torch.arange(6.).reshape(2, 3).clone(); y = x.t_(); n = [y is x, x.shape, x.stride(), x._version, x.is_contiguous()]
x = torch.ones(2, 3); x.unsqueeze_(1); n = [x.shape, x.stride(), x._version]; x.squeeze_(); x.unsqueeze_(-1).squeeze_(2); x.unsqueeze_(0).unsqueeze_(0).squeeze_((0, 1)); x.swapaxes_(0, 1); x.swapdims_(dim0=0, dim1=1)
x = torch.zeros(()); n = [x.t_().shape, x.squeeze_().shape, x.transpose_(0, 0).shape, x.unsqueeze_(0).shape]
x = torch.ones(2, 1).expand(2, 3); x.t_(); n = x.stride()
l = torch.arange(6.).reshape(2, 3).requires_grad_(); x = l * 2; z = x.exp(); y = x.transpose_(0, 1); (x * torch.arange(6.).reshape(3, 2)).sum().backward(); n = l.grad.stride()
l = torch.ones(2, 1, 3, requires_grad=True); x = l * 2; n = []; x.unsqueeze_(1); n.append(x.grad_fn._saved_dim); x.squeeze_(); n.append(x.grad_fn._saved_self_sym_sizes); x.unsqueeze_(0).squeeze_(0); x.unsqueeze_(0).squeeze_((0,)); x.swapaxes_(0, 1); n += [x.grad_fn._saved_dim0, x.grad_fn._saved_dim1]; x.sum().backward()
l = torch.ones(2, 3, requires_grad=True); x = l.exp(); x.t_(); x.sum().backward()
l = torch.ones(2, 3, requires_grad=True); x = l * 2; y = x * x; x.t_(); y.sum().backward()
l = torch.arange(6.).requires_grad_(); b = l * 1; x = b.view(2, 3); x.t_(); x.sum().backward()
l = torch.arange(4.).requires_grad_(); b = l * 1; x = b.view(2, 2); x.t_(); (b * torch.arange(4.)).sum().backward()
b = torch.arange(6.).reshape(2, 3).clone(); v = b[0]; b.t_(); v.fill_(9); n = v._version
l = torch.arange(6.).reshape(2, 3).requires_grad_(); b = l * 1; v = b[0]; b.t_(); v.sum().backward()
l = torch.arange(6.).reshape(2, 3).requires_grad_(); x = l * l; x.t_(); g, = torch.autograd.grad((x * x).sum(), l, create_graph=True); g.sum().backward()
l = torch.ones(2, 3, requires_grad=True); x = l * 2; h = []; k = x.register_hook(lambda g: h.append(tuple(g.shape))); x.retain_grad(); x.t_(); x.sum().backward(); n = [x.grad, x.retains_grad]
l = torch.ones(2, requires_grad=True); b = l * 2; b.retain_grad(); b.t_(); b.mul_(l)
l = torch.ones(2, requires_grad=True); b = l * 2; b.retain_grad(); b.t_(); v = b[:1]; v.mul_(2)
l = torch.ones(2, requires_grad=True); b = l * 2; b.retain_grad(); b.detach_(); b.mul_(l)
a = torch.tensor(1., requires_grad=True); a = a * 2; a.backward(inputs=[a]); a.t_(); n = a.retains_grad
a = torch.tensor(1., requires_grad=True); b = a[...]; c = a.detach().fill_(2); torch.set_grad_enabled(False); b.t_(); torch.set_grad_enabled(True); b.grad_fn
torch.ones(2, 3, requires_grad=True).t_()
torch.ones(2, 3, requires_grad=True).transpose_(0, 5)
torch.ones(2, 2, 2, requires_grad=True).unbind(0)[0].t_()
torch.ones(2, 3, 4).t_()
torch.ones(2).transpose_(0, 3)
torch.ones(2).squeeze_(3)
torch.ones(2).unsqueeze_(5)
torch.ones(2).unsqueeze_()
torch.ones(2).transpose_(0)
torch.ones(2).t_(3)
torch.ones(2, 3).transpose_("a", "b")
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_sources(source):
    assert_same(source)


@needs_torch
def test_an_uncounted_write_is_noticed(monkeypatch):
    source = "l = torch.ones(2, 3, requires_grad=True); x = l.exp(); x.t_(); x.sum().backward()"
    assert compare(source) == []
    monkeypatch.setattr(views_in_place, "written", lambda tensor: None)
    assert compare(source) != []
