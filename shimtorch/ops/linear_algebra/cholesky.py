"""Cholesky factors."""

from __future__ import annotations

import numpy as np

from ..._tensor import wrap
from ..._warnings import warn
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from .._define import publish
from ..extrema import named_result
from .checks import refuse_failed, require_inexact, require_kernel, require_square
from .elimination import square_root


def _derivative(xp, grads, wanted, factor, upper):
    if grads[0].ndim < 2:
        what = f"Got {grads[0].ndim}-D tensor."
        raise RuntimeError(f"tensor.mH is only supported on matrices or batches of matrices. {what}")
    lower = xp.mH(factor) if upper else factor
    grad = xp.mH(grads[0]) if upper else grads[0]
    grad = xp.tril(xp.matmul(xp.mH(lower), grad), 0)
    grad = xp.mul_scalar(grad + xp.mH(xp.tril(grad, -1)), 0.5)
    grad = xp.solve_triangular(xp.mH(lower), grad, True, True, False)
    return (xp.solve_triangular(lower, grad, False, False, False),)


_LinalgCholeskyExBackward0 = joint_class("LinalgCholeskyExBackward0", ("L",), _derivative, ("L",), ("upper",))
_CholeskyBackward0 = joint_class("CholeskyBackward0", ("answer",), _derivative, ("answer",), ("upper",))
_result_type = named_result("linalg_cholesky_ex", ("L", "info"))

_DEPRECATED = (
    "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a future PyTorch release.\n"
    "L = torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\nand\n"
    "U = torch.cholesky(A, upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\nThis transform will "
    "produce equivalent results for all valid (symmetric positive definite) inputs. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/BatchLinearAlgebra.cpp:1765.)"
)


def _factor(input, upper: bool, cls):
    if cls is _CholeskyBackward0 and not input._a.size:  # of whatever shape and dtype
        factor, info = np.zeros(input._a.shape, input._a.dtype), np.zeros(1, np.int32)
    else:
        require_kernel(input, "cholesky_cpu")
        with np.errstate(all="ignore"):
            factor, info = square_root(input._a, upper)
    out = wrap(factor)
    if input._rg and state.enabled:
        record_jointly(cls, (input,), (out,), (factor,), (upper,))
    return out, info


def _cholesky_ex(input, *, upper=False, check_errors=False):
    """The Cholesky factors of positive definite matrices, and for each 0 or the order (int32) of the first leading
    minor that is not positive definite. One triangle of the input is read. (``torch.linalg.cholesky_ex``)"""
    _require_bool(upper, check_errors)
    return _result_type(_checked(input, upper, "linalg.cholesky_ex" if check_errors else None))


def _checked(input, upper: bool, name):
    require_square(input, "linalg.cholesky")
    require_inexact(input, "linalg.cholesky")
    out, info = _factor(input, upper, _LinalgCholeskyExBackward0)
    if name is not None:
        refuse_failed(info, name, "cholesky")
    return out, wrap(info)


def _linalg_cholesky(input, *, upper=False):
    """The lower triangles L of positive definite matrices L @ L.mH, or if ``upper`` their adjoints. ``LinAlgError`` for
    others. (``torch.linalg.cholesky``)"""
    _require_bool(upper)
    return _checked(input, upper, "linalg.cholesky")[0]


def _cholesky(input, upper=False):
    """``torch.linalg.cholesky`` as it was called before. (``torch.cholesky``)"""
    _require_bool(upper)
    warn(_DEPRECATED, once=True)
    if input._a.size:
        require_square(input, "cholesky")
    out, info = _factor(input, upper, _CholeskyBackward0)
    refuse_failed(info, "cholesky", "cholesky")
    return out


def _require_bool(*values) -> None:
    for value in values:
        if value is not True and value is not False:
            raise TypeError("bool")


linalg_cholesky = publish("linalg_cholesky", "decomposition", _linalg_cholesky, differentiable=("self",))
linalg_cholesky_ex = publish("linalg_cholesky_ex", "decomposition", _cholesky_ex, differentiable=("self",))
cholesky = publish("cholesky", "decomposition", _cholesky, methods=("cholesky",), differentiable=("self",))
