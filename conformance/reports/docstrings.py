"""What became of the examples in PyTorch's docstrings, as data; a report of it only renders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from conformance.reports.model import Finding, Output

_ERROR = re.compile(r"Error\b|Exception\b|Traceback")
VERDICTS = ("equal", "different", "explained", "not offered", "not run")


@dataclass(frozen=True)
class Example:
    """One statement of a docstring.

    ``verdict`` is "equal", "different", "explained" (a known gap), "not offered" or "not run"; ``reason`` says why, or
    names what is not offered. ``raised`` is the error that PyTorch ends it with. ``output`` judges what the docstring
    shows for it. ``line`` counts within the docstring.
    """

    line: int
    code: str
    verdict: str
    reason: str = ""
    raised: str = ""
    output: Output | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Docstring:
    """``problem`` says why there are no examples, if there are none."""

    name: str
    namespace: str
    examples: tuple[Example, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Row:
    """How many examples there are of each verdict; ``failing`` are those equal in that both sides fail,
    though the docstring does not say so."""

    namespace: str
    docstrings: int
    verdicts: Mapping[str, int]
    failing: int
    errata: int

    @property
    def examples(self) -> int:
        return sum(self.verdicts.values())

    @property
    def offered(self) -> int:
        """How many use nothing that the subject does not offer, and were run."""
        return sum(self.verdicts.get(verdict, 0) for verdict in VERDICTS[:3])

    @property
    def share(self) -> str:
        """The share of the equal ones among those; never rounded up to all."""
        if not self.offered:
            return ""
        return f"{int(1000 * self.verdicts.get('equal', 0) / self.offered) / 10:.1f} %"


@dataclass(frozen=True)
class DocstringReport:
    """``facts`` say of what PyTorch; ``outdated_gaps`` are known gaps in which nothing differs any more."""

    subject: str
    docstrings: tuple[Docstring, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    outdated_gaps: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        if not any(docstring.examples for docstring in self.docstrings):
            return "unusable"
        return "different" if self.total.verdicts.get("different") or self.outdated_gaps else "conformant"

    @property
    def rows(self) -> list[Row]:
        spaces = dict.fromkeys(docstring.namespace for docstring in self.docstrings)
        return [
            _row(space, [docstring for docstring in self.docstrings if docstring.namespace == space])
            for space in spaces
        ]

    @property
    def total(self) -> Row:
        return _row("all", self.docstrings)

    @property
    def wanted(self) -> Counter[str]:
        """For each name that is not offered, how many examples need it."""
        return Counter(example.reason for _, example in self.of_verdict("not offered"))

    def of_verdict(self, *verdicts: str) -> Iterator[tuple[Docstring, Example]]:
        return ((place, example) for place, example in self._examples() if example.verdict in verdicts)

    @property
    def errata(self) -> Iterator[tuple[Docstring, Example]]:
        """What both sides agree on, where the docstring shows something else."""
        return ((place, example) for place, example in self._examples() if _is_erratum(example))

    @property
    def failing(self) -> Iterator[tuple[Docstring, Example]]:
        """What is equal in that both fail, though the docstring tells of no error."""
        return ((place, example) for place, example in self._examples() if _fails(example))

    def _examples(self) -> Iterator[tuple[Docstring, Example]]:
        return ((docstring, example) for docstring in self.docstrings for example in docstring.examples)

    def to_json(self) -> dict[str, Any]:
        rows = [asdict(row) | {"share": row.share} for row in [*self.rows, self.total]]
        return asdict(self) | {"status": self.status, "rows": rows, "wanted": dict(self.wanted.most_common())}


def _row(namespace: str, docstrings: Any) -> Row:
    examples = [example for docstring in docstrings for example in docstring.examples]
    return Row(
        namespace,
        len(docstrings),
        dict(Counter(example.verdict for example in examples)),
        sum(map(_fails, examples)),
        sum(map(_is_erratum, examples)),
    )


def _is_erratum(example: Example) -> bool:
    wrong = example.output is not None and example.output.verdict == "document erratum"
    return example.verdict == "equal" and wrong and not _fails(example)


def _fails(example: Example) -> bool:
    """Whether PyTorch ends in an error that the docstring does not tell of."""
    documented = example.output.documented if example.output else ""
    return example.verdict == "equal" and bool(example.raised) and not _ERROR.search(documented)
