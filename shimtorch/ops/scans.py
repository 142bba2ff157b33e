"""Running sums and products: cumsum, cumprod. And what the gradient of a product needs where an element is 0.

torch keeps float32 running results in double precision, float16 ones in single, and rounds what it writes.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from .. import _dtypes, _errors
from .._layout import refuse_overlap
from .._tensor import Tensor, c_name, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS, TENSORS
from ..autograd.nodes import extra_of
from ..autograd.rebasing import rebase, written
from ._define import F16, F32, F64, ONE, ZERO, _guarded, before_inplace, internal, publish, quietly, record
from ._summation import add_up
from .pieces import cat
from .reductions import check, converted

_WIDE = {F16: F32, F32: F64, np.dtype("complex64"): np.dtype("complex128")}


def _running(accumulate):
    def compute(a, dim: int):
        if not a.ndim:
            return a.copy()
        wide = _WIDE.get(a.dtype, a.dtype)
        running = accumulate(a.astype(wide, copy=False), dim, wide)
        if accumulate == np.add.accumulate:
            running = running + wide.type(0)  # torch adds to 0, so that no sum is -0.0
        return np.ascontiguousarray(running, a.dtype)

    return compute


_summed, _multiplied = _running(np.add.accumulate), _running(np.multiply.accumulate)


# --- cumsum and cumprod -------------------------------------------------------------------------------------------


def _from_the_end(xp, grad, dim: int):
    """The running sums of ``grad`` from the end on."""
    if math.prod(grad.shape) < 2 or grad.shape[dim] == 1:
        return grad
    return xp.flip(xp.cumsum(xp.flip(grad, (dim,)), dim), (dim,))


def _of_running_product(xp, grad, self, dim: int, kind, result):
    grad = xp.as_kind(grad, kind)
    if math.prod(self.shape) < 2 or self.shape[dim] == 1:
        return grad
    if not xp.has_zero(self):
        return xp.div(_from_the_end(xp, xp.mul(xp.conj(result), grad), dim), xp.conj(self))
    return xp.around_zeros(grad, self, dim, result)


_CumsumBackward0 = node_class(
    "CumsumBackward0", ("self",), fixed=("dim", "kind"),
    derivatives={"self": lambda xp, grad, dim, kind: _from_the_end(xp, xp.as_kind(grad, kind), dim)},
)  # fmt: skip
_CumprodBackward0 = node_class(
    "CumprodBackward0", ("self",), {"self": _of_running_product}, saved=("self", "result"), fixed=("dim", "kind")
)


def _scan(name: str, compute, cls, says: str):
    def forward(input, dim, *, dtype=None):
        check(False, dtype)
        if isinstance(dim, bool):
            raise TypeError("dim")
        given = operator.index(dim)
        dim = wrap_dim(given, input._a.ndim)
        if dtype is _dtypes.bool_ and input._a.size and input._a.ndim:
            raise _errors.not_implemented(f"{name}_out_cpu", dtype)
        a = converted(input, dtype)
        out = wrap(quietly(compute, a, dim))
        if input._rg and state.enabled and a.dtype.kind in "fc":
            record(out, cls, (input,), (input, out._a) if cls.saved_names else (), (given, input._a.dtype))
        return out

    def in_place(self, dim, *, dtype=None):
        check(False, dtype)
        if isinstance(dim, bool):
            raise TypeError("dim")
        dim = operator.index(dim)
        original = before_inplace(self, ())
        wrap_dim(dim, self._a.ndim)
        if dtype is not None and dtype is not self.dtype:
            wanted = c_name(wrap(np.empty((), dtype._numpy)))
            raise RuntimeError(
                f"Bad in-place call: input tensor dtype {c_name(self)} and output tensor dtype {wanted} should match"
            )
        result = forward(original, dim, dtype=self.dtype)
        refuse_overlap(self._a, ())
        self._a[...] = result._a
        written(self)
        if result._rg:
            node = result._node
            if cls.saved_names:
                node.saved = (TENSORS.clone(original), self._a)
                extra_of(node).result_counter = (self._vc, self._vc.value)
            rebase(self, node)
        return self

    forward.__doc__ = (
        f"The {says} of the elements so far along ``dim``, in the shape of ``input``.\n\n"
        f"    Integers and bools are taken as int64, unless ``dtype`` says otherwise. (``torch.{name}``)\n    "
    )
    in_place.__doc__ = (
        f"``{name}`` written into the tensor itself, which is returned. (``torch.Tensor.{name}_``)\n\n"
        "    RuntimeError for a leaf that requires grad, and for a ``dtype`` that is not the tensor's own.\n    "
    )
    in_place.__name__ = f"{name}_"
    setattr(Tensor, f"{name}_", _guarded(in_place, f"{name}_", "scan", method=True))
    return publish(name, "scan", forward, methods=(name,), differentiable=("self",))


cumsum = _scan("cumsum", _summed, _CumsumBackward0, "sums")
cumprod = _scan("cumprod", _multiplied, _CumprodBackward0, "products")
internal("cumsum", _summed, cumsum)


# --- products of all others ---------------------------------------------------------------------------------------


_FROM_SECOND = slice(1, None, 1)
_CatBackward0 = node_class(
    "CatBackward0", ("tensors_0", "tensors_1"), {"tensors_1": lambda xp, grad, dim: xp.slice(grad, dim, _FROM_SECOND)},
    fixed=("dim",),
)  # fmt: skip


def _after_ones(a, dim: int):
    """``a`` with ones before its first element along ``dim``."""
    first = np.ones([1 if d == dim else size for d, size in enumerate(a.shape)], a.dtype)
    return np.concatenate([first, a], dim)


def _after_ones_tensor(input, dim: int):
    out = wrap(_after_ones(input._a, dim))
    if input._rg and state.enabled:
        record(out, _CatBackward0, (None, input), (), (dim,))
    return out


def _around_zeros(grad, a, dim: int, result):
    """The gradient of running products that meet zeros: nothing from the second zero on, as in torch's masks."""
    a, grad, result = (np.moveaxis(part, dim, 0) for part in (a.conj(), grad, result.conj()))
    zeros = np.add.accumulate(a == 0, 0, np.int64)
    before, one = zeros == 0, zeros == 1
    place = one.argmax(0, keepdims=True)
    first = one & (np.cumsum(one, 0) == 1)
    weights = np.where(before, result * grad, ZERO[grad.dtype])
    out = np.where(before, _summed(weights[::-1], 0)[::-1] / a, ZERO[grad.dtype])
    after = _multiplied(np.where(one & ~first, a, ONE[a.dtype]), 0) * np.where(one, grad, ZERO[grad.dtype])
    until = np.take_along_axis(result, np.maximum(place - 1, 0), 0)
    until = np.where(place == 0, ONE[result.dtype], until)
    return np.ascontiguousarray(np.moveaxis(np.where(first, add_up(after, (0,), True) * until, out), 0, dim))


