"""Comparisons and operators on bits: no gradient flows through them.

To add one: a ``binary`` row; ``direct`` names the dtype kinds it takes, ``check`` refuses the others.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._layout import laid_out, refuse_overlap
from .._tensor import Tensor, wrap
from ..autograd.rebasing import written
from ._define import binary, publish, publish_inplace, refuse_kinds

eq = binary(
    "eq", np.equal, zero="Eq", dunders=("__eq__",),
    says="Whether elements are equal.",
)  # fmt: skip
ne = binary(
    "ne", np.not_equal, zero="Ne", dunders=("__ne__",), aliases=("not_equal",),
    says="Whether elements differ.",
)  # fmt: skip
lt = binary(
    "lt", np.less, zero="Lt", dunders=("__lt__",), aliases=("less",),
    direct="biuf", check=refuse_kinds("lt_cpu", "c"),
    says="Whether elements of ``input`` are less than those of ``other``.",
)  # fmt: skip
le = binary(
    "le", np.less_equal, zero="Le", dunders=("__le__",), aliases=("less_equal",),
    direct="biuf", check=refuse_kinds("le_cpu", "c"),
    says="Whether elements of ``input`` are less than or equal to those of ``other``.",
)  # fmt: skip
gt = binary(
    "gt", np.greater, zero="Gt", dunders=("__gt__",), aliases=("greater",),
    direct="biuf", check=refuse_kinds("gt_cpu", "c"),
    says="Whether elements of ``input`` are greater than those of ``other``.",
)  # fmt: skip
ge = binary(
    "ge", np.greater_equal, zero="Ge", dunders=("__ge__",), aliases=("greater_equal",),
    direct="biuf", check=refuse_kinds("ge_cpu", "c"),
    says="Whether elements of ``input`` are greater than or equal to those of ``other``.",
)  # fmt: skip

# --- bits ---------------------------------------------------------------------------------------------------------

bitwise_and = binary(
    "bitwise_and", np.bitwise_and, dunders=("__and__", "__rand__", "__iand__"),
    says='"And" of bits, or of bools; integers and bools only.',
    direct="biu", check=refuse_kinds("bitwise_and_cpu", "f", "c"), numbers=True,
)  # fmt: skip
bitwise_or = binary(
    "bitwise_or",
    np.bitwise_or,
    dunders=("__or__", "__ror__", "__ior__"),
    says='"Or" of bits, or of bools; integers and bools only.',
    direct="biu",
    check=refuse_kinds("bitwise_or_cpu", "f", "c"),
    numbers=True,
)
bitwise_xor = binary(
    "bitwise_xor", np.bitwise_xor, dunders=("__xor__", "__rxor__", "__ixor__"),
    says='"Exclusive or" of bits, or of bools; integers and bools only.',
    direct="biu", check=refuse_kinds("bitwise_xor_cpu", "f", "c"), numbers=True,
)  # fmt: skip


def _invert(input):
    """The bits inverted, or the bools negated; integers and bools only. (``torch.bitwise_not``)"""
    if input._a.dtype.kind in "fc":
        raise _errors.not_implemented("bitwise_not_cpu", input)
    return wrap(np.asarray(np.invert(input._a)))


def _invert_operator(self):
    if self._a.dtype.kind in "fc":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return _invert(self)


bitwise_not = publish("bitwise_not", "unary", _invert, methods=("bitwise_not",))
publish_inplace("bitwise_not", "unary", _invert)
Tensor.__invert__ = _invert_operator


def _not(input):
    """Whether each element is 0, or False. Any dtype; bools. (``torch.logical_not``)"""
    a = input._a
    r = np.asarray(np.logical_not(a))
    return wrap(r if a.flags.c_contiguous else laid_out(r, a))


logical_not = publish("logical_not", "comparison", _not, methods=("logical_not",))


def _not_in_place(self):
    """``logical_not`` written into the tensor itself, in its dtype; no graph hears of it.

    (``torch.Tensor.logical_not_``)
    """
    refuse_overlap(self._a, ())
    np.copyto(self._a, np.logical_not(self._a), "unsafe")
    written(self)
    return self


publish("logical_not_", "comparison", _not_in_place, methods=("logical_not_",))


def _equal_to(self, other):
    # Unlike the other operators, == takes arrays.
    return _eq(self, wrap(other) if isinstance(other, np.ndarray) else other)


_eq = Tensor.__eq__
Tensor.__eq__ = _equal_to  # type: ignore[method-assign]
