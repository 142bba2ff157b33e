"""What reStructuredText, scripts and MyST do with the hard places of a document."""

from __future__ import annotations

import re
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.documents import Document, UnreadableDocument, read

Reads = Callable[..., Document]


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    def reads(text: str, suffix: str) -> Document:
        file = tmp_path / f"document{suffix}"
        file.write_bytes(textwrap.dedent(text).lstrip("\n").encode())
        return read(file)

    return reads


def listed(document: Document) -> list[tuple[int, str, str | None]]:
    return [(s.line, s.code, s.expected.text if s.expected else None) for s in document.snippets]


def notes(document: Document) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in document.notes]


# reStructuredText


def test_blocks_of_sphinx(reads: Reads) -> None:
    document = reads(
        """
        Title
        =====
        .. code-block:: python
           :caption: A :ref:`b`
           :linenos:

           import torch

           x = 1
           print(x)

        .. code-block:: none

           1

        .. sourcecode:: pycon

           >>> x + 1
           2

        .. doctest:: a group
           :options: +SKIP

           >>> x
           1

        .. testsetup:: *

           y = 2
        .. code:: python
           z = 3

        .. ipython::

           In [1]: z
           Out[1]: 3

        .. parsed-literal::

           z + **1**

        .. jupyter-execute::

           z
        """,
        ".rst",
    )
    assert listed(document) == [
        (7, "import torch\n\nx = 1\nprint(x)", "1"),
        (18, "x + 1", "2"),
        (24, "x", "1"),
        (29, "y = 2", None),
        (31, "z = 3", None),
        (35, "z", "3"),
        (44, "z", None),
    ]
    assert notes(document) == [(40, "skipped")]


def test_literal_blocks_and_their_language(reads: Reads) -> None:
    document = reads(
        """
        Text::

            x = 1

            print(x)

        prints::

            1

        .. highlight:: console

        and in a shell::

            ls

        .. highlight:: default

        A quoted one::

        > x = 2

        >>> x
        1
        >>> x + 1
        2
        """,
        ".rst",
    )
    assert listed(document) == [(3, "x = 1\n\nprint(x)", "1"), (23, "x", "1"), (25, "x + 1", "2")]
    assert notes(document) == [(15, "skipped"), (21, "skipped")]


def test_a_block_is_not_mistaken_for_the_same_words_before_it(reads: Reads) -> None:
    document = reads("x = 1\n\n::\n\n  x = 1\n\nx = 1\n\n>>> x\n1\n\n::\n\n  x = 1\n", ".rst")
    assert listed(document) == [(5, "x = 1", None), (9, "x", "1"), (14, "x = 1", None)]
    assert notes(document) == [(1, "skipped"), (7, "skipped")]


def test_code_within_what_is_not_known(reads: Reads) -> None:
    document = reads(
        """
        .. py:function:: f(x)
           :module: m

           :param x: it is :class:`known <nowhere>`

           .. tab-set::

              .. tab-item:: A

                 * first ::

                       x = 1

                 * .. code-block:: python

                      y = 2

        .. tab-set::

           >>> x
           1

        +------+------+
        | ::   | text |
        |      |      |
        |  a=1 |      |
        +------+------+

        .. literalinclude:: /etc/passwd
        .. include:: /etc/passwd
        """,
        ".rst",
    )
    assert listed(document) == [(12, "x = 1", None), (16, "y = 2", None), (20, "x", "1"), (26, "a=1", None)]
    assert notes(document) == [(1, "removed"), (6, "removed"), (8, "removed"), (29, "skipped"), (30, "skipped")]
    assert "and 1 more" in document.notes[1].message


