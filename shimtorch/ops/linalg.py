"""Matrix products. ``matmul`` is made of the others just as in torch, which the graph shows.

To add one: a node class with a derivative per operand, a forward that checks shapes, a publish row.
"""

from __future__ import annotations

import numpy as np
from numpy import ndarray

from .. import _errors
from .._floating import QUIET, reset_floating, set_floating
from .._fused import multiply_add
from .._signature_table import SIGNATURES
from .._signatures import deprecation
from .._tensor import Tensor, c_name, scalar_type_name, wrap
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.nodes import extra_of
from ._define import (
    F16,
    F32,
    F64,
    OVERLOADS,
    SCALARS,
    fill_array,
    internal,
    publish,
    publish_inplace,
    quietly,
    record,
    refusal_before,
)  # fmt: skip
from .shape import _expand, _reshape_to, _squeeze, _t, _transpose, _unsqueeze, squeeze_front, unsafe_view


def _product(a, b):
    if a.ndim == 2 == b.ndim and a.shape[1] == 1:  # nothing is added up, so that -0.0 stays
        return np.multiply(a, b)
    if a.dtype is F16:
        return np.matmul(a.astype(F32), b.astype(F32)).astype(F16)
    # The same for matrices, np.dot is faster for small ones. It scales by a single number, and by 0.0 not at all.
    if a.ndim < 3 and 1 < a.size < 4096 and b.size != 1:
        return np.dot(a, b)
    return np.matmul(a, b)


_SMALL = 400  # multiplications of a pair in a batch, from which on torch leaves them to MKL


def _batched_product(a, b):
    """As torch does it for small matrices: the products are added one after the other, to a zero."""
    count, n, m = a.shape
    p = b.shape[2]
    if n * m * p >= _SMALL:
        return _product(a, b)
    wide = F32 if a.dtype is F16 else a.dtype
    products = np.multiply(a.transpose(2, 0, 1)[..., None], b.transpose(1, 0, 2)[:, :, None], dtype=wide, order="C")
    if count * n * p == 1:  # NumPy adds a single column up in pairs
        products = products.repeat(2, axis=3)
        return np.add.reduce(products, axis=0, dtype=wide, initial=0)[..., :1].astype(a.dtype, order="C")
    return np.add.reduce(products, axis=0, dtype=wide, initial=0).astype(a.dtype, copy=False)


def _easily(a, b):
    """The product of two arrays that are plain and not large, or None if NumPy has anything against it."""
    kind = a.dtype
    if kind is not b.dtype or not (kind is F32 or kind is F64) or not 1 < a.size < 4096 or b.size < 2 or len(b) == 1:
        return None
    token = set_floating(QUIET)
    try:
        r = a.dot(b)
    except ValueError:
        return None
    finally:
        reset_floating(token)
    return r if type(r) is ndarray else np.asarray(r)


def _column_major(itemsize: int, shape, strides) -> bool:
    if not shape[0] * shape[1]:  # NumPy has no strides then; those of torch's contiguous matrices
        return shape == (1, 0)
    first, second = strides
    return first == itemsize and second == first * shape[0]


# The gradient of a column-major matrix is computed transposed, so that it comes out column-major as well.
def _mm_self(xp, grad, mat2, layout):
    if _column_major(*layout[:3]):
        return xp.t(xp.mm(xp.conj(mat2), xp.t(grad)))
    return xp.mm(grad, xp.conj(xp.t(mat2)))


def _mm_mat2(xp, grad, self, layout):
    if _column_major(layout[0], *layout[3:]):
        return xp.t(xp.mm(xp.t(grad), xp.conj(self)))
    return xp.mm(xp.conj(xp.t(self)), grad)


