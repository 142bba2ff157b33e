"""Products of matrices, and operators on many numbers: what counts here is NumPy."""

from __future__ import annotations

from conformance.suites.bench.task import Task

PRODUCTS, MANY = "products of matrices", "many numbers"
ARITHMETIC, TRANSCENDENTAL = 2.5, 5.0  # bounds at 4,000,000 numbers

_OPERATORS = (
    ("add", "x + x", "x + x", ARITHMETIC),
    ("multiply", "x * x", "x * x", ARITHMETIC),
    ("relu", "torch.relu(x)", "np.maximum(x, 0)", ARITHMETIC),
    ("sum", "x.sum()", "x.sum()", ARITHMETIC),
    ("mean", "x.mean()", "x.mean()", ARITHMETIC),
    ("max", "x.max()", "x.max()", ARITHMETIC),
    ("sum over rows", "x.view(-1, 100).sum(0)", "x.reshape(-1, 100).sum(0)", ARITHMETIC),
    ("exp", "torch.exp(x)", "np.exp(x)", TRANSCENDENTAL),
    ("log", "torch.log(x)", "np.log(x)", TRANSCENDENTAL),
    ("tanh", "torch.tanh(x)", "np.tanh(x)", TRANSCENDENTAL),
    ("sigmoid", "torch.sigmoid(x)", "1 / (1 + np.exp(-x))", TRANSCENDENTAL),
    ("sin", "torch.sin(x)", "np.sin(x)", TRANSCENDENTAL),
)
_SIZES = {1_000: False, 100_000: False, 4_000_000: True}  # whether there is a bound

TASKS = (
    *(
        Task(
            PRODUCTS, f"{n} x {n}", "x @ x", f"x = torch.full(({n}, {n}), 0.5)", "x @ x",
            f"x = np.full(({n}, {n}), 0.5, 'f4')", 1.4, threads=None,
        )
        for n in (64, 256, 1024)
    ),
    *(
        Task(
            MANY, f"{name}, {size:,}", torch, f"x = torch.arange(1, {size + 1}) / {size}.0", numpy,
            f"x = (np.arange(1, {size + 1}) / {size}).astype('f4')", bound if bounded else None, threads=None,
        )
        for size, bounded in _SIZES.items()
        for name, torch, numpy, bound in _OPERATORS
    ),
)  # fmt: skip
