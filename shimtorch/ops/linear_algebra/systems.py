"""Systems of equations: solve, inv, solve_triangular. What they share, LU factors, is in ``elimination``."""

from __future__ import annotations

import numpy as np

from ... import _errors
from ..._tensor import Tensor, scalar_type_name, wrap
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from ...autograd.namespaces import ARRAYS
from ...autograd.nodes import extra_of
from .._define import internal, publish, quietly
from ..extrema import named_result
from ..shape import warn_of_complex
from .checks import refuse_failed, require_inexact, require_kernel, require_matrix, require_square
from .cholesky import _require_bool
from .elimination import column_major, factored, solved, solved_triangular


def lu_solved(lu, exchanged, b, left: bool, adjointly: bool):
    """``elimination.solved`` without NumPy's warnings."""
    return quietly(solved, lu, exchanged, b, left, adjointly)


def _require_fitting(a, b, left: bool, name: str) -> None:
    rows, columns = a.shape[-2:]
    others = b.shape[-2:]
    if (others[0] if left else others[1]) != rows:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {equation} "
            f"({rows}x{columns} and {others[0]}x{others[1]})"
        )
    _errors.require_broadcast(b.shape[:-2], a.shape[:-2])


def is_vector(a, b) -> bool:
    """Whether ``b`` is taken for a vector, or a batch of vectors, beside matrices ``a``."""
    return b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])


# --- solve --------------------------------------------------------------------------------------------------------


def _of_solution(xp, grads, wanted, solution, a, lu, exchanged, left):
    grad, vector = grads[0], is_vector(a, solution)
    if vector:
        grad = xp.column(grad)
    of_b = lu_solved(lu, exchanged, grad, left, True) if xp is ARRAYS else _solve(xp.mH(a), grad, left=left)
    of_a = None
    if wanted[0]:
        back = xp.mH(xp.column(solution) if vector else solution)
        of_a = -(xp.matmul(of_b, back) if left else xp.matmul(back, of_b))
    return of_a, (xp.without_column(of_b) if vector else of_b) if wanted[1] else None


_LinalgSolveExBackward0 = joint_class(
    "LinalgSolveExBackward0", ("answer",), _of_solution, ("answer", "A", "LU", "pivots"), ("left",)
)
_solve_type = named_result("linalg_solve_ex", ("result", "info"))


def _solve_with_info(a: Tensor, b: Tensor, left: bool):
    require_inexact(a, "linalg.solve")
    if a._a.dtype is not b._a.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {scalar_type_name(a)} and B "
            f"of type {scalar_type_name(b)} instead"
        )
    x, y = a._a, b._a
    vector = a._a.ndim > 0 and is_vector(x, y)
    if vector:
        y = y[..., None]
    require_square(a, "linalg.solve")
    if y.ndim < 2:
        require_matrix(b, "linalg.solve", "B")
    if vector and not left:
        raise (
            RuntimeError(
                "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case "
                "linalg.solve is equivalent to B / A.squeeze(-1)"
            )
            if x.shape[-1] == 1
            else _mismatch(x, y)
        )
    _require_fitting(x, y, left, "linalg.solve")
    require_kernel(a, "lu_cpu")
    lu, exchanged, info = quietly_factored(x)
    r = lu_solved(lu, exchanged, y, left, False)
    out = wrap(_as_columns(r[..., 0]) if vector else r)
    if state.enabled and (a._rg or b._rg):
        node = record_jointly(_LinalgSolveExBackward0, (a, b), (out,), (out._a, a, wrap(lu), wrap(exchanged)), (left,))
        extra_of(node).operands = ((a._a.shape, None), (b._a.shape, None))
    return out, info


def _as_columns(vectors):
    """Vectors, laid out as if a batch of them were a matrix, which is how torch takes them."""
    return column_major(vectors) if vectors.ndim > 1 else vectors


def _mismatch(a, b) -> RuntimeError:
    return RuntimeError(
        f"linalg.solve: Incompatible shapes of A and B for the equation XA = B ({a.shape[-2]}x{a.shape[-1]} and "
        f"{b.shape[-2]}x{b.shape[-1]})"
    )


def quietly_factored(a):
    """``elimination.factored`` without NumPy's warnings."""
    with np.errstate(all="ignore"):
        return factored(a)


def _solve(A, B, *, left=True):
    """The solution X of A @ X = B, or unless ``left`` of X @ A = B: square matrices, and matrices or vectors of one
    dtype; batches broadcast. ``LinAlgError`` for singular A. (``torch.linalg.solve``)"""
    _require_bool(left)
    out, info = _solve_with_info(A, B, left)
    refuse_failed(info, "torch.linalg.solve", "solve")
    return out


def _solve_ex(A, B, *, left=True, check_errors=False):
    """``torch.linalg.solve``, and for each A an int32: 0, or the first pivot that is zero.
    (``torch.linalg.solve_ex``)"""
    _require_bool(left, check_errors)
    out, info = _solve_with_info(A, B, left)
    if check_errors:
        refuse_failed(info, "torch.linalg.solve_ex", "solve")
    return _solve_type((out, wrap(info)))


