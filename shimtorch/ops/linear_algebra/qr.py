"""QR factors."""

from __future__ import annotations

import numpy as np

from ..._tensor import Tensor, wrap
from ..._warnings import warn
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from ...autograd.namespaces import TENSORS
from .._define import inplace_of, internal, publish
from ..extrema import named_result
from ..pieces import _cat
from .checks import require_inexact, require_kernel, require_matrix
from .cholesky import _require_bool
from .elimination import column_major
from .vocabulary import first_columns


def _derivative(xp, grads, wanted, q, r, mode):
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
            "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    rows, columns = q.shape[-2], r.shape[-1]
    if mode == "complete" and rows > columns:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    of_q, of_r = grads
    if of_q is None:
        inner = xp.matmul(of_r, xp.mH(r))
    elif of_r is None:
        inner = -xp.matmul(xp.mH(q), of_q)
    else:
        subtracted = xp.matmul(xp.mH(q), of_q)
        inner = xp.matmul(of_r, xp.mH(r)) - subtracted
    if rows >= columns:
        inner = xp.triu(inner, 0)
        found = xp.matmul(q, xp.scaled_diagonal(inner + xp.mH(inner), "real"))
        if of_q is not None:
            found = found + of_q
        return (xp.solve_triangular(xp.mH(r), found, False, False, False),)
    inner = -inner
    inner = xp.tril(inner - xp.mH(inner), 0)
    found = xp.matmul(q, xp.scaled_diagonal(inner, "imag") if xp.is_complex(inner) else inner)
    found = xp.solve_triangular(xp.mH(first_columns(xp, r, rows)), found, False, False, False)
    found = xp.with_zero_columns(found, columns - rows)
    return (found if of_r is None else found + xp.matmul(q, of_r),)


def _scaled(a, part: str):
    a = np.array(a)
    diagonal = np.einsum("...ii->...i", a)
    if a.dtype.kind != "c":
        diagonal *= 0.5
    elif part == "real":
        diagonal.real *= 0.5
    else:
        diagonal.imag *= 0.5
    return a


def _scaled_tensor(t: Tensor, part: str):
    diagonal = TENSORS.main_diagonal(t)
    if t._a.dtype.kind != "c":
        _multiply_(diagonal, 0.5)
        return t
    # torch writes into the real or imaginary parts, which are no views here
    half = TENSORS.imag(diagonal) if part == "imag" else TENSORS.real(diagonal)
    return t - TENSORS.diag_embed(TENSORS.mul_scalar(half, 0.5j if part == "imag" else 0.5))


_multiply_ = inplace_of(lambda t, number: TENSORS.mul_scalar(t, number))


def _widened(t: Tensor, count: int):
    return _cat((t, wrap(np.zeros((*t._a.shape[:-1], count), t._a.dtype))), -1)


internal("scaled_diagonal", _scaled, _scaled_tensor)
internal(
    "with_zero_columns",
    lambda a, count: np.concatenate([a, np.zeros((*a.shape[:-1], count), a.dtype)], -1),
    _widened,
)

_LinalgQrBackward0 = joint_class("LinalgQrBackward0", ("Q", "R"), _derivative, ("Q", "R"), ("mode",))
_qr_type, _old_type = named_result("linalg_qr", ("Q", "R")), named_result("qr", ("Q", "R"))

_DEPRECATED = (
    "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future PyTorch release.\n"
    "The boolean parameter 'some' has been replaced with a string parameter 'mode'.\nQ, R = torch.qr(A, some)\n"
    "should be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete') (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/BatchLinearAlgebra.cpp:2505.)"
)


def _factors(A: Tensor, mode):
    require_matrix(A, "linalg.qr")
    require_inexact(A, "linalg.qr")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    require_kernel(A, "geqrf_cpu")
    a = A._a
    wide = a.astype("f") if a.dtype.itemsize == 2 else a  # which has no elements
    if mode == "r":
        q, r = np.empty(0, a.dtype), np.asarray(np.linalg.qr(wide, "r"))
    else:
        found, r = np.linalg.qr(wide, mode)
        q = column_major(found.astype(a.dtype, copy=False))
    outs = wrap(q), wrap(column_major(r.astype(a.dtype, copy=False)))
    if A._rg and state.enabled:
        record_jointly(_LinalgQrBackward0, (A,), outs, (q, outs[1]._a), (mode,))
    return outs


def _qr(A, mode="reduced"):
    """Q and R of A = Q @ R: Q with orthonormal columns, R upper triangular. ``mode``: "reduced", "complete" for a
    square Q, or "r" for R alone. (``torch.linalg.qr``)"""
    if not isinstance(mode, str):
        raise TypeError("mode")
    return _qr_type(_factors(A, mode))


def _qr_before(input, some=True):
    """``torch.linalg.qr`` as it was called before. (``torch.qr``)"""
    _require_bool(some)
    warn(_DEPRECATED, once=True)
    return _old_type(_factors(input, "reduced" if some else "complete"))


linalg_qr = publish("linalg_qr", "decomposition", _qr, differentiable=("A",))
qr = publish("qr", "decomposition", _qr_before, methods=("qr",), differentiable=("A",))
