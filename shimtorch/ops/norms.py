"""norm: the length of what is folded, ``sum(abs(x) ** p) ** (1 / p)``, with p = 0, inf and -inf as limits.

In torch it is a Python function over ``linalg.vector_norm``, whose name is in its errors and its graph. Sums are
those of its kernels: element by element, except for squares along contiguous rows, of which several are added at once.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _dtypes
from .._fused import multiply_add_64
from .._signatures import argument_error
from .._tensor import Tensor, scalar_type_name, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.nodes import extra_of
from ._define import F16, F32, F64, OPERATORS, SCALARS, Operator, internal, quietly, record
from ._summation import columns_of, in_memory_order, one_by_one
from .reductions import as_named, axes_of, fresh, restored
from .shape import cast_array, int_tuple, warn_of_complex

_LANES = {F32: 8, F64: 4}  # squares that torch adds at a time along a contiguous row


# --- the computation ----------------------------------------------------------------------------------------------


def _squares_along(a, wide):
    """The sums of squares along the last dimension: in lanes, and what remains fused into the sum or by fours."""
    lanes, count = _LANES[wide], a.shape[-1]
    whole = count - count % lanes
    fours = count - (count - whole) % 4
    squares = np.square(a if a.dtype is wide else a.astype(wide))
    if whole > lanes:
        first = np.add.reduce(squares[:, :whole].reshape(-1, whole // lanes, lanes), 1)
        squares = np.concatenate([first, squares[:, whole:]], 1)
        fours -= whole - lanes
    total = np.add.accumulate(squares[:, :fours], 1)[:, -1] if fours else np.zeros(len(a), wide)
    for d in range(count - (count - whole) % 4, count):
        total = _fused(a[:, d].astype(wide, copy=False), total)
    return total


def _fused(x, total):
    """``x * x + total``, rounded once."""
    if x.dtype is F32:
        wide = x.astype(F64)
        return (wide * wide + total).astype(F32)
    return multiply_add_64(x, x, total)


def _length(a):
    """The Euclidean norm of all elements of a contiguous float32 or float64 array."""
    return np.sqrt(_squares_along(a.reshape(1, a.size), a.dtype)).reshape(())


def _vector_norm(a, p: float, axes, keepdim: bool, kind):
    """The norm over ``axes`` (None: all) in real NumPy dtype ``kind``."""
    folded = tuple(range(a.ndim)) if axes is None else axes
    count = math.prod(a.shape[d] for d in folded)
    shape = tuple([1 if d in folded else size for d, size in enumerate(a.shape)])
    if a.size and not a.flags.c_contiguous:
        moved = in_memory_order(a, folded)
        if moved is not None:
            out = _vector_norm(moved[0], p, moved[1], False, kind).transpose(moved[2])
            return out.reshape(shape) if keepdim else out
    wide = F32 if kind is F16 else kind
    if count == 1 and a.shape:
        if not p:
            warn_of_complex(a, kind)
        out = _sizes(a, wide).astype(kind) if p else (a != 0).astype(kind)
    elif not a.size:
        out = np.zeros(shape, kind)
    else:
        out = _folded(a, p, folded, count, wide)
        out = out.astype(kind)
    out = np.asarray(out).reshape(shape)
    return out if keepdim else out.reshape([size for d, size in enumerate(a.shape) if d not in folded])


def _folded(a, p, folded, count: int, wide):
    same = a.dtype is wide or a.dtype is F16
    if p == 2 and same and a.flags.c_contiguous and sorted(folded) == list(range(a.ndim - len(folded), a.ndim)):
        return np.sqrt(_squares_along(a.reshape(-1, count), wide))
    sizes = _sizes(columns_of(a, folded, count), wide)
    if p == 2:
        return np.sqrt(one_by_one(np.add, sizes * sizes))
    if p == 1:
        return one_by_one(np.add, sizes)
    if p == 0:
        return one_by_one(np.add, (sizes != 0).astype(wide))
    if math.isinf(p):
        return (np.maximum if p > 0 else np.minimum).reduce(sizes, 0)
    return _power(one_by_one(np.add, _power(sizes, p)), 1 / wide.type(p))


def _sizes(a, wide):
    """The absolute values, those of complex numbers rounded once."""
    if a.dtype.kind == "c":
        return np.absolute(a.astype(np.complex128, copy=False)).astype(wide, copy=False)
    return np.absolute(a.astype(wide, copy=False))


def _power(x, exponent):
    if x.dtype is F64:
        return np.power(x, F64.type(exponent))
    return np.power(x.astype(F64), F64.type(F32.type(exponent))).astype(F32)


# --- the derivative -----------------------------------------------------------------------------------------------


def _of_norm(xp, grad, self, p, dims, keepdim, given, result):
    ndim = len(self.shape)
    norm = result
    if not keepdim and ndim:
        named = as_named(dims, given)
        grad, norm = restored(xp, grad, self.shape, named, False), restored(xp, norm, self.shape, named, False)
    if p == 0:
        return None
    self, grad, norm = xp.promoted(self, grad, norm)
    if p == 1:
        return xp.mul(xp.sgn(self), grad)
    if p == 2:
        return xp.mul(grad, xp.masked_zero(xp.div(self, norm), norm == 0))
    if math.isinf(p):
        largest = xp.at_extremum(self, norm)
        share = xp.div(grad, xp.counted(largest, dims if ndim else (), grad))
        share = xp.mul(share, xp.as_factor(largest, grad))  # torch computes factors from right to left
        return xp.mul(xp.sgn(self), share)
    if p < 1:
        size = xp.masked_zero(xp.raised(xp.abs(self), p - 1), self == 0)
        scaled, power = xp.mul(xp.sgn(self), size), xp.pow_scalar(norm, 1 - p)
        return xp.mul(xp.mul(scaled, grad), power)
    scaled = xp.raised(xp.abs(self), p - 1 if p < 2 else p - 2)
    scaled = xp.mul(xp.sgn(self) if p < 2 else self, scaled)
    return xp.mul(scaled, xp.masked_zero(xp.div(grad, xp.pow_scalar(norm, p - 1)), norm == 0))


def _promoted(self, grad, norm):
    """Arrays of one precision: torch's common dtype of the three."""
    if self.dtype == grad.dtype or self.real.dtype == grad.dtype == norm.dtype:
        return self, grad, norm
    if grad.ndim or not self.ndim:
        kind = np.result_type(self.dtype, grad.dtype)
        return self.astype(kind), grad, norm
    kind = self.real.dtype
    return self, grad.astype(kind), norm.astype(kind)


