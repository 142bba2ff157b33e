"""The shipped Markdown page and notebook, statement by statement, as people read them.

With each snippet stand the line where its output begins and what the output is.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

import conformance
from conformance.documents import Document, find, read

LIBRARY = Path(conformance.__file__).parent / "library"
MARKDOWN = LIBRARY / "markdown_tensor_basics.md"
NOTEBOOK = LIBRARY / "notebook_autograd_steps.ipynb"
TOUR = LIBRARY / "markdown_how_autograd_works.md"

# The output of the page is told by its first and last line, which the file must hold.
PAGE = [
    (14, "import torch\nimport torch.nn.functional as F", None),
    (
        23,
        """
a = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(a)
print(torch.zeros(2, 3))
print(torch.full((2,), 7))
print(torch.arange(0, 10, 3))
""",
        (31, 36),
    ),
    (
        43,
        """
print(torch.zeros(3, dtype=torch.float64))
print(torch.tensor([0.001, 1000.0, 100000.0]))
print(torch.arange(5000))
""",
        (51, 53),
    ),
    (
        59,
        """
import numpy as np
array = np.zeros(3)
shared = torch.from_numpy(array)
array[0] = 5
print(shared)
print(shared.numpy() is array, shared.tolist())
""",
        (71, 72),
    ),
    (80, "whole = torch.tensor([1, 2, 3])\nwhole * 2", (82, 82)),
    (83, "whole / 2", (84, 84)),
    (85, "whole + 0.5", (86, 86)),
    (87, "(whole + torch.ones(3)).dtype", (88, 88)),
    (89, "whole > 1", (90, 90)),
    (91, "(whole > 1).sum()", (92, 92)),
    (93, "whole.to(torch.float64).mean()", (94, 94)),
    (
        101,
        """
try:
    torch.arange(3).mean()
except RuntimeError as error:
    print(type(error).__name__, error)
""",
        (108, 108),
    ),
    (
        116,
        """
row = torch.arange(6)
table = row.view(2, 3)
print(table.shape, table.t().shape, table.unsqueeze(0).shape)
print(table.reshape(3, -1))
print(table.T.is_contiguous(), table.T.contiguous().is_contiguous())
""",
        (124, 128),
    ),
    (134, "copy = table.clone()\ntable[0].fill_(100)\nprint(row.tolist(), copy.tolist())", (140, 140)),
    (
        146,
        """
column = torch.tensor([[10.0], [20.0]])
print(column + torch.tensor([1.0, 2.0, 3.0]))
print(column.expand(2, 2))
""",
        (154, 157),
    ),
    (
        163,
        """
try:
    torch.ones(2, 3) + torch.ones(2)
except RuntimeError as error:
    print(error)
""",
        (170, 170),
    ),
    (
        178,
        """
cube = torch.arange(24).view(2, 3, 4)
print(cube[0, 1])
print(cube[..., -1])
print(cube[:, 0, ::2])
print(cube[1, None, 2].shape)
""",
        (186, 191),
    ),
    (
        197,
        """
print(a.sum(), a.sum(dim=0), a.mean(dim=1, keepdim=True))
values, places = a.max(dim=1)
print(values, places)
print(a.clamp(2, 5).tolist())
""",
        (206, 209),
    ),
    (214, "norm = a.pow(2).sum().sqrt()\nnorm", (219, 219)),
    (
        227,
        """
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x ** 2).sum().backward()
print(x.grad)
(x ** 2).sum().backward()
print(x.grad)
x.grad.zero_()
print(x.grad)
""",
        (237, 239),
    ),
    (
        245,
        """
y = torch.sigmoid(x) * 3
print(y)
print(type(y.grad_fn.next_functions[0][0]).__name__)
print(x.is_leaf, y.is_leaf, y.detach().requires_grad)
""",
        (252, 254),
    ),
    (
        260,
        """
scores = torch.tensor([0.5, -1.0], requires_grad=True)
labels = torch.tensor([1.0, 0.0])
loss = F.binary_cross_entropy_with_logits(scores, labels)
print(loss)
print(torch.allclose(loss, F.binary_cross_entropy(torch.sigmoid(scores), labels)))
print(torch.autograd.grad(loss, scores))
""",
        (269, 271),
    ),
    (
        279,
        """