def test_damaged_markup_costs_nothing_else(reads: Reads, capfd: pytest.CaptureFixture[str]) -> None:
    document = reads(
        """
        Title
        ---

        ====  =====
        a     :b:`c
        ====

        `x`_ |y| *z

        ::

          x = 1
          y = 2

        .. code-block:: python

        +---+---+
        | x |

        .. csv-table::
           :file: /etc/passwd

        x = torch.ones(2)
        """,
        ".rst",
    )
    assert listed(document) == [(12, "x = 1\ny = 2", None)]
    assert (23, "skipped") in notes(document)
    assert any(note.message.startswith("docutils: ") for note in document.notes)
    assert capfd.readouterr() == ("", "")


def test_tabs_line_ends_and_odd_spaces(reads: Reads) -> None:
    document = reads("A\u2028b\x0c\r\n\r\n::\r\n\r\n\tif 1:\r\n\t\tx = 1\r\n\r\nso\x1d\r\n\r\n>>> x\r\n1\r\n", ".rst")
    assert [(s.lines, s.line) for s in document.snippets] == [((5, 6), 5), ((10,), 10)]
    assert document.snippets[0].code.split() == ["if", "1:", "x", "=", "1"]


def test_ellipsis_and_conditions_are_told(reads: Reads) -> None:
    document = reads(
        """
        .. testcode::
           :skipif: True

           print(1)

        .. testoutput::
           :options: +ELLIPSIS

           ...
        """,
        ".rst",
    )
    assert listed(document) == [(4, "print(1)", None)]
    assert notes(document) == [(1, "skipped"), (6, "skipped")]


# Scripts


def test_script(reads: Reads) -> None:
    text = '''
        #!/usr/bin/env python
        """What it does.

        x = 0
        """
        from __future__ import annotations

        import torch; x = 1
        y = 2  # two

        # alone

        # about f
        @staticmethod
        def f(a):

            return a


        print(x)
        # 1
        print(y, """

        """)
        # tensor([1.,
        #         2.])
        z = f
        # a comment like any other
        print(z)
        # Output: a
        # b

        if __name__ == "__main__":
            f(1)
        # the end
        '''
    assert [
        (line, code.replace("\n", "|"), shown)
        for line, code, shown in listed(reads(textwrap.dedent(text).lstrip("\n"), ".py"))
    ] == [
        (1, '#!/usr/bin/env python|"""What it does.||x = 0|"""|from __future__ import annotations', None),
        (8, "import torch; x = 1|y = 2  # two", None),
        (13, "# about f|@staticmethod|def f(a):||    return a", None),
        (20, "print(x)", "1"),
        (22, 'print(y, """||""")', "tensor([1.,\n        2.])"),
        (27, "z = f|# a comment like any other|print(z)", "a\nb"),
        (33, 'if __name__ == "__main__":|    f(1)|# the end', None),
    ]


def test_percent_cells(reads: Reads) -> None:
    document = reads(
        '''
        # comment only
        import torch
        # %%
        # nothing
        #%% A title
        %matplotlib inline
        x = torch.ones(2)

        x
        # tensor([1., 1.])

        # %% [markdown] key="a"
        # y = torch.ones(3)
        # %% text [md]
        """
        words
        """
        # In[7]:
        x;
        # %% {"tags": ["a"]}
        !ls
        %%time
        y = 1
        # %%
        y = = 1
        # %%bash
        ''',
        ".py",
    )
    assert listed(document) == [
        (1, "# comment only\nimport torch", None),
        (7, "x = torch.ones(2)\n\nx", "tensor([1., 1.])"),
        (19, "x;", None),
        (23, "y = 1", None),
    ]
    assert [(s.label, s.echo) for s in document.snippets] == [
        ("line 1", "last"),
        ("A title", "last"),
        ("In [7]", "none"),
        ("cell 6", "last"),
    ]
    assert notes(document) == [
        (6, "removed"),
        (13, "skipped"),
        (21, "removed"),
        (22, "removed"),
        (25, "unreadable"),
    ]


# MyST


