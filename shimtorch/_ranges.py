"""Tensors of numbers that follow a rule: ``arange``, ``linspace``, ``logspace``, ``eye``."""

from __future__ import annotations

import math
import operator

import numpy as np

from . import _dtypes
from ._errors import not_implemented
from ._factories import _finish, _options
from ._fused import multiply_add_32, multiply_add_64
from ._tensor import Tensor, c_name, scalar_type_name, wrap
from .ops._define import SCALARS, fill_array, publish, quietly

_I64 = np.dtype("int64")

# --- arange -------------------------------------------------------------------------------------------------------


def _arange(*args, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **bounds):
    """The numbers from ``start`` (0) up to but not including ``end`` in steps of ``step`` (1), as a vector.

    int64 if all of them are integers, else the default dtype. (``torch.arange``)
    """
    plain = dtype is None and layout is None and device is None and not requires_grad and not pin_memory and not bounds
    if plain and len(args) == 1 and type(args[0]) is int and 0 <= args[0] < 1 << 32:
        return wrap(np.arange(args[0], dtype=_I64))
    alone = len(args) == 1 and "end" not in bounds
    named = dict(zip(("end",) if alone else ("start", "end", "step"), args, strict=False))
    if len(args) > 3 or bounds.keys() - {"start", "end", "step"} or bounds.keys() & named.keys():
        raise TypeError("bounds")
    named.update(bounds)
    if "end" not in named:
        raise TypeError("end")
    start, end, step = (_bound(named.get(name, default)) for name, default in (("start", 0), ("end", 0), ("step", 1)))
    whole = all(isinstance(v, int) for v in (start, end, step))
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or (_dtypes.int64 if whole else _dtypes._default)
    if dtype.category in (0, 3):
        raise not_implemented("arange_cpu", dtype)
    if any(isinstance(v, complex) for v in (start, end, step)):
        raise RuntimeError("value cannot be converted to type double without overflow")
    if step == 0 or step != step:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    if (step > 0) != (end >= start) and start != end:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = math.ceil((end - start) / step)
    if dtype.category == 1:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
        if not all(-(2**63) <= bound < 2**63 for bound in (start, end, step)):
            raise RuntimeError("value cannot be converted to type int64_t without overflow")
        if dtype is _dtypes.int64:
            return _finish(np.arange(start, end, step, np.int64), requires_grad)
        return _finish((start + step * np.arange(count)).astype(dtype._numpy), requires_grad)
    return _finish(quietly(_ranged, start, step, count, dtype._numpy), requires_grad)


def _ranged(start, step, count: int, kind):
    """torch computes 32 bytes at once, from a first value that is already rounded to the result's dtype."""
    lanes = 32 // kind.itemsize
    out = multiply_add_64(float(step), np.arange(count, dtype=np.float64), float(start))
    whole = count // (2 * lanes) * (2 * lanes)
    first = out[:whole:lanes].astype(kind).astype(np.float64)
    out[:whole] = multiply_add_64(float(step), np.arange(lanes, dtype=np.float64), first[:, None]).ravel()
    return out.astype(kind)


def _bound(value):
    if isinstance(value, Tensor) and value.ndim == 0 and not value._rg:
        value = value.item()
    if not isinstance(value, SCALARS):
        raise TypeError("bound")
    return operator.index(value) if isinstance(value, (int, np.integer, np.bool_)) else value


arange = publish("arange", "factory", _arange)


# --- linspace and logspace ----------------------------------------------------------------------------------------


def _end_points(name: str, start, end):
    """Both as numbers; RuntimeError for tensors of one dimension and more."""
    tensors = [(which, value) for which, value in (("start", start), ("end", end)) if isinstance(value, Tensor)]
    if any(value._a.ndim for _, value in tensors):
        found = " and ".join(f"{which} with {value._a.ndim} dimension(s)" for which, value in tensors)
        raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {found}.")
    values = [value._a.item() if isinstance(value, Tensor) else value for value in (start, end)]
    if not all(isinstance(value, SCALARS) for value in values):
        raise TypeError("bound")
    return values


def _stepped(name: str, start, end, steps, options):
    """What ``linspace`` and ``logspace`` have in common: both ends and how many, as numbers, and the dtype."""
    asked = _options(*options)
    count = steps
    if type(count) is not int:
        if isinstance(count, bool):
            raise TypeError("steps")
        count = operator.index(count)
    start, end = _end_points(name, start, end)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    dtype = asked or _dtypes._default
    if isinstance(start, (complex, np.complexfloating)) or isinstance(end, (complex, np.complexfloating)):
        inferred = _dtypes._default.to_complex()
        if asked is None:
            dtype = inferred
        elif asked.category < 3:
            have, want = c_name(wrap(np.empty(0, inferred._numpy))), scalar_type_name(asked)
            raise RuntimeError(f"torch.{name}(): inferred dtype {have} can't be safely cast to passed dtype {want}")
    return start, end, count, dtype


def _converted(value, kind: np.dtype):
    """The number in the dtype; RuntimeError if it does not fit."""
    if kind.char in "fd" and -1e38 < value < 1e38:
        return kind.type(value)
    out = np.empty((), kind)
    fill_array(out, value)
    return out[()]


