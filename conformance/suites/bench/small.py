"""The operators that documents use most, on a few numbers: what counts here is the way to the operator."""

from __future__ import annotations

from conformance.suites.bench.task import Task

PLAIN, RECORDED, BACKWARD = "small operators", "small operators, recorded", "small operators, with backward"
LAYERS = "layers and losses"  # each of several operations, most of which NumPy has to be asked for one by one
MEAN = "geometric mean"
MEANS = {PLAIN: 1.0, RECORDED: 1.0, BACKWARD: 1.0}
_BOUND = 2.0

_TENSORS = """
a, b = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.2, 0.1])
m, n = torch.ones(3, 3), torch.full((3, 3), 0.5)
s, i, y = torch.tensor(2.0), torch.tensor([2, 0, 1]), torch.tensor([1, 0, 2])
"""
_RECORDED = _TENSORS + "for t in (a, m, s):\n    t.requires_grad_()\n"
_ARRAYS = """
a, b = np.array([1.0, 2.0, 3.0], "f4"), np.array([0.5, 0.2, 0.1], "f4")
m, n = np.ones((3, 3), "f4"), np.full((3, 3), 0.5, "f4")
s, i, y, r = np.array(2.0, "f4"), np.array([2, 0, 1]), np.array([1, 0, 2]), np.arange(3)
"""

# name, in torch, in NumPy; those that end in a gradient when their input has one, then the others
_DIFFERENTIABLE = (
    ("add", "a + b", "a + b"),
    ("add a number", "a + 2.0", "a + np.float32(2)"),
    ("subtract", "a - b", "a - b"),
    ("multiply", "a * b", "a * b"),
    ("divide", "a / b", "a / b"),
    ("power", "a ** 2", "a * a"),
    ("negate", "-a", "-a"),
    ("abs", "a.abs()", "np.abs(a)"),
    ("exp", "torch.exp(a)", "np.exp(a)"),
    ("log", "torch.log(a)", "np.log(a)"),
    ("sqrt", "torch.sqrt(a)", "np.sqrt(a)"),
    ("tanh", "torch.tanh(a)", "np.tanh(a)"),
    ("sigmoid", "torch.sigmoid(a)", "1 / (1 + np.exp(-a))"),
    ("relu", "torch.relu(a)", "np.maximum(a, 0)"),
    ("clamp", "a.clamp(min=0)", "np.maximum(a, 0)"),
    ("sum", "a.sum()", "a.sum()"),
    ("sum over a dim", "m.sum(0)", "m.sum(0)"),
    ("mean", "a.mean()", "a.mean()"),
    ("max", "a.max()", "a.max()"),
    ("matrix times vector", "m @ b", "m @ b"),
    ("matrix times matrix", "m @ n", "m @ n"),
    ("dot", "a @ b", "a @ b"),
    ("view", "m.view(9)", "m.reshape(9)"),
    ("reshape", "m.reshape(9)", "m.reshape(9)"),
    ("transpose", "m.T", "m.T"),
    ("unsqueeze", "a.unsqueeze(0)", "a[None]"),
    ("one element", "a[0]", "a[0]"),
    ("slice", "a[1:]", "a[1:]"),
    ("by indices", "a[i]", "a[i]"),
    ("where", "torch.where(b > 0.3, a, b)", "np.where(b > 0.3, a, b)"),
    ("cat", "torch.cat([a, b])", "np.concatenate([a, b])"),
    ("stack", "torch.stack([a, b])", "np.stack([a, b])"),
    ("clone", "a.clone()", "a.copy()"),
)  # fmt: skip
_LAYERS = (
    ("softmax", "torch.softmax(m, 1)", "e = np.exp(m - m.max(1, keepdims=True))\ne / e.sum(1, keepdims=True)"),
    ("mse loss", "F.mse_loss(a, b)", "((a - b) ** 2).mean()"),
    ("cross entropy", "F.cross_entropy(m, y)",
     "e = m - m.max(1, keepdims=True)\nnp.mean(np.log(np.exp(e).sum(1)) - e[r, y])"),
    ("linear", "F.linear(m, n, b)", "m @ n.T + b"),
)  # fmt: skip
_OTHERS = (
    ("compare", "a > b", "a > b"),
    ("argmax", "a.argmax()", "a.argmax()"),
    ("detach", "a.detach()", "a.view()"),
    ("item", "s.item()", "s.item()"),
    ("add in place", "a.add_(1.0)", "np.add(a, np.float32(1), a)"),
    ("set an element", "a[0] = 1.0", "a[0] = 1.0"),
    ("to float", "i.float()", "i.astype('f4')"),
    ("zeros", "torch.zeros(3)", "np.zeros(3, 'f4')"),
    ("ones", "torch.ones(2, 3)", "np.ones((2, 3), 'f4')"),
    ("zeros_like", "torch.zeros_like(a)", "np.zeros_like(a)"),
    ("arange", "torch.arange(5)", "np.arange(5)"),
)
_WITH_BACKWARD = {
    "add", "multiply", "divide", "power", "exp", "log", "tanh", "sigmoid", "relu", "mean", "matrix times vector",
    "matrix times matrix", "view", "one element", "cat",
}  # fmt: skip


