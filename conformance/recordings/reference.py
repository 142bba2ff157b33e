"""Which reference answers for a document: a recording of PyTorch, or PyTorch itself."""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from conformance.documents import Document
from conformance.recordings.store import Recording, find_recording

TORCH = "2.13.0"


class Choice(StrEnum):
    AUTO = "auto"  # the recording if it fits, else PyTorch itself
    TORCH = "torch"
    RECORDED = "recorded"


class NoReference(Exception):
    """There is no reference to compare a document with; the message says why."""


def choose_reference(document: Document, choice: Choice, folder: Path) -> Recording | None:
    """The recording to compare with, None for live PyTorch. Raises NoReference or DamagedRecording."""
    recording = find_recording(document, folder) if choice != Choice.TORCH else None
    if recording is not None:
        return recording
    if choice == Choice.RECORDED:
        raise NoReference(f"no reference: no recording in {folder} fits this document")
    if why := why_no_torch():
        raise NoReference(f"no reference: {why}" + ("" if choice == Choice.TORCH else ", and no recording fits"))
    return None


def why_no_torch() -> str | None:
    """Why live PyTorch cannot be the reference, None if it can."""
    if importlib.util.find_spec("torch") is None:
        return f"PyTorch {TORCH} is not installed"
    installed = metadata.version("torch")
    return None if installed.split("+")[0] == TORCH else f"PyTorch {installed} is installed, the reference is {TORCH}"
