"""A product added to something: addmv, addr, baddbmm and addbmm, which are ``addmm`` for other ranks.

To add one: a node class with a derivative per operand, a forward that checks shapes, and ``_offer``. ``beta`` is what
``input`` is multiplied by, and ``alpha`` the product; a ``beta`` of 0 leaves ``input`` out, nan included.
"""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._fused import multiply_add
from .._layout import laid_out
from .._tensor import Tensor, c_name, scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.nodes import extra_of
from ._define import OVERLOADS, publish, publish_inplace, quietly, record, recording
from .linalg import (
    _SMALL,
    _batched_product,
    _factor,
    _factors_first,
    _maybe_times,
    _product,
    leads_on,
    require_product_dtypes,
    scaled_sum,
)
from .shape import _expand
from .ternary import common_kind, factor


def _node(title: str, first: str, second: str, of_first, of_second) -> type:
    return node_class(
        title, ("self", first, second), saved=(first, second), fixed=("beta", "alpha"), optional=(first, second),
        derivatives={
            "self": lambda xp, grad, beta: _maybe_times(xp, grad, beta.conjugate()), first: of_first, second: of_second,
        },
    )  # fmt: skip


def _finished(r: np.ndarray, cls: type, input, first, second, factors) -> Tensor:
    out = wrap(r)
    if recording(input, first, second):
        saved = first if leads_on(second) else None, second if leads_on(first) else None
        record(out, cls, (input, first, second), saved, factors)
        operands = [(t._a.shape, t._a.dtype) for t in (input, first, second)]
        if input._a.shape != r.shape or any(kind is not r.dtype for _, kind in operands):
            extra_of(out._node).operands = (operands[0], *[(shape, kind) for shape, kind in operands[1:]])
    return out


def _offer(name: str, forward, in_place, operands):
    """``in_place(input, …)`` raises what only the in-place form does."""

    def write(input, *given, beta=1, alpha=1, **named):
        rest = operands[len(given) :]
        if named.keys() != set(rest):
            raise TypeError(name)
        first, second = (*given, *[named[operand] for operand in rest])
        in_place(input, first, second)
        return forward(input, first, second, beta=beta, alpha=alpha)

    publish_inplace(name, "linalg", write)
    OVERLOADS[name] = _factors_first
    return publish(name, "linalg", forward, methods=(name,), differentiable=("self", *operands))


def _require_target(input, shape) -> None:
    if input._a.shape != shape:
        sizes = f"input tensor size {list(input._a.shape)} and output tensor size {list(shape)}"
        raise _errors.first(RuntimeError(f"Bad in-place call: {sizes} should match"))


def _size(tensor, dim: int) -> int:
    shape = tensor._a.shape
    if dim >= len(shape):
        if not shape:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        low, high = -len(shape), len(shape) - 1
        raise IndexError(f"Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})")
    return shape[dim]


def _expanded(input, shape) -> np.ndarray:
    try:
        return _expand(input.detach(), shape)._a
    except RuntimeError as error:
        raise _errors.first(error) from None


# --- a matrix and a vector ----------------------------------------------------------------------------------------

_AddmvBackward0 = _node(
    "AddmvBackward0", "mat", "vec",
    lambda xp, grad, vec, alpha: _maybe_times(xp, xp.reshape(grad, (-1, 1)) * xp.conj(vec), alpha.conjugate()),
    lambda xp, grad, mat, alpha: _maybe_times(xp, xp.mv(xp.conj(xp.t(mat)), grad), alpha.conjugate()),
)  # fmt: skip


def _require_vector(input, mat, vec) -> None:
    c, a, b = input._a, mat._a, vec._a
    if a.ndim != 2 or b.ndim != 1 or c.ndim > 1:
        what = f"vector + matrix @ vector expected, got {c.ndim}, {a.ndim}, {b.ndim}"
        raise _errors.first(RuntimeError(what))
    if a.shape[1] != b.size or c.size not in (a.shape[0], 1):
        _size(input, 0)
        what = f"size mismatch, got input ({c.size}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.size})"
        raise _errors.first(RuntimeError(what))


