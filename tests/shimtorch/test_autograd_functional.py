"""``torch.autograd.functional``, compared with PyTorch: every function, its flags, its misuse.

To add a function under test, add an entry to ``FUNCTIONS``; a case of its own, a block to ``SOURCES``.
"""

import itertools

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, compare, needs_torch

START = r"""
A = torch.autograd.functional
def shown(f):
    try: print(f())
    except Exception as e: print(type(e).__name__, e)
x = torch.tensor([1., 2.], dtype=torch.float64)
y = torch.tensor([[3.], [-1.]], dtype=torch.float64)
w = torch.tensor([0.5, -2.], dtype=torch.float64, requires_grad=True)
u = torch.tensor([2., 3.], dtype=torch.float64)
"""

# What is differentiated: source of the function, and of its inputs.
FUNCTIONS = {
    "lambda a: a.exp()": "x",
    "lambda a: (a ** 3).sum()": "x",
    "lambda a: (a ** 3 * w).sum()": "w",
    "lambda a: a * 2": "w",
    "lambda a: (a * 2).sum()": "x",
    "lambda a, b: (a * b.t()).exp()": "(x, y)",
    "lambda a, b: (a ** 2 * b).sum()": "(x, y)",
    "lambda a, b: (a * 2, b.sum() * a)": "(x, y)",
    "lambda a, b: (a ** 2).sum()": "(x, y)",
    "lambda a: (a.sum(), a[0] ** 2)": "w",
    "lambda a: (a * 2, a[0] ** 2, a.sum() * a)": "x",
    "lambda a: torch.ones(2)": "x",
    "lambda a: a.detach().sum()": "x",
    "lambda a: a.prod() ** 2": "x[:1]",
    "lambda a: 3": "x",
    "lambda a: (a, 3)": "x",
    "lambda a: [a]": "x",
    "lambda a: a + w * a": "[x]",
    "lambda a: a[:0]": "x",
}
CALLS = {
    "vjp": ["", ", u", ", (u, u)", ", torch.ones(3)", ", 3", ", (u, 3)"],
    "jvp": ["", ", u", ", (u, y)", ", (u, u)", ", torch.ones(3)", ", 3"],
    "jacobian": ["", ", vectorize=True"],
    "hessian": ["", ", vectorize=True"],
    "vhp": ["", ", u", ", (u, y)", ", torch.ones(3)"],
    "hvp": ["", ", u", ", (u, y)", ", torch.ones(3)"],
}
FLAGS = ["", ", create_graph=True", ", strict=True", ", create_graph=True, strict=True"]


def source(call: str) -> str:
    lines = []
    for (function, inputs), more, flags in itertools.product(FUNCTIONS.items(), CALLS[call], FLAGS):
        if not ("vectorize" in more and "create_graph" in flags):
            lines.append(f"shown(lambda: A.{call}({function}, {inputs}{more}{flags}))")
    return "\n".join(lines)


SOURCES = blocks(
    r"""
def seen(a):
    print(a, a is w, a.is_leaf, a.requires_grad, torch.is_grad_enabled())
    return a ** 2
A.vjp(seen, w, u)
A.vjp(seen, w, u, create_graph=True)
A.jacobian(seen, w)
with torch.no_grad(): g = A.jacobian(seen, w, create_graph=True)
with torch.no_grad(): h = A.vjp(seen, w, u, create_graph=True), A.jvp(seen, w, u)
g.sum().backward()
w.grad

j = A.jacobian(lambda a: a ** 3, w, create_graph=True)
j.sum().backward()

h = A.hessian(lambda a: (a ** 4).sum(), w, create_graph=True)
h.sum().backward()

o, p = A.vjp(lambda a: a.exp(), w, w, create_graph=True)
(o.sum() + p.sum()).backward()

o, p = A.jvp(lambda a: a.exp(), w, w, create_graph=True)
(o.sum() + p.sum()).backward()

o, p = A.hvp(lambda a: a.exp().sum(), w, w, create_graph=True)
(o + p.sum()).backward()

o, p = A.vhp(lambda a: a.exp().sum(), w, w, create_graph=True)
(o + p.sum()).backward()

shown(lambda: A.jacobian(lambda a: a, x, strategy="sideways"))
shown(lambda: A.jacobian(lambda a: a, x, strategy="forward-mode"))
shown(lambda: A.jacobian(lambda a: a, x, strategy="forward-mode", create_graph=True))
shown(lambda: A.jacobian(lambda a: a, x, strategy="forward-mode", strict=True))
shown(lambda: A.hessian(lambda a: a.sum(), x, outer_jacobian_strategy="sideways"))
shown(lambda: A.jacobian(lambda a: a, 3))
shown(lambda: A.hessian(lambda a: a, (x, 3)))
shown(lambda: A.vjp(lambda a: a, [x]))

z = torch.tensor([1 + 1j, 2 - 1j])
shown(lambda: A.vjp(lambda a: a * a, z, torch.ones(2, dtype=torch.complex64)))
shown(lambda: A.jvp(lambda a: a * a, z, torch.ones(2, dtype=torch.complex64)))

w.grad = torch.ones(2, dtype=torch.float64)
A.jacobian(lambda a: a * w, w)
A.hessian(lambda a: (a * w).sum() ** 2, w)
w.grad
""",
)


@needs_torch
@pytest.mark.parametrize("call", CALLS)
def test_every_flag(call):
    assert_same(START + source(call))


@needs_torch
@pytest.mark.parametrize("text", SOURCES)
def test_source(text):
    assert_same(START + text)


@needs_torch
def test_a_wrong_product_is_noticed(monkeypatch):
    import shimtorch.autograd.functional as functional

    honest = functional._filled
    monkeypatch.setattr(functional, "_filled", lambda *args: tuple(2 * g for g in honest(*args)))
    assert compare(START + source("hvp")) != []
