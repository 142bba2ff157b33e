"""The factories that turn an operator's row into function, method, in-place form, operator and Node.

A row is an assignment in a family file; what it returns is the public function. Formulas of derivatives take
``(xp, grad, …)``: ``xp`` is ``ARRAYS`` or ``TENSORS``, the further parameters name what the node saves.
Operators check nothing up front that NumPy refuses anyway; torch's message is built when it has refused.
"""

from __future__ import annotations

import functools
import inspect
import math
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import asarray, ndarray

from .. import _dtypes, _errors
from .._floating import QUIET, reset_floating, set_floating
from .._fused import multiply_add_64
from .._layout import laid_out, refuse_overlap
from .._mirror import reflect
from .._tensor import Tensor, wrap
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.namespaces import ARRAYS, TENSORS
from ..autograd.nodes import (
    counter_of,
    extra_of,
    next_sequence,
    note_versions,
    underivable,
)  # fmt: skip
from ..autograd.packing import hooks, write_begins
from ..autograd.rebasing import outdate, rebase, require_writable, written

FRESH = None  # see ``inference_mode``
new = object.__new__
F16, F32, F64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")
SCALARS = (bool, int, float, complex, np.number, np.bool_)


@dataclass(frozen=True)
class Operator:
    """One row, as the tests read it: its kind, public function and what is known of its forms."""

    name: str
    kind: str
    function: object
    methods: tuple[str, ...] = ()
    dunders: tuple[str, ...] = ()
    differentiable: tuple[str, ...] = field(default=())


OPERATORS: dict[str, Operator] = {}
# By the operator's name, what makes arguments that the function takes of those that only torch's parser does.
OVERLOADS: dict[str, Any] = {}
ALIASES: dict[str, str] = {}

# Arithmetic with a 0-d array takes NumPy a third of the time that a Python number takes.
ZERO, ONE = ({np.dtype(t): np.array(value, t) for t in "?bBhilefdFD"} for value in (0, 1))


def first_of(ufunc):
    """``np.maximum`` or ``np.minimum``, returning its first operand where 0.0 meets -0.0, as torch does.

    NumPy's vectorised loops return the second one, those of float16 the first.
    """

    def compute(a, b):
        return ufunc(a, b) if a.dtype is F16 else ufunc(b, a)

    return compute


larger, smaller = first_of(np.maximum), first_of(np.minimum)


def zeroed(mask, values):
    """``values`` with 0 where ``mask`` is True. Many floats are masked bit by bit, which is ten times as fast."""
    kind = values.dtype
    if values.size < 512 or kind.kind != "f" or mask.shape != values.shape:
        return np.where(mask, ZERO[kind], values)
    keep = np.subtract(mask.view(np.int8), 1, dtype=np.int8).astype(f"i{kind.itemsize}")
    return np.bitwise_and(values.view(keep.dtype), keep, keep).view(kind)


# Keywords of NumPy that torch understands too.
_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}


# --- from forward to public names ---------------------------------------------------------------------------------


_MISSING = object()