def _addmv(input, mat, vec, *, beta=1, alpha=1):
    """``beta * input + alpha * (mat @ vec)``: an (n x m) matrix, a vector of m elements, and a vector of n or a number.
    RuntimeError for shapes that do not fit and unlike dtypes. (``torch.addmv``)"""
    c, a, b = input._a, mat._a, vec._a
    _require_vector(input, mat, vec)
    if not c.dtype is a.dtype is b.dtype:
        names = [scalar_type_name(t) for t in (input, mat, vec)]
        raise _errors.first(
            RuntimeError("addmv input tensors must have the same dtype, but got {}, {}, and {}".format(*names))
        )
    if c.dtype.kind == "b" and a.size:
        raise _errors.first(_errors.not_implemented("addmv_impl_cpu", input))
    if a.size:
        beta, alpha = _factor(beta, c.dtype), _factor(alpha, c.dtype)
    r = quietly(scaled_sum, np.broadcast_to(c, a.shape[:1]), a, b, beta, alpha, _product)
    return _finished(r, _AddmvBackward0, input, mat, vec, (beta, alpha))


def _addmv_in_place(input, mat, vec) -> None:
    _require_vector(input, mat, vec)
    _require_target(input, mat._a.shape[:1])


addmv = _offer("addmv", _addmv, _addmv_in_place, ("mat", "vec"))


# --- two vectors --------------------------------------------------------------------------------------------------

_AddrBackward0 = _node(
    "AddrBackward0", "vec1", "vec2",
    lambda xp, grad, vec2, alpha: _maybe_times(xp, xp.mv(grad, xp.conj(vec2)), alpha.conjugate()),
    lambda xp, grad, vec1, alpha: _maybe_times(xp, xp.mv(xp.t(grad), xp.conj(vec1)), alpha.conjugate()),
)  # fmt: skip
_LANES = {"f": 16, "d": 8}  # elements that torch's vectorised loop takes at a time


def _sum_with_outer(c, x, y, beta, alpha):
    """All terms at once. torch's vectorised loop fuses another multiplication than what treats the rest."""
    scaled = x * alpha
    if beta == 0:
        return scaled * y
    if c.dtype.char not in _LANES:  # half precision is rounded at each step
        return beta * c + scaled * y
    r = multiply_add(np.asarray(c), beta, scaled * y)
    r = laid_out(r, c, np.broadcast_to(x, c.shape), np.broadcast_to(y, c.shape))
    axis = 0 if r.shape[1] == 1 or (r.shape[0] != 1 and r.strides[0] < r.strides[1]) else 1
    whole = r.shape[axis] - r.shape[axis] % _LANES[c.dtype.char]
    if whole and c.strides[axis] == c.itemsize and (x, y)[axis].strides[axis] == c.itemsize:
        r, c = (r.T, c.T) if axis == 0 else (r, c)
        scaled, y = (scaled.T, y.T) if axis == 0 else (scaled, y)
        part = slice(None), slice(whole)
        scaled, y = (np.broadcast_to(array, r.shape)[part] for array in (scaled, y))
        r[part] = multiply_add(scaled, y, beta * c[part])
        r = r.T if axis == 0 else r
    return r


def _checked_factor(name: str, value, kind: np.dtype):
    """torch's checks of ``beta`` and ``alpha`` of ``addr``."""
    if isinstance(value, bool) and kind.kind != "b":
        raise _errors.first(RuntimeError(f"Boolean {name} only supported for Boolean results."))
    if isinstance(value, (float, complex)) and kind.kind in "biu":
        what = f"For integral input tensors, argument {name} must not be a floating point number."
        raise _errors.first(RuntimeError(what))
    return factor(value, kind).astype(kind)


def _require_vectors(vec1, vec2) -> None:
    for name, vector in (("vec1", vec1), ("vec2", vec2)):
        if vector._a.ndim != 1:
            what = f"addr: Expected 1-D argument {name}, but got {vector._a.ndim}-D"
            raise _errors.first(RuntimeError(what))


