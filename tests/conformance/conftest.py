"""A look-alike of a few lines, to be judged with faults planted into it, or to stand for PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.documents import read
from conformance.recordings.store import save_recording
from conformance.runners.protocol import SEEDS, Limits
from conformance.runners.session import run_document

HERE = Path(__file__).parent / "cli"
STORY = HERE / "story.md"

Plant = Callable[..., str]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the look-alike's own answers to the story stand for PyTorch's."""
    folder = tmp_path_factory.mktemp("recordings")
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(HERE))
    story = read(STORY)
    save_recording(story, {seed: run_document(story, "look_alike", seed, Limits()) for seed in SEEDS}, folder)
    patch.undo()
    return folder


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Makes a subject of the look-alike's text with a fault in it; returns its name."""

    def make(right: str = "", wrong: str = "") -> str:
        source = (HERE / "look_alike.py").read_text()
        assert right in source
        (tmp_path / "planted_look_alike.py").write_text(source.replace(right, wrong) if right else source)
        monkeypatch.syspath_prepend(str(tmp_path))
        return "planted_look_alike"

    return make


@pytest.fixture
def made_up_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within it, the look-alike is what is installed as PyTorch."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "torch.py").write_text((HERE / "look_alike.py").read_text())
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr("conformance.recordings.reference.metadata.version", lambda _: "2.13.0+cpu")