def _guarded(forward, name: str, kind: str, method: bool):
    """``forward`` with torch's errors for wrong arguments, worked out only when it has failed.

    What is called as most calls are, with one or two arguments, goes by a way without tuples and dictionaries.
    """

    def guarded(*args, **kwargs):
        try:
            result = forward(*args, **kwargs)
            if result is not NotImplemented:
                return result
            problem: Exception = TypeError(f"{name}(): unsupported argument types")
        except (TypeError, AttributeError) as error:
            problem = error
        except (RuntimeError, IndexError) as error:
            raise _error_before(error, name, kind, method, args, kwargs) from None
        if "out" in kwargs and not method:
            return _with_out(args, kwargs)
        renamed = {_NUMPY_NAMES.get(key, key): value for key, value in kwargs.items()}
        if len(renamed) == len(kwargs) and renamed.keys() != kwargs.keys():
            return guarded(*args, **renamed)
        error = _argument_error(name, kind, method, args, kwargs)
        if error is None and (overload := OVERLOADS.get(name.removesuffix("_"))) is not None:
            args, kwargs = overload(name, method, *args, **kwargs)
            try:
                return forward(*args, **kwargs)
            except RuntimeError as failure:
                raise refusal_before(failure, *args) from None
        raise error or problem from None

    def of_one(input=_MISSING, /, *args, **kwargs):
        if args or kwargs or input is _MISSING:
            return guarded(*(() if input is _MISSING else (input, *args)), **kwargs)
        try:
            return forward(input)
        except (TypeError, AttributeError):
            return guarded(input)
        except (RuntimeError, IndexError) as error:
            raise _error_before(error, name, kind, method, (input,), {}) from None

    def of_two(input=_MISSING, other=_MISSING, /, *args, **kwargs):
        if args or kwargs or other is _MISSING:
            if not args and other is not _MISSING:
                return guarded(input, other, **kwargs)
            given = [value for value in (input, other) if value is not _MISSING]
            return guarded(*given, *args, **kwargs)
        try:
            result = forward(input, other)
        except (TypeError, AttributeError):
            result = NotImplemented
        except (RuntimeError, IndexError) as error:
            raise _error_before(error, name, kind, method, (input, other), {}) from None
        return guarded(input, other) if result is NotImplemented else result

    def _with_out(args, kwargs):
        error = _argument_error(name, kind, method, args, kwargs)
        if error is not None:
            raise error from None
        out = kwargs.pop("out")
        if out is None:
            return guarded(*args, **kwargs)
        if kind == "factory" or name == "bernoulli":
            from ._creation_out import into_created

            return into_created(name, forward, out, args, kwargs)
        from ._out import into

        if len(args) >= 3 and (overload := OVERLOADS.get(name)) is not None:
            args, kwargs = overload(name, method, *args, **kwargs)
        return into(ALIASES.get(name, name), forward, out, args, kwargs)

    code: Any = getattr(forward, "__code__", None)
    spread = code is None or code.co_flags & inspect.CO_VARARGS
    required = 0 if spread else code.co_argcount - len(forward.__defaults__ or ())
    function = functools.wraps(forward)({1: of_one, 2: of_two}.get(required, guarded))
    function.__name__ = function.__qualname__ = name
    return function


def _error_before(error: Exception, name: str, kind: str, method: bool, args, kwargs) -> Exception:
    """``error``, or what torch would have found wrong with the arguments or their origins before it came to that."""
    wrong = _argument_error(name, kind, method, args, kwargs)
    if wrong is None and len(args) >= 3 and (overload := OVERLOADS.get(name.removesuffix("_"))) is not None:
        overload(name, method, *args, **kwargs)  # which may warn
    return wrong or refusal_before(error, *args, *kwargs.values())


def refusal_before(error: Exception, *operands) -> Exception:
    """``error``, or where the origin of an operand cannot be made that refusal, which is what torch comes to first."""
    if state.enabled and not hasattr(error, "before_origins"):
        given = [
            value for operand in operands for value in (operand if isinstance(operand, (list, tuple)) else [operand])
        ]
        try:
            for value in given:
                bool(isinstance(value, Tensor) and value._rg and value._node)
        except RuntimeError as refusal:
            return refusal
    return error


def _argument_error(name: str, kind: str, method: bool, args, kwargs):
    """torch's complaint about these arguments, or None if they are as they should be."""
    from .._signature_table import SIGNATURES, signatures_of
    from .._signatures import argument_error, binary_signatures, unary_signatures

    if name in SIGNATURES or name.removesuffix("_") in SIGNATURES:
        signatures = signatures_of(name)
    elif ALIASES.get(name) in SIGNATURES:
        signatures = signatures_of(ALIASES[name])
    else:
        signatures = (binary_signatures if kind == "binary" else unary_signatures)(name)
    if method:
        return argument_error(name, signatures.method, args[1:], kwargs)
    return argument_error(name, signatures.function, args, kwargs)


def publish(name: str, kind: str, forward, *, methods=(), dunders=(), function=None, **facts):
    """Register an operator: its guarded function, its methods (also guarded) and its bare special methods.

    ``function`` is given where the function was published before and only the methods take other arguments.
    """
    function = function or _guarded(forward, name, kind, method=False)
    for method in methods:
        setattr(Tensor, method, _guarded(forward, method, kind, method=True))
    for dunder in dunders:
        setattr(Tensor, dunder, forward)
    OPERATORS[name] = Operator(name, kind, function, tuple(methods), tuple(dunders), **facts)
    return function


