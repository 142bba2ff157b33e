"""Anomaly mode: what it says, notes and refuses, compared with PyTorch; and that it costs nothing when it is off.

To add a case, add a block to ``SOURCES``. ``lines(node)`` are the lines of the program in a node's traceback: torch's
own frames, which the shim has none of, are left out on both sides.
"""

import re
import sys
import threading

import pytest

import shimtorch
from shimtorch.autograd import anomaly_mode
from tests.shimtorch import sidebyside
from tests.shimtorch.sidebyside import blocks, compare, differences, needs_torch, outcome

PREPARED = """
def lines(node):
    return [t.split(',')[1].strip() for t in node.metadata.get('traceback_', ['?, none']) if '<source>' in t]
def walk(*tensors):
    stack, seen = [t.grad_fn for t in tensors], []
    while stack:
        node = stack.pop()
        if node is None or node in seen: continue
        seen.append(node)
        parent = node.metadata.get('parent_')
        print(node.name(), lines(node), [*node.metadata], parent and (parent.name(), lines(parent)))
        stack.extend(n for n, _ in node.next_functions)
mode = torch.autograd.set_detect_anomaly
"""

SOURCES = blocks(
    r"""
with torch.autograd.detect_anomaly():
    x = torch.tensor([-1., 1.], requires_grad=True)
    y = torch.sqrt(x)
    z = (y * 0).sum()
walk(z)
z.backward()

x = torch.tensor([-1., 1.], requires_grad=True)
y = (torch.sqrt(x) * 0).sum()
with torch.autograd.detect_anomaly():
    y.backward()

x = torch.tensor([-1., 1.], requires_grad=True)
with torch.autograd.detect_anomaly():
    y = (torch.sqrt(x) * 0).sum()
    y.backward()

x = torch.tensor([-1., 1.], requires_grad=True)
with mode(True):
    (torch.log(x - 1) * 0).sum().backward()

x = torch.tensor([-1., 1.], requires_grad=True)
with mode(True, check_nan=False):
    (torch.sqrt(x) * 0).sum().backward()

x = torch.tensor([-1., 1.], requires_grad=True)
with torch.autograd.detect_anomaly(check_nan=False):
    (torch.sqrt(x) * 0).sum().backward()

x = torch.tensor([0., 1.], requires_grad=True)
with mode(True):
    y = x ** 1.5
    g, = torch.autograd.grad(y.sum(), x, create_graph=True)
    walk(g)
    g2, = torch.autograd.grad(g.sum(), x, create_graph=True)
    g3, = torch.autograd.grad((g2 * 0).sum(), x, create_graph=True)

x = torch.tensor([0., 1.], requires_grad=True)
y = x ** 1.5
with mode(True):
    g, = torch.autograd.grad(y.sum(), x, create_graph=True)
    walk(g)
    g2, = torch.autograd.grad(g.sum(), x, create_graph=True)
    g3, = torch.autograd.grad((g2 * 0).sum(), x, create_graph=True)

x = torch.ones(2, requires_grad=True)
with mode(True):
    y = x * x + x * 3
    g, = torch.autograd.grad((y * y).sum(), x, create_graph=True)
walk(g)

x = torch.ones(2, requires_grad=True)
with mode(True):
    def hook(g):
        with torch.enable_grad():
            kept.append(g * x)
        raise ValueError('no')
    kept = []
    y = x * 2
    y.register_hook(hook)
    try:
        y.sum().backward()
    except ValueError as e:
        print(e)
    walk(*kept)

x = torch.ones(2, requires_grad=True)
with mode(True):
    y = x * 2
    def hook(g): raise ValueError('no')
    x.register_hook(hook)
    y.sum().backward()

x = torch.ones(2, requires_grad=True)
with mode(True):
    y = x * 2
    def hook(gi, go): raise ValueError('no')
    y.grad_fn.register_hook(hook)
    y.sum().backward()

x = torch.tensor([-1., 1.], requires_grad=True)
with mode(True):
    y = torch.sqrt(x)
    y.grad_fn.register_hook(lambda gi, go: (torch.ones(2),))
    (y * 0).sum().backward()

class F1(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.clone()
    @staticmethod
    def backward(ctx, g): raise RuntimeError('Some error in backward')
x = torch.ones(2, requires_grad=True)
with torch.autograd.detect_anomaly():
    y = F1.apply(x)
    walk(y)
    y.sum().backward()

class F1(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.clone(), x * 2
    @staticmethod
    def backward(ctx, g, h):
        with torch.enable_grad(): kept.append(g * x)
        return g * float('nan')
kept = []
x = torch.ones(2, requires_grad=True)
with mode(True):
    y, z = F1.apply(x)
    try: y.sum().backward()
    except RuntimeError as e: print(e)
walk(*kept)

class F1(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y): return x * y
    @staticmethod
    def backward(ctx, g): return g, g * float('nan')
x, y = (torch.ones(2, requires_grad=True) for _ in range(2))
with mode(True):
    F1.apply(x, y).sum().backward()

x, y = torch.tensor([0., 1.], requires_grad=True), torch.ones(2, requires_grad=True)
with mode(True):
    z = (y * (x.log() * 0).exp()) / (x - x)
    torch.autograd.grad(z.sum(), y)
    torch.autograd.grad(z.sum(), x)

x = torch.tensor([0., 1.])
y = torch.ones(2, requires_grad=True)
with mode(True):
    z = y.pow(0) * (x / x)
    z.sum().backward()

x = torch.ones(2, 3, requires_grad=True)
with mode(True):
    a, b = x.split(1)
    c = torch.cat([a, b * 2]).reshape(6)[1:]
walk(c)

x = torch.ones(2, requires_grad=True)
with mode(True):
    y = x * 2
    y.add_(1)
    y[0] = 5
    y.mul_(3)
walk(y)

x = torch.ones(2, requires_grad=True)
with mode(True):
    y = x * 2
    y[:1].mul_(3)
walk(y)

x = torch.ones(2, requires_grad=True)
with mode(True):
    y = x * 2
    y[:1].exp_().add_(1)
walk(y)

x = torch.ones(2, requires_grad=True)
y = x * 2
with mode(True):
    print(y.grad_fn.metadata)
    z = y * 3
print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
w = z * 4
walk(w)
print(type(y.grad_fn) is type(z.grad_fn))

out = []
with mode(True):
    out.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))
    with mode(False, False):
        out.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))
        with torch.autograd.detect_anomaly():
            out.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))
        x = torch.ones(1, requires_grad=True) * 2
        print(x.grad_fn.metadata)
    try:
        with mode(True, False): 1 / 0
    except ZeroDivisionError: pass
    out.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))
out.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))

mode(True)
x = torch.ones(1, requires_grad=True) * 2
walk(x)
mode(True)
y = torch.ones(1, requires_grad=True) * 2
walk(y)
mode(False)
z = torch.ones(1, requires_grad=True) * 2
walk(z)

d = torch.autograd.detect_anomaly()
print(torch.is_anomaly_enabled())
with d: print(torch.is_anomaly_enabled())
with d: print(torch.is_anomaly_enabled())

torch.autograd.detect_anomaly

torch.autograd.set_detect_anomaly

mode(1)

mode(True, 3)

mode()

mode(True, nan=3)

torch.set_anomaly_enabled()

torch.set_anomaly_enabled(True, True, True)

torch.autograd.detect_anomaly(3).__enter__()

with mode(True):
    x = torch.ones(2, requires_grad=True)
    def outer(y): return inner(y)
    def inner(y): return y.exp()
    z = outer(x)
    walk(z)
    z.add_(1)
    try: z.sum().backward()
    except RuntimeError: pass

with mode(True):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.grad_fn.metadata.clear()
    y.register_hook(lambda g: g.missing)
    y.sum().backward()

with mode(True):
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = (x * x).exp()
    z = y * x
    walk(z)

with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with mode(True): z = y.exp()
    w = z.exp()
u = w.exp()
walk(u)
with mode(True): v = u.exp()
walk(v)

import threading
x = torch.ones(2, requires_grad=True)
def work():
    print(torch.is_anomaly_enabled())
    y.append(x * 2)
    walk(y[0])
y = []
with mode(True):
    t = threading.Thread(target=work)
    t.start()
    t.join()
del t

c = torch.tensor([0j, 1j], requires_grad=True)
with mode(True):
    torch.autograd.grad(c / (c - c), c, torch.ones(2, dtype=c.dtype))
"""
)


