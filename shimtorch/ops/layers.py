"""What layers compute: ``linear``, ``dropout``, ``embedding``, ``one_hot``.

torch makes ``linear`` and ``dropout`` of other operators, which their graphs show.
"""

from __future__ import annotations

import operator

import numpy as np

from .. import _dtypes, _errors, _random, _samplers
from .._layout import laid_out
from .._tensor import Tensor, scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.rebasing import require_writable
from ._define import F16, F32, inplace_of, internal, publish, quietly, record, recording
from .linalg import _addmm, _matmul
from .sampling import in_memory_order
from .shape import _reshape_to, _t, described

# --- linear -------------------------------------------------------------------------------------------------------


def _linear(input, weight, bias=None):
    """``input @ weight.T + bias``: ``input`` (…, in), ``weight`` (out, in) or (in), ``bias`` broadcasts to the result.

    RuntimeError for shapes that do not fit and unlike dtypes. (``torch.nn.functional.linear``)
    """
    a, w = input._a, weight._a
    if a.ndim == 0 or w.ndim == 0:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {a.ndim}D and {w.ndim}D")
    if bias is None:
        return _matmul(input, _t(weight))
    if not isinstance(bias, Tensor):
        raise TypeError("bias")
    if a.ndim == 2:
        return _addmm(bias, input, _t(weight))
    if a.flags.c_contiguous and bias._a.flags.c_contiguous and 1 in (bias._a.ndim, bias._a.squeeze().ndim):
        rows = _reshape_to(input, (int(np.prod(a.shape[:-1])), a.shape[-1]))
        return _addmm(bias, rows, _t(weight)).view(*a.shape[:-1], w.shape[0])
    product = _matmul(input, _t(weight))
    _errors.require_fit(product._a.shape, bias._a.shape)  # torch adds in place
    return product + bias


linear = publish("linear", "linalg", _linear, differentiable=("input", "weight", "bias"))

# --- dropout ------------------------------------------------------------------------------------------------------


def _dropped(input, p, train):
    """The factors of ``dropout``, 0 or 1 / (1 - p), or None if nothing is dropped."""
    if not isinstance(p, (int, float)) or not isinstance(train, bool) or not isinstance(input, Tensor):
        raise TypeError("p")
    if p < 0 or p > 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or not input._a.size:
        return None
    a = input._a
    if p == 1:
        return wrap(np.zeros(a.shape, a.dtype))
    if a.dtype.kind == "c":
        raise _errors.not_implemented("bernoulli_scalar_cpu_", input)
    noise = laid_out(np.empty(a.shape, a.dtype), a)
    flat = in_memory_order(noise)
    flat[...] = _samplers.bernoulli(_random.default_generator, a.size, 1 - p).reshape(flat.shape)
    if a.dtype.kind != "f":
        raise _errors.result_type(_dtypes.float32, input)
    if a.dtype is F16:
        return wrap((noise.astype(F32) / F32.type(1 - p)).astype(F16))
    return wrap(noise / a.dtype.type(1 - p))


def _dropout(input, p, train):
    """Elements set to 0 with probability ``p``, the others multiplied by ``1 / (1 - p)``; all kept unless ``train``.

    RuntimeError for a ``p`` outside [0, 1]. (``torch.dropout``)
    """
    factors = _dropped(input, p, train)
    return input if factors is None else input * factors


def _dropout_inplace(input, p, train):
    """``dropout`` written into ``input``, which is returned. (``torch.dropout_``)"""
    factors = _dropped(input, p, train)
    return input if factors is None else input.mul_(factors)


dropout = publish("dropout", "layer", _dropout, differentiable=("input",))
dropout_ = publish("dropout_", "layer", _dropout_inplace)

# --- embedding ----------------------------------------------------------------------------------------------------


def _summed_rows(grad, indices, count, padding_idx, by_frequency):
    """The rows of ``grad`` added up per index; those of ``padding_idx`` count for nothing."""
    rows, index = grad.reshape(indices.size, grad.shape[-1]), indices.reshape(-1)
    out = np.zeros((count, grad.shape[-1]), grad.dtype)
    if padding_idx >= 0:
        keep = index != padding_idx
        rows, index = rows[keep], index[keep]
    if by_frequency:
        rows = rows / np.bincount(index, minlength=count)[index][:, None].astype(rows.dtype)
    np.add.at(out, index, rows)
    return out


_EmbeddingBackward0 = node_class(
    "EmbeddingBackward0", ("weight",), saved=("indices",), fixed=("count", "padding_idx", "by_frequency"),
    derivatives={
        "weight": lambda xp, grad, indices, count, padding_idx, by_frequency: xp.embedding_backward(
            grad, indices, count, padding_idx, by_frequency
        )
    },
)  # fmt: skip
_EmbeddingDenseBackwardBackward0 = node_class(
    "EmbeddingDenseBackwardBackward0", ("grad_output",), saved=("indices",), fixed=("padding_idx",),
    derivatives={
        "grad_output": lambda xp, grad, indices, padding_idx: xp.embedding_double_backward(grad, indices, padding_idx)
    },
)  # fmt: skip


def _embedding_backward_tensors(grad, indices, count, padding_idx, by_frequency):
    out = wrap(quietly(_summed_rows, grad._a, indices._a, count, padding_idx, by_frequency))
    if state.enabled and grad._rg:
        record(out, _EmbeddingDenseBackwardBackward0, (grad,), (indices,), (padding_idx,))
    return out


