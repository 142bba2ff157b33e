"""``torch.linalg``: determinants, systems of equations, decompositions, norms."""

from .ops.diagonals import linalg_diagonal as diagonal
from .ops.linear_algebra.checks import _LinAlgError as LinAlgError
from .ops.linear_algebra.cholesky import linalg_cholesky as cholesky
from .ops.linear_algebra.cholesky import linalg_cholesky_ex as cholesky_ex
from .ops.linear_algebra.determinants import linalg_det as det
from .ops.linear_algebra.determinants import linalg_slogdet as slogdet
from .ops.linear_algebra.least_squares import linalg_lstsq as lstsq
from .ops.linear_algebra.least_squares import linalg_matrix_rank as matrix_rank
from .ops.linear_algebra.least_squares import linalg_pinv as pinv
from .ops.linear_algebra.norms import linalg_cond as cond
from .ops.linear_algebra.norms import linalg_matrix_norm as matrix_norm
from .ops.linear_algebra.norms import linalg_norm as norm
from .ops.linear_algebra.norms import linalg_vector_norm as vector_norm
from .ops.linear_algebra.products import linalg_matrix_power as matrix_power
from .ops.linear_algebra.products import linalg_multi_dot as multi_dot
from .ops.linear_algebra.products import linalg_vecdot as vecdot
from .ops.linear_algebra.qr import linalg_qr as qr
from .ops.linear_algebra.spectra import linalg_eig as eig
from .ops.linear_algebra.spectra import linalg_eigh as eigh
from .ops.linear_algebra.spectra import linalg_eigvals as eigvals
from .ops.linear_algebra.spectra import linalg_eigvalsh as eigvalsh
from .ops.linear_algebra.svd import linalg_svd as svd
from .ops.linear_algebra.svd import linalg_svdvals as svdvals
from .ops.linear_algebra.systems import linalg_inv as inv
from .ops.linear_algebra.systems import linalg_inv_ex as inv_ex
from .ops.linear_algebra.systems import linalg_solve as solve
from .ops.linear_algebra.systems import linalg_solve_ex as solve_ex
from .ops.linear_algebra.systems import linalg_solve_triangular as solve_triangular
from .ops.vector_products import linalg_cross as cross

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals",
    "eigvalsh", "inv", "inv_ex", "lstsq", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv",
    "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "vecdot", "vector_norm",
]  # fmt: skip
