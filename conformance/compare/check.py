"""The outcome of comparing one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from conformance.runners.protocol import Description, Result


class Strength(StrEnum):
    IDENTICAL = "identical"
    WITHIN_ULP = "within ulp"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Check:
    """``where`` says what was compared, "stdout" or "w1.grad stride". Only a difference has texts of both sides."""

    where: str
    strength: Strength
    ulp: int = 0
    subject: str = ""
    reference: str = ""
    detail: str = ""


def exactly(where: str, subject: object, reference: object, detail: str = "") -> Check:
    """Identical or different, nothing between."""
    if subject == reference:
        return Check(where, Strength.IDENTICAL)
    return Check(where, Strength.DIFFERENT, subject=str(subject), reference=str(reference), detail=detail)


@dataclass(frozen=True)
class Outcome:
    """A Result, and what holds after it: it tells only what changed."""

    result: Result
    names: Mapping[str, Description] = field(default_factory=dict)
    aliases: Mapping[str, list[list[str]]] = field(default_factory=dict)
    random: Mapping[str, object] = field(default_factory=dict)


def outcomes(results: tuple[Result, ...]) -> list[Outcome]:
    """The results of a document, each with all that went before it."""
    told = []
    names: dict[str, Description] = {}
    aliases: Mapping[str, list[list[str]]] = {}
    random: dict[str, object] = {}
    for result in results:
        changed = {name: value for name, value in result.names.items() if value is not None}
        names = {name: value for name, value in names.items() if name not in result.names} | changed
        aliases = aliases if result.aliases is None else result.aliases
        random = random | dict(result.random)
        told.append(Outcome(result, names, aliases, random))
    return told
