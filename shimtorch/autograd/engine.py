"""The backward pass: newest node first, without recursion.

A node is always newer than the nodes it leads to, so taking the newest node that has received a gradient
means that all its gradients have arrived; this is also the order in which torch sums them.
"""

from __future__ import annotations

import sys
from heapq import heappop, heappush

import numpy as np
from numpy import ndarray

from .._floating import QUIET, reset_floating, set_floating
from .._layout import is_dense
from . import nodes
from .derivatives import node_class
from .mode import state
from .namespaces import ARRAYS, TENSORS

_UNIQUE = None  # the reference count of a gradient that nobody else holds, measured at import


def run(roots, keep_graph: bool, create_graph: bool, wanted=None, captured=()):
    """Send gradients from ``roots`` (pairs of edge and gradient) to the leaves.

    Returns ``(leaves, caught)``: the summed gradient per leaf Tensor, and per node in ``captured`` the gradient
    that arrived there. Only nodes in ``wanted`` run, if it is given. Gradients are arrays, or Tensors if
    ``create_graph``.
    """
    previous, token = state.enabled, set_floating(QUIET)
    state.enabled = create_graph
    try:
        return _loop(roots, keep_graph, create_graph, wanted, captured)
    finally:
        state.enabled = previous
        reset_floating(token)


def _loop(roots, keep_graph, create_graph, wanted, captured):
    pending: dict = {}
    leaves: dict = {}
    caught: dict = {}
    heap: list = []
    Node = nodes.Node
    for edge, gradient in roots:
        if not isinstance(edge, Node):
            leaves[edge] = leaves[edge] + gradient if edge in leaves else gradient
        elif edge in pending:
            pending[edge] = pending[edge] + gradient
        else:
            pending[edge] = gradient
            heappush(heap, (edge.sequence, edge))
    gradient = only = None  # only: the one node that waits, while the heap is empty
    while heap or only is not None:
        if only is None:
            node = heappop(heap)[1]
        else:
            node, only = only, None
        incoming = pending.pop(node)
        extra = node.extra
        if extra is not None and extra.retained is not None:
            _retain(node, extra.retained(), incoming, create_graph)
        if node in captured:
            caught[node] = incoming
        if wanted is not None and node not in wanted:
            continue
        gradients = node.tensors(incoming) if create_graph else node.arrays(incoming)
        incoming = None
        if extra is not None and extra.operands is not None:
            gradients = _fit(gradients, extra.operands, create_graph)
        if not keep_graph and node.saved:
            node.saved = None
        for edge, gradient in zip(node.edges, gradients):  # noqa: B905 (made together, and this is hot)
            if gradient is None:
                continue
            if not isinstance(edge, Node):
                leaves[edge] = leaves[edge] + gradient if edge in leaves else gradient
            elif edge in pending:
                pending[edge] = pending[edge] + gradient
            else:
                pending[edge] = gradient
                if only is None and not heap:
                    only = edge
                    continue
                heappush(heap, (edge.sequence, edge))
                if only is not None:
                    heappush(heap, (only.sequence, only))
                    only = None
        gradients = None
    return leaves, caught


def _fit(gradients, operands, create_graph: bool):
    """Sum broadcast dimensions away and undo promotion, so that each gradient is like its operand."""
    space = TENSORS if create_graph else ARRAYS
    fitted = []
    for gradient, operand in zip(gradients, operands, strict=True):
        if gradient is not None and operand is not None:
            shape, kind = operand
            if kind is not None and kind.kind != "c" and space.is_complex(gradient):
                gradient = space.real(gradient)
            if kind is not None and kind.kind != "c":
                dtype = (gradient._a if create_graph else gradient).dtype
                if dtype.kind == "c":  # the real part is taken before anything is summed
                    gradient = space.cast(gradient, dtype.type().real.dtype)
            if gradient.shape != shape:
                gradient = space.sum_to(gradient, shape)
            if kind is not None:
                gradient = space.cast(gradient, kind)
        fitted.append(gradient)
    return fitted


