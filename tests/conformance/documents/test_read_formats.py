"""What single formats do with the hard places of a document."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from conformance.documents import Document, UnreadableDocument, read

Reads = Callable[..., Document]


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    def reads(text: str, suffix: str = ".txt") -> Document:
        file = tmp_path / f"document{suffix}"
        file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return read(file)

    return reads


def codes(document: Document) -> list[str]:
    return [snippet.code for snippet in document.snippets]


def outputs(document: Document) -> list[str]:
    return [snippet.expected.text if snippet.expected else "" for snippet in document.snippets]


def notes(document: Document) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in document.notes]


# Notebook transcripts


def test_transcript_of_a_terminal(reads: Reads) -> None:
    document = reads(
        """
        In [1]: import torch
           ...: for i in range(2):
           ...:     print(i)
           ...:
        0
        1

        In [2]: torch.zeros(2, 1, 2)
        Out[2]:
        tensor([[[0., 0.]],

                [[0., 0.]]])

        In [3]: print("a"); 5
        a
        Out[3]: 5
        """
    )
    assert codes(document)[0] == "import torch\nfor i in range(2):\n    print(i)"
    assert outputs(document) == ["0\n1", "tensor([[[0., 0.]],\n\n        [[0., 0.]]])", "a\n5"]
    assert [snippet.line for snippet in document.snippets] == [1, 8, 14]


def test_transcript_values_that_parse_are_outputs(reads: Reads) -> None:
    document = reads(
        """
        In [1]:
        from torch import tensor
        x = tensor([1, 2])
        x

        tensor([1, 2])

        In [2]:
        x.shape
        torch.Size([2])

        In [3]:
        x.dtype, True

        (torch.int64, True)

        In [4]:
        print(x, x[0] > 0)
        tensor([1, 2]) tensor(True)

        In [5]:
        tensor([5])

        tensor([5])
        """
    )
    assert outputs(document) == [
        "tensor([1, 2])",
        "torch.Size([2])",
        "(torch.int64, True)",
        "tensor([1, 2]) tensor(True)",
        "tensor([5])",
    ]


def test_transcript_prose_is_neither_code_nor_output(reads: Reads) -> None:
    document = reads(
        """
        In [1]:
        x = torch.ones(2)

        Gradients

        In [2]:
        x.zero_()

        Summary

        ## Next

        y = x + 1

        In [3]:
        x = 1

        # now the rest

        y = 2
        """
    )
    assert codes(document) == ["x = torch.ones(2)", "x.zero_()", "x = 1\n\n# now the rest\n\ny = 2"]
    assert outputs(document) == ["", "", ""]
    assert notes(document) == [(13, "skipped")]


def test_transcript_texts_of_notebooks(reads: Reads) -> None:
    """IPython breaks long tuples into lines and has its own text for objects; words need not be English."""
    shown = [
        "(tensor([[27., 27.],\n         [27., 27.]], grad_fn=<MulBackward0>),\n tensor(27., grad_fn=<MeanBackward0>))",
        "<AddBackward0 at 0x7f44827c22d0>",
        "<bound method Tensor.backward of tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)>",
        "Sequential(\n  (0): Linear(in_features=2, out_features=1, bias=True)\n)",
    ]
    code = ["x, y", "x.grad_fn", "x.backward", "print(x)"]
    cells = [
        f"In [{n}]:\n{c}\n\n{s}\n\n\n接下来我们看\n\n<br>\n" for n, (c, s) in enumerate(zip(code, shown, strict=True))
    ]
    document = reads("In [9]:\nx = y = torch.ones(2)\n\n可以这样\n\n" + "\n".join(cells))
    assert codes(document)[1:] == code
    assert outputs(document) == ["", *shown]


def test_transcript_exception_and_warning(reads: Reads) -> None:
    document = reads(
        """
        In [7]:
        loss.backward()

        /tmp/a.py:3: UserWarning: be careful
          loss.backward()
        ---------------------------------------------------------------------------
        RuntimeError                              Traceback (most recent call last)
        Cell In[7], line 1
        ----> 1 loss.backward()

        File ~/torch/_tensor.py:500, in Tensor.backward(self)
            490 x = 5

        RuntimeError: Trying to backward through the graph a second time

        After that we go on.
        """
    )
    assert outputs(document) == ["RuntimeError: Trying to backward through the graph a second time"]
    assert notes(document) == [(4, "removed"), (6, "removed")]


def test_magics_are_removed_and_other_languages_skipped(reads: Reads) -> None:
    document = reads(
        """
        In [1]:
        %matplotlib inline
        import torch

        !pip install torch
        print(torch.pi)

        3.14
        In [2]:
        %%bash
        ls

        In [3]:
        %%time
        %time x = torch.ones(3)
        x?
        """
    )
    assert codes(document) == ["import torch\n\nprint(torch.pi)", "x = torch.ones(3)"]
    assert document.snippets[0].lines == (3, 4, 6)
    assert outputs(document) == ["", ""]
    assert notes(document) == [
        (2, "removed"),
        (5, "removed"),
        (8, "skipped"),  # pip prints, too
        (10, "skipped"),
        (14, "removed"),
        (15, "removed"),
        (16, "removed"),
    ]


def test_transcript_code_that_is_not_python_is_noted(reads: Reads) -> None:
    document = reads("In [1]:\nx = 1\n\nIn [2]:\ny = = 2\nprint(y)\n\n2\n\nIn [ ]:\n\nIn [3]:\n# only words\n")
    assert codes(document) == ["x = 1", "# only words"]
    assert notes(document) == [(5, "unreadable")]


def test_semicolon_ends_the_echo(reads: Reads) -> None:
    document = reads("In [1]:\nx = 1\nx;  # hidden\n\nIn [2]:\nx\n")
    assert [snippet.echo for snippet in document.snippets] == ["none", "last"]


# Blocks: books and Markdown


def test_book_callouts(reads: Reads) -> None:
    document = reads(
        """
        Listing B.1 Marks

        ```
        x = torch.ones(3)  #A
        y = x + 1 ①
        print("① ←", y)    ← the arrow's own words
        z = f(x,
        ➥ y)
        ```

        Example 2-3. Only letters

        ~~~
        x = "a #A"
        y = 2  #B
        ~~~
        """
    )
    assert codes(document) == ['x = torch.ones(3)\ny = x + 1\nprint("① ←", y)\nz = f(x,\ny)', 'x = "a #A"\ny = 2']
    assert [snippet.label for snippet in document.snippets] == ["Listing B.1", "Example 2-3"]
    assert notes(document) == [(4, "removed"), (5, "removed"), (6, "removed"), (8, "removed"), (15, "removed")]


def test_book_typesetting_is_made_plain(reads: Reads) -> None:
    document = reads("```\nprint(\u201ca\u201d,\u00a0\u2018b\u2019 , 3 \u2013 2)\n```\n")
    assert codes(document) == ["print(\"a\", 'b' , 3 - 2)"]
    assert document.snippets[0].reconstructed
    assert notes(document) == [(2, "reconstructed")]


@pytest.mark.parametrize(
    ("intro", "block", "shown"),
    [
        ("This prints", "loss = 0.5", "loss = 0.5"),
        ("and now", "loss = 0.25", "loss = 0.25"),  # the print of the code says so
        ("The resulting values are", "tensor([1., 2.], grad_fn=<AddBackward0>)", None),
        ("where", "(tensor([-0.0898]),)", None),
        ("which gives the following", "a text of its own", None),
        ("so", "Traceback (most recent call last):\n  ...\nTypeError: no", "TypeError: no"),
        ("so", "tensor([5.]) False\nTrue [1, 2]\nTrue (1, 2)", None),
    ],
)
def test_unmarked_output(reads: Reads, intro: str, block: str, shown: str | None) -> None:
    document = reads(f'```\nprint(f"loss = {{loss}}")\nprint(x)\n```\n{intro}\n```\n{block}\n```\n', ".md")
    assert outputs(document) == [shown or block]


@pytest.mark.parametrize(
    "block", ["loss.backward()", "y = x + 1", "print(w.grad)   ← here", "x.grad", "def f(x): return x"]
)
def test_unmarked_code_after_an_announcement(reads: Reads, block: str) -> None:
    document = reads(f"```\nprint(x)\n```\nThis prints the outputs:\n```\n{block}\n```\n", ".md")
    assert len(document.snippets) == 2
    assert outputs(document) == ["", ""]


def test_blocks_that_are_no_python_are_noted(reads: Reads) -> None:
    document = reads(
        """
        ```python
        x = 1
        ```
        ```bash
        pip install torch
        ```
        ```
        x --> [ w ] --> y
        ```
        ```console
        $ python train.py
        ```
        ```text
        2
        ```
        ```python
        x = = 2
        ```
        import torch
        y = 2
        ```{code-cell} ipython3
        z = 3
        ```
        """,
        ".md",
    )
    assert codes(document) == ["x = 1", "z = 3"]
    assert notes(document) == [
        (5, "skipped"),
        (8, "skipped"),
        (11, "skipped"),
        (14, "skipped"),
        (17, "unreadable"),
        (19, "skipped"),
    ]


def test_markdown_nested_and_indented_blocks(reads: Reads) -> None:
    document = reads(
        """
        1. item

           ```py
           x = [1,

                2]
           ```

        > ```python
        > for i in x:
        >     print(i)
        > ```
        >
        >     1
        >     2

        Text

            x[0] + 1

        Output:

            2
        """,
        ".md",
    )
    assert codes(document) == ["x = [1,\n\n     2]", "for i in x:\n    print(i)", "x[0] + 1"]
    assert outputs(document) == ["", "1\n2", "2"]
    assert [snippet.lines for snippet in document.snippets] == [(4, 5, 6), (10, 11), (19,)]
    assert [snippet.echo for snippet in document.snippets] == ["none", "none", "last"]


def test_cells_in_a_block(reads: Reads) -> None:
    document = reads("```ipython\nIn [1]: x = 2\n\nIn [2]: x\nOut[2]: 2\n```\n", ".md")
    assert codes(document) == ["x = 2", "x"]
    assert outputs(document) == ["", "2"]


# Sessions


SESSION = """
Some prose.