def alias(function, name: str):
    """The same function under another name, by which its errors call it."""
    ALIASES[name] = function.__name__
    return _guarded(function.__wrapped__, name, OPERATORS[function.__name__].kind, method=False)


def internal(name: str, on_arrays, on_tensors=None) -> None:
    """Make a computation available to derivatives as ``xp.name``."""
    setattr(ARRAYS, name, on_arrays)
    setattr(TENSORS, name, on_tensors or on_arrays)


def record(out: Tensor, cls: type, inputs, saved=(), fixed=()) -> None:
    """Make ``out`` the result of a new node of class ``cls`` over ``inputs`` (Tensors or None)."""
    node: Any = new(cls)
    node.edges = tuple([
        (tensor._node or (None if tensor._borrowed else tensor)) if tensor is not None and tensor._rg else None
        for tensor in inputs
    ])  # fmt: skip
    node.saved = saved
    node.fixed = fixed
    node.sequence = next_sequence()
    node.extra = None
    for tensor in saved:
        if type(tensor) is Tensor and tensor._vc is not None:
            note_versions(node)
            break
    out._node = node
    out._rg = True


def recording(*inputs) -> bool:
    """Whether an operator over these (Tensors or None) must record."""
    return state.enabled and any(tensor is not None and tensor._rg for tensor in inputs)


def quietly(compute, *args):
    """``compute(*args)`` as an ndarray, without NumPy's floating-point warnings."""
    token = set_floating(QUIET)
    try:
        result = compute(*args)
    finally:
        reset_floating(token)
    return result if type(result) is ndarray else asarray(result)


# --- unary --------------------------------------------------------------------------------------------------------


def unary(
    name: str, compute, *, grad_fn: str, self, says: str, to_float=True, contiguous=False, aliases=(), dunders=(),
    methods=None,
):  # fmt: skip
    """A row for ``compute(array)``. ``to_float``: integers and bools are computed in the default dtype.

    ``contiguous``: the result is, whatever the layout of the input.
    """
    names = self.__code__.co_varnames[2 : self.__code__.co_argcount]
    cls = node_class(grad_fn, ("self",), {"self": self}, saved=names)
    keeps_input, keeps_result = "self" in names, "result" in names
    keeps_both = keeps_input and keeps_result

    def forward(input):
        a = input._a
        if to_float and a.dtype.kind not in "fc":
            a = _as_converted(a, a.astype(_dtypes._default._numpy))
        token = set_floating(QUIET)
        try:
            r = compute(a)
        finally:
            reset_floating(token)
        if type(r) is not ndarray:
            r = asarray(r)
        elif r.ndim > 1 and not a.flags.c_contiguous:
            r = np.ascontiguousarray(r) if contiguous else laid_out(r, a)
        out = new(Tensor)
        out._a = r
        out._vc = FRESH
        out._base = None
        if input._rg and state.enabled:
            node = new(cls)
            node.edges = (input._node or input,)
            node.saved = (input, r) if keeps_both else (r,) if keeps_result else (input,) if keeps_input else ()
            node.sequence = next_sequence()
            node.extra = None
            if keeps_input and input._vc is not None:
                note_versions(node)
            out._node = node
            out._rg = True
        else:
            out._node = None
            out._rg = False
        return out

    dtypes = "integers and bools become the default dtype" if to_float else "the dtype stays"
    forward.__doc__ = f"{says}\n\n    Any shape; {dtypes}. (``torch.{name}``)\n    "
    internal(name, compute, forward)
    methods = (name, *aliases) if methods is None else methods
    for method in methods:
        publish_inplace(method, "unary", forward)
    return publish(name, "unary", forward, methods=methods, dunders=dunders, differentiable=("self",))


# --- binary -------------------------------------------------------------------------------------------------------


def _uses(formula, name: str) -> bool:
    return formula is not None and name in formula.__code__.co_varnames[2 : formula.__code__.co_argcount]


