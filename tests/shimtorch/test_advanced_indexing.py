"""Indexing by tensors, masks, lists and arrays, and the operators that choose by them, source by source with PyTorch.

To add a case, add a line to ``READS``, ``WRITES`` or ``SOURCES``; what is drawn at random is in ``test_operators``.
"""

import numpy as np
import pytest

import shimtorch
from shimtorch.ops import advanced_indexing, choosing, gathering
from tests.shimtorch.agreement import Call, Leaf, disagreements
from tests.shimtorch.sidebyside import assert_same, lines, needs_torch, outcome

SETUP = """
T = torch.tensor
x = torch.arange(24.).reshape(2, 3, 4).clone(); v = torch.arange(3.); s = T(3.)
m = torch.arange(6.).reshape(2, 3).clone(); h = m.clone().requires_grad_(); g = x.clone().requires_grad_()
L = T([[0, 1, 2], [1, 0, 0]])
"""

READS = lines(
    """
    v[T([0, 2])]
    v[[0, 2]]
    v[[0, 2],]
    v[np.array([0, 2])]
    v[np.array([0, 2], dtype=np.int16)]
    v[np.array([0, 1, 1], dtype=np.uint8)]
    v[np.array([0, 2], dtype=np.uint16)]
    v[np.array([0., 2])]
    v[np.array(['a'])]
    v[np.array([True, False, True])]
    v[np.array([2, 1])[::-1]]
    v[np.array([2**63], dtype=np.uint64)]
    v[T([0, 1, 1], dtype=torch.uint8)]
    v[T([0, 1, 1], dtype=torch.int8)]
    v[T([0, 1, 1], dtype=torch.int32)]
    v[T([0., 1])]
    v[T([])]
    v[[]]
    v[range(2)]
    v[b'ab']
    v[bytearray(b'ab')]
    v[{1}]
    v[{0: 1}]
    v[np.bool_(True)]
    v[np.float32(1)]
    v[np.array(1.)]
    v[np.array(True)]
    v[[1.5]]
    v[[True, 1]]
    v[[1j],]
    v[[float('nan')],]
    v[[object()]]
    v[[None]]
    v[[0, None]]
    v[[slice(None)]]
    v[[...]]
    v[['a'],]
    v[[2**70]]
    v[[0, [1]],]
    v[[[0, 1], [2]]]
    v[[[0], [1, 2]],]
    v[[T(0), T(1)]]
    v[[T([0, 1])]]
    v[[T([0]), 1],]
    v[[T([0, 1]), 1],]
    v[[0] * 40]
    v[T([5])]
    v[T([-4])]
    v[T([0]), T([0])]
    v[T([1]), None]
    v[T([[0, 1], [1, 2]])]
    v[T([True, False])]
    v[[[True, False, True]],]
    v[[[True, False, True]] * 3,]
    s[True]
    s[False]
    s[T(True)]
    s[T(1, dtype=torch.uint8)]
    s[T(0)]
    s[[]]
    x[True]
    x[False]
    x[True, False]
    x[0, True, [0, 1]]
    x[None, True]
    x[[]]
    x[[], []]
    x[[[]],]
    x[[0, 1], [1, 2]]
    x[[[0, 1], [1, 0]]]
    x[[[0, 1], [1, 2]],]
    x[[0, 1], :, [1, 2]]
    x[:, [0, 1], [1, 2]]
    x[0, :, [1, 2]]
    x[[0, 1], :, 1]
    x[[0, 1], None, [0, 1]]
    x[...,  [0, 1]]
    x[[0, 1], ..., [0, 1]]
    x[T(1), :, [0, 1]]
    x[T([1]), T(2)]
    x[(1,), [0]]
    x[range(2), range(2)]
    x[x > 5]
    x[m > 2]
    x[m > 2, 0]
    x[m > 2, None]
    x[m > 2, 1:]
    x[m > 2, ..., [0, 1, 0]]
    x[..., m > 2]
    x[:, T([True, False, True]), T([True, False, True, False])]
    x[:, T([True, False]), 0]
    x[T([0, 1]), T([0, 1, 2])]
    x[T([9]), T([0.])]
    x[T([0.]), 9]
    x[[0, 1], [9, 1], [0, 9]]
    x[[0, 1], [1, 1], [0, 9]]
    x[T([[0]]), :, T([[1], [2]])]
    x[::2, T([[1], [0]]), T([0, 1, 2])]
    x.permute(2, 0, 1)[[0, 1]]
    x.permute(2, 0, 1)[:, [0, 1]]
    x.permute(2, 0, 1)[[[0, 1], [1, 0]], :, [[0], [1]]]
    x.permute(2, 0, 1)[T([[0, 1], [2, 3]]).t()]
    torch.zeros(2, 0)[[5]]
    torch.zeros(2, 0)[:, [5]]
    torch.zeros(0, 2)[:, [5]]
    g[[0, 1]]
    g[0, [0, 1]]
    g[True]
    g[g > 5]
    g[:, None, [0]]
    """
)

