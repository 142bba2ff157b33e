"""The backward pass where somebody watches: hooks, functions written by users, anomaly mode.

As in torch, a node runs once everything that leads to it has, undefined gradients (None) are passed on as well, and
leaves come before all other nodes. Gradients are Tensors throughout. ``engine.run`` hands over to this pass where it
meets a node that is observed.
"""

from __future__ import annotations

import sys
import threading
import weakref

import numpy as np

from . import anomaly_mode as anomaly
from .namespaces import TENSORS
from .nodes import Arrived, Node, OutputNode, SeveralOutputs, counter_of, type_name
from .rebasing import written

accumulating = threading.RLock()  # held while a gradient is added to that of a leaf, which threads may share
_hooked: dict = {}  # weak references to the leaves that have hooks, by id


def hook_leaf(leaf) -> None:
    """Let every pass from now on be of this kind, as long as the leaf lives."""
    key = id(leaf)
    _hooked[key] = weakref.ref(leaf, lambda _: _hooked.pop(key, None))


def everywhere() -> bool:
    """Whether a pass has to be of this kind from its start."""
    return bool(_hooked) or anomaly.state.enabled


def run(pending, leaves, caught, keep_graph, create_graph, targets, wanted, captured, sole, versions) -> dict | None:
    """Go on from the gradients in ``pending`` (per node) and ``leaves``; ``sole`` is the only root, ``versions`` are
    those of gradients that were added to in place, else as in ``engine.run``."""
    task = _Pass(keep_graph, create_graph, targets, wanted, captured, sole)
    for edge, gradient in [*pending.items(), *leaves.items()]:
        if edge is not sole and not task.takes_part(_place(edge)[0], edge):
            del (pending if isinstance(edge, Node) else leaves)[edge]
            continue
        task.expect(edge)
        held = sys.getrefcount(gradient) > 4  # of which the last two loops and this call hold four
        tensor = _as_tensor(gradient)
        if edge in versions:
            counter_of(tensor).value = versions[edge]
        if held:
            task.held.append(tensor)
        function, number = _place(edge)
        task.add(function, number, tensor)
        gradient = tensor = None
    frontier = dict.fromkeys([_place(edge)[0] for edge in (*pending, *leaves)])
    pending.clear()
    leaves.clear()
    task.look_ahead(frontier)
    for gradients in task.loop(frontier):
        caught.update({edge: _handed_out(gradient) for edge, gradient in gradients.items()})
    return None if targets is None else caught


def _place(edge) -> tuple:
    """The function an edge leads to (a node, or a leaf Tensor), and which of its inputs."""
    return (edge.edges[0], edge.fixed) if isinstance(edge, OutputNode) else (edge, 0)


def _as_tensor(gradient):
    if type(gradient) is Arrived:
        return Arrived({number: _as_tensor(value) for number, value in gradient.by_output.items()})
    if gradient is None or isinstance(gradient, TENSORS.Tensor):
        return gradient
    array = np.asarray(gradient)
    if not array.flags.writeable and all(array.strides):
        array = array.copy()  # a hook may write into it
    tensor = TENSORS.wrap(array)
    if array.base is not None:  # which in torch is a view made while nothing is recorded
        tensor._base, tensor._made = TENSORS.wrap(array), "no_grad"
    return tensor


def _share_version(view, gradients) -> None:
    """Let a gradient that is a view of one of ``gradients`` count writes together with it."""
    memory = view._a.base
    for gradient in gradients:
        if gradient is not None and (gradient._a is memory or gradient._a.base is memory):
            view._vc = counter_of(gradient)
            return


def _handed_out(gradient):
    from .engine import writable

    return gradient if gradient is None or gradient._a.flags.writeable else writable(gradient)


