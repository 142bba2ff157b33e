"""The backward pass: newest node first, without recursion.

A node is always newer than the nodes it leads to, so taking the newest node that has received a gradient
means that all its gradients have arrived; this is also the order in which torch sums them.
"""

from __future__ import annotations

import operator
import sys
import warnings
from heapq import heappop, heappush

import numpy as np
from numpy import ndarray
from numpy.lib.stride_tricks import as_strided

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
    versions: dict = {}
    heap: list = []
    Node = nodes.Node
    sole = roots[0][0] if wanted is not None and len(roots) == 1 else None  # whose hooks run even if it is not wanted
    for edge, gradient in roots:
        unasked = wanted is not None and sole is None and edge not in wanted and edge not in captured
        if unasked and (targets is None or not any(edge is leaf for leaf in targets)):
            continue
        if not isinstance(edge, Node):
            leaves[edge] = total(leaves, edge, gradient, (), versions) if edge in leaves else gradient
        elif edge in pending:
            pending[edge] = total(pending, edge, gradient, (), versions)
        else:
            pending[edge] = gradient
            heappush(heap, (edge.sequence, edge))
    roots = gradient = only = node = None  # only: the one node that waits, while the heap is empty
    if observed.everywhere() or (captured and any(map(_is_observed, captured))):
        return observed.run(
            pending, leaves, caught, keep_graph, create_graph, targets, wanted, captured, sole, versions
        )
    try:
        while heap or only is not None:
            if only is None:
                node = heappop(heap)[1]
            else:
                node, only = only, None
            incoming = pending.pop(node)
            if wanted is not None and node not in wanted and node not in captured and node is not sole:
                continue
            extra = node.extra
            if extra is not None and (extra.observed or extra.retained is not None):
                if extra.observed or _is_observed(node):
                    pending[node] = incoming
                    break
                retain(node, extra.retained(), incoming, create_graph)
            if node in captured:
                if _is_observed(node):
                    pending[node] = incoming
                    break
                caught[node] = result = _result(incoming, versions.get(node), caught)
                if not create_graph and isinstance(result, TENSORS.Tensor):
                    incoming = result._a  # of which what is computed from here on may be a view
                result = None
            if wanted is not None and node not in wanted:
                continue
            gradients = node.tensors(incoming) if create_graph else node.arrays(incoming)
            written_before = incoming if versions and node in versions else None
            incoming = None
            if extra is not None and extra.operands is not None:
                gradients = fit(gradients, extra.operands, create_graph)
            if not keep_graph and node.saved:
                node.saved = None
            for edge, gradient in zip(node.edges, gradients):  # noqa: B905 (made together, and this is hot)
                if gradient is None:
                    continue
                if not isinstance(edge, Node):
                    known = edge in leaves
                    leaves[edge] = total(leaves, edge, gradient, gradients, versions) if known else gradient
                elif edge in pending:
                    pending[edge] = total(pending, edge, gradient, gradients, versions)
                else:
                    pending[edge] = gradient
                    if only is None and not heap:
                        only = edge
                        continue
                    heappush(heap, (edge.sequence, edge))
                    if only is not None:
                        heappush(heap, (only.sequence, only))
                        only = None
            if written_before is not None:
                _carry_on(versions, node, written_before, gradients, leaves, pending)
            gradients = written_before = None
    except BaseException:
        if targets is None and leaves:
            _settle(leaves, [*pending, node], create_graph, wanted, versions)
        raise
    extra = incoming = gradients = gradient = None
    if pending:
        return observed.run(
            pending, leaves, caught, keep_graph, create_graph, targets, wanted, captured, sole, versions
        )
    if targets is None:
        accumulate(leaves, create_graph, wanted, versions)
        return None
    for leaf in targets:
        if leaf in leaves:
            caught[leaf] = _result(leaves[leaf], versions.get(leaf), caught)
    return caught


def _is_observed(node) -> bool:
    owner = node.edges[0] if isinstance(node, nodes.OutputNode) else node
    return owner.extra is not None and owner.extra.observed


