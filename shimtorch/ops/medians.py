"""median and nanmedian: the lower one of the two in the middle, with where it is."""

from __future__ import annotations

import operator

import numpy as np

from .. import _errors
from .._tensor import wrap, wrap_dim
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import publish, record
from .extrema import _evenly, _need_elements, named_result, selected_along
from .reductions import check


def _middles(rows, ignoring_nan: bool):
    """Per row of a matrix the place of its median, of equals in their order; the first nan's where one counts."""
    nans = rows != rows
    wanted = np.maximum((rows.shape[1] - nans.sum(1) * ignoring_nan - 1) // 2, 0)
    places = rows.argsort(1, "stable")[np.arange(len(rows)), wanted]
    return places if ignoring_nan else np.where(nans.any(1), nans.argmax(1), places)


def _of_nothing(kind):
    """What torch makes of nan in the dtype."""
    if kind.kind in "fc":
        return np.array(np.nan, kind)
    return np.array(kind.kind == "b" or (np.iinfo(kind).min if kind.itemsize >= 4 else 0), kind)


def _median_of(name: str, says: str):
    title = name.capitalize()
    ignoring_nan = name == "nanmedian"
    of_all = node_class(f"{title}Backward0", ("self",), {"self": _evenly}, saved=("self", "result"))
    along = node_class(
        f"{title}Backward1", ("self",), {"self": selected_along}, saved=("indices",), fixed=("sizes", "dim", "keepdim")
    )  # fmt: skip
    result_type = named_result(name)

    def _require_real(a) -> None:
        if a.dtype.kind == "c":
            raise RuntimeError(f"{name} does not support automatic differentiation for outputs with complex dtype.")

    def whole(input):
        a = input._a
        if not a.size:
            r = _of_nothing(a.dtype)
        elif a.dtype.kind in "bc":
            raise _errors.not_implemented("median_cpu", input)
        else:
            flat = a.reshape(1, -1)
            r = flat[0, _middles(flat, ignoring_nan)[0], ...].copy()
        out = wrap(r)
        if input._rg and state.enabled:
            _require_real(a)
            record(out, of_all, (input,), (input, r))
        return out

    def forward(input, dim=None, keepdim=False):
        check(keepdim)
        if dim is None:
            if keepdim:
                raise TypeError("keepdim")
            return whole(input)
        if isinstance(dim, bool):
            raise TypeError("dim")
        a, given = input._a, operator.index(dim)
        dim = wrap_dim(given, a.ndim)
        if a.ndim and not a.shape[dim]:
            raise _need_elements("median", dim)
        if a.dtype.kind in "bc" and a.size:
            raise _errors.not_implemented("median_out", input)
        if a.ndim:
            moved = np.moveaxis(a, dim, -1)
            shape = moved.shape[:-1]
            places = _middles(moved.reshape(-1, a.shape[dim]), ignoring_nan).reshape(shape)
            places = np.expand_dims(places, dim)
            values = np.take_along_axis(a, places, dim)
            values, places = (
                np.array(part if keepdim else part.squeeze(dim), order="C") for part in (values, places)
            )  # fmt: skip
        else:
            values, places = a.copy(), np.zeros((), np.int64)
        out, places = wrap(values), wrap(places)
        if input._rg and state.enabled:
            _require_real(a)
            record(out, along, (input,), (places,), (a.shape, given, keepdim))
        return result_type((out, places))

    forward.__doc__ = (
        f"The median of {says}; along ``dim``, which stays as size 1 if ``keepdim``,\n"
        "    also where it is, as (values, indices). The lower one of two in the middle.\n\n"
        f"    RuntimeError for bools and complex numbers. (``torch.{name}``)\n    "
    )
    return publish(name, "reduction", forward, methods=(name,), differentiable=("self",))


median = _median_of("median", "all elements, nan if there is one")
nanmedian = _median_of("nanmedian", "the elements that are not nan, nan if there are none")
