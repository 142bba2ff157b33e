"""Saved tensors that hooks pack and unpack (``saved_tensors_hooks``, ``SavedTensor.register_hooks``).

A node whose saved tensors are packed has a subclass of its class, which unpacks them for each pass. While hooks are
in force, all modules make nodes by ``_make``; otherwise nothing here is on their way.
"""

from __future__ import annotations

import functools
import sys
import threading
import weakref

import numpy as np

from .namespaces import TENSORS
from .nodes import INFERENCE, Node, Passage, already_freed, counter_of, extra_of, new, not_to_be_saved


class _Hooks(threading.local):
    def __init__(self) -> None:
        self.stack: list = []
        self.writing: weakref.ref | None = None
        self.refused: str | None = None  # the message of ``disable_saved_tensors_hooks``


hooks = _Hooks()
_in_force = 0


def push(pack, unpack) -> None:
    """Let ``pack`` be called with each tensor that is saved from now on in this thread."""
    global _in_force
    if hooks.refused is not None:
        raise RuntimeError(hooks.refused)
    hooks.stack.append((pack, unpack))
    _in_force += 1
    if _in_force == 1:
        _make_nodes_by(_make)


def pop() -> None:
    """Undo the last ``push`` of this thread."""
    global _in_force
    hooks.stack.pop()
    _in_force -= 1
    if not _in_force:
        _make_nodes_by(new)


def _make_nodes_by(make) -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("shimtorch.") and module is not sys.modules[__name__] and "new" in vars(module):
            vars(module)["new"] = make


def _make(cls):
    if not hooks.stack or not issubclass(cls, Node) or not (cls.saved_names or cls.saves_list):
        return new(cls)
    return new(cls if hooks.writing is not None and hooks.writing() is not None else packing(cls))


def write_begins(original) -> None:
    """Let the node of an in-place write, which ``original`` stands for the old values of, be packed only at its end."""
    hooks.writing = weakref.ref(original)


def write_ends(node, tensor) -> None:
    """Pack what ``node`` saves, which an in-place write has made the origin of ``tensor``."""
    hooks.writing = None
    if node.saved and "result" in node.saved_names:
        index = node.saved_names.index("result")
        node.saved = (*node.saved[:index], _Written(tensor), *node.saved[index + 1 :])
    if node.saved and not node.takes_undefined and not issubclass(type(node), _Packing):
        extra, sequence, values = node.extra, node.sequence, node.saved
        node.__class__ = packing(type(node))  # type: ignore[arg-type]
        node.saved = values
        node.extra, node.sequence = extra, sequence


# --- one saved tensor ---------------------------------------------------------------------------------------------


class SavedTensor:
    """A saved tensor as ``_raw_saved_…`` shows it: its pair of hooks can be set once."""

    __module__ = "torch._C._autograd"
    __slots__ = ("_index", "_node")

    def __init__(self, node, index: int) -> None:
        self._node, self._index = node, index

    def register_hooks(self, pack_hook, unpack_hook) -> None:
        """Replace the tensor by what ``pack_hook`` makes of it; ``unpack_hook`` must make a tensor of that again.

        RuntimeError if it was freed or has hooks already.
        """
        node = self._node
        if not callable(pack_hook) or not callable(unpack_hook):
            raise TypeError(
                "register_hooks(): incompatible function arguments. The following argument types are supported:\n"
                "    1. (self: torch._C._autograd.SavedTensor, arg0: collections.abc.Callable, arg1: "
                "collections.abc.Callable) -> None\n\n"
                f"Invoked with: {self!r}, {pack_hook!r}, {unpack_hook!r}"
            )
        if node.saved is None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the "
                "graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need "
                "to backward through the graph a second time or if you need to access saved variables after calling "
                "backward."
            )
        saved = [*node.saved]
        if isinstance(saved[self._index], Packed):
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of "
                "hooks is allowed at a time."
            )
        saved[self._index] = packed(node, self._index, saved[self._index], pack_hook, unpack_hook, detached=True)
        if not issubclass(type(node), _Packing):
            node.__class__ = packing(type(node))  # type: ignore[arg-type]
        _saved_slot.__set__(node, tuple(saved))


