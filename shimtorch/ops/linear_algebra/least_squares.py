"""What matrices have in place of an inverse: pinv, lstsq, and the rank that they depend on."""

from __future__ import annotations

import math

import numpy as np

from ... import _errors
from ..._layout import laid_out
from ..._tensor import Tensor, scalar_type_name, wrap
from ...autograd.jointly import joint_class, record_jointly
from ...autograd.mode import state
from ...autograd.namespaces import ARRAYS
from ...autograd.nodes import extra_of
from .._define import publish, quietly
from ..extrema import named_result
from .checks import require_kernel, require_matrix
from .cholesky import _require_bool
from .elimination import adjoint, column_major
from .spectra import _checked_symmetric, eigh_arrays
from .svd import require_svd, svd_arrays
from .systems import is_vector

# --- tolerances ---------------------------------------------------------------------------------------------------


def _given(value, name: str, word: str):
    """A tolerance as an array of doubles, or None: a number or a real tensor."""
    if value is None:
        return None
    if isinstance(value, Tensor):
        if value._a.dtype.kind == "c":
            raise RuntimeError(f"{name}: {word} tensor of complex type is not supported. Got {scalar_type_name(value)}")
        return value._a
    if isinstance(value, (bool, complex)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(word)
    return np.array(float(value))


def _eps_of(input: Tensor) -> float:
    if input._a.dtype.kind not in "fc" or input._a.dtype.itemsize == 2:
        raise RuntimeError("This function doesn't handle types other than float and double")
    return float(np.finfo(input._a.dtype).eps)


def _tolerances(input: Tensor, atol, rtol, name: str):
    """The absolute and the relative tolerance; the latter is by default eps times the larger dimension."""
    if isinstance(atol, Tensor) != isinstance(rtol, Tensor) and None not in (atol, rtol):
        atol, rtol = (wrap(np.array(float(t))) if not isinstance(t, Tensor) else t for t in (atol, rtol))
    absolute = _given(atol, name, "atol")
    relative = _given(rtol, name, "rtol")
    if relative is None:
        relative = np.array(_eps_of(input) * max(input._a.shape[-2:]))
        if absolute is not None:
            relative = np.where(absolute > 0, 0.0, relative)
    return np.array(0.0) if absolute is None else absolute, relative


def _threshold(sizes, largest, absolute, relative):
    """Below which numbers count as 0."""
    scaled = relative[..., None] * largest
    wide = np.result_type(scaled.dtype if relative.ndim else largest.dtype, largest.dtype)
    return np.maximum(absolute[..., None], scaled.astype(wide, copy=False))


# --- pseudoinverse ------------------------------------------------------------------------------------------------


def _of_pinv(xp, grads, wanted, pinv, a):
    found = pinv_derivative(xp, grads[0], pinv, a)
    return (column_major(found) if xp is ARRAYS else found,)


def pinv_derivative(xp, grad, pinv, a):
    """The gradient that comes to ``a`` by its pseudoinverse."""
    rows, columns = a.shape[-2:]
    pinv_h, grad_h = xp.mH(pinv), xp.mH(grad)
    mul = xp.matmul
    if rows <= columns:
        k = mul(grad_h, pinv)
        beyond = mul(k, pinv_h)
        last = mul(pinv_h, pinv)  # torch computes terms from right to left
        last = mul(last, grad_h - mul(k, a))
        third = mul(mul(a, pinv), beyond)
        return -xp.mH(mul(pinv, k)) + beyond - third + last
    k = mul(pinv, grad_h)
    beyond = mul(pinv_h, k)
    last = mul(mul(beyond, pinv), a)
    second = mul(mul(grad_h - mul(a, k), pinv), pinv_h)
    return -xp.mH(mul(k, pinv)) + second + beyond - last


_LinalgPinvBackward0 = joint_class("LinalgPinvBackward0", ("answer",), _of_pinv, ("answer", "self"))


def pseudoinverse(input: Tensor, absolute, relative, hermitian: bool):
    """The pseudoinverse of matrices, of which singular values below the tolerances are left out."""
    out = wrap(quietly(_pinv_array, input, absolute, relative, hermitian))
    if input._rg and state.enabled:
        record_jointly(_LinalgPinvBackward0, (input,), (out,), (out._a, input))
    return out


def _pinv_array(input, absolute, relative, hermitian):
    a = input._a
    if not a.size:
        return np.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    if hermitian:
        values, u = eigh_arrays(a, _checked_symmetric(input, "L"))
        v, sizes = u, np.abs(values)
        largest = sizes.max(-1, keepdims=True)
    else:
        u, values, vh = svd_arrays(a, False)
        v, sizes = adjoint(vh), values
        largest = values[..., :1]
    kept = sizes > _threshold(sizes, largest, absolute, relative)
    inverse = np.where(kept, 1 / values, 0).astype(a.dtype)
    return np.ascontiguousarray(ARRAYS.matmul(v * inverse[..., None, :], adjoint(u)))


def _refuse_gradients(atol, rtol) -> None:
    for name, value in (("atol", atol), ("rtol", rtol)):
        if state.enabled and isinstance(value, Tensor) and value._rg:
            raise RuntimeError(
                f"The function 'linalg_pinv' is not differentiable with respect to argument '{name}'. This input "
                "cannot have requires_grad True."
            )


_UNSET = object()


def _pinv(input, rcond=_UNSET, hermitian=False, *, atol=None, rtol=None):
    """The pseudoinverses of matrices: singular values count as 0 unless above ``atol`` and above ``rtol`` (or
    ``rcond``) times the largest one. (``torch.linalg.pinv``)"""
    _require_bool(hermitian)
    name = "torch.linalg.pinv"
    if rcond is not _UNSET and (atol is not None or rtol is not None or rcond is None):
        raise TypeError("rcond")
    relative = None if rcond is _UNSET else _given(rcond, name, "rcond")
    a = input._a
    if a.ndim < 2 or a.dtype.kind not in "fc" or a.dtype.itemsize == 2:
        raise RuntimeError(
            f"linalg.pinv({scalar_type_name(input)}{{{list(a.shape)}}}): expected a tensor with 2 or more dimensions "
            "of float, double, cfloat or cdouble types"
        )
    _refuse_gradients(atol, rtol if rcond is _UNSET else rcond)
    if relative is None:
        absolute, relative = _tolerances(input, atol, rtol, name)
    else:
        absolute = np.array(0.0)
    return pseudoinverse(input, absolute, relative, hermitian)


def _pinverse(input, rcond=1e-15):
    """``torch.linalg.pinv`` with another relative tolerance. (``torch.pinverse``)"""
    if isinstance(rcond, Tensor):
        rcond = rcond.item()
    return _pinv(input, rcond)


linalg_pinv = publish("linalg_pinv", "decomposition", _pinv, differentiable=("self",))
pinverse = publish("pinverse", "decomposition", _pinverse, methods=("pinverse",), differentiable=("self",))


# --- rank ---------------------------------------------------------------------------------------------------------


def _matrix_rank(input, tol=_UNSET, hermitian=False, *, atol=None, rtol=None):
    """The ranks of matrices (int64): how many singular values are above ``atol`` (or ``tol``) and above ``rtol`` times
    the largest one. (``torch.linalg.matrix_rank``)"""
    _require_bool(hermitian)
    name = "torch.linalg.matrix_rank"
    if tol is not _UNSET and (atol is not None or rtol is not None or tol is None):
        raise TypeError("tol")
    require_matrix(input, name, "input")
    if tol is not _UNSET:
        absolute, relative = _given(tol, name, "atol"), np.array(0.0)
    else:
        absolute, relative = _tolerances(input, atol, rtol, name)
    a = input._a
    if not a.size:
        return wrap(np.zeros(a.shape[:-2], np.int64))
    if hermitian:
        sizes = np.abs(eigh_arrays(a, _checked_symmetric(input, "L"))[0])
        largest = sizes.max(-1, keepdims=True)
    else:
        require_svd(input)
        require_kernel(input, "linalg_svd_cpu")
        sizes = svd_arrays(a, False)[1]
        largest = sizes[..., :1]
    return wrap(np.asarray((sizes > _threshold(sizes, largest, absolute, relative)).sum(-1)))


linalg_matrix_rank = publish("linalg_matrix_rank", "decomposition", _matrix_rank)


# --- least squares ------------------------------------------------------------------------------------------------

_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _of_least_squares(xp, grads, wanted, a, b, solution):
    of_x, of_residuals = grads
    if of_residuals is not None and not math.prod(of_residuals.shape):
        of_residuals = None
    if of_x is None and of_residuals is None:
        return None, None
    vector = is_vector(a, b)
    if vector:
        b = xp.column(b)
    of_a = of_b = None
    if of_x is not None:
        if vector:
            of_x = xp.column(of_x)
        pinv = _plain_pinv(xp, a)
        if wanted[0]:
            of_a = _of_pinv(xp, (xp.matmul(of_x, xp.mH(b)),), None, pinv, a)[0]
        if wanted[1]:
            of_b = xp.matmul(xp.mH(pinv), of_x)
            of_b = xp.without_column(of_b) if vector else of_b
    if of_residuals is not None:
        x = xp.column(solution) if vector else solution
        residual = xp.matmul(a, x) - b
        weight = xp.row(of_residuals)
        if wanted[0]:
            more = xp.mul_scalar(xp.matmul(weight * residual, xp.mH(x)), 2)
            of_a = more if of_a is None else _sum_of(xp, of_a, more)
        if wanted[1]:
            more = xp.mul_scalar(weight, -2) * residual
            more = xp.without_column(more) if vector else more
            of_b = more if of_b is None else of_b + more
    return of_a, of_b


def _sum_of(xp, a, b):
    return laid_out(a + b, a, b) if xp is ARRAYS else a + b


def _plain_pinv(xp, a):
    tensor = wrap(a) if xp is ARRAYS else a
    found = pseudoinverse(tensor, np.array(0.0), np.array(_eps_of(tensor) * max(tensor._a.shape[-2:])), False)
    return found._a if xp is ARRAYS else found


_LinalgLstsqBackward0 = joint_class(
    "LinalgLstsqBackward0", ("solution", "residuals"), _of_least_squares, ("self", "b", "solution")
)
_lstsq_type = named_result("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"))


