"""Comparing what the subject and the reference did in one snippet.

A comparator is a module in this folder with a function ``compare(subject, reference)`` that yields a Check for each
thing it looks at; the module's name is the kind of its checks. A new one is found by being here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

from conformance.compare.check import Check, Outcome

Comparator = Callable[[Outcome, Outcome], Iterator[Check]]


# A snippet that did not finish left no effect; what it wrote until then can still be compared.
_OF_UNFINISHED = ("ending", "text")


@cache
def comparators() -> dict[str, Comparator]:
    """Every comparator, by the kind of its checks."""
    modules = {name: importlib.import_module(f"{__name__}.{name}") for _, name, _ in pkgutil.iter_modules(__path__)}
    return {name: module.compare for name, module in sorted(modules.items()) if hasattr(module, "compare")}


def compare_outcomes(subject: Outcome, reference: Outcome) -> list[tuple[str, Check]]:
    """All checks of a snippet, each with its kind."""
    kinds = comparators()
    if not (subject.result.finished and reference.result.finished):
        kinds = {kind: kinds[kind] for kind in _OF_UNFINISHED}
    return [(kind, check) for kind, compare in kinds.items() for check in compare(subject, reference)]
