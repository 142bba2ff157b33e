"""Pointwise operators.

To add one: give ``unary`` or ``binary`` its computation on arrays, its grad_fn name and one derivative per
input; what a derivative's parameters name is saved. Integers reach a row's computation only as its
``to_float`` says. Then add the public name to the package's ``__init__``.
"""

from __future__ import annotations

import math

import numpy as np

from .. import _dtypes, _errors
from .._floating import QUIET, reset_floating, set_floating
from .._fused import multiply_add_64
from .._layout import laid_out, refuse_overlap
from .._signature_table import SIGNATURES
from .._signatures import deprecation
from .._tensor import Tensor, c_name, scalar_type_name, wrap
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.nodes import extra_of
from ..autograd.rebasing import rebase, written
from ._define import (
    F16,
    F32,
    F64,
    OVERLOADS,
    SCALARS,
    ZERO,
    as_operand,
    before_inplace,
    binary,
    binary_core,
    common_dtype,
    fill_array,
    internal,
    larger,
    publish,
    publish_inplace,
    quietly,
    record,
    recording,
    refuse_kinds,
    scalar_array,
    smaller,
    unary,
)
from .shape import cast_array, clone, warn_of_complex

# --- what derivatives use -----------------------------------------------------------------------------------------


def _conj(x):
    return x.conj() if x.dtype.kind == "c" else x


def _conj_tensor(x):
    if isinstance(x, Tensor):
        return conj_physical(x) if x._a.dtype.kind == "c" else x
    return x if isinstance(x, bool) else x.conjugate()


internal("conj", lambda x: _conj(x) if isinstance(x, (np.ndarray, np.generic)) else x.conjugate(), _conj_tensor)
internal("zeros_like", np.zeros_like, lambda x: wrap(np.zeros_like(x._a)))
conj_physical = unary(
    "_conj", np.conjugate, grad_fn="ConjBackward0", methods=(), says="",
    self=lambda xp, grad: xp.conj(grad),
)  # fmt: skip


# --- arithmetic ---------------------------------------------------------------------------------------------------


def _negate(a):
    if a.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        )
    r = np.negative(a)
    if a.dtype.kind == "c" and a.size >= 4:  # of which torch subtracts whole vectors from 0, which leaves no -0.0
        flat = r.T.reshape(-1) if r.flags.f_contiguous else r.reshape(-1)
        flat[: r.size - r.size % _COMPLEX_LANES[r.dtype.char]] += 0
    return r


_COMPLEX_LANES = {"F": 8, "D": 4}


neg = unary(
    "neg", _negate, grad_fn="NegBackward0", to_float=False, aliases=("negative",), dunders=("__neg__",),
    says="The negative of each element. RuntimeError for bools.",
    self=lambda xp, grad: -grad,
)  # fmt: skip


def _is_bool(operand) -> bool:
    return operand._a.dtype.kind == "b" if isinstance(operand, Tensor) else isinstance(operand, (bool, np.bool_))


def _no_bool_subtraction(input, other):
    bools = _is_bool(input), _is_bool(other)
    if all(bools):
        raise _errors.first(
            RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
                "operator instead."
            )
        )
    if any(bools):
        raise _errors.first(
            RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
                "mask, use the `~` or `logical_not()` operator instead."
            )
        )


def _with_alpha(core):
    """``other`` scaled by ``alpha`` first; the graph is the same node, with the scaled derivative."""

    def forward(input, other, *, alpha=1, _node=None):
        if type(alpha) is int and alpha == 1 and _node is None:
            return core(input, other)
        return _scaled(core, input, other, alpha, _node)

    return forward


