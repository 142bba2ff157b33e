"""Singular vectors of wide matrices, with the signs that torch's LAPACK gives them.

Of a real matrix much wider than high, NumPy's LAPACK first computes an LQ decomposition; torch's reflects it at once to
lower bidiagonal form, which turns out other signs. So that is done here; the rest NumPy then does in the same way.
"""

from __future__ import annotations

import math

import numpy as np

HIGHEST = 48  # rows, above which signs are left to NumPy


def is_concerned(a) -> bool:
    """Whether NumPy would compute an LQ decomposition of these matrices."""
    rows, columns = a.shape[-2:]
    return a.dtype.kind == "f" and 1 < rows <= HIGHEST and columns >= rows * 11 // 6 and columns > rows


def decomposed(a, singular):
    """U, S and the whole Vh of one matrix, by what ``singular`` finds of its bidiagonal form."""
    rows, columns = a.shape
    form, left, right = _bidiagonal(a.astype(np.float64))
    size = max(rows, 3)
    padded = np.zeros((size, size + 1))  # which is not wide enough for another way
    padded[:rows, :rows] = form
    for i in range(rows, size):
        padded[i, i] = np.abs(form).min() * 1e-3
    u, s, vh = singular(padded.astype(a.dtype))
    above = np.eye(columns)
    above[:rows, :rows] = vh[:rows, :rows]
    return (left @ u[:rows, :rows]).astype(a.dtype), s[:rows], (above @ right.T).astype(a.dtype)


def _bidiagonal(a):
    """The lower bidiagonal form of a matrix, and the reflections from the left and from the right."""
    rows, columns = a.shape
    left, right = np.eye(rows), np.eye(columns)
    for i in range(rows):
        vector, tau = _reflection(a[i, i:])
        a[i:, i:] -= tau * np.outer(a[i:, i:] @ vector, vector)
        right[:, i:] -= tau * np.outer(right[:, i:] @ vector, vector)
        if i + 1 < rows:
            vector, tau = _reflection(a[i + 1 :, i])
            a[i + 1 :, i:] -= tau * np.outer(vector, vector @ a[i + 1 :, i:])
            left[:, i + 1 :] -= tau * np.outer(left[:, i + 1 :] @ vector, vector)
    return np.diag(a.diagonal()) + np.diag(a.diagonal(-1)[: rows - 1], -1), left, right


def _reflection(x):
    """The vector and the factor of the reflection that leaves the first number of ``x`` alone."""
    first, rest = float(x[0]), float(np.linalg.norm(x[1:]))
    if rest == 0:
        return np.zeros_like(x), 0.0
    beta = -math.copysign(math.hypot(first, rest), first)
    vector = x / (first - beta)
    vector[0] = 1
    return vector, (beta - first) / beta