torch.manual_seed(0)
first = torch.randn(3)
torch.manual_seed(0)
print(first)
print(torch.equal(first, torch.randn(3)))
print(torch.rand(2, generator=torch.Generator().manual_seed(1)))
""",
        (288, 290),
    ),
]

CELLS = [
    ("import torch\nfrom torch.nn import functional as F", None),
    (
        """
x = torch.arange(4, dtype=torch.float32)
t = 2 * x + 1
w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
x, t
""",
        "(tensor([0., 1., 2., 3.]), tensor([1., 3., 5., 7.]))",
    ),
    (
        """
def loss_of(w, b):
    return ((x * w + b - t) ** 2).mean()
loss = loss_of(w, b)
print(f"loss before: {loss.item():.4f}")
loss
""",
        "loss before: 21.0000\ntensor(21., grad_fn=<MeanBackward0>)",
    ),
    ("loss.backward()\nw.grad, b.grad", "(tensor([-17.]), tensor([-8.]))"),
    (
        """
for step in range(3):
    w.grad.zero_()
    b.grad.zero_()
    loss = loss_of(w, b)
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    print(f"step {step}: loss {loss.item():.4f}, w {w.item():.4f}, b {b.item():.4f}")
""",
        "step 0: loss 21.0000, w 1.7000, b 0.8000\n"
        "step 1: loss 0.5350, w 1.9700, b 0.9300\n"
        "step 2: loss 0.0144, w 2.0120, b 0.9530",
    ),
    ("w", "tensor([2.0120], requires_grad=True)"),
    (
        """
u = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
v = torch.exp(u)
v.retain_grad()
(v * v).sum().backward()
print(u.is_leaf, v.is_leaf)
print(u.grad)
print(v.grad)
""",
        "True False\ntensor([ 14.7781, 109.1963, 806.8576])\ntensor([ 5.4366, 14.7781, 40.1711])",
    ),
    (
        """
node = (torch.tanh(u) + 1).grad_fn
while node is not None:
    print(type(node).__name__)
    node = node.next_functions[0][0] if node.next_functions else None
""",
        "AddBackward0\nTanhBackward0\nAccumulateGrad",
    ),
    (
        """
p = torch.tensor(2.0, requires_grad=True)
first, = torch.autograd.grad(p ** 3, p, create_graph=True)
second, = torch.autograd.grad(first, p)
print(first)
print(second)
""",
        "tensor(12., grad_fn=<MulBackward0>)\ntensor(12.)",
    ),
    (
        "q = torch.tensor([0.5, 0.25], requires_grad=True)\nr = torch.log(q).sum()\nr.backward()\nr.backward()",
        "RuntimeError: Trying to backward through the graph a second time (or directly access saved tensors after "
        "they have already been freed). Saved intermediate values of the graph are freed when you call .backward() "
        "or autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
        "if you need to access saved tensors after calling backward.",
    ),
    ("q.grad.zero_()", None),
    ("r = torch.log(q).sum()\nr.backward(retain_graph=True)\nr.backward()\nq.grad", "tensor([4., 8.])"),
    (
        """
def attempt(action):
    try:
        action()
    except RuntimeError as error:
        print(error)
attempt(lambda: (q * 2).backward())
attempt(lambda: torch.ones(2).sum().backward())
attempt(lambda: q.numpy())
attempt(lambda: q.zero_())
""",
        "grad can be implicitly created only for scalar outputs\n"
        "element 0 of tensors does not require grad and does not have a grad_fn\n"
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.\n"
        "a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    (
        """
with torch.no_grad():
    print((q * 2).requires_grad)
    with torch.enable_grad():
        print((q * 2).requires_grad)
with torch.set_grad_enabled(False):
    print((q * 2).requires_grad)
@torch.no_grad()
def predict(x):
    return x * w + b
predict(x)
""",
        "False\nTrue\nFalse\ntensor([0.9530, 2.9650, 4.9770, 6.9890])",
    ),
    (
        "cut = q.detach()\ncut.fill_(1)\nprint(q)\nprint(cut.requires_grad, torch.equal(q, cut))",
        "tensor([1., 1.], requires_grad=True)\nFalse True",
    ),
    (
        """