def _omitting_each(grad, input, dim: int, result):
    """The same from products without one element each, which can be derived again."""
    input, count = TENSORS.conj(input), input.shape[dim]
    out = wrap(np.zeros(input.shape, grad._a.dtype))
    for k in range(count):
        before = input.narrow(dim, 0, k).prod(dim, True) if k else None
        products = before
        if k < count - 1:
            after = cumprod(input.narrow(dim, k + 1, count - k - 1), dim)
            first = wrap(np.ones(out.narrow(dim, 0, 1).shape, input._a.dtype)) if before is None else before
            products = cat([first, after if before is None else before.expand(after.shape) * after], dim)
        out.select(dim, k).copy_((grad.narrow(dim, k, count - k) * products).sum(dim))
    return out


def _times_others(xp, grad, self, dim: int):
    """``grad`` times, at each place, the product of all other elements along ``dim``."""
    count = self.shape[dim]
    if count == 1:
        return grad
    before = xp.running_product(xp.after_ones(xp.slice(self, dim, slice(0, count - 1, 1)), dim), dim)
    after = xp.after_ones(xp.flip(xp.slice(self, dim, slice(1, count, 1)), (dim,)), dim)
    return grad * xp.conj(before * xp.flip(xp.running_product(after, dim), (dim,)))


internal("after_ones", _after_ones, _after_ones_tensor)
internal("running_product", _multiplied, cumprod)
internal("around_zeros", _around_zeros, _omitting_each)
internal(
    "times_others",
    lambda grad, a, dim: _times_others(ARRAYS, grad, a, dim),
    lambda grad, t, dim: _times_others(TENSORS, grad, t, dim),
)
