"""Hooks of tensors: functions that are called with a gradient when it has been computed or accumulated."""

from __future__ import annotations

from collections import OrderedDict

from ..utils.hooks import RemovableHandle, added
from .nodes import OutputNode, extra_of
from .observed import hook_leaf


def register_hook(tensor, hook) -> RemovableHandle:
    """``Tensor.register_hook``."""
    if not tensor._rg:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor._backward_hooks is None:
        tensor._backward_hooks = OrderedDict()  # which it has even if it turns out to have no place in a graph
        node = tensor._node or None
        if node is None:
            hook_leaf(tensor)
        else:
            _attach(tensor._backward_hooks, node)
    return added(tensor._backward_hooks, hook)


def _place(node):
    return (node.edges[0], node.fixed) if type(node) is OutputNode else (node, 0)


def _attach(hooks, node) -> None:
    owner, number = _place(node)
    extra = extra_of(owner)
    extra.tensor_hooks = [*(extra.tensor_hooks or []), (number, hooks)]
    extra.observed = True
    extra_of(node).observed = True


def register_post_accumulate_grad_hook(tensor, hook) -> RemovableHandle:
    """``Tensor.register_post_accumulate_grad_hook``."""
    if not tensor._rg:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor._node:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if tensor._post_accumulate_grad_hooks is None:
        tensor._post_accumulate_grad_hooks = OrderedDict()
    hook_leaf(tensor)
    return added(tensor._post_accumulate_grad_hooks, hook)