def _scaled(core, input, other, alpha, name):
    if not isinstance(alpha, SCALARS):
        raise TypeError("alpha")
    if not isinstance(other, (Tensor, *SCALARS)):
        return NotImplemented
    probe = core(input.detach(), other.detach() if isinstance(other, Tensor) else other)
    if isinstance(alpha, bool) and probe._a.dtype.kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, (float, complex)) and probe._a.dtype.kind in "biu":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if isinstance(alpha, complex) and probe._a.dtype.kind != "c":
        raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")
    term = other._a if isinstance(other, Tensor) else scalar_array(other)
    kind = probe._a.dtype
    wide = F64 if kind is F32 else F32 if kind is F16 else kind
    signed = -alpha if core is sub_core and not isinstance(alpha, (bool, np.bool_)) else alpha  # an integer has no -0
    a, factor = input._a.astype(wide), scalar_array(signed).astype(F32 if kind is F32 else wide).astype(wide)
    if kind is F64:
        out = wrap(np.asarray(quietly(multiply_add_64, term.astype(F64), factor, a)))
    else:
        out = wrap(quietly(lambda: (a + term.astype(kind).astype(wide) * factor).astype(kind)))
    if out._a.ndim > 1:
        out._a = laid_out(out._a, *((input._a, other._a) if isinstance(other, Tensor) else (input._a,)))
    is_tensor = isinstance(other, Tensor)
    if name is not None and recording(input):
        record(out, _SubBackward1, (input,))
    elif recording(input, other if is_tensor else None):
        name = "SubBackward0" if core is sub_core else "AddBackward0"
        record(out, _SCALED_NODES[name], (input, other if is_tensor else None), (), (alpha,))
        operands = [(t._a.shape, t._a.dtype) if t is not None else None for t in (input, other if is_tensor else None)]
        extra_of(out._node).operands = operands
    return out


_SubBackward1 = node_class("SubBackward1", ("self",), {"self": lambda xp, grad: grad})
_SCALED_NODES = {
    name: node_class(
        name, ("self", "other"), fixed=("alpha",),
        derivatives={"self": lambda xp, grad: grad, "other": scaled},
    )
    for name, scaled in (
        ("AddBackward0", lambda xp, grad, alpha: xp.mul_scalar(grad, alpha.conjugate())),
        ("SubBackward0", lambda xp, grad, alpha: xp.mul_scalar(-grad, alpha.conjugate())),
    )
}  # fmt: skip


def _added(factor: int):
    """As torch adds complex numbers: ``a + factor * b``, where an infinite part of ``b`` makes the other NaN."""
    return lambda a, b: np.add(a, np.multiply(b, a.dtype.type(factor)))


add = binary(
    "add", numbers=True, compute=np.add, of_complex=_added(1), grad_fn="AddBackward0",
    dunders=("__add__", "__radd__", "__iadd__"), forward=_with_alpha,
    says="``input + alpha * other``, element by element.",
    self=lambda xp, grad: grad,
    other=lambda xp, grad: grad,
)  # fmt: skip
sub = binary(
    "sub", numbers=True, compute=np.subtract, of_complex=_added(-1), grad_fn="SubBackward0",
    dunders=("__sub__", "__isub__"), forward=_with_alpha,
    says="``input - alpha * other``, element by element. RuntimeError for bools.",
    aliases=("subtract",), check=_no_bool_subtraction,
    self=lambda xp, grad: grad,
    other=lambda xp, grad: -grad,
)  # fmt: skip
sub_core = Tensor.__sub__


def _alpha_second(name, method, input, alpha, other, **options):
    """``add(input, alpha, other)``, as torch once had it; ``subtract(input, number, alpha)`` is one with a number."""
    if name.startswith("subtract"):
        return (input, alpha), {"alpha": other, "_node": "SubBackward1", **options}
    warn(deprecation(name, SIGNATURES["add"][method], 0), once="deprecated overload")
    return (input, other), {"alpha": alpha, **options}


OVERLOADS["add"] = OVERLOADS["sub"] = OVERLOADS["subtract"] = _alpha_second
mul = binary(
    "mul", numbers=True, compute=np.multiply, grad_fn="MulBackward0",
    dunders=("__mul__", "__rmul__", "__imul__"), aliases=("multiply",),
    says="The product, element by element.",
    self=lambda xp, grad, other: grad * xp.conj(other),
    other=lambda xp, grad, self: grad * xp.conj(self),
)  # fmt: skip


