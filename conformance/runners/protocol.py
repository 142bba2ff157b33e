"""What the runner and its child processes tell each other, as JSON, one object a line.

The runner sends the job, the child answers ``{"ready": facts}`` or ``{"unusable": reason}``. Then, in
lock step, the runner sends the number of a snippet and the child answers with the fields of a Result.
A child never sees more than one request, so what the document prints can be told apart by snippet.

A Result holds only what the snippet changed; ``observe`` documents its descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# Part of each recording's key: raise it whenever what is observed changes.
VERSION = 1

SEEDS = (0, 1)

PROCESSES = 100  # that a document can have from Python; with twice as many, from wherever, it is ended

Description = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    timeout: float = 30.0  # seconds, for each snippet
    memory: int = 4096  # MiB of address space, for each process
    output: int = 1_000_000  # bytes kept of what a snippet writes to stdout, and as many of stderr


@dataclass(frozen=True)
class Failure:
    """The exception that ended a snippet; ``line`` is the document's, None where no line of it took part."""

    type: str
    text: str
    line: int | None


@dataclass(frozen=True)
class Result:
    """What one snippet did.

    ``ended`` is "finished" for a snippet that returned or raised. Else it is "timeout", "signal", "exit", "memory",
    "processes" (too many), "lost" (the child lives and does not answer), "not run", or "skipped" as the document asks;
    ``detail`` says more, and later snippets run as if this one were not there.
    """

    ended: str = "finished"
    detail: str = ""
    stdout: str = ""
    stderr: str = ""
    error: Failure | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    names: Mapping[str, Description | None] = field(default_factory=dict)  # None: no longer bound
    aliases: Mapping[str, list[list[str]]] | None = None  # None: as before
    random: Mapping[str, str] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        return self.ended == "finished"

    def to_json(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        fields = asdict(self)
        return {name: value for name, value in fields.items() if value != _DEFAULTS[name]}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Result:
        """Raises TypeError, ValueError or KeyError for fields that no Result has."""
        known = dict(fields)
        if known.get("error") is not None:
            known["error"] = Failure(**known["error"])
        known["warnings"] = tuple((str(category), str(text)) for category, text in known.get("warnings", ()))
        return cls(**known)


_DEFAULTS = asdict(Result())


@dataclass(frozen=True)
class Run:
    """A document through one implementation with one seed; ``facts`` says which implementation, where."""

    facts: Mapping[str, str]
    results: tuple[Result, ...]