def _lstsq_array(a, b, rcond: float, driver: str):
    """The solution of each system of a batch, its rank, and the singular values."""
    if not a.size or not b.size:
        shape = a.shape[:-2]
        values = np.zeros((*shape, min(a.shape[-2:])), a.real.dtype)
        return np.zeros((*shape, a.shape[-1], b.shape[-1]), a.dtype), np.zeros(shape, np.int64), values
    u, values, vh = svd_arrays(a, False)
    kept = values > (rcond * values[..., :1] if driver != "gels" else 0)
    inverse = np.where(kept, 1 / values, 0).astype(a.dtype)
    x = np.matmul(adjoint(vh), inverse[..., None] * np.matmul(adjoint(u), b))
    return x, kept.sum(-1), values


def _require_systems(input, b) -> None:
    a, y, name = input._a, b._a, "torch.linalg.lstsq"
    if a.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if y.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if a.dtype is not y.dtype:
        raise RuntimeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {scalar_type_name(input)} "
            f"and other's dtype {scalar_type_name(b)}"
        )
    if not 0 <= a.ndim - y.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    vector = is_vector(a, y)
    if a.shape[-2] != (y.shape[-1] if vector else y.shape[-2]):
        which = "other.size(-1)" if vector else "other.size(-2)"
        raise RuntimeError(f"{name}: input.size(-2) should match {which}")