_MmBackward0 = node_class(
    "MmBackward0", ("self", "mat2"), {"self": _mm_self, "mat2": _mm_mat2}, saved=("self", "mat2"),
    fixed=("layout",),
)  # fmt: skip
_BmmBackward0 = node_class(
    "BmmBackward0", ("self", "mat2"), saved=("self", "mat2"),
    derivatives={
        "self": lambda xp, grad, mat2: xp.bmm(grad, xp.conj(xp.transpose(mat2, 1, 2))),
        "mat2": lambda xp, grad, self: xp.bmm(xp.conj(xp.transpose(self, 1, 2)), grad),
    },
)  # fmt: skip
_MvBackward0 = node_class(
    "MvBackward0", ("self", "vec"), saved=("self", "vec"),
    derivatives={
        "self": lambda xp, grad, vec: xp.reshape(grad, (-1, 1)) * xp.conj(vec),
        "vec": lambda xp, grad, self: xp.mv(xp.t(xp.conj(self)), grad),
    },
)  # fmt: skip
_DotBackward0 = node_class(
    "DotBackward0", ("self", "tensor"), saved=("self", "tensor"),
    derivatives={
        "self": lambda xp, grad, tensor: grad * xp.conj(tensor),
        "tensor": lambda xp, grad, self: grad * xp.conj(self),
    },
)  # fmt: skip


def leads_on(tensor) -> bool:
    """Whether gradients go on from here: not from a view made without recording, though it requires grad."""
    return tensor._rg and (tensor._node is not None or not tensor._borrowed)


def _finish(out, cls, input, other, fixed=()):
    if state.enabled and (input._rg or other._rg):
        saved = (input if leads_on(other) else None, other if leads_on(input) else None)
        record(out, cls, (input, other), saved, fixed)
    return out


def _same_dtype(a, b, kernel: str, complaint: str) -> None:
    if a._a.dtype != b._a.dtype:
        raise RuntimeError(complaint.format(c_name(a), c_name(b)))
    if a._a.dtype.kind == "b" and a._a.size and b._a.size:
        raise _errors.not_implemented(kernel, a)


def _mm(input, mat2):
    """The product of an (n x m) and an (m x p) matrix of one dtype. RuntimeError for other shapes. (``torch.mm``)"""
    a, b = input._a, mat2._a
    r = _easily(a, b) if a.ndim == 2 == b.ndim else None
    out = wrap(_mm_checked(input, mat2) if r is None else r)
    if state.enabled and (input._rg or mat2._rg):
        return _finish(out, _MmBackward0, input, mat2, ((a.itemsize, a.shape, a.strides, b.shape, b.strides),))
    return out


def _mm_checked(input, mat2):
    a, b = input._a, mat2._a
    if a.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if b.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    _same_dtype(input, mat2, "addmm_impl_cpu_", "expected m1 and m2 to have the same dtype, but got: {} != {}")
    return quietly(_product, a, b)


def _mv(input, vec):
    """The product of an (n x m) matrix and a vector of m elements of one dtype. (``torch.mv``)"""
    a, b = input._a, vec._a
    r = _easily(a, b) if a.ndim == 2 and b.ndim == 1 else None
    out = wrap(_mv_checked(input, vec) if r is None else r)
    return _finish(out, _MvBackward0, input, vec) if input._rg or vec._rg else out


def _mv_checked(input, vec):
    a, b = input._a, vec._a
    if a.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
        )
    if a.dtype != b.dtype:
        names = scalar_type_name(vec), scalar_type_name(input), scalar_type_name(vec)
        raise RuntimeError("addmv input tensors must have the same dtype, but got {}, {}, and {}".format(*names))
    if a.dtype.kind == "b" and a.size:
        raise _errors.not_implemented("addmv_impl_cpu", input)
    return quietly(_product, a, b)


def _dot(input, tensor):
    """The sum of the products of two vectors of one length and dtype. (``torch.dot``)"""
    a, b = input._a, tensor._a
    r = _easily(a, b) if a.ndim == 1 == b.ndim else None
    out = wrap(_dot_checked(input, tensor) if r is None else r)
    return _finish(out, _DotBackward0, input, tensor) if input._rg or tensor._rg else out