def binary_core(
    compute,
    *,
    grad_fn=None,
    self=None,
    other=None,
    to_float=False,
    direct=None,
    check=None,
    undefined=None,
    of_complex=None,
    joint=None,
):
    """The fixed-arity ``forward(input, other)`` of a binary operator, with recording and promotion.

    It returns NotImplemented for an operand that is neither Tensor nor number. ``direct`` names the dtype kinds that
    ``compute`` takes as they are; for others ``check(input, other)`` raises what torch raises. A pair of ``grad_fn``
    names is for a Tensor and for a number as the other operand; ``undefined`` names an operator without derivative.
    ``joint`` computes both gradients at once (see ``node_class``).
    """
    self, other = joint or self, joint or other
    direct = direct or ("fc" if to_float else None)
    numbers_too = isinstance(compute, np.ufunc) and (direct is None or "f" in direct)
    derivatives = {"self": self, "other": other}
    saved = tuple(n for n in ("self", "other", "result") if _uses(self, n) or _uses(other, n))
    saved_of_number = saved if any(_uses(self, n) for n in saved) else ()
    in_single = compute is np.multiply or compute is np.divide
    recorded = grad_fn is not None or undefined is not None
    edges_of_number: tuple = (None,)
    if undefined is not None:
        of_tensors = of_mixed = of_scalar = underivable(undefined)
    elif isinstance(grad_fn, tuple):
        of_tensors = node_class(grad_fn[0], ("self", "other"), derivatives, saved=saved)
        of_scalar = node_class(grad_fn[1], ("self",), {"self": self}, saved=saved_of_number, raw=("other",))
        of_mixed = node_class(grad_fn[0], ("self", "other"), derivatives, saved=saved, promote=True)
        edges_of_number = ()
    elif grad_fn is not None:
        of_tensors = node_class(grad_fn, ("self", "other"), derivatives, saved=saved, joint=joint)
        of_mixed = node_class(grad_fn, ("self", "other"), derivatives, saved=saved, promote=True, joint=joint)
        of_scalar = node_class(grad_fn, ("self", "other"), {"self": self}, saved=saved_of_number, raw=("other",))
    self_for_self, self_for_other = _uses(self, "self"), _uses(other, "self")
    other_for_self, other_for_other = _uses(self, "other"), _uses(other, "other")
    keeps_result = "result" in saved

    def forward(input, other):
        a = input._a
        kind = type(other)
        if kind is Tensor:
            b = other._a
            if a.dtype is not b.dtype or (a.dtype is not F32 and direct is not None and a.dtype.kind not in direct):
                return mixed(input, other)
        elif numbers_too and (kind is float or kind is int) and (a.dtype is F32 or a.dtype is F64):
            b = other
        else:
            return mixed(input, other)
        token = set_floating(QUIET)
        try:
            r = compute(a, b)
        except ValueError:
            raise refuse(a, b, input, other) from None
        except TypeError:
            return mixed(input, other)
        finally:
            reset_floating(token)
        if type(r) is not ndarray:
            r = asarray(r)
        elif r.ndim > 1 and not (a.flags.c_contiguous and (kind is not Tensor or b.flags.c_contiguous)):
            r = laid_out(r, *((a, b) if kind is Tensor else (a,)))
        out = new(Tensor)
        out._a = r
        out._node = None
        out._rg = False
        out._vc = FRESH
        out._base = None
        if recorded and (input._rg or (kind is Tensor and other._rg)) and state.enabled:
            attach(out, input, other, kind is Tensor)
        return out

    def attach(out, input, other, is_tensor, kinds=None):
        e_self = (input._node or (None if input._borrowed else input)) if input._rg else None
        if is_tensor:
            node = new(of_tensors if kinds is None else of_mixed)
            e_other = (other._node or (None if other._borrowed else other)) if other._rg else None
            shapes = input._a.shape, other._a.shape
            unlike = shapes[0] != shapes[1]
        else:
            node = new(of_scalar)
            e_other = None
            unlike = False
        node.edges = (e_self, e_other) if is_tensor else (e_self, *edges_of_number)
        if undefined is not None:
            node.edges = tuple([edge for edge in node.edges if edge is not None])
        node.sequence = next_sequence()
        node.extra = None
        kept = ()
        if saved if is_tensor else saved_of_number:
            if self_for_self or self_for_other:
                wanted = (self_for_self and e_self is not None) or (self_for_other and e_other is not None)
                kept = (input if wanted else None,)
            if other_for_self or other_for_other:
                wanted = (other_for_self and e_self is not None) or (other_for_other and e_other is not None)
                kept += (other if wanted or (other_for_self and other_for_other) else None,)  # saved unasked if by two
            if keeps_result:
                kept += (out._a,)
        node.saved = kept
        if kept and (input._vc is not None or (is_tensor and other._vc is not None)):
            note_versions(node)
        if unlike or kinds is not None:
            own, others = kinds or (None, None)
            other_shape = other._a.shape if is_tensor else ()
            extra_of(node).operands = ((input._a.shape, own), (other_shape, others))[: len(node.edges)]
        out._node = node
        out._rg = True

    def refuse(a, b, *operands):
        error = _errors.broadcast(a.shape, b.shape)
        return refusal_before(error, *operands) if recorded else error

    def mixed(input, other):
        if check is not None and isinstance(other, (Tensor, *SCALARS)):
            try:
                check(input, other)
            except (RuntimeError, NotImplementedError) as error:
                if isinstance(other, Tensor) and not _errors.comes_first(error):
                    _errors.require_broadcast(input._a.shape, other._a.shape)
                raise refusal_before(error, input, other) from None
        converted = _converted(input, other, to_float, in_single)
        if converted is None:
            return NotImplemented
        a, b, common = converted
        token = set_floating(QUIET)
        try:
            r = compute(a, b) if of_complex is None or a.dtype.kind != "c" else of_complex(a, b)
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            raise refuse(a, b, input, other) from None
        finally:
            reset_floating(token)
        r = asarray(r)
        if common is F16 and r.dtype is F32:
            r = r.astype(F16)
        is_tensor = isinstance(other, Tensor)
        operands = [(input._a, a), (other._a, b)] if is_tensor else [(input._a, a)]
        if r.ndim > 1 and not all(operand.flags.c_contiguous for operand, _ in operands):
            r = laid_out(r, *[_as_converted(*pair) for pair in operands])
        out = wrap(r)
        if recorded and (input._rg or (is_tensor and other._rg)) and state.enabled:
            attach(out, input, other, is_tensor, (input._a.dtype, other._a.dtype if is_tensor else None))
        return out

    return forward


