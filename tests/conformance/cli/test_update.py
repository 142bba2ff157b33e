"""``conformance update``: what it rewrites, and that it rewrites nothing else. The look-alike stands for PyTorch."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from conformance.suites.updating import Unwritten, Update, write

pytestmark = pytest.mark.usefixtures("made_up_torch")

RIGHT = """# A page

1. Make a tensor:

   ```python
   import torch
   x = torch.tensor([1.5, 2.25])
   print(x)
   ```

   ```text
   tensor([1.5 , 2.25])
   ```

> ~~~python
> print("two")
> print("lines")
> ~~~
>
> ~~~text
> two
> lines
> ~~~

```pycon
>>> x * x
tensor([2.25  , 5.0625])
>>> print("a\\n\\nb")
a
<BLANKLINE>
b
>>> x * torch.tensor([1.0])
Traceback (most recent call last):
  ...
RuntimeError: sizes do not fit
```
"""
STALE = (
    RIGHT.replace("tensor([1.5 , 2.25])", "tensor([1.0])\n   and more")
    .replace("> two\n", "")
    .replace("> lines\n> ~~~\n\n", "> other lines\n> ~~~\n\n")
    .replace("5.0625", "7.0")
    .replace("a\n<BLANKLINE>\nb", "a")
    .replace("RuntimeError: sizes do not fit", "ValueError: size")
)


@pytest.fixture
def page(tmp_path: Path) -> Any:
    def make(text: str | bytes, name: str = "page.md") -> Path:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return make


def notebook(*cells: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    made = [
        {"source": source, "cell_type": "code", "execution_count": 1, "outputs": outputs, "metadata": {}}
        for source, outputs in cells
    ]
    return {"nbformat": 4, "metadata": {"z": 1, "a": "é"}, "nbformat_minor": 4, "cells": made}


def stream(text: Any) -> dict[str, Any]:
    return {"output_type": "stream", "text": text, "name": "stdout"}


def value(text: Any, **others: str) -> dict[str, Any]:
    data = others | {"text/plain": text}
    return {"metadata": {}, "output_type": "execute_result", "data": data, "execution_count": 1}


def error(name: str, text: str) -> dict[str, Any]:
    trace = ["\x1b[31m-----\x1b[39m", f"\x1b[31m{name}\x1b[39m: {text}"]
    return {"output_type": "error", "traceback": trace, "evalue": text, "ename": name}


def test_a_dry_run_then_a_wet_one(conformance: Any, page: Any) -> None:
    file = page(STALE)
    answer = conformance("update", file)
    assert (answer.status, file.read_text()) == (1, STALE)
    assert {"-   tensor([1.0])", "+   tensor([1.5 , 2.25])", "+> two", "+<BLANKLINE>"} <= {*answer.output.split("\n")}
    assert "5 outputs to be updated by --write" in answer.output
    answer = conformance("update", file, "--write")
    assert (answer.status, file.read_text()) == (0, RIGHT)
    assert "-   tensor([1.0])" in answer.output
    answer = conformance("update", file)
    assert (answer.status, answer.output.strip()) == (0, "no output is stale")
    answer = conformance("run", file, "--subject", "torch", "--reference", "torch")
    outputs = [it["output"]["verdict"] for it in answer.report["documents"][0]["snippets"] if it["output"]]
    assert outputs == ["matches"] * 5


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"], ids=["", "mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_other_byte_stays(conformance: Any, page: Any, before: bytes, end: str) -> None:
    wrong, right = (before + text.rstrip().replace("\n", end).encode() for text in (STALE, RIGHT))
    file = page(wrong)
    file.chmod(0o640)
    link = file.with_name("link.md")
    link.symlink_to(file)
    assert conformance("update", link, "--write").status == 0
    assert file.read_bytes() == right
    assert (file.stat().st_mode & 0o777, link.is_symlink()) == (0o640, True)


@pytest.mark.parametrize(
    "form", [{"indent": 1, "ensure_ascii": False}, {}, {"indent": "\t"}, {"separators": (",", ":")}]
)
@pytest.mark.parametrize("lines", [True, False])
def test_a_notebook(conformance: Any, page: Any, form: dict[str, Any], lines: bool) -> None:
    def text(*told: str) -> Any:
        whole = "\n".join(told)
        return whole.splitlines(keepends=True) if lines else whole

    def made(*outputs: list[dict[str, Any]]) -> str:
        sources = "import torch\nx = torch.tensor([1.5])\nprint('é')\nx", "x * x", "x * torch.tensor([1.0, 2.0])", "x"
        return json.dumps(notebook(*zip(sources, outputs, strict=True)), **form) + "\n"

    wrong = made(
        [stream(text("e", "f", "")), value(text("tensor([1.5])"))],
        [value(text("tensor(", "[2.0])"))],
        [error("ValueError", "sizes")],
        [value(text("tensor([1.5])"))],
    )
    right = made(
        [stream(text("é", "")), value(text("tensor([1.5])"))],
        [value(text("tensor([2.25])"))],
        [error("RuntimeError", "sizes do not fit")],
        [value(text("tensor([1.5])"))],
    )
    file = page(wrong, "page.ipynb")
    assert conformance("update", file, "--write").status == 0
    assert file.read_text() == right


@pytest.mark.parametrize("damage", [{"traceback": None}, {"traceback": "no"}, {"traceback": [3]}])
def test_what_is_odd_beside_an_output_does_not_matter(conformance: Any, page: Any, damage: dict[str, Any]) -> None:
    def made(name: str, text: str) -> str:
        outputs = [error(name, text) | damage, {"output_type": "display_data", "metadata": {}}]
        return json.dumps(notebook(("1 / 0", outputs)))

    file = page(made("ValueError", "no"), "page.ipynb")
    answer = conformance("update", file, "--write")
    assert (answer.status, file.read_text()) == (0, made("ZeroDivisionError", "division by zero"))


def test_a_notebook_of_format_3(conformance: Any, page: Any) -> None:
    output = {"output_type": "stream", "stream": "stdout", "text": "2\n"}
    cell = {"cell_type": "code", "input": "print(1)", "language": "python", "metadata": {}, "outputs": [output]}
    sheets = [{"cells": [cell], "metadata": {}}]
    text = json.dumps({"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": sheets})
    file = page(text, "page.ipynb")
    answer = conformance("update", file, "--write")
    assert (answer.status, file.read_text()) == (1, text)
    assert "stale, and left: the notebook is of format 3" in answer.output


def test_what_a_notebook_has_beside_its_text_stays_and_is_told(conformance: Any, page: Any) -> None:
    start = "import torch\nx = torch.tensor([1.5])"
    cells = (start, []), ("x", [value("tensor([2.])", **{"image/png": "iVBO"})])
    file = page(json.dumps(notebook(*cells)), "page.ipynb")
    answer = conformance("update", file, "--write")
    assert (answer.status, "page.ipynb:1: its image/png stays as it is" in answer.output) == (0, True)
    written = json.loads(file.read_text())["cells"][1]["outputs"][0]["data"]
    assert written == {"image/png": "iVBO", "text/plain": "tensor([1.5])"}


@pytest.mark.parametrize(
    ("source", "outputs", "told"),
    [
        ("x.shapes", [value("(1,)")], "raises AttributeError, and no error is documented"),
        ("print(1)", [error("ValueError", "no")], "it raises nothing now, which the outputs of its cell have no place"),
        ("print(1)\nprint(2)\nx", [stream("3\n"), value("4")], "which of its outputs is to show what cannot be told"),
        ("x", [value(5)], "its text is neither a string nor a list of strings"),
        ("1 / 0", [error("ValueError", "no") | {"evalue": 3}], "its text is neither a string nor a list of strings"),
    ],
)
def test_what_cannot_be_written_is_left_and_told(
    conformance: Any, page: Any, source: str, outputs: list[dict[str, Any]], told: str
) -> None:
    cells = ("import torch\nx = torch.tensor([1.5])", []), (source, outputs), ("x", [value("2")])
    before = json.dumps(notebook(*cells), indent=1)
    file = page(before, "page.ipynb")
    answer = conformance("update", file, "--write")
    assert answer.status == 1
    assert "stale, and left: " in answer.output
    assert told in answer.output
    assert "1 output updated, 1 stale and left" in answer.output
    assert file.read_text() == before.replace('"2"', '"tensor([1.5])"')


BLOCK = "```python\n{}\n```\n\n```text\n{}\n```\n\n"
OTHER = BLOCK.format("print(7)", "8")


@pytest.mark.parametrize(
    ("code", "shown", "told"),
    [
        ("import time\nprint(1)\ntime.sleep(60)", "2", "with PyTorch its snippet did not end: timeout"),
        ("import os\nos._exit(3)", "1", "with PyTorch its snippet did not end: exit"),
        ("print('```')", "1", "what PyTorch prints would not be read as this output"),
        ("print()", "1", "PyTorch prints nothing here"),
        ("1 / 0", "1", "raises ZeroDivisionError, and no error is documented"),
        ("import torch\ntorch.rand(2)\nprint(torch.rand(1))", "what?", "changes with the seed"),
        ("print('x' * 10**7)", "1", "more than the limit of 1000 bytes"),
        ("# conformance: raises KeyError\nprint(1)", "2", "does not end as the directive says"),
        ("print(2)", "w.py:1: UserWarning: loud\n1", "it shows warnings among what is printed"),
    ],
)
def test_what_is_left_loses_no_other(conformance: Any, page: Any, code: str, shown: str, told: str) -> None:
    block = BLOCK.format(code, shown)
    file = page(block + OTHER)
    answer = conformance("update", file, "--write", "--timeout", "1", "--output-limit", "1000")
    assert answer.status == 1
    assert told in answer.output
    assert file.read_text() == block + OTHER.replace("8", "7")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("import torch\nprint(torch.rand(2))", "tensor([0.1234, 0.5678])"),  # changes with the seed
        ("print(0.123456)", "0.1235"),  # as printed
        ("# conformance: skip (no time)\nprint(1)", "2"),
        ("# conformance: raises ZeroDivisionError\nprint(1)\n1 / 0", "1"),
        ("print(object())", "<object object at 0x7f6f0cbaa530>"),
    ],
)
def test_what_is_not_stale_stays(conformance: Any, page: Any, code: str, shown: str) -> None:
    file = page(BLOCK.format(code, shown))
    answer = conformance("update", file, "--write")
    assert (answer.status, file.read_text()) == (0, BLOCK.format(code, shown))


def test_a_line_that_still_is_right_stays_as_it_was_typed(conformance: Any, page: Any) -> None:
    code = "print('a')\nprint('b')"
    file = page(BLOCK.format(code, "a  \nc"))
    assert conformance("update", file, "--write").status == 0
    assert file.read_text() == BLOCK.format(code, "a  \nb")


def test_the_last_line_of_a_file_may_have_no_end(conformance: Any, page: Any) -> None:
    file = page("```\nprint('a')\nprint('b')\n```\n\n```text\na")
    assert conformance("update", file, "--write").status == 0
    assert file.read_text().endswith("```text\na\nb")


def test_an_output_in_the_midst_of_a_line(conformance: Any, page: Any) -> None:
    text = "```\nIn [1]: print(1); 2\nOut[1]: 3\n\nIn [2]: 4\nOut[2]: 5\n```\n"
    file = page(text)
    answer = conformance("update", file, "--write")
    assert (answer.status, file.read_text()) == (1, text.replace("Out[2]: 5", "Out[2]: 4"))
    assert "it begins in the midst of a line, and has several lines now" in answer.output


def test_a_raising_snippet_shows_no_more_than_it_did(conformance: Any, page: Any) -> None:
    code = "# conformance: raises ZeroDivisionError\nprint(1)\n1 / 0"
    for shown, right in (("2", "1"), ("2\nZeroDivisionError: no", "1\nZeroDivisionError: division by zero")):
        file = page(BLOCK.format(code, shown))
        assert conformance("update", file, "--write").status == 0
        assert file.read_text() == BLOCK.format(code, right)


def test_all_takes_what_changes_with_the_seed(conformance: Any, page: Any) -> None:
    text = BLOCK.format("import torch\nprint(torch.rand(2))", "tensor([0.1234, 0.5678])")
    file = page(text)
    assert conformance("update", file, "--all").status == 1
    assert conformance("update", file, "--all", "--write").status == 0
    assert "0.1234" not in file.read_text()
    assert conformance("update", file, "--all").status == 0
    answer = conformance("run", file, "--subject", "torch", "--reference", "torch")
    assert answer.report["documents"][0]["snippets"][0]["output"]["verdict"] == "not reproducible"


def test_recordings_are_enough(conformance: Any, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, options = page(STALE), ["--recordings", tmp_path / "recorded"]
    other = page(OTHER, "other.md")
    before = other.read_text()
    assert conformance("record", file, *options).status == 0
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    assert conformance("update", file, other, "--write", *options).status == 2
    assert (file.read_text(), other.read_text()) == (RIGHT, before)
    answer = conformance("update", other, "--reference", "torch", *options)
    assert (answer.status, "no reference: PyTorch 2.13.0 is not installed" in answer.output) == (2, True)


def test_other_formats(conformance: Any, page: Any, tmp_path: Path) -> None:
    page("Code::\n\n    >>> print(1)\n    2\n", "page.rst")
    page("# %%\nprint(1)\n# 2\n", "page.py")
    page(OTHER.replace("8", "7"))
    answer = conformance("update", tmp_path, "--write")
    told = " ".join(answer.output.split())
    assert answer.status == 0
    assert "page.rst: outputs of reStructuredText are not updated, only those of Jupyter notebook and Markdown" in told
    assert "page.py: outputs of Python script with cells are not updated" in told
    assert conformance("update", tmp_path / "page.rst").status == 2


def test_what_is_unreadable_loses_no_other(conformance: Any, page: Any) -> None:
    cut, right = page('{"cells": [', "cut.ipynb"), page(OTHER)
    answer = conformance("update", cut, right, "--write")
    assert (answer.status, right.read_text()) == (2, OTHER.replace("8", "7"))
    assert "cut.ipynb:1: this is not JSON" in answer.output
    assert "1 output updated" in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["os.fsync", "os.replace"])
def test_a_write_is_done_or_not(page: Any, monkeypatch: pytest.MonkeyPatch, fault: BaseException, place: str) -> None:
    def fail(*_: object) -> None:
        raise fault

    file = page("before")
    monkeypatch.setattr(place, fail)
    with pytest.raises(Unwritten if isinstance(fault, OSError) else KeyboardInterrupt):
        write(Update(file, "before", "after"))
    files = [other for other in file.parent.iterdir() if other.is_file()]
    assert [other.read_text() for other in files] == ["before"]


def test_a_file_that_was_changed_in_the_meantime_is_left(page: Any) -> None:
    file = page("newer")
    with pytest.raises(Unwritten, match=r"page\.md: it was changed in the meantime"):
        write(Update(file, "before", "after"))
    assert file.read_text() == "newer"


def test_a_file_that_cannot_be_written(conformance: Any, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = page(OTHER)
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: os.open("/nowhere/file", os.O_RDONLY))
    answer = conformance("update", file, "--write")
    assert (answer.status, file.read_text()) == (2, OTHER)
    assert "page.md: No such file or directory" in answer.output
