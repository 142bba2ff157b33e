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

VERDICTS = ("identical", "within ulp", "not portable", "accepted", "different")  # of checks, the worst last


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
class Printed:
    """What a snippet showed, addresses masked, each text cut at a limit. ``error`` is the last line of a traceback."""

    stdout: str = ""
    stderr: str = ""
    warnings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Node:
    """A ``grad_fn``. An edge is (node, number of its input), as in ``next_functions``; that of an empty one is None.

    ``tensor`` is the name of the leaf that it accumulates into, or of the one tensor whose graph begins here.
    """

    name: str
    edges: tuple[tuple[int | None, int], ...] = ()
    tensor: str | None = None
    shape: tuple[int, ...] | None = None
    differs: bool = False


@dataclass(frozen=True)
class Graph:
    """The graph behind a tensor, breadth first from its ``grad_fn``; empty on a side that has none.

    ``subject`` is None where both are the same. ``left_out`` counts the nodes beyond a limit, whose edges are left out
    too.
    """

    tensor: str
    reference: tuple[Node, ...]
    subject: tuple[Node, ...] | None = None
    left_out: int = 0


@dataclass(frozen=True)
class Snippet:
    """``checks`` counts the checks under all seeds by verdict; the findings are those that were not identical.

    ``reference`` and ``subject`` (None where it showed the same) tell what both showed under ``shown_seed``: the first
    one under which something differs. ``graphs`` are those of that seed, but those that are part of another;
    ``graphs_left_out`` counts the ones beyond a limit. ``skipped`` is why it was not run, where the document says so.
    """

    label: str
    line: int
    reconstructed: str | None
    ended: str
    checks: Mapping[str, int]
    findings: tuple[Finding, ...]
    output: Output | None
    code: str = ""
    shown_seed: int = 0
    reference: Printed | None = None
    subject: Printed | None = None
    graphs: tuple[Graph, ...] = ()
    graphs_left_out: int = 0
    skipped: str | None = None

    @property
    def verdict(self) -> str:
        """The worst of its checks."""
        return max(self.checks, key=VERDICTS.index, default="identical")


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
    def skipped(self) -> int:
        """How many of its snippets it says are to be skipped."""
        return sum(snippet.skipped is not None for snippet in self.snippets)

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
        judged = any(document.checks for document in self.documents)
        return max(found, key=EXIT_STATUS.__getitem__) if judged else "unusable"

    def to_json(self) -> dict[str, Any]:
        documents = [asdict(document) | {"status": document.status} for document in self.documents]
        return asdict(self) | {"status": self.status, "documents": documents}