def _as_converted(array, converted):
    """``array``, or where it had to be ``converted`` that, laid out as torch's converted copy."""
    if array.dtype is converted.dtype:
        return array
    return converted if array.flags.c_contiguous else laid_out(converted, array)


def _converted(input, other, to_float: bool, in_single: bool):
    """Both operands as arrays of torch's common dtype, and that NumPy dtype; None if ``other`` is no operand.

    ``in_single``: a scalar by which half precision numbers are multiplied or divided is read in single precision.
    """
    common = common_dtype(input, other)
    if common is None:
        return None
    a = input._a
    b = other._a if isinstance(other, Tensor) else scalar_array(other)
    if to_float and common.category < 2:
        common = _dtypes._default
    target = common._numpy
    if target is F16 and in_single and b.ndim == 0:
        return a.astype(F32), b.astype(F32), F16
    return a.astype(target, copy=False), b.astype(target, copy=False), target


def common_dtype(input, other):
    """torch's common dtype of a Tensor and a Tensor or number; None if ``other`` is neither."""
    kind = _dtypes.OF_NUMPY[input._a.dtype]
    if isinstance(other, Tensor):
        kinds: list = [None, None]
        for operand in (input, other):
            place = 0 if operand._a.ndim else 1
            found = _dtypes.OF_NUMPY[operand._a.dtype]
            kinds[place] = found if kinds[place] is None else _dtypes.PROMOTED[kinds[place], found]
        return _dtypes.result_of(*kinds, None)
    if not isinstance(other, SCALARS):
        return None
    return _dtypes.result_of(*((kind, None) if input._a.ndim else (None, kind)), _dtypes.of_scalar(other))


