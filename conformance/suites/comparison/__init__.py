"""Look-alikes side by side: each runs the same documents, the same random programs and PyTorch's own operator samples.

PyTorch answers once, and is what all are compared with. What a look-alike does to a process costs only that unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conformance.recordings.reference import Choice
from conformance.runners.executor import Executor, Lost
from conformance.runners.pool import Progress
from conformance.runners.protocol import Limits
from conformance.suites.documents import LIBRARY, Settings, record_documents, run_documents
from conformance.suites.fuzz.failures import REGRESSIONS

_UNIT_TIMEOUT = 60.0  # seconds for a program or the samples of an operator


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    equal: int
    of: int

    def __str__(self) -> str:
        return f"{self.equal} of {self.of}"


@dataclass(frozen=True)
class Standing:
    """What a look-alike came to. ``import_ratio`` is the time of its import by that of PyTorch's.

    ``documents`` ship; ``regressions`` are the documents of mended counterexamples; ``snippets`` are those of both.
    Of PyTorch's operator variants for float32: ``offered`` exist, ``forward`` have equal values, and ``gradients``
    equal gradients as well. ``lost`` counts the units that killed their process or did not end.
    """

    subject: str
    version: str
    documents: Share
    regressions: Share
    snippets: Share
    programs: Share
    offered: Share
    forward: Share
    gradients: Share
    import_ratio: float
    lost: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    subjects: Sequence[str],
    executor: Executor,
    programs: int = 300,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> list[Standing]:
    """Raises UnusableSubject for one that cannot be imported, before anything else is done."""
    from conformance.suites.comparison.programs import draw

    for subject in subjects:
        check_importable(subject)
    drawn = draw(programs, seed)
    with TemporaryDirectory() as folder:
        record_documents([LIBRARY, REGRESSIONS], Path(folder), Limits(), progress)
        return [_standing(subject, drawn, Path(folder), executor, progress) for subject in subjects]


def check_importable(subject: str) -> None:
    """Raises UnusableSubject."""
    from conformance.documents.model import Document
    from conformance.runners.session import run_document

    run_document(Document("nothing", "Markdown", ()), subject, 0, Limits())


def _standing(subject: str, drawn: Sequence[Any], recordings: Path, executor: Executor, progress: Progress) -> Standing:
    from conformance.suites.bench import imports
    from conformance.suites.comparison import operators
    from conformance.suites.comparison.programs import Unit, is_equal

    settings = Settings(subject, Choice.RECORDED, recordings, Limits())
    shipped, mended = (run_documents([place], settings, progress).documents for place in (LIBRARY, REGRESSIONS))
    snippets = [it for document in (*shipped, *mended) for it in document.snippets if it.skipped is None]
    count = len(operators.variants())

    def answers(work: Callable[[Any], Any], units: Sequence[Any], what: str) -> list[Any]:
        told = []
        for done, (_, answer) in enumerate(executor.run(work, units, _UNIT_TIMEOUT), 1):
            told.append(answer)
            progress(f"{what} with {subject}", done, len(units))
        return told

    equal = answers(is_equal, [Unit(subject, program) for program in drawn], "programs")
    agreed = answers(operators.agreement, [operators.Unit(subject, place) for place in range(count)], "operators")
    known = [it for it in agreed if not isinstance(it, Lost)]
    (row,) = imports.measure(subject, ["import time"])
    return Standing(
        subject,
        _version(subject, next((document.subject["version"] for document in shipped if document.subject), "unknown")),
        Share(sum(document.status == "conformant" for document in shipped), len(shipped)),
        Share(sum(document.status == "conformant" for document in mended), len(mended)),
        Share(sum(it.verdict != "different" for it in snippets), len(snippets)),
        Share(sum(answer is True for answer in equal), len(drawn)),
        Share(sum(it.offered for it in known), count),
        Share(sum(it.forward for it in known), count),
        Share(sum(it.gradients for it in known), count),
        row.ratio,
        sum(isinstance(answer, Lost) for answer in (*equal, *agreed)),
    )


def _version(subject: str, told: str) -> str:
    """What the module says, or else what it was installed as."""
    if told == "unknown":
        for distribution in packages_distributions().get(subject.partition(".")[0], []):
            return version(distribution)
    return told