def _with_rounding(core):
    def forward(input, other, *, rounding_mode=_UNSET):
        if rounding_mode is _UNSET:
            return core(input, other)
        if rounding_mode is None:
            return _div_plain(input, other)
        if not isinstance(rounding_mode, str):
            raise TypeError("rounding_mode")
        if rounding_mode not in ("trunc", "floor"):
            raise _errors.first(
                RuntimeError(
                    "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '"
                    + rounding_mode
                    + "'"
                )
            )
        return (_div_floor if rounding_mode == "floor" else _div_trunc)(input, other)

    return forward


def _against(grad, slope):
    """``-grad * slope``; where that is recorded, the slope came first, as torch computes factors from right to left."""
    return -grad * slope


_UNSET = "unset"
_QUOTIENT = {
    "self": lambda xp, grad, other: grad / xp.conj(other),
    "other": lambda xp, grad, self, other: _against(grad, xp.conj((self / other) / other)),
}
div = binary(
    "div", numbers=True, compute=np.divide, grad_fn="DivBackward0",
    dunders=("__truediv__", "__itruediv__"), to_float=True,
    says='The quotient; integers become the default dtype unless ``rounding_mode`` is "floor" or "trunc".',
    aliases=("divide",), forward=_with_rounding, **_QUOTIENT,
)  # fmt: skip
true_divide = binary(
    "true_divide", numbers=True, compute=np.divide, grad_fn="DivBackward0", to_float=True, **_QUOTIENT,
    says="The quotient, element by element; integers become the default dtype.",
)  # fmt: skip


def _refuse_zero(a, b):
    _errors.require_broadcast(a.shape, b.shape)
    if a.dtype.kind in "bc":
        raise TypeError("no kernel")
    if b.dtype.kind in "biu" and a.size and not b.all():
        raise RuntimeError("ZeroDivisionError")


def _floor_quotient(a, b):
    """Rounds down as torch does: from the exact remainder, not by flooring a rounded quotient."""
    _refuse_zero(a, b)
    if a.dtype.kind in "iu":
        return np.floor_divide(a, b)
    if a.dtype is F16:
        return _floor_quotient(a.astype(F32), b.astype(F32)).astype(F16)
    remainder = np.fmod(a, b)
    quotient = (a - remainder) / b
    quotient = np.where((remainder != 0) & ((b < 0) != (remainder < 0)), quotient - 1, quotient)
    floor = np.floor(quotient)
    floor = np.where(quotient - floor > 0.5, floor + 1, floor)
    floor = np.where(quotient == 0, np.copysign(np.zeros_like(quotient), a / b), floor)
    return np.where(b == 0, a / b, floor).astype(a.dtype)


def _trunc_quotient(a, b):
    _refuse_zero(a, b)
    if a.dtype.kind in "iu":
        quotient = np.floor_divide(a, b)
        return quotient + ((quotient < 0) & (quotient * b != a)).astype(a.dtype)
    return np.trunc(a / b)


_ZERO_GRADIENT = {
    "self": lambda xp, grad, other: xp.zeros_like(grad),
    "other": lambda xp, grad, self, other: xp.zeros_like(grad),
}


def _rounding(mode, compute, **row):
    """Division with this ``rounding_mode``, which the node keeps as ``fixed``."""
    core = binary_core(compute, grad_fn="DivBackward2", **row)

    def forward(input, other):
        out = core(input, other)
        if type(out) is Tensor and out._rg:
            out._node.fixed = mode
        return out

    return forward


_div_plain = _rounding(None, np.divide, to_float=True, **_QUOTIENT)
_div_floor = _rounding(
    "floor", _floor_quotient, direct="iuf", check=refuse_kinds("div_floor_cpu", "b", "c"), **_ZERO_GRADIENT
)
_div_trunc = _rounding(
    "trunc", _trunc_quotient, direct="iuf", check=refuse_kinds("div_trunc_cpu", "b", "c"), **_ZERO_GRADIENT
)


