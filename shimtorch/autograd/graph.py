"""``torch.autograd.graph``: the recorded graph as users see it, and hooks on what it saves."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from . import packing
from .function import BackwardCFunction
from .namespaces import TENSORS
from .nodes import AccumulateGrad, seen
from .nodes import Node as _Node
from .rebasing import written

__all__ = [
    "GradientEdge", "Node", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
    "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


class Node(abc.ABC):  # noqa: B024 (as in torch, nothing is its direct subclass)
    """What every ``grad_fn`` is an instance of. (``torch.autograd.graph.Node``)"""

    __module__ = "torch.autograd.graph"

    @classmethod
    def __subclasshook__(cls, subclass: type) -> Any:
        return cls is Node and issubclass(subclass, (_Node, BackwardCFunction))


class _Edge(NamedTuple):
    node: Any
    output_nr: int
    ownership_token: Any = None


class GradientEdge(_Edge):
    """One input of a node: where gradients of a tensor arrive. (``torch.autograd.graph.GradientEdge``)"""

    __module__ = "torch.autograd.graph"
    _stand_in = None

    def stand_in(self):
        """A Tensor in the place of the one whose edge it is, of its shape and dtype, though not of its values."""
        if self._stand_in is None:
            if isinstance(self.node, AccumulateGrad):
                return self.node.variable
            raise NotImplementedError("shimtorch offers only gradient edges that get_gradient_edge has made")
        return self._stand_in


def get_gradient_edge(tensor) -> GradientEdge:
    """The edge at which the gradient of ``tensor`` arrives; it can stand for the tensor in ``grad`` and ``backward``.

    RuntimeError for a tensor that requires no gradient. (``torch.autograd.graph.get_gradient_edge``)
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    place = tensor._node or tensor
    edge = GradientEdge(*seen(place))
    if place is not tensor:
        blank = np.broadcast_to(np.zeros((), tensor._a.dtype), tensor._a.shape)
        edge._stand_in = TENSORS.wrap(blank)
        edge._stand_in._node, edge._stand_in._rg = place, True
    return edge


def increment_version(tensor) -> None:
    """Count a write into a Tensor, or into each of several, that no operator has made.

    RuntimeError for anything else. (``torch.autograd.graph.increment_version``)
    """
    if isinstance(tensor, TENSORS.Tensor):
        tensor = (tensor,)
    if not isinstance(tensor, Iterable):
        raise RuntimeError("increment_version expect a Iterable[Tensor] as input")
    tensors = list(tensor)
    for one in tensors:
        if not isinstance(one, TENSORS.Tensor):
            raise RuntimeError("increment_version expects each element of the iterable to be a tensor")
    for one in tensors:
        written(one)


class saved_tensors_hooks:
    """Context manager: what operators save inside is given to ``pack_hook``, and comes back by ``unpack_hook``.

    ``pack_hook(tensor)`` may return anything; ``unpack_hook`` is called with it whenever the tensor is needed, and
    must return a Tensor of the same values (TypeError in the pass if it is none). (``torch.autograd.graph``)
    """

    __module__ = "torch.autograd.graph"

    def __init__(self, pack_hook, unpack_hook) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        packing.push(self.pack_hook, self.unpack_hook)

    def __exit__(self, *args: object) -> None:
        packing.pop()


class save_on_cpu(saved_tensors_hooks):
    """Context manager: saved tensors are kept on the CPU, which here they are anyway: as copies."""

    __module__ = "torch.autograd.graph"

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach().clone(), lambda tensor: tensor)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str):
    """Context manager: entering ``saved_tensors_hooks`` inside is a RuntimeError with this message."""
    before, packing.hooks.refused = packing.hooks.refused, error_message
    try:
        if packing.hooks.stack:
            raise RuntimeError(error_message)
        yield
    finally:
        packing.hooks.refused = before


def __getattr__(name: str):
    raise AttributeError(f"module 'torch.autograd.graph' has no attribute '{name}'")
