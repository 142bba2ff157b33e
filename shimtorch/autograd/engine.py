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
from .._layout import is_dense, refuse_overlap
from . import nodes, observed
from .derivatives import node_class
from .mode import state
from .namespaces import ARRAYS, TENSORS
from .rebasing import written


def run(roots, keep_graph: bool, create_graph: bool, leaves=None, wanted=None, captured=()):
    """Send gradients from ``roots`` (pairs of edge and gradient).

    With ``leaves`` None, what arrives at leaves is added to their ``grad``; otherwise that of those in ``leaves`` is
    returned together with what arrived at the nodes in ``captured``, as a dictionary. Only nodes in ``wanted`` run
    (and leaves in ``wanted`` are added to), if it is given. Gradients are arrays, or Tensors if ``create_graph``.
    """
    previous, token = state.enabled, set_floating(QUIET)
    state.enabled = create_graph
    try:
        return _loop(roots, keep_graph, create_graph, leaves, wanted, captured)
    finally:
        state.enabled = previous
        reset_floating(token)


def _loop(roots, keep_graph, create_graph, targets, wanted, captured):
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
    roots = gradient = only = node = None  # only: the one node that waits, while the heap is empty
    if observed.everywhere():
        return observed.run(pending, leaves, caught, keep_graph, create_graph, targets, wanted, captured)
    try:
        while heap or only is not None:
            if only is None:
                node = heappop(heap)[1]
            else:
                node, only = only, None
            incoming = pending.pop(node)
            extra = node.extra
            if extra is not None:
                if extra.observed:
                    pending[node] = incoming
                    node = incoming = None
                    return observed.run(pending, leaves, caught, keep_graph, create_graph, targets, wanted, captured)
                if extra.retained is not None:
                    retain(node, extra.retained(), incoming, create_graph)
            if node in captured:
                caught[node] = incoming
            if wanted is not None and node not in wanted:
                continue
            gradients = node.tensors(incoming) if create_graph else node.arrays(incoming)
            incoming = None
            if extra is not None and extra.operands is not None:
                gradients = fit(gradients, extra.operands, create_graph)
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
    except BaseException:
        if targets is None and leaves:
            _settle(leaves, [*pending, node], create_graph, wanted)
        raise
    gradient = None
    if targets is None:
        accumulate(leaves, create_graph, wanted)
        return None
    for leaf in targets:
        if leaf in leaves:
            caught[leaf] = leaves[leaf]
    return caught


def _settle(leaves: dict, unfinished, create_graph: bool, wanted) -> None:
    """When a pass has failed, as torch: what had arrived completely at a leaf is added to its ``grad``."""
    stack, known = [node for node in unfinished if node is not None], set()
    while stack:
        edge = stack.pop()
        if edge is None or edge in known:
            continue
        known.add(edge)
        if isinstance(edge, nodes.Node):
            stack.extend(edge.edges)
        else:
            leaves.pop(edge, None)
    accumulate(leaves, create_graph, wanted)


def fit(gradients, operands, create_graph: bool):
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


def retain(node, tensor, gradient, create_graph: bool) -> None:
    if tensor is None or tensor._node is not node:
        return
    gradient = TENSORS.wrap(gradient) if type(gradient) is ndarray else gradient
    tensor._grad = TENSORS.contiguous_copy(gradient) if tensor._grad is None else tensor._grad + gradient


def accumulate(leaves: dict, create_graph: bool, wanted=None) -> None:
    """Add each summed gradient to its leaf's ``grad``: in place where one exists, unless that is to be recorded."""
    for leaf in [*leaves]:
        gradient = leaves.pop(leaf)
        if not leaf._rg or leaf._borrowed or (wanted is not None and leaf not in wanted):
            continue
        if create_graph:
            accumulate_tensor(leaf, gradient)
        elif leaf._grad is None:
            # As in torch, memory that no other object of this very view holds is taken over, not copied.
            if sys.getrefcount(gradient) != 2 or not gradient.flags.writeable:
                gradient = np.array(gradient, order="C")
            leaf._grad = TENSORS.wrap(laid_out(gradient, leaf._a))
        else:
            add_in_place(leaf._grad, gradient)


def add_in_place(existing, gradient) -> None:
    """Add an array to an accumulated gradient, whose memory it stays in."""
    a = existing._a
    if not a.flags.c_contiguous:
        refuse_overlap(a, ())
    np.add(a, gradient, out=a)
    written(existing)


def laid_out(gradient, like):
    """``gradient`` itself if torch would keep its strides beside those of the leaf, else a copy that has the leaf's."""
    if gradient.strides == like.strides and (gradient.flags.c_contiguous or is_dense(like)):
        return gradient
    if not is_dense(like):
        return gradient if gradient.flags.c_contiguous else np.ascontiguousarray(gradient)
    if gradient.size and all(
        have == want if size != 1 else have
        for size, have, want in zip(gradient.shape, gradient.strides, like.strides, strict=True)
    ):
        return gradient
    out = np.empty_like(like, dtype=gradient.dtype)
    out[...] = gradient
    return out


CopyBackwards = node_class(
    "CopyBackwards", ("self", "src"),
    {"self": lambda xp, grad: xp.zeros_like(grad), "src": lambda xp, grad: grad},
)  # fmt: skip


def accumulate_tensor(leaf, gradient) -> None:
    """As ``accumulate`` for one Tensor gradient; in grad mode the sum or copy becomes part of the graph."""
    if not leaf._rg or leaf._borrowed:
        return
    if leaf._grad is not None:
        if state.enabled:
            leaf._grad = leaf._grad + gradient
        else:
            add_in_place(leaf._grad, gradient._a)
    elif is_dense(leaf._a):
        copy = leaf._grad = TENSORS.wrap(np.empty_like(leaf._a, dtype=gradient._a.dtype))
        TENSORS.copy_(copy, gradient)
    else:
        leaf._grad = TENSORS.contiguous_copy(gradient)


def require_tensors(values, count: int) -> None:
    """TypeError in torch's words unless these are ``count`` Tensors or None."""
    if len(values) != count:
        raise TypeError(f"expected {count} arguments, got {len(values)} instead")
    for index, value in enumerate(values):
        if value is not None and not isinstance(value, TENSORS.Tensor):
            raise TypeError(f"argument {index} is not a Variable")


def call_node(node, gradients):
    """``grad_fn(*gradients)``: the gradients of one node as its formula gives them, broadcast dimensions included."""
    several = isinstance(node, nodes.SeveralOutputs)
    require_tensors(gradients, node.count() if several else 1)
    token = set_floating(QUIET)
    try:
        given = {i: g if state.enabled else g._a for i, g in enumerate(gradients) if g is not None}
        incoming = nodes.Arrived(given) if several else given.get(0)
        if incoming is None:
            found: list = [None] * len(node.edges)
        elif state.enabled:
            found = node.tensors(incoming)
        else:
            found = [None if g is None else TENSORS.wrap(np.asarray(g)) for g in node.arrays(incoming)]
    finally:
        reset_floating(token)
    return found[0] if len(found) == 1 else tuple(found)


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
