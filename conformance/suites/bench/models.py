"""Steps of a larger model, and gradients of gradients."""

from __future__ import annotations

from conformance.suites.bench.task import Task

GROUP = "models"

TASKS = (
    Task(
        GROUP, "64 x 784 to 256 to 10: step and update", bound=1.3, threads=None,
        setup="""
torch.manual_seed(0)
x, y = torch.rand(64, 784), torch.arange(64) % 10
w1, b1 = (torch.randn(784, 256) * 0.05).requires_grad_(), torch.zeros(256, requires_grad=True)
w2, b2 = (torch.randn(256, 10) * 0.05).requires_grad_(), torch.zeros(10, requires_grad=True)
parameters = (w1, b1, w2, b2)
""",
        statement="""
loss = F.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, y)
loss.backward()
with torch.no_grad():
    for parameter in parameters:
        parameter -= 0.01 * parameter.grad
        parameter.grad = None
""",
        numpy_setup="""
rng = np.random.default_rng(0)
x, y = rng.random((64, 784), "f4"), np.arange(64) % 10
w1, b1 = rng.standard_normal((784, 256), "f4") * np.float32(0.05), np.zeros(256, "f4")
w2, b2 = rng.standard_normal((256, 10), "f4") * np.float32(0.05), np.zeros(10, "f4")
rows, rate = np.arange(64), np.float32(0.01)
""",
        numpy="""
h = np.maximum(x @ w1 + b1, 0)
z = h @ w2 + b2
z -= z.max(1, keepdims=True)
p = np.exp(z)
p /= p.sum(1, keepdims=True)
loss = -np.mean(np.log(p[rows, y]))
p[rows, y] -= 1
p /= 64
dh = (p @ w2.T) * (h > 0)
w2 -= rate * (h.T @ p)
b2 -= rate * p.sum(0)
w1 -= rate * (x.T @ dh)
b1 -= rate * dh.sum(0)
""",
    ),
    Task(
        GROUP, "second derivative of sum(x ** 3)",
        setup="x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\ngrad = torch.autograd.grad",
        statement="(first,) = grad((x ** 3).sum(), x, create_graph=True)\ngrad(first.sum(), x)",
        numpy_setup="x = np.array([1.0, 2.0, 3.0], 'f4')", numpy="(x ** 3).sum()\n3 * x ** 2\n6 * x",
    ),
    Task(
        GROUP, "gradient of a gradient's norm through tanh",
        setup="""
x, w = torch.ones(4), torch.full((4, 3), 0.1, requires_grad=True)
grad = torch.autograd.grad
""",
        statement="(first,) = grad(torch.tanh(x @ w).sum(), w, create_graph=True)\n(first * first).sum().backward()",
    ),
)  # fmt: skip
