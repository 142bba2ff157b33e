"""``logit``, the inverse of ``sigmoid``."""

from __future__ import annotations

import math

import numpy as np

from .. import _dtypes, _errors
from .._layout import laid_out
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ..autograd.namespaces import TENSORS
from ._define import F64, internal, publish, publish_inplace, quietly, record, recording


def _log_odds(a, eps):
    if eps is not None and eps >= 0:
        least, most = _bounds(a.dtype, eps)
        a = np.where(a < least, least, np.where(a > most, most, a))
    odds = a / (1 - a)
    return np.log(odds.astype(F64)).astype(a.dtype)


def _bounds(kind, eps):
    least = kind.type(eps)
    return least, kind.type(1) - least


def _slope(grad, a, eps):
    """As torch's kernel has it, which is not as torch's formula for second derivatives has it beyond 0 and 1."""
    bounded = eps is not None and eps >= 0
    least, most = _bounds(a.dtype, eps if bounded else 0.0)
    slope = np.where((a == 0) | (a == 1), grad * a.dtype.type(math.inf), grad / (a * (1 - a)))
    return np.where((a < least) | (a > most), a.dtype.type(0 if bounded else math.nan), slope)


def _slope_of_tensors(grad, self, eps):
    least, other = (0.0, math.nan) if eps is None else (eps, 0.0)
    inside = (self >= least) & (self <= 1.0 - least)
    return TENSORS.where(inside, grad / (self * TENSORS.one_less(self)), wrap(np.array(other, self._a.dtype)))


internal("logit_backward", lambda *parts: quietly(_slope, *parts), _slope_of_tensors)
_LogitBackward0 = node_class(
    "LogitBackward0", ("self",), {"self": lambda xp, grad, self, eps: xp.logit_backward(grad, self, eps)},
    saved=("self",), fixed=("eps",),
)  # fmt: skip


def _logit(input, eps=None):
    """``log(input / (1 - input))``, of numbers brought between ``eps`` and ``1 - eps`` first, if that is given.

    Any shape; integers and bools become the default dtype. NotImplementedError for complex numbers. (``torch.logit``)
    """
    if eps is not None:
        if not isinstance(eps, (bool, int, float, np.integer, np.floating, np.bool_, Tensor)):
            raise TypeError("eps")
        eps = float(eps)
    a = input._a
    if a.dtype.kind == "c":
        raise _errors.not_implemented("logit_cpu", input)
    r = quietly(_log_odds, a if a.dtype.kind == "f" else a.astype(_dtypes._default._numpy), eps)
    out = wrap(r if a.flags.c_contiguous else laid_out(r, a))
    if recording(input):
        record(out, _LogitBackward0, (input,), (input,), (eps,))
    return out


logit = publish("logit", "unary", _logit, methods=("logit",), differentiable=("self",))
publish_inplace("logit", "unary", _logit)
