"""Which elements are nan or infinite, and what to put in their place.

To add a question: a row of ``_question``, whose result is of bools.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._layout import laid_out
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ..autograd.rebasing import written
from ._define import inplace_of, internal, publish, quietly, record, recording


def _question(name: str, compute, says: str, refuses_complex=False):
    """A row for ``compute``, which answers for each element of an array."""

    def forward(input):
        a = input._a
        if refuses_complex and a.dtype.kind == "c":
            raise _errors.first(RuntimeError(f"{name} does not support complex inputs."))
        r = np.asarray(compute(a))
        return wrap(r if a.flags.c_contiguous else laid_out(r, a))

    forward.__doc__ = f"{says}\n\n    Any shape, bools. (``torch.{name}``)\n    "
    return publish(name, "comparison", forward, methods=(name,))


isnan = _question("isnan", np.isnan, "Whether each element is nan, or has a part that is.")
isinf = _question("isinf", np.isinf, "Whether each element is infinite, or has a part that is.")
isfinite = _question("isfinite", np.isfinite, "Whether each element is neither nan nor infinite.")
isreal = _question("isreal", np.isreal, "Whether the imaginary part of each element is 0.")


def _infinite(sign: bool):
    return lambda a: np.isinf(a) & (np.signbit(a) == sign) if a.dtype.kind == "f" else np.zeros(a.shape, np.bool_)


isposinf = _question(
    "isposinf", _infinite(False), "Whether each element is inf. RuntimeError for complex numbers.", True
)
isneginf = _question(
    "isneginf", _infinite(True), "Whether each element is -inf. RuntimeError for complex numbers.", True
)


# --- in their place -----------------------------------------------------------------------------------------------


def _replaced(a, nan, posinf, neginf):
    if a.dtype.kind == "c":
        out = np.empty_like(a)
        out.real, out.imag = (_replaced(part, nan, posinf, neginf) for part in (a.real, a.imag))
        return out
    if a.dtype.kind != "f":
        return a.copy(order="K")
    limits = np.finfo(a.dtype)
    out = a.copy(order="K")
    out[a == np.inf] = limits.max if posinf is None else float(posinf)
    out[a == -np.inf] = limits.min if neginf is None else float(neginf)
    out[np.isnan(a)] = 0 if nan is None else float(nan)
    return out


internal("isfinite", np.isfinite, lambda t: isfinite(t))
_NanToNumBackward0 = node_class(
    "NanToNumBackward0", ("self",), {"self": lambda xp, grad, self: grad * xp.isfinite(self)}, saved=("self",)
)


def _nan_to_num(input, nan=None, posinf=None, neginf=None):
    """Numbers where there is nan (default 0), inf and -inf (default: the largest and the least of the dtype).

    Any shape; the dtype stays. (``torch.nan_to_num``)
    """
    if input._a.dtype.kind == "c" and recording(input):  # in place torch does
        raise RuntimeError("nan_to_num does not support automatic differentiation for outputs with complex dtype.")
    return _filled(input, nan, posinf, neginf)


def _filled(input, nan=None, posinf=None, neginf=None):
    _check(nan, posinf, neginf)
    a = input._a
    r = quietly(_replaced, a, nan, posinf, neginf)
    out = wrap(laid_out(r, a) if a.ndim > 1 else r)
    if recording(input):
        record(out, _NanToNumBackward0, (input,), (input,))
    return out


def _check(*numbers) -> None:
    for number in numbers:
        if number is not None and not isinstance(number, (bool, int, float, np.number, np.bool_, Tensor)):
            raise TypeError("nan")


nan_to_num = publish("nan_to_num", "unary", _nan_to_num, methods=("nan_to_num",), differentiable=("self",))


def _nan_to_num_(self, nan=None, posinf=None, neginf=None):
    """``nan_to_num`` written into the tensor itself, which is returned. (``torch.Tensor.nan_to_num_``)"""
    if self._a.dtype.kind not in "fc":  # in whose memory torch does not look
        _check(nan, posinf, neginf)
        written(self)
        return self
    return _write(self, nan, posinf, neginf)


_write = inplace_of(_filled)
publish("nan_to_num_", "unary", _nan_to_num_, methods=("nan_to_num_",), differentiable=("self",))
