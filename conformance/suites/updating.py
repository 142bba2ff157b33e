"""Bringing documents up to date: outputs that PyTorch does not print are replaced by what it does print.

PyTorch alone is asked, live or by its recording. What a document prints is stale as it is an erratum for ``run``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from conformance.compare.documented import Verdict, judge_documented, judge_raising, output_of, same_output, shown_of
from conformance.documents import Document, Snippet, UnreadableDocument, read_text, reader_of, text_of
from conformance.documents.outputs import is_error
from conformance.documents.reading import readers
from conformance.documents.rewriting import Change, Edits, Shown, Unwritable, apply
from conformance.recordings.reference import NoReference, choose_reference
from conformance.recordings.store import DamagedRecording, Recording
from conformance.runners.pool import Pool, Progress, UnderWay
from conformance.runners.process import UnusableSubject
from conformance.runners.protocol import SEEDS, Result
from conformance.suites.documents import Settings, read_all, recorded_elsewhere, runs_of

_BOM = b"\xef\xbb\xbf"


class Unwritten(Exception):
    """A file that could not be written, and is as it was; the text names it."""


@dataclass(frozen=True)
class Told:
    """Something about an output, at a line of the document."""

    line: int
    text: str


@dataclass(frozen=True)
class Update:
    """A document, and what its text is to be.

    ``left`` are stale outputs that stay. A document that was not judged has a ``problem``, or was ``passed_over``
    because its format is not one that can be updated.
    """

    path: Path
    before: str = ""
    after: str = ""
    updated: int = 0
    left: Sequence[Told] = ()
    notes: Sequence[Told] = ()
    problem: str | None = None
    passed_over: str | None = None


def update_documents(paths: Sequence[Path], settings: Settings, every: bool, progress: Progress) -> list[Update]:
    """What is to become of each document in these files and folders; nothing is written.

    With ``every``, outputs that change from seed to seed are replaced, too, by those under the first seed.
    """
    with Pool(settings.limits, progress) as pool:
        started = []
        for item in read_all(paths, settings.read):
            if isinstance(item, tuple):
                started.append(_start(*item, settings, pool))
            else:
                started.append(Update(Path(item.path), problem=item.problem))
        return [it if isinstance(it, Update) else _update(*it, settings, every) for it in started]


def write(update: Update) -> None:
    """Replace the file at once, so that at no time half of it is there. Raises Unwritten."""
    file = update.path.resolve()
    try:
        data = file.read_bytes()
        if data.removeprefix(_BOM) != update.before.encode():
            raise Unwritten(f"{update.path}: it was changed in the meantime")
        text = update.after.encode()
        descriptor, new = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(_BOM + text if data.startswith(_BOM) else text)
                stream.flush()
                os.fsync(stream.fileno())
            shutil.copymode(file, new)
            os.replace(new, file)
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
    except OSError as problem:
        raise Unwritten(f"{update.path}: {problem.strerror or problem}") from None


def _start(
    path: Path, document: Document, settings: Settings, pool: Pool
) -> tuple[Path, Document, Edits, Recording | UnderWay] | Update:
    try:
        text = text_of(path)
        reader = reader_of(path, text)
        if reader is None or reader.edits is None:
            known = " and ".join(sorted(it.format for it in readers() if it.edits))
            told = f"{path}: outputs of {document.format} are not updated, only those of {known}"
            return Update(path, passed_over=told)
        reference = choose_reference(document, settings.reference, settings.recordings)
    except UnreadableDocument as problem:
        return Update(path, problem=str(problem))
    except (NoReference, DamagedRecording) as problem:
        return _unusable(path, problem)
    return path, document, reader.edits, reference or pool.start(document, "torch")


def _unusable(path: Path, problem: Exception) -> Update:
    return Update(path, problem=str(problem) if isinstance(problem, DamagedRecording) else f"{path}: {problem}")


def _update(
    path: Path, document: Document, edits: Edits, reference: Recording | UnderWay, settings: Settings, every: bool
) -> Update:
    try:
        runs = runs_of(reference)
        text = text_of(path)
        if read_text(path, text).snippets != document.snippets:
            return Update(path, problem=f"{path}: it was changed in the meantime")
    except UnusableSubject as problem:
        return _unusable(path, problem)
    except UnreadableDocument as problem:
        return Update(path, problem=str(problem))
    live = None if isinstance(reference, Recording) else runs[SEEDS[0]]
    elsewhere = recorded_elsewhere(document, live, settings.recordings) if live else None
    shown: dict[int, Shown] = {}
    left: dict[int, str] = {}
    for index, snippet in enumerate(document.snippets):
        try:
            results = [runs[seed].results[index] for seed in SEEDS]
            new = _stale(snippet, results, elsewhere[index] if elsewhere else None, settings.limits.output, every)
        except Unwritable as reason:
            left[index] = str(reason)
        else:
            shown |= {index: new} if new else {}
    after, changes = _rewrite(path, text, document, edits, shown, left)
    return Update(
        path,
        text,
        after,
        len(changes),
        [Told(_line(document.snippets[index]), reason) for index, reason in sorted(left.items())],
        [Told(_line(document.snippets[index]), note) for index, change in changes.items() for note in change.notes],
    )


def _line(snippet: Snippet) -> int:
    return snippet.expected.line if snippet.expected else snippet.line


def _stale(
    snippet: Snippet, results: Sequence[Result], elsewhere: Result | None, limit: int, every: bool
) -> Shown | None:
    """What a snippet is to show in place of what it shows, None if that can stay. Raises Unwritable."""
    if snippet.skip or snippet.expected is None:
        return None
    text = snippet.expected.text
    for result in results:
        if not result.finished:
            raise Unwritable(f"with PyTorch its snippet did not end: {result.ended} {result.detail}".rstrip())
    if snippet.raises:
        verdict = judge_raising(snippet.raises, text, results, results).verdict
    else:
        verdict = judge_documented(text, results, results, elsewhere).verdict
    if verdict == Verdict.DIFFERENT:
        raise Unwritable("with PyTorch its snippet does not end as the directive says")
    if verdict == Verdict.NOT_REPRODUCIBLE and every and not same_output(text, output_of(results[0])):
        verdict = Verdict.ERRATUM
    if verdict != Verdict.ERRATUM:
        return None
    if not every and len({output_of(result) for result in results}) > 1:
        raise Unwritable("what it prints changes with the seed; --all takes that of one seed")
    if len(results[0].stdout.encode()) >= limit:
        raise Unwritable(f"PyTorch prints more than the limit of {limit} bytes")
    error = results[0].error
    if error and not snippet.raises and not any(is_error(line) or error.type in line for line in text.split("\n")):
        raise Unwritable(f"with PyTorch its snippet raises {error.type}, and no error is documented")
    return shown_of(results[0], snippet.raises, text)


def _rewrite(
    path: Path, text: str, document: Document, edits: Edits, shown: Mapping[int, Shown], left: dict[int, str]
) -> tuple[str, dict[int, Change]]:
    """The new text, and the changes that made it; what cannot be changed is added to what is left, with the reason."""
    changes: dict[int, Change] = {}
    for index, change in (edits(text, document.snippets, shown) if shown else {}).items():
        if isinstance(change, Change):
            changes[index] = change
        else:
            left[index] = str(change)
    after = apply(text, changes.values())
    if changes and not _reads_as(path, after, document, {index: shown[index] for index in changes}):
        kept: dict[int, Change] = {}
        for index, change in changes.items():
            tried = kept | {index: change}
            if _reads_as(path, apply(text, tried.values()), document, {it: shown[it] for it in tried}):
                kept = tried
            else:
                left[index] = "what PyTorch prints would not be read as this output"
        changes, after = kept, apply(text, kept.values())
    return after, changes


def _reads_as(path: Path, text: str, document: Document, shown: Mapping[int, Shown]) -> bool:
    """Whether a text is the document with some outputs replaced."""
    try:
        snippets = read_text(path, text).snippets
    except UnreadableDocument:
        return False
    if [snippet.code for snippet in snippets] != [snippet.code for snippet in document.snippets]:
        return False
    texts = [snippet.expected.text if snippet.expected else "" for snippet in snippets]
    wanted = [
        shown[index].text if index in shown else snippet.expected.text if snippet.expected else ""
        for index, snippet in enumerate(document.snippets)
    ]
    return all(map(same_output, texts, wanted))