def _sign_like(remainder, b):
    return np.where((remainder != 0) & ((b < 0) != (remainder < 0)), remainder + b, remainder)


def _modulus(a, b):
    _refuse_zero(a, b)
    if a.dtype is F16:
        return _modulus(a.astype(F32), b.astype(F32)).astype(F16)
    return np.remainder(a, b) if a.dtype.kind in "iu" else _sign_like(np.fmod(a, b), b).astype(a.dtype)


_remainder_of_number = binary_core(_modulus, undefined="remainder", check=refuse_kinds("remainder_cpu", "b", "c"))


def _number_modulus(core):
    def forward(input, other):
        if isinstance(input, SCALARS) and isinstance(other, Tensor):
            return _remainder_of_number(as_operand(input, other), other)
        return core(input, other)

    return forward


floor_divide = binary(
    "floor_divide", _floor_quotient, dunders=("__floordiv__", "__ifloordiv__"), undefined="floor_divide",
    says="The quotient rounded down; it has no derivative. RuntimeError for an integer division by zero.",
    direct="iuf", check=refuse_kinds("div_floor_cpu", "b", "c"), numbers=True,
)  # fmt: skip
_floor_divided = binary_core(
    _floor_quotient, undefined="floor_divide_", direct="iuf", check=refuse_kinds("div_floor_cpu", "b", "c")
)
publish_inplace("floor_divide", "binary", _floor_divided, dunders=("__ifloordiv__",))
remainder = binary(
    "remainder", _modulus, grad_fn=("RemainderBackward1", "RemainderBackward0"), dunders=("__mod__", "__imod__"),
    says="The remainder of division, with the divisor's sign, element by element.",
    direct="iuf", check=refuse_kinds("remainder_cpu", "b", "c"), forward=_number_modulus,
    self=lambda xp, grad: grad,
    other=lambda xp, grad, self, other: _against(grad, xp.div_floor(self, other)),
)  # fmt: skip
internal("div_floor", lambda a, b: _floor_quotient(np.asarray(a), np.asarray(b)), _div_floor)


def _positive(input):
    """The tensor itself; RuntimeError for bools. (``torch.positive``)"""
    if input._a.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


positive = publish("positive", "unary", _positive, methods=("positive",), dunders=("__pos__",))


# --- scalar forms that torch's own formulas use: one edge, and a name of their own ----------------------------------


def _scalar_form(name: str, compute, grad_fn: str, derivative):
    cls = node_class(grad_fn, ("self",), {"self": derivative}, fixed=("other",))

    def on_tensor(input, scalar):
        out = wrap(quietly(on_array, input._a, scalar))
        if recording(input):
            record(out, cls, (input,), (), (scalar,))
            if out._a.dtype is not input._a.dtype:
                extra_of(out._node).operands = ((input._a.shape, input._a.dtype),)
        return out

    def on_array(a, scalar):
        if a.dtype.kind in "biu":
            kind = _dtypes.result_of(_dtypes.OF_NUMPY[a.dtype], None, _dtypes.of_scalar(scalar))._numpy
            return compute(a.astype(kind), scalar_array(scalar).astype(kind))
        if a.dtype is F16:  # torch does not round the number to half precision
            return compute(a.astype(F32), F32.type(scalar)).astype(F16)
        return compute(a, scalar if isinstance(scalar, complex) else np.array(scalar, a.dtype))

    internal(name, on_array, on_tensor)


_scalar_form("mul_scalar", np.multiply, "MulBackward1", lambda xp, grad, other: xp.mul_scalar(grad, xp.conj(other)))
_scalar_form("div_scalar", np.divide, "DivBackward1", lambda xp, grad, other: xp.div_scalar(grad, xp.conj(other)))
_scalar_form("add_scalar", np.add, "AddBackward1", lambda xp, grad, other: grad)
_scalar_form("sub_scalar", np.subtract, "SubBackward1", lambda xp, grad, other: grad)


# --- a number as the left operand ---------------------------------------------------------------------------------


def _reciprocal(a):
    return (1 / a.astype(F32)).astype(F16) if a.dtype is F16 else 1 / a