TASKS = (
    *(Task(PLAIN, name, torch, _TENSORS, numpy, _ARRAYS, _BOUND) for name, torch, numpy in _DIFFERENTIABLE + _OTHERS),
    *(Task(RECORDED, name, torch, _RECORDED, numpy, _ARRAYS, _BOUND) for name, torch, numpy in _DIFFERENTIABLE),
    *(
        Task(BACKWARD, name, f"({torch}).sum().backward()", _RECORDED, bound=_BOUND)
        for name, torch, _ in _DIFFERENTIABLE
        if name in _WITH_BACKWARD
    ),
    *(Task(LAYERS, name, torch, _TENSORS, numpy, _ARRAYS) for name, torch, numpy in _LAYERS),
    *(Task(LAYERS, f"{name}, recorded", torch, _RECORDED, numpy, _ARRAYS) for name, torch, numpy in _LAYERS),
    *(Task(LAYERS, f"{name}, with backward", f"({torch}).sum().backward()", _RECORDED) for name, torch, _ in _LAYERS),
)

_TEXT = "text and data"
TASKS += (
    Task(_TEXT, "tensor() of three numbers", "torch.tensor([1.0, 2.0, 3.0])", numpy="np.array([1.0, 2.0, 3.0], 'f4')"),
    Task(
        _TEXT, "tensor() of 2 x 3 numbers", "torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])",
        numpy="np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 'f4')",
    ),
    Task(
        _TEXT, "tensor() of 1000 numbers", "torch.tensor(values)", "values = [i / 7 for i in range(1000)]",
        "np.array(values, 'f4')", "values = [i / 7 for i in range(1000)]",
    ),
    Task(_TEXT, "repr of three numbers", "repr(a)", _TENSORS, "repr(a)", _ARRAYS, 1.0),
    Task(_TEXT, "repr of 3 x 3 numbers", "repr(m)", _TENSORS, "repr(m)", _ARRAYS, 1.0),
    Task(_TEXT, "repr with a grad_fn", "repr(z)", _RECORDED + "z = a * 2\n", bound=1.0),
    Task(
        _TEXT, "repr of 100,000 numbers, summarised", "repr(z)", "z = torch.arange(100000.0)", "repr(z)",
        "z = np.arange(100000, dtype='f4')", 1.0,
    ),
)  # fmt: skip

_RANDOM = "random numbers"
TASKS += tuple(
    Task(_RANDOM, name, f"torch.{name}", "torch.manual_seed(0)", numpy, "rng = np.random.RandomState(0)")
    for name, numpy in (
        ("randn(3)", "rng.standard_normal(3)"),
        ("randn(5, 3)", "rng.standard_normal((5, 3))"),
        ("randn(1000)", "rng.standard_normal(1000)"),
        ("rand(3)", "rng.random_sample(3)"),
        ("rand(1000)", "rng.random_sample(1000)"),
        ("randint(0, 10, (3,))", "rng.randint(0, 10, 3)"),
        ("randperm(10)", "rng.permutation(10)"),
    )
)
