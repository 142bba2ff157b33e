"""``gradcheck`` and ``gradgradcheck``: what they find, and in which words, compared with PyTorch.

To add a case, add a block to ``SOURCES``: ``tried`` prints what a check returns or raises.
"""

import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, blocks, needs_torch

PREPARED = """
import sys, warnings
Function, gradcheck, gradgradcheck = torch.autograd.Function, torch.autograd.gradcheck, torch.autograd.gradgradcheck
def tried(check, *args, **kwargs):
    for raising in (True, False):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try: print(check(*args, raise_exception=raising, **kwargs))
            except Exception as error: print(type(error).__module__, type(error).__name__, error)
        print([(w.category.__name__, str(w.message)) for w in caught])
def function(backward, forward=lambda ctx, x: x * 2):
    made = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(Function)("F", (Function,), made).apply
a = torch.tensor([0.5, -1.5], dtype=torch.float64, requires_grad=True)
b = torch.tensor([[2.0], [0.25]], dtype=torch.float64, requires_grad=True)
c = torch.tensor([1 + 2j, -0.5j], dtype=torch.complex128, requires_grad=True)
"""

SOURCES = blocks(
    """
tried(gradcheck, torch.exp, a); tried(gradcheck, torch.mul, (a, b))
tried(gradcheck, lambda x, y: (x * y, x.exp()), [a, b])
tried(gradgradcheck, torch.exp, a); tried(gradgradcheck, torch.mul, (a, b))
print(torch.rand(2))

tried(gradcheck, lambda x: x.abs(), c); tried(gradcheck, lambda x: x * x, c); tried(gradcheck, torch.mul, (a, c))
tried(gradgradcheck, lambda x: x * x, c)
print(torch.rand(2))

tried(gradcheck, function(lambda ctx, g: g * 3), a)
tried(gradcheck, lambda x, y: (y, function(lambda ctx, g: g * 3)(x)), (a, b))
tried(gradcheck, function(lambda ctx, g: g * 3), c)
tried(gradcheck, function(lambda ctx, g: g * 2.00001), a)
tried(gradcheck, function(lambda ctx, g: g * 2.001), a, rtol=1e-2)
tried(gradcheck, function(lambda ctx, g: g * 2.001), a, rtol=0, atol=1e-9)

tried(gradcheck, function(lambda ctx, g: g * 2 + 1), a)
class Constant(torch.autograd.Function):
    forward = staticmethod(lambda ctx, x: x.sum())
    backward = staticmethod(lambda ctx, g: torch.ones_like(a))
tried(gradcheck, Constant.apply, a)
tried(gradcheck, lambda x: x.detach() * 2, a); tried(gradcheck, lambda x: (x.detach() * 0).long(), a)
tried(gradcheck, lambda x: torch.ones(2, dtype=torch.float64), a)
tried(gradcheck, lambda x: (x.argmax(), x * 2), a); tried(gradcheck, lambda x: (x * 2, x.detach() * 2), a)

tried(gradcheck, lambda x: x * 2, a.detach()); tried(gradcheck, lambda x: x * 2, a.detach().float().requires_grad_())
tried(gradcheck, lambda x: x * 2, a[:1].expand(3)); tried(gradcheck, lambda x: x, torch.tensor([1]))
tried(gradcheck, lambda x: x * 2, a.detach().float().requires_grad_(), eps=1e-2)

GradcheckError = sys.modules[gradcheck.__module__].GradcheckError
print(issubclass(GradcheckError, RuntimeError), GradcheckError, torch.autograd.gradcheck is gradcheck)
try: gradcheck(lambda x: x, a, check_backward_ad=False)
except AssertionError as error: print(error)
try: gradcheck(lambda x: x, a, check_batched_grad=True, check_backward_ad=False, check_forward_ad=True)
except AssertionError as error: print(error)
try: gradcheck(lambda x: x, a, check_batched_forward_grad=True)
except AssertionError as error: print(error)
try: gradgradcheck(lambda x: x, a, check_rev_over_rev=False)
except AssertionError as error: print(error)

count = [0]
def unlike(ctx, g): count[0] += 1; return g * 2 + g * 1e-3 * count[0]
tried(gradcheck, function(unlike), a)
count = [0]
def close(ctx, g): count[0] += 1; return g * 2 + g * 1e-9 * count[0]
tried(gradcheck, function(close), a); tried(gradcheck, function(close), a, nondet_tol=1e-6)

def strict(ctx, g): return g * 2
def forward(ctx, x): ctx.set_materialize_grads(False); return x * 2
tried(gradcheck, function(strict, forward), a)
tried(gradcheck, function(strict, forward), a, check_undefined_grad=False)
def patient(ctx, g): return None if g is None else g * 2
tried(gradcheck, function(patient, forward), a)
def two(ctx, x): ctx.set_materialize_grads(False); return x * 2, x * 3
def both(ctx, g, h):
    if g is None or h is None: raise RuntimeError("needed")
    return g * 2 + h * 3
tried(gradcheck, function(both, two), a)
def ones(ctx, g, h): return torch.ones(2, dtype=torch.float64) if g is None else g * 2 + (0 if h is None else h * 3)
tried(gradcheck, function(ones, two), a)

def two(ctx, x): ctx.set_materialize_grads(False); return x * 2, x * 3
def sum_of(g, h): return (0 if g is None else g * 2) + (0 if h is None else h * 3)
def some(ctx, g, h):
    if g is None and h is None: raise RuntimeError("needed")
    return sum_of(g, h)
tried(gradcheck, function(some, two), a)
def picky(ctx, g, h):
    if g is None and h is not None and not h.any(): raise RuntimeError("needed")
    return None if g is None and h is None else sum_of(g, h)
tried(gradcheck, function(picky, two), a)

kept = []
def keeping(ctx, g): kept.append(g); return g * 2
tried(gradcheck, function(keeping), a)
print(kept[:2])
del kept

tried(gradcheck, lambda x: x * 2 if x[0] > 0.5 else x[:1], a)
tried(gradcheck, lambda x: x * 2 if x[0] > 0.5 else x.float(), a)
tried(gradcheck, lambda x: x.sum(), torch.zeros(0, 2, dtype=torch.float64, requires_grad=True))
tried(gradcheck, lambda x: x[:0], a); tried(gradcheck, lambda x, n: x * n, (a, 3))
tried(gradcheck, lambda x: x.t() * x, torch.rand(2, 3, dtype=torch.float64).t().requires_grad_())

def once(ctx, g): return g.detach() * ctx.saved_tensors[0].detach() * 2
def square(ctx, x): ctx.save_for_backward(x); return x * x
tried(gradcheck, function(once, square), a); tried(gradgradcheck, function(once, square), a)
print(torch.rand(2))

tried(gradgradcheck, lambda x: x ** 3, a, torch.ones(2, dtype=torch.float64))
tried(gradgradcheck, lambda x: x ** 3, a, torch.ones(2, dtype=torch.float64, requires_grad=True))
tried(gradgradcheck, lambda x: (x ** 3, x * 2), a, (None, torch.ones(2, dtype=torch.float64)))
tried(gradgradcheck, lambda x: x.sin(), a, gen_non_contig_grad_outputs=True); print(torch.rand(2))
tried(gradgradcheck, lambda x: x * x, c, gen_non_contig_grad_outputs=True); print(torch.rand(2))
tried(gradgradcheck, lambda x: x * 2, a)

tried(gradcheck, lambda x, y: (x * y, y), (a, c)); tried(gradcheck, lambda x: x.abs(), a, masked=True)
tried(gradcheck, lambda x: x.abs(), torch.zeros(2, dtype=torch.float64, requires_grad=True))
tried(gradcheck, lambda x: x.relu(), torch.zeros(2, dtype=torch.float64, requires_grad=True))
tried(gradcheck, lambda x: x.float(), a); tried(gradcheck, lambda x: x.float(), a, check_grad_dtypes=True)

embed = lambda w: torch.nn.functional.embedding(torch.tensor([0, 1, 0]), w)
tried(gradcheck, embed, b); tried(gradgradcheck, embed, b)
p, q = (torch.rand(2, 2, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
tried(gradcheck, torch.bmm, (p, q)); tried(gradgradcheck, torch.bmm, (p, q))
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_same_as_torch(source):
    assert_same(PREPARED + source)


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mul", "exp", "sigmoid", "softmax", "cumsum", "norm", "matmul", "prod"])
def test_a_wrong_derivative_is_found(name, monkeypatch):
    """Another factor in what one operator sends back."""
    x = shimtorch.tensor([[0.5, -1.5], [0.7, 2.0]], dtype=shimtorch.float64, requires_grad=True)
    call = FUNCTIONS[name]
    kind = type(call(x).grad_fn)
    arrays = kind.arrays

    def wrong(node, grad):
        return [None if gradient is None else gradient * 1.01 for gradient in arrays(node, grad)]

    assert shimtorch.autograd.gradcheck(call, x)
    monkeypatch.setattr(kind, "arrays", wrong)
    assert not shimtorch.autograd.gradcheck(call, x, raise_exception=False)


FUNCTIONS = {
    "mul": lambda x: x * x, "exp": lambda x: x.exp(), "sigmoid": lambda x: x.sigmoid(),
    "softmax": lambda x: x.softmax(1), "cumsum": lambda x: x.cumsum(0), "norm": lambda x: x.norm(),
    "matmul": lambda x: x @ x, "prod": lambda x: x.prod(),
}  # fmt: skip
