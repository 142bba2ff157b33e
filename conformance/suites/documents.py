"""Documents: each is run by subject and reference under every seed, compared, and judged against what it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from conformance.compare.check import outcomes
from conformance.compare.known_gaps import Gap
from conformance.documents import Document, UnreadableDocument, find, read
from conformance.documents.source import imported_modules, parse
from conformance.recordings.reference import Choice, NoReference, choose_reference
from conformance.recordings.store import DamagedRecording, Recording, find_recording, remove_outdated, save_recording
from conformance.reports import model as report
from conformance.runners.executor import Executor, Lost
from conformance.runners.pool import Pool, Progress, UnderWay
from conformance.runners.process import UnusableSubject
from conformance.runners.protocol import SEEDS, Limits, Result, Run
from conformance.suites.shown import Sides
from conformance.suites.snippets import judge_snippet

LIBRARY = Path(__file__).parent.parent / "library"

Found = tuple[Path, Document] | report.Document
"""A document that was read, or what there is to report of it."""


@dataclass(frozen=True)
class Settings:
    """``look_alike`` is the module whose name means PyTorch in documents that import it: the subject if it is None."""

    subject: str
    reference: Choice
    recordings: Path
    limits: Limits
    gaps: Sequence[Gap] = ()
    look_alike: str | None = None

    def read(self, file: Path) -> Document:
        """Raises UnreadableDocument."""
        return read_document(file, self.look_alike or self.subject)


@dataclass(frozen=True)
class _Plan:
    """A document and its runs; either a recording or live PyTorch is the reference."""

    path: Path
    document: Document
    subject: UnderWay
    reference: Recording | UnderWay


def run_documents(
    paths: Sequence[Path], settings: Settings, progress: Progress, executor: Executor | None = None
) -> report.Report:
    """Compare subject and reference in each document of these files and folders: here, or each as a unit of work.

    One that cannot be read or run is reported with its problem, and costs the others nothing.
    """
    found = read_all(paths, settings.read)
    documents = (
        _judge_here(found, settings, progress) if executor is None else _judge(found, settings, progress, executor)
    )
    return report.Report(settings.subject, tuple(documents), _outdated_gaps(documents, settings))


def _judge_here(found: Sequence[Found], settings: Settings, progress: Progress) -> list[report.Document]:
    with Pool(settings.limits, progress) as pool:
        plans = [item if isinstance(item, report.Document) else _plan(*item, settings, pool) for item in found]
        return [_conclude(plan, settings) if isinstance(plan, _Plan) else plan for plan in plans]


class _Unit(NamedTuple):
    place: int
    path: Path
    document: Document
    settings: Settings


def _judge(found: Sequence[Found], settings: Settings, progress: Progress, executor: Executor) -> list[report.Document]:
    units = [_Unit(i, *item, settings) for i, item in enumerate(found) if not isinstance(item, report.Document)]
    documents = {place: item for place, item in enumerate(found) if isinstance(item, report.Document)}
    snippets = max((len(unit.document.snippets) for unit in units), default=1)
    patience = settings.limits.timeout * (snippets + 1) * len(SEEDS) * 2  # what the limits of its runs come to at most
    for unit, answer in executor.run(_judge_unit, units, patience):
        if isinstance(answer, Lost):
            answer = _unusable(unit.path, unit.document, answer.reason)
        documents[unit.place] = answer
        progress(unit.document.name, len(documents), len(found))
    return [documents[place] for place in range(len(found))]


def _judge_unit(unit: _Unit) -> report.Document:
    """Work for the executor."""
    return judge_document(unit.path, unit.document, unit.settings)


def judge_document(path: Path, document: Document, settings: Settings) -> report.Document:
    """Compare subject and reference in one document that was read."""
    with Pool(settings.limits, lambda *_: None) as pool:
        plan = _plan(path, document, settings, pool)
        return _conclude(plan, settings) if isinstance(plan, _Plan) else plan


def record_documents(
    paths: Sequence[Path], folder: Path, limits: Limits, progress: Progress, look_alike: str = "torch"
) -> tuple[list[Path], list[str]]:
    """Record PyTorch's answers to each document; return the files written and the problems met.

    In documents that import the look-alike, its name means PyTorch.
    """
    documents, files, problems = [], [], []
    with Pool(limits, progress) as pool:
        under_way = []
        for item in read_all(paths, lambda file: read_document(file, look_alike)):
            if isinstance(item, report.Document):
                problems.append(str(item.problem))
            else:
                documents.append(item[1])
                under_way.append(pool.start(item[1], "torch"))
        for document, runs in zip(documents, under_way, strict=True):
            try:
                files.append(save_recording(document, runs.wait(), folder))
            except (UnusableSubject, OSError) as problem:
                problems.append(f"{document.name}: {problem}")
    remove_outdated(documents, folder)
    return files, problems


def read_document(file: Path, look_alike: str) -> Document:
    """A document that may import a look-alike by its own name. Raises UnreadableDocument."""
    document = read(file)
    trees = filter(None, (parse(snippet.code) for snippet in document.snippets))
    imported = {module for tree in trees for module in imported_modules(tree)}
    if look_alike == "torch" or not any(f"{module}.".startswith(f"{look_alike}.") for module in imported):
        return document
    if "." in look_alike:
        raise UnreadableDocument(file, f"it imports {look_alike}, and no part of a package can stand for PyTorch")
    return replace(document, alias=look_alike)


def read_all(paths: Sequence[Path], read_one: Callable[[Path], Document]) -> list[Found]:
    """Each document with its file, or for an unreadable one what there is to report."""
    found: list[Found] = []
    for path in paths:
        try:
            files = find([path])
        except UnreadableDocument as problem:
            found.append(report.Document(str(path), path.name, problem=str(problem)))
            continue
        for file in files:
            try:
                found.append((file, read_one(file)))
            except UnreadableDocument as problem:
                found.append(report.Document(str(file), file.name, problem=str(problem)))
    return found


def _plan(path: Path, document: Document, settings: Settings, pool: Pool) -> _Plan | report.Document:
    try:
        recording = choose_reference(document, settings.reference, settings.recordings)
    except (NoReference, DamagedRecording) as problem:
        return _unusable(path, document, problem)
    subject = pool.start(document, settings.subject)
    return _Plan(path, document, subject, recording or pool.start(document, "torch"))


def runs_of(reference: Recording | UnderWay) -> Mapping[int, Run]:
    """Raises UnusableSubject."""
    return reference.runs if isinstance(reference, Recording) else reference.wait()


def _conclude(plan: _Plan, settings: Settings) -> report.Document:
    document = plan.document
    recorded = isinstance(plan.reference, Recording)
    try:
        ours = plan.subject.wait()
        theirs = runs_of(plan.reference)
    except UnusableSubject as problem:
        return _unusable(plan.path, document, problem)
    facts, their_facts = ours[SEEDS[0]].facts, theirs[SEEDS[0]].facts
    portable = facts["module"] != "torch" or facts["capability"] == their_facts["capability"]
    elsewhere = None if recorded else recorded_elsewhere(document, theirs[SEEDS[0]], settings.recordings)
    told = {seed: (outcomes(ours[seed].results), outcomes(theirs[seed].results)) for seed in SEEDS}
    snippets = [
        judge_snippet(
            snippet,
            {seed: Sides(subject[index], reference[index]) for seed, (subject, reference) in told.items()},
            [gap for gap in _gaps_of(document.name, settings) if gap.snippet == snippet.label],
            portable,
            elsewhere[index] if elsewhere else None,
            [*(earlier.code for earlier in document.snippets[:index] if not earlier.skip), snippet.code],
        )
        for index, snippet in enumerate(document.snippets)
    ]
    return report.Document(
        str(plan.path),
        document.name,
        document.format,
        reference={"from": "recording" if recorded else "live run", **their_facts},
        subject=facts,
        notes=_notes(document),
        snippets=tuple(snippets),
    )


def recorded_elsewhere(document: Document, live: Run, folder: Path) -> Sequence[Result] | None:
    """PyTorch's recorded answers, if they come from another CPU capability than these."""
    try:
        recording = find_recording(document, folder)
    except DamagedRecording:  # not needed, then
        return None
    if recording is None or recording.facts["capability"] == live.facts["capability"]:
        return None
    return recording.runs[SEEDS[0]].results


def _unusable(path: Path, document: Document, problem: Exception | str) -> report.Document:
    text = str(problem) if isinstance(problem, DamagedRecording) else f"{path}: {problem}"
    return report.Document(str(path), document.name, document.format, text, notes=_notes(document))


def _notes(document: Document) -> tuple[report.Note, ...]:
    return tuple(report.Note(note.line, note.kind, note.message) for note in document.notes)


def _gaps_of(document: str, settings: Settings) -> list[Gap]:
    return [gap for gap in settings.gaps if (gap.subject, gap.document) == (settings.subject, document)]


def _outdated_gaps(documents: Sequence[report.Document], settings: Settings) -> tuple[str, ...]:
    """The known gaps of documents that were judged in which nothing differs any more."""
    outdated = []
    for document in documents:
        seen = {
            (snippet.label, finding.kind, finding.where)
            for snippet in document.snippets
            for finding in snippet.findings
            if finding.verdict == "accepted"
        }
        if document.problem is None:
            gaps = _gaps_of(document.name, settings)
            outdated += [str(gap) for gap in gaps if (gap.snippet, gap.check, gap.where) not in seen]
    return tuple(outdated)