def _dot_checked(input, tensor):
    a, b = input._a, tensor._a
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {scalar_type_name(input)} and "
            f"{scalar_type_name(tensor)}"
        )
    if a.size != b.size:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the same number of "
            f"elements, but got {a.size} and {b.size} elements respectively"
        )
    if a.dtype.kind == "b":
        raise _errors.not_implemented("dot", input)
    return quietly(_product, a, b)


def _bmm(input, mat2):
    """The products of b pairs of matrices: (b x n x m) times (b x m x p), of one dtype. (``torch.bmm``)"""
    a, b = input._a, mat2._a
    if a.ndim != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if b.ndim != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )
    if a.size and b.size:
        if a.dtype.kind == "b":
            small = a.shape[1] * a.shape[2] * b.shape[2] < _SMALL
            raise _errors.not_implemented("bmm" if small else "addmm_impl_cpu_", input)
        if a.dtype != b.dtype:
            raise RuntimeError(f"expected scalar type {scalar_type_name(input)} but found {scalar_type_name(mat2)}")
    elif a.dtype != b.dtype:  # which torch does not notice where there is nothing to multiply
        a = np.empty(a.shape, b.dtype)
    return _finish(wrap(quietly(_batched_product, a, b)), _BmmBackward0, input, mat2)


mm = publish("mm", "linalg", _mm, methods=("mm",), differentiable=("self", "mat2"))
mv = publish("mv", "linalg", _mv, methods=("mv",), differentiable=("self", "vec"))
dot = publish("dot", "linalg", _dot, methods=("dot",), differentiable=("self", "tensor"))
bmm = publish("bmm", "linalg", _bmm, methods=("bmm",), differentiable=("self", "mat2"))
internal("mm", _product, _mm)
internal("mv", _product, _mv)
internal("bmm", _batched_product, _bmm)


# --- a product added to something ---------------------------------------------------------------------------------


def _maybe_times(xp, grad, factor):
    return grad if factor == 1 else xp.mul_scalar(grad, factor)


_AddmmBackward0 = node_class(
    "AddmmBackward0", ("self", "mat1", "mat2"), saved=("mat1", "mat2"), fixed=("beta", "alpha", "layout"),
    optional=("mat1", "mat2"),
    derivatives={
        "self": lambda xp, grad, beta: _maybe_times(xp, grad, beta.conjugate()),
        "mat1": lambda xp, grad, mat2, layout, alpha: _maybe_times(
            xp, _mm_self(xp, grad, mat2, layout), alpha.conjugate()
        ),
        "mat2": lambda xp, grad, mat1, layout, alpha: _maybe_times(
            xp, _mm_mat2(xp, grad, mat1, layout), alpha.conjugate()
        ),
    },
)  # fmt: skip


def scaled_sum(c, a, b, beta, alpha, product, fused=True):
    """``beta * c + alpha * product(a, b)``, where MKL fuses the first multiplication with the sum."""
    kind = c.dtype
    if kind is F16:
        return scaled_sum(*(array.astype(F32) for array in (c, a, b)), beta, alpha, product, fused).astype(F16)
    r = product(a, b) if alpha != 0 else np.zeros(c.shape, kind)
    if not r.size:
        return r
    if alpha != 1:
        r = r * np.asarray(alpha).astype(kind)
    if beta == 0:  # then nan and inf of c do not count either
        return r
    if beta == 1:
        return np.add(r, c, r)
    factor = np.asarray(beta).astype(kind)
    return multiply_add(c, factor, r) if fused else np.add(r, c * factor, r)


def require_product_dtypes(input, mat1, mat2) -> None:
    for (one, this), (another, that) in ((("self", input), ("mat2", mat2)), (("mat1", mat1), ("mat2", mat2))):
        if this._a.dtype is not that._a.dtype:
            names = f"{scalar_type_name(this)} and {scalar_type_name(that)}"
            raise _errors.first(RuntimeError(f"{one} and {another} must have the same dtype, but got {names}"))