def refuse_kinds(kernel: str, *kinds: str):
    """A check that raises NotImplementedError where the common dtype is one that torch's ``kernel`` lacks."""

    def check(input, other):
        common = common_dtype(input, other)
        if common is not None and common._numpy.kind in kinds:
            raise _errors.not_implemented(kernel, common)

    return check


def as_operand(value, like: Tensor) -> Tensor:
    """A number as a 0-d tensor that promotes with ``like`` as the bare number does."""
    return wrap(scalar_array(value).astype(common_dtype(like, value)._numpy))


def scalar_array(value) -> ndarray:
    """A Python or NumPy number as a 0-d array; OverflowError for integers that 64 bits cannot hold."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not -(2**63) <= value < 2**64:
            raise OverflowError("int too big to convert")
        return np.array(value, np.int64 if value < 2**63 else np.uint64)
    return np.array(value)


def binary(
    name: str, compute, *, grad_fn=None, self=None, other=None, to_float=False, check=None, aliases=(), dunders=(),
    says, direct=None, undefined=None, inplace=True, forward=None, numbers=False, zero=None,
    of_complex=None, joint=None,
):  # fmt: skip
    """A row for ``compute(array, array)`` of one dtype; ``dunders`` are its special methods, in-place ones included.

    ``forward(core)`` makes the named function where it takes more than two operands' worth of arguments; ``numbers``
    says that it takes a number as its first operand. ``zero`` names the node of the in-place form of an operator
    without gradient ("Eq" for EqBackward0 and EqBackward1). ``direct``: the kinds of dtypes that ``compute`` takes as
    they are; ``of_complex`` computes complex numbers in its place.
    """
    direct = direct or (None if of_complex is None else "biuf")
    core = binary_core(
        compute, grad_fn=grad_fn, self=self, other=other, to_float=to_float, direct=direct, check=check,
        undefined=undefined, of_complex=of_complex, joint=joint,
    )  # fmt: skip
    named = core if forward is None else forward(core)
    if numbers:
        named = _number_first(named, alone=not name.startswith("bitwise"))
    named.__doc__ = (
        f"{says}\n\n    ``other`` may be a number. Shapes broadcast, dtypes promote; RuntimeError for shapes that do\n"
        f"    not broadcast. (``torch.{name}``)\n    "
    )
    internal(name, compute, core)
    written = tuple(d for d in dunders if d.startswith("__i"))
    for dunder in dunders:
        if dunder not in written:
            setattr(Tensor, dunder, core)
    for method in (name, *aliases) if inplace else ():
        publish_inplace(
            method,
            "binary",
            named,
            compute if isinstance(compute, np.ufunc) and (direct is None or of_complex is not None) else None,
            written,
            zero,
        )
    differentiable = tuple(n for n, formula in (("self", self), ("other", other)) if formula or joint)
    return publish(name, "binary", named, methods=(name, *aliases), differentiable=differentiable)


def _number_first(named, alone: bool):
    """``named`` with a number as its first operand, and, if that may be ``alone``, as both."""

    @functools.wraps(named)
    def forward(input, other, **options):
        if not isinstance(input, Tensor) and isinstance(input, SCALARS) and isinstance(other, Tensor):
            input = as_operand(input, other)
        elif isinstance(input, SCALARS) and isinstance(other, SCALARS):
            if not alone:
                raise TypeError("other")
            input = wrap(scalar_array(input).astype(_dtypes.of_scalar(input)._numpy))
        return named(input, other, **options)

    return forward


# --- in place -----------------------------------------------------------------------------------------------------


def publish_inplace(name: str, kind: str, forward, ufunc=None, dunders=(), zero=None) -> None:
    write = inplace_of(forward, ufunc, zero, kind == "binary")
    write.__doc__ = (
        f"``{name}`` written into the tensor itself, which is returned. (``torch.Tensor.{name}_``)\n\n"
        "    RuntimeError for a leaf that requires grad, and if shape or dtype of the result do not fit.\n    "
    )
    setattr(Tensor, name + "_", _guarded(write, name + "_", kind, method=True))
    for dunder in dunders:
        setattr(Tensor, dunder, write)


def _is_step(ufunc, kwargs) -> bool:
    """Whether these arguments are those of ``add_(other, alpha=number)``."""
    return ufunc in (np.add, np.subtract) and len(kwargs) == 1 and type(kwargs.get("alpha")) in (float, int)


def _is_apart(a, b) -> bool:
    """Whether arrays cannot share memory, as far as can be told at once; ``detach`` hides it from everything else."""
    base = b.base
    return base is not a and (base is None or base is not a.base) and a.base is not b


def _step(a, b, alpha) -> None:
    """Add ``alpha * b`` to ``a``, rounded once, as torch does."""
    if a.dtype is F64:
        total = multiply_add_64(np.asarray(b, F64), float(alpha), a)
    else:
        total = np.asarray(b, F32).astype(F64)
        total *= float(F32.type(alpha))
        if total.shape == a.shape:
            total += a
        else:
            total = np.add(total, a)
    if total.shape != a.shape:
        raise ValueError
    a[...] = total


def inplace_of(forward, ufunc=None, zero=None, binary=False, unary=False, overlapping=False):
    """The in-place form of ``forward``: compute, check, write into ``self``, and take over the new node.

    ``unary``: what else it takes are numbers that do not decide about dtypes. ``overlapping``: torch lets it write an
    element more than once.
    """

    def write(input, *args, **kwargs):
        a = input._a
        if ufunc is not None and len(args) == 1 and (not kwargs or _is_step(ufunc, kwargs)):
            other = args[0]
            if not (state.enabled and (input._rg or (type(other) is Tensor and other._rg))):
                b = other._a if type(other) is Tensor else other if type(other) in (int, float) else None
                apart = type(other) is not Tensor or other is input or _is_apart(a, other._a)
                plain = (a.dtype is F32 or a.dtype is F64) and a.flags.c_contiguous and apart
                if b is not None and plain and getattr(b, "dtype", a.dtype) is a.dtype:
                    token = set_floating(QUIET)
                    try:
                        if kwargs:
                            _step(a, b, kwargs["alpha"] if ufunc is np.add else -kwargs["alpha"])
                        else:
                            ufunc(a, b, a)
                    except ValueError:
                        raise _errors.inplace_shape(a.shape, b.shape) from None
                    finally:
                        reset_floating(token)
                    counter = input._vc or counter_of(input)
                    counter.value += 1
                    if counter.views is not None:
                        outdate(counter)
                        if counter.mirrors is not None:
                            reflect(input._root, counter.mirrors)
                    return input
        operands = (*args, *[v for v in kwargs.values() if isinstance(v, Tensor)]) if kwargs else args
        try:
            original = before_inplace(input, operands)
        except RuntimeError:
            if binary and args and not isinstance(args[0], (Tensor, *SCALARS)):
                return NotImplemented
            raise
        try:
            result = forward(original, *args, **kwargs)
        except (RuntimeError, NotImplementedError) as error:
            if not _errors.comes_first(error):
                if not overlapping:
                    refuse_overlap(a, [arg._a for arg in operands if type(arg) is Tensor])
                _check_target(input, () if unary else operands, comparing=zero is not None)
            raise
        if not overlapping:
            refuse_overlap(a, [arg._a for arg in operands if type(arg) is Tensor])
        if result is NotImplemented:
            return result
        if zero is not None:
            _warn_of_cast(args[0], a)
        overwrite(input, result, original)
        if original is not input and not result._rg:
            _attach_zero(input, original, zero, operands)
        return input

    if zero is not None:
        zero = tuple(
            node_class(f"{zero}Backward{i}", names, {n: lambda xp, grad: xp.zeros_like(grad) for n in names})
            for i, names in enumerate((("self",), ("self", "other")))
        )
    return write


def _warn_of_cast(other, a) -> None:
    """torch compares in place after it has cast what is compared with."""
    if a.size and (isinstance(other, complex) or (isinstance(other, Tensor) and other._a.dtype.kind == "c")):
        from .shape import warn_of_complex

        warn_of_complex(other._a if isinstance(other, Tensor) else np.asarray(other), a.dtype)


def _check_target(self: Tensor, args, comparing: bool) -> None:
    """What torch checks of an in-place operator before its operands' dtypes: that the result fits."""
    for other in args:
        if isinstance(other, Tensor):
            _errors.require_fit(self._a.shape, other._a.shape)
    for other in args:
        common = None if comparing else common_dtype(self, other)
        if common is not None and common.category > self.dtype.category:
            raise _errors.result_type(common, self.dtype)


