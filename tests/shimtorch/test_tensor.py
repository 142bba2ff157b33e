"""What a tensor is to Python and NumPy: protocols, properties, conversions, sizes, dtypes and devices.

To add a case, add a line to ``SOURCES``.
"""

# ruff: noqa: E501 (a source is one line, however long)

import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, lines, needs_torch

SOURCES = lines(
    r"""
x = torch.ones(2, 3); len(x), x.ndim, x.numel(), x.nelement(), x.dim()
x = torch.tensor(3); range(x)[0:2], [1, 2, 3, 4][x], hex(x), oct(x), bin(x)
x = torch.tensor(3.5); int(x), float(x), complex(x), bool(x), x.item(), str(x), f"{x}", f"{x:.2f}", "%.3f" % x, "{:>10.1f}".format(x)
x = torch.tensor([3.5]); int(x), float(x), complex(x), bool(x), x.item(), str(x), f"{x}"
f"{torch.tensor([3.5]):.2f}"
f"{torch.tensor(3):d}, {torch.tensor(3):05d}, {torch.tensor(True)}, {torch.tensor(1+2j):.2f}"
f"{torch.tensor(3.7):d}"
f"{torch.tensor(3.7, requires_grad=True):.3f}"
f"{torch.tensor(3.7, requires_grad=True)}"
f"{torch.tensor(3):q}"
print(torch.tensor([1., 2]), torch.tensor(3), sep='|')
print(torch.ones(2, requires_grad=True) * 2)
print([torch.tensor(1), torch.ones(1)])
print({'a': torch.tensor(1.5)})
print(torch.ones(1).shape, torch.float32, torch.device('cpu'), torch.strided)
"a" + torch.ones(1)
torch.ones(1) + "a"
torch.ones(2) + None
None + torch.ones(2)
[1, 2] + torch.ones(2)
torch.ones(2) + [1, 2]
torch.ones(2) * (1, 2)
torch.ones(2) + {}
torch.ones(2) @ 3
3 @ torch.ones(2)
torch.ones(2) @ np.ones(2)
np.ones(2) @ torch.ones(2)
torch.ones(2) + np.ones(2)
np.ones(2) + torch.ones(2)
torch.ones(2) * np.float64(2)
np.float64(2) * torch.ones(2)
np.float32(2) * torch.ones(2)
np.int64(2) + torch.ones(2)
np.int64(2) * torch.ones(2, dtype=torch.int32)
torch.ones(2, dtype=torch.int32) * np.int64(2)
np.array(2.) - torch.ones(2)
np.array([2.]) > torch.ones(2)
torch.ones(2) > np.ones(2)
np.float64(1) == torch.ones(2)
np.float64(1) < torch.ones(2)
np.float64(2) ** torch.ones(2)
np.float64(2) / torch.ones(2)
np.float64(2) // torch.ones(2)
a = np.ones(2); a += torch.ones(2)
a = torch.ones(2); a += np.ones(2)
a = np.ones(2); a[0] = torch.tensor(5.)
a = np.ones(2); a[:] = torch.tensor([5., 6])
a = torch.ones(2); a[0] = np.float64(5)
a = torch.ones(2); a[:] = np.array([5., 6.])
a = torch.ones(2); a[0] = np.array(5.)
np.exp(torch.ones(2))
np.sqrt(torch.ones(2))
np.add(torch.ones(2), 1)
np.add(torch.ones(2), torch.ones(2))
np.isfinite(torch.ones(2))
np.abs(torch.ones(2))
np.max(torch.ones(2))
np.array(torch.ones(2))
np.array([torch.tensor(1.), torch.tensor(2.)])
np.array([torch.ones(2), torch.ones(2)])
np.asarray(torch.ones(2), dtype=np.float64)
np.allclose(torch.ones(2), np.ones(2))
np.array_equal(torch.ones(2), np.ones(2))
np.dot(torch.ones(2), torch.ones(2))
np.stack([torch.ones(2), torch.ones(2)])
np.testing.assert_allclose(torch.ones(2), [1, 1])
np.isclose(torch.tensor(1.), 1)
np.shape(torch.ones(2, 3))
np.ndim(torch.ones(2, 3))
np.size(torch.ones(2, 3))
np.where(torch.tensor([True, False]), 1, 2)
np.float64(torch.tensor(2.5)), np.int64(torch.tensor(2)), np.float32(torch.ones(1))
np.linspace(0, 1, 3)[torch.tensor(1)]
np.zeros(torch.tensor(2))
np.zeros(torch.Size([2, 2]))
np.ones(3)[torch.tensor([0, 1])]
np.random.rand(*torch.ones(2, 1).shape).shape
a = np.zeros(3); t = torch.from_numpy(a); a[0] = 5; t += 1; s = t.data_ptr() == a.ctypes.data
t = torch.zeros(3); a = t.numpy(); a[0] = 5; t += 1; b = t.numpy(); s = np.shares_memory(a, b)
t = torch.zeros(2, 3); v = t.view(-1); v[0] = 5; w = t[1]; w += 1; w.storage_offset(), w.data_ptr() - t.data_ptr()
t = torch.zeros(2, 3); c = t.clone(); c += 1; d = t.detach(); d += 2; t._version, c._version, d._version
t = torch.zeros(4)[1:]; u = t[1:]; u.storage_offset(), t.storage_offset(), u.stride(), u.is_contiguous()
t = torch.arange(6).reshape(2, 3).t(); t.is_contiguous(), t.stride(), t.contiguous().stride(), t.storage_offset(), t[1].storage_offset()
t = torch.zeros(0); t.data_ptr(), t.stride(), t.shape, len(t), list(t), t.tolist(), t.sum()
t = torch.zeros(0, 3); t.stride(), list(t), t.tolist()
t = torch.zeros(3, 0); t.stride(), list(t), t.tolist()
import copy; x = torch.ones(2, requires_grad=True); y = copy.copy(x); z = copy.deepcopy(x); s = y.data_ptr() == x.data_ptr(), z.data_ptr() == x.data_ptr()
import copy; x = torch.ones(2, requires_grad=True); copy.deepcopy(x * 2)
import copy; x = torch.ones(2, requires_grad=True); (x * 2).sum().backward(); y = copy.deepcopy(x)
import copy; x = torch.ones(2, 3).t()[1:]; y = copy.deepcopy(x)
import copy; x = torch.ones(2); y = copy.deepcopy([x, x]); y[0] is y[1]
import copy; copy.deepcopy(torch.float32) is torch.float32, copy.copy(torch.float32) is torch.float32, copy.deepcopy(torch.device('cpu')), copy.deepcopy(torch.Size([2]))
import pickle; pickle.loads(pickle.dumps(torch.Size([2, 3]))), pickle.loads(pickle.dumps(torch.device('cuda', 1)))
x = torch.ones(2); x.foo = 3; x.foo, vars(x)
x = torch.ones(2); x.name = 'w'; x.bar
x = torch.ones(2); x.names
import weakref; x = torch.ones(2); r = weakref.ref(x); del x; r() is None
x = torch.ones(2); y = torch.ones(2); x is y, {x: 1, y: 2}.__len__(), x in {x: 1}
x = torch.ones(2); x == None, x != None, None == x, x == 'a', x != 'a', x == [1, 1], x == (1, 1)
x = torch.ones(2); x < None
x = torch.ones(2); x in [x]
x = torch.ones(2); x in [torch.zeros(2), x]
x = torch.tensor([1, 2]); 1 in x, 5 in x, torch.tensor(2) in x, 1.0 in x, True in x
x = torch.tensor([1, 2]); None in x
x = torch.tensor([1, 2]); torch.tensor([1, 2]) in x
x = torch.tensor([1, 2]); torch.tensor([1, 2, 3]) in x
if torch.ones(2): pass
x = torch.ones(2); x and x
not torch.zeros(0)
bool(torch.zeros(0))
bool(torch.tensor([]))
bool(torch.tensor([[0.]])), bool(torch.tensor(0)), bool(torch.tensor(float('nan'))), bool(torch.tensor(0j))
assert torch.tensor([1, 1]) == torch.tensor([1, 1])
torch.ones(2).item()
torch.tensor([]).item()
float(torch.ones(2))
int(torch.ones(0))
int(torch.tensor(float('nan')))
int(torch.tensor(float('inf')))
float(torch.tensor(1j))
int(torch.tensor(1j))
complex(torch.tensor(1j)), complex(torch.tensor(2))
torch.tensor(1j).item(), torch.tensor(True).item(), torch.tensor(3, dtype=torch.uint8).item(), torch.tensor(1.1).item(), torch.tensor(.1, dtype=torch.float16).item()
torch.tensor([[1, 2], [3, 4]]).tolist(), torch.tensor([.1]).tolist(), torch.tensor([True]).tolist(), torch.tensor(2.5).tolist()
a, b = torch.tensor([1, 2])
a, b = torch.tensor([1, 2, 3])
a, b = torch.tensor(1)
a, *b = torch.tensor([1, 2, 3])
print(*torch.tensor([1, 2]))
list(zip(torch.tensor([1, 2]), torch.tensor([3, 4])))
sum(torch.tensor([1, 2, 3])), max(torch.tensor([1, 2])), min(torch.tensor([1, 2])), sorted(torch.tensor([2, 1]))
[i for i in torch.ones(2, 2)]
dict(zip("ab", torch.ones(2)))
list(enumerate(torch.ones(2)))
math = __import__('math'); math.exp(torch.tensor(1.)), math.sqrt(torch.tensor(4)), math.isclose(torch.tensor(1.), 1)
math = __import__('math'); math.exp(torch.ones(2))
round(torch.tensor(2.7))
divmod(torch.tensor(7), 2)
abs(torch.tensor(-2)), -torch.tensor(2), +torch.tensor(2)
torch.ones(2).shape == (2,), torch.ones(2).shape == [2], (2,) == torch.ones(2).shape, torch.ones(2).size() == torch.Size([2])
torch.ones(2, 3).shape[0], torch.ones(2, 3).shape[-1], torch.ones(2, 3, 4).shape[1:], torch.ones(2, 3).shape.numel(), list(torch.ones(2, 3).shape)
r, c = torch.ones(2, 3).shape
torch.ones(2, 3).shape + (4,), (4,) + torch.ones(2, 3).shape, torch.ones(2).shape * 2
torch.ones(2, 3).shape.foo
torch.ones(2, 3).size(2)
torch.ones(2, 3).size('a')
torch.ones(2, 3).size(1.5)
torch.ones(2, 3).size(0, 1)
torch.ones(2, 3).size(dim=-1), torch.ones(2, 3).stride(-1), torch.ones(2, 3).stride(dim=0)
torch.ones(2, 3).stride(2)
torch.ones(2, 3).stride('a')
torch.ones(2, 3).is_contiguous(3)
torch.ones(2).foo
torch.ones(2).foo()
torch.foo
torch.foo.bar
torch.nn.foo
torch.nn.functional.foo
F.foo
from torch import foo
torch.autograd.foo
torch.device('cuda')
torch.device('foo')
torch.device('cpu', index=0), torch.device(type='cpu'), torch.device('cuda', 1), torch.device(device='cpu')
torch.ones(2).to('cuda')
torch.ones(2).to(torch.device('cuda:0'))
torch.ones(2).cuda()
torch.ones(2).to('foo')
torch.ones(2).cpu(), torch.ones(2).get_device(), torch.ones(2).is_cpu, torch.ones(2).is_cuda
torch.ones(2).device == 'cpu', torch.ones(2).device == torch.device('cpu'), torch.ones(2).device.type, torch.ones(2).device.index, str(torch.ones(2).device)
torch.ones(2).type(), torch.ones(2, dtype=torch.int64).type(), torch.ones(2).type(torch.int32), torch.ones(2).type('torch.DoubleTensor')
torch.ones(2).type(torch.float32) is None
torch.ones(2).type('foo')
torch.ones(2).type(3)
x = torch.ones(2); x.type(torch.float32) is x, x.to(torch.float32) is x, x.float() is x, x.contiguous() is x, x.cpu() is x
x = torch.ones(2); x.numpy(3)
x = torch.ones(2); x.numpy(force=1)
x = torch.ones(2); x.item(1)
x = torch.ones(2); x.detach(1)
x = torch.ones(2); x.tolist(1)
x = torch.ones(2); x.backward(1, 2, 3, 4, 5)
x = torch.ones(2); x.dim(1)
x = torch.ones(2); x()
torch.ones(2)(3)
torch()
torch.nn()
x = torch.ones(2, requires_grad=True); x.numpy()
x = torch.ones(2, requires_grad=True); x.numpy(force=True)
x = torch.ones(2, requires_grad=True); np.array(x)
x = torch.ones(2, requires_grad=True); np.exp(x)
x = torch.ones(2, requires_grad=True); x + np.ones(2)
x = torch.ones(2, requires_grad=True); np.ones(2) + x
x = torch.ones(2, requires_grad=True); np.float64(2) * x
x = torch.ones(2, requires_grad=True); x * np.float64(2)
x = torch.ones(2, requires_grad=True); x.detach().numpy(), x.data.numpy(), x.tolist()
x = torch.tensor(2., requires_grad=True); float(x), int(x), x.item(), bool(x)
x = torch.tensor(2., requires_grad=True); (x * 2).item()
x = torch.ones(2); x.shape = (1, 2)
x = torch.ones(2); x.dtype = torch.int32
x = torch.ones(2); x.requires_grad = 'a'
x = torch.ones(2); x.requires_grad = torch.tensor(True)
x = torch.ones(2); x.grad = 3
x = torch.ones(2); x.grad = torch.ones(3)
x = torch.ones(2); x.grad = torch.ones(2, dtype=torch.float64)
x = torch.ones(2); x.grad = torch.ones(2, dtype=torch.int64)
x = torch.ones(2, dtype=torch.int64); x.grad = torch.ones(2)
x = torch.ones(2); x.grad = x
x = torch.ones(2); x.grad = torch.zeros(2); x.grad
x = torch.ones(2); x.device = 'cpu'
x = torch.ones(2); del x.grad; x.grad
x = torch.ones(2); del x.shape
with torch.no_grad: pass
with torch.no_grad(): y = torch.ones(2, requires_grad=True) * 2
with torch.no_grad() as g: pass
torch.no_grad(3)
torch.set_grad_enabled(3)
torch.set_grad_enabled()
torch.set_grad_enabled(False); y = torch.is_grad_enabled()
torch.set_grad_enabled(mode=False); y = torch.is_grad_enabled()
with torch.set_grad_enabled(False): a = torch.is_grad_enabled(); b = torch.is_grad_enabled()
g = torch.set_grad_enabled(False); a = torch.is_grad_enabled(); g.__exit__(None, None, None); b = torch.is_grad_enabled()
repr(torch.set_grad_enabled(True)), torch.no_grad, torch.enable_grad, torch.set_grad_enabled
torch.autograd.no_grad is torch.no_grad
torch.Size([1, 2]) + [1]
torch.Size(['a'])
torch.Size(3)
torch.Size()
torch.Size([1.5])
torch.Size([torch.tensor(2)])
torch.dtype('a')
torch.device()
torch.device(3.5)
torch.device('cpu:x')
torch.device('cpu', 'a')
torch.device('cuda', -1)
torch.device('')
torch.float32.foo
torch.float32 == torch.float, torch.float32 != torch.float64, torch.float32 == 'float32', hash(torch.float32) == hash(torch.float)
str(torch.float32), repr(torch.long), f"{torch.half}", f"{torch.device('cpu')}", f"{torch.Size([2])}", "%s" % torch.bool
isinstance(torch.float32, torch.dtype), isinstance(torch.ones(1), torch.Tensor), isinstance(torch.ones(1).shape, tuple), isinstance(torch.device('cpu'), torch.device), isinstance(torch.Generator(), torch.Generator)
torch.Tensor.__module__, torch.Tensor.__name__, torch.dtype.__name__, torch.device.__name__, torch.Size.__name__
torch.ones(3).T
torch.ones(2).__array_priority__
hash(torch.ones(2)) == id
x = torch.ones(2); hash(x) == id(x), x.__hash__() == id(x)
sys = __import__('sys'); torch.ones(2).__sizeof__
torch.ones(2, 2).nbytes, torch.ones(2, 2).itemsize, torch.ones(2, 2).element_size()
torch.ones(2).is_floating_point(), torch.ones(2).is_complex(), torch.ones(2).is_signed(), torch.ones(2).layout, torch.ones(2).is_sparse
import torch; torch.ones(2)
a = torch.ones(2); b = a; b += 1; a is b, a
a = torch.ones(2); b = a; b = b + 1; a
a = torch.ones(2); a.add_(1).mul_(2), a
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_protocol(source):
    assert_same(source)


RECORDED = {
    "type(torch.ones(1))": "<class 'torch.Tensor'>",
    "torch.ones(2, 3).shape[1:] + (4,)": "torch.Size([3, 4])",
    "(4,) + torch.ones(2).shape": "torch.Size([4, 2])",
    "torch.float32, torch.device('cuda', 1)": "(torch.float32, device(type='cuda', index=1))",
    "list(torch.tensor([1, 2]))": "[tensor(1), tensor(2)]",
    "f'{torch.tensor(3.14159):.2f}'": "'3.14'",
}


@pytest.mark.parametrize(("source", "text"), RECORDED.items())
def test_as_recorded(source, text):
    assert repr(eval(source, {"torch": shimtorch})) == text
