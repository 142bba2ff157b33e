"""More elements around those of a tensor: ``pad`` in its four modes, ``constant_pad_nd``.

Pads are pairs of numbers, those of the last dimension first; negative ones cut off.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _errors
from .._layout import channels_order, in_order
from .._tensor import wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ._define import SCALARS, fill_array, internal, publish, record, recording
from .indexing import _slice
from .pieces import _narrow
from .shape import dense_copy, int_tuple

# --- with a number ------------------------------------------------------------------------------------------------

_ConstantPadNdBackward0 = node_class(
    "ConstantPadNdBackward0", ("self",), fixed=("pad",),
    derivatives={"self": lambda xp, grad, pad: xp.constant_pad(grad, tuple([-size for size in pad]))},
)  # fmt: skip


def _around(a, pad, value=0):
    ndim, pairs = a.ndim, list(zip(pad[::2], pad[1::2], strict=True))
    where = [slice(None)] * ndim
    for i, (left, right) in enumerate(pairs):
        where[ndim - 1 - i] = slice(max(-left, 0), a.shape[ndim - 1 - i] - max(-right, 0))
    inner = a[tuple(where)]
    if all(size <= 0 for size in pad):
        return dense_copy(inner)
    sizes, place = list(inner.shape), [slice(None)] * ndim
    for i, (left, right) in enumerate(pairs):
        dim = ndim - 1 - i
        sizes[dim] += max(left, 0) + max(right, 0)
        place[dim] = slice(max(left, 0), sizes[dim] - max(right, 0))
    out = _new(sizes, inner)
    fill_array(out, value)
    out[tuple(place)] = inner
    return out


def _new(sizes, like):
    order = channels_order(like)
    return in_order(sizes, like.dtype, order) if order else np.empty(sizes, like.dtype)


def _constant_pad(input, pad, value=0):
    out = wrap(_around(input._a, pad, value))
    if input._rg and state.enabled:
        record(out, _ConstantPadNdBackward0, (input,), (), (tuple(pad),))
    return out


def _constant_pad_nd(input, pad, value=0):
    """A copy with ``value`` in the elements that ``pad`` adds around it.

    RuntimeError for an odd number of pads, more pairs than dimensions, and where nothing is left to cut off.
    (``torch.constant_pad_nd``)
    """
    if not isinstance(pad, (tuple, list)):
        raise TypeError("pad")
    if not isinstance(value, SCALARS):
        raise TypeError("value")
    pad, a = int_tuple((pad,)), input._a
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) > 2 * a.ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)}while the input has {a.ndim}dimensions."
        )
    for i in range(len(pad) // 2):
        dim, left, right = a.ndim - 1 - i, *[max(-size, 0) for size in pad[2 * i : 2 * i + 2]]
        if left > a.shape[dim] or left + right > a.shape[dim]:
            _narrow(_narrow(input, dim, left, a.shape[dim] - left), dim, 0, a.shape[dim] - left - right)
    return _constant_pad(input, pad, value)


constant_pad_nd = publish(
    "constant_pad_nd", "shape", _constant_pad_nd, differentiable=("self",)
)  # fmt: skip
internal("constant_pad", _around, _constant_pad)


# --- with what is there -------------------------------------------------------------------------------------------


def _reflected(size: int, left: int, right: int):
    places = np.abs(np.arange(-left, size + right))
    return np.where(places >= size, 2 * (size - 1) - places, places)


def _repeated(size: int, left: int, right: int):
    return np.clip(np.arange(-left, size + right), 0, size - 1)


def _sources(sizes, padding, places):
    """For each element of the padded last dimensions the place that it is taken from, those dimensions being one."""
    found = np.zeros((), np.int64)
    for i, size in enumerate(sizes):
        left, right = padding[2 * (len(sizes) - 1 - i) : 2 * (len(sizes) - i)]
        found = found[..., None] * size + places(size, left, right)
    return found


def _mode(name: str, called: str, places):
    """What ``reflect`` and ``replicate`` are: of one, two or three dimensions, with nodes of their own."""

    def taken(a, padding):
        count = len(padding) // 2
        found = _sources(a.shape[-count:], padding, places)
        flat = np.ascontiguousarray(a).reshape(*a.shape[:-count], math.prod(a.shape[-count:]))
        out = _new((*a.shape[:-count], *found.shape), a)
        out[...] = flat[..., found.reshape(-1)].reshape(out.shape)
        return out

    def given_back(grad, sizes, padding):
        count = len(padding) // 2
        found = _sources(sizes[-count:], padding, places).reshape(-1)
        rows = grad.reshape(-1, found.size) if grad.size else grad.reshape(math.prod(sizes[:-count]), found.size)
        out = np.zeros((len(rows), math.prod(sizes[-count:])), grad.dtype)
        np.add.at(out, (slice(None), found), rows)
        return out.reshape(sizes)

    def forward(input, padding):
        out = wrap(taken(input._a, padding))
        if input._rg and state.enabled:
            record(out, nodes[len(padding) // 2], (input,), (input,), (tuple(padding),))
        return out

    def backward(grad, input, padding):
        out = wrap(given_back(grad._a, input._a.shape, padding))
        if recording(grad, input):
            record(out, back_nodes[len(padding) // 2], (grad, input), (), (tuple(padding), input._a.shape))
        return out

    internal(f"pad_by_{name}", taken, forward)
    internal(f"pad_by_{name}_backward", lambda grad, a, padding: given_back(grad, a.shape, padding), backward)
    nodes, back_nodes = {}, {}
    for n in (1, 2, 3):
        nodes[n] = node_class(
            f"{called}Pad{n}DBackward0", ("self",), saved=("self",), fixed=("padding",),
            derivatives={
                "self": lambda xp, grad, self, padding: getattr(xp, f"pad_by_{name}_backward")(grad, self, padding)
            },
        )  # fmt: skip
        back_nodes[n] = node_class(
            f"{called}Pad{n}DBackwardBackward0", ("grad_output", "self"), fixed=("padding", "shape"),
            derivatives={
                "grad_output": lambda xp, grad, padding: getattr(xp, f"pad_by_{name}")(grad, padding),
                "self": lambda xp, grad, shape: xp.zeros_of(grad, shape),
            },
        )  # fmt: skip
    return forward


_reflect = _mode("reflection", "Reflection", _reflected)
_replicate = _mode("replication", "Replication", _repeated)


def _check_source(input, padding, mode: str) -> None:
    a, count = input._a, len(padding) // 2
    kernel = f"{'reflection' if mode == 'reflect' else 'replication'}_pad{count}d"
    if not all(a.shape[-count:]) or (a.ndim == count + 1 and not a.shape[0]) or not all(a.shape[-count - 1 : -count]):
        raise RuntimeError(
            f"Expected {count + 1}D or {count + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(a.shape)}"
        )
    pairs = [padding[2 * i : 2 * i + 2] for i in range(count)]
    for i, (left, right) in enumerate(pairs) if mode == "reflect" else ():
        dim = a.ndim - 1 - i
        if left >= a.shape[dim] or right >= a.shape[dim]:
            raise RuntimeError(
                f"Argument #{4 + 2 * i}: Padding size should be less than the corresponding input dimension, but got: "
                f"padding ({left}, {right}) at dimension {dim} of input {list(a.shape)}"
            )
    for i, pair in enumerate(pairs):
        if a.shape[a.ndim - 1 - i] + sum(pair) < 0:
            if count == 1:
                size = a.shape[-1]
                raise RuntimeError(f"input (W: {size}) is too small. Calculated output W: {size + sum(pair)}")
            sizes = [*a.shape[:-count], *[a.shape[a.ndim - 1 - k] + sum(pairs[k]) for k in range(count)][::-1]]
            raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {sizes}")
    if a.dtype.kind == "b":
        raise _errors.not_implemented(kernel, input)


def _circular(input, padding):
    """Written piece by piece into a new tensor, as in torch, whose graph shows it."""
    count, ndim = len(padding) // 2, input._a.ndim
    sizes = list(input._a.shape)
    pads = {ndim - 1 - i: padding[2 * i : 2 * i + 2] for i in range(count)}
    for dim in sorted(pads):
        left, right = pads[dim]
        if left > sizes[dim] or right > sizes[dim]:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if sizes[dim] + left + right < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
        sizes[dim] += left + right
    out = wrap(np.empty(sizes, input._a.dtype))
    inner, source = out, input
    for dim in sorted(pads, reverse=True):
        left, right = pads[dim]
        inner = _piece(inner, dim, max(left, 0), sizes[dim] - max(right, 0))
        source = _piece(source, dim, max(-left, 0), input._a.shape[dim] - max(-right, 0))
    inner.copy_(source)
    for dim in sorted(pads):
        left, right = pads[dim]
        if left > 0:
            end = sizes[dim] - max(right, 0)
            _piece(out, dim, 0, left).copy_(_piece(out, dim, end - left, end))
        if right > 0:
            start = max(left, 0)
            _piece(out, dim, sizes[dim] - right, sizes[dim]).copy_(_piece(out, dim, start, start + right))
    return out


def _piece(input, dim: int, start: int, end: int):
    return _slice(input, dim, slice(start, end, 1), None, dim)


def _pad(input, pad, mode="constant", value=None):
    """A copy with more elements around it: ``value`` (0), reflected ones, those of the edge, or of the other end.

    ``mode`` is "constant", "reflect", "replicate" or "circular"; the last three pad the last one to three dimensions
    behind one or two others. RuntimeError for pads that do not fit, NotImplementedError for other modes and numbers of
    dimensions. (``torch.nn.functional.pad``)
    """
    if not isinstance(pad, (tuple, list)) or not isinstance(mode, str):
        raise TypeError("pad")
    if value is not None and (not isinstance(value, SCALARS) or isinstance(value, complex)):
        raise TypeError("value")
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    pad, ndim = int_tuple((pad,)), input._a.ndim
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {ndim}"
        )
    if mode == "constant":
        return _constant_pad_nd(input, pad, 0.0 if value is None else value)
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    count = len(pad) // 2
    if count not in (1, 2, 3) or ndim - count not in (1, 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {ndim}D input tensor.\nSupported combinations for "
            "non-constant padding:\n  - 2D or 3D input: padding size = 2 (pads last dimension)\n  - 3D or 4D input: "
            "padding size = 4 (pads last 2 dimensions)\n  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    if mode == "circular":
        return _circular(input, pad)
    _check_source(input, pad, mode)
    return (_reflect if mode == "reflect" else _replicate)(input, pad)


pad = publish("pad", "nn", _pad, differentiable=("self",))
