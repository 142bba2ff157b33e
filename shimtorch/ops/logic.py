"""Logical operators of two tensors, shifts of bits, and ``isclose``: no gradient flows through them.

To add one: a ``binary`` row. Those of logic record nothing, in place too: torch writes into what requires grad.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._layout import laid_out, refuse_overlap
from .._tensor import Tensor, wrap
from ..autograd.rebasing import written
from ._define import SCALARS, _guarded, _number_first, _warn_of_cast, binary, publish, quietly, refuse_kinds
from .bivariate import of_tensors
from .reductions import close_elements

# --- and, or, exclusive or ----------------------------------------------------------------------------------------


def _logical(name: str, ufunc, says: str):
    def write(self, other):
        if not isinstance(other, Tensor):
            return NotImplemented
        a, b = self._a, other._a
        _errors.require_fit(a.shape, b.shape)
        refuse_overlap(a, (b,))
        _warn_of_cast(other, a)
        quietly(np.copyto, a, ufunc(a, b), "unsafe")
        written(self)
        return self

    write.__doc__ = f"``{name}`` written into the tensor itself, as 0 and 1. (``torch.Tensor.{name}_``)"
    setattr(Tensor, f"{name}_", _guarded(write, f"{name}_", "binary", method=True))
    return binary(name, ufunc, says=says, inplace=False, forward=of_tensors)


logical_and = _logical("logical_and", np.logical_and, "Whether both elements are true, which all but 0 are.")
logical_or = _logical("logical_or", np.logical_or, "Whether one of two elements is true, which all but 0 are.")
logical_xor = _logical("logical_xor", np.logical_xor, "Whether just one of two elements is true, which all but 0 are.")


# --- shifts -------------------------------------------------------------------------------------------------------


def _in_range(a, b):
    """Where torch shifts at all: not by less than 0, nor by as many bits as there are."""
    return (b >= 0) & (b < 8 * a.itemsize)


def _left(a, b):
    return np.where(_in_range(a, b), np.left_shift(a, b), np.zeros((), a.dtype))


def _right(a, b):
    last = 8 * a.itemsize - (a.dtype.kind == "i")  # leaves the sign
    return np.right_shift(a, np.where(_in_range(a, b), b, np.array(last, a.dtype)))


bitwise_left_shift = binary(
    "bitwise_left_shift", _left, dunders=("__lshift__", "__ilshift__"), numbers=True,
    says="The bits moved left by ``other`` places; integers only.",
    direct="iu", check=refuse_kinds("lshift_cpu", "b", "f", "c"),
)  # fmt: skip
bitwise_right_shift = binary(
    "bitwise_right_shift", _right, dunders=("__rshift__", "__irshift__"), numbers=True,
    says="The bits moved right by ``other`` places, the sign staying; integers only.",
    direct="iu", check=refuse_kinds("rshift_cpu", "b", "f", "c"),
)  # fmt: skip


def _reflected(core):
    shift = _number_first(core, alone=False)

    def forward(self, other):
        return shift(other, self) if isinstance(other, SCALARS) else NotImplemented

    return forward


Tensor.__rlshift__ = _reflected(Tensor.__lshift__)
Tensor.__rrshift__ = _reflected(Tensor.__rshift__)

# --- near each other ----------------------------------------------------------------------------------------------


def _isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether ``|input - other| <= atol + rtol * |other|``, element by element. RuntimeError for unlike dtypes.
    (``torch.isclose``)"""
    close = np.asarray(close_elements(input, other, rtol, atol, equal_nan))
    return wrap(laid_out(close, input._a, other._a) if close.ndim > 1 else close)


isclose = publish("isclose", "comparison", _isclose, methods=("isclose",))