def _looked_up(grad, indices, padding_idx):
    rows = grad[indices.reshape(-1)].reshape(*indices.shape, grad.shape[-1])
    return np.where((indices == padding_idx)[..., None], grad.dtype.type(0), rows) if padding_idx >= 0 else rows


def _looked_up_tensors(grad, indices, padding_idx):
    rows = grad.index_select(0, indices.reshape(-1))
    if padding_idx >= 0:
        rows = rows.masked_fill((indices == padding_idx).reshape(-1, 1), 0)
    return rows.view(*indices._a.shape, -1)


internal("embedding_backward", _summed_rows, _embedding_backward_tensors)
internal("embedding_double_backward", _looked_up, _looked_up_tensors)


def _require_indices(indices, name: str, place: int) -> None:
    if indices._a.dtype.name not in ("int64", "int32"):
        raise RuntimeError(
            f"Expected tensor for argument #{place} 'indices' to have one of the following scalar types: Long, Int; "
            f"but got {described(indices)} instead (while checking arguments for {name})"
        )


def _embedding(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    """The rows of ``weight`` (count, size) at ``indices`` (int64 or int32, any shape).

    The row ``padding_idx`` gets no gradient. IndexError for an index that is not there. Sparse gradients are not
    offered. (``torch.embedding``)
    """
    w, i = weight._a, indices._a
    if not isinstance(scale_grad_by_freq, bool):
        raise TypeError("scale_grad_by_freq")
    if w.ndim == 0 and weight._rg and state.enabled:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    if w.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    _require_indices(indices, "embedding", 1)
    if sparse and weight._rg and state.enabled:
        raise NotImplementedError("shimtorch does not offer sparse gradients")
    padding_idx = operator.index(padding_idx)
    if i.size and not w.shape[0]:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    if i.size and (i.min() < 0 or i.max() >= w.shape[0]):
        raise IndexError("index out of range in self")
    out = wrap(w[i] if i.ndim else w[i].copy())
    if weight._rg and state.enabled:
        if w.dtype.kind == "c":
            raise RuntimeError("embedding does not support automatic differentiation for outputs with complex dtype.")
        record(out, _EmbeddingBackward0, (weight,), (indices,), (w.shape[0], padding_idx, scale_grad_by_freq))
    return out


embedding = publish("embedding", "layer", _embedding, differentiable=("weight",))


def _not_derived(xp, grad):
    raise NotImplementedError("the derivative for 'embedding_renorm' is not implemented.")


_EmbeddingRenormBackward0 = node_class("EmbeddingRenormBackward0", ("self",), {"self": _not_derived})


def _renormed(input, indices, max_norm, norm_type):
    rows = input.detach().clone()
    if rows._a.dtype.kind not in "fc" and indices._a.size:
        kind = scalar_type_name(input)
        text = f"norm(): input dtype should be either floating point or complex. Got {kind} instead."
        raise _errors.first(RuntimeError(text))
    for place in np.unique(indices._a).tolist():
        try:
            row = rows.select(0, place)
            norm = row.norm(norm_type).item()
        except IndexError as error:
            raise _errors.first(error) from None
        if norm > max_norm:
            row.mul_(max_norm / (norm + 1e-7))
    out = wrap(rows._a)
    if recording(input):
        record(out, _EmbeddingRenormBackward0, (input,))
    return out


_renorm_in_place = inplace_of(_renormed)


def _embedding_renorm_(input, indices, max_norm, norm_type):
    """The rows of ``input`` (count, size) at ``indices`` (int64 or int32) shortened in place to length ``max_norm``.

    ``norm_type`` says which length, as ``p`` of ``torch.norm``. Rows that are shorter stay. IndexError for an index
    that is not there. (``torch.embedding_renorm_``)
    """
    if state.enabled and input._rg:
        require_writable(input)
    if input._a.ndim != 2:
        raise RuntimeError(
            f"Expected 2-dimensional tensor, but got {input._a.ndim}-dimensional tensor for argument #1 'self' (while "
            "checking arguments for embedding_renorm_)"
        )
    _require_indices(indices, "embedding_renorm_", 2)
    if not isinstance(max_norm, (int, float)) or not isinstance(norm_type, (int, float)):
        raise TypeError("max_norm")
    return _renorm_in_place(input, indices, max_norm, norm_type)


embedding_renorm_ = publish("embedding_renorm_", "layer", _embedding_renorm_)

# --- one hot ------------------------------------------------------------------------------------------------------


def _one_hot(input, num_classes=-1):
    """Per class in ``input`` (int64, any shape) a row of zeros with a 1 at the class, ``num_classes`` wide, or as wide
    as the largest class plus 1. RuntimeError for classes outside it. (``torch.nn.functional.one_hot``)"""
    a = input._a
    count = operator.index(None if isinstance(num_classes, bool) else num_classes)
    if a.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not a.size:
        if count <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wrap(np.empty((*a.shape, count), np.int64))
    if a.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if count == -1:
        count = int(a.max()) + 1
    elif a.max() >= count:
        raise RuntimeError("Class values must be smaller than num_classes.")
    out = np.zeros((*a.shape, count), np.int64)
    np.put_along_axis(out, a[..., None], 1, -1)
    return wrap(out)


one_hot = publish("one_hot", "layer", _one_hot)
