"""Matrices for drawn calls of linear algebra: mostly such that the result is determined by more than rounding.

Of the symmetric the eigenvalues, of the others the singular values lie apart and between 1/2 and a few; at times a
matrix has a dtype or a shape that is refused. ``matrices`` draws a first operand, ``beside`` what stands beside it.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.shimtorch.agreement import Leaf
from tests.shimtorch.drawn_indices import often

KIND = "decomposition"
SYMMETRIC = (
    "cholesky", "linalg_cholesky", "linalg_cholesky_ex", "linalg_eig", "linalg_eigh", "linalg_eigvals",
    "linalg_eigvalsh",
)  # fmt: skip
# In single precision the sign of a vector may depend on rounding, by which an iteration ends earlier or later.
OF_SIGNS = ("linalg_eig", "linalg_eigh", "linalg_svd", "svd")
RECTANGULAR = (
    "linalg_cond", "linalg_lstsq", "linalg_matrix_norm", "linalg_matrix_rank", "linalg_norm", "linalg_pinv",
    "linalg_qr", "linalg_svd", "linalg_svdvals", "pinverse", "qr", "svd",
)  # fmt: skip
DTYPES = st.sampled_from(["float32", "float32", "float64", "complex64", "complex128"])
WIDE = st.sampled_from(["float64", "complex128"])
REFUSED = st.sampled_from(["float16", "int64", "bool", "int32"])
LAYOUTS = st.sampled_from(["contiguous", "contiguous", "transposed", "offset"])
BATCHES = st.sampled_from([(), (), (), (2,), (1,), (2, 1), (0,)])
# What texts a parameter takes, and one that it does not.
TEXTS = {
    "UPLO": ["L", "U", "l", "X"], "mode": ["reduced", "complete", "r", "full"], "ord": ["fro", "nuc", "max"],
    "p": ["fro", "nuc", "max"], "driver": ["gels", "gelsy", "gelsd", "gelss"],
}  # fmt: skip


def _unitary(generator, size: int, complexes: bool):
    a = generator.normal(size=(size, size))
    return np.linalg.qr(a + 1j * generator.normal(size=(size, size)) if complexes else a)[0]


def _matrix(generator, rows: int, columns: int, complexes: bool, symmetric: bool):
    """A matrix whose singular values lie apart; positive definite if ``symmetric``."""
    count = min(rows, columns)
    left = _unitary(generator, rows, complexes)
    right = left if symmetric else _unitary(generator, columns, complexes)
    values = np.arange(count) * 0.75 + generator.uniform(0.5, 0.9, count)
    return (left[:, :count] * values) @ right[:, :count].conj().T


@st.composite
def matrices(draw, name: str):
    """The first operand of ``name``."""
    dtype = np.dtype(often(draw, WIDE if name in OF_SIGNS else DTYPES, REFUSED))
    rows = draw(st.integers(1 if name == "linalg_lstsq" else 0, 4))  # its ranks of nothing torch leaves as they are
    columns = rows
    if name in RECTANGULAR:
        columns = draw(st.integers(0, 5))
    elif draw(st.integers(0, 11)) == 11:
        columns = rows + 1
    shape = (*draw(BATCHES), rows, columns)
    if name == "linalg_lstsq" and not all(shape):
        columns, shape = rows, (rows, rows)
    if draw(st.integers(0, 15)) == 15:
        shape = shape[-1:]
    generator = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = np.zeros(shape, np.complex128 if dtype.kind == "c" else np.float64)
    for place in np.ndindex(*shape[:-2]) if len(shape) > 1 else ():
        values[place] = _matrix(generator, rows, columns, dtype.kind == "c", name in SYMMETRIC and rows == columns)
    return _leaf(draw, values.astype(dtype))


def _leaf(draw, values) -> Leaf:
    layout = draw(LAYOUTS) if values.ndim and values.size else "contiguous"
    return Leaf(values, layout, draw(st.booleans()) and values.dtype.kind in "fc")


@st.composite
def beside(draw, first: Leaf, parameter: str):
    """Another operand of ``parameter``'s name: the other side of a system, or a tolerance."""
    shape, dtype = first.values.shape, first.values.dtype
    if parameter in ("atol", "rtol", "tol", "rcond"):
        value = draw(st.sampled_from([0.0, 1e-3, 0.7, 1.5]))
        sizes = draw(st.sampled_from([(), (), shape[:-2]]))
        kind = often(draw, st.sampled_from(["float64", "float32"]), st.just("complex64"))
        return Leaf(np.full(sizes, value, kind))
    rows = shape[-2] if len(shape) > 1 else 2
    fitting = [(rows, 2), (rows, 1), (rows, rows), (2, rows), (rows,), (*shape[:-2], rows, 2), shape[:-1]]
    if len(shape) > 2:
        fitting = [(*shape[:-2], rows, 2), (*shape[:-2], rows, rows), shape[:-1]]
    wanted = often(draw, st.sampled_from(fitting), st.sampled_from([(3, 2), (), (2,)]))
    kind = np.dtype(often(draw, st.just(dtype), st.sampled_from(["float64", "int64"])))
    generator = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = generator.normal(size=wanted) * 2
    if kind.kind == "c":
        values = values + 1j * generator.normal(size=wanted)
    return _leaf(draw, np.asarray(values).astype(kind))