class _Pass:
    def __init__(self, keep_graph, create_graph, targets, wanted, captured, sole) -> None:
        self.sole = sole
        self.keep_graph, self.create_graph = keep_graph, create_graph
        self.targets, self.wanted = targets, wanted
        self.captured: dict = {}
        for edge in captured:
            function, number = _place(edge)
            self.captured.setdefault(function, {})[number] = edge
        self.dependencies: dict = {}
        self.buffers: dict = {}
        self.held: list = []  # gradients whose memory the user has as well
        self.outputs: dict = {}  # per node of several outputs, what stands for each that gradients come by
        self.queue = _Queue()

    def expect(self, edge) -> None:
        if isinstance(edge, OutputNode):
            self.outputs.setdefault(edge.edges[0], {})[edge.fixed] = edge

    def look_ahead(self, frontier) -> None:
        """Count from how many places something will arrive at each function."""
        stack, known = list(frontier), set(frontier)
        while stack:
            function = stack.pop()
            for edge in function.edges if isinstance(function, Node) else ():
                if edge is None:
                    continue
                self.expect(edge)
                to = _place(edge)[0]
                self.dependencies[to] = self.dependencies.get(to, 0) + 1
                if to not in known:
                    known.add(to)
                    stack.append(to)

    def add(self, function, number: int, gradient) -> None:
        """Let a gradient arrive, which is added to what did before."""
        buffer = self.buffers.setdefault(function, {})
        if type(gradient) is Arrived:
            for which, value in gradient.by_output.items():
                self.add(function, which, value)
        elif gradient is not None:
            buffer[number] = gradient if buffer.get(number) is None else self._total(buffer, number, gradient)
        else:
            buffer.setdefault(number, None)

    def _total(self, buffer, number: int, gradient):
        """As ``engine.total``."""
        known = buffer[number]
        a = known._a
        holders = 3 + (known._vc is not None and known._vc.root is a)
        own = a.base is None and sys.getrefcount(known) == 3 and sys.getrefcount(a) == holders and a.flags.writeable
        if not own or self.create_graph:
            return known + gradient
        np.add(a, gradient._a, a)
        written(known)
        return known

    def loop(self, frontier):
        for function in frontier:
            if not self.dependencies.get(function):
                self.queue.push(function)
        while self.queue.items:
            function = self.queue.pop()
            step = self._node if isinstance(function, Node) else self._leaf
            step = step(function, self.buffers.pop(function))
            yield from anomaly.watched(function, step) if anomaly.state.enabled else step

    def _node(self, node, buffer):
        caught, outputs = self._ran(node, buffer)
        yield from caught
        for index, edge in enumerate(node.edges):
            if edge is None:
                continue
            to, number = _place(edge)
            self.dependencies[to] -= 1
            if to in self.buffers or self.takes_part(to, edge):
                gradient, outputs[index] = outputs[index], None
                self.add(to, number, gradient)
                gradient = None
                if not self.dependencies[to]:
                    self.queue.push(to)

    def takes_part(self, function, edge) -> bool:
        if isinstance(function, Node):
            return self.wanted is None or function in self.wanted or edge in self.wanted or function in self.captured
        if self.targets is not None:
            return function in self.targets
        return self.wanted is None or function in self.wanted

    # --- one function ---------------------------------------------------------------------------------------------

    def _leaf(self, leaf, buffer):
        box = [buffer.pop(0, None)]
        taking_part = self.takes_part(leaf, leaf)
        if leaf._borrowed or not (taking_part or leaf is self.sole):
            return
        for hook in list((leaf._backward_hooks or {}).values()):
            box.append(_replaced(box.pop(), hook))
        if not taking_part:
            return
        if self.targets is not None:
            yield {leaf: box.pop()}
            return
        extra = leaf._accumulator_extra
        if extra is None:
            _accumulate(leaf, box, self.create_graph, 2)
            return
        box[:] = _before(extra, box)
        incoming = tuple(box) if extra.post_hooks else ()
        _accumulate(leaf, box, self.create_graph, 2 + bool(incoming))
        _after(extra, (), incoming)

    def _ran(self, node, buffer):
        extra = node.extra
        needed = self.wanted is None or node in self.wanted
        count = node.count() if isinstance(node, SeveralOutputs) else 1
        caught = []
        if needed and node in self.captured:
            caught = [{edge: _handed_out(buffer.get(number))} for number, edge in self.captured[node].items()]
        gradients = [buffer.pop(number, None) for number in range(count)]
        if extra is not None:
            for number, hooks in extra.tensor_hooks or ():
                for hook in list(hooks.values()):
                    gradients[number] = _replaced(gradients[number], hook)
        self._retain(node, gradients)
        if not needed:
            places = self.captured.get(node, {})
            return [{edge: gradients[number]} for number, edge in places.items()], [None] * len(node.edges)
        if extra is not None:
            gradients = _before(extra, gradients)
        outputs = self._run(node, gradients)
        outputs = [
            None if type(edge) is TENSORS.Tensor and edge._borrowed else gradient
            for gradient, edge in zip(outputs, node.edges, strict=False)
        ]
        if self.wanted is not None:
            outputs = [g if self._used(edge) else None for g, edge in zip(outputs, node.edges, strict=True)]
        if extra is not None and extra.post_hooks:
            outputs = _after(extra, outputs, tuple(gradients))
        if not self.keep_graph:
            node.release()
        if anomaly.state.enabled:
            anomaly.refuse_nan(node, [g if self._used(edge) else None for g, edge in zip(outputs, node.edges)])  # noqa: B905
        return caught, list(outputs)

    def _used(self, edge) -> bool:
        return edge is not None and self.takes_part(_place(edge)[0], edge)

    def _retain(self, node, gradients) -> None:
        from .engine import retain

        places = self.outputs.get(node) or {0: node}
        for number, place in places.items():
            if place.extra is not None and place.extra.retained is not None and gradients[number] is not None:
                retain(place, place.extra.retained(), gradients[number], self.create_graph)

    def _run(self, node, gradients) -> list:
        from .engine import fit

        if node.takes_undefined:
            return node.apply(gradients)
        if isinstance(node, SeveralOutputs):
            known = {i: g for i, g in enumerate(gradients) if g is not None}
            incoming = Arrived(known if self.create_graph else {i: g._a for i, g in known.items()})
            defined = bool(known)
        else:
            incoming = gradients[0]
            defined = incoming is not None
            if defined and not self.create_graph:
                incoming = incoming._a
        if not defined:
            node.require_saved()
            return [None] * len(node.edges)
        whole = node.whole()
        outputs = whole.tensors(incoming) if self.create_graph else whole.arrays(incoming)
        if node.extra is not None and node.extra.operands is not None:
            outputs = fit(outputs, node.extra.operands, self.create_graph)
        if self.create_graph:
            return list(outputs)
        # What is handed on as it came stays the same Tensor: whether somebody has it decides if its memory is free.
        known = {id(g._a): g for g in gradients if g is not None}
        for output in outputs:
            if output is not None and id(output) not in known:
                known[id(output)] = made = _as_tensor(output)
                if made._base is not None:
                    _share_version(made, gradients)
        return [None if output is None else known[id(output)] for output in outputs]