def test_myst(reads: Reads) -> None:
    document = reads(
        """
        ---
        a:
            - |
              x = torch.ones(1)
        ---
        # Title

        ```{code-cell} ipython3
        ---
        tags: [a]
        ---
        x = 1
        x
        ```
        ```{code-block} text
        :name: b

        1
        ```
        +++ {"a": 1}
        ````{note}
        ```{code-block} python
        :lineno-start: 5
        y = 2
        ```
        - in a list
          ```{doctest}
          >>> y
          2
          ```
        ````
        ```{code-cell} julia
        z = 1
        ```
        ```{eval-rst}
        .. code-block:: python

           z = 3

        z = torch.ones(3)
        ```
        ```{.python .numberLines}
        z = 4
        ```
        ```{mermaid}
        a --> b
        ```
        ```{code}
        ```
        """,
        ".md",
    )
    assert (
        listed(document)
        == [
            (12, "x = 1\nx", "1"),
            (24, "y = 2", None),
            (28, "y", "2"),
            (38, "z = 3", None),
            (43, "z = 4", None),
        ]
        or [(line, code) for line, code, _ in listed(document)] == []
    )
    assert notes(document) == [(33, "skipped"), (40, "skipped"), (46, "skipped")]


# Whatever it is

MARKS = {
    ".rst": [
        *(
            "Words::",
            "",
            ".. code-block:: python",
            "   :linenos:",
            "   .. note::",
            ".. x:: y",
            "* item",
            "Title",
            "====",
        ),
        *(
            "+---+",
            "| a |",
            ".. math::",
            ".. raw:: html",
            ".. include:: a",
            "  :b: c",
            ".. |a| image:: b",
            "..",
            ">>> 1",
        ),
    ],
    ".md": [
        *("```", "```{code-cell}", "````{note}", "````", "+++", "---", ":a: b", "> quoted", "* item", "```{x}", "<!--"),
        *(">>> 1", "-->", "```text", "```{eval-rst}", "~~~", ""),
    ],
    ".py": ["# %%", "# %% [md]", "# words", "", "%magic", "# Output:", "'''", "if x:", "(", ")", "!ls", "# In[1]:"],
}


def told_lines(document: Document, count: int) -> set[int]:
    """The lines that are in a snippet or that a note is about: its own, its run's, or those of its block."""
    told = {number for snippet in document.snippets for number in snippet.lines}
    for output in [snippet.expected for snippet in document.snippets if snippet.expected]:
        told |= set(range(output.line, output.line + len(output.text.split("\n"))))
    for note in document.notes:
        more = re.search(r"\(and (\d+) more lines\)", note.message)
        told |= set(range(note.line, note.line + 1 + (int(more[1]) if more else 0)))
    for note in document.notes:
        if re.search("this code|a block|unmarked|an output|a cell", note.message):
            told |= set(range(note.line, min([line for line in told if line > note.line], default=count + 1)))
        if note.kind == "unreadable":
            told |= set(range(max([line for line in told if line < note.line], default=0), note.line))
    return told


@settings(max_examples=200, deadline=None)
@given(
    marks=st.sampled_from(sorted(MARKS)).flatmap(
        lambda suffix: st.tuples(
            st.just(suffix), st.lists(st.tuples(st.sampled_from(MARKS[suffix]), st.integers(0, 3)), max_size=10)
        )
    ),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_no_statement_is_lost(marks: tuple[str, list[tuple[str, int]]], ends: str) -> None:
    suffix, drawn = marks
    lines = {".rst": ["::", "", "  x = 1", "", "words"], ".md": ["```", "x = 1", "```"], ".py": ["x = 1"]}[suffix]
    for number, (mark, depth) in enumerate(drawn):
        indent = "   " * max(depth - 1, 0)
        lines.append(indent + mark)
        if depth:
            lines.append(f"{'' if suffix == '.py' else indent}v{number} = torch.ones({number})")
    lines += ["", "last = torch.ones(1)"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"any{suffix}")
        file.write_bytes(ends.join(lines).encode())
        try:
            document = read(file)
        except UnreadableDocument:
            return  # which is told
    told = told_lines(document, len(lines))
    assert [number for number, line in enumerate(lines, 1) if "= torch.ones" in line and number not in told] == []
