"""What a run found, as data. README.md beside this file documents the JSON made of it.

SCHEMA rises when a field changes its meaning or goes; a new field does not raise it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 1

EXIT_STATUS = {"conformant": 0, "different": 1, "unusable": 2}


@dataclass(frozen=True)
class Finding:
    """A check that was not identical. ``verdict`` is "within ulp", "different", "accepted" or "not portable"."""

    kind: str
    where: str
    verdict: str
    seeds: tuple[int, ...]
    ulp: int = 0
    subject: str = ""
    reference: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Output:
    """What the document prints for a snippet against what both implementations print."""

    line: int
    verdict: str
    documented: str
    produced: str


@dataclass(frozen=True)
class Snippet:
    """``checks`` counts the checks under all seeds by verdict; the findings are those that were not identical."""

    label: str
    line: int
    reconstructed: str | None
    ended: str
    checks: Mapping[str, int]
    findings: tuple[Finding, ...]
    output: Output | None


@dataclass(frozen=True)
class Note:
    """What the reader of the document rebuilt, left out or could not read."""

    line: int
    kind: str
    message: str


@dataclass(frozen=True)
class Document:
    """``problem`` says why there are no results, if there are none."""

    path: str
    name: str
    format: str = ""
    problem: str | None = None
    reference: Mapping[str, str] = field(default_factory=dict)
    subject: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    snippets: tuple[Snippet, ...] = ()

    @property
    def checks(self) -> Counter[str]:
        return sum((Counter(snippet.checks) for snippet in self.snippets), Counter[str]())

    @property
    def outputs(self) -> Counter[str]:
        return Counter(snippet.output.verdict for snippet in self.snippets if snippet.output)

    @property
    def status(self) -> str:
        if self.problem is not None:
            return "unusable"
        return "different" if self.checks["different"] else "conformant"


@dataclass(frozen=True)
class Report:
    subject: str
    documents: tuple[Document, ...]
    outdated_gaps: tuple[str, ...] = ()
    schema: int = SCHEMA

    @property
    def status(self) -> str:
        """The worst there is: a run that could not judge everything has no verdict."""
        found = {document.status for document in self.documents} | ({"different"} if self.outdated_gaps else set())
        judged = any(document.snippets for document in self.documents)
        return max(found, key=EXIT_STATUS.__getitem__) if judged else "unusable"

    def to_json(self) -> dict[str, Any]:
        documents = [asdict(document) | {"status": document.status} for document in self.documents]
        return asdict(self) | {"status": self.status, "documents": documents}