def _attach_zero(self: Tensor, original: Tensor, zero, args) -> None:
    """The node of an in-place operator through which no gradient flows."""
    if zero is None:
        raise NotImplementedError("shimtorch does not offer this operator in place on a tensor that requires grad")
    tensors = [arg for arg in args if isinstance(arg, Tensor)]
    out = wrap(self._a)
    record(out, zero[len(tensors)], (original, *tensors))
    if tensors:
        extra_of(out._node).operands = (None, (tensors[0]._a.shape, tensors[0]._a.dtype))
    rebase(self, out._node)


def before_inplace(self: Tensor, args=()) -> Tensor:
    """Refuse what torch refuses, and return what stands for the old value in the graph."""
    if not state.enabled or not (self._rg or any(isinstance(arg, Tensor) and arg._rg for arg in args)):
        return self
    require_writable(self)
    for arg in args:
        if isinstance(arg, Tensor) and arg._rg and arg._node is not None:
            bool(arg._node)  # an edge that cannot be made is refused before anything is written
    original = wrap(self._a.copy(order="K"))
    if hooks.stack:
        write_begins(original)
    original._node, original._rg = self._node or None, self._rg
    if not self._rg:
        original = wrap(original._a)
    return original


def overwrite(self: Tensor, result: Tensor, original: Tensor) -> Tensor:
    """Write ``result`` into the memory of ``self``, which becomes the output of the node of ``result``."""
    a, r = self._a, result._a
    if r.shape != a.shape:
        raise _errors.inplace_shape(a.shape, r.shape)
    if r.dtype is not a.dtype and r.dtype.kind != "b":
        have, want = _dtypes.OF_NUMPY[r.dtype], _dtypes.OF_NUMPY[a.dtype]
        if have.category > want.category:
            raise _errors.result_type(have, want)
    quietly(np.copyto, a, r, "unsafe")
    written(self)
    node = result._node
    if result._rg and node is not None:
        node.saved = tuple([TENSORS.clone(saved) if saved is original else saved for saved in node.saved])
        if "result" in node.saved_names:
            index = node.saved_names.index("result")
            node.saved = (*node.saved[:index], a, *node.saved[index + 1 :])
            extra = extra_of(node)
            extra.result_counter = (self._vc, self._vc.value)
        rebase(self, node)
        if "result" in node.saved_names and self._base is not None:
            extra_of(node).result_view = weakref.ref(self._node)
    return self


