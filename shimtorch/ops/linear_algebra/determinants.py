"""Determinants: det, slogdet, logdet."""

from __future__ import annotations

import math

import numpy as np

from ..._tensor import Tensor, wrap
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from ...autograd.namespaces import ARRAYS
from .._define import publish, quietly
from .._summation import add_up
from ..choosing import _where
from ..extrema import named_result
from ..reductions import multiply_up
from .checks import require_inexact, require_kernel, require_square
from .systems import lu_solved, quietly_factored


def _factored_for(a):
    """The factors of real contiguous matrices transposed, as torch has them, and whether they are."""
    transposed = a.flags.c_contiguous and a.dtype.kind != "c"
    lu, exchanged, _ = quietly_factored(a.swapaxes(-1, -2) if transposed else a)
    return lu, exchanged, transposed


def _parity(exchanged):
    """1 or -1 for an even or odd number of exchanged rows."""
    moved = (exchanged != np.arange(1, exchanged.shape[-1] + 1)).sum(-1)
    return 1 - 2 * (moved % 2)


def _diagonal(lu):
    return np.ascontiguousarray(np.diagonal(lu, axis1=-2, axis2=-1))


def _product(values):
    return np.asarray(multiply_up(values, (values.ndim - 1,), False))


def _scaled_identity(xp, numbers, size: int):
    """For each number a matrix with it on the diagonal, column-major."""
    return xp.transpose(xp.diag_embed(xp.expand(xp.column(numbers), (*numbers.shape, size))), -2, -1)


# --- det ----------------------------------------------------------------------------------------------------------


def _of_det(xp, grads, wanted, a, lu, exchanged, det, transposed):
    if not math.prod(a.shape):
        return (xp.zeros_like(a),)
    grad = grads[0]
    if a.shape[-1] == 1:
        return (xp.expand(xp.column(xp.column(grad)), a.shape),)
    wide = _scaled_identity(xp, grad * xp.conj(det), a.shape[-1])
    eps = np.finfo(xp.value_of(a).dtype).eps
    if xp is ARRAYS:
        zero = np.where(_diagonal(lu) == 0, eps, 0).astype(lu.dtype)
        return (lu_solved(lu + xp.diag_embed(zero), exchanged, wide, True, not transposed),)
    small = np.abs(det._a) < 100 * eps
    if small.all():
        return (_of_singular(xp, a, grad),)
    if not small.any():
        return (xp.solve(xp.mH(a), wide),)
    singular, others = wrap(small), wrap(~small)
    found = wrap(np.empty_like(a._a))
    found = found.index_put_((singular,), _of_singular(xp, a[singular], grad[singular]))
    return (found.index_put_((others,), xp.solve(xp.mH(a[others]), wide[others])),)


def _of_singular(xp, a, grad):
    """By way of the products of all singular values but one."""
    from .svd import _svd

    u, s, vh = _svd(a)
    factor = xp.conj(_det(u) * _det(vh)) * grad
    share = xp.times_others(xp.column(factor), s, s._a.ndim - 1)
    return xp.matmul(u * xp.row(share), vh)


_LinalgDetBackward0 = joint_class(
    "LinalgDetBackward0", ("answer",), _of_det, ("A", "LU", "pivots", "answer"), ("transposed",)
)


def _det(A):
    """The determinants of square matrices. (``torch.linalg.det``)"""
    require_square(A, "linalg.det")
    require_inexact(A, "linalg.det")
    require_kernel(A, "lu_cpu")
    lu, exchanged, transposed = _factored_for(A._a)
    r = quietly(lambda: np.asarray(_parity(exchanged) * _product(_diagonal(lu))).astype(A._a.dtype, copy=False))
    out = wrap(r)
    if A._rg and state.enabled:
        record_jointly(_LinalgDetBackward0, (A,), (out,), (A, wrap(lu), wrap(exchanged), r), (transposed,))
    return out


def _det_before(input):
    """The determinants of square matrices. (``torch.det``)"""
    return _det(input)


linalg_det = publish("linalg_det", "decomposition", _det, differentiable=("A",))
det = publish("det", "decomposition", _det_before, methods=("det",), differentiable=("A",))


# --- slogdet ------------------------------------------------------------------------------------------------------


def _of_slogdet(xp, grads, wanted, a, lu, exchanged, sign, transposed):
    of_sign, grad = grads
    if xp.is_complex(a):
        if of_sign is not None:
            turned = xp.mul_scalar(_imaginary(xp, xp.conj(of_sign) * sign), 1j)
            grad = -turned if grad is None else grad - turned
        else:
            grad = xp.cast(grad, xp.value_of(a).dtype)
    elif grad is None:
        return (None,)
    wide = _scaled_identity(xp, grad, a.shape[-1])
    if xp is ARRAYS:
        return (lu_solved(lu, exchanged, wide, True, not transposed),)
    return (xp.solve(xp.mH(a), wide),)


def _imaginary(xp, x):
    return np.asarray(x.imag) if xp is ARRAYS else xp.imag(x)


_LinalgSlogdetBackward0 = joint_class(
    "LinalgSlogdetBackward0", ("sign", "logabsdet"), _of_slogdet, ("A", "LU", "pivots", "sign"), ("transposed",)
)
_slogdet_type = named_result("linalg_slogdet", ("sign", "logabsdet"))
_old_type = named_result("slogdet", ("sign", "logabsdet"))


def _sign_and_logarithm(A: Tensor):
    require_square(A, "linalg.slogdet")
    require_inexact(A, "linalg.slogdet", half=False)
    lu, exchanged, transposed = _factored_for(A._a)
    diagonal = _diagonal(lu)
    sign = quietly(lambda: _product(ARRAYS.sgn(diagonal)) * _parity(exchanged)).astype(A._a.dtype, copy=False)
    logarithm = quietly(lambda: add_up(ARRAYS.log(np.abs(diagonal)), (diagonal.ndim - 1,), False))
    outs = wrap(sign), wrap(logarithm)
    if A._rg and state.enabled:
        record_jointly(_LinalgSlogdetBackward0, (A,), outs, (A, wrap(lu), wrap(exchanged), sign), (transposed,))
    return outs


def _slogdet(A):
    """The sign of determinants and the logarithm of their absolute value: 0 and -inf for singular matrices.
    (``torch.linalg.slogdet``)"""
    return _slogdet_type(_sign_and_logarithm(A))


def _slogdet_before(input):
    """The sign of determinants and the logarithm of their absolute value. (``torch.slogdet``)"""
    return _old_type(_sign_and_logarithm(input))


def _logdet(input):
    """The logarithms of determinants: -inf for 0, nan for real negative ones. (``torch.logdet``)"""
    require_square(input, "logdet")
    require_inexact(input, "logdet", half=False)
    sign, logarithm = _sign_and_logarithm(input)
    if input._a.dtype.kind == "c":
        return sign.log() + logarithm
    return _where(sign.detach() == -1.0, math.nan, logarithm)


linalg_slogdet = publish("linalg_slogdet", "decomposition", _slogdet, differentiable=("A",))
slogdet = publish("slogdet", "decomposition", _slogdet_before, methods=("slogdet",), differentiable=("A",))
logdet = publish("logdet", "decomposition", _logdet, methods=("logdet",), differentiable=("A",))
