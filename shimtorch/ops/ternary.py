"""Element by element of three tensors: a product or quotient added, and what lies between two tensors.

To add one: a node class with a derivative per operand, a computation on arrays of one dtype, a publish row.
torch fuses the last multiplication with the addition; ``multiply_add`` does as well.
"""

from __future__ import annotations

import numpy as np

from .. import _dtypes, _errors
from .._fused import multiply_add
from .._layout import laid_out
from .._signature_table import SIGNATURES
from .._signatures import deprecation
from .._tensor import Tensor, c_name, wrap
from .._warnings import warn
from ..autograd.derivatives import brought_to, node_class
from ..autograd.nodes import extra_of
from ._define import (
    F16,
    F32,
    OVERLOADS,
    SCALARS,
    fill_array,
    internal,
    publish,
    publish_inplace,
    quietly,
    record,
    recording,
)
from .linalg import leads_on
from .pointwise import _against, div, sub


def common_kind(*tensors: Tensor) -> _dtypes.dtype:
    """The dtype that torch promotes these operands to: those of no dimension count less."""
    kinds: list = [None, None]
    for tensor in tensors:
        place, kind = 0 if tensor._a.ndim else 1, tensor.dtype
        kinds[place] = kind if kinds[place] is None else _dtypes.PROMOTED[kinds[place], kind]
    return _dtypes.result_of(kinds[0], kinds[1], None)


def require_all_broadcast(*tensors: Tensor) -> tuple:
    """The shape of the result; torch's error, of the first pair, where there is none."""
    shape: tuple = ()
    for tensor in tensors:
        _errors.require_broadcast(shape, tensor._a.shape)
        shape = np.broadcast_shapes(shape, tensor._a.shape)
    return shape


def _cast(kind: np.dtype, compute, *operands) -> np.ndarray:
    return compute(*operands).astype(kind, copy=False)


def _finished(result: np.ndarray, tensors) -> Tensor:
    arrays = [t._a.astype(result.dtype, copy=False) for t in tensors]
    if result.ndim > 1 and not all(array.flags.c_contiguous for array in arrays):
        result = laid_out(result, *arrays)
    return wrap(result)


def _recorded(out: Tensor, cls: type, tensors, saved, fixed=()) -> Tensor:
    if recording(*tensors):
        record(out, cls, tensors, saved, fixed)
        if any(t._a.shape != out._a.shape or t._a.dtype is not out._a.dtype for t in tensors):
            extra_of(out._node).operands = tuple([(t._a.shape, t._a.dtype) for t in tensors])
    return out


def factor(value, kind: np.dtype) -> np.ndarray:
    """A number as the dtype holds it, half precision by single; RuntimeError if it does not."""
    if isinstance(value, Tensor):
        value = value.item()
    if not isinstance(value, SCALARS):
        raise TypeError("value")
    held = np.zeros((), F32 if kind is F16 else kind)
    fill_array(held, value)
    return held


# --- a product, a quotient added ----------------------------------------------------------------------------------


def _added(name: str, compute, check, says: str, always: bool, **derivatives):
    """``always``: ``tensor2`` is in both derivatives, and is then saved whether one is needed or not."""
    # What was saved may not have been freed, whoever needs it.
    through = (lambda xp, grad, tensor2: grad) if always else (lambda xp, grad: grad)
    cls = node_class(
        f"{name.title()}Backward0", ("self", "tensor1", "tensor2"), {"self": through, **derivatives},
        saved=("tensor1", "tensor2"), fixed=("value",), optional=("tensor1", "tensor2"),
    )  # fmt: skip

    def forward(input, tensor1, tensor2, *, value=1):
        tensors = input, tensor1, tensor2
        check(tensors)
        kind = common_kind(*tensors)
        require_all_broadcast(*tensors)
        if kind is _dtypes.bool_:
            raise _errors.not_implemented(f"{name}_cpu_out", kind)
        held = factor(value, kind._numpy)
        arrays = [t._a.astype(F32 if kind._numpy is F16 else kind._numpy, copy=False) for t in tensors]
        out = _finished(quietly(_cast, kind._numpy, compute, *arrays, held), tensors)
        saved = tensor1 if leads_on(tensor2) else None, tensor2 if always or leads_on(tensor1) else None
        return _recorded(out, cls, tensors, saved, (value,))

    forward.__doc__ = (
        f"{says}\n\n    Shapes broadcast, dtypes promote; RuntimeError for shapes that do not broadcast and for a\n"
        f"    ``value`` that the dtype does not hold. (``torch.{name}``)\n    "
    )
    publish_inplace(name, "ternary", forward)
    OVERLOADS[name] = _value_first
    return publish(
        name, "ternary", forward, methods=(name,), differentiable=("self", "tensor1", "tensor2")
    )  # fmt: skip


def _value_first(name, method, *given, **options):
    """``addcmul(input, value, tensor1, tensor2)``, as torch once had it."""
    if len(given) < 4:
        return given, options
    warn(deprecation(name, SIGNATURES[name.removesuffix("_")][method], 0), once="deprecated overload")
    return (given[0], *given[2:]), {"value": given[1], **options}


def _no_integers(tensors) -> None:
    if all(t.dtype.category < 2 for t in tensors[1:]):
        raise _errors.first(
            RuntimeError(
                "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
                "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + "
                "value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * "
                "tensor1 / tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: "
                "(input + value * tensor1 / tensor2), for all dtypes."
            )
        )


