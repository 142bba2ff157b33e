"""Tensors pickled, copied and deep-copied: what is kept, lost and shared, compared with PyTorch.

To add a case, add a block to ``SOURCES``; ``again`` is every way in which a tensor can be made again.
"""

import pickle
import pickletools
import subprocess
import sys

import pytest

import shimtorch
from shimtorch import _pickling
from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

PREPARED = """
import copy, pickle
ways = [copy.copy, copy.deepcopy, *[lambda t, p=p: pickle.loads(pickle.dumps(t, p)) for p in range(2, 6)]]
def again(*tensors):
    rows = []
    for t in tensors:
        for way in ways:
            try: made = way(t)
            except RuntimeError as error: made = str(error)
            else: rows.append((made._version, made.is_leaf, made._is_view(), made.is_inference(), made is t,
                               made.data_ptr() == t.data_ptr(), type(made).__name__))
            rows.append(made)
    return rows
"""

SOURCES = blocks(
    """
again(*[torch.tensor([0, 1, 2]).to(d) for d in (torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8,
                                                torch.int8, torch.int16, torch.int32, torch.int64, torch.complex64,
                                                torch.complex128)])

again(torch.tensor(3.5), torch.tensor(True), torch.tensor(2 + 1j), torch.zeros(0), torch.zeros(2, 0), torch.zeros(0, 3))

t = torch.arange(24.).reshape(2, 3, 4)
again(t.transpose(0, 2), t[1], t[:, 1:], t[..., ::2], t.permute(2, 0, 1)[1:], t[1, 2, 3], t.expand(2, 2, 3, 4), t.T[0])

again(torch.ones(3).expand(2, 3), torch.ones(1).expand(4), torch.as_strided(torch.arange(9.), (3, 2), (2, 1), 3))

again(torch.from_numpy(np.arange(12.)[1::3]), torch.from_numpy(np.arange(12).reshape(3, 4).T))

x = torch.ones(2, requires_grad=True)
again(x, x * 2, (x * 2)[0], x[0], x.detach(), x.data)

x = torch.ones(2, requires_grad=True)
x.grad = torch.full((2,), 3.)
rows = again(x)
[r.grad for r in rows if isinstance(r, torch.Tensor)]

x = torch.ones(2, requires_grad=True)
(x * x).sum().backward(create_graph=True)
again(x)

x = torch.ones(2, requires_grad=True)
y = copy.deepcopy(x)
(y * 3).sum().backward()
z = copy.copy(x)
(z * 5).sum().backward()

x = torch.ones(2, requires_grad=True)
z = copy.copy(x)
with torch.no_grad(): z.add_(1)
print(x, x._version, z._version)
z.add_(1)

x = torch.ones(2)
z = copy.copy(x)
y = x * torch.ones(2, requires_grad=True)
z.add_(1)
y.sum().backward()

x = torch.ones(2)
x.mul_(2)
x.mul_(2)
again(x)

a = torch.arange(6.).reshape(2, 3)
b, c = pickle.loads(pickle.dumps((a, a[:, 1:])))
c.fill_(9)
print(a, b, c, c.storage_offset())

a = torch.arange(6.)
b, c, d = pickle.loads(pickle.dumps([a, a, {'d': a}]))
print(b is c, b is d['d'])

a = torch.arange(6.).reshape(2, 3)
v = a[:, 1:]
b, c, d = copy.deepcopy([a, v, a])
print(b is d, c._is_view())
c.fill_(9)
print(a, b, c, b._version, c._version)

v = torch.arange(6.)[2:]
a = v._base
c, b = copy.deepcopy((v, a))
c.fill_(9)
print(b, c, c.storage_offset())

v = torch.arange(6.)[2:4]
w = v.detach()
c, b = copy.deepcopy((v, w))
c.fill_(9)
print(b, c, c.storage_offset(), copy.copy(v).storage_offset())

a = torch.arange(4.)
n = a.numpy()
t = torch.from_numpy(n)
b, c = copy.deepcopy((a, t))
b.fill_(9)
print(c)

x = torch.ones(2, requires_grad=True)
x.note, x._mine, x.other = [1], 'mine', torch.ones(1)
for way in ways:
    y = way(x)
    print(y.note, y.note is x.note, y._mine, y.other, y.other is x.other)

x = torch.ones(2, requires_grad=True)
x.me = x
y = copy.deepcopy([x, x.me])
print(y[0] is y[1])

a = torch.arange(4.)
c, e = copy.deepcopy((a, copy.copy(a)[1:]))
e.fill_(7)
d, f = copy.deepcopy((c, e))
f.fill_(9)
print(a, c, d, c.storage_offset(), d.storage_offset(), f.storage_offset())

def hook(g): return g
x = torch.ones(2, requires_grad=True)
x.register_hook(hook)
y = x * 2
y.register_hook(hook)
again(x, y)

def one(g): return g
def other(g): return g
x = torch.ones(2, requires_grad=True)
x.register_hook(one)
x.register_hook(other)
again(x)

def hook(g): return g * 7
hook.__torch_unserializable__ = True
x = torch.ones(2, requires_grad=True)
x.register_hook(hook)
for way in ways:
    y = way(x)
    y.sum().backward()
    print(y.grad)

def hook(p): print('hook')
x = torch.ones(2, requires_grad=True)
x.register_post_accumulate_grad_hook(hook)
y = again(x)[1]
y.sum().backward()

x = torch.ones(2, requires_grad=True)
h = x.register_hook(print)
h.remove()
again(x)

with torch.inference_mode():
    i = torch.arange(4.)
    x = torch.ones(2, requires_grad=True)
    inside = again(i, i[1:], x)
outside = again(i, i[1:])

with torch.no_grad():
    again(torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True) * 2)

x = torch.ones(2, 2, requires_grad=True)
copy.deepcopy({'a': x, 'b': [x * 2]})

t = torch.arange(4, dtype=torch.int64).view(torch.int32)
again(t, t[1:])

s = pickle.loads(pickle.dumps(torch.arange(3.)))
s.add_(1)
s.requires_grad_()
y = (s * 2).sum()
y.backward()

t = torch.arange(6.).reshape(2, 3).t()
u = pickle.loads(pickle.dumps(t))
print(u.is_contiguous(), u.stride(), u.view(torch.int32).stride(), torch.as_strided(u, (6,), (1,)))

t = torch.arange(6.)[2:]
u = pickle.loads(pickle.dumps(t))
torch.as_strided(u, (6,), (1,), 0)
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_same_as_torch(source):
    assert_same(PREPARED + source)


@needs_torch
@pytest.mark.parametrize("fault", ["attributes_of", "_warn_of_hooks", "_end"])
def test_a_planted_fault_is_found(fault, monkeypatch):
    wrong = {"attributes_of": lambda t: {}, "_warn_of_hooks": lambda t: None, "_end": lambda a: a.nbytes}
    monkeypatch.setattr(_pickling, fault, wrong[fault])
    found = []
    for source in SOURCES:
        try:
            found += compare(PREPARED + source)
        except Exception as error:
            found.append(str(error))
    assert found


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_names_nothing_but_this_package_and_numpy(protocol):
    x = shimtorch.arange(6.0).reshape(2, 3)[:, 1:].requires_grad_()
    x.note = "kept"
    opcodes = [(op.name, argument) for op, argument, _ in pickletools.genops(pickle.dumps(x, protocol))]
    strings = [argument for name, argument in opcodes if "UNICODE" in name or name == "GLOBAL"]
    assert not [s for s in strings if str(s).startswith("torch")]


def test_a_pickle_loads_in_another_process(tmp_path):
    x = shimtorch.arange(6.0).reshape(2, 3)[:, 1:].requires_grad_()
    x.note = "kept"
    (tmp_path / "tensor.pickle").write_bytes(pickle.dumps({"x": x, "s": shimtorch.tensor(True)}))
    code = (
        "import pickle, sys; sys.modules['torch'] = None\n"
        f"t = pickle.load(open({str(tmp_path / 'tensor.pickle')!r}, 'rb'))\n"
        "print(t['x'], t['x'].stride(), t['x'].storage_offset(), t['x'].note, t['s'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=sys.path[0], check=False)
    assert done.stdout == ("tensor([[1., 2.],\n        [4., 5.]], requires_grad=True) (3, 1) 1 kept tensor(True)\n"), (
        done.stderr
    )


def test_what_is_loaded_can_be_written_to():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(shimtorch.zeros(2), protocol))
        assert loaded.add_(1).tolist() == [1, 1]
        assert loaded._a.flags.aligned