def _retain(node, tensor, gradient, create_graph: bool) -> None:
    if tensor is None or tensor._node is not node:
        return
    if create_graph:
        tensor._grad = TENSORS.clone(gradient) if tensor._grad is None else tensor._grad + gradient
    else:
        tensor._grad = TENSORS.wrap(np.array(gradient) if tensor._grad is None else tensor._grad._a + gradient)


def accumulate(leaves: dict, create_graph: bool) -> None:
    """Add each summed gradient to its leaf's ``grad``: in place where one exists, unless that is to be recorded."""
    while leaves:
        leaf, gradient = leaves.popitem()
        if not leaf._rg:
            continue
        if create_graph:
            accumulate_tensor(leaf, gradient)
        elif leaf._grad is None:
            if type(gradient) is ndarray and gradient.base is None and sys.getrefcount(gradient) == 2:
                pass  # nobody else holds this memory
            else:
                gradient = np.array(gradient)
            leaf._grad = TENSORS.wrap(_laid_out(gradient, leaf._a))
        else:
            existing = leaf._grad
            np.add(existing._a, gradient, out=existing._a)
            nodes.counter_of(existing).value += 1


def _laid_out(gradient, like):
    if gradient.strides == like.strides or gradient.size < 2:
        return gradient
    if is_dense(like):
        out = np.empty_like(like, dtype=gradient.dtype)
        if out.strides != gradient.strides:
            out[...] = gradient
            return out
        return gradient
    return np.ascontiguousarray(gradient)


CopyBackwards = node_class(
    "CopyBackwards", ("self", "src"),
    {"self": lambda xp, grad: xp.zeros_like(grad), "src": lambda xp, grad: grad},
)  # fmt: skip


def accumulate_tensor(leaf, gradient) -> None:
    """As ``accumulate`` for one Tensor gradient; in grad mode the sum or copy becomes part of the graph."""
    if not leaf._rg:
        return
    if leaf._grad is None:
        copy = leaf._grad = TENSORS.wrap(_laid_out(np.array(gradient._a), leaf._a))
        if gradient._rg and state.enabled:
            _record_copy(copy, gradient)
    elif state.enabled:
        leaf._grad = leaf._grad + gradient
    else:
        accumulate({leaf: gradient._a}, False)


def _record_copy(copy, gradient) -> None:
    from ..ops._define import record

    record(copy, CopyBackwards, (None, gradient))
    nodes.counter_of(copy).value = 1


def call_node(node, gradient):
    """``grad_fn(gradient)``: the gradients of one node as its formula gives them, broadcast dimensions included."""
    token = set_floating(QUIET)
    try:
        if type(gradient) is tuple:  # of a node of several outputs
            given = {i: g if state.enabled else g._a for i, g in enumerate(gradient) if g is not None}
            gradient = nodes.Arrived(given)
        elif not state.enabled:
            gradient = gradient._a
        if state.enabled:
            gradients = node.tensors(gradient)
        else:
            gradients = [None if g is None else TENSORS.wrap(np.asarray(g)) for g in node.arrays(gradient)]
    finally:
        reset_floating(token)
    return gradients[0] if len(gradients) == 1 else tuple(gradients)


def reaching(roots, targets) -> set:
    """The nodes from which a target (node or leaf) can be reached, found without recursion."""
    reached: set = set()
    seen: set = set()
    stack = [root for root in roots if isinstance(root, nodes.Node)]
    while stack:
        node = stack[-1]
        if node not in seen:
            seen.add(node)
            stack.extend(e for e in node.edges if isinstance(e, nodes.Node) and e not in seen)
            continue
        stack.pop()
        if any(edge is not None and (edge in targets or edge in reached) for edge in node.edges):
            reached.add(node)
    return reached
