"""Singular values and vectors."""

from __future__ import annotations

import numpy as np
from numpy.linalg import LinAlgError

from ..._tensor import Tensor, wrap
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from ...autograd.namespaces import TENSORS
from .._define import publish
from ..extrema import named_result
from .checks import refuse_failed, require_inexact, require_kernel, require_matrix
from .cholesky import _require_bool
from .elimination import column_major
from .lapack import singular
from .vocabulary import first_columns, first_rows


def _skew(xp, x):
    return x - xp.mH(x)


def _derivative(xp, grads, wanted, u, s, vh, full):
    of_u, of_s, of_vh = grads
    if full:
        count = s.shape[-1]
        vh, u = first_rows(xp, vh, count), first_columns(xp, u, count)
        of_vh = None if of_vh is None else first_rows(xp, of_vh, count)
        of_u = None if of_u is None else first_columns(xp, of_u, count)
    rows, columns = u.shape[-2], vh.shape[-1]
    if of_u is None and of_vh is None:
        if rows >= columns:
            return (xp.matmul(u, xp.column(of_s) * vh),)
        return (xp.matmul(u * xp.row(of_s), vh),)
    in_u = None if of_u is None else _skew(xp, xp.matmul(xp.mH(u), of_u))
    in_v = None if of_vh is None else _skew(xp, xp.matmul(vh, xp.mH(of_vh)))
    if xp.is_complex(u):
        _require_invariance(xp, in_u, in_v)
    inner = _inside(xp, s, in_u, in_v)
    if of_s is not None:
        inner = inner + xp.diag_embed(of_s)
    if xp.is_complex(u) and in_u is not None and in_v is not None:
        inner = inner + xp.diag_embed(xp.main_diagonal(in_u) / xp.mul_scalar(s, 2.0))
    if rows > columns and of_u is not None:
        inner = xp.matmul(u, inner)
        scaled = of_u / xp.row(s)
        subtracted = xp.matmul(u, xp.matmul(xp.mH(u), scaled))
        inner = inner + scaled - subtracted
        return (xp.matmul(inner, vh),)
    if rows < columns and of_vh is not None:
        inner = xp.matmul(inner, vh)
        scaled = of_vh / xp.column(s)
        subtracted = xp.matmul(xp.matmul(scaled, xp.mH(vh)), vh)
        inner = inner + scaled - subtracted
        return (xp.matmul(u, inner),)
    if rows >= columns:
        return (xp.matmul(u, xp.matmul(inner, vh)),)
    return (xp.matmul(xp.matmul(u, inner), vh),)


def _inside(xp, s, in_u, in_v):
    """What stands between U and Vh of the gradient, its diagonal aside."""
    squares = s * s
    subtracted = xp.column(squares)  # torch computes operands from right to left
    distances = xp.fill_diagonal(xp.row(squares) - subtracted, 1)
    if in_u is None:
        return xp.column(s) * (in_v / distances)
    if in_v is None:
        return in_u / distances * xp.row(s)
    added = xp.column(s) * in_v
    return (in_u * xp.row(s) + added) / distances


def _require_invariance(xp, in_u, in_v) -> None:
    """RuntimeError where a loss depends on the phase of singular vectors, which is arbitrary."""
    turns = [0 if x is None else xp.value_of(xp.main_diagonal(x)).imag for x in (in_u, in_v)]
    if not np.allclose(turns[0], -turns[1], 1e-2, 1e-2):
        raise RuntimeError(
            "svd_backward: The singular vectors in the complex case are specified up to multiplication by e^{i phi}. "
            "The specified loss function depends on this phase term, making it ill-defined."
        )


_LinalgSvdBackward0 = joint_class(
    "LinalgSvdBackward0", ("U", "S", "Vh"), _derivative, ("U", "S", "Vh"), ("full_matrices",)
)
_svd_type = named_result("linalg_svd", ("U", "S", "Vh"))
_old_type = named_result("svd", ("U", "S", "V"))


def svd_arrays(a, full: bool):
    """U and Vh column-major. ``LinAlgError`` in torch's words where there are none."""
    try:
        if not np.isfinite(a).all():
            raise LinAlgError
        u, s, vh = singular(a, full)
    except LinAlgError:
        finite = ~np.isnan(a).any((-2, -1))
        refuse_failed(np.where(finite, 0, 1), "linalg.svd", "infinite")
        failed = ~np.isfinite(a).all((-2, -1))
        refuse_failed(np.where(failed if failed.any() else True, 2, 0), "linalg.svd", "svd")
        raise
    return column_major(u), s, column_major(vh)


def svd_outputs(input: Tensor, full: bool):
    """U, S and Vh as outputs of one node."""
    require_kernel(input, "linalg_svd_cpu")
    u, s, vh = svd_arrays(input._a, full)
    outs = wrap(u), wrap(s), wrap(vh)
    if input._rg and state.enabled:
        record_jointly(_LinalgSvdBackward0, (input,), outs, (u, s, vh), (full,))
    return outs


def _require_no_driver(driver, a) -> None:
    if driver is not None and not isinstance(driver, str):
        raise TypeError("driver")
    if driver is not None and a.size:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )


def require_svd(A) -> None:
    """RuntimeError for what has no singular values."""
    require_matrix(A, "linalg.svd")
    require_inexact(A, "linalg.svd")


def _svd(A, full_matrices=True, *, driver=None):
    """U, S and Vh of A = U @ diag(S) @ Vh: U and Vh unitary, S real and descending. Of U and Vh are kept, unless
    ``full_matrices``, the vectors that S has numbers for. (``torch.linalg.svd``)"""
    _require_bool(full_matrices)
    require_svd(A)
    _require_no_driver(driver, A._a)
    return _svd_type(svd_outputs(A, full_matrices))


def svdvals(A: Tensor):
    """The singular values of matrices, descending; an output of the node of the whole decomposition."""
    require_svd(A)
    return svd_outputs(A, False)[1]


def _svdvals(A, *, driver=None):
    """The singular values of matrices, descending. (``torch.linalg.svdvals``)"""
    require_svd(A)
    _require_no_driver(driver, A._a)
    return svdvals(A)


def _svd_before(input, some=True, compute_uv=True):
    """U, S and V of input = U @ diag(S) @ V.mH, as it was called before; zeros for U and V unless ``compute_uv``.
    (``torch.svd``)"""
    _require_bool(some, compute_uv)
    if input._a.ndim < 2:
        raise RuntimeError(
            f"linalg.svd: input should have at least 2 dimensions, but has {input._a.ndim} dimensions instead"
        )
    require_svd(input)
    if compute_uv:
        u, s, vh = svd_outputs(input, not some)
        return _old_type((u, s, TENSORS.mH(vh)))
    rows, columns = input._a.shape[-2:]
    u, v = (np.zeros((*input._a.shape[:-2], n, n), input._a.dtype) for n in (rows, columns))
    return _old_type((wrap(u), svd_outputs(input, False)[1], wrap(column_major(v))))


linalg_svd = publish("linalg_svd", "decomposition", _svd, differentiable=("A",))
linalg_svdvals = publish("linalg_svdvals", "decomposition", _svdvals, differentiable=("A",))
svd = publish("svd", "decomposition", _svd_before, methods=("svd",), differentiable=("A",))
