"""What each shipped document does from its parameters to their gradients."""

from __future__ import annotations

from conformance.suites.bench.task import Task

GROUP = "documents' training steps"
BOUND = 0.45

_LAYER = """
x, y = torch.ones(5), torch.zeros(3)
w, b = torch.randn(5, 3, requires_grad=True), torch.randn(3, requires_grad=True)
"""
_NUMPY_LAYER = """
x, y, w, b = np.ones(5, "f4"), np.zeros(3, "f4"), np.ones((5, 3), "f4"), np.ones(3, "f4")
"""
_NUMPY_STEP = """
z = x @ w + b
loss = np.mean((1 - y) * z + np.log1p(np.exp(-z)))
dz = (1 / (1 + np.exp(-z)) - y) / 3
dw, db = x[:, None] * dz, dz
"""
_NUMPY_NEURON = """
y, x, w, b = np.ones(1, "f4"), np.ones(1, "f4"), np.ones(1, "f4"), np.zeros(1, "f4")
"""
_NUMPY_NEURON_STEP = """
a = 1 / (1 + np.exp(-(x * w + b)))
loss = -np.mean(y * np.log(a) + (1 - y) * np.log1p(-a))
dz = a - y
dw, db = dz * x, dz
"""

TASKS = (
    Task(
        GROUP, "book", bound=BOUND, numpy=_NUMPY_NEURON_STEP, numpy_setup=_NUMPY_NEURON,
        setup="""
y, x1 = torch.tensor([1.0]), torch.tensor([1.1])
w1, b = torch.tensor([2.2], requires_grad=True), torch.tensor([0.0], requires_grad=True)
grad = torch.autograd.grad
""",
        statement="""
w1.grad = b.grad = None
z = x1 * w1 + b
a = torch.sigmoid(z)
loss = F.binary_cross_entropy(a, y)
grad(loss, w1, retain_graph=True)
grad(loss, b, retain_graph=True)
loss.backward()
""",
    ),
    Task(
        GROUP, "transcript computational graph", bound=BOUND, numpy=_NUMPY_STEP, numpy_setup=_NUMPY_LAYER, setup=_LAYER,
        statement="""
w.grad = b.grad = None
loss = F.binary_cross_entropy_with_logits(torch.matmul(x, w) + b, y)
loss.backward(retain_graph=True)
loss.backward(retain_graph=True)
w.grad.zero_()
""",
    ),
    Task(
        GROUP, "transcript autograd engine", bound=BOUND, numpy=_NUMPY_NEURON_STEP, numpy_setup=_NUMPY_NEURON,
        setup="""
y, x1 = torch.tensor([1.0]), torch.tensor([1.3])
w1, b1 = torch.tensor([2.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)
""",
        statement="""
w1.grad = b1.grad = None
loss = F.binary_cross_entropy(torch.sigmoid(w1 * x1 + b1), y)
loss.item()
loss.backward()
""",
    ),
    Task(
        GROUP, "blog", bound=BOUND, numpy=_NUMPY_STEP, numpy_setup=_NUMPY_LAYER, setup=_LAYER,
        statement="""
w.grad = b.grad = None
F.binary_cross_entropy_with_logits(torch.matmul(x, w) + b, y).backward()
""",
    ),
)  # fmt: skip
