"""The four stories, statement by statement, as people read them: in the shipped documents and in the originals.

The originals are not in the repository. Where their folder is given in SHIMTORCH_ORIGINALS, they are
read, too; what they hold is the same but for a few words and lines.
"""

from __future__ import annotations

import ast
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import conformance
from conformance.documents import Document, read

LIBRARY = Path(conformance.__file__).parent / "library"


@dataclass(frozen=True)
class Story:
    format: str
    shipped: str  # the document's file name
    original: str  # how the original's file name begins
    snippets: list[tuple[str, str]]  # statements, and the output shown for them
    lines: tuple[list[int], list[int]]  # where each snippet begins: shipped, original
    notes: tuple[list[tuple[int, str]], list[tuple[int, str]]]


BOOK = Story(
    "book text",
    "book_logistic_regression.txt",
    "000",
    [
        (
            """
import torch.nn.functional as F
y = torch.tensor([1.0])
x1 = torch.tensor([1.1])
w1 = torch.tensor([2.2])
b = torch.tensor([0.0])
z = x1 * w1 + b
a = torch.sigmoid(z)
loss = F.binary_cross_entropy(a, y)
""",
            "",
        ),
        (
            """
import torch.nn.functional as F
from torch.autograd import grad
y = torch.tensor([1.0])
x1 = torch.tensor([1.1])
w1 = torch.tensor([2.2], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)
z = x1 * w1 + b
a = torch.sigmoid(z)
loss = F.binary_cross_entropy(a, y)
grad_L_w1 = grad(loss, w1, retain_graph=True)
grad_L_b = grad(loss, b, retain_graph=True)
""",
            "",
        ),
        ("print(grad_L_w1)\nprint(grad_L_b)", "(tensor([-0.0898]),)\n(tensor([-0.0817]),)"),
        ("loss.backward()\nprint(w1.grad)\nprint(b.grad)", "(tensor([-0.0898]),)\n(tensor([-0.0817]),)"),
    ],
    ([8, 53, 75, 91], [10, 60, 82, 96]),
    ([(66, "removed")], [(73, "removed")]),
)

GRAPH = Story(
    "notebook transcript",
    "transcript_computational_graph.txt",
    "001",
    [
        ("import torch", ""),
        (
            """
x = torch.ones(5)
y = torch.zeros(3)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
""",
            "",
        ),
        (
            """
print('Gradient function for z = ', z.grad_fn)
print('Gradient function for loss = ', loss.grad_fn)
""",
            "Gradient function for z =  <AddBackward0 object at 0x>\n"
            "Gradient function for loss =  <BinaryCrossEntropyWithLogitsBackward0 object at 0x>",
        ),
        (
            "loss.backward()\nprint(w.grad)\nprint(b.grad)",
            "tensor([[0.2827, 0.2983, 0.2544],\n"
            + "        [0.2827, 0.2983, 0.2544],\n" * 3
            + "        [0.2827, 0.2983, 0.2544]])\n"
            "tensor([0.2827, 0.2983, 0.2544])",
        ),
        (
            """
x = torch.ones(5)
y = torch.zeros(3)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
loss.backward(retain_graph=True)
print('w gradients after backward 1: ', w.grad)
loss.backward(retain_graph=True)
print('w gradients after backward 2: ', w.grad)
w.grad.zero_()
print('w gradients after grad.zero: ', w.grad)
""",
            "w gradients after backward 1:  tensor([[0.2685, 0.1457, 0.0356],\n"
            + "        [0.2685, 0.1457, 0.0356],\n" * 3
            + "        [0.2685, 0.1457, 0.0356]])\n"
            "w gradients after backward 2:  tensor([[0.5369, 0.2914, 0.0712],\n"
            + "        [0.5369, 0.2914, 0.0712],\n"
            * 3
            + "        [0.5369, 0.2914, 0.0712]])\n"
            "w gradients after grad.zero:  tensor([[0., 0., 0.],\n"
            + "        [0., 0., 0.],\n" * 3
            + "        [0., 0., 0.]])",
        ),
        (
            """
z = torch.matmul(x, w) + b
print(z.requires_grad)
with torch.no_grad():
    z = torch.matmul(x, w) + b
print(z.requires_grad)
""",
            "True\nFalse",
        ),
        ("z = torch.matmul(x, w) + b\nz_det = z.detach()\nprint(z_det.requires_grad)", "False"),
    ],
    ([2, 9, 25, 43, 64, 110, 124], [2, 9, 25, 43, 64, 112, 126]),
    ([], []),
)