def _addr(input, vec1, vec2, *, beta=1, alpha=1):
    """``beta * input + alpha * outer(vec1, vec2)``: vectors of n and m elements, and what broadcasts to n x m.

    Dtypes promote. RuntimeError for shapes that do not fit, and for float factors of integers. (``torch.addr``)
    """
    _require_vectors(vec1, vec2)
    wide = _expanded(input, (vec1._a.size, vec2._a.size))
    kind = common_kind(input, vec1, vec2)._numpy
    beta = beta.item() if isinstance(beta, Tensor) else beta
    alpha = alpha.item() if isinstance(alpha, Tensor) else alpha
    factors = [_checked_factor(name, value, kind) for name, value in (("beta", beta), ("alpha", alpha))]
    arrays = [array.astype(kind, copy=False) for array in (wide, vec1._a[:, None], vec2._a[None])]
    r = quietly(_sum_with_outer, *arrays, *factors)
    r = laid_out(r, arrays[0], *[np.broadcast_to(array, r.shape) for array in arrays[1:]])
    return _finished(r, _AddrBackward0, input, vec1, vec2, (beta, alpha))


def _addr_in_place(input, vec1, vec2) -> None:
    _require_vectors(vec1, vec2)
    common = common_kind(input, vec1, vec2)
    if input._a.ndim != 2:
        raise _errors.first(RuntimeError(f"2D tensor expected, got {input._a.ndim}D tensor for input"))
    if input._a.shape != (vec1._a.size, vec2._a.size):
        sizes = f"input: {list(input._a.shape)}, v1: {list(vec1._a.shape)}, v2: {list(vec2._a.shape)}"
        raise _errors.first(RuntimeError(f"size mismatch, {sizes}"))
    if common.category > input.dtype.category:
        raise _errors.first(_errors.result_type(common, input.dtype))


addr = _offer("addr", _addr, _addr_in_place, ("vec1", "vec2"))


# --- batches of matrices ------------------------------------------------------------------------------------------

_BaddbmmBackward0 = _node(
    "BaddbmmBackward0", "batch1", "batch2",
    lambda xp, grad, batch2, alpha: _maybe_times(
        xp, xp.bmm(grad, xp.conj(xp.transpose(batch2, 1, 2))), alpha.conjugate()
    ),
    lambda xp, grad, batch1, alpha: _maybe_times(
        xp, xp.bmm(xp.conj(xp.transpose(batch1, 1, 2)), grad), alpha.conjugate()
    ),
)  # fmt: skip


def _spread(xp, grad, batch):
    return xp.expand(xp.unsqueeze(grad, 0), (batch.shape[0], *grad.shape))


_AddbmmBackward0 = _node(
    "AddbmmBackward0", "batch1", "batch2",
    lambda xp, grad, batch2, alpha: _maybe_times(
        xp, xp.bmm(_spread(xp, grad, batch2), xp.conj(xp.transpose(batch2, 1, 2))), alpha.conjugate()
    ),
    lambda xp, grad, batch1, alpha: _maybe_times(
        xp, xp.bmm(xp.conj(xp.transpose(batch1, 1, 2)), _spread(xp, grad, batch1)), alpha.conjugate()
    ),
)  # fmt: skip


def _require_batches(batch1, batch2) -> None:
    for name, batch in (("batch1", batch1), ("batch2", batch2)):
        if batch._a.ndim != 3:
            raise _errors.first(RuntimeError(f"{name} must be a 3D tensor"))


def _require_pairs(input, batch1, batch2) -> None:
    a, b = batch1._a, batch2._a
    if input._a.dtype is not a.dtype:
        names = f"input {c_name(input)}, batch1: {c_name(batch1)}, batch2: {c_name(batch2)}"
        raise _errors.first(RuntimeError(f"Input dtypes must be the same, got: {names}"))
    _require_batches(batch1, batch2)
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        wanted, got = [a.shape[0], a.shape[2]], list(b.shape[:2])
        what = f"Expected size for first two dimensions of batch2 tensor to be: {wanted} but got: {got}."
        raise _errors.first(RuntimeError(what))