def fill_array(array, value) -> None:
    """Write one number everywhere; RuntimeError in torch's words if an integer dtype cannot hold it."""
    kind = array.dtype.kind
    if kind not in "bc" and isinstance(value, (complex, np.complexfloating)):
        if value.imag != 0:
            name = _C_TYPES[array.dtype.name]
            if array.dtype is F16 and array.size == 1:
                name = "double"
            raise RuntimeError(f"value cannot be converted to type {name} without overflow")
        value = value.real
    if kind == "b":
        array[...] = value != 0
    elif kind in "iu":
        info = np.iinfo(array.dtype)
        lowest = -info.max if kind == "u" and not isinstance(value, float) else info.min
        if kind == "u" and isinstance(value, float) and value < 0:
            lowest = 1  # unlike integers, torch lets no negative float wrap around
        if not math.isfinite(value) or not lowest <= int(value) <= info.max:
            raise RuntimeError(f"value cannot be converted to type {_C_TYPES[array.dtype.name]} without overflow")
        array[...] = np.int64(int(value)).astype(array.dtype)
    elif array.dtype is F16 and array.size == 1:  # for which torch goes by double, and takes any number
        quietly(array.fill, value)
    elif kind == "f" and not math.isinf(value) and abs(value) > float(np.finfo(array.dtype).max):
        raise RuntimeError(f"value cannot be converted to type {_C_TYPES[array.dtype.name]} without overflow")
    else:
        array[...] = value


_C_TYPES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
    "float16": "c10::Half", "float32": "float", "float64": "double",
}  # fmt: skip
