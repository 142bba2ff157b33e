"""The shipped chapter, lesson and MyST page, statement by statement, as people read them.

With each snippet stand its first line, the lines where its output begins and ends, and its directive.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

import conformance
from conformance.documents import Document, Snippet, read

LIBRARY = Path(conformance.__file__).parent / "library"

CHAPTER = [
    (20, "import torch\ndef f(x):\n    return (x**2 + 2 * x).sum()\nx = torch.tensor([1.0, 2.0, 3.0], "
     "dtype=torch.float64, requires_grad=True)\ny = f(x)\nprint(y)", (31, 31), ""),
    (35, "y.backward()", None, ""),
    (36, "x.grad", (37, 37), ""),
    (38, "torch.equal(x.grad, (2 * x + 2).detach())", (39, 39), ""),
    (45, "x.grad.zero_()\nf(x).backward()\nprint(x.grad.tolist())", (51, 51), ""),
    (61, """
def slopes(function, x, step=0.25):
    found = torch.zeros_like(x)
    for place in range(len(x)):
        ahead, behind = x.clone(), x.clone()
        ahead[place] += step
        behind[place] -= step
        found[place] = (function(ahead) - function(behind)) / (2 * step)
    return found
with torch.no_grad():
    walked = slopes(f, x)
print(walked)
print((walked - x.grad).abs().max().item())
""", (77, 78), ""),
    (83, """
def cube(x):
    return (x**3).sum()
for step in (0.5, 0.25, 0.125):
    with torch.no_grad():
        print(step, (slopes(cube, x, step) - 3 * x**2).abs().max().item())
""", (89, 91), ""),
    (103, "lost = torch.tensor(f(x).item())\nlost.backward()", None,
     "raises RuntimeError: element 0 of tensors does not require grad ..."),
    (111, "def rounded(x):\n    return torch.tensor(f(x).item())\nwith torch.no_grad():\n"
     "    print(slopes(rounded, x).tolist())", (119, 119), ""),
    (127, "import timeit\nprint(timeit.timeit(lambda: slopes(f, x.detach()), number=100))", None,
     "skip (a time is another one on each machine)"),
]  # fmt: skip

LESSON = [
    (16, "import torch\nx = torch.arange(6, dtype=torch.float32)\ny = 3 * x - 1\nprint(x)\nprint(y)", (22, 23), ""),
    (31, "w = torch.randn(2, requires_grad=True)\nw.shape", (34, 34), "seed 7"),
    (37, "def line(x):\n    return w[0] * x + w[1]\ndef loss():\n    return ((line(x) - y) ** 2).mean()\n"
     "loss().requires_grad", (46, 46), ""),
    (55, """
losses = []
for step in range(400):
    current = loss()
    current.backward()
    with torch.no_grad():
        w -= 0.05 * w.grad
        w.grad.zero_()
    losses.append(current.item())
print(losses[0] > losses[10] > losses[100] > losses[-1])
print(f"slope {w[0].item():.2f}, intercept {w[1].item():.2f}")
""", (67, 68), ""),
    (77, "w -= 0.05", None, "raises Exception"),
    (80, "line(x).backward()", None,
     "raises RuntimeError: grad can be implicitly created only for scalar outputs"),
    (87, "print([round(value, 2) for value in w.tolist()])", (88, 88), ""),
    (91, "x = torch.linspace(0, 1, 10_000_000)", None, "skip (tagged 'skip-execution')"),
]  # fmt: skip

PAGE = [
    (17, "import torch\ntorch.manual_seed(3)\nfirst = torch.rand(4)\ntorch.manual_seed(3)\nagain = torch.rand(4)\n"
     "torch.equal(first, again)", (27, 27), ""),
    (35, "torch.equal(first, torch.rand(4))", (39, 39), ""),
    (54, "drawn = torch.randint(0, 10, (8,))\nprint(drawn)", (59, 59), "seed 7"),
    (70, "rolls = torch.randint(1, 7, (5,))\nrolls", (72, 72), "seed 2"),
    (73, "bool((rolls >= 1).all() and (rolls <= 6).all())", (74, 74), ""),
    (87, "torch.randint(5, 5, (2,))", None, "raises RuntimeError: random_ expects ..."),
    (97, "torch.rand(2, -1)", None, "raises Exception"),
    (103, "torch.manual_seed(0)\nbefore = torch.rand(1)\ntorch.manual_seed(0)\ntry:\n    torch.rand(-1)\n"
     "except RuntimeError:\n    pass\nprint(torch.equal(before, torch.rand(1)))", (114, 114), ""),
    (122, 'torch.manual_seed(7)\nprint(torch.randint(0, 10, (8,), device="cuda"))', None, "skip (needs a GPU)"),
]  # fmt: skip

DOCUMENTS = {
    "chapter_gradient_by_hand.rst": ("reStructuredText", CHAPTER),
    "lesson_line_through_points.py": ("Python script with cells", LESSON),
    "myst_what_a_seed_promises.md": ("Markdown", PAGE),
}


def directive(snippet: Snippet) -> str:
    told = [f"skip ({snippet.skip})"] if snippet.skip else []
    if snippet.raises:
        told.append(f"raises {snippet.raises.type}" + (f": {snippet.raises.text}" if snippet.raises.text else ""))
    return "; ".join([*told, *([f"seed {snippet.seed}"] if snippet.seed is not None else [])])


def check(name: str, document: Document) -> None:
    kind, listed = DOCUMENTS[name]
    text = (LIBRARY / name).read_text(encoding="utf-8").split("\n")

    def shown(lines: tuple[int, int] | None) -> str | None:
        rows = [re.sub("^# ", "", row) for row in text[lines[0] - 1 : lines[1]]] if lines else []
        return textwrap.dedent("\n".join(rows)) if lines else None

    found = [
        (s.line, ast.unparse(ast.parse(s.code)), s.expected.text if s.expected else None, directive(s))
        for s in document.snippets
    ]
    assert found == [(line, ast.unparse(ast.parse(code)), shown(output), said) for line, code, output, said in listed]
    assert [s.expected.line for s in document.snippets if s.expected] == [it[2][0] for it in listed if it[2]]
    assert document.format == kind
    assert document.notes == ()
    for snippet in document.snippets:
        for code, number in zip(snippet.code.split("\n"), snippet.lines, strict=True):
            assert code in text[number - 1]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_statements(name: str) -> None:
    check(name, read(LIBRARY / name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lost_snippet_or_directive_is_noticed(name: str) -> None:
    document = read(LIBRARY / name)
    for index, snippet in enumerate(document.snippets):
        before, after = document.snippets[:index], document.snippets[index + 1 :]
        with pytest.raises(AssertionError):
            check(name, replace(document, snippets=before + after))
        if directive(snippet):
            bare = replace(snippet, skip=None, raises=None, seed=None)
            with pytest.raises(AssertionError):
                check(name, replace(document, snippets=(*before, bare, *after)))


def test_echoes() -> None:
    chapter, lesson, page = (read(LIBRARY / name).snippets for name in DOCUMENTS)
    assert [s.line for s in chapter if s.echo == "all"] == [35, 36, 38, 83]
    assert {s.echo for s in lesson} == {"last"}
    assert [s.line for s in page if s.echo != "last"] == [70, 73]