ENGINE = Story(
    "notebook transcript",
    "transcript_autograd_engine.txt",
    "002",
    [
        ("import torch\nimport torch.nn.functional as F", ""),
        (
            """
y = torch.tensor([1.0])
x1 = torch.tensor([1.3])
w1 = torch.tensor([2.0])
b1 = torch.tensor([0.5])
""",
            "",
        ),
        (
            """
z1 = w1 * x1 + b1
y_hat = torch.sigmoid(z1)
loss = F.binary_cross_entropy(y_hat, y)
""",
            "",
        ),
        (
            r"""
print(f"Weighted sum (z1): {z1}")
print(f"Predicted value (y_hat): {y_hat}")
print(f"Loss: {loss.item()}\n")
""",
            "Weighted sum (z1): tensor([3.1000])\nPredicted value (y_hat): tensor([0.9569])\nLoss: 0.0440639853477478",
        ),
        ("from torch.autograd import grad", ""),
        (
            """
y = torch.tensor([1.0])
x1 = torch.tensor([1.3])
w1 = torch.tensor([2.0], requires_grad=True)
b1 = torch.tensor([0.5], requires_grad=True)
z1 = w1 * x1 + b1
y_hat = torch.sigmoid(z1)
loss = F.binary_cross_entropy(y_hat, y)
""",
            "",
        ),
        ("grad_L_w1 = grad(loss, w1, retain_graph=True)\ngrad_L_b1 = grad(loss, b1, retain_graph=True)", ""),
        (
            """
print(f"Partial gradient of loss with respect to w1: {grad_L_w1[0]}")
print(f"Partial gradient of loss with respect to b1: {grad_L_b1[0]}")
""",
            "Partial gradient of loss with respect to w1: tensor([-0.0560])\n"
            "Partial gradient of loss with respect to b1: tensor([-0.0431])",
        ),
        (
            """
loss.backward()
print(f"Gradient of loss with respect to w1 using backward(): {w1.grad}")
print(f"Gradient of loss with respect to b1 using backward(): {b1.grad}")
""",
            "Gradient of loss with respect to w1 using backward(): tensor([-0.0560])\n"
            "Gradient of loss with respect to b1 using backward(): tensor([-0.0431])",
        ),
    ],
    ([6, 10, 20, 32, 55, 59, 75, 80, 88], [6, 10, 20, 32, 55, 59, 75, 80, 88]),
    ([], []),
)

# Sentences about code in lines 6, 9, 13 and 18; code rebuilt in the others.
BLOG_NOTES = [
    (6, "skipped"),
    (7, "reconstructed"),
    (9, "skipped"),
    (12, "reconstructed"),
    (13, "skipped"),
    (15, "reconstructed"),
    (18, "reconstructed"),
    (18, "skipped"),
    (19, "reconstructed"),
]
BLOG = Story(
    "run-together text",
    "blog_computational_graph.txt",
    "003",
    [
        (
            """
import torch
x = torch.ones(5)
y = torch.zeros(3)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
""",
            "",
        ),
        (
            """
print(f"Gradient of function z = {z.grad_fn}")
print(f"Gradient of loss function = {loss.grad_fn}")
""",
            "",
        ),
        ("loss.backward()\nprint(w.grad)\nprint(b.grad)", ""),
        (
            """
z = torch.matmul(x, w) + b
print(z.requires_grad)
with torch.no_grad():
    z = torch.matmul(x, w) + b
print(z.requires_grad)
""",
            "",
        ),
        ("z = torch.matmul(x, w) + b\nz_det = z.detach()\nprint(z_det.requires_grad)", ""),
    ],
    ([7, 12, 15, 18, 19], [7, 12, 15, 18, 19]),
    (BLOG_NOTES, BLOG_NOTES),
)

