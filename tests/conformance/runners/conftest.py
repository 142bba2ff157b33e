from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.documents.model import Document, Echo, Snippet
from conformance.runners.protocol import Limits, Run
from conformance.runners.session import run_document

RunSnippets = Callable[..., Run]


@pytest.fixture
def run_snippets() -> RunSnippets:
    """Runs codes as the snippets of a document. Any module can be a subject: ``math`` is a quick one."""

    def run(*codes: str, subject: str = "math", seed: int = 0, echo: Echo = "none", **limits: float) -> Run:
        snippets, line = [], 1
        for number, code in enumerate(codes):
            length = len(code.splitlines())
            snippets.append(Snippet(f"snippet {number}", code, tuple(range(line, line + length)), echo=echo))
            line += length + 1
        return run_document(Document("d.md", "Markdown", tuple(snippets)), subject, seed, Limits(**limits))  # type: ignore[arg-type]

    return run
