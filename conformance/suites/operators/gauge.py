"""Factors of matrices that are not unique: what they multiply to is compared, not they.

Eigenvectors and singular vectors are determined up to a sign or a phase, and to a rotation where values are equal.
"""

from __future__ import annotations

from typing import Any

import numpy

from conformance.suites.operators.arguments import Arguments
from conformance.suites.operators.outcomes import Outcome, Seen, values_difference
from conformance.suites.operators.outcomes import difference as exact


def _svd(pieces: list[Any], adjoint: bool) -> list[Any]:
    u, s, v = pieces
    v = v if adjoint else v.conj().swapaxes(-1, -2)
    k = s.shape[-1]
    return [s, (u[..., :k] * s[..., None, :]) @ v[..., :k, :], _gram(u), _gram(v.conj().swapaxes(-1, -2))]


def _gram(vectors: Any) -> Any:
    """The identity, if they are orthonormal."""
    return vectors.conj().swapaxes(-1, -2) @ vectors


def _eigh(pieces: list[Any]) -> list[Any]:
    values, vectors = pieces
    return [values, (vectors * values[..., None, :]) @ vectors.conj().swapaxes(-1, -2), _gram(vectors)]


def _eig(pieces: list[Any]) -> list[Any]:
    values, vectors = pieces
    order = numpy.lexsort((values.imag.round(3), values.real.round(3)))
    with numpy.errstate(all="ignore"):
        again = (vectors * values[..., None, :]) @ numpy.linalg.inv(vectors)
    return [numpy.take_along_axis(values, order, -1), again, numpy.linalg.norm(vectors, axis=-2)]


FREE = {
    "linalg.svd": lambda pieces: _svd(pieces, adjoint=True),
    "svd": lambda pieces: _svd(pieces, adjoint=False),
    "linalg.eigh": _eigh,
    "linalg.eig": _eig,
}
"""By the operator's name, what its factors are made into before they are compared."""


def difference(name: str, ours: Outcome, theirs: Outcome, given: Arguments) -> str:
    what = exact(ours, theirs, with_values=False)
    if what or theirs.error is not None:
        return what
    mine, other = ([it.values for it in told.pieces if isinstance(it, Seen)] for told in (ours, theirs))
    made = [FREE[name](pieces) for pieces in (mine, other)]
    return next(filter(None, (values_difference(a, b) for a, b in zip(*made, strict=True))), "")
