"""dtypes, the default dtype, and torch's promotion rule.

To add a dtype, add one row to the table at the end of ``dtype`` and a lane to ``promote``.
"""

from __future__ import annotations

import builtins

import numpy as np


class dtype:
    """An element type, as ``torch.dtype``: ``is_floating_point``, ``is_complex``, ``is_signed``, ``itemsize``."""

    __slots__ = ("_name", "_numpy", "category", "is_complex", "is_floating_point", "is_signed", "itemsize")
    __module__ = "torch"

    def __new__(cls, *args: object) -> dtype:
        if "complex128" in globals():
            raise TypeError("cannot create 'torch.dtype' instances")
        return object.__new__(cls)

    def __init__(self, name: str, numpy_type: type, category: builtins.int) -> None:
        self._name = name
        self._numpy = np.dtype(numpy_type)
        self.category = category  # 0 bool, 1 integer, 2 floating point, 3 complex
        self.is_complex = category == 3
        self.is_floating_point = category == 2
        self.is_signed = numpy_type not in (np.bool_, np.uint8)
        self.itemsize = self._numpy.itemsize

    def __repr__(self) -> str:
        return "torch." + self._name

    def __getattr__(self, name: str):
        raise AttributeError(f"'torch.dtype' object has no attribute '{name}'")

    def __reduce__(self):
        return _named, (self._name,)

    def to_real(self) -> dtype:
        return {"complex64": float32, "complex128": float64}.get(self._name, self)

    def to_complex(self) -> dtype:
        if self is float16:
            raise NotImplementedError("shimtorch does not offer complex32, the complex dtype of float16")
        return {"float32": complex64, "float64": complex128}.get(self._name, self)


def _named(name: str) -> dtype:
    return next(kind for kind in ALL if kind._name == name)


bool = bool_ = dtype("bool", np.bool_, 0)
uint8 = dtype("uint8", np.uint8, 1)
int8 = dtype("int8", np.int8, 1)
int16 = short = dtype("int16", np.int16, 1)
int32 = int = dtype("int32", np.int32, 1)
int64 = long = dtype("int64", np.int64, 1)
float16 = half = dtype("float16", np.float16, 2)
float32 = float = dtype("float32", np.float32, 2)
float64 = double = dtype("float64", np.float64, 2)
complex64 = cfloat = dtype("complex64", np.complex64, 3)
complex128 = cdouble = dtype("complex128", np.complex128, 3)

ALL = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64, complex64, complex128)
OF_NUMPY = {d._numpy: d for d in ALL}


def _promote(a: dtype, b: dtype) -> dtype:
    if a.category == b.category:
        return OF_NUMPY[np.promote_types(a._numpy, b._numpy)]
    low, high = (a, b) if a.category < b.category else (b, a)
    return complex128 if high is complex64 and low is float64 else high


PROMOTED = {(a, b): _promote(a, b) for a in ALL for b in ALL}

_default = float32


def get_default_dtype() -> dtype:
    """The floating-point dtype of new tensors made from Python floats (``torch.get_default_dtype``)."""
    return _default


def set_default_dtype(d: dtype, /) -> None:
    """Set the default floating-point dtype (``torch.set_default_dtype``); TypeError unless it is one."""
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def of_scalar(value: object) -> dtype:
    """The dtype a bare Python or NumPy scalar counts as when it meets a tensor."""
    if isinstance(value, (builtins.bool, np.bool_)):
        return bool_
    if isinstance(value, (builtins.int, np.integer)):
        return int64
    if isinstance(value, (builtins.float, np.floating)):
        return _default
    return _default.to_complex()


def result_of(dimensioned: dtype | None, zero_dim: dtype | None, scalar: dtype | None) -> dtype:
    """torch's rule: a lower class of operand counts only if its category is higher."""
    return _combine(dimensioned, _combine(zero_dim, scalar))


def _combine(higher, lower):
    if higher is None or lower is None:
        return higher or lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if higher is bool_ or lower.is_floating_point or lower.is_complex:
        return PROMOTED[higher, lower]
    return higher