def total(sums: dict, edge, gradient, siblings, versions: dict):
    """What has arrived at ``edge`` and ``gradient``, added in place where nobody else can see that memory, as in torch.

    ``siblings``: what ``gradient`` comes with, and holds. That counts as a version of it, which the gradient is seen to
    have if its memory is taken over.
    """
    known = sums[edge]
    holders = 3
    for sibling in siblings:
        holders += sibling is known
    kind = type(known)
    own = known is not gradient and sys.getrefcount(known) == holders and holders < 5
    if own and kind is not ndarray and kind is type(gradient) and issubclass(kind, np.generic):  # of no dimensions
        versions[edge] = versions.get(edge, 0) + 1
        return known + gradient
    if own and kind is ndarray and known.base is None and known.flags.writeable:
        versions[edge] = versions.get(edge, 0) + 1
        return np.add(known, gradient, known)
    versions.pop(edge, None)
    return known + gradient


def _carry_on(versions, node, incoming, gradients, leaves, pending) -> None:
    """Let views of a gradient that was added to in place have its version, as they share its memory."""
    version = versions.pop(node)
    for edge, gradient in zip(node.edges, gradients, strict=True):
        sums = pending if isinstance(edge, nodes.Node) else leaves
        if (
            type(gradient) is ndarray
            and gradient is sums.get(edge)
            and (gradient is incoming or gradient.base is incoming)
        ):
            versions[edge] = version


def _result(gradient, version: int | None, others: dict):
    """A gradient as the user gets it: one Tensor for one array, if it is among ``others``."""
    if gradient is None or isinstance(gradient, TENSORS.Tensor) or type(gradient) is nodes.Arrived:
        return gradient
    array = np.asarray(gradient)
    for other in others.values():
        if isinstance(other, TENSORS.Tensor) and other._a is array:
            return other
    out = TENSORS.wrap(array)
    if not array.flags.writeable:
        writable(out)
    elif array.base is not None:  # which in torch is a view made while nothing is recorded
        out._base, out._made = TENSORS.wrap(array), "no_grad"
        if isinstance(array.base, ndarray):
            out._root = array.base
            for other in others.values():
                if isinstance(other, TENSORS.Tensor) and (other._a is array.base or other._a.base is array.base):
                    out._vc = nodes.counter_of(other)
                    return out
    if version:
        nodes.counter_of(out).value = version
    return out


def writable(tensor):
    """A tensor over read-only memory made one like torch's: expanded gradients are views made in no_grad mode."""
    array = tensor._a
    if all(array.strides):
        tensor._a = array.copy()
        return tensor
    memory = array[tuple([slice(None) if stride else slice(1) for stride in array.strides])].copy()
    strides = tuple([new if old else 0 for new, old in zip(memory.strides, array.strides, strict=True)])
    tensor._a = as_strided(memory, array.shape, strides)
    tensor._base, tensor._made = TENSORS.wrap(memory), "no_grad"
    return tensor


def _settle(leaves: dict, unfinished, create_graph: bool, wanted, versions) -> None:
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
    accumulate(leaves, create_graph, wanted, versions)


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
    if tensor is None:
        return
    gradient = gradient if isinstance(gradient, TENSORS.Tensor) else TENSORS.wrap(np.asarray(gradient))
    tensor._grad = TENSORS.contiguous_copy(gradient) if tensor._grad is None else tensor._grad + gradient


def accumulate(leaves: dict, create_graph: bool, wanted, versions) -> None:
    """Add each summed gradient to its leaf's ``grad``: in place where one exists, unless that is to be recorded."""
    shared: dict = {}
    for leaf in [*leaves]:
        gradient = leaves.pop(leaf)
        if not leaf._rg or leaf._borrowed or (wanted is not None and leaf not in wanted):
            continue
        if leaf._node is not None:
            require_leaf(leaf)
        if create_graph:
            accumulate_tensor(leaf, gradient)
        elif leaf._grad is None:
            # As in torch, memory that no other object of this very view holds is taken over, not copied.
            free = sys.getrefcount(gradient) == 2 and (type(gradient) is not ndarray or gradient.flags.writeable)
            take(leaf, gradient, free, versions.get(leaf, 0))
            root = leaf._grad._root
            if root is not None:  # a view, whose memory others may have taken, too
                leaf._grad._vc = shared.setdefault(id(root), nodes.counter_of(leaf._grad))
        else:
            add_in_place(leaf, gradient)


