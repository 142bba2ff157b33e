"""Rounding to integers, and to decimals.

To add one: a row of ``_rounded`` with NumPy's function; integers are copied, bools and complex numbers refused.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._layout import laid_out
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ._define import F16, F32, publish, publish_inplace, quietly, record, recording, unary


def _rounded(name: str, function, grad_fn: str, says: str, aliases=()):
    """A row for ``function`` of floats, through which no gradient flows."""

    def compute(a):
        kind = a.dtype.kind
        if kind == "f":
            return function(a)
        if kind in "iu":
            return a.copy(order="K")
        if kind == "c":
            raise _errors.first(NotImplementedError(f"{name} is not supported for complex inputs"))
        raise _errors.not_implemented(f"{name}_vml_cpu", wrap(a))

    return unary(
        name, compute, grad_fn=grad_fn, to_float=False, aliases=aliases,
        says=f"{says} Integers stay; NotImplementedError for bools and complex numbers.",
        self=lambda xp, grad: xp.zeros_like(grad),
    )  # fmt: skip


ceil = _rounded("ceil", np.ceil, "CeilBackward0", "The next integer from each element on upwards.")
floor = _rounded("floor", np.floor, "FloorBackward0", "The next integer from each element on downwards.")
trunc = _rounded("trunc", np.trunc, "TruncBackward0", "The next integer from each element on towards 0.", ("fix",))


def _fraction(a):
    if a.dtype.kind != "f":
        raise _errors.not_implemented("frac_cpu", wrap(a))
    return a - np.trunc(a)


frac = unary(
    "frac", _fraction, grad_fn="FracBackward0", to_float=False,
    says="What ``trunc`` takes away, with the sign of the element. NotImplementedError unless it is a float.",
    self=lambda xp, grad: grad,
)  # fmt: skip


# --- round --------------------------------------------------------------------------------------------------------

_RoundBackward0, _RoundBackward1 = (
    node_class(name, ("self",), {"self": lambda xp, grad: xp.zeros_like(grad)})
    for name in ("RoundBackward0", "RoundBackward1")
)


def _to_decimals(a, decimals: int):
    if a.dtype is F16:
        return _to_decimals(a.astype(F32), decimals).astype(F16)
    scale = np.power(10.0, abs(decimals)).astype(a.dtype)
    return np.rint(a / scale) * scale if decimals < 0 else np.rint(a * scale) / scale


def _round(input, *, decimals=None):
    """The nearest integer, of two the even one; ``decimals``: so many places behind the point, or before it.

    Integers stay. NotImplementedError for bools and complex numbers, and for integers where decimals are asked for.
    (``torch.round``)
    """
    a = input._a
    if decimals is not None and (type(decimals) is bool or not isinstance(decimals, (int, np.integer, Tensor))):
        raise TypeError("decimals")
    if a.dtype.kind in "bc" or (decimals is not None and a.dtype.kind != "f"):
        raise _errors.not_implemented("round_cpu" if decimals else "round_vml_cpu", input)
    r = quietly(_to_decimals, a, int(decimals)) if decimals else quietly(_nearest, a)
    out = wrap(laid_out(r, a) if a.ndim > 1 and not a.flags.c_contiguous else r)
    if recording(input):
        record(out, _RoundBackward0 if decimals is None else _RoundBackward1, (input,))
    return out


def _nearest(a):
    return np.rint(a) if a.dtype.kind == "f" else a.copy(order="K")


round = publish("round", "unary", _round, methods=("round",), differentiable=("self",))
publish_inplace("round", "unary", _round)
