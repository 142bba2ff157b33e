"""Which graphs a report shows, what of them it names, and that it marks what differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.compare.check import Outcome
from conformance.reports.model import Graph
from conformance.runners.protocol import Result
from conformance.suites.graphs import GRAPH_LIMIT, NODE_LIMIT, choose_graphs

LEAVES = {"w": [2], "b": []}


def _nodes(text: str) -> list[dict[str, Any]]:
    """A graph written as "Mul 1 -; Grad:w": the nodes in order, each with the nodes of its edges, then its variable."""
    nodes = []
    for written in text.split(";"):
        name, *edges = written.split()
        name, _, variable = name.partition(":")
        described = {"name": name, "called": name, "edges": [[None if to == "-" else int(to), 0] for to in edges]}
        nodes.append(described | ({"variable": variable} if variable else {}))
    return nodes


def _outcome(graphs: dict[str, str], changed: set[str] | None = None) -> Outcome:
    names = {
        name: {"kind": "tensor", "shape": [3], "grad": None, "graph": {"nodes": _nodes(text), "cut": False}}
        for name, text in graphs.items()
    }
    leaves = {name: {"kind": "tensor", "shape": shape, "grad": None, "graph": None} for name, shape in LEAVES.items()}
    held = {**leaves, **names}
    return Outcome(Result(names={name: it for name, it in names.items() if changed is None or name in changed}), held)


def _chosen(graphs: dict[str, str], code: str, changed: set[str] | None = None) -> tuple[Graph, ...]:
    outcome = _outcome(graphs, changed)
    return choose_graphs(outcome, outcome, [code])[0]


def _named(graph: Graph) -> dict[int, str]:
    return {number: node.tensor for number, node in enumerate(graph.reference) if node.tensor}


WHOLE = "Sum 1; Add 2 3; Mul 4 -; Grad:b; Grad:w"
PART = "Add 1 2; Mul 3 -; Grad:b; Grad:w"


def test_a_graph_that_is_part_of_another_is_not_shown_but_named() -> None:
    (graph,) = _chosen({"z": PART, "loss": WHOLE}, "z = w * 2 + b\nloss = z.sum()")
    assert (graph.tensor, graph.subject, graph.left_out) == ("loss", None, 0)
    assert _named(graph) == {0: "loss", 1: "z", 3: "b", 4: "w"}
    assert [node.name for node in graph.reference] == ["Sum", "Add", "Mul", "Grad", "Grad"]
    assert [node.edges for node in graph.reference] == [((1, 0),), ((2, 0), (3, 0)), ((4, 0), (None, 0)), (), ()]
    assert [node.shape for node in graph.reference] == [(3,), (3,), None, (), (2,)]


@pytest.mark.parametrize(
    "code",
    [
        "z = w * 2 + b\nloss = (w * 3 + b).sum()",  # the same structure, another tensor
        "z = w * 2 + b\nloss = z.sum()\nz = w * 5 + b",  # what z was then is gone
        "loss = make()",
        "z = (",
    ],
)
def test_structure_alone_is_not_enough(code: str) -> None:
    graphs = _chosen({"z": PART, "loss": WHOLE}, code)
    assert [graph.tensor for graph in graphs] == ["z", "loss"]
    assert "z" not in _named(graphs[1]).values()


def test_what_could_be_two_nodes_is_not_named() -> None:
    (graph,) = _chosen(
        {"z": "Mul 1 -; Grad:w", "loss": "Add 1 2; Mul 3 -; Mul 3 -; Grad:w"}, "z = w * 2\nloss = z + w * 3"
    )
    assert _named(graph) == {0: "loss", 3: "w"}


def test_earlier_snippets_count_and_only_what_changed_is_shown() -> None:
    outcome = _outcome({"z": PART, "loss": WHOLE}, {"loss"})
    (graph,), _ = choose_graphs(outcome, outcome, ["z = w * 2 + b", "a = z\nloss = a.sum()"])
    assert _named(graph)[1] == "z"
    assert choose_graphs(_outcome({"z": PART}, set()), _outcome({"z": PART}, set()), ["1"]) == ((), 0)


@pytest.mark.parametrize(
    ("theirs", "ours", "differing"),
    [
        ("Sum 1; Mul 2; Grad:w", "Sum 1; Exp 2; Grad:w", ({1}, {1})),
        ("Sum 1; Mul 2; Grad:w", "Sum 1; Mul 2; Grad:b", ({2}, {2})),
        ("Sum 1; Mul 2; Grad:w", "Sum 1; View 2; Mul 3; Grad:w", (set(), {1})),
        ("Sum 1; View 2; Mul 3; Grad:w", "Sum 1; Mul 2; Grad:w", ({1}, set())),
        ("Mul 1 2; Grad:w; Grad:b", "Mul 1 -; Grad:w", ({0, 2}, {0})),
        ("Add 1 1; Mul 2; Grad:w", "Add 1 2; Mul 3; Mul 3; Grad:w", ({1}, {1, 2})),
        ("Sub 1 2; Grad:w; Grad:b", "Sub 1 2; Grad:b; Grad:w", ({0}, {0})),
        ("Mul 1 2; Exp 3 3 4; Grad; Grad; Grad", "Mul 1 2; Exp 3 4 4; Grad; Grad; Grad", ({3}, {4})),
    ],
)
def test_what_differs_is_marked(theirs: str, ours: str, differing: tuple[set[int], set[int]]) -> None:
    (graph,), _ = choose_graphs(_outcome({"loss": ours}), _outcome({"loss": theirs}), ["loss = 1"])
    assert graph.subject is not None
    sides = [{number for number, node in enumerate(side) if node.differs} for side in (graph.reference, graph.subject)]
    assert tuple(sides) == differing


def test_a_graph_on_one_side_only() -> None:
    (graph,), _ = choose_graphs(_outcome({}), _outcome({"loss": WHOLE}), [""])
    assert graph.subject == ()
    assert all(node.differs for node in graph.reference)


def test_limits() -> None:
    chain = "; ".join([*(f"Mul {number}" for number in range(1, 100)), "Grad:w"])
    outcome = _outcome({f"x{number}": chain for number in range(GRAPH_LIMIT + 3)})
    graphs, left_out = choose_graphs(outcome, outcome, [""])
    assert (len(graphs), left_out) == (GRAPH_LIMIT, 3)
    assert [len(graph.reference) for graph in graphs] == [NODE_LIMIT] * GRAPH_LIMIT
    assert graphs[0].left_out == 100 - NODE_LIMIT
    assert all(target < NODE_LIMIT for node in graphs[0].reference for target, _ in node.edges if target is not None)


def test_a_graph_that_leads_back_to_itself() -> None:
    (graph,) = _chosen({"z": "Mul 1; Exp 0 1"}, "z = 1")
    assert len(graph.reference) == 2
    (graph,), _ = choose_graphs(_outcome({"z": "Mul 1; Exp 0"}), _outcome({"z": "Mul 1; Exp 1"}), ["z = 1"])
    assert graph.subject is not None


@st.composite
def _any_graph(draw: st.DrawFn) -> str:
    """Numbered as they are observed: breadth first, each node reached from an earlier one."""
    edges: list[list[int]] = [[]]
    for number in range(1, draw(st.integers(1, 7))):
        edges.append([])
        edges[draw(st.integers(max([0, *(source for source in range(number) if edges[source])]), number - 1))].append(
            number
        )
    for source, targets in enumerate(edges):
        later = st.sampled_from([number for number, _ in enumerate(edges) if number > source] or [None])
        targets += [target for target in draw(st.lists(later, max_size=2)) if target is not None and targets]
    names = [
        draw(st.sampled_from(("A", "B"))) if targets else f"Grad:{draw(st.sampled_from('wb'))}" for targets in edges
    ]
    return "; ".join(" ".join([name, *map(str, targets)]) for name, targets in zip(names, edges, strict=True))


@given(_any_graph(), _any_graph())
def test_a_difference_is_always_marked(ours: str, theirs: str) -> None:
    (graph,), _ = choose_graphs(_outcome({"loss": ours}), _outcome({"loss": theirs}), [""])
    marked = [node.differs for node in (*graph.reference, *(graph.subject or ()))]
    assert any(marked) == (_nodes(ours) != _nodes(theirs)) == (graph.subject is not None)
