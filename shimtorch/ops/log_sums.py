"""``logsumexp``: logarithms of sums of exponentials, which do not overflow."""

from __future__ import annotations

import numpy as np

from .. import _dtypes
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS
from ._define import ZERO, publish, quietly, record
from ._summation import add_up
from .reductions import as_named, axes_of, check, fresh, restored


def _of_sum(xp, grad, self, sizes, dims, keepdim, given, result):
    named = as_named(dims, given)
    grad, result = (restored(xp, part, sizes, named, keepdim) for part in (grad, result))
    return xp.mul(grad, xp.conj(xp.exp(xp.sub(self, result))))


_LogsumexpBackward0 = node_class(
    "LogsumexpBackward0", ("self",), {"self": _of_sum}, saved=("self", "result"),
    fixed=("sizes", "dims", "keepdim", "given"),
)  # fmt: skip


def _logarithm(a, axes, keepdim: bool):
    if not a.size:
        return ARRAYS.log(np.asarray(add_up(ARRAYS.exp(a), axes, keepdim)))
    largest = np.maximum.reduce(a.real, axes, keepdims=True)
    largest = np.where(np.isinf(largest), ZERO[largest.dtype], largest)
    total = np.asarray(add_up(np.asarray(ARRAYS.exp(a - largest)), axes, keepdim))
    return np.asarray(ARRAYS.log(total)) + largest.reshape(total.shape)


def _logsumexp(input, dim, keepdim=False):
    """The logarithm of the sum of the exponentials over the dims in ``dim``, which stay as size 1 if ``keepdim``.

    Integers and bools become the default dtype. -inf of nothing. (``torch.logsumexp``)
    """
    check(keepdim)
    if dim is None:
        raise TypeError("dim")
    a = input._a
    axes = axes_of(dim, a.ndim)
    if a.dtype.kind not in "fc":
        a = a.astype(_dtypes._default._numpy)
    if isinstance(dim, (tuple, list)) and not dim and a.ndim and a.size and not keepdim:
        raise RuntimeError(f"output with shape [] doesn't match the broadcast shape [{', '.join(['1'] * a.ndim)}]")
    out = fresh(quietly(_logarithm, a, axes, keepdim))
    if input._rg and state.enabled:
        dims = axes or tuple(range(a.ndim)) if axes is None else axes
        given = tuple(dim) if type(dim) is list else dim
        record(out, _LogsumexpBackward0, (input,), (input, out._a), (a.shape, dims, keepdim, given))
    return out


logsumexp = publish("logsumexp", "reduction", _logsumexp, methods=("logsumexp",), differentiable=("self",))
