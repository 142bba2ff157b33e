"""Products of several matrices, and of vectors: matrix_power, multi_dot, chain_matmul, vecdot."""

from __future__ import annotations

import operator

import numpy as np

from ... import _errors
from ..._tensor import Tensor, c_name, scalar_type_name, wrap
from ..._warnings import warn
from ...autograd.derivatives import node_class
from ...autograd.namespaces import TENSORS
from .._define import publish
from ..linalg import _dot_checked, _finish, _matmul, _mm
from ..reductions import _sum
from ..shape import _unsqueeze, _view
from .checks import require_inexact, require_square
from .systems import inverse

# --- powers -------------------------------------------------------------------------------------------------------


def _power(input, n):
    if isinstance(n, bool) or type(n) is not int:
        n = operator.index(None if isinstance(n, bool) else n)
    require_square(input, "linalg.matrix_power")
    if n == 0:
        out = input.clone(memory_format=_contiguous())
        identity = wrap(np.eye(input._a.shape[-1], dtype=input._a.dtype))
        return out.copy_(identity)
    if n == 1:
        return input.clone(memory_format=_contiguous())
    base = inverse(input) if n < 0 else input
    n = abs(n)
    if n == 1:
        return base
    if n < 4:
        square = _matmul(base, base)
        return square if n == 2 else _matmul(square, base)
    power = result = None
    while n:
        power = base if power is None else _matmul(power, power)
        if n % 2:
            result = power if result is None else _matmul(result, power)
        n //= 2
    return result


def _contiguous():
    from ..._device import contiguous_format

    return contiguous_format


def _matrix_power(input, n):
    """Square matrices multiplied by themselves ``n`` times; the inverses if ``n`` is negative, the identity for 0.
    (``torch.linalg.matrix_power``)"""
    return _power(input, n)


linalg_matrix_power = publish("linalg_matrix_power", "decomposition", _matrix_power, differentiable=("self",))
matrix_power = publish(
    "matrix_power", "decomposition", _matrix_power, methods=("matrix_power",), differentiable=("self",)
)


# --- chains -------------------------------------------------------------------------------------------------------


def _as_matrices(tensors):
    """The tensors as matrices, and the shape of their product: a vector may come first, and last."""
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    matrices, shape = list(tensors), []
    for place, word, dim in ((0, "first", 0), (-1, "last", -1)):
        ndim = tensors[place]._a.ndim
        if ndim not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {word} tensor must be 1D or 2D but got {ndim}D")
        if ndim == 1:
            matrices[place] = _unsqueeze(tensors[place], dim)
        else:
            shape.append(tensors[place]._a.shape[place])
    for i in range(1, count - 1):
        if tensors[i]._a.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {tensors[i]._a.ndim}D")
    for i in range(1, count):
        if tensors[i]._a.dtype != tensors[0]._a.dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {c_name(tensors[0])} and tensor "
                f"{i} {c_name(tensors[i])}"
            )
        if matrices[i - 1]._a.shape[-1] != matrices[i]._a.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i - 1} and {i} with shapes {list(tensors[i - 1]._a.shape)} and "
                f"{list(tensors[i]._a.shape)} cannot be multiplied"
            )
    return matrices, shape


def _splits(matrices):
    """For each stretch of the chain where it is best cut, by the number of multiplications."""
    sizes = [m._a.shape[0] for m in matrices] + [matrices[-1]._a.shape[1]]
    count = len(matrices)
    cost: dict = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            choices = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], split[i, j] = min(choices)
    return split


def _multiplied(matrices, split, i: int, j: int):
    if i == j:
        return matrices[i]
    right = _multiplied(matrices, split, split[i, j] + 1, j)  # which torch, too, computes first
    return _mm(_multiplied(matrices, split, i, split[i, j]), right)


def chain(tensors):
    """The product of two tensors or more, in the order that takes the fewest multiplications."""
    matrices, shape = _as_matrices(tensors)
    if len(matrices) == 3:
        (a, b), (c, d) = matrices[0]._a.shape, matrices[2]._a.shape
        if a * c * (b + d) > b * d * (a + c):
            product = _mm(matrices[0], _mm(matrices[1], matrices[2]))
        else:
            product = _mm(_mm(matrices[0], matrices[1]), matrices[2])
    else:
        product = _multiplied(matrices, _splits(matrices), 0, len(matrices) - 1)
    return _view(product, tuple(shape))


def _multi_dot(tensors):
    """The product of two matrices or more, multiplied in the order that takes least; the first and the last may be
    vectors. RuntimeError for what does not fit. (``torch.linalg.multi_dot``)"""
    if not isinstance(tensors, (tuple, list)) or not all(isinstance(t, Tensor) for t in tensors):
        raise TypeError("tensors")
    return chain(tensors)


linalg_multi_dot = publish("linalg_multi_dot", "pieces", _multi_dot, differentiable=("tensors",))

_DEPRECATED = (
    "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot "
    "instead, which accepts a list of two or more tensors rather than multiple parameters. (Triggered internally at "
    "/__w/pytorch/pytorch/aten/src/ATen/native/LinearAlgebra.cpp:1102.)"
)


def _chain(matrices):
    if not isinstance(matrices, (tuple, list)) or not all(isinstance(t, Tensor) for t in matrices):
        raise TypeError("matrices")
    warn(_DEPRECATED, once=True)
    for matrix in matrices:
        if matrix._a.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {matrix._a.ndim}, expected 2 instead.")
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    return matrices[0].clone() if len(matrices) == 1 else chain(matrices)


_guarded_chain = publish("chain_matmul", "pieces", _chain, differentiable=("tensors",))


def chain_matmul(*matrices, out=None):
    """The product of matrices, ``torch.linalg.multi_dot`` as it was called before. (``torch.chain_matmul``)"""
    for number, matrix in enumerate(matrices):
        if not isinstance(matrix, Tensor):
            raise TypeError(f"expected Tensor as element {number} in argument 0, but got {type(matrix).__name__}")
    return _guarded_chain(matrices) if out is None else _guarded_chain(matrices, out=out)


# --- vectors ------------------------------------------------------------------------------------------------------


_VdotBackward0 = node_class(
    "VdotBackward0", ("self", "other"), saved=("self", "other"),
    derivatives={
        "self": lambda xp, grad, other: xp.conj(grad) * other,
        "other": lambda xp, grad, self: grad * self,
    },
)  # fmt: skip


def _conjugate_dot(x: Tensor, y: Tensor):
    """The sum of products of two vectors, of which the first is conjugated."""
    out = wrap(_dot_checked(wrap(x._a.conj()) if x._a.dtype.kind == "c" else x, y))
    return _finish(out, _VdotBackward0, x, y) if x._rg or y._rg else out


def _vecdot(x, y, *, dim=-1):
    """The sums over ``dim`` of the products of two tensors of one dtype, of which the first is conjugated.
    (``torch.linalg.vecdot``)"""
    require_inexact(x, "linalg.vecdot")
    if x._a.dtype is not y._a.dtype:
        raise RuntimeError(
            f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {scalar_type_name(x)} and y "
            f"of type {scalar_type_name(y)} instead"
        )
    if x._a.ndim == 1 == y._a.ndim and type(dim) is int:  # whatever dim it is
        return _conjugate_dot(x, y)
    _errors.require_broadcast(x._a.shape, y._a.shape)
    return _sum(TENSORS.conj(x) * y, dim)


linalg_vecdot = publish("linalg_vecdot", "linalg", _vecdot, differentiable=("x", "y"))