reciprocal = unary(
    "reciprocal", _reciprocal, grad_fn="ReciprocalBackward0",
    says="One divided by each element.",
    self=lambda xp, grad, result: _against(grad, xp.conj(result * result)),
)  # fmt: skip


def _subtracted(xp, grad, alpha):
    return -grad if alpha == 1 else xp.mul_scalar(-grad, alpha.conjugate())


_RsubBackward0 = node_class(
    "RsubBackward0", ("self", "other"), {"self": _subtracted, "other": lambda xp, grad: grad}, fixed=("alpha",)
)
_RsubBackward1 = node_class("RsubBackward1", ("self",), {"self": _subtracted}, fixed=("alpha",))


def _rsub(input, other, *, alpha=1):
    """``other - alpha * input``, element by element. RuntimeError for bools. (``torch.rsub``)"""
    if type(alpha) is not int or alpha != 1 or isinstance(other, Tensor):
        return _rsub_scaled(input, other, alpha)
    if not isinstance(other, SCALARS) or not isinstance(input, Tensor):
        return NotImplemented
    out = sub_core(input, other) if _is_bool(input) or _is_bool(other) else _rsub_core(input, other)
    return _rsub_recorded(out, input, other, 1)


def _rsub_scaled(input, other, alpha):
    if not isinstance(input, Tensor):
        raise TypeError("input")
    if isinstance(other, Tensor):
        out = _with_alpha(sub_core)(other.detach(), input.detach(), alpha=alpha)
    elif not isinstance(other, SCALARS):
        return NotImplemented
    else:
        _no_bool_subtraction(input, other)
        out = _with_alpha(sub_core)(as_operand(other, input), input.detach(), alpha=alpha)
    return _rsub_recorded(out, input, other, alpha)


def _rsub_recorded(out, input, other, alpha):
    operands = (input, other) if isinstance(other, Tensor) else (input,)
    if recording(*operands):
        record(out, (_RsubBackward1, _RsubBackward0)[len(operands) - 1], operands, (), (alpha,))
        if any(t._a.dtype is not out._a.dtype or t._a.shape != out._a.shape for t in operands):
            extra_of(out._node).operands = tuple([(t._a.shape, t._a.dtype) for t in operands])
    return out


_rsub_core = binary_core(lambda a, b: np.subtract(b, a) if a.dtype.kind != "c" else _added(-1)(b, a))


def _rfloordiv(self, other):
    return floor_divide(other, self) if isinstance(other, SCALARS) else NotImplemented


def _rtruediv(self, other):
    # torch multiplies by the reciprocal here, which rounds twice.
    return mul(reciprocal(self), other) if isinstance(other, SCALARS) else NotImplemented


def _rmod(self, other):
    return remainder(other, self) if isinstance(other, SCALARS) else NotImplemented


rsub = publish("rsub", "binary", _rsub, differentiable=("self", "other"))
OVERLOADS["rsub"] = lambda name, method, input, other, alpha: ((input, other), {"alpha": alpha})
Tensor.__rsub__ = _rsub
Tensor.__rtruediv__ = _rtruediv
Tensor.__rfloordiv__ = _rfloordiv
Tensor.__rmod__ = _rmod


# --- functions of one argument ------------------------------------------------------------------------------------


def _absolute(a):
    if a.dtype.kind == "b":
        raise _errors.not_implemented("abs_cpu", wrap(np.asarray(a)))
    return np.absolute(a)


def _no_complex_abs(self):
    if self._a.dtype.kind == "c":
        raise _errors.first(RuntimeError("In-place abs is not supported for complex tensors."))
    return abs(self)


def _sgn(a):
    if a.dtype.kind != "c":  # unlike NumPy's, torch's sign of nan is 0
        if a.dtype.kind == "b":
            return a.copy(order="K")
        return np.sign(a) if a.dtype.kind != "f" else np.subtract(a > 0, a < 0, dtype=np.int8).astype(a.dtype)
    size = np.absolute(a)
    return np.where(size == 0, a.dtype.type(0), a / np.where(size == 0, 1, size)).astype(a.dtype)