def _require_product(input, mat1, mat2):
    """The shape of ``mat1 @ mat2``; the errors come before those of ``input``'s shape, in place too."""
    a, b = mat1._a, mat2._a
    require_product_dtypes(input, mat1, mat2)
    for name, array in (("mat1", a), ("mat2", b)):
        if array.ndim != 2:
            raise _errors.first(RuntimeError(f"{name} must be a matrix, got {array.ndim}-D tensor"))
    if a.shape[1] != b.shape[0]:
        raise _errors.first(
            RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
            )
        )
    return a.shape[0], b.shape[1]


def _addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """``beta * input + alpha * (mat1 @ mat2)``: two matrices of one dtype, and what broadcasts to their product.

    Integers take integer factors: others are cut. A ``beta`` of 0 leaves ``input`` out. RuntimeError for shapes that do
    not fit and unlike dtypes. (``torch.addmm``)
    """
    c, a, b = input._a, mat1._a, mat2._a
    shape = _require_product(input, mat1, mat2)
    if c.shape != shape and c.shape != shape[1:]:
        _expand(input.detach(), shape)  # which raises what does not fit
    if shape[0] and shape[1]:
        beta, alpha = _factor(beta, c.dtype), _factor(alpha, c.dtype)
    if c.dtype.kind == "b" and a.size and b.size:
        raise _errors.first(_errors.not_implemented("addmm_impl_cpu_", input))
    r = quietly(scaled_sum, np.broadcast_to(c, shape), a, b, beta, alpha, _product)
    out = wrap(r if r.flags.c_contiguous else np.ascontiguousarray(r))
    if state.enabled and (input._rg or mat1._rg or mat2._rg):
        saved = (mat1 if leads_on(mat2) else None, mat2 if leads_on(mat1) else None)
        layout = a.itemsize, a.shape, a.strides, b.shape, b.strides
        record(out, _AddmmBackward0, (input, mat1, mat2), saved, (beta, alpha, layout))
        if c.shape != shape:
            extra_of(out._node).operands = ((c.shape, None), None, None)
    return out


def _factor(value, kind):
    """``beta`` or ``alpha`` as a Python number that the dtype can hold."""
    if type(value) is int or type(value) is float:
        if kind.kind in "fc":
            return value
    elif isinstance(value, Tensor):
        value = value.item()
    elif not isinstance(value, SCALARS):
        raise TypeError("factor")
    held = np.zeros((), kind)
    fill_array(held, value)
    return held.item()


def _addmm_inplace(input, mat1, mat2, *, beta=1, alpha=1):
    shape = _require_product(input, mat1, mat2)
    if input._a.shape != shape:
        sizes = f"input tensor size {list(input._a.shape)} and output tensor size {list(shape)}"
        raise _errors.first(RuntimeError(f"Bad in-place call: {sizes} should match"))
    return _addmm(input, mat1, mat2, beta=beta, alpha=alpha)


addmm = publish("addmm", "linalg", _addmm, methods=("addmm",), differentiable=("self", "mat1", "mat2"))
publish_inplace("addmm", "linalg", _addmm_inplace)


def _factors_first(name, method, *given, **options):
    """``addmm(beta, input, alpha, mat1, mat2)`` and the same without ``alpha``, as torch once had it."""
    if len(given) < 4:
        return given, options
    beta, input = given[1::-1] if method else given[:2]
    factors = {"beta": beta} if len(given) == 4 else {"beta": beta, "alpha": given[2]}
    warn(deprecation(name, SIGNATURES[name.removesuffix("_")][method], len(given) == 4), once="deprecated overload")
    return (input, *given[-2:]), factors | options


OVERLOADS["addmm"] = _factors_first


def _outer(input, vec2):
    """The products of all pairs of elements of two vectors, n x m. RuntimeError for what is no vector.
    (``torch.outer``)"""
    if input._a.ndim != 1 or vec2._a.ndim != 1:
        name, vector = ("self", input) if input._a.ndim != 1 else ("vec2", vec2)
        raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {vector._a.ndim}-D")
    return _reshape_to(input, (input._a.size, 1)) * vec2