@pytest.fixture(autouse=True)
def off(monkeypatch):
    """The mode's names where torch has them, and the mode off afterwards."""
    for name in ("is_anomaly_enabled", "is_anomaly_check_nan_enabled", "set_anomaly_enabled"):
        monkeypatch.setattr(shimtorch, name, getattr(anomaly_mode, name), raising=False)
    yield
    for module in filter(None, (anomaly_mode, sidebyside.torch)):
        module.set_anomaly_enabled(False)


def result(source, implementation):
    found = outcome(PREPARED + source, implementation)
    implementation.autograd.set_detect_anomaly(False)
    return _without_torchs_own(found)


def _without_torchs_own(value):
    """Traces in warnings without the frames of PyTorch's files."""
    if isinstance(value, str):
        return re.sub(r'  File "[^"]*/torch/[^"]*", line.*\n(    .*\n)?', "", value)
    if isinstance(value, (list, tuple)):
        return type(value)(_without_torchs_own(part) for part in value)
    return {key: _without_torchs_own(part) for key, part in value.items()} if isinstance(value, dict) else value


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_same_as_torch(source):
    both = [result(source, implementation) for implementation in (shimtorch, sidebyside.torch)]
    found = differences(*both)
    if found:
        pytest.fail("\n".join([source.strip(), "", *found]), pytrace=False)


