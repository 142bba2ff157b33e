"""Reports made up for the tests, and texts that no report may obey."""

from __future__ import annotations

from conformance.reports.measurements import Measurements, Row
from conformance.reports.model import Document, Finding, Graph, Node, Note, Output, Printed, Report, Snippet

HOSTILE = (
    "</pre></code><script>alert(1)</script><img src=//x.test onerror=alert(1)> \x1b[31mred\x1b[0m \x00\x07\x9b\r"
    "\u202eabc\u2066 \ud800 \ufffe \u2028 ]]> | `x` **b** [a](javascript:alert(1)) @all #1 {{ 7 * 7 }} {% raw %}"
    " \"'&amp;"
)
# What must not be in a file as it is: it would style a terminal, change the order of text, or is no character.
FORBIDDEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufffe\uffff]"

FACTS = {"module": "torch", "version": "2.13.0", "capability": "AVX2", "python": "3", "numpy": "2", "platform": "L"}

LEAF = Node("AccumulateGrad", (), "w", (3, 2))
MUL = Node("MulBackward0", ((1, 0), (1, 0), (None, 0)))
ROOT = Node("SumBackward0", ((1, 0),), "loss", ())
CHAIN = (ROOT, Node("MulBackward0", ((2, 0), (2, 0), (None, 0)), "z", (3, 2)), LEAF)
OTHER_CHAIN = (ROOT, Node("PowBackward0", ((2, 0),), None, None, differs=True), LEAF)


def snippet(text: str = "tensor([1.])", verdict: str = "different", label: str = "Listing 1") -> Snippet:
    """One in which everything is of this text, both implementations differ, and so do their graphs."""
    finding = Finding("value", text, verdict, (0, 1), 3 if verdict == "within ulp" else 0, text, "0.5", text)
    shown = Printed(text, text, (text,), text)
    graphs = (
        Graph("loss", CHAIN),
        Graph(text, (Node(text, (), text, (1,)),), OTHER_CHAIN, 7),
        Graph("z", CHAIN, ()),
    )
    return Snippet(
        label,
        7,
        text,
        "finished",
        {"identical": 3, verdict: 2},
        (finding,),
        Output(9, "document erratum", text, "other"),
        text,
        1,
        Printed("0.5"),
        shown,
        graphs,
        2,
    )


def good_snippet(label: str, code: str, printed: str | None = None, line: int = 1) -> Snippet:
    """One in which both do what the document says."""
    output = None if printed is None else Output(line + 1, "matches", printed, printed)
    shown = Printed(printed or "")
    return Snippet(
        label, line, None, "finished", {"identical": 5}, (), output, code, 0, shown, None, (Graph("loss", CHAIN),)
    )


def report(text: str = "tensor([1.])", verdict: str = "different", problem: str | None = None) -> Report:
    """Two documents with results, and if there is a problem one without."""
    notes = (Note(3, "reconstructed", text),)
    first = Document(
        "a/b.md",
        text,
        text,
        None,
        {"from": "recording", **FACTS},
        FACTS,
        notes,
        (snippet(text, verdict), snippet(text, verdict)),
    )
    second = Document(
        "a/good.md",
        "good.md",
        "Markdown",
        None,
        {"from": "recording", **FACTS},
        FACTS,
        (),
        (
            good_snippet("line 1", "print(1)", "1"),
            good_snippet("line 5", "w = torch.ones(3)\nloss = (w * w).sum()", line=5),
            Snippet("In [3]", 9, None, "timeout", {}, (), None, "while True: pass", 0, Printed(), None),
        ),
    )
    unusable = [Document("c.md", "c.md", problem=problem)] if problem else []
    return Report("shimtorch", (first, second, *unusable))


def measurements(text: str = "operators") -> Measurements:
    """A bound that is kept, one that is not, and two measurements without one."""
    rows = (
        Row("import time", "start", "ms", 62.1, 871.5, 0.0713, 0.069, 0.08, 0.15),
        Row("book", "training steps", "µs", 24.4, 42.1, 0.58, 0.55, 0.63, 0.5),
        Row(f"mul {text}", text, text, 660.0, 1512.0, 0.436, 0.41, 0.47, None, 238.0),
        Row("nothing", text, "ns", 0.0, 0.0, float("nan"), 0.0, float("inf")),
    )
    return Measurements(text, rows, {"PyTorch": "2.13.0", text: text})