def _lstsq(input, b, rcond=None, *, driver=None):
    """The X that minimises the length of each column of A @ X - B, the squares of these lengths if A has more rows than
    columns and full rank, the ranks, and for some drivers the singular values. (``torch.linalg.lstsq``)"""
    if driver is not None and not isinstance(driver, str):
        raise TypeError("driver")
    if rcond is not None and (isinstance(rcond, (bool, complex)) or not isinstance(rcond, (int, float, np.number))):
        raise TypeError("rcond")
    _require_systems(input, b)
    if driver is not None and driver not in _DRIVERS:
        raise RuntimeError(f"torch.linalg.lstsq: parameter `driver` should be one of ({', '.join(_DRIVERS)})")
    driver = driver or "gelsy"
    eps = _eps_of(input) * max(input._a.shape[-2:])
    vector = is_vector(input._a, b._a)
    a, y = input._a, b._a[..., None] if vector else b._a
    try:
        others = b._a.shape[:-1] if b._a.ndim < a.ndim else y.shape[:-2]  # whether these are vectors or matrices
        batch = np.broadcast_shapes(a.shape[:-2], others)
    except ValueError:
        raise _errors.broadcast(a.shape[:-2], others) from None
    a, y = (np.broadcast_to(m, (*batch, *m.shape[-2:])) for m in (a, y))
    x, rank, values = quietly_solved(a, y, eps if rcond is None else float(rcond), driver)
    rows, columns = a.shape[-2:]
    residuals = np.zeros(0, a.real.dtype)
    if rows > columns and driver != "gelsy" and (driver == "gels" or (rank == columns).all()):
        left = np.matmul(a, x) - y
        residuals = np.asarray((left.real**2 + left.imag**2).sum(-2))
    return _packed_results(input, b, x, residuals, rank, values, driver, vector)


def quietly_solved(a, y, rcond: float, driver: str):
    """``_lstsq_array`` without NumPy's warnings."""
    with np.errstate(all="ignore"):
        return _lstsq_array(a, y, rcond, driver)


def _packed_results(input, b, x, residuals, rank, values, driver, vector):
    rows, columns = input._a.shape[-2:]
    room = np.zeros(
        (*x.shape[:-2], x.shape[-1], max(rows, columns)), x.dtype
    )  # LAPACK's, part of which is the solution
    room[..., :columns] = x.swapaxes(-1, -2)
    x = room.swapaxes(-1, -2)[..., :columns, :]
    outs = wrap(x[..., 0] if vector else x), wrap(residuals)
    if state.enabled and (input._rg or b._rg):
        node = record_jointly(_LinalgLstsqBackward0, (input, b), outs, (input, b, outs[0]._a))
        extra_of(node).operands = ((input._a.shape, None), (b._a.shape, None))
    own = tuple([slice(0, size) for size in input._a.shape[:-2]])
    ranks = np.zeros(0, np.int64) if driver == "gels" else np.asarray(rank, np.int64)[(*own, ...)]
    values = values[(*own, ...)] if driver in ("gelsd", "gelss") else np.zeros(0, values.dtype)
    return _lstsq_type((*outs, wrap(ranks), wrap(values)))


linalg_lstsq = publish("linalg_lstsq", "decomposition", _lstsq, differentiable=("self", "b"))
