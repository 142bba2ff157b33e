"""requires_grad, is_leaf and the graph behind each tensor: names of the nodes, edges, leaves."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.compare.check import Check, Outcome, exactly
from conformance.compare.pairs import pairs
from conformance.runners.protocol import Description


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    for pair in pairs(subject, reference):
        if both := pair.both("tensor"):
            ours, theirs = both
            for aspect in ("requires_grad", "is_leaf"):
                yield exactly(f"{pair.path} {aspect}", ours[aspect], theirs[aspect])
            yield _compare_graphs(f"{pair.path}.grad_fn", ours["graph"], theirs["graph"])


def _compare_graphs(path: str, ours: Description | None, theirs: Description | None) -> Check:
    """Identical, or the first node that differs, named by the way that leads to it."""
    if ours == theirs:
        return exactly(path, None, None)
    if not ours or not theirs or "error" in ours or "error" in theirs:
        return exactly(path, _root(ours), _root(theirs))
    ways = {0: path}
    for number, (our_node, their_node) in enumerate(zip(ours["nodes"], theirs["nodes"], strict=False)):
        if our_node != their_node:
            return exactly(ways[number], _told(our_node), _told(their_node))
        for position, (target, _) in enumerate(their_node["edges"]):
            if target is not None:
                ways.setdefault(target, f"{ways[number]}.next_functions[{position}]")
    return exactly(path, *(f"{len(graph['nodes'])} nodes{', and more' * graph['cut']}" for graph in (ours, theirs)))


def _root(graph: Description | None) -> str:
    if graph is None:
        return "None"
    return str(graph["error"] if "error" in graph else graph["nodes"][0]["name"])


def _told(node: Description) -> str:
    edges = ", ".join(
        "none" if target is None else f"node {target} output {number}" for target, number in node["edges"]
    )
    variable = f" of {node['variable']}" if "variable" in node else ""
    called = f" called {node['called']}" if node["called"] != node["name"] else ""
    return f"{node['name']}{called}{variable}" + (f" ← {edges}" if edges else "")
