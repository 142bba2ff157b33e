"""Methods that make a tensor a view of itself: other sizes and strides over the same memory.

torch counts them as writes, but the base of a view does not hear of them: the tensor gets a node after the one it had.
To add one: a row with the view's function, its node class and the name of the node in place.
"""

from __future__ import annotations

from .._tensor import Tensor
from ..autograd.mode import state
from ..autograd.rebasing import require_writable, written
from ._define import _guarded
from .reshaping import _swapaxes
from .shape import (
    _squeeze,
    _SqueezeBackward0,
    _SqueezeBackward1,
    _SqueezeBackward2,
    _SqueezeBackward4,
    _t,
    _TBackward0,
    _transpose,
    _TransposeBackward0,
    _unsqueeze,
    _UnsqueezeBackward0,
)


def _again(cls: type, name: str) -> type:
    """The node class under the name that it has where it came by a method in place."""
    return type(name, (cls,), {"__slots__": (), "__module__": "builtins"})


_NODES = {
    _TBackward0: _again(_TBackward0, "TBackward1"),
    _TransposeBackward0: _again(_TransposeBackward0, "TransposeBackward1"),
    _UnsqueezeBackward0: _again(_UnsqueezeBackward0, "UnsqueezeBackward1"),
    _SqueezeBackward0: _again(_SqueezeBackward0, "SqueezeBackward3"),
    _SqueezeBackward1: _SqueezeBackward4,
    _SqueezeBackward2: _again(_SqueezeBackward2, "SqueezeBackward5"),
}


def _in_place(name: str, view) -> None:
    def write(self, *args, **keywords):
        recorded = state.enabled and self._rg
        if recorded:
            require_writable(self)
        result = view(self, *args, **keywords)
        self._a, node = result._a, result._node
        del result  # it is not among those that hear of the write
        written(self)
        if recorded:
            self._retained = self.retains_grad
            node.__class__ = _NODES[type(node)]
            self._node, self._outdated = node, False
        return self

    write.__doc__ = f"``{name}`` of the tensor itself, which is returned. (``torch.Tensor.{name}_``)"
    setattr(Tensor, f"{name}_", _guarded(write, f"{name}_", "method", method=True))


def _square_t(input):
    if input._a.ndim > 2:
        raise RuntimeError(f"t_() expects a tensor with <= 2 dimensions, but self is {input._a.ndim}D")
    return _t(input)


_in_place("t", _square_t)
_in_place("transpose", _transpose)
_in_place("swapaxes", _swapaxes)
_in_place("swapdims", _transpose)
_in_place("squeeze", _squeeze)
_in_place("unsqueeze", _unsqueeze)
