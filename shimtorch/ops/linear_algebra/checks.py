"""What linear algebra asks of its matrices, in torch's words, and the error of matrices that cannot be worked on."""

from __future__ import annotations

from ... import _errors
from ..._tensor import Tensor, scalar_type_name


class _LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or resists an iteration. (``torch.linalg.LinAlgError``)"""

    __module__ = "torch._C"


def require_matrix(t: Tensor, name: str, called: str = "A") -> None:
    """RuntimeError for fewer than two dimensions."""
    if t._a.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {called} must have at least 2 dimensions.")


def require_square(t: Tensor, name: str) -> None:
    """RuntimeError for what is no square matrix, or batch of such."""
    require_matrix(t, name)
    rows, columns = t._a.shape[-2:]
    if rows != columns:
        raise RuntimeError(f"{name}: A must be batches of square matrices, but they are {rows} by {columns} matrices")


def require_inexact(t: Tensor, name: str, half: bool = True) -> None:
    """RuntimeError for integers and bools, and for float16 unless ``half``."""
    kind = t._a.dtype.kind
    if kind not in "fc":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {scalar_type_name(t)}")
    if not half and t._a.dtype.itemsize == 2:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {scalar_type_name(t)}")


def require_kernel(t: Tensor, kernel: str, for_nothing: bool = False) -> None:
    """NotImplementedError for a dtype that LAPACK has no routine for; of nothing, only if ``for_nothing``."""
    if (for_nothing or t._a.size) and (t._a.dtype.kind not in "fc" or t._a.dtype.itemsize == 2):
        raise _errors.not_implemented(kernel, t)


_REASONS = {
    "inv": "The diagonal element {} is zero, the inversion could not be completed because the input matrix is "
    "singular.",
    "solve": "The solver failed because the input matrix is singular.",
    "cholesky": "The factorization could not be completed because the input is not positive-definite (the leading "
    "minor of order {} is not positive-definite).",
    "eig": "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
    "eigenvalues (error code: {}).",
    "svd": "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
    "singular values (error code: {}).",
    "infinite": "The algorithm failed to converge because the input matrix contained non-finite values.",
}  # fmt: skip


def refuse_failed(info, name: str, reason: str) -> None:
    """``LinAlgError`` for the first matrix whose ``info`` is not 0."""
    if not info.any():
        return
    place = int((info != 0).argmax())
    which = f"(Batch element {place}): " if info.ndim else ""
    raise _LinAlgError(f"{name}: {which}{_REASONS[reason].format(info.ravel()[place])}")