def _sgn_derivative(xp, grad, self, result):
    if not xp.is_complex(grad):
        return xp.zeros_like(grad)
    size = xp.abs(self)
    twice, mirrored = xp.mul_scalar(size, 2), xp.conj(grad)  # torch computes factors from right to left
    return xp.masked_zero((grad - result * result * mirrored) / twice, size == 0)


internal("is_complex", lambda a: a.dtype.kind == "c", lambda t: t._a.dtype.kind == "c")
sgn = unary(
    "sgn", _sgn, grad_fn="SgnBackward0", to_float=False,
    says="1, 0 or -1, or, of complex numbers, what has the same angle and the modulus 1.",
    self=_sgn_derivative,
)  # fmt: skip


def _sign(a):
    if a.dtype.kind == "c":
        raise _errors.first(
            NotImplementedError(
                "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
            )
        )
    return _sgn(a)


sign = unary(
    "sign", _sign, grad_fn="SignBackward0", to_float=False,
    says="1, 0 or -1; 0 for nan. NotImplementedError for complex numbers.",
    self=lambda xp, grad: xp.zeros_like(grad),
)  # fmt: skip


def _signbit(input):
    """Whether each element is less than 0, or -0.0. NotImplementedError for complex numbers. (``torch.signbit``)"""
    a = input._a
    if a.dtype.kind == "c":
        raise _errors.first(NotImplementedError("signbit is not implemented for complex tensors."))
    r = np.asarray(np.signbit(a) if a.dtype.kind == "f" else a < ZERO[a.dtype])
    return wrap(r if a.flags.c_contiguous else laid_out(r, a))


signbit = publish("signbit", "comparison", _signbit, methods=("signbit",))

abs = unary(
    "abs", _absolute, grad_fn="AbsBackward0", to_float=False, aliases=("absolute",), dunders=("__abs__",),
    says="The absolute value of each element; real for complex ones.",
    self=lambda xp, grad, self: grad * xp.sgn(self),
)  # fmt: skip
publish_inplace("abs", "unary", _no_complex_abs)
publish_inplace("absolute", "unary", _no_complex_abs)


# --- clamp --------------------------------------------------------------------------------------------------------


def _clamp_scalars(xp, grad, self, least, most):
    if least is not None and most is not None:
        return xp.where((self >= least) & (self <= most), grad, 0)
    return xp.where(self >= least, grad, 0) if most is None else xp.where(self <= most, grad, 0)


def _clamp_least(xp, grad, self, min, max):
    return xp.where(self < min, grad, 0) if max is None else xp.where((min < max) & (self < min), grad, 0)


def _clamp_most(xp, grad, self, min, max):
    return xp.where(self > max, grad, 0) if min is None else xp.where((self > max) | (max < min), grad, 0)


_ClampBackward1 = node_class(
    "ClampBackward1", ("self",), {"self": _clamp_scalars}, saved=("self",), fixed=("least", "most")
)
_ClampBackward0 = node_class(
    "ClampBackward0", ("self", "of_least", "of_most"), saved=("self", "min", "max"), optional=("min", "max"),
    derivatives={
        "self": lambda xp, grad, self, min, max: _clamp_scalars(xp, grad, self, min, max),
        "of_least": _clamp_least, "of_most": _clamp_most,  # in this order, and before "self"
    },
)  # fmt: skip