def _number_over(value, t: Tensor) -> Tensor:
    _refuse_integers(value, t._a)
    return div(wrap(np.full_like(t._a, value)), t)


def _number_over_array(value, a: np.ndarray) -> np.ndarray:
    _refuse_integers(value, a)
    return np.asarray(value, a.dtype) / a


def _refuse_integers(value, a: np.ndarray) -> None:
    """torch has the quotient written into a tensor of the divisor's dtype."""
    if a.dtype.kind in "biu":
        factor(value, a.dtype)
        raise _errors.result_type(_dtypes._default, _dtypes.OF_NUMPY[a.dtype])


internal("number_over", _number_over_array, _number_over)
internal("as_grad", brought_to, lambda tensor, grad: tensor)


def _of_divisor(xp, grad, tensor1, tensor2, value):
    squared = tensor2 * tensor2  # torch computes terms from right to left
    return _against(grad, xp.conj(xp.as_grad(xp.mul_scalar(tensor1, value) / squared, grad)))


addcmul = _added(
    "addcmul", lambda c, a, b, value: multiply_add(value * a, b, c), lambda tensors: None,
    "``input + value * tensor1 * tensor2``, element by element.", always=False,
    tensor1=lambda xp, grad, tensor2, value: grad * xp.conj(xp.as_grad(xp.mul_scalar(tensor2, value), grad)),
    tensor2=lambda xp, grad, tensor1, value: grad * xp.conj(xp.as_grad(xp.mul_scalar(tensor1, value), grad)),
)  # fmt: skip
addcdiv = _added(
    "addcdiv", lambda c, a, b, value: np.asarray(c + value * a / b), _no_integers,
    "``input + value * tensor1 / tensor2``, element by element. RuntimeError for two tensors of integers.", always=True,
    tensor1=lambda xp, grad, tensor2, value: grad * xp.conj(xp.as_grad(xp.number_over(value, tensor2), grad)),
    tensor2=_of_divisor,
)  # fmt: skip


# --- between two tensors ------------------------------------------------------------------------------------------


def _between(start, end, weight):
    """From the nearer end, so that a weight of 1 gives ``end`` itself."""
    near = np.absolute(weight) < 0.5
    return multiply_add(
        np.where(near, weight, weight - 1).astype(weight.dtype), end - start, np.where(near, start, end)
    )


_LerpBackward0 = node_class(
    "LerpBackward0", ("self", "end"), fixed=("weight",),
    derivatives={
        "self": lambda xp, grad, weight: xp.mul_scalar(grad, 1 - weight.conjugate()),
        "end": lambda xp, grad, weight: xp.mul_scalar(grad, weight.conjugate()),
    },
)  # fmt: skip
_LerpBackward1 = node_class(
    "LerpBackward1", ("self", "end", "weight"), saved=("self", "end", "weight"), promote=True, optional=("self", "end"),
    derivatives={
        "self": lambda xp, grad, weight: grad * xp.conj(xp.from_one(weight)),
        "end": lambda xp, grad, weight: grad * xp.conj(weight),
        "weight": lambda xp, grad, self, end: grad * xp.conj(end - self),
    },
)  # fmt: skip
internal("from_one", lambda a: 1 - a, lambda t: sub(1, t))


def _lerp(input, end, weight):
    """``input + weight * (end - input)``: ``weight`` is a number or a tensor. Shapes broadcast; RuntimeError for unlike
    dtypes, NotImplementedError for integers. (``torch.lerp``)"""
    numeric = isinstance(weight, SCALARS)
    if not isinstance(end, Tensor) or not (numeric or isinstance(weight, Tensor)):
        raise TypeError("weight")
    tensors = (input, end) if numeric else (input, end, weight)
    for name, tensor in (("end", end), ("weight", weight)) if not numeric and weight._a.ndim else (("end", end),):
        if tensor._a.dtype is not input._a.dtype:
            what = f"expected dtype {c_name(input)} for `{name}` but got dtype {c_name(tensor)}"
            raise _errors.first(RuntimeError(what))
    require_all_broadcast(*tensors)
    kind = common_kind(*tensors)
    if kind.category < 2:
        raise _errors.not_implemented(f"lerp_kernel_{'scalar' if numeric else 'tensor'}", kind)
    wide = F32 if kind._numpy is F16 else kind._numpy
    arrays = [t._a.astype(wide, copy=False) for t in tensors]
    if numeric:
        arrays.append(factor(weight, kind._numpy))
    out = _finished(quietly(_cast, kind._numpy, _between, *arrays), tensors)
    if numeric:
        return _recorded(out, _LerpBackward0, tensors, (), (weight,))
    ends = (input, end) if leads_on(weight) else (None, None)
    return _recorded(out, _LerpBackward1, tensors, (*ends, weight))


def _lerp_in_place(input, end, weight):
    try:
        return _lerp(input, end, weight)
    except NotImplementedError as error:
        for tensor in (end, weight) if isinstance(weight, Tensor) else (end,):
            _errors.require_fit(input._a.shape, tensor._a.shape)
        raise _errors.first(error) from None


lerp = publish("lerp", "ternary", _lerp, methods=("lerp",), differentiable=("self", "end", "weight"))
publish_inplace("lerp", "ternary", _lerp_in_place)
