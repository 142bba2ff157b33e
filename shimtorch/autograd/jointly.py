"""Nodes whose gradients are computed together, by one formula: of several outputs, or of several inputs at once.

Such a node may save its own outputs, by their names; it keeps their arrays, and makes tensors of them when asked.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .namespaces import ARRAYS, TENSORS
from .nodes import (
    INFERENCE,
    Node,
    SeveralOutputs,
    VersionCounter,
    _modified,
    already_freed,
    check_version,
    extra_of,
    next_sequence,
    note_versions,
    output_of,
)  # fmt: skip

new = object.__new__


class Joint(Node):
    """A node of one output."""

    __slots__ = ()
    outputs: tuple[str, ...] = ()
    own: ClassVar[dict[int, int]] = {}  # the places among what is saved of its own outputs, and their numbers

    @staticmethod
    def formula(xp, grads, wanted, *kept) -> tuple:
        """The gradients: of the gradients of all outputs (or None), the inputs that want one, and all that is kept."""
        raise NotImplementedError

    def arrays(self, grad):
        return self._gradients(ARRAYS, (grad,))

    def tensors(self, grad):
        return self._gradients(TENSORS, (grad,))

    def _gradients(self, xp, grads):
        self.require_saved()
        kept = [
            self._kept(xp, index, value) if isinstance(value, TENSORS.Tensor) or index in self.own else value
            for index, value in enumerate(self.saved)
        ]
        wanted = [edge is not None for edge in self.edges]
        if not any(wanted) or all(grad is None for grad in grads):
            return (None,) * len(wanted)
        return self.formula(xp, grads, wanted, *kept, *self.fixed)

    def _kept(self, xp, index: int, value):
        if index in self.own:
            return value if xp is ARRAYS else self.saved_output(index)
        return value._a if xp is ARRAYS else value

    def require_saved(self) -> None:
        if self.saved is None:
            raise already_freed()
        for index in sorted(range(len(self.saved)), key=self.saved_names.__getitem__):
            if index in self.own:
                self._check_output(index)
            elif getattr(self.saved[index], "_vc", None) is not None:
                check_version(self, index)

    def _check_output(self, index: int) -> None:
        counters = None if self.extra is None else self.extra.result_counter
        if isinstance(counters, dict) and counters[index] is not INFERENCE and counters[index].value:
            raise _modified(self.saved[index], self.place_of(index), counters[index].value, 0)

    def saved_output(self, index: int):
        """What was saved at ``index``, an output of the node, as a tensor again."""
        self._check_output(index)
        tensor = TENSORS.wrap(self.saved[index])
        tensor._node, tensor._rg = self.place_of(index), True
        if self.extra is not None and isinstance(self.extra.result_counter, dict):
            tensor._vc = self.extra.result_counter[index]
        return tensor

    def place_of(self, index: int):
        return self


class JointOfSeveral(Joint, SeveralOutputs):
    """A node of several outputs."""

    __slots__ = ()

    def count(self) -> int:
        return len(self.outputs)

    def arrays(self, grad):
        return self._gradients(ARRAYS, [grad.by_output.get(number) for number in range(len(self.outputs))])

    def tensors(self, grad):
        return self._gradients(TENSORS, [grad.by_output.get(number) for number in range(len(self.outputs))])

    def place_of(self, index: int):
        return output_of(self, self.own[index])


def joint_class(grad_fn: str, outputs, formula, saved=(), fixed=()) -> type:
    """The class called ``grad_fn`` of nodes of these outputs (those that have gradients), by name.

    ``formula(xp, grads, wanted, *saved, *fixed)`` gives the gradient of each input, or None. What is among ``saved`` by
    the name of an output is that output.
    """
    own = {index: outputs.index(name) for index, name in enumerate(saved) if name in outputs}
    members = {
        "__slots__": (), "__module__": "builtins", "outputs": tuple(outputs), "own": own,
        "saved_names": tuple(saved), "fixed_names": tuple(fixed), "formula": staticmethod(formula),
    }  # fmt: skip
    return type(grad_fn, (Joint if len(outputs) == 1 else JointOfSeveral,), members)


def record_jointly(cls: Any, inputs, outs, saved=(), fixed=()):
    """Make ``outs`` the results of a new node of class ``cls`` over ``inputs``: those of its outputs, in order."""
    node: Any = new(cls)
    node.edges = tuple([
        (tensor._node or (None if tensor._borrowed else tensor)) if tensor._rg else None for tensor in inputs
    ])  # fmt: skip
    node.sequence = next_sequence()
    node.extra = None
    node.saved = saved
    node.fixed = fixed
    if any(getattr(value, "_vc", None) is not None for value in saved):
        note_versions(node)
    counters = {}
    for number, out in enumerate(outs):
        out._node = node if len(cls.outputs) == 1 else output_of(node, number)
        out._rg = True
        for index, output in cls.own.items():
            if output == number:
                counters[index] = out._vc = VersionCounter(out._a)
    if counters:
        extra_of(node).result_counter = counters
    return node
