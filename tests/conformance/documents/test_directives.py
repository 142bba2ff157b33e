"""Directives: what is one, what it is about in each format, and what becomes of one that cannot be obeyed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from conformance.documents import Raises, UnreadableDocument, read

Said = list[tuple[int, object]]
Says = Callable[..., Said]


@pytest.fixture
def says(tmp_path: Path) -> Says:
    def says(text: str, suffix: str = ".md") -> Said:
        """The line of each snippet and its directive."""
        file = tmp_path / f"document{suffix}"
        file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return [
            (s.line, next((it for it in (s.skip, s.raises, s.seed) if it is not None), None))
            for s in read(file).snippets
        ]

    return says


@pytest.mark.parametrize(
    ("directive", "meaning"),
    [
        ("skip (needs a GPU)", "needs a GPU"),
        ("skip(a (small) reason)", "a (small) reason"),
        ("raises RuntimeError", Raises("RuntimeError", None, 2)),
        ("raises torch.linalg.LinAlgError: a ... b: c", Raises("LinAlgError", "a ... b: c", 2)),
        ("seed 0", 0),
        ("  seed   4294967295  ", 4294967295),
    ],
)
def test_directive(says: Says, directive: str, meaning: object) -> None:
    assert says(f"```python\n# conformance: {directive}\nx = 1\n```\n") == [(2, meaning)]


@pytest.mark.parametrize(
    ("directive", "reason"),
    [
        ("skip", "needs a reason in parentheses"),
        ("skip ()", "needs a reason in parentheses"),
        ("skip needs a GPU", "needs a reason in parentheses"),
        ("skip (a) or not", "needs a reason in parentheses"),
        ("raises", "needs a class"),
        ("raises RuntimeError:", "needs a class"),
        ("raises a b", "needs a class"),
        ("seed", "needs a number"),
        ("seed -1", "needs a number"),
        ("seed 1.5", "needs a number"),
        ("seed 4294967296", "needs a number"),
        ("sead 1", "is not known: a directive is one of skip, raises, seed"),
        ("", "is not known"),
        (": skip (a colon too much)", "is not known"),
    ],
)
@pytest.mark.parametrize(
    ("form", "suffix", "line"),
    [
        ("```python\nx = 1\n\nx  # conformance: {}\n```\n", ".md", 4),
        ("Words\n\n<!-- conformance: {} -->\n\n```python\nx = 1\n```\n", ".md", 3),
        ("% conformance: {}\n```python\nx = 1\n```\n", ".md", 1),
        ("Words\n\n.. conformance: {}\n\n::\n\n  x = 1\n", ".rst", 3),
        ("x = 1\n\n# conformance: {}\ny = 2\n", ".py", 3),
        ("# %%\nx = 1\n# conformance: {}\n", ".py", 3),
    ],
)
def test_malformed(says: Says, form: str, suffix: str, line: int, directive: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as caught:
        says(form.format(directive), suffix)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "suffix", "line", "reason"),
    [
        ("```python\nx = 1\n```\n<!-- conformance: seed 1 -->\n", ".md", 4, "no code follows this directive 'seed'"),
        ("::\n\n  x = 1\n\n.. conformance: skip (a)\n", ".rst", 5, "no code follows this directive 'skip'"),
        ("x = 1\n\n# conformance: seed 1\n", ".py", 3, "no code follows this directive 'seed'"),
        ("# conformance: seed 1\nx = 1  # conformance: seed 2\n", ".py", 2, "a second directive 'seed'"),
        ("```py\nx = 1\n```\n<!-- conformance: seed 1 -->\n```sh\nls\n```\n", ".md", 4, "about what is not run"),
        ("```py\nx = 1\n```\n```py\n# conformance: raises E\ny = = 1\n```\n", ".md", 5, "about what is not run"),
    ],
)
def test_about_nothing(says: Says, text: str, suffix: str, line: int, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as caught:
        says(text, suffix)
    assert caught.value.line == line


def test_what_is_none(says: Says) -> None:
    assert says(
        """
        conformance: skip (words)

        ```python
        x = "# conformance: nothing"
        # of conformance: nothing
        '''
        # conformance: nothing
        '''
        ```
        """
    ) == [(4, None)]


@pytest.mark.parametrize(
    ("directive", "meanings"),
    [
        ("skip (a)", ["a", "a"]),
        ("seed 5", [5, None]),
        ("raises E", [None, Raises("E", None, 6)]),
    ],
)
@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("```py\nx = 1\n```\n\n\n<!-- conformance: {} -->\n```\n{}```\n```py\ny = 1\n```\n", ".md"),
        ("```py\nx = 1\n```\n\n<!--\nconformance: {}\n-->\n```\n{}```\n```py\ny = 1\n```\n", ".md"),
        ("::\n\n  x = 1\n\n\n.. conformance: {}\n\n{}\n::\n\n  y = 1\n", ".rst"),
        ("::\n\n  x = 1\n\n..\n   conformance: {}\n\n{}\n::\n\n  y = 1\n", ".rst"),
        (">>> y\n1\n\n\nWords\n<!-- conformance: {} -->\n\n{}\n\nWords\n\n>>> y\n1\n", ".txt"),
    ],
)
def test_before_a_block(says: Says, form: str, suffix: str, directive: str, meanings: list[object]) -> None:
    text = form.format(directive, ">>> x = 1\n>>> x\n1\n>>> x + 1\n2\n")
    assert [meaning for _, meaning in says(text, suffix)] == [None, *meanings, None]


def test_in_a_session(says: Says) -> None:
    """A statement with a directive is a snippet of its own, and nothing else is lost."""
    document = """
        >>> x = 1
        >>> # conformance: skip (a)
        >>> y = 2
        >>> z = 3
        >>> z
        3
        >>> w = gpu()  # doctest: +ELLIPSIS, +SKIP
        >>> z; z  # conformance: raises E
        """
    raises = Raises("E", None, 8)
    assert says(document, ".txt") == [
        (1, None),
        (2, "a"),
        (4, None),
        (7, "marked '# doctest: +SKIP'"),
        (8, raises),
    ]


def test_in_other_texts(says: Says) -> None:
    assert says("Words\n<!-- conformance: seed 1 -->\n```\nx = 1\n```\n", ".txt") == [(4, 1)]
    assert says("Words\n<!-- conformance: seed 1 -->\nIn [1]:\nx = 1\n\nIn [2]:\ny = 1\n", ".txt") == [
        (4, 1),
        (7, None),
    ]
    assert says("Words.\n\n# conformance: seed 1\nx = torch.ones(3)\n", ".txt") == [(3, 1)]


def test_code_that_is_not_python_may_be_skipped(says: Says, tmp_path: Path) -> None:
    text = "```py\nx = 1\n```\n<!-- conformance: skip (a) -->\n```sh\nls\n```\n"
    assert says(text + "```py\n# conformance: skip (b)\ny = = 1\n```\n") == [(2, None)]
    told = [note.message for note in read(tmp_path / "document.md").notes]
    assert "not run, as the document says: a" in told
    assert "not run, as the document says: b" in told


def notebook(*cells: nbformat.NotebookNode) -> str:
    return nbformat.writes(nbformat.v4.new_notebook(cells=list(cells)))


def test_of_a_notebook(says: Says) -> None:
    code, words = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    text = notebook(
        code("x", metadata={"tags": ["hide", "skip-execution"]}),
        code("y", metadata={"tags": ["raises-exception"]}),
        code("z", metadata={"conformance": "seed 3"}),
        code("z", metadata={"conformance": ["seed 4"]}),
        words("<!-- conformance: skip (a) -->"),
        code("z"),
        code("z\n# conformance: seed 5"),
        code("%%bash\nls", metadata={"tags": ["raises-exception"]}),
    )
    place = text.split("\n").index('     "raises-exception"') + 1
    assert [meaning for _, meaning in says(text, ".ipynb")] == [
        "tagged 'skip-execution'",
        Raises("Exception", None, place),
        3,
        4,
        "a",
        5,
    ]
    text = notebook(code("x"), code("z", metadata={"conformance": ["sead 4"]}))
    with pytest.raises(UnreadableDocument, match="is not known") as caught:
        says(text, ".ipynb")
    assert "sead" in text.split("\n")[(caught.value.line or 0) - 1]
    with pytest.raises(UnreadableDocument, match="no code follows"):
        says(notebook(code("x"), words("<!-- conformance: seed 1 -->")), ".ipynb")


def test_of_cells(says: Says) -> None:
    assert says(
        """
        # %% [markdown]
        # Words
        # <!-- conformance: seed 1 -->
        # %%
        x = 1
        # %% [markdown]
        # conformance: seed 2
        # %% Title {"tags": ["skip-execution"]}
        y = 1
        # %%
        z = 1
        # conformance: seed 3
        """,
        ".py",
    ) == [(5, 1), (9, "tagged 'skip-execution'"), (11, 3)]
    assert says("```{code-cell}\n:tags: [skip-execution, a]\nx = 1\n```\n") == [(3, "tagged 'skip-execution'")]