outer = publish("outer", "linalg", _outer, methods=("outer",), differentiable=("self", "vec2"))
ger = publish("ger", "linalg", _outer, methods=("ger",), differentiable=("self", "vec2"))


# --- matmul -------------------------------------------------------------------------------------------------------


def _folds(a, b) -> bool:
    """Whether torch folds the batch into the rows of one matrix product instead of multiplying batchwise."""
    larger, smaller = (a, b) if a._a.ndim >= b._a.ndim else (b, a)
    if larger._a.ndim < 3 or smaller._a.ndim > 2:
        return False
    if smaller._rg:
        return True
    if a._a.ndim == 2:
        return False
    if larger._a.size == 0:
        return True
    array = larger._a if larger is a else larger._a.swapaxes(-1, -2)
    strides, shape = array.strides, array.shape
    return all(strides[i] == strides[i + 1] * shape[i + 1] for i in range(array.ndim - 2))


def _matmul_folded(input, other):
    first = input._a.ndim >= other._a.ndim
    t1 = input if first else _transpose(other, -2, -1)
    t2 = other if first else (_t(input) if input._a.ndim == 2 else input)
    shape = t1._a.shape
    rows = 1
    for size in shape[:-1]:
        rows *= size
    folded = _reshape_to(t1, (rows, shape[-1]))
    if t2._a.ndim != 2:
        return unsafe_view(_mv(folded, t2), shape[:-1])
    out = unsafe_view(_mm(folded, t2), (*shape[:-1], t2._a.shape[1]))
    return out if first else _transpose(out, -2, -1).contiguous()


def _matmul_batched(input, other):
    a, b = input._a, other._a
    if a.ndim == b.ndim == 3 and a.shape[0] != b.shape[0]:
        if a.shape[0] == 1 and input._rg:
            return _matmul(_squeeze(input, 0), other)
        if b.shape[0] == 1 and other._rg:
            return _matmul(input, _squeeze(other, 0))
    n = a.shape[-2] if a.ndim > 1 else 1
    m1, m2 = a.shape[-1], b.shape[-2] if b.ndim > 1 else b.shape[0]
    p = b.shape[-1] if b.ndim > 1 else 1
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise _errors.broadcast(a.shape[:-2], b.shape[:-2]) from None
    count = 1
    for size in batch:
        count *= size
    left = _reshape_to(_expand(input, (*batch, n, m1)), (count, n, m1))
    vector = b.ndim == 1
    if vector:
        right = _unsqueeze(_reshape_to(_expand(other, (*batch, m2)), (count, m2)), 2)
    else:
        right = _reshape_to(_expand(other, (*batch, m2, p)), (count, m2, p))
    product = _bmm(left, right)
    shape = (*batch, *((n,) if a.ndim > 1 else ()), *((p,) if b.ndim > 1 else ()))
    return unsafe_view(_squeeze(product, -1) if vector else product, shape)


def _matmul(input, other):
    """The matrix product in every rank: vectors, matrices, batches that broadcast. RuntimeError unless shapes fit and
    dtypes are equal. (``torch.matmul``)"""
    a, b = input._a.ndim, other._a.ndim
    if a == 2 and b == 2:
        return _mm(input, other)
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 1 and b == 1:
        return _dot(input, other)
    if a == 2 and b == 1:
        return _mv(input, other)
    if a == 1 and b == 2:
        return squeeze_front(_mm(_unsqueeze(input, 0), other))
    return _matmul_folded(input, other) if _folds(input, other) else _matmul_batched(input, other)


def _matmul_operator(self, other):
    if not isinstance(other, Tensor):
        return NotImplemented
    try:
        return _matmul(self, other)
    except RuntimeError as error:
        raise refusal_before(error, self, other) from None


def _rmatmul(self, other):
    return _matmul(other, self) if isinstance(other, Tensor) else NotImplemented


matmul = publish("matmul", "linalg", _matmul, methods=("matmul",), differentiable=("self", "other"))
Tensor.__matmul__ = _matmul_operator
Tensor.__rmatmul__ = _rmatmul