@needs_torch
@pytest.mark.parametrize("made", ["y = x.exp()", "y = x * 2; z = y.exp(); y = z", "y = x * 2; y[:1].exp_().add_(1)"])
def test_what_was_written_later_is_hinted_at(made):
    """The error of a saved tensor that was written in place."""
    source = f"x = torch.ones(2, requires_grad=True)\nwith mode(True):\n {made}\n y.add_(1)\n y.sum().backward()"
    assert result(source, shimtorch)["raised"] == result(source, sidebyside.torch)["raised"]


@needs_torch
def test_a_view_notes_where_it_was_used_after_its_memory_was_written():
    source = """
with mode(True):
    y = torch.ones(2, requires_grad=True) * 2
    v = y[:1]
    y.mul_(3)
    w = v * 2
walk(w)"""
    assert result(source, shimtorch) == result(source, sidebyside.torch)


@needs_torch
@pytest.mark.parametrize("fault", ["_report", "refuse_nan", "note"])
def test_a_planted_fault_is_found(fault, monkeypatch):
    monkeypatch.setattr(anomaly_mode, fault, lambda *args: None)
    source = SOURCES[0] if fault == "note" else SOURCES[2]
    assert differences(result(source, shimtorch), result(source, sidebyside.torch))


def test_it_is_not_on_the_way_when_it_is_off():
    """All modules make nodes by ``object.__new__`` again, and nodes are of the same classes."""
    for _ in range(2):
        with anomaly_mode.set_detect_anomaly(True):
            assert shimtorch.ops._define.new is anomaly_mode._make
            noted = (shimtorch.ones(1, requires_grad=True) * 2).grad_fn
    plain = (shimtorch.ones(1, requires_grad=True) * 2).grad_fn
    assert type(noted) is type(plain)
    makers = [vars(m)["new"] for name, m in sys.modules.items() if name.startswith("shimtorch") and "new" in vars(m)]
    assert len(makers) > 5
    assert set(makers) == {object.__new__}


def test_every_operator_notes_where_it_was_called():
    """No node escapes: those of a row of operators of every family lead here."""
    with anomaly_mode.set_detect_anomaly(True):
        x = shimtorch.rand(3, 3, requires_grad=True) + 1
        made = [
            x.exp(), x * 2, x @ x, x.sum(), x.mean(0), x[0], x[[0, 1]], x.T, x.max(), x.max(0)[0], x.sort()[0],
            x.cumsum(0), x.softmax(0), x.reshape(9), x.chunk(3)[1], shimtorch.stack([x, x]), x.double(), x.clamp(0, 1),
            x.std(), x.norm(), x.gather(0, shimtorch.zeros(1, 1, dtype=shimtorch.int64)), shimtorch.where(x > 1, x, x),
            shimtorch.nn.functional.relu(x), shimtorch.nn.functional.mse_loss(x, x), x.expand(2, 3, 3),
        ]  # fmt: skip
    for tensor in made:
        assert "test_anomaly.py" in tensor.grad_fn.metadata["traceback_"][-1], tensor.grad_fn


def test_passes_of_two_threads_do_not_mix_up_their_parents():
    with anomaly_mode.set_detect_anomaly(True):
        found = []

        def work(power):
            x = shimtorch.ones(2, requires_grad=True)
            y = x**power if power else x.exp()
            for _ in range(20):
                (g,) = shimtorch.autograd.grad(y.sum(), x, create_graph=True)
                stack = [g.grad_fn]
                while stack:
                    node = stack.pop()
                    parent = node.metadata.get("parent_")
                    found.append((power, parent.name() if parent else None))
                    stack.extend(n for n, _ in node.next_functions if n is not None and n.name() != y.grad_fn.name())

        threads = [threading.Thread(target=work, args=(power,)) for power in (0, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {parent for power, parent in found if power} <= {"PowBackward0", None}
    assert {parent for power, parent in found if not power} <= {"ExpBackward0", None}
    assert len(found) >= 40


def test_nothing_is_compared_that_cannot_differ():
    assert compare("1") == []
    assert differences(result("1", shimtorch), result("2", shimtorch))
