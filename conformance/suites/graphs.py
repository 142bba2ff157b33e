"""Which computation graphs of a snippet a report shows, and what in them differs.

A graph is shown where a tensor that the snippet bound is its root, unless it is part of one that is shown. Whether it
is cannot be seen, since what is seen of a node does not include its identity. It is taken to be where the other one
holds the same structure, and the code computes the other tensor from this one.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from conformance.compare.check import Outcome
from conformance.reports.model import Graph, Node
from conformance.runners.protocol import Description

GRAPH_LIMIT = 4  # of a snippet
NODE_LIMIT = 60  # of a graph
TENSOR_LIMIT = 100  # of a document: what else has a graph is not looked for in those of the others

Nodes = list[dict[str, Any]]


@dataclass(frozen=True)
class _Side:
    """What is known of the tensors of one implementation, by path."""

    tensors: Mapping[str, Description]

    def nodes(self, path: str) -> Nodes:
        graph = self.tensors.get(path, {}).get("graph") or {}
        return list(graph.get("nodes", ()))

    def shape(self, path: str | None) -> tuple[int, ...] | None:
        shape = self.tensors.get(path or "", {}).get("shape")
        return tuple(shape) if isinstance(shape, list) else None


def choose_graphs(subject: Outcome, reference: Outcome, program: Sequence[str]) -> tuple[tuple[Graph, ...], int]:
    """The graphs to show, in the order in which the document names their tensors, and how many were left out.

    ``program`` is the code that has run until now.
    """
    sources = _sources(program)
    ours, theirs = (_Side(dict(_tensors(outcome.names))) for outcome in (subject, reference))
    changed = {name for outcome in (subject, reference) for name in outcome.result.names}
    paths = [path for path in {**theirs.tensors, **ours.tensors} if _name_of(path) in changed]
    roots = {path: (ours.nodes(path), theirs.nodes(path)) for path in paths}
    roots = {path: sides for path, sides in roots.items() if any(sides)}
    shown: list[str] = []
    left_out = 0
    for number, path in enumerate(sorted(roots, key=lambda path: -max(map(len, roots[path])))):
        if number < TENSOR_LIMIT and any(
            _name_of(path) in sources.get(_name_of(other), ()) and _is_part(roots[path], roots[other])
            for other in shown
        ):
            continue
        if len(shown) < GRAPH_LIMIT:
            shown.append(path)
        else:
            left_out += 1
    return tuple(
        _graph(path, ours, theirs, sources.get(_name_of(path), set())) for path in roots if path in shown
    ), left_out


def _tensors(names: Mapping[str, Description], path: str = "") -> Iterator[tuple[str, Description]]:
    for name, description in names.items():
        if description.get("kind") == "tensor":
            yield path + name, description
            grad = description["grad"]
            if grad and "kind" in grad:
                yield from _tensors({f"{path}{name}.grad": grad})
        elif description.get("kind") == "container":
            yield from _tensors(dict(description["items"]), path + name)


def _sources(program: Sequence[str]) -> dict[str, set[str]]:
    """For each name that is assigned to, the names that its value was computed from, as far as assignments tell, and
    that are still bound to what they were then."""
    sources: dict[str, set[str]] = {}
    for code in program:
        try:
            nodes = list(ast.walk(ast.parse(code)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        statements = [node for node in nodes if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))]
        for statement in sorted(statements, key=lambda statement: (statement.lineno, statement.col_offset)):
            names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
            read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            read = read.union(*(sources.get(name, ()) for name in read))
            for name in {node.id for node in names if isinstance(node.ctx, ast.Store)}:
                for others in sources.values():
                    others.discard(name)
                sources[name] = read - {name}
    return sources


def _name_of(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _is_part(small: tuple[Nodes, Nodes], large: tuple[Nodes, Nodes]) -> bool:
    return all(not ours or _places(ours, theirs) for ours, theirs in zip(small, large, strict=True))


def _places(small: Nodes, large: Nodes) -> list[int]:
    """The nodes of the large graph from which on it is the small one."""
    if len(small) > len(large):
        return []
    sought = _digests(small)[0]
    digests = _digests(large)
    return [start for start, digest in digests.items() if digest == sought and _is_at(small, large, start)]


def _digests(nodes: Nodes) -> dict[int, int]:
    """For each node a number that is the same where the same is below it, for a quick first look."""
    digests: dict[int, int] = {}
    pending, entered = [0], {0}
    while pending:
        number = pending[-1]
        if missing := [target for target in _targets(nodes[number]) if target not in entered]:
            pending += missing
            entered.update(missing)
        else:
            below = tuple((digests.get(target), position) for target, position in nodes[number]["edges"])
            digests[number] = hash((_label(nodes[number]), below))
            pending.pop()
    return digests


def _is_at(small: Nodes, large: Nodes, start: int) -> bool:
    place = {0: start}
    for number, node in enumerate(small):
        if number not in place:  # left out where the graph was cut
            return False
        there = large[place[number]]
        if _label(node) != _label(there) or len(node["edges"]) != len(there["edges"]):
            return False
        for (target, position), (other, other_position) in zip(node["edges"], there["edges"], strict=True):
            if (target is None) != (other is None) or position != other_position:
                return False
            if target is not None and place.setdefault(target, other) != other:
                return False
    return len(set(place.values())) == len(place)


def _label(node: Mapping[str, Any]) -> tuple[object, ...]:
    return node["name"], node["called"], "variable" in node, node.get("variable")


def _graph(path: str, ours: _Side, theirs: _Side, sources: Set[str]) -> Graph:
    """``sources`` are the names of tensors that may be within it."""
    our_nodes, their_nodes = ours.nodes(path), theirs.nodes(path)
    left_out = max(0, max(len(our_nodes), len(their_nodes)) - NODE_LIMIT)
    if our_nodes == their_nodes:
        return Graph(path, _nodes(path, theirs, their_nodes, set(), sources), left_out=left_out)
    differing = _differing(our_nodes, their_nodes)
    return Graph(
        path,
        _nodes(path, theirs, their_nodes, differing[1], sources),
        _nodes(path, ours, our_nodes, differing[0], sources),
        left_out,
    )


def _nodes(path: str, side: _Side, nodes: Nodes, differing: set[int], sources: Set[str]) -> tuple[Node, ...]:
    begins = _begins(side, nodes, sources)
    shown = []
    for number, node in enumerate(nodes[:NODE_LIMIT]):
        tensor = path if number == 0 else node.get("variable") or begins.get(number)
        edges = tuple((target, position) for target, position in node["edges"] if (target or 0) < NODE_LIMIT)
        shown.append(Node(node["name"], edges, tensor, side.shape(tensor), number in differing))
    return tuple(shown)


def _begins(side: _Side, nodes: Nodes, sources: Set[str]) -> dict[int, str]:
    """The one tensor whose graph is the one from a node on; none where it could be another node or tensor, too."""
    claims: dict[int, list[str]] = {}
    rooted = [path for path in side.tensors if _name_of(path) in sources and side.nodes(path)]
    for path in rooted[:TENSOR_LIMIT]:
        places = _places(side.nodes(path), nodes)
        for place in places:
            claims.setdefault(place, []).extend([path] * len(places))
    return {place: paths[0] for place, paths in claims.items() if len(paths) == 1}


def _differing(ours: Nodes, theirs: Nodes) -> tuple[set[int], set[int]]:
    """The nodes of each graph that the other one has not: what is the same from the roots on along the same inputs is
    in both, and so is what is the same from a node on down to the leaves."""
    pending = {(0, 0)} if ours and theirs else set()
    met: set[tuple[int, int]] = set()
    while pending:
        pair = pending.pop()
        met.add(pair)
        targets = zip(ours[pair[0]]["edges"], theirs[pair[1]]["edges"], strict=False)
        pending |= {(mine, other) for (mine, _), (other, _) in targets if mine is not None and other is not None} - met
    partners = [Counter(pair[side] for pair in met) for side in (0, 1)]  # of a node two, where only one side shares it
    digests = [_digests(nodes) if nodes else {} for nodes in (ours, theirs)]
    counts = [Counter(side.values()) for side in digests]
    alike = [{number for number, digest in side.items() if counts[0][digest] == counts[1][digest]} for side in digests]
    walked = {
        (our, their)
        for our, their in met
        if partners[0][our] == partners[1][their] == 1 and _told(ours[our]) == _told(theirs[their])
    }
    for our, their in walked:
        alike[0].add(our)
        alike[1].add(their)
    for our, their in walked:
        for mine, other in zip(_targets(ours[our]), _targets(theirs[their]), strict=True):
            elsewhere = digests[0][mine] != digests[1][other] and (mine, other) not in walked
            if elsewhere and mine in alike[0] and other in alike[1]:  # both are there: it is the edges that differ
                alike[0].discard(our)
                alike[1].discard(their)
    differing = set(range(len(ours))) - alike[0], set(range(len(theirs))) - alike[1]
    if any(differing):
        return differing
    shared = [{node for node, many in side.items() if many > 1} for side in partners]
    return shared[0], shared[1]  # nothing but which of nodes that are alike is used where


def _told(node: Mapping[str, Any]) -> tuple[object, ...]:
    """All of a node but which nodes its edges lead to."""
    return *_label(node), *((target is None, position) for target, position in node["edges"])


def _targets(node: Mapping[str, Any]) -> list[int]:
    return [target for target, _ in node["edges"] if target is not None]