def _solved(a, b):
    lu, exchanged, *_ = quietly_factored(a)
    return lu_solved(lu, exchanged, b, True, False)


internal("solve", _solved, _solve)
linalg_solve = publish("linalg_solve", "decomposition", _solve, differentiable=("A", "B"))
linalg_solve_ex = publish("linalg_solve_ex", "decomposition", _solve_ex, differentiable=("A", "B"))


# --- inverse ------------------------------------------------------------------------------------------------------


def _of_inverse(xp, grads, wanted, inverse):
    inner = xp.matmul(grads[0], xp.mH(inverse))
    return (-xp.matmul(xp.mH(inverse), inner),)


_LinalgInvExBackward0 = joint_class("LinalgInvExBackward0", ("inverse",), _of_inverse, ("inverse",))
_inv_type = named_result("linalg_inv_ex", ("inverse", "info"))


def inverse_with_info(A: Tensor):
    """The inverse, and the array of each matrix's first pivot that is zero."""
    require_square(A, "linalg.inv")
    require_inexact(A, "linalg.inv", half=False)
    lu, exchanged, info = quietly_factored(A._a)
    identity = np.broadcast_to(np.eye(A._a.shape[-1], dtype=A._a.dtype), A._a.shape)
    out = wrap(lu_solved(lu, exchanged, identity, True, False))
    if A._rg and state.enabled:
        record_jointly(_LinalgInvExBackward0, (A,), (out,), (out._a,))
    return out, info


def inverse(A):
    """The inverses of square matrices. ``LinAlgError`` for singular ones. (``torch.linalg.inv``)"""
    out, info = inverse_with_info(A)
    refuse_failed(info, "linalg.inv", "inv")
    return out


def _inv(A):
    """The inverses of square matrices. ``LinAlgError`` for singular ones. (``torch.linalg.inv``)"""
    return inverse(A)


def _inverse(input):
    """The inverses of square matrices. ``LinAlgError`` for singular ones. (``torch.inverse``)"""
    return inverse(input)


def _inv_ex(A, *, check_errors=False):
    """The inverses of square matrices, and for each 0 or the first pivot that is zero, an int32.
    (``torch.linalg.inv_ex``)"""
    _require_bool(check_errors)
    out, info = inverse_with_info(A)
    if check_errors:
        refuse_failed(info, "linalg.inv_ex", "inv")
    return _inv_type((out, wrap(info)))


linalg_inv = publish("linalg_inv", "decomposition", _inv, differentiable=("A",))
linalg_inv_ex = publish("linalg_inv_ex", "decomposition", _inv_ex, differentiable=("A",))
inverse_function = publish("inverse", "decomposition", _inverse, methods=("inverse",), differentiable=("A",))


# --- triangular ---------------------------------------------------------------------------------------------------


def _of_triangular(xp, grads, wanted, a, solution, upper, left, unitriangular):
    of_b = xp.solve_triangular(xp.mH(a), grads[0], not upper, left, unitriangular)
    if not wanted[0]:
        return None, of_b
    back, offset = xp.mH(solution), int(unitriangular)
    of_a = -(xp.matmul(of_b, back) if left else xp.matmul(back, of_b))
    of_a = xp.triu(of_a, offset) if upper else xp.tril(of_a, -offset)
    return of_a, of_b if wanted[1] else None


_LinalgSolveTriangularBackward0 = joint_class(
    "LinalgSolveTriangularBackward0",
    ("answer",),
    _of_triangular,
    ("self", "answer"),
    ("upper", "left", "unitriangular"),
)


def _solve_triangular(input, B, *, upper, left=True, unitriangular=False):
    """The solution X of A @ X = B, or unless ``left`` of X @ A = B, for triangular A, of which nothing else is read;
    with a diagonal of ones if ``unitriangular``. Batches broadcast. (``torch.linalg.solve_triangular``)"""
    _require_bool(upper, left, unitriangular)
    name = "linalg.solve_triangular"
    require_square(input, name)
    require_matrix(B, name, "B")
    _require_fitting(input._a, B._a, left, name)
    require_kernel(input, "triangular_solve_cpu", for_nothing=True)
    return _triangular(input, B, upper, left, unitriangular)


def _triangular(a: Tensor, b: Tensor, upper: bool, left: bool, unitriangular: bool):
    warn_of_complex(b._a, a._a.dtype)
    y = b._a.astype(a._a.dtype, copy=False)
    r = quietly(solved_triangular, a._a, y, not upper, left, unitriangular)
    out = wrap(column_major(r))
    if state.enabled and (a._rg or b._rg):
        node = record_jointly(
            _LinalgSolveTriangularBackward0, (a, b), (out,), (a, out._a), (upper, left, unitriangular)
        )
        extra_of(node).operands = ((a._a.shape, None), (b._a.shape, None))
    return out


internal(
    "solve_triangular",
    lambda a, b, upper, left, unit: column_major(quietly(solved_triangular, a, b, not upper, left, unit)),
    _triangular,
)
linalg_solve_triangular = publish(
    "linalg_solve_triangular", "decomposition", _solve_triangular, differentiable=("self", "B")
)
