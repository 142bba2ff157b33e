"""Decompositions as NumPy's LAPACK has them, in single precision for what is in single precision.

NumPy's public functions compute everything in double precision, where rounding, and with it the sign of a vector or the
size of a number that should be 0, is not torch's.
"""

from __future__ import annotations

import numpy as np
from numpy.linalg import LinAlgError, _umath_linalg

from . import bidiagonal

_SVD = {True: getattr(_umath_linalg, "svd_f", None), False: getattr(_umath_linalg, "svd_s", None)}


def _called(ufunc, a, signature: str):
    def refuse(*_):
        raise LinAlgError

    with np.errstate(call=refuse, invalid="call", over="ignore", divide="ignore", under="ignore"):
        return ufunc(a, signature=signature)


def singular(a, full: bool):
    """U, S and Vh of ``a = U @ diag(S) @ Vh``. ``LinAlgError`` where no convergence is reached."""
    if bidiagonal.is_concerned(a):
        rows, columns = a.shape[-2:]
        parts = [bidiagonal.decomposed(matrix, _every_vector) for matrix in a.reshape(-1, rows, columns)]
        batch = a.shape[:-2]
        u, s, vh = (
            np.array([part[i] for part in parts], kind).reshape(*batch, *shape)
            for i, kind, shape in ((0, a.dtype, (rows, rows)), (1, a.dtype, (rows,)), (2, a.dtype, (columns, columns)))
        )
        return u, s, vh if full else vh[..., :rows, :]
    return _decomposed(a, full)


def _every_vector(a):
    return _decomposed(a, True)


def _decomposed(a, full: bool):
    kind = a.dtype.char
    if kind == "e":  # without elements
        return tuple([part.astype(a.dtype) for part in np.linalg.svd(a.astype("f"), full_matrices=full)])
    if kind not in "fF" or _SVD[full] is None:
        return np.linalg.svd(a, full_matrices=full)
    return _called(_SVD[full], a, "f->fff" if kind == "f" else "F->FfF")


def eigenpairs(a):
    """Eigenvalues and eigenvectors, complex. ``LinAlgError`` where no convergence is reached."""
    kind = a.dtype.char
    if kind == "f" and "f->FF" in _umath_linalg.eig.types:
        return _called(_umath_linalg.eig, a, "f->FF")
    values, vectors = np.linalg.eig(a)
    wanted = "F" if kind in "fF" else "D"
    return values.astype(wanted, copy=False), vectors.astype(wanted, copy=False)