STORIES = [BOOK, GRAPH, ENGINE, BLOG]
names = [story.shipped for story in STORIES]


def statements(code: str) -> str:
    return ast.unparse(ast.parse(code.replace("loss fuction", "loss function")))


def check(document: Document, story: Story, which: int) -> None:
    assert document.format == story.format
    found = [
        (statements(snippet.code), re.sub("0x[0-9a-f]+", "0x", snippet.expected.text) if snippet.expected else "")
        for snippet in document.snippets
    ]
    assert found == [(statements(code), output) for code, output in story.snippets]
    assert [snippet.line for snippet in document.snippets] == story.lines[which]
    assert [(note.line, note.kind) for note in document.notes] == story.notes[which]


def check_lines(document: Document, file: Path) -> None:
    """Every line of code and of output stands on the line of the file that the document gives for it."""
    lines = file.read_text(encoding="utf-8").split("\n")
    for snippet in document.snippets:
        code = snippet.code.split("\n")
        assert len(code) == len(snippet.lines)
        assert all(text.strip() in lines[number - 1] for text, number in zip(code, snippet.lines, strict=True))
        if snippet.expected:
            first = snippet.expected.text.split("\n")[0]
            assert lines[snippet.expected.line - 1].strip() == first


@pytest.mark.parametrize("story", STORIES, ids=names)
def test_shipped(story: Story) -> None:
    document = read(LIBRARY / story.shipped)
    check(document, story, 0)
    check_lines(document, LIBRARY / story.shipped)


@pytest.mark.parametrize("story", STORIES, ids=names)
def test_original(story: Story) -> None:
    folder = os.environ.get("SHIMTORCH_ORIGINALS")
    if not folder:
        pytest.skip("SHIMTORCH_ORIGINALS does not name the folder of the originals")
    [file] = Path(folder).glob(f"{story.original}*.txt")
    document = read(file)
    check(document, story, 1)
    check_lines(document, file)


@pytest.mark.parametrize("story", STORIES, ids=names)
def test_lost_snippet_or_output_is_noticed(story: Story) -> None:
    document = read(LIBRARY / story.shipped)
    for index, snippet in enumerate(document.snippets):
        others = document.snippets[:index] + document.snippets[index + 1 :]
        with pytest.raises(AssertionError):
            check(replace(document, snippets=others), story, 0)
        if snippet.expected:
            mute = replace(snippet, expected=None)
            with pytest.raises(AssertionError):
                check(replace(document, snippets=(*others[:index], mute, *others[index:])), story, 0)


def test_transcripts_echo_and_books_do_not() -> None:
    assert {snippet.echo for snippet in read(LIBRARY / GRAPH.shipped).snippets} == {"last"}
    assert {snippet.echo for snippet in read(LIBRARY / BOOK.shipped).snippets} == {"none"}


def test_labels() -> None:
    book, engine = ([snippet.label for snippet in read(LIBRARY / story.shipped).snippets] for story in (BOOK, ENGINE))
    assert book == ["Listing 4.1", "Listing 4.2", "line 75", "line 91"]
    assert engine[:4] == ["In [2]", "In [7]", "In [None]", "In [11]"]


def test_reconstructed_snippets_say_so() -> None:
    document = read(LIBRARY / BLOG.shipped)
    assert all(snippet.reconstructed for snippet in document.snippets)
    assert "with torch.no_grad():" in (document.snippets[3].reconstructed or "")
    assert any("z = w * x + b; loss = loss_function(y, z)" in note.message for note in document.notes)