torch.manual_seed(7)
weights = torch.randn(2, 1)
weights.requires_grad = True
inputs = torch.rand(3, 2)
labels = torch.tensor([0.0, 1.0, 1.0])
scores = torch.matmul(inputs, weights).squeeze(1)
print(scores)
loss = F.binary_cross_entropy_with_logits(scores, labels)
loss.backward()
print(loss)
weights.grad
""",
        "tensor([0.3000, 0.4647, 0.6156], grad_fn=<SqueezeBackward1>)\n"
        "tensor(0.5913, grad_fn=<BinaryCrossEntropyWithLogitsBackward0>)\n"
        "tensor([[-0.0248],\n"
        "        [-0.0991]])",
    ),
    (
        "torch.allclose(loss, -(labels * F.logsigmoid(scores) + (1 - labels) * F.logsigmoid(-scores)).mean())",
        "True",
    ),
]


def plain(code: str) -> str:
    return ast.unparse(ast.parse(code))


def check_page(document: Document) -> None:
    text = MARKDOWN.read_text(encoding="utf-8").split("\n")

    def shown(lines: tuple[int, int] | None) -> str:
        return textwrap.dedent("\n".join(text[lines[0] - 1 : lines[1]])) if lines else ""

    found = [(s.line, plain(s.code), s.expected.text if s.expected else "") for s in document.snippets]
    assert found == [(line, plain(code), shown(output)) for line, code, output in PAGE]
    assert [(note.line, note.kind) for note in document.notes] == [(8, "skipped")]


def check_notebook(document: Document) -> None:
    found = [(plain(s.code), s.expected.text if s.expected else None) for s in document.snippets]
    assert found == [(plain(code), shown) for code, shown in CELLS]
    assert [note.kind for note in document.notes] == ["removed"]


def test_page() -> None:
    document = read(MARKDOWN)
    check_page(document)
    echoes = {snippet.line: snippet.echo for snippet in document.snippets}
    assert {line for line, echo in echoes.items() if echo == "all"} == {80, 83, 85, 87, 89, 91, 93}
    assert {line for line, echo in echoes.items() if echo == "last"} == {214}


def test_notebook() -> None:
    document = read(NOTEBOOK)
    check_notebook(document)
    assert [snippet.label for snippet in document.snippets] == [f"In [{count}]" for count in range(1, 18)]
    assert [snippet.label for snippet in document.snippets if snippet.echo == "none"] == ["In [11]"]


def test_notebook_lines_are_those_of_the_file() -> None:
    lines = NOTEBOOK.read_text(encoding="utf-8").split("\n")
    for snippet in read(NOTEBOOK).snippets:
        for code, number in zip(snippet.code.split("\n"), snippet.lines, strict=True):
            assert code.replace('"', '\\"') in lines[number - 1]


@pytest.mark.parametrize(("file", "check"), [(MARKDOWN, check_page), (NOTEBOOK, check_notebook)])
def test_lost_snippet_is_noticed(file, check) -> None:
    document = read(file)
    for index in range(len(document.snippets)):
        with pytest.raises(AssertionError):
            check(replace(document, snippets=document.snippets[:index] + document.snippets[index + 1 :]))


def test_every_shipped_document_is_listed() -> None:
    stories = {f"{kind}.txt" for kind in ("book_logistic_regression", "blog_computational_graph")}
    stories |= {f"transcript_{kind}.txt" for kind in ("computational_graph", "autograd_engine")}
    lessons = {"chapter_gradient_by_hand.rst", "lesson_line_through_points.py", "myst_what_a_seed_promises.md"}
    assert {file.name for file in find([LIBRARY])} == stories | lessons | {MARKDOWN.name, NOTEBOOK.name, TOUR.name}


def test_tour() -> None:
    """Each block of code, and the block of output that follows it, as a plain look at the lines finds them."""
    parts = re.split(r"^```(python|text)?\n", TOUR.read_text(encoding="utf-8"), flags=re.M)
    blocks = [(kind, text) for kind, text in zip(parts[1::2], parts[2::2], strict=True) if kind]
    listed = []
    for place, (kind, text) in enumerate(blocks):
        if kind == "python":
            follows = blocks[place + 1] if place + 1 < len(blocks) else ("", "")
            listed.append((text.strip("\n"), follows[1].rstrip("\n") if follows[0] == "text" else None))
    snippets = read(TOUR).snippets
    found = [(s.code.strip("\n"), s.expected.text.rstrip("\n") if s.expected else None) for s in snippets]
    assert found == listed
    assert len(listed) == 45