def _baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """``beta * input + alpha * (batch1 @ batch2)``: (b x n x m) and (b x m x p) of one dtype, and what broadcasts to
    (b x n x p). RuntimeError for shapes that do not fit and unlike dtypes. (``torch.baddbmm``)"""
    shape = _size(batch1, 0), _size(batch1, 1), _size(batch2, 2)
    c = _expanded(input, shape)
    _require_pairs(input, batch1, batch2)
    a, b = batch1._a, batch2._a
    small = a.shape[1] * a.shape[2] * b.shape[2] < _SMALL
    if a.size and b.size:
        if a.dtype.kind == "b":
            raise _errors.first(_errors.not_implemented("baddbmm" if small else "addmm_impl_cpu_", input))
        if a.dtype is not b.dtype:
            names = scalar_type_name(batch1), scalar_type_name(batch2)
            raise _errors.first(RuntimeError("expected scalar type {} but found {}".format(*names)))
        beta, alpha = _factor(beta, c.dtype), _factor(alpha, c.dtype)
    elif a.dtype is not b.dtype:  # which torch does not notice where there is nothing to multiply
        a, c = a.astype(b.dtype), c.astype(b.dtype)
    r = quietly(scaled_sum, c, a, b, beta, alpha, _batched_product, not small)
    return _finished(np.ascontiguousarray(r), _BaddbmmBackward0, input, batch1, batch2, (beta, alpha))


def _baddbmm_in_place(input, batch1, batch2) -> None:
    shape = _size(batch1, 0), _size(batch1, 1), _size(batch2, 2)
    _expanded(input, shape)
    _require_pairs(input, batch1, batch2)
    _require_target(input, shape)


baddbmm = _offer("baddbmm", _baddbmm, _baddbmm_in_place, ("batch1", "batch2"))


def _shape_of_sum(input, batch1, batch2):
    if recording(input, batch1, batch2):  # torch saves this size first
        _size(batch1, 0)
    return _size(batch1, 1), _size(batch2, 2)


def _addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """``beta * input + alpha * (batch1 @ batch2).sum(0)``, which is added up one after the other: (b x n x m) and
    (b x m x p) of one dtype, and what broadcasts to (n x p). RuntimeError for shapes that do not fit and unlike dtypes.
    (``torch.addbmm``)"""
    shape = _shape_of_sum(input, batch1, batch2)
    c = _expanded(input, shape)
    _require_batches(batch1, batch2)
    a, b = batch1._a, batch2._a
    if a.shape[0] != b.shape[0]:
        what = f"batch1 and batch2 must have same number of batches, got {a.shape[0]} and {b.shape[0]}"
        raise _errors.first(RuntimeError(what))
    if a.shape[2] != b.shape[1]:
        sizes = f"{a.shape[1]}x{a.shape[2]} and {b.shape[1]}x{b.shape[2]}"
        raise _errors.first(RuntimeError(f"Incompatible matrix sizes for bmm ({sizes})"))
    if len(a):
        require_product_dtypes(input, batch1, batch2)
    if c.dtype.kind == "b" and a.size and b.size:
        raise _errors.first(_errors.not_implemented("addmm_impl_cpu_", input))
    r = quietly(_sum_of_batches, c, a, b, _factor(beta, c.dtype), _factor(alpha, c.dtype))
    return _finished(r, _AddbmmBackward0, input, batch1, batch2, (beta, alpha))


def _sum_of_batches(c, a, b, beta, alpha):
    if not len(a):
        return c * np.asarray(beta).astype(c.dtype) if beta != 0 else np.zeros_like(c, order="C")
    for left, right in zip(a, b, strict=True):
        c, beta = scaled_sum(c, left, right, beta, alpha, _product), 1
    return c


def _addbmm_in_place(input, batch1, batch2) -> None:
    """Unlike the others, torch makes the tensor as large as the product."""
    shape = _shape_of_sum(input, batch1, batch2)
    if input._a.shape != shape and not input._rg:
        input._a, input._root = _expanded(input, shape).copy(), None


addbmm = _offer("addbmm", _addbmm, _addbmm_in_place, ("batch1", "batch2"))