WRITES = lines(
    """
    x[T([0, 1])] = 5
    x[[0, 1], [1, 2]] = T([1., 2, 3, 4])
    x[[0, 1], [1, 2]] = T([1, 2, 3, 4])
    x[[0, 1], [1, 2]] = T([7])
    x[x > 5] = T([7])
    x[x > 5] = T([7, 8])
    x[x > 5] = T([[[1j]]])
    x[x > 5] = 1j
    x[[0, 1]] = T(1j)
    x[[0, 1]] = torch.ones(1, 1, 2, 1, 1)
    x[[0, 0]] = torch.arange(24.).reshape(2, 3, 4)
    x[True] = 1
    x[False] = 1
    x[False] = 'a'
    x[T(False)] = torch.ones(7)
    x[True] = torch.ones(7)
    x[True, 0] = torch.ones(5)
    x[0, [0, 1]] = T([1., 2, 3, 4])
    x[[0, 5]] = 1
    x[[0, 5]] = torch.ones(7)
    x[[0, 1], [0, 9]] = torch.ones(2, 4)
    x[[0, 1]] = 'a'
    x[[0, 1]] = np.ones(4)
    x[[0, 1]] = 10**30
    x[[]] = torch.ones(3)
    x[T([0, 1], dtype=torch.uint8)] = 1
    x[T([0, 1], dtype=torch.uint8)] = torch.ones(4)
    x[T([True, False, True])] = 1
    x[T([0., 1])] = 1
    x[[0, 1]] = x
    x[[0, 1]] = x[[1, 0]]
    x[:, [0, 1]] = x[:, [1, 0]]
    x[[9], x > 5] = 1
    x[T([0, 1, 1]), T([0, 1])] = T([1])
    x[m > 2, 0] = T([1., 2, 3])
    x[m > 2, None] = T([1., 2, 3, 4])
    x[[0, 1], :, [0, 1]] = torch.ones(5)
    x[[[0], [1]]] = 1
    x[None, [0]] = 1
    x[h > 2] = T([[1.]], requires_grad=True)
    x[[0, 1]] = g
    x[...] = T(1., requires_grad=True)
    x[:] = torch.ones(4, requires_grad=True)
    x[[True, False]] = T(1., requires_grad=True, dtype=torch.float64)
    L[L] = 1
    L[T([0, 1])] = 2.5
    L[L > 0] = T(2.5)
    L[0] = T(2.5, requires_grad=True).item()
    v[T([0, 1])] = v[:2]
    v[v > 0] = v[0]
    g[[0]] = 1
    g[[9]] = 1
    g[...] = 1
    x = torch.zeros(1).expand(3); x[T([0, 1])] = 1
    x = torch.zeros(1).expand(3); x[T([True, False, True])] = 1
    x = torch.zeros(0, 3); x[T([0])] = 1
    x = torch.zeros(2, 0); x[[5]] = 1
    x = torch.zeros(3, dtype=torch.float16); x[[0]] = 1e30
    x = torch.zeros(3, dtype=torch.float16); x[[True, False, False]] = T(1e30)
    x = torch.zeros(3, dtype=torch.uint8); x[T([True, False, False])] = 300
    x = torch.zeros(3).bool(); x[x] = True
    x = torch.zeros(3).bool(); x[x] = T([True, False])
    x = h * 1; x[[0]] = 5; x.sum().backward()
    x = h * 1; x[m > 2] = 5; (x * x).sum().backward()
    x = h * 1; x[[0, 0]] = h[1]; (x * x).sum().backward()
    x = torch.zeros(2, 3); x[:] = h; (x * x).sum().backward()
    """
)