def _accumulate(leaf, box, create_graph: bool, holders: int) -> None:
    from . import engine

    gradient = box.pop()
    if leaf._borrowed:
        return
    if leaf._rg and gradient is not None:
        with accumulating:
            engine.require_leaf(leaf)
            if leaf._grad is not None or create_graph:
                engine.accumulate_tensor(leaf, gradient)
            else:
                free = sys.getrefcount(gradient) <= holders and gradient._a.flags.writeable
                engine.take(leaf, gradient._a, free, gradient._version)
                if leaf._grad._a is gradient._a and gradient._vc is not None:
                    leaf._grad._vc = gradient._vc
    hooks = leaf._post_accumulate_grad_hooks
    if hooks:
        value = leaf
        for hook in list(hooks.values()):
            value = _replaced(value, hook)
        if value is not leaf:
            raise RuntimeError("Tensor post accumulate grad hooks should return None.")


# --- hooks --------------------------------------------------------------------------------------------------------


def _replaced(gradient, hook):
    """What a hook of a tensor makes of its gradient."""
    result = hook(gradient)
    _require_alike(gradient, result, hook)
    return gradient if result is None else result


def _before(extra, gradients) -> list:
    """What the hooks that come before a node make of the gradients that arrived at it."""
    for hook in list((extra.pre_hooks or {}).values()):
        result = hook(tuple(gradients))
        if result is not None:
            gradients = _all_replaced(gradients, result, hook)
    return list(gradients)


def _after(extra, outputs, incoming) -> list:
    """What the hooks that come after a node make of the gradients it sends on."""
    for hook in list((extra.post_hooks or {}).values()):
        result = hook(tuple(outputs), incoming)
        if result is not None:
            outputs = _all_replaced(outputs, result, hook)
    return list(outputs)


def _all_replaced(gradients, result, hook) -> list:
    if not isinstance(result, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(result).__name__}'")
    if len(result) != len(gradients):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values (got {len(result)}, but expected "
            f"{len(gradients)})"
        )
    for before, after in zip(gradients, result, strict=True):
        _require_alike(before, after, hook)
    return list(result)


def _require_alike(before, after, hook) -> None:
    """TypeError or RuntimeError in torch's words unless ``after`` can stand in for ``before``."""
    if after is None:
        return
    if before is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if not isinstance(after, TENSORS.Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(after).__name__}'")
    if before._a.dtype != after._a.dtype:
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the type of value (was {type_name(before._a)} got {type_name(after._a)})"
        )
    if before._a.shape != after._a.shape:
        raise RuntimeError(f"hook '{_name(hook)}' has changed the size of value")


def _name(hook) -> str:
    return getattr(hook, "__name__", "<unknown>")


# --- what runs next -----------------------------------------------------------------------------------------------


class _Queue:
    """Functions by age, the youngest first and leaves before all nodes; leaves as libstdc++'s heap orders them."""

    def __init__(self) -> None:
        self.items: list = []

    @staticmethod
    def _later(a, b) -> bool:
        """Whether ``a`` runs only after ``b``."""
        if not isinstance(a, Node):
            return False
        return not isinstance(b, Node) or a.sequence > b.sequence

    def push(self, function) -> None:
        self.items.append(None)
        self._rise(len(self.items) - 1, 0, function)

    def _rise(self, hole: int, top: int, function) -> None:
        while hole > top and self._later(self.items[(hole - 1) // 2], function):
            self.items[hole] = self.items[(hole - 1) // 2]
            hole = (hole - 1) // 2
        self.items[hole] = function

    def pop(self):
        first, last = self.items[0], self.items.pop()
        count = len(self.items)
        if not count:
            return first
        hole = child = 0
        while child < (count - 1) // 2:
            child = 2 * (child + 1)
            if self._later(self.items[child], self.items[child - 1]):
                child -= 1
            self.items[hole] = self.items[child]
            hole = child
        if not count & 1 and child == (count - 2) // 2:
            child = 2 * (child + 1)
            self.items[hole] = self.items[child - 1]
            hole = child - 1
        self._rise(hole, 0, last)
        return first
