"""Conjugates, real and imaginary parts share memory as in PyTorch: what is written into one shows in the others.

To add a case, add a block to ``SOURCES``; what it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, needs_torch

SOURCES = blocks(
    r"""
c = torch.tensor([1 + 2j, 3 - 1j, 2 + 2j])
y = c.conj()
y[0] = 5j
print(c, y, c._version, y._version)
c[1] = 7
c.mul_(2)
print(c, y)
y.mul_(1j)
print(c, y, y.is_conj(), y.data_ptr() == c.data_ptr(), y._is_view())
y.zero_()

c = torch.arange(6.0).reshape(2, 3) + 1j * torch.ones(2, 3)
y, z, w = c.T.conj(), c.mH, c[1].conj()
print(y.shape, y.stride(), y.storage_offset(), w.storage_offset(), w.data_ptr() == c[1].data_ptr(), z.is_contiguous())
w.add_(1 + 1j)
y[2, 0] = 9
print(c, y, z, w)
b = y.conj()
b[0, 0] = 4
print(c, w, z, b.is_conj(), b.storage_offset(), b[1].storage_offset())

c = torch.arange(6.0).reshape(2, 3) + 1j * torch.ones(2, 3)
y = c.T.conj()
c.real = torch.zeros(2, 3)
c.imag.add_(3)
print(c, y, y.imag, y.real)
y.imag.fill_(2)
y.real.fill_(8)
print(c, y.imag.is_neg(), y.real.is_neg(), y.real.storage_offset(), y.imag.storage_offset(), c.imag.stride())

c = torch.arange(3.0) + 1j
d, w = c.conj().detach(), c[1:].conj()
d.mul_(2)
print(c, w, d, d.is_conj())
c.copy_(c.conj())
c.mul_(c.conj())
print(c, d, w)

c = torch.arange(6.0).reshape(2, 3) + 1j
e = c.conj().reshape(6)
e[2] = 1j
c.conj().unbind(0)[0].mul_(3)
print(c, e, e._is_view(), e.is_conj(), c.conj().expand(2, 2, 3).is_conj(), c.conj().clone().is_conj())

c = torch.tensor([1 + 2j])
print(c.is_conj(), c.conj().resolve_conj().is_conj(), c.resolve_conj() is c, c.conj().imag.resolve_neg().is_neg())
print(torch.equal(c.conj(), torch.tensor([1 - 2j])), c.conj().tolist(), c.conj().item(), c.conj().numpy(force=True))
x = torch.tensor([1.0])
print(x.real is x, x.conj() is x, torch.conj_physical(x) is x, x.resolve_conj() is x, x.is_conj())

torch.tensor([1j]).conj().numpy()

torch.tensor([1j]).conj().imag.numpy()

torch.tensor([1j]).conj().view(torch.float32)

torch.view_as_real(torch.tensor([1j]).conj())

torch.tensor([1.0]).imag

torch.ones(3).H

torch.ones(2, 2, 2).H

torch.ones(3).mT

m = torch.tensor([[1 + 1j, 2], [3, 4j]], requires_grad=True)
(m.mH @ m).abs().sum().backward()
f = m.conj().imag
print(m.grad, m.H, m.mT, f, f.grad_fn, f.grad_fn.next_functions[0][0].next_functions)
(f.sum() + m.real.prod() + m.conj().real.sum()).backward()
print(m.grad)
with torch.no_grad():
    p = m.conj()
    m.mul_(2)
    p.mul_(3)
print(p, m)
m.real = 1

w = torch.tensor([1.0, 2.0], requires_grad=True)
z = torch.zeros(2, dtype=torch.complex64)
r = z.real
z.real = w
z.imag = w * w
(z * z.conj() * (1 + 1j)).sum().abs().backward()
print(w.grad, z, r)

x = torch.tensor([[1 + 1j, 2 - 1j], [3j, 4]], requires_grad=True)
w = torch.tensor([2.0, 3.0], requires_grad=True)
b = x * 1
y, t, i, r = b.conj(), b.T.conj(), b.conj().imag, b.real[1:]
y.mul_(1j)
y[0].mul_(w)
t[1].add_(1)
r.mul_(w)
i[1].mul_(3)
print(b, y, t, i, r, y.grad_fn, i.grad_fn, r.grad_fn)
((b * b).real.sum() + t.real.sum() + (y * (1 + 2j)).imag.sum() + i.sum() + r.sum()).backward()
print(x.grad, w.grad)

x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
b = x * 2
z = torch.view_as_complex(b.view(2, 2))
z.mul_(2 + 1j)
z.imag.pow_(2)
print(b, z, z.grad_fn)
g = torch.autograd.grad((z * z).real.sum() + b.sum(), x, create_graph=True)
print(g)
torch.autograd.grad(g[0].sum(), x)

v = torch.view_as_real(torch.tensor([1 + 2j, 3j]))
v[0, 0] = 5
z = torch.view_as_complex(v)
z.mul_(1j)
print(v, z, z.storage_offset(), v._base, torch.view_as_complex(torch.ones(3, 4)[:, 2:]).stride())

torch.view_as_complex(torch.ones(3, 3)[:, :2])

torch.view_as_complex(torch.ones(7)[1:].view(3, 2))

torch.view_as_complex(torch.ones(2, 3).T)

torch.view_as_complex(torch.ones(3))

torch.view_as_complex(torch.tensor(1.0))

torch.view_as_complex(torch.ones(2, dtype=torch.int32))

torch.view_as_real(torch.ones(2))

torch.tensor(1j).mH

torch.tensor(1.0).mT

torch.tensor(1.0).adjoint()

torch.complex(torch.ones(2), torch.ones(2).double())

torch.complex(torch.ones(2).int(), torch.ones(2).int())

torch.complex(torch.ones(2, 1), torch.arange(3.0), out=torch.empty(2, 3))
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(source)
