"""Recordings of PyTorch's answers to a document, complete: whatever is compared live is compared with them.

A recording fits a document by its key, a hash of the code, of the lines where it stands, of what is skipped, of the
seeds, of the look-alike's name if the code imports that, and of what the runner observes. It says with which PyTorch,
Python, NumPy, platform and CPU capability it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.documents.model import Document
from conformance.runners.addresses import mask_addresses
from conformance.runners.protocol import SEEDS, VERSION, Result, Run

SHIPPED = Path(__file__).parent
_FORMAT = 1
_KEY_IN_NAME = 12


class DamagedRecording(Exception):
    """A recording that cannot be used; the message names the file and the place."""


@dataclass(frozen=True)
class Recording:
    document: str
    key: str
    facts: Mapping[str, str]
    runs: Mapping[int, Run]


def key_of(document: Document) -> str:
    program: list[list[Any]] = [[snippet.code, snippet.echo, snippet.lines] for snippet in document.snippets]
    for snippet, entry in zip(document.snippets, program, strict=True):
        entry += ["skip"] if snippet.skip else [] if snippet.seed is None else [snippet.seed]
    alias = [document.alias] if document.alias else []
    return hashlib.sha256(json.dumps([_FORMAT, VERSION, SEEDS, program, *alias]).encode()).hexdigest()


def find_recording(document: Document, folder: Path) -> Recording | None:
    """The recording that fits the document, None if there is none. Raises DamagedRecording."""
    key = key_of(document)
    for file in sorted(folder.glob(f"*-{key[:_KEY_IN_NAME]}.json")):
        recording = _read(file)
        if recording.key != key:
            raise DamagedRecording(f"{file}: at key: it belongs to another document")
        for seed, run in recording.runs.items():
            if len(run.results) != len(document.snippets):
                raise DamagedRecording(
                    f"{file}: at runs, {seed}: {len(run.results)} answers to {len(document.snippets)} snippets"
                )
        return recording
    return None


def save_recording(document: Document, runs: Mapping[int, Run], folder: Path) -> Path:
    """Write what PyTorch answered; one line for each snippet, so that a change can be read in a diff."""
    key = key_of(document)
    answers = {str(seed): [_masked(result.to_json()) for result in run.results] for seed, run in runs.items()}
    head = {
        "recording": _FORMAT,
        "document": document.name,
        "key": key,
        "facts": dict(runs[SEEDS[0]].facts),
        "checksum": checksum_of(answers),
    }
    lines = ["{", *(f" {json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()), ' "runs": {']
    for seed, results in answers.items():
        rows = ",\n".join(f"   {json.dumps(fields, sort_keys=True)}" for fields in results)
        lines += [f'  "{seed}": [', rows, "  ]," if seed != str(SEEDS[-1]) else "  ]"]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{Path(document.name).stem}-{key[:_KEY_IN_NAME]}.json"
    file.write_text("\n".join([*lines, " }", "}"]) + "\n", encoding="utf-8")
    return file


def remove_outdated(documents: Iterable[Document], folder: Path) -> list[Path]:
    """Delete the recordings that bear the name of one of these documents and fit none of them; return their files."""
    fitting = {key_of(document)[:_KEY_IN_NAME] for document in documents}
    outdated = [
        file
        for document in documents
        for file in folder.glob(f"{Path(document.name).stem}-{'?' * _KEY_IN_NAME}.json")
        if file.stem[-_KEY_IN_NAME:] not in fitting
    ]
    for file in outdated:
        file.unlink()
    return outdated


def _read(file: Path) -> Recording:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DamagedRecording(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise DamagedRecording(f"{file}: {error}") from None
    try:
        if data["recording"] != _FORMAT or data["checksum"] != checksum_of(data["runs"]):
            raise DamagedRecording(f"{file}: at checksum: it does not fit the answers below it")
        facts = dict(data["facts"])
        runs = {seed: Run(facts, tuple(map(Result.from_json, data["runs"][str(seed)]))) for seed in SEEDS}
        return Recording(data["document"], data["key"], facts, runs)
    except KeyError as error:
        raise DamagedRecording(f"{file}: {error} is missing") from None
    except (TypeError, ValueError) as error:
        raise DamagedRecording(f"{file}: {error}") from None


def _masked(fields: dict[str, Any]) -> dict[str, Any]:
    masked: dict[str, Any] = json.loads(mask_addresses(json.dumps(fields)))
    return masked


def checksum_of(answers: Any) -> str:
    return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()