def _at_extremum(a, norm):
    return (_sizes(a, a.real.dtype) == norm) | (np.isnan(a) & np.isnan(norm))


internal("promoted", _promoted, lambda *tensors: tensors)
internal("at_extremum", _at_extremum, lambda t, norm: wrap(np.asarray(_at_extremum(t._a, norm._a))))
_LinalgVectorNormBackward0 = node_class(
    "LinalgVectorNormBackward0", ("self",), {"self": _of_norm}, saved=("self", "result"),
    fixed=("p", "dims", "keepdim", "given", "ord"),
)  # fmt: skip


# --- norm ---------------------------------------------------------------------------------------------------------

_SIGNATURE = (
    "(Tensor input, Scalar ord=2, IntArrayRef[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None, "
    "Tensor out=None)",
)


def result_kind(input: Tensor, dtype, name: str = "linalg.vector_norm"):
    """The dtype to compute in; RuntimeError in torch's words for one that is not wider, or not real or complex."""
    own = input.dtype
    if own.category < 2:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {scalar_type_name(own)}")
    if dtype is None:
        return own
    have, want = scalar_type_name(own), scalar_type_name(dtype)
    if dtype.category < 2:
        raise RuntimeError(f"{name}: dtype should be floating point or complex, but got {want}")
    if own.is_complex != dtype.is_complex:
        real = "complex" if own.is_complex else "real"
        raise RuntimeError(f"{name}: dtype should be {real} for {real} inputs, but got {want}")
    if _dtypes.PROMOTED[own, dtype] is not dtype:
        raise RuntimeError(
            f"{name}: the dtype of the input ({have}) should be convertible without narrowing to the "
            f"specified dtype ({want})"
        )
    return dtype


