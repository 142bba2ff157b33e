"""From a fault in an implementation to exit status 1, through the whole tool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

STORY = Path(__file__).parent / "story.md"

FAULTS = {
    "wrong value": ("self._array * other._array", "self._array * other._array * _np.float32(1.00001)", "value"),
    "NaN for a number": ("self._array * other._array", "self._array * _np.float32('nan')", "value"),
    "zero of the other sign": ("_np.full_like(self._array, 0.25)", "_np.full_like(self._array, -0.25)", "value"),
    "changed digit": ("precision=4", "precision=1", "text"),
    "lost suffix of a grad_fn": ("MulBackward0", "MulBackward", "graph"),
    "lost edge": ("(AccumulateGrad(side), 0) for", "(None, 0) for", "graph"),
    "lost requires_grad": ("self.requires_grad, MulBackward0", "False, MulBackward0", "graph"),
    "lost grad": ("node.variable.grad = ", "lost = ", "names"),
    "changed stride": ("step // 4 for", "step for", "layout"),
    "changed dtype": ("torch.float32", "torch.float64", "layout"),
    "copy for a view": ("Tensor(self._array[:])", "Tensor(self._array.copy())", "aliasing"),
    "swapped error text": ("sizes do not fit", "sizes do not match", "error"),
    "other exception": ("raise RuntimeError", "raise ValueError", "error"),
    "missing warning": ('_warnings.warn("made up", UserWarning, stacklevel=2)', "pass", "warning"),
    "other warning": ("UserWarning", "FutureWarning", "warning"),
    "another stream": ("_generator.seed(seed)", "_generator.seed(seed + 1)", "random"),
    "number drawn too much": ("for _ in range(count)]", "for _ in range(count + 1)][1:]", "random"),
    "skipped snippet": ("def backward(self):", "def backward(self):\n        import os; os._exit(0)", "ending"),
    "missing function": ("def rand(", "def random(", "error"),
    "noise": ("def rand(count):", "def rand(count):\n    import sys; sys.stderr.write('noise')", "text"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_turns_the_verdict(conformance: Any, plant: Any, fault: str) -> None:
    right, wrong, kind = FAULTS[fault]
    answer = conformance("run", STORY, "--subject", plant(right, wrong))
    assert (answer.status, answer.report["status"]) == (1, "different")
    assert kind in {
        finding["kind"]
        for snippet in answer.report["documents"][0]["snippets"]
        for finding in snippet["findings"]
        if finding["verdict"] == "different"
    }
    assert re.search(r"story\.md:\d+: .*\(seed 0", answer.output)


def test_without_a_fault_it_is_conformant(conformance: Any, plant: Any) -> None:
    answer = conformance("run", STORY, "--subject", plant())
    assert (answer.status, answer.report["status"]) == (0, "conformant")
    snippets = answer.report["documents"][0]["snippets"]
    assert sum(snippet["checks"]["identical"] for snippet in snippets) > 100
    assert [snippet["output"] and snippet["output"]["verdict"] for snippet in snippets] == [
        "matches",
        None,
        None,
        "not reproducible",
        "document erratum",
    ]


def test_a_rounding_is_within_ulp_and_told(conformance: Any, plant: Any) -> None:
    near = "_np.nextafter(self._array * other._array, _np.float32(9))"
    answer = conformance("run", STORY, "--subject", plant("self._array * other._array", near))
    findings = answer.report["documents"][0]["snippets"][0]["findings"]
    assert answer.status == 0
    assert [(finding["where"], finding["verdict"], finding["ulp"]) for finding in findings] == [
        ("z value", "within ulp", 1)
    ]