def _linspace(
    start, end, steps, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):  # fmt: skip
    """``steps`` numbers from ``start`` to ``end``, both included, at even distances, as a vector.

    The bounds are numbers or 0-d tensors. RuntimeError for negative ``steps``, and for complex bounds where another
    dtype is asked for. (``torch.linspace``)
    """
    options = dtype, layout, device, requires_grad, pin_memory
    start, end, count, dtype = _stepped("linspace", start, end, steps, options)
    kind = dtype._numpy
    if count == 0:
        return _finish(np.empty(0, kind), requires_grad)
    if count == 1:
        out = np.empty(1, kind)
        fill_array(out, start)
        return _finish(out, requires_grad)
    if dtype.category == 0:
        raise not_implemented("linspace_cpu", dtype)
    return _finish(quietly(_evenly, _converted(start, kind), _converted(end, kind), count, kind), requires_grad)


def _evenly(first, last, count: int, kind: np.dtype) -> np.ndarray:
    """Numbers from both ends to the middle, in float64 for integers, and with a fused step except for float16."""
    if kind.kind == "c":
        parts = [_evenly(getattr(first, p), getattr(last, p), count, getattr(first, p).dtype) for p in ("real", "imag")]
        out = np.empty(count, kind)
        out.real, out.imag = parts
        return out
    if kind.kind in "iu":
        first, last = np.float64(first), np.float64(last)
    number = first.dtype.type
    step = (last - first) / number(count - 1)
    half = count // 2
    # Steps upwards from the first number, and with the sign of steps downwards, from the last one.
    steps = np.arange(count).astype(number)
    steps[half:] -= number(count - 1)
    ends = np.empty(count, number)
    ends[:half], ends[half:] = first, last
    if number is np.float16:
        steps *= step
        steps += ends
        return steps
    fused = multiply_add_32 if number is np.float32 else multiply_add_64
    return fused(steps, step, ends).astype(kind, copy=False)


def _logspace(
    start, end, steps, base=10.0, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):  # fmt: skip
    """``base`` to the powers that ``linspace(start, end, steps)`` gives, as a vector.

    RuntimeError for negative ``steps``, and for complex bounds where another dtype is asked for. (``torch.logspace``)
    """
    if not isinstance(base, SCALARS) or isinstance(base, (complex, np.complexfloating)):
        if not isinstance(base, Tensor) or base._a.ndim or base._rg:
            raise TypeError("base")
        base = base._a.item()
    options = dtype, layout, device, requires_grad, pin_memory
    start, end, count, dtype = _stepped("logspace", start, end, steps, options)
    kind = dtype._numpy
    if count == 0:
        return _finish(np.empty(0, kind), requires_grad)
    if count == 1:
        out = np.empty(1, kind)
        fill_array(out, _complex_power(base, start) if isinstance(start, complex) else _power(base, start))
        return _finish(out, requires_grad)
    if dtype.category == 0:
        raise not_implemented("logspace_cpu", dtype)
    first, last = _converted(start, kind), _converted(end, kind)
    return _finish(quietly(_powers, float(base), first, last, count, kind), requires_grad)


def _powers(base: float, first, last, count: int, kind: np.dtype) -> np.ndarray:
    """In float64, but the difference of the bounds in the result's dtype, and complex numbers entirely in it."""
    half = count // 2
    up, down = np.arange(half), np.arange(count - half - 1, -1, -1)
    if kind.kind == "c":
        number = first.real.dtype.type
        step = (last - first) / number(count - 1)
        exponents = np.concatenate([first + step * up.astype(number), last - step * down.astype(number)])
        return np.exp(exponents * np.log(kind.type(base)))
    first, step = float(first), float(int(last) - int(first) if kind.kind in "iu" else last - first) / (count - 1)
    exponents = np.concatenate([first + step * up, float(last) - step * down])
    if kind.char == "d":  # the C library's function, as torch's is; NumPy's own differs where there is AVX512
        return np.array([_power(base, exponent) for exponent in exponents.tolist()])
    return np.power(base, exponents).astype(np.float32 if kind.char == "e" else kind).astype(kind)


def _power(base, exponent) -> float:
    try:
        return math.pow(base, exponent)
    except (OverflowError, ValueError):
        return quietly(np.power, float(base), float(exponent)).item()


def _complex_power(base, exponent: complex) -> complex:
    if not base > 0:
        return quietly(np.power, complex(base), exponent).item()
    size, angle = _power(base, exponent.real), exponent.imag * math.log(base)
    return complex(size * math.cos(angle), size * math.sin(angle))


linspace = publish("linspace", "factory", _linspace)
logspace = publish("logspace", "factory", _logspace)

# --- eye ----------------------------------------------------------------------------------------------------------


_ABSENT = object()


def _eye(n, m=_ABSENT, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """A matrix of ``n`` rows and ``m`` columns (``n`` unless given) with ones on its diagonal, zeros elsewhere.

    RuntimeError for negative sizes. (``torch.eye``)
    """
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes._default
    sizes = []
    for name, size in (("n", n), ("m", n if m is _ABSENT else m)):
        if type(size) is not int:
            if isinstance(size, bool):
                raise TypeError(name)
            size = operator.index(size)
        if size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
        sizes.append(size)
    out = np.zeros(sizes, dtype._numpy)
    out.reshape(-1)[: sizes[1] * sizes[1] : sizes[1] + 1] = 1
    return _finish(out, requires_grad)


eye = publish("eye", "factory", _eye)
