"""Counting and looking up: ``argwhere``, ``count_nonzero``, ``bincount``, ``isin``."""

from __future__ import annotations

import operator

import numpy as np

from .. import _dtypes, _errors
from .._tensor import Tensor, scalar_type_name, wrap
from ..autograd.nodes import underivable
from ._define import SCALARS, common_dtype, publish, record, recording, scalar_array
from .choosing import _rows
from .reductions import axes_of, fresh
from .shape import cast_array

# --- what is not 0 ------------------------------------------------------------------------------------------------


def _argwhere(input):
    """Where the elements are not 0: one row of indices for each, as int64. (``torch.argwhere``)"""
    return wrap(_rows(input._a))


def _count_nonzero(input, dim=None):
    """How many elements are not 0, of all or over the dims in ``dim``: int64; nan counts. (``torch.count_nonzero``)"""
    a = input._a
    axes = None if dim is None else axes_of(dim, a.ndim)
    return fresh(np.asarray(np.count_nonzero(a, axes), np.int64))


argwhere = publish("argwhere", "masks", _argwhere, methods=("argwhere",))
count_nonzero = publish("count_nonzero", "reduction", _count_nonzero, methods=("count_nonzero",))


# --- bincount -----------------------------------------------------------------------------------------------------


def _bincount(input, weights=None, minlength=0):
    """How often each number from 0 on occurs in a vector of integers, at least ``minlength`` numbers: int64.

    With ``weights``, of the same length, their sums instead: float32 for float32, else float64. RuntimeError for
    negative numbers, other shapes and a negative ``minlength``. (``torch.bincount``)
    """
    if isinstance(minlength, bool) or not isinstance(weights, (Tensor, type(None))):
        raise TypeError("minlength")
    a, least = input._a, operator.index(minlength)
    if a.dtype.kind not in "iu":
        raise _errors.not_implemented("bincount_cpu", input)
    if least < 0:
        raise RuntimeError("minlength should be >= 0")
    if a.ndim == 1 and not a.size:
        return _following(np.zeros(least, np.int64), weights)
    if a.ndim != 1 or a.min() < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(np.bincount(a, minlength=least))
    if weights._a.shape != a.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    kind = np.float32 if weights._a.dtype == np.float32 else np.float64
    sums = np.zeros(max(least, int(a.max()) + 1), kind)
    np.add.at(sums, a, cast_array(weights._a, np.dtype(kind)))
    return _following(sums, weights)


def _following(array, weights):
    out = wrap(array)
    if array.dtype.kind == "f" and recording(weights):
        record(out, underivable("bincount"), [weights])
    return out


bincount = publish("bincount", "reduction", _bincount, methods=("bincount",))


# --- isin ---------------------------------------------------------------------------------------------------------


_ISIN_NAMES = (("element", "elements"), ("test_element", "test_elements"))  # of a number, and of a tensor


def _isin(*values, assume_unique=False, invert=False, **named):
    """Which ``elements`` are among ``test_elements``, or are not if ``invert``: bools in the shape of ``elements``.

    One of both may be a number, which is then called ``element`` or ``test_element``. nan is in nothing. RuntimeError
    for bools and complex numbers. (``torch.isin``)
    """
    if not isinstance(assume_unique, bool) or not isinstance(invert, bool):
        raise TypeError("assume_unique")
    for names in _ISIN_NAMES[len(values) :]:
        name = names[names[1] in named]
        if name not in named or isinstance(named[name], Tensor) != (name == names[1]):
            raise TypeError(name)
        values = (*values, named.pop(name))
    if named or len(values) != 2 or not any(isinstance(part, Tensor) for part in values):
        raise TypeError("elements")
    elements, test_elements = values
    kinds = [_checked(elements), _checked(test_elements)]
    a, b = (part._a if isinstance(part, Tensor) else scalar_array(part) for part in (elements, test_elements))
    if b.size < 10 * a.size**0.145 or not isinstance(test_elements, Tensor):
        pair = (elements, test_elements) if isinstance(elements, Tensor) else (test_elements, elements)
        kind = common_dtype(*pair)
        assume_unique = False
    else:
        kind = _dtypes.PROMOTED[kinds[0], kinds[1]]
    a, b = a.astype(kind._numpy), b.astype(kind._numpy)
    found = _next_to_equals(a.ravel(), b.ravel()).reshape(a.shape) if assume_unique else np.isin(a, b)
    return wrap(np.asarray(~found if invert else found))


def _checked(value):
    if not isinstance(value, (Tensor, *SCALARS)):
        raise TypeError("elements")
    kind = value.dtype if isinstance(value, Tensor) else _dtypes.OF_NUMPY[scalar_array(value).dtype]
    if kind is _dtypes.bool_ or kind.is_complex:
        raise RuntimeError(f"Unsupported input type encountered for isin(): {scalar_type_name(kind)}")
    return kind


def _next_to_equals(a, b):
    """Which of ``a`` come, in sorted order, before an equal one, as torch finds them without a look at ``unique``."""
    every = np.concatenate([a, b])
    places = every.argsort(kind="stable")
    ordered = every[places]
    found = np.zeros(every.size, bool)
    found[places[:-1]] = ordered[:-1] == ordered[1:]
    return found[: a.size]


isin = publish("isin", "comparison", _isin)
