"""Eigenvalues and eigenvectors of small symmetric matrices, in the steps of LAPACK's ``syevd``.

Eigenvectors are determined up to a sign (or phase). Which one comes out is decided by the rotations of the QL and QR
iterations, where NumPy's LAPACK and torch's have turned apart: so the iterations are made here, with torch's rotations.
Larger matrices, from ``SMALL`` rows on, are taken apart by both in the same way.
"""

from __future__ import annotations

from math import copysign, hypot, sqrt

import numpy as np

SMALL = 26
_TINY = {"f": 1.1754943508222875e-38, "d": 2.2250738585072014e-308}


def spectrum(a, upper: bool):
    """Eigenvalues, ascending, and the matrix of eigenvectors, of one matrix of which one triangle is read."""
    real = a.real.dtype.char
    wide = a.astype("D" if a.dtype.kind == "c" else "d")
    if upper:  # which is reflected from its end
        diagonal, beside, basis = _tridiagonal(wide[::-1, ::-1])
        diagonal, beside, basis = diagonal[::-1], beside[::-1], basis[::-1, ::-1]
    else:
        diagonal, beside, basis = _tridiagonal(wide)
    values, vectors = _iterated(diagonal, beside, float(np.finfo(real).eps) / 2, _TINY[real])
    order = np.argsort(values, kind="stable")
    return values[order].astype(real), (basis @ vectors[:, order]).astype(a.dtype)


def _tridiagonal(a):
    """Reflect a matrix to tridiagonal form: its diagonal, what stands beside it, and the product of the reflections."""
    rows = len(a)
    lower = np.tril(a, -1)
    a = lower + lower.conj().T + np.diag(a.diagonal().real)
    basis, beside = np.eye(rows, dtype=a.dtype), []
    for i in range(rows - 1):
        column = a[i + 1 :, i].copy()
        first, rest = column[0], np.linalg.norm(column[1:])
        if rest == 0 and first.imag == 0:
            beside.append(float(first.real))
            continue
        beta = -copysign(hypot(abs(first), rest), first.real)
        tau = (beta - first) / beta
        column /= first - beta
        column[0] = 1
        reflection = np.eye(rows - i - 1, dtype=a.dtype) - tau * np.outer(column, column.conj())
        a[i + 1 :, i + 1 :] = reflection.conj().T @ a[i + 1 :, i + 1 :] @ reflection
        basis[:, i + 1 :] = basis[:, i + 1 :] @ reflection
        beside.append(float(beta))
    return a.diagonal().real.tolist(), beside, basis


def _iterated(d: list, e: list, eps: float, tiny: float):
    """The eigenvalues, in no order, and eigenvectors of the tridiagonal matrix of ``d`` beside which stands ``e``."""
    rows = len(d)
    vectors = np.eye(rows)
    first = 0
    while first < rows:
        if first:
            e[first - 1] = 0.0
        last = first
        while last < rows - 1 and abs(e[last]) > sqrt(abs(d[last])) * sqrt(abs(d[last + 1])) * eps:
            last += 1
        if last < rows - 1:
            e[last] = 0.0
        if last > first:
            if abs(d[last]) < abs(d[first]):  # from the other end
                _iterate(Upwards(d, e, vectors), last, first, eps, tiny)
            else:
                _iterate(Downwards(d, e, vectors), first, last, eps, tiny)
        first = last + 1
    return np.array(d), vectors


class Downwards:
    """A tridiagonal matrix as the QL iteration sees it: ``step`` leads on, ``beside(i)`` stands after number ``i``."""

    step, turn = 1, -1.0

    def __init__(self, d: list, e: list, vectors) -> None:
        self.d, self.e, self.vectors = d, e, vectors

    def beside(self, i: int) -> int:
        """The place in ``e`` of what stands between ``i`` and the next one."""
        return i

    def rotate(self, i: int, cosine: float, sine: float) -> None:
        """Rotate two neighbouring eigenvectors."""
        left, right = self.vectors[:, i].copy(), self.vectors[:, i + 1].copy()
        self.vectors[:, i + 1] = cosine * right - sine * left
        self.vectors[:, i] = sine * right + cosine * left


class Upwards(Downwards):
    """The same from the other end: the QR iteration."""

    step, turn = -1, 1.0

    def beside(self, i: int) -> int:
        return i - 1


def _iterate(m: Downwards, start: int, stop: int, eps: float, tiny: float) -> None:
    """Find the eigenvalues of one block of the matrix, from ``start`` on."""
    d, e, step = m.d, m.e, m.step
    while (stop - start) * step >= 0:
        end = start
        while end != stop and abs(e[m.beside(end)]) ** 2 > eps * eps * abs(d[end]) * abs(d[end + step]) + tiny:
            end += step
        if end != stop:
            e[m.beside(end)] = 0.0
        if end == start:
            start += step
        elif end == start + step:
            low = min(start, end)
            d[low], d[low + 1], cosine, sine = _pair(d[low], e[low], d[low + 1])
            m.rotate(low, cosine, sine)
            e[low] = 0.0
            start += 2 * step
        else:
            _sweep(m, start, end)


def _sweep(m: Downwards, start: int, end: int) -> None:
    """One implicit step, from ``end`` to ``start``."""
    d, e, step = m.d, m.e, m.step
    p = d[start]
    g = (d[start + step] - p) / (2 * e[m.beside(start)])
    g = d[end] - p + e[m.beside(start)] / (g + copysign(hypot(g, 1.0), g))
    sine, cosine, p = 1.0, 1.0, 0.0
    for i in range(end - step, start - step, -step):
        f, b = sine * e[m.beside(i)], cosine * e[m.beside(i)]
        cosine, sine, r = _rotation(g, f)
        if i != end - step:
            e[m.beside(i + step)] = r
        g = d[i + step] - p
        r = (d[i] - g) * sine + 2 * cosine * b
        p = sine * r
        d[i + step] = g + p
        g = cosine * r - b
        m.rotate(min(i, i + step), cosine, m.turn * sine)
    d[start] -= p
    e[m.beside(start)] = g


def _rotation(f: float, g: float):
    """The cosine and sine that turn (f, g) into (r, 0), and r; the cosine is positive where f is the larger one."""
    if g == 0:
        return 1.0, 0.0, f
    if f == 0:
        return 0.0, 1.0, g
    r = hypot(f, g)
    if abs(f) > abs(g) and f < 0:
        r = -r
    return f / r, g / r, r


def _pair(a: float, b: float, c: float):
    """The eigenvalues of [[a, b], [b, c]], the larger one in size first, and the first one's eigenvector."""
    total, difference, twice = a + c, a - c, b + b
    root = hypot(difference, twice)
    larger, smaller = (a, c) if abs(a) > abs(c) else (c, a)
    sign = -1 if total < 0 else 1
    if total:
        first = 0.5 * (total + sign * root)
        second = (larger / first) * smaller - (b / first) * b
    else:
        first, second = 0.5 * root, -0.5 * root
    upper = 1 if difference >= 0 else -1
    cosine = difference + upper * root
    if abs(cosine) > abs(twice):
        ratio = -twice / cosine
        sine = 1 / sqrt(1 + ratio * ratio)
        cosine = ratio * sine
    elif twice == 0:
        cosine, sine = 1.0, 0.0
    else:
        ratio = -cosine / twice
        cosine = 1 / sqrt(1 + ratio * ratio)
        sine = ratio * cosine
    return (first, second, -sine, cosine) if sign == upper else (first, second, cosine, sine)
