"""sort, argsort and topk: elements in order along one dimension, with where they were. nan is larger than all.

``sort`` is stable only when asked to be, or for at most 16 elements; otherwise, and in ``topk``, equal elements come
in the order that ``_selection`` works out.
"""

from __future__ import annotations

import operator

import numpy as np

from .._layout import laid_out
from .._tensor import Tensor, wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import publish, record
from ._selection import lowest_places, sorted_places
from .extrema import named_result, selected_along

_STABLE = 16  # as many elements torch's sort leaves in place where they are equal


def _keys(a, descending: bool):
    """What is in ascending order where ``a`` is in the wanted one."""
    if not descending:
        return a
    kind = a.dtype.kind
    if kind in "biu":
        return ~a
    return -_ranks(a) if (a != a).any() else -a


def _ranks(a):
    return np.unique(a, return_inverse=True)[1].reshape(a.shape)


def _repeated(values) -> bool:
    """Whether a sorted row has equal neighbours, of which nan are one kind."""
    before, after = values[:-1], values[1:]
    same = before == after
    if values.dtype.kind == "f":
        same |= np.isnan(before) & np.isnan(after)
    return bool(same.any())


def _places(keys, stable: bool):
    """Where the sorted elements of each row are."""
    places = keys.argsort(-1, "stable")
    if stable or keys.shape[-1] <= _STABLE:
        return places
    rows, found = keys.reshape(-1, keys.shape[-1]), places.reshape(-1, keys.shape[-1])
    for row, place in zip(rows, found, strict=True):
        if _repeated(row[place]):
            place[...] = sorted_places(_ranks(row).tolist())
    return places


def _sorted(input: Tensor, dim, descending, stable: bool):
    """The dim from the front, the sorted array, and the places, in torch's layout."""
    if isinstance(dim, bool) or not isinstance(descending, bool):
        raise TypeError("dim")
    a = input._a
    dim = wrap_dim(operator.index(dim), a.ndim)
    if a.dtype.kind == "c":
        raise RuntimeError(" Sort does not support complex dtypes on CPU")
    if not a.ndim:
        return dim, a.copy(), np.zeros((), np.int64)
    if dim == a.ndim - 1:
        places = _places(_keys(a, descending), stable)
    else:
        places = _places(np.ascontiguousarray(_keys(a, descending).swapaxes(dim, -1)), stable).swapaxes(dim, -1)
    values = a[places] if a.ndim == 1 else np.take_along_axis(a, places, dim)
    if a.ndim > 1:
        values, places = (
            laid_out(values, a),
            laid_out(places, np.empty(a.shape, np.int64) if _is_plain(a) else _wide(a)),
        )
    return dim, values, places


def _is_plain(a) -> bool:
    return a.flags.c_contiguous


def _wide(a):
    """An array of int64 that lies in memory as ``a`` does, element by element."""
    strides = tuple([stride // a.itemsize * 8 for stride in a.strides])
    return np.lib.stride_tricks.as_strided(np.empty(1, np.int64), a.shape, strides)


# --- sort and argsort ---------------------------------------------------------------------------------------------


def _selecting(name: str):
    return node_class(name, ("self",), saved=("indices",), fixed=("sizes", "dim"), derivatives={
        "self": lambda xp, grad, sizes, dim, indices: selected_along(xp, grad, sizes, dim, indices, True)
    })  # fmt: skip


_SortBackward0, _SortBackward1, _TopkBackward0 = map(
    _selecting, ("SortBackward0", "SortBackward1", "TopkBackward0")
)  # fmt: skip
_SortResult, _TopkResult = named_result("sort"), named_result("topk")
_UNSET = object()


def _sort(input, dim=-1, descending=False, *, stable=_UNSET):
    """The elements in ascending order along ``dim``, or ``descending``, and where they were: (values, indices).

    Equal elements stay in their order if ``stable``. nan is larger than all. RuntimeError for complex numbers.
    (``torch.sort``)
    """
    given = stable is not _UNSET
    if given and stable is not None and not isinstance(stable, bool):
        raise TypeError("stable")
    named = dim
    dim, values, places = _sorted(input, dim, descending, given and stable is True)
    out, places = wrap(values), wrap(places)
    if input._rg and state.enabled:
        cls = _SortBackward1 if given else _SortBackward0
        record(out, cls, (input,), (places,), (input._a.shape, named))
    return _SortResult((out, places))


def _argsort(input, dim=-1, descending=False, *, stable=_UNSET):
    """Where the elements in ascending order along ``dim``, or ``descending``, are: the indices of ``sort``.

    int64. Equal elements stay in their order if ``stable``. RuntimeError for complex numbers. (``torch.argsort``)
    """
    if stable is not _UNSET and not isinstance(stable, bool):
        raise TypeError("stable")
    if input._rg and state.enabled:
        bool(input._node)  # which refuses a view whose base was written
    return wrap(_sorted(input, dim, descending, stable is True)[2])


sort = publish("sort", "sorting", _sort, methods=("sort",), differentiable=("self",))
argsort = publish("argsort", "sorting", _argsort, methods=("argsort",))


# --- topk ---------------------------------------------------------------------------------------------------------


def _top_places(keys, k: int, in_order: bool):
    places = keys.argsort(-1, "stable")
    if not k or not keys.size:
        return places[..., :k]
    if keys.ndim == 1 and in_order:
        row = keys[places]
        if not (row[:-1] == row[1:]).any() and row[-1] == row[-1]:
            return places[:k]
    rows, found = keys.reshape(-1, keys.shape[-1]), places.reshape(-1, keys.shape[-1])
    for row, place in zip(rows, found, strict=True):
        if not in_order or _repeated(row[place]):
            place[:k] = lowest_places(_ranks(row).tolist(), k, in_order)
    return places[..., :k]


def _topk(input, k, dim=-1, largest=True, sorted=True):
    """The ``k`` largest elements along ``dim``, or smallest, in order if ``sorted``, and where: (values, indices).

    nan is larger than all. RuntimeError if there are not ``k``, and for bools and complex numbers. (``torch.topk``)
    """
    if isinstance(dim, bool) or isinstance(k, bool) or not isinstance(largest, bool) or not isinstance(sorted, bool):
        raise TypeError("dim")
    a, k = input._a, operator.index(k)
    named, dim = dim, wrap_dim(operator.index(dim), a.ndim)
    if not 0 <= k <= (a.shape[dim] if a.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if a.dtype.kind in "bc":
        what = "topk does not support bool" if a.dtype.kind == "b" else " topk does not support complex"
        raise RuntimeError(f"{what} dtypes on CPU")
    if not a.ndim:
        values, places = a.copy(), np.zeros((), np.int64)
    else:
        if a.ndim == 1:
            places = _top_places(_keys(a, largest), k, sorted).copy()
            values = a[places]
        else:
            keys = np.ascontiguousarray(_keys(a, largest).swapaxes(dim, -1))
            places = _top_places(keys, k, sorted).swapaxes(dim, -1).copy()
            values = np.take_along_axis(a, places, dim).copy()
    out, places = wrap(values), wrap(places)
    if input._rg and state.enabled:
        record(out, _TopkBackward0, (input,), (places,), (a.shape, named))
    return _TopkResult((out, places))


topk = publish("topk", "sorting", _topk, methods=("topk",), differentiable=("self",))
