"""Programs with known statements and outputs are written in each format and read back."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.documents import Document, read
from conformance.documents.reading import Reading

VALUES = [
    "5",
    "-0.5",
    "True",
    "nan",
    "[1, 2.5]",
    "'a text'",
    "torch.float32",
    "torch.Size([2, 3])",
    "device(type='cpu')",
    "tensor([1., 2.])",
    "tensor(2., grad_fn=<SumBackward0>)",
    "(tensor([-0.0898]),)",
    "tensor([[1., nan],\n        [3., 4.]], requires_grad=True)",
    "tensor([[[0., 0.],\n         [0., 0.]],\n\n        [[0., 0.],\n         [0., 0.]]])",
    "tensor([   0,    1,  ...,  998,  999])",
    "<AddBackward0 object at 0x7f6f0cbaa530>",
    "[0. 1.]",
]
SIMPLE = [
    "import torch",
    "from torch.autograd import grad",
    "import torch.nn.functional as F",
    "x = torch.ones(5)",
    "y, z = torch.zeros(3), 'a = 5 # b'",
    "w = torch.randn(5, 3, requires_grad=True)",
    "x += 1",
    "w.grad.zero_()",
    "loss.backward(retain_graph=True)",
    "z = x * w + -b if flag else not y",
    "d = {'a': [1, 2], \"b\": (x, y[0, :2])}",
    "assert torch.equal(x, y)",
    "del x",
]
COMPOUND = [
    "with torch.no_grad():\n    z = x * 2",
    "for i in range(3):\n    x = x + i\n\n    # go on\n    y = x",
    "def f(a):\n\n    return a",
    "@torch.no_grad()\ndef g(a, b=2):\n    '''Adds.\n\n    Twice.'''\n    return a + b",
    "if x.sum() > 0:\n    y = 1\nelse:\n    y = 2",
    "try:\n    x.item()\nexcept RuntimeError as e:\n    y = e",
    "t = torch.tensor([1.0,\n\n                  2.0])",
    "# a comment\nx = 3  # and another",
]
PROSE = [
    "Done",
    "- Leaves",
    "1. first compute",
    "### A heading",
    "# A title\n\nWith a sentence below it.",
    "Note: this matters",
    "> d(loss)/d(w)",
    "$\\sigma(x) = \\frac{1}{1 + e^{-x}}$",
    "![image.png](attachment:image.png)",
    "`w` and `b` are parameters, so we set `requires_grad=True`.",
    "[^1]: a footnote",
    'Let\'s see (this is "prose") what comes:',
    "A tensor, or several - w and b - may be printed.",
]


@dataclass(frozen=True)
class Cell:
    statements: tuple[str, ...]
    output: str  # what the statements print
    echoed: str  # the text of the last expression
    prose: tuple[str, ...]
    space: str  # between statements

    @property
    def code(self) -> str:
        return self.space.join(self.statements)

    @property
    def shown(self) -> str:
        return "\n".join(text for text in (self.output, self.echoed) if text)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    statements = draw(st.lists(st.sampled_from(SIMPLE + COMPOUND), max_size=4))
    outputs = []
    for value in draw(st.lists(st.sampled_from(VALUES), max_size=3)):
        code, output = draw(
            st.sampled_from(
                [
                    ("print(x)", value),
                    ("print('the value =', x)", f"the value = {value}"),
                    ('print(f"w:\\n{w.grad}")', f"w:\n{value}"),
                    ("print('%d: %s' % (1, x))", f"1: {value}"),
                    ("print('step {} done'.format(3))", "step 3 done"),
                    (
                        "for i in range(2):\n    print(i, x)",
                        f"0 {value}\n1 {value}" if value == "True" else "0 1.5\n1 2",
                    ),
                ]
            )
        )
        statements.append(code)
        outputs.append(output)
        statements += draw(st.lists(st.sampled_from(SIMPLE + COMPOUND), max_size=1))
    echoed = draw(st.sampled_from(["", *VALUES]))
    if echoed:
        statements.append(draw(st.sampled_from(["x", "x.grad", "x[0]", "torch.matmul(x, w)", "x + 1"])))
    if not statements:
        statements = ["x = 1"]
    prose = draw(st.lists(st.sampled_from(PROSE), max_size=3))
    return Cell(tuple(statements), "\n".join(outputs), echoed, tuple(prose), draw(st.sampled_from(["\n", "\n\n"])))


def transcript(cells: list[Cell]) -> str:
    parts = ["# An opening"]
    for number, cell in enumerate(cells, 1):
        parts += [f"In [{number}]:\n{cell.code}"] + ([cell.shown, ""] if cell.shown else []) + list(cell.prose)
    return "\n\n".join(parts)


def marked_transcript(cells: list[Cell]) -> str:
    parts = []
    for number, cell in enumerate(cells, 1):
        first, *others = cell.code.split("\n")
        parts.append("\n".join([f"In [{number}]: {first}", *(f"   ...: {line}" for line in others)]))
        parts[-1] += f"\n{cell.output}" if cell.output else ""
        parts[-1] += f"\nOut[{number}]: {chr(10) * ('  ' in cell.echoed)}{cell.echoed}" if cell.echoed else ""
        parts += cell.prose
    return "\n\n".join(parts)


def book(cells: list[Cell]) -> str:
    parts = ["end of a sentence."]
    for cell in cells:
        parts.append(f"```\n{cell.code}\n```")
        parts += ["This prints", f"```\n{cell.shown}\n```"] if cell.shown else []
        parts += cell.prose
    return "\n\n".join(parts)


def markdown(cells: list[Cell]) -> str:
    parts = ["# Title"]
    for cell in cells:
        parts.append(f"```python\n{cell.code}\n```")
        parts += ["```text\n" + cell.shown + "\n```"] if cell.shown else []
        parts += cell.prose
    return "\n\n".join(parts)


def restructured(cells: list[Cell]) -> str:
    parts = ["Title\n====="]
    for cell in cells:
        parts.append(f".. code-block:: python\n   :linenos:\n\n{indent(cell.code, '   ')}")
        parts += [f".. code-block:: text\n\n{indent(cell.shown, '   ')}"] if cell.shown else []
        parts += cell.prose
    return "\n\n".join(parts)


def myst(cells: list[Cell]) -> str:
    parts = ["---\nkernelspec:\n  name: python3\n---", "# Title"]
    for cell in cells:
        parts.append(f"```{{code-cell}} ipython3\n:tags: [hide-input]\n{cell.code}\n```")
        parts += ["+++", "```{code-block} text\n" + cell.shown + "\n```"] if cell.shown else []
        parts += cell.prose
    return "\n\n".join(parts)


def percent(cells: list[Cell]) -> str:
    parts = ["# %% [markdown]\n# # Title"]
    for cell in cells:
        parts.append(f"# %%\n{cell.code}")
        parts[-1] += f"\n# Output:\n{indent(cell.shown, '# ', lambda line: True)}" if cell.shown else ""
        parts += [f"# %% [markdown]\n{indent(text, '# ', lambda line: True)}" for text in cell.prose]
    return "\n\n".join(parts)


def notebook(cells: list[Cell]) -> str:
    made = []
    for number, cell in enumerate(cells, 1):
        outputs = []
        if cell.output:
            outputs.append(nbformat.v4.new_output("stream", name="stdout", text=cell.output + "\n"))
        if cell.echoed:
            data = {"text/plain": cell.echoed}
            outputs.append(nbformat.v4.new_output("execute_result", data=data, execution_count=number))
        made.append(nbformat.v4.new_code_cell(cell.code, execution_count=number, outputs=outputs))
        made += map(nbformat.v4.new_markdown_cell, cell.prose)
    return nbformat.writes(nbformat.v4.new_notebook(cells=made))


def read_text(text: str, suffix: str) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"document{suffix}")
        file.write_text(text, encoding="utf-8")
        return read(file)


def check(cells: list[Cell], document: Document) -> None:
    assert [ast.unparse(ast.parse(s.code)) for s in document.snippets] == [
        ast.unparse(ast.parse(c.code)) for c in cells
    ]
    assert [s.expected.text if s.expected else "" for s in document.snippets] == [cell.shown for cell in cells]


# Names that no code has bound, alone in a paragraph, would be words.
FIRST = Cell(("w, x, y = torch.randn(3, 5)",), "", "", (), "\n")
FORMATS = {
    "transcript": (transcript, ".txt"),
    "marked transcript": (marked_transcript, ".txt"),
    "book": (book, ".txt"),
    "Markdown": (markdown, ".md"),
    "reStructuredText": (restructured, ".rst"),
    "MyST": (myst, ".md"),
    "percent script": (percent, ".py"),
    "notebook": (notebook, ".ipynb"),
}


@pytest.mark.parametrize(("write", "suffix"), FORMATS.values(), ids=FORMATS)
@settings(max_examples=60, deadline=None)
@given(program=st.lists(cells(), min_size=1, max_size=3))
def test_round_trip(write: Callable[[list[Cell]], str], suffix: str, program: list[Cell]) -> None:
    program = [FIRST, *program]
    text = write(program)
    document = read_text(text, suffix)
    check(program, document)
    lines = text.split("\n")
    for snippet in document.snippets if suffix != ".ipynb" else ():
        for code, number in zip(snippet.code.split("\n"), snippet.lines, strict=True):
            assert code in lines[number - 1]


@settings(max_examples=60, deadline=None)
@given(program=st.lists(cells(), min_size=1, max_size=3))
def test_session_round_trip(program: list[Cell]) -> None:
    parts, shown = ["Some prose."], []
    for cell in program:
        for statement in cell.statements:
            first, *others = statement.split("\n")
            parts.append("\n".join([f">>> {first}", *(f"... {line}".rstrip() for line in others)]))
        if cell.shown:
            parts[-1] += "\n" + cell.shown
            shown.append(cell.shown)
        parts += cell.prose
    document = read_text("\n\n".join(parts), ".txt")
    code = "\n".join(snippet.code for snippet in document.snippets)
    assert ast.unparse(ast.parse(code)) == ast.unparse(
        ast.parse("\n".join(c for cell in program for c in cell.statements))
    )
    assert [snippet.expected.text for snippet in document.snippets if snippet.expected] == shown


RUN_ON = [
    *SIMPLE,
    "print(f\"Gradient = {x.grad} # {'a'}\")",
    "with torch.no_grad(): z = x * 2",
    "for i in range(3): print(i)",
    "def f(a): b = a * 2 return b",
    "if x.sum() > 0: y = 1 else: y = 2",
    "# the expected output",
    "# what a layer with torch.no_grad() would do",
]
TREES = {text: text for text in RUN_ON} | {
    "def f(a): b = a * 2 return b": "def f(a):\n    b = a * 2\n    return b",
    "if x.sum() > 0: y = 1 else: y = 2": "if x.sum() > 0:\n    y = 1\nelse:\n    y = 2",
}


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["", "Here comes some code", "This is how y = w.x + b, the line, is drawn."]),
            st.lists(st.sampled_from(RUN_ON), min_size=2, max_size=8),
            st.sampled_from(["", "And so it ends"]),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_run_together_round_trip(lines: list[tuple[str, list[str], str]]) -> None:
    written, program = ["x = 1 y = 2"], ["x = 1", "y = 2"]
    for before, code, after in lines:
        # Prose is glued to a comment in front, and to a bracket behind.
        written.append(f"{before}# code {' '.join(code)} print(x){after}")
        program += [*(TREES[text] for text in code), "print(x)"]
    document = read_text("\n".join(written), ".txt")
    code = "\n".join(snippet.code for snippet in document.snippets)
    assert ast.unparse(ast.parse(code)) == ast.unparse(ast.parse("\n".join(program)))
    assert [snippet.line for snippet in document.snippets] == list(range(1, len(written) + 1))
    assert all(snippet.reconstructed for snippet in document.snippets)


def test_dropping_a_snippet_fails_the_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    program = [Cell((f"x = {number}", "print(x)"), str(number), "", (), "\n") for number in range(3)]
    add = Reading.add

    def forgetful(self: Reading, *arguments, **options):
        snippet = add(self, *arguments, **options)
        if "x = 1" in snippet.code:
            self.snippets.pop()
        return snippet

    monkeypatch.setattr(Reading, "add", forgetful)
    for write, suffix in FORMATS.values():
        with pytest.raises(AssertionError):
            check(program, read_text(write(program), suffix))
