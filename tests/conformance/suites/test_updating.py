"""A document whose outputs were scrambled is updated to its original text, to the byte. The recordings are made up."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.recordings.reference import Choice
from conformance.recordings.store import SHIPPED, save_recording
from conformance.runners.protocol import SEEDS, Failure, Limits, Result, Run
from conformance.suites.documents import LIBRARY, Settings, read_document, run_documents
from conformance.suites.updating import update_documents, write

TEXTS = [
    "5",
    "True",
    "loss = 0.25",
    "tensor([1., 2.])",
    "tensor([[1., nan],\n        [3., 4.]], requires_grad=True)",
    "tensor([[[0., 0.]],\n\n        [[7., 0.]]])",
    "tensor(2., grad_fn=<SumBackward0>)",
    "a sentence, as print shows it",
    "# a heading?",
    "π ≈ 3.14 and \x1b[31mred\x1b[39m",
    "- an item",
    "'<!-- a comment -->'",
]
ERRORS = [("RuntimeError", "shape '[2]' is invalid for π"), ("ValueError", "no"), ("KeyError", "'a'")]
FACTS = dict.fromkeys(["module", "version", "capability", "python", "numpy", "platform"], "made up")


@dataclass(frozen=True)
class Output:
    """What is printed, in a notebook the value of the last expression, and how it ends."""

    printed: tuple[str, ...]
    value: str = ""
    error: tuple[str, str] | None = None

    @property
    def stdout(self) -> str:
        return "".join(f"{text}\n" for text in (*self.printed, self.value) if text)

    @property
    def ending(self) -> str:
        return ": ".join(self.error) if self.error else ""

    @property
    def shown(self) -> str:
        return (self.stdout + self.ending).rstrip()


Pair = tuple[Output, Output]
Writer = Callable[[Sequence[Output]], str]
several = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(tuple)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """What a snippet shows, and what its document says that it shows."""
    if draw(st.booleans()):
        return Output(draw(several)), Output(draw(several))
    printed = several if draw(st.booleans()) else st.just(())
    made = [Output(draw(printed), error=draw(st.sampled_from(ERRORS))) for _ in range(2)]
    return made[0], made[1]


@st.composite
def pairs_of_cells(draw: st.DrawFn) -> Pair:
    """Of a notebook. If something is printed and there is a value, one of them is right, or all lines have a place."""
    right, wrong = draw(pairs())
    if right.error:
        return right, wrong
    value, other = draw(st.permutations(TEXTS))[:2]
    return draw(
        st.sampled_from(
            [
                (right, wrong),
                (Output((), value), Output((), other)),
                (replace(right, value=value), replace(wrong, value=value)),
                (replace(right, value=value), replace(right, value=other)),
                (Output(("5", "6"), "True"), Output(("7", "8"), "False")),
            ]
        )
    )


def in_fences(outputs: Sequence[Output]) -> str:
    parts = [
        f"```python\nprint({at})\n```\n\nIt prints\n\n~~~~ text\n{it.shown}\n~~~~" for at, it in enumerate(outputs)
    ]
    return "\n\n".join(["# Title", *parts, "The end."]) + "\n"


def in_directives(outputs: Sequence[Output]) -> str:
    parts = [
        f"````{{note}}\n```{{code-cell}}\n:tags: [a]\nprint({at})\n```\n````\n\n```{{code-block}} text\n{it.shown}\n```"
        for at, it in enumerate(outputs)
    ]
    return "\n\n".join(["---\nkernelspec: python3\n---", *parts])


def in_sessions(outputs: Sequence[Output]) -> str:
    parts = []
    for at, it in enumerate(outputs):
        shown = it.stdout + (f"Traceback (most recent call last):\n  ...\n{it.ending}" if it.error else "")
        parts.append(f">>> print({at})\n" + shown.rstrip().replace("\n\n", "\n<BLANKLINE>\n"))
    return "```pycon\n" + "\n".join(parts) + "\n```\n"


def in_lists(outputs: Sequence[Output]) -> str:
    return "- A list\n\n" + indent(in_fences(outputs), "  ")


def in_quotations(outputs: Sequence[Output]) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in in_fences(outputs).split("\n"))


def in_cells(outputs: Sequence[Output], lines: bool = True, **form: Any) -> str:
    def text(whole: str) -> Any:
        return whole.splitlines(keepends=True) if lines else whole

    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": "é"}]
    for at, it in enumerate(outputs):
        made: list[dict[str, Any]] = []
        if it.printed:
            printed = "".join(f"{line}\n" for line in it.printed)
            made.append({"name": "stdout", "output_type": "stream", "text": text(printed)})
        if it.value:
            data = {"text/html": "<b>it</b>", "text/plain": text(it.value)}
            made.append({"data": data, "metadata": {}, "output_type": "execute_result", "execution_count": 1})
        if it.error:
            name, told = it.error
            trace = ["-----", f"\x1b[31m{name}\x1b[39m: {told}"]
            made.append({"ename": name, "evalue": told, "output_type": "error", "traceback": trace})
        source = text(f"x = 1\nprint({at})")
        cells.append({"cell_type": "code", "execution_count": at, "metadata": {}, "outputs": made, "source": source})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, **form)


def check(write_document: Writer, program: Sequence[Pair], suffix: str, end: str = "\n", mark: str = "") -> None:
    right, wrong = (
        (mark + write_document(outputs).replace("\n", end)).encode() for outputs in zip(*program, strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"document{suffix}")
        file.write_bytes(wrong)
        document = read_document(file, "shimtorch")
        assert len(document.snippets) == len(program)
        results = tuple(
            Result(stdout=it.stdout, error=Failure(*it.error, None) if it.error else None) for it, _ in program
        )
        save_recording(document, {seed: Run(FACTS, results) for seed in SEEDS}, Path(folder))
        chosen = Settings("torch", Choice.RECORDED, Path(folder), Limits())
        (update,) = update_documents([file], chosen, False, lambda *_: None)
        assert (update.problem, update.left) == (None, [])
        write(update)
        assert file.read_bytes() == right


@pytest.mark.parametrize("writer", [in_fences, in_directives, in_sessions, in_lists, in_quotations])
@settings(max_examples=40, deadline=None)
@given(
    st.lists(pairs(), min_size=1, max_size=3), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["", "\ufeff"])
)
def test_markdown(writer: Writer, program: list[Pair], end: str, mark: str) -> None:
    check(writer, program, ".md", end, mark)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(pairs_of_cells(), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from([{"indent": 1}, {}, {"indent": "\t"}, {"separators": (",", ":")}]),
    st.booleans(),
    st.booleans(),
)
def test_notebooks(program: list[Pair], lines: bool, form: dict[str, Any], ascii_only: bool, sort: bool) -> None:
    def writer(outputs: Sequence[Output]) -> str:
        return in_cells(outputs, lines, ensure_ascii=ascii_only, sort_keys=sort, **form)

    check(writer, program, ".ipynb")


@pytest.mark.parametrize(
    ("place", "fault", "writer", "suffix"),
    [
        ("written_lines._before", lambda *_: "", in_lists, ".md"),
        ("written_lines.is_error", lambda text: False, in_sessions, ".md"),
        ("written_cells._string_written", lambda text, value: json.dumps(value), in_cells, ".ipynb"),
    ],
)
def test_a_fault_is_seen(monkeypatch: pytest.MonkeyPatch, place: str, fault: Any, writer: Any, suffix: str) -> None:
    def write_document(outputs: Sequence[Output]) -> str:
        return writer(outputs, ensure_ascii=False) if writer is in_cells else writer(outputs)

    program = [(Output(("π ≈ 3",), error=ERRORS[0]), Output(("5",), error=ERRORS[1]))]
    check(write_document, program, suffix)
    monkeypatch.setattr(f"conformance.documents.{place}", fault)
    with pytest.raises(AssertionError):
        check(write_document, program, suffix)


@pytest.mark.parametrize("file", [*LIBRARY.glob("*.md"), *LIBRARY.glob("*.ipynb")], ids=lambda file: file.name)
def test_a_shipped_document_with_a_wrong_digit_everywhere(file: Path, tmp_path: Path) -> None:
    """By the recordings of PyTorch. What changes with the seed, or was rounded by its author, is not touched."""
    chosen = Settings("shimtorch", Choice.RECORDED, SHIPPED, Limits())
    outputs = [it.output for it in run_documents([file], chosen, lambda *_: None).documents[0].snippets]
    document, lines = read_document(file, "shimtorch"), file.read_text().split("\n")
    scrambled = 0
    for snippet, output in zip(document.snippets, outputs, strict=True):
        if output and snippet.expected and output.verdict == "matches" and re.search("[0-8]", snippet.expected.text):
            last = next(at for at in range(snippet.expected.line - 1, len(lines)) if re.search("[0-8]", lines[at]))
            lines[last] = re.sub("[0-8]", "9", lines[last], count=1)
            scrambled += 1
    copy = tmp_path / file.name
    copy.write_text("\n".join(lines))
    (update,) = update_documents([copy], chosen, False, lambda *_: None)
    assert (update.updated, update.left) == (scrambled, [])
    write(update)
    assert scrambled > 1
    assert copy.read_bytes() == file.read_bytes()
