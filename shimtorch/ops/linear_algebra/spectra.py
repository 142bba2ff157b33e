"""Eigenvalues and eigenvectors: eigh of symmetric (Hermitian) matrices, eig of any."""

from __future__ import annotations

import numpy as np
from numpy.linalg import LinAlgError

from ..._tensor import Tensor, scalar_type_name, wrap
from ..._warnings import warn
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from ...autograd.nodes import extra_of
from .._define import publish
from ..extrema import named_result
from .checks import _LinAlgError, refuse_failed, require_kernel, require_square
from .elimination import column_major
from .lapack import eigenpairs
from .tridiagonal import SMALL, spectrum


def _derivative(symmetric: bool):
    name = "linalg_eigh_backward" if symmetric else "linalg_eig_backward"

    def formula(xp, grads, wanted, values, vectors):
        of_values, of_vectors = grads
        if of_vectors is None:
            if symmetric:
                mirrored = xp.mH(vectors)
                return (xp.matmul(vectors * xp.row(of_values), mirrored),)
            mirrored = xp.mH(vectors)
            scaled = xp.column(of_values) * mirrored
            return (xp.solve(xp.mH(vectors), scaled),)
        inner = xp.matmul(xp.mH(vectors), of_vectors)
        diagonal = xp.main_diagonal(inner)
        if xp.is_complex(vectors) and not np.allclose(xp.value_of(diagonal).imag, 0, 1e-2, 1e-2):
            raise RuntimeError(
                f"{name}: The eigenvectors in the complex case are specified up to multiplication by e^{{i phi}}. The "
                "specified loss function depends on this quantity, so it is ill-defined."
            )
        if symmetric:
            inner = xp.mul_scalar(inner - xp.mH(inner), 0.5)
        else:
            scaled = vectors * xp.row(xp.real_part(diagonal))
            inner = inner - xp.matmul(xp.mH(vectors), scaled)
        mirrored = xp.conj(values)
        subtracted = xp.column(mirrored)
        inner = inner / xp.fill_diagonal(xp.row(mirrored) - subtracted, 1.0)
        if of_values is not None:
            inner = xp.set_diagonal(inner, of_values)
        inner = xp.matmul(inner, xp.mH(vectors))
        return (xp.matmul(vectors, inner) if symmetric else xp.solve(xp.mH(vectors), inner),)

    return formula


_PAIR = ("eigenvalues", "eigenvectors")
_LinalgEighBackward0 = joint_class("LinalgEighBackward0", _PAIR, _derivative(True), _PAIR)
_LinalgEigBackward0 = joint_class("LinalgEigBackward0", _PAIR, _derivative(False), _PAIR)
_eigh_type, _eig_type = named_result("linalg_eigh", _PAIR), named_result("linalg_eig", _PAIR)


# --- symmetric matrices -------------------------------------------------------------------------------------------


def _checked_symmetric(input: Tensor, uplo):
    if not isinstance(uplo, str):
        raise TypeError("UPLO")
    require_square(input, "linalg.eigh")
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    require_kernel(input, "linalg_eigh_cpu")
    return uplo.upper()


def eigh_arrays(a, uplo: str):
    """The eigenvalues and, column-major, eigenvectors of symmetric matrices of which one triangle is read."""
    rows = a.shape[-1]
    finite = np.isfinite(a).all((-2, -1))
    if not finite.all():
        refuse_failed(np.where(finite, 0, rows - 1), "linalg.eigh", "eig")
    if not a.size:
        return np.zeros(a.shape[:-1], a.real.dtype), np.zeros(a.shape, a.dtype)
    if rows >= SMALL:
        return _decomposed(a, uplo)
    pairs = [spectrum(matrix, uplo == "U") for matrix in a.reshape(-1, rows, rows)]
    values = np.stack([pair[0] for pair in pairs]).reshape(a.shape[:-1])
    return values, column_major(np.stack([pair[1] for pair in pairs]).reshape(a.shape))


def _decomposed(a, uplo):
    try:
        values, vectors = np.linalg.eigh(a, uplo)
    except LinAlgError:
        info = np.zeros(a.shape[:-2], np.int32)
        info[...] = 1
        refuse_failed(info, "linalg.eigh", "eig")
        raise
    return values, column_major(vectors)


def eigh_with_vectors(input: Tensor, uplo: str):
    """Eigenvalues and eigenvectors as two outputs of one node."""
    values, vectors = eigh_arrays(input._a, uplo)
    out = wrap(values), wrap(vectors)
    if input._rg and state.enabled:
        record_jointly(_LinalgEighBackward0, (input,), out, (values, vectors))
    return out


def _eigh(input, UPLO="L"):
    """The eigenvalues (real, ascending) and eigenvectors (columns of length 1) of symmetric or Hermitian matrices, of
    which one triangle is read, "L" or "U". (``torch.linalg.eigh``)"""
    return _eigh_type(eigh_with_vectors(input, _checked_symmetric(input, UPLO)))


def _eigvalsh(input, UPLO="L"):
    """The eigenvalues of symmetric or Hermitian matrices, ascending. (``torch.linalg.eigvalsh``)"""
    return eigh_with_vectors(input, _checked_symmetric(input, UPLO))[0]


linalg_eigh = publish("linalg_eigh", "decomposition", _eigh, differentiable=("self",))
linalg_eigvalsh = publish("linalg_eigvalsh", "decomposition", _eigvalsh, differentiable=("self",))


# --- any square matrices ------------------------------------------------------------------------------------------


_HALF = (
    "ComplexHalf support is experimental and many operators don't support it yet. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/EmptyTensor.cpp:54.)"
)


def _pairs(input: Tensor, name: str):
    if input._a.dtype.char == "e":
        warn(_HALF, once=True)
    if input._a.dtype.kind not in "fc":
        raise RuntimeError(f"Unknown Complex ScalarType for {scalar_type_name(input)}")
    require_square(input, name)
    require_kernel(input, "linalg_eig_out_cpu", for_nothing=True)
    if not np.isfinite(input._a).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    try:
        values, vectors = eigenpairs(input._a)
    except LinAlgError:
        raise _LinAlgError(
            f"{name}: The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
            "repeated eigenvalues (error code: 1)."
        ) from None
    out = wrap(values), wrap(column_major(vectors))
    if input._rg and state.enabled:
        node = record_jointly(_LinalgEigBackward0, (input,), out, (values, out[1]._a))
        extra_of(node).operands = ((input._a.shape, input._a.dtype),)
    return out


def _eig(input):
    """The eigenvalues and eigenvectors (columns of length 1) of square matrices, complex numbers in no order.
    ``LinAlgError`` where no convergence is reached. (``torch.linalg.eig``)"""
    return _eig_type(_pairs(input, "linalg.eig"))


def _eigvals(input):
    """The eigenvalues of square matrices, complex numbers in no order. (``torch.linalg.eigvals``)"""
    return _pairs(input, "linalg.eig" if input._rg and state.enabled else "linalg.eigvals")[0]


linalg_eig = publish("linalg_eig", "decomposition", _eig, differentiable=("self",))
linalg_eigvals = publish("linalg_eigvals", "decomposition", _eigvals, differentiable=("self",))
