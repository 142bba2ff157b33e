"""Grad mode, passes and hooks in several threads, compared with PyTorch.

To add a case, add a block to ``SOURCES``; ``threads`` runs functions at the same time and prints what they raise.
"""

import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

PREPARED = """
import threading
def threads(*functions):
    raised = []
    def guarded(function):
        try: function()
        except Exception as error: raised.append((type(error).__name__, str(error)))
    def started(): return [threading.Thread(target=guarded, args=(function,)) for function in functions]
    running = started()
    for thread in running: thread.start()
    for thread in running: thread.join()
    print(sorted(raised))
seen = []
x = torch.ones(3, requires_grad=True)
"""

SOURCES = blocks(
    """
with torch.no_grad(): threads(lambda: seen.append((torch.is_grad_enabled(), (x * 2).requires_grad)))
with torch.inference_mode(): threads(lambda: seen.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled())))
threads(lambda: torch.set_grad_enabled(False)); seen.append(torch.is_grad_enabled())

def passes():
    for _ in range(50): (x * 2).sum().backward()
threads(passes, passes, passes, passes)

y = x.exp(); z = y * x
threads(*[lambda: seen.append(torch.autograd.grad(z.sum(), x, retain_graph=True)[0])] * 4)

y = (x * 2).sum()
threads(y.backward); threads(y.backward)

x.register_hook(lambda grad: seen.append(torch.is_grad_enabled()))
threads(*[lambda: (x * 3).sum().backward()] * 3)

x.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf is x))
threads(*[lambda: (x * 3).sum().backward()] * 3)

class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 2
    @staticmethod
    def backward(ctx, g): seen.append(torch.is_grad_enabled()); return g * 2
threads(*[lambda: Double.apply(x).sum().backward()] * 4)
threads(lambda: seen.append(torch.autograd.grad(Double.apply(x).sum(), x, create_graph=True)[0].requires_grad))

with torch.autograd.graph.saved_tensors_hooks(lambda t: seen.append('pack') or t, lambda t: t): threads(lambda: x * x)
seen.append((x * x).sum().item())

def views():
    for _ in range(20):
        b = x * 1; v = b[:2]; v.mul_(2); b.sum().backward()
threads(views, views, views)

with torch.no_grad(): w = torch.zeros(3)
threads(*[lambda: seen.append(torch.autograd.functional.jacobian(lambda t: t * t, x.detach()))] * 3)
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_same_as_torch(source):
    assert_same(PREPARED + source)


@needs_torch
def test_a_grad_mode_of_all_threads_is_found(monkeypatch):
    """A planted fault: every thread sees what one of them has switched off."""
    state = shimtorch.autograd.mode.state
    shared = type("State", (), dict(vars(type(state))))()
    monkeypatch.setattr(shimtorch.autograd.mode, "state", shared)
    assert compare(PREPARED + SOURCES[0])
