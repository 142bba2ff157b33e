"""Finding documents, refusing what is none, and adding a format."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conformance.documents
from conformance.documents import UnreadableDocument, find, read
from conformance.documents.reading import readers


def test_find(tmp_path: Path) -> None:
    for name in ["b.md", "a.TXT", "sub/c.ipynb", "sub/.ipynb_checkpoints/c.ipynb", "d.py", ".hidden.md", "e.py"]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# %%\nx = 1\n" if name == "e.py" else "")
    found = find([tmp_path / "d.py", tmp_path, tmp_path / "b.md", tmp_path / "missing"])
    assert [str(file.relative_to(tmp_path)) for file in found] == [
        "d.py",
        "a.TXT",
        "b.md",
        "e.py",
        "sub/c.ipynb",
        "missing",
    ]


def test_find_in_a_folder_without_documents(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"no document in this folder; known: \.ipynb, \.markdown"):
        find([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("missing.txt", None, None, "no such file"),
        ("code.js", b"x = 1", None, r"no reader for \.js; known: "),
        ("README", b"x = 1", None, "a file without a suffix"),
        ("latin.txt", b"In [1]:\nx = 1\n# \xe9t\xe9\n", 3, "not UTF-8: byte 0xe9"),
        ("utf16.txt", "x = 1".encode("utf-16"), 1, "not UTF-8"),
        ("words.txt", b"Only words.\n", None, "no code to run was found"),
        ("words.md", b"# Title\n\n```js\nlet x\n```\n", 4, "no code to run was found.*'js' is not Python"),
        ("empty.md", b"", None, "no code to run was found"),
        ("empty.rst", b"", None, "no code to run was found"),
        ("empty.py", b"", None, "no code to run was found"),
        ("broken.py", b"x = 1\n\ny = = 2\n", 3, "this script is not Python: invalid syntax"),
        ("null.py", b"x = 1\0", 1, "this script is not Python: .*null byte"),
        ("latin.rst", b"::\n\n  x\n\n\xe9\n", 5, "not UTF-8: byte 0xe9"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, content: bytes | None, line: int | None, reason: str) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UnreadableDocument, match=reason) as caught:
        read(file)
    assert caught.value.file == file
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{file}:{line}: " if line else f"{file}: ")


def test_folder_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument):
        read(tmp_path)


def test_lines_are_those_an_editor_counts(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    text = "\ufeffA page\x0c and\u2028 more\n\n```\nx = 1\nprint(x)\n```\nThis prints\n```\n1\n```"
    file.write_bytes(text.replace("\n", "\r\n").encode())
    [snippet] = read(file).snippets
    assert snippet.code == "x = 1\nprint(x)"
    assert snippet.lines == (4, 5)
    assert snippet.expected
    assert (snippet.expected.line, snippet.expected.text) == (9, "1")


FORMAT = """
from conformance.documents.reading import Reader, Reading
from conformance.documents.source import lines_of


def read(text):
    reading = Reading()
    for line in lines_of(text):
        reading.code([line])
    return reading


READER = Reader("code, line by line", frozenset({".lines", ".txt"}), read, lambda text: text.startswith("#!"))
"""


def test_a_format_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "line_by_line.py").write_text(FORMAT)
    monkeypatch.setattr(conformance.documents, "__path__", [*conformance.documents.__path__, str(tmp_path)])
    readers.cache_clear()
    try:
        for name in ["a.lines", "b.txt"]:
            file = tmp_path / name
            file.write_text("#!lines\nx = 1\ny = 2\n")
            document = read(file)
            assert document.format == "code, line by line"
            assert [snippet.line for snippet in document.snippets] == [1, 2, 3]
        assert tmp_path / "a.lines" in find([tmp_path])
    finally:
        readers.cache_clear()


PIECES = [
    *("In [1]:", "Out[1]:", "```", "```python", ">>> x = (", "... y", "    x", "x = 1", "print(x", "'''", "# a", ""),
    *(
        "with a: b = 2",
        "def f(x):",
        "→ ①",
        "%time",
        "!ls",
        "tensor([1.,",
        "Traceback (most recent call last):",
        "]",
        "\\",
    ),
    *("# %% [md]", "::", ".. code-block:: python", "   .. note::", "+---+", "```{code-cell}", "# conformance: seed 1"),
    *("<!-- conformance: skip (words) -->", ".. conformance: raises E", "% conformance: nothing", "---", ":a:", "* ::"),
    *("some prose, as x = 3 here", "@", "lambda: (yield)", "return x", "\x00", "{'a'", "f'{x!r", "else: y", "E: x"),
]


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12),
    suffix=st.sampled_from([".txt", ".md", ".rst", ".py"]),
    together=st.sampled_from(["\n", " "]),
)
def test_any_text_is_a_document_or_refused(lines: list[str], suffix: str, together: str) -> None:
    """And whatever becomes a snippet is Python, on lines that the file has."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"any{suffix}")
        file.write_bytes(together.join(lines).encode("utf-8", "ignore"))
        try:
            document = read(file)
        except UnreadableDocument:
            return
        count = len(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
        for snippet in document.snippets:
            compile(snippet.code, "<snippet>", "exec")
            assert len(snippet.lines) == len(snippet.code.split("\n"))
        places = [line for snippet in document.snippets for line in snippet.lines]
        assert all(1 <= line <= count for line in [*places, *(note.line for note in document.notes)])
        assert places == sorted(places)
