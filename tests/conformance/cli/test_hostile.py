"""Documents that are damaged, and documents that mean harm: what is wrong with one is told, the others are judged."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.documents import read

GOOD = "```python\nx = 1\nprint(x)\n```\n\n```text\n1\n```\n"

DAMAGED = {
    "latin.md": ("# Café\n".encode("latin-1"), "latin.md:1: not UTF-8: byte 0xe9"),
    "utf16.md": (GOOD.encode("utf-16"), "utf16.md:1: not UTF-8: byte 0xff"),
    "bytes.txt": (bytes(range(256)), "bytes.txt:2: not UTF-8: byte 0x80"),
    "nothing.md": (b"", "nothing.md: no code to run was found"),
    "cut.ipynb": (b'{"cells": [', "cut.ipynb:1: this is not JSON"),
    "list.ipynb": (b"[]", "list.ipynb: this JSON is not a notebook"),
    "cells.ipynb": (b'{"cells": 7, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "cells.ipynb: this JSON"),
    "deep.ipynb": (b"[" * 100_000, "deep.ipynb: nested too deeply to be read"),
}

HARMFUL = {
    "hang": "while True: pass",
    "memory": "x = bytearray(10**11)",
    "flood": "import os\nfor _ in range(300): os.write(1, bytes(1 << 20))",
    "kill": "import os\nos.kill(os.getpid(), 9)",
    "parent": "import os\nos.kill(os.getppid(), 9)",
    "forks": "import os, time\nwhile os.fork(): pass\ntime.sleep(1000)",
    "outside": "open({outside!r}, 'w').write('x')",
}
HOSTILE = r"print('\x1b[2J\x07<script>alert(1)</script>\x00\r\u202e ```\n::error::x | ]]>&amp;')"


def _all(answer: Any) -> dict[str, Any]:
    return {Path(document["path"]).name: document for document in answer.report["documents"]}


@pytest.mark.usefixtures("made_up_torch")
def test_damaged_ones_are_told_and_cost_the_others_nothing(conformance: Any, plant: Any, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, (content, _) in DAMAGED.items():
        (folder / name).write_bytes(content)
    (folder / "good.md").write_text(GOOD)
    os.mkfifo(folder / "pipe.md")
    (folder / "loop.md").symlink_to("loop.md")
    answer = conformance("run", folder, "--subject", plant())
    assert answer.status == 2
    told = _all(answer)
    assert told.keys() == {*DAMAGED, "good.md"}
    assert told["good.md"]["snippets"][0]["output"]["verdict"] == "matches"
    for name, (_, problem) in DAMAGED.items():
        assert problem in told[name]["problem"]
        assert "\n" not in told[name]["problem"]
    assert "Traceback" not in answer.output


@pytest.mark.usefixtures("made_up_torch")
def test_harmful_ones_lose_no_other_result(conformance: Any, plant: Any, tmp_path: Path) -> None:
    folder, outside = tmp_path / "documents", tmp_path / "outside"
    folder.mkdir()
    for name, code in HARMFUL.items():
        code = code.format(outside=str(outside)) if "{outside" in code else code
        (folder / f"{name}.md").write_text(f"```python\n{code}\n```\n\n{GOOD}")
        assert len(read(folder / f"{name}.md").snippets) == 2
    answer = conformance("run", folder, "--subject", plant(), "--timeout", "3", "--memory", "512")
    told = _all(answer)
    assert {name: told[f"{name}.md"]["snippets"][1]["output"]["verdict"] for name in HARMFUL} == dict.fromkeys(
        HARMFUL, "matches"
    )
    ended = {name: told[f"{name}.md"]["snippets"][0]["ended"] for name in HARMFUL}
    assert ended == dict.fromkeys(HARMFUL, "finished") | {"hang": "timeout", "memory": "memory", "kill": "signal"}
    assert not outside.exists()


@pytest.mark.usefixtures("made_up_torch")
def test_what_is_printed_stays_text_in_every_report(conformance: Any, plant: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```python\nimport torch\n{HOSTILE}\n```\n\n```text\n<script>alert(2)</script>\n```\n")
    files = {name: tmp_path / name for name in ("html", "junit", "github")}
    answer = conformance(
        "run", page, "--subject", plant(), *[it for name in files for it in (f"--{name}", files[name])]
    )
    assert (answer.status, answer.report["status"]) == (0, "conformant")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", answer.output)
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    assert not re.search(r"<script>alert", texts["html"] + texts["junit"])
    assert "alert(1)" in texts["html"]
    assert "alert(2)" in texts["html"]
    assert not re.search("[\x00-\x08\x0b-\x0c\x0e-\x1f\u202e]", "".join(texts.values()))
    assert ElementTree.fromstring(texts["junit"]).tag == "testsuites"
