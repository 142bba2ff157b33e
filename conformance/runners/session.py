"""A whole document through one implementation with one seed."""

from __future__ import annotations

import threading
from typing import Any

from conformance.documents.model import Document
from conformance.runners.process import Child, Launch, launch_fresh
from conformance.runners.protocol import Limits, Result, Run


def run_document(
    document: Document,
    subject: str,
    seed: int,
    limits: Limits,
    cancelled: threading.Event | None = None,
    launch: Launch = launch_fresh,
) -> Run:
    """One result for each snippet, in order. Raises UnusableSubject if the implementation cannot be imported.

    A snippet to be skipped is not run. One that ends its process costs the others nothing: a fresh process runs those
    before it again, leaves it out, and goes on.
    """
    job: dict[str, Any] = {
        "subject": subject,
        "alias": document.alias,
        "seed": seed,
        "memory": limits.memory,
        "snippets": [
            {"code": snippet.code, "lines": snippet.lines, "echo": snippet.echo, "seed": snippet.seed}
            for snippet in document.snippets
        ],
    }
    results = {index: Result(ended="skipped") for index, snippet in enumerate(document.snippets) if snippet.skip}
    facts: dict[str, str] = {}
    while not facts or len(results) < len(document.snippets):
        with Child(job, limits, cancelled or threading.Event(), launch) as child:
            facts = child.start()
            for index, snippet in enumerate(document.snippets):
                if index in results and not results[index].finished:
                    continue
                result = child.run(index)
                if index in results and not result.finished:
                    lost = Result(ended="not run", detail=f"{snippet.label!r} ran once, but not a second time")
                    results |= {later: lost for later in range(len(document.snippets)) if later not in results}
                    break
                results.setdefault(index, result)
                if not result.finished:
                    break
    return Run(facts, tuple(results[index] for index in range(len(document.snippets))))