def require_leaf(tensor) -> None:
    """RuntimeError if a node has become the origin of what was a leaf."""
    if tensor._node:
        raise RuntimeError("leaf variable has been moved into the graph interior")


def take(leaf, gradient, free: bool, version: int) -> None:
    """Make an array the ``grad`` of a leaf: it itself if it is ``free`` and laid out as it should be, else a copy."""
    gradient = np.asarray(gradient)  # a 0-d one may be a number
    array = laid_out(gradient, leaf._a)
    if array is gradient and not free:
        array = np.empty_like(gradient)
        array[...] = gradient
    if array is not gradient:
        version = int(is_dense(leaf._a) or not array.size)
    leaf._grad = TENSORS.wrap(array)
    if isinstance(array.base, ndarray):
        leaf._grad._root = array.base
    if version:
        nodes.counter_of(leaf._grad).value = version


def add_in_place(leaf, gradient) -> None:
    """Add an array to the leaf's accumulated gradient, whose memory it stays in."""
    existing = leaf._grad
    a = existing._a
    if not a.flags.c_contiguous:
        refuse_overlap(a, ())
    np.add(a, gradient if a.dtype.kind != "c" else gradient * a.dtype.type(1), out=a)  # nan spreads to both parts
    written(existing)
    if a.strides != leaf._a.strides and a.size and not _as_leaf(a, leaf._a):
        _warn_of_layout(existing, leaf)


def _as_leaf(gradient, leaf) -> bool:
    """Whether a gradient lies in memory as torch wants it: like a dense leaf, otherwise row by row."""
    if not is_dense(leaf):
        return gradient.flags.c_contiguous
    steps = zip(gradient.shape, gradient.strides, leaf.strides, strict=True)
    return all(size == 1 or have == want for size, have, want in steps)


_warned_of_layout = False


def _warn_of_layout(gradient, leaf) -> None:
    global _warned_of_layout
    if not _warned_of_layout:
        _warned_of_layout = True
        warnings.warn(
            "grad and param do not obey the gradient layout contract. This is not an error, but may impair "
            f"performance.\ngrad.sizes() = {list(gradient.shape)}, strides() = {list(gradient.stride())}\n"
            f"param.sizes() = {list(leaf.shape)}, strides() = {list(leaf.stride())} (Triggered internally at "
            "/__w/pytorch/pytorch/torch/csrc/autograd/functions/accumulate_grad.h:252.)",
            UserWarning,
            stacklevel=2,
        )


def laid_out(gradient, like):
    """``gradient`` itself if torch would keep its strides beside those of the leaf, else a copy that has the leaf's."""
    if gradient.shape != like.shape:
        return np.ascontiguousarray(gradient)
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
    require_leaf(leaf)
    if leaf._grad is not None:
        if state.enabled:
            leaf._grad = leaf._grad + gradient
        else:
            add_in_place(leaf, gradient._a)
    elif is_dense(leaf._a) or not leaf._a.size:
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
    if node.extra is not None and node.extra.operands is not None:
        found = [_real_for(operand, g) for operand, g in zip(node.extra.operands, found, strict=False)]
    reached = [edge is not None and (isinstance(edge, nodes.Node) or not edge._borrowed) for edge in node.edges]
    found = [gradient if reaches else None for gradient, reaches in zip(found, reached, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _real_for(operand, gradient):
    """The real part for a real operand, which belongs to the formula in torch; broadcast dimensions do not."""
    kind = None if operand is None else operand[1]
    real = gradient is not None and kind is not None and kind.kind != "c" and gradient.is_complex()
    return TENSORS.real(gradient) if real else gradient


_AGE = operator.attrgetter("sequence")


def reaching(roots, targets) -> set:
    """The nodes from which a target (node or leaf) can be reached."""
    Node = nodes.Node
    found = []
    seen: set = set()
    stack = [root for root in roots if isinstance(root, Node)]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            found.append(node)
            for edge in node.edges:
                if isinstance(edge, Node):
                    stack.append(edge)
    found.sort(key=_AGE, reverse=True)  # the oldest first, so that what a node leads to comes before it
    leading = set(map(id, targets))  # Tensors are slow to hash
    reached = set()
    for node in found:
        for edge in node.edges:
            if id(edge) in leading:
                leading.add(id(node))
                reached.add(node)
                break
    return reached