{0}>>> x = torch.ones(2)
{0}>>> x.zero_()
{0}>>> def f(a):
{0}...     return a
{0}...
{0}>>> f(x); 3
{0}tensor([0., 0.])
{0}3
{0}>>> print()
{0}<BLANKLINE>
{0}>>> torch.zeros(1, 2, 1)
{0}tensor([[[0.],
{0}         [0.]],
{0}
{0}        [[0.]]])
{0}>>> 1 / 0
{0}Traceback (most recent call last):
{0}    ...
{0}ZeroDivisionError: division by zero

More prose.
"""


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        (SESSION.format(""), ".txt"),
        (SESSION.format("    "), ".txt"),
        (SESSION.format("    "), ".md"),
        (SESSION.replace("\nMore", "```\nMore").replace("\n{0}>>> x =", "```\n>>> x =").format(""), ".md"),
    ],
)
def test_session(reads: Reads, text: str, suffix: str) -> None:
    document = reads(text, suffix)
    assert codes(document) == [
        "x = torch.ones(2)\nx.zero_()",
        "def f(a):\n    return a\n\nf(x); 3",
        "print()",
        "torch.zeros(1, 2, 1)",
        "1 / 0",
    ]
    assert outputs(document) == [
        "",
        "tensor([0., 0.])\n3",
        "",
        "tensor([[[0.],\n         [0.]],\n\n        [[0.]]])",
        "ZeroDivisionError: division by zero",
    ]
    assert {snippet.echo for snippet in document.snippets} == {"all"}


# Run-together text


def test_plain_lines_need_no_reconstruction(reads: Reads) -> None:
    document = reads(
        """
        A blog.

        import torch
        x = torch.tensor([1.0,
                          2.0])  # so x = 5 would be wrong
        for i in range(2):
            print(i)

        0
        1

        And the shape:
        x.shape
        torch.Size([2])
        That was it
        """
    )
    assert len(document.snippets) == 2
    assert outputs(document) == ["0\n1", "torch.Size([2])"]
    assert [snippet.reconstructed for snippet in document.snippets] == [None, None]
    assert notes(document) == []


def test_run_together_blocks_and_prose(reads: Reads) -> None:
    document = reads(
        """
        import torch a = torch.ones(3) # three ones b = a * 2 print(a, b)
        Then: def f(x): y = x * 2 return y print(f(a))The result is nice.
        @torch.no_grad() def g(x): return x g(a)
        try: a + "x" except TypeError as e: print(e) print("after")
        True False
        We call a.sum() and set b = 3 here; import this.
        x = 1 y = (2 and more
        """
    )
    assert codes(document) == [
        "import torch\na = torch.ones(3)\n# three ones\nb = a * 2\nprint(a, b)",
        "def f(x):\n    y = x * 2\n    return y\nprint(f(a))",
        "@torch.no_grad()\ndef g(x):\n    return x\ng(a)",
        'try:\n    a + "x"\nexcept TypeError as e:\n    print(e)\nprint("after")',
    ]
    assert outputs(document) == ["", "", "", ""]  # the ends of the output's lines are lost, too
    kinds = [(line, kind) for line, kind in notes(document) if kind != "reconstructed"]
    assert kinds == [(5, "skipped"), (6, "skipped"), (6, "skipped"), (7, "skipped")]


def test_lost_indentation(reads: Reads) -> None:
    document = reads(
        """
        Some words.
        with torch.no_grad():
        w -= 0.1 * w.grad
        if w.sum() > 0:
        y = 1
        else:
        y = 2
        def f(a):
        b = a * 2
        return b
        print(f(3))
        6
        And so on.

        for all of these:
        """
    )
    assert codes(document) == [
        "with torch.no_grad():\n    w -= 0.1 * w.grad",
        "if w.sum() > 0:\n    y = 1\nelse:\n    y = 2",
        "def f(a):\n    b = a * 2\n    return b",
        "print(f(3))",
    ]
    assert [snippet.lines for snippet in document.snippets] == [(2, 3), (4, 5, 6, 7), (8, 9, 10), (11,)]
    assert [bool(snippet.reconstructed) for snippet in document.snippets] == [True, True, True, False]
    assert outputs(document) == ["", "", "", "6"]


def test_long_lines_take_no_long_time(reads: Reads) -> None:
    code = " ".join(f"def f{i}(a): b = a * 2 # so c = {i} d = 3" for i in range(60))
    document = reads(f"x = 1 y = 2\n{code} and this is broken.\n" + "many words (as here) and x = 3, " * 300)
    assert [snippet.line for snippet in document.snippets] == [1, 2]
    assert document.snippets[1].code.endswith("# so c = 59 d = 3 and this is broken.")
    assert {(2, "skipped"), (3, "skipped")} <= set(notes(document))


# Notebooks


def notebook_text(version: int) -> str:
    v4 = nbformat.v4
    outputs = [
        v4.new_output("stream", name="stdout", text="1\n\n"),
        v4.new_output("stream", name="stderr", text="a warning\n"),
        v4.new_output("display_data", data={"text/plain": "<Figure>"}),
        v4.new_output("execute_result", data={"text/plain": "2", "text/html": "<b>2</b>"}, execution_count=1),
    ]
    error = v4.new_output("error", ename="ValueError", evalue="no\nnever", traceback=["…"])
    cells = [
        v4.new_markdown_cell("# Words\n\nx = 1"),
        v4.new_code_cell("%matplotlib inline\nx = 1\n\nprint(x)\nx + 1", execution_count=1, outputs=outputs),
        v4.new_code_cell("raise ValueError('no\\nnever')", outputs=[error]),
        v4.new_code_cell(""),
        v4.new_code_cell("x = = 1"),
    ]
    notebook = v4.new_notebook(cells=cells)
    return nbformat.writes(notebook, version=version) if version == 4 else json.dumps(v4.downgrade(notebook), indent=1)


@pytest.mark.parametrize("version", [3, 4])
def test_notebook(reads: Reads, version: int) -> None:
    text = notebook_text(version)
    document = reads(text, ".ipynb")
    assert codes(document) == ["x = 1\n\nprint(x)\nx + 1", "raise ValueError('no\\nnever')"]
    assert outputs(document) == ["1\n\n2", "ValueError: no\nnever"]
    assert [snippet.label for snippet in document.snippets] == ["In [1]", "cell 3"]
    assert [note.kind for note in document.notes] == ["removed", "unreadable"]
    lines = text.split("\n")
    assert "print(x)" in lines[document.snippets[0].lines[2] - 1]
    assert "x = = 1" in lines[document.notes[1].line - 1]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"cells": [\n{"cell_type": "code",\n', 3),
        ("[1, 2]", None),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}', None),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}', None),
        ("[" * 100_000, None),
        ("", 1),
    ],
)
def test_damaged_notebook(reads: Reads, text: str, line: int | None) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        reads(text, ".ipynb")
    assert caught.value.line == line