SOURCES = lines(
    """
    i = T([0]); y = h[i] * 1; i[0] = 1; y.sum().backward()
    i = m > 2; y = h[i] * 1; i[0] = True; y.sum().backward()
    i = T([[0]]); y = h.gather(1, i); i += 1; y.sum().backward()
    y = h[[0, 1, 1]]; y.sum().backward(); y.sum().backward()
    x = h * 1; x.retain_grad(); x[[0]] = 1.; (x * x).sum().backward()
    y = torch.autograd.grad((h[[0, 1, 0]]**2).sum(), h, create_graph=True)[0]; y.sum().backward()
    y = torch.autograd.grad((h[h > 2]**2).sum(), h, create_graph=True)[0]; y.sum().backward()
    y = torch.autograd.grad((h.masked_select(m[0] > 0)**2).sum(), h, create_graph=True)[0]; y.sum().backward()
    y = torch.autograd.grad((h.take(L)**2).sum(), h, create_graph=True)[0]; y.sum().backward()
    y = torch.where(m > 2); z = torch.nonzero(m), m.nonzero(as_tuple=True), s.nonzero(), torch.where(s)
    y = torch.where(m > 2, h, 1); z = torch.where(m.t() > 2, m.t(), 1j), torch.where(m > 2, 1, 2.5)
    y = torch.where(m.to(torch.uint8), 1, 2); z = torch.where(m.to(torch.uint8), 1, 2)
    y = m.where(m, m)
    y = m.scatter(1, L, m, reduce='add'); z = m.scatter(1, L, m, reduce='multiply')
    y = h.scatter(1, L, 2, reduce='multiply'); y.sum().backward()
    y = m.scatter(1, L[:, :2], h); y.sum().backward()
    y = m.index_add(1, T([0, 1, 2]), h, alpha=2); y.sum().backward()
    y = m.index_add(1, T([0, 1, 5]), m)
    y = m.index_select(1, T([5]))
    y = m.index_select(0, T([5]))
    y = m.masked_fill(m[0] > 0, T(1., requires_grad=True)); y.sum().backward()
    y = m.masked_fill(m, 1)
    y = m.masked_fill(m > 2, T([1.]))
    y = (h * 1).masked_fill_(m > 2, 1.); y.sum().backward()
    y = x.permute(2, 0, 1).tril(), m.triu(-1), h.tril(), (h * 1).triu_(1), m.tril(2**62)
    y = v.tril()
    y = x.index_put((T([0, 1]),), torch.ones(2, 3, 4), accumulate=True); z = x.index_put_((x > 5,), s) is x
    y = x.index_put((T([0, 0]),), torch.ones(1, 2, 3, 4))
    y = x.index_put([T([0]), None], s)
    y = x.index_put(T([0]), s)
    y = m.nonzero(True)
    y = m.nonzero(as_tuple=1)
    """
)


@needs_torch
@pytest.mark.parametrize("index", READS)
def test_read(index):
    assert_same(f"{SETUP}\ny = {index}")


@needs_torch
@pytest.mark.parametrize("write", WRITES)
def test_write(write):
    assert_same(f"{SETUP}\n{write}\nx._version")


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_source(source):
    assert_same(f"{SETUP}\n{source}")


RECORDED = {
    "v[T([5])]": "index 5 is out of bounds for dimension 0 with size 3",
    "v[T([True, False])]": (
        "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3] at index 0"
    ),
    "v[T([0.])]": "tensors used as indices must be long, int, byte or bool tensors",
    "x[T([0, 1]), T([0, 1, 2])]": (
        "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]"
    ),
}


@pytest.mark.parametrize(("source", "message"), RECORDED.items())
def test_as_recorded(source, message):
    assert outcome(f"{SETUP}\n{source}", shimtorch)["raised"][:2] == ("IndexError", message)


# --- planted faults -----------------------------------------------------------------------------------------------

X = Leaf(np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]], np.float32), requires_grad=True)
TWICE = Leaf(np.array([1, 1]))
ACROSS = Leaf(np.array([[0, 0], [2, 1]]))
MASK = Leaf(np.array([[True, False, True], [False, False, True]]))


def _set(array, places, values) -> None:
    array[places] = values


GRADIENT, RESULT = "gradients[0]: values", "results[0]: values"
FAULTS = [
    (Call("getitem", (X, TWICE), form="special"), advanced_indexing, "_add_at", _set, GRADIENT),
    (Call("getitem", (X, TWICE), form="special"), advanced_indexing, "taken", lambda a, i: a[i] + 1, RESULT),
    (Call("gather", (X, 1, ACROSS)), gathering, "_add", _set, GRADIENT),
    (Call("scatter_add", (X, 1, ACROSS, X)), gathering, "_add", _set, RESULT),
    (Call("index_select", (X, 0, TWICE)), gathering, "_add", _set, GRADIENT),
    (Call("masked_fill", (X, MASK, 2.0)), choosing, "element_of", lambda n, kind: np.zeros((), kind), RESULT),
    (Call("masked_select", (X, MASK)), choosing, "_masked_scattered", lambda _, n, m: np.ones(n, "f"), GRADIENT),
    (Call("tril", (X,)), choosing, "_above", lambda n, m, d: np.tri(n, m, d, bool), RESULT),
]  # fmt: skip


@needs_torch
@pytest.mark.parametrize(("call", "module", "name", "fault", "what"), FAULTS)
def test_planted_fault_is_reported(monkeypatch, call, module, name, fault, what):
    import torch

    assert not disagreements(call, shimtorch, torch)
    monkeypatch.setattr(module, name, fault)
    assert what in {difference.what for difference in disagreements(call, shimtorch, torch)}