def _require_identity(a, p, dims) -> None:
    if a.size or not (p < 0 or p == math.inf):
        return
    number = f"{p:g}"
    if not dims:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {number} norm on an empty tensor because the operation does not "
            "have an identity"
        )
    for d in dims:
        if not a.shape[wrap_dim(d, a.ndim)]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {number} norm on the dimension {d}because this dimension is "
                "empty and the operation does not have an identity"
            )


def _linalg_vector_norm(input, p, dim, keepdim, dtype):
    if isinstance(p, Tensor) and p._a.ndim == 0 and not p._rg:
        p = p.item()
    if not isinstance(p, SCALARS) or not isinstance(keepdim, bool):
        raise TypeError("ord")
    if dtype is not None and not isinstance(dtype, _dtypes.dtype):
        raise TypeError("dtype")
    dims = () if dim is None else int_tuple((dim if isinstance(dim, (tuple, list)) else (dim,),))
    if dim is not None and not isinstance(dim, (tuple, list)):
        raise TypeError("dim")
    a = input._a
    own = result_kind(input, None)
    if isinstance(p, (complex, np.complexfloating)):
        raise RuntimeError("linalg.vector_norm: Expected a non-complex scalar as the order of norm.")
    ord, p = p, float(p)
    _require_identity(a, p, dims)
    kind = own if dtype is None else result_kind(input, dtype)
    axes = axes_of(dims, a.ndim, True)
    if dtype is not None:
        a = cast_array(a, kind._numpy)
    if not a.ndim and not dims:
        a = a.reshape(1)  # with dims named, torch takes a scalar to powers, too
    out = fresh(quietly(_vector_norm, a, p, axes, keepdim and input._a.ndim > 0, a.real.dtype))
    if input._rg and state.enabled:
        record(
            out,
            _LinalgVectorNormBackward0,
            (input,),
            (input, out._a),
            (p, axes or (), keepdim, None if dim is None else dims, ord),
        )
        extra_of(out._node).operands = ((input._a.shape, input._a.dtype),)
    return out


def norm(input, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """The norm of order ``p`` of all elements, or over the dims in ``dim``, which stay as size 1 if ``keepdim``.

    "fro", like None, is the Euclidean norm. Real for complex numbers; computed in ``dtype`` if one is given.
    RuntimeError for integers and bools, and where no elements have no norm. (``torch.norm``)
    """
    if p == "fro" and dim is None and keepdim is False and out is None and dtype is None and type(input) is Tensor:
        a = input._a
        if a.dtype in _LANES and a.flags.c_contiguous and a.size > 1:
            result = wrap(quietly(_length, a))
            if input._rg and state.enabled:
                record(result, _LinalgVectorNormBackward0, (input,), (input, result._a), (2.0, (), False, None, 2))
            return result
    input.layout  # noqa: B018 (what torch asks first of what is no tensor)
    dims = [dim] if isinstance(dim, int) else dim
    if isinstance(p, str):
        if p != "fro" or not (dim is None or isinstance(dim, int) or len(dim) <= 2):
            from ..linalg import matrix_norm

            dims = list(range(input._a.ndim)) if dims is None else dims
            return matrix_norm(input, p, dims, keepdim, dtype=dtype, **({} if out is None else {"out": out}))
        order: object = 2
    else:
        order = 2.0 if p is None else p
    options = {"dtype": dtype} if out is None else {"dtype": dtype, "out": out}
    try:
        if out is not None:
            from ._out import into

            return into("norm", norm, out, (input, p, dim, keepdim), {"dtype": dtype})
        return _linalg_vector_norm(input, order, dims, keepdim, dtype)
    except (TypeError, AttributeError) as problem:
        error = argument_error("linalg_vector_norm", _SIGNATURE, (input, order, dims, keepdim), options)
        raise error or problem from None


def _norm_method(self, p="fro", dim=None, keepdim=False, dtype=None):
    """See ``torch.norm``."""
    return norm(self, p, dim, keepdim, dtype=dtype)


_norm_method.__name__, _norm_method.__qualname__ = "norm", "Tensor.norm"
Tensor.norm = _norm_method
OPERATORS["norm"] = Operator("norm", "reduction", norm, ("norm",), differentiable=("self",))
