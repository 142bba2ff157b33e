"""The list of accepted differences is read, or said to be unreadable."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from conformance.compare.known_gaps import SHIPPED, Gap, UnreadableGaps, read_gaps


def test_the_shipped_list_is_readable() -> None:
    assert all(gap.reason for gap in read_gaps())


def test_the_format_it_explains_is_the_one_that_is_read(tmp_path: Path) -> None:
    example = "\n".join(
        line.removeprefix("#   ") for line in SHIPPED.read_text().splitlines() if line.startswith("#   ")
    )
    file = tmp_path / "gaps.toml"
    file.write_text(example)
    assert read_gaps(file) == [Gap(**tomllib.loads(example)["documents"][0])]


@pytest.mark.parametrize("text", ["[[documents", '[[documents]]\nsubject = "x"', '[[documents]]\nwhy = "x"'])
def test_a_damaged_list(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gaps.toml"
    file.write_text(text)
    with pytest.raises(UnreadableGaps, match=r"gaps\.toml: "):
        read_gaps(file)
    with pytest.raises(UnreadableGaps):
        read_gaps(tmp_path / "missing.toml")