def _clamp(input, min=None, max=None):
    """Each element, at least ``min`` and at most ``max``: numbers, tensors that broadcast, or None for one of them.

    NotImplementedError for complex numbers. (``torch.clamp``)
    """
    a = input._a
    plain = (a.dtype is F32 or a.dtype is F64) and a.flags.c_contiguous and type(min) in _PLAIN and type(max) in _PLAIN
    if plain and (min is not None or max is not None):
        return _clamp_plainly(input, min, max)
    bounds = [b for b in (min, max) if b is not None]
    if any(not isinstance(b, (Tensor, *SCALARS)) for b in bounds):
        raise TypeError("min")
    if not bounds:
        raise _errors.first(RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None"))
    if any(isinstance(b, Tensor) for b in bounds):
        return _clamp_tensors(input, min, max)
    if any(isinstance(b, (complex, np.complexfloating)) for b in bounds):
        if a.dtype.kind != "f":
            raise _errors.first(NotImplementedError("clamp is not supported for complex types"))
        if any(b.imag for b in bounds):
            raise _errors.first(RuntimeError("value cannot be converted to type double without overflow"))
        min, max = (None if b is None else b.real for b in (min, max))
        bounds = [b for b in (min, max) if b is not None]
    common = input.dtype
    for bound in bounds:
        common = _dtypes.result_of(*((common, None) if a.ndim else (None, common)), _dtypes.of_scalar(bound))
    if common.is_complex:
        raise _errors.first(NotImplementedError("clamp is not supported for complex types"))
    kind = common._numpy
    for bound in bounds if kind.kind in "iuf" else ():
        fill_array(np.empty(2, kind), bound)  # which refuses what the dtype cannot hold
    if kind.kind == "b":
        which = "" if len(bounds) == 2 else "min_" if max is None else "max_"
        raise _errors.not_implemented(f"clamp_{which}scalar_cpu", common)
    least, most = (None if b is None else scalar_array(b).astype(kind) for b in (min, max))
    out = wrap(quietly(_bounded, a.astype(kind, copy=False), least, most))
    if recording(input):
        record(out, _ClampBackward1, (input,), (input,), (min, max))
    return out


_PLAIN = {int, float, type(None)}


_LARGEST = float(np.finfo(F32).max)


def _clamp_plainly(input, min, max):
    """``_clamp`` of real numbers between Python numbers."""
    a = input._a
    for bound in (min, max):
        if bound is not None and not -_LARGEST <= bound <= _LARGEST and np.isfinite(bound):
            fill_array(np.empty(2, a.dtype), bound)
    token = set_floating(QUIET)
    try:
        r = (
            a
            if min is None
            else np.maximum(np.array(min, a.dtype) if min or math.copysign(1, min) < 0 else ZERO[a.dtype], a)
        )
        r = r if max is None else np.minimum(np.array(max, a.dtype), r)
    finally:
        reset_floating(token)
    out = wrap(r if type(r) is np.ndarray else np.asarray(r))
    if input._rg and state.enabled:
        record(out, _ClampBackward1, (input,), (input,), (min, max))
    return out


def _bounded(a, least, most):
    out = a if least is None else larger(a, least)
    return out if most is None else smaller(out, most)


def _clamp_tensors(input, min, max):
    if not all(b is None or isinstance(b, Tensor) for b in (min, max)):
        raise TypeError("min")
    common = input
    kind = input.dtype
    for bound in (min, max):
        if bound is not None:
            kind = common_dtype(common, bound)
            if common._a.dtype != kind._numpy:
                common = wrap(np.empty((1,) * common._a.ndim, kind._numpy))
    if kind.is_complex:
        if input.is_complex():
            raise _errors.first(NotImplementedError("clamp is not supported for complex types"))
        for bound in (min, max):
            _errors.require_broadcast(input._a.shape, () if bound is None else bound._a.shape)
        raise _errors.not_implemented(
            "maximum_cpu" if max is None else "minimum_cpu" if min is None else "clamp_cpu", kind
        )
    arrays = [None if t is None else t._a.astype(kind._numpy, copy=False) for t in (input, min, max)]
    shape = input._a.shape
    for bound in arrays[1:]:
        if bound is not None:
            _errors.require_broadcast(shape, bound.shape)
            shape = np.broadcast_shapes(shape, bound.shape)
    if kind is _dtypes.bool_ and min is not None and max is not None:
        raise _errors.not_implemented("clamp_cpu", kind)
    out = wrap(quietly(_bounded, *arrays))
    if recording(input, min, max):
        record(out, _ClampBackward0, (input, min, max), (input, min, max))
        extra_of(out._node).operands = tuple(None if t is None else (t._a.shape, t._a.dtype) for t in (input, min, max))
    return out


def _clamp_inplace(input, min=None, max=None):
    kind = common = input.dtype
    for bound in (min, max) if kind.category < 2 else ():
        if isinstance(bound, SCALARS):
            common = _dtypes.result_of(*((common, None) if input._a.ndim else (None, common)), _dtypes.of_scalar(bound))
    if common.category > kind.category:
        what = f"result type {scalar_type_name(common)} can't be cast to the desired output type {c_name(input)}"
        raise _errors.first(RuntimeError(what))
    return _clamp(input, min, max)


clamp = publish("clamp", "clamp", _clamp, methods=("clamp",), differentiable=("self",))
publish_inplace("clamp", "clamp", _clamp_inplace)
clip = publish("clip", "clamp", _clamp, methods=("clip",), differentiable=("self",))
publish_inplace("clip", "clamp", _clamp_inplace)


# --- filling in place ---------------------------------------------------------------------------------------------

_ZeroBackward0 = node_class("ZeroBackward0", ("self",), {"self": lambda xp, grad: xp.zeros_like(grad)})
_FillBackward0, _FillBackward2 = (
    node_class(name, ("self",), {"self": lambda xp, grad: xp.zeros_like(grad)})
    for name in ("FillBackward0", "FillBackward2")
)
_FillBackward1, _FillBackward3 = (
    node_class(
        name, ("self", "value"),
        {"self": lambda xp, grad: xp.zeros_like(grad), "value": lambda xp, grad: xp.sum(grad)},
    )
    for name in ("FillBackward1", "FillBackward3")
)  # fmt: skip


def _zero_(input):
    """Write 0 everywhere; the dtype and shape stay. (``torch.Tensor.zero_``)"""
    original = before_inplace(input)
    input._a.fill(0)
    return _written(input, original, _ZeroBackward0, ())


def _written(self, original, cls, others):
    written(self)
    if recording(original, *others):
        output = wrap(self._a)
        record(output, cls, (original, *others))
        if others and others[0]._a.dtype is not self._a.dtype:
            extra_of(output._node).operands = (None, (others[0]._a.shape, others[0]._a.dtype))
        rebase(self, output._node)
    return self


def _fill_(input, value):
    """Write one number, or the value of a 0-d tensor, everywhere. (``torch.Tensor.fill_``)"""
    if isinstance(value, Tensor):
        original = before_inplace(input, (value,))
        if value._a.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._a.ndim} dimensions."
            )
        refuse_overlap(input._a, (value._a,))
        if input._a.size:
            warn_of_complex(value._a, input._a.dtype)
        quietly(np.copyto, input._a, cast_array(value._a, input._a.dtype), "unsafe")
        return _written(input, original, _FillBackward3, (value,))
    if not isinstance(value, SCALARS):
        raise TypeError("value")
    original = before_inplace(input)
    fill_array(input._a, value)
    return _written(input, original, _FillBackward2, ())


def _fill(input, value):
    """A tensor like ``input``, one number or the value of a 0-d tensor everywhere. (``torch.fill``)"""
    if (isinstance(value, Tensor) and value._a.ndim) or not isinstance(value, (Tensor, *SCALARS)):
        return _fill_(input.detach(), value)  # which refuses
    out = _fill_(clone(input.detach()), value.detach() if isinstance(value, Tensor) else value)
    operands = (input, value) if isinstance(value, Tensor) else (input,)
    if recording(*operands):
        record(out, (_FillBackward0, _FillBackward1)[len(operands) - 1], operands)
        if len(operands) == 2 and value._a.dtype is not out._a.dtype:
            extra_of(out._node).operands = (None, (value._a.shape, value._a.dtype))
    return out


fill = publish("fill", "clamp", _fill, differentiable=("self", "value"))
zero_ = publish("zero_", "method", _zero_, methods=("zero_",))
fill_ = publish("fill_", "method", _fill_, methods=("fill_",))
