"""The autograd graph behind a tensor, as ``grad_fn`` and ``next_functions`` tell it.

Nodes are numbered breadth first from ``grad_fn``, which is 0. An edge is [node, number of its input], and the node of
an empty edge is null. "cut" is true if the graph goes on beyond NODE_LIMIT nodes.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance.runners.probe import probe

NODE_LIMIT = 1_000


def describe_graph(tensor: Any, names: dict[int, str]) -> dict[str, Any] | None:
    """None for a tensor without grad_fn; ``names`` tells by identity what a document calls the leaves."""
    root = tensor.grad_fn
    if root is None:
        return None
    order = [root]  # holds the nodes, so that no identity is used twice
    number = {id(root): 0}
    nodes: list[dict[str, Any]] = []
    cut = False
    while len(nodes) < len(order):
        node = order[len(nodes)]
        edges = []
        for function, position in node.next_functions:
            if function is not None and id(function) not in number:
                if len(order) == NODE_LIMIT:
                    cut = True
                    continue
                number[id(function)] = len(order)
                order.append(function)
            edges.append([None if function is None else number[id(function)], position])
        described = {"name": type(node).__name__, "called": probe(partial(_called, node)), "edges": edges}
        if hasattr(node, "variable"):
            described["variable"] = names.get(id(node.variable))
        nodes.append(described)
    return {"nodes": nodes, "cut": cut}


def _called(node: Any) -> str:
    return str(node.name())