class Packed:
    """What stands for a saved tensor: what the hook made of it, and its place in the graph."""

    __slots__ = ("is_result", "packed", "place", "requires_grad", "unpack")

    def unpacked(self):
        """The tensor again; TypeError if the hook gives something else."""
        value = self.unpack(self.packed)
        if not isinstance(value, TENSORS.Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(value).__name__}"
            )
        if value._node is self.place and value._rg == self.requires_grad:
            return value
        tensor = TENSORS.wrap(value._a)
        tensor._rg, tensor._node = self.requires_grad, self.place
        return tensor


class _Written:
    """The result of an in-place write, which hooks are given as the tensor itself."""

    __slots__ = ("tensor",)

    def __init__(self, tensor) -> None:
        self.tensor = tensor


def packed(node, index: int, value, pack, unpack, detached: bool = False):
    """``value``, which ``node`` saves at ``index``, packed: a Tensor or the array of a result.

    What is no tensor stays.
    """
    if value is None or isinstance(value, (bool, int, float, complex)):
        return value
    stand_in = Packed()
    stand_in.is_result = type(value) in (np.ndarray, _Written)
    if type(value) is _Written:
        value = value.tensor
        stand_in.place, stand_in.requires_grad = node, True
    elif stand_in.is_result:
        value = TENSORS.wrap(value)
        value._node, value._rg = node.place_of(index), True
        stand_in.place, stand_in.requires_grad = value._node, True
    else:
        stand_in.requires_grad = value._rg
        stand_in.place = (value._node or Passage.to(value)) if value._rg else None
    if value._vc is INFERENCE:
        raise not_to_be_saved()
    given = value.detach() if detached else value
    version = counter_of(given).value
    stand_in.packed = pack(given)
    if counter_of(given).value != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot "
            "be modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if "
            "you need to perform in-place operations on the input to a pack hook."
        )
    stand_in.unpack = unpack
    return stand_in


def unpacked(value):
    """A saved value as it was before it was packed: the array of a result, or a Tensor."""
    if not isinstance(value, Packed):
        return value
    tensor = value.unpacked()
    return tensor._a if value.is_result else tensor


# --- nodes whose saved tensors are packed -------------------------------------------------------------------------

_saved_slot = Node.__dict__["saved"]


def _order(node, values) -> list[int]:
    """The order in which torch saves: by name, results last; of a list as it is."""
    names = node.saved_names
    if len(names) != len(values):
        return list(range(len(values)))
    return sorted(range(len(names)), key=lambda index: (names[index] == "result", names[index]))


class _Packing:
    """What the subclasses of node classes have that pack."""

    __slots__ = ()

    @property
    def saved(self):
        return _saved_slot.__get__(self)

    @saved.setter
    def saved(self, values) -> None:
        pairs = hooks.stack
        if values and pairs and not any(isinstance(value, Packed) for value in values):
            self.extra, self.sequence = None, getattr(self, "sequence", 0)
            kept = {index: packed(self, index, values[index], *pairs[-1]) for index in _order(self, values)}
            values = tuple([kept[index] for index in range(len(values))])
        _saved_slot.__set__(self, values)

    def arrays(self, grad):
        return self._with_unpacked(super().arrays, grad)

    def tensors(self, grad):
        return self._with_unpacked(super().tensors, grad)

    def require_saved(self) -> None:
        self._with_unpacked(lambda _: super(_Packing, self).require_saved(), None)

    def _with_unpacked(self, compute, grad):
        packed = _saved_slot.__get__(self)
        if packed is None:
            raise already_freed()
        names = self.saved_names if len(self.saved_names) == len(packed) else range(len(packed))
        order = sorted(range(len(packed)), key=lambda index: (names[index] == "result", names[index]))
        found = {index: unpacked(packed[index]) for index in order}
        values = tuple([found[index] for index in range(len(packed))])
        extra = extra_of(self)
        before = extra.versions, extra.result_counter
        counters = [getattr(value, "_vc", None) for value in values]
        extra.versions = tuple([0 if counter is None else counter.value for counter in counters])
        extra.result_counter = None
        _saved_slot.__set__(self, values)
        try:
            return compute(grad)
        finally:
            extra.versions, extra.result_counter = before
            _saved_slot.__set__(self, packed)


@functools.cache
def packing(cls: type) -> type:
    """The subclass of a node class that packs; itself if it is one, or saves nothing that could be packed."""
    if issubclass(cls, _Packing) or cls.takes_undefined:
        return cls
    return type(cls.__name__, (_Packing, cls), {"__slots__": (), "__module__": "builtins"})
