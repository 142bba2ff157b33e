"""``out=``: the result of an operator written into tensors that the caller brings.

It is reached from the guard around named functions, after a call without ``out`` has been refused, so that calls
without it pay nothing. To add an operator whose output is not treated as a pointwise one's, name it in ``_RULES``.
"""

from __future__ import annotations

import warnings

import numpy as np

from .. import _dtypes, _errors
from .._layout import OVERLAP, is_dense, refuse_overlap
from .._tensor import Tensor, address, c_name, scalar_type_name, wrap
from .._warnings import warn
from ..autograd.mode import state
from ..autograd.nodes import underivable
from ..autograd.rebasing import written
from ._define import OPERATORS, record
from .extrema import named_result
from .shape import warn_of_complex
from .vector_products import cross_along

RESIZED = (
    "An output with one or more elements was resized since it had shape {}, which does not match the required output "
    "shape {}. This behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they "
    "have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with "
    "t.resize_(0). (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/Resize.cpp:30.)"
)

_GER = (
    "torch.ger is deprecated and will be removed in a future PyTorch release. Use torch.outer instead. (Triggered "
    "internally at /__w/pytorch/pytorch/aten/src/ATen/native/LinearAlgebra.cpp:1270.)"
)


# --- what dtype an output may have --------------------------------------------------------------------------------


def _castable(result: Tensor, out: Tensor, inputs) -> None:
    """Pointwise operators: no category may be lost."""
    have, want = result.dtype, out.dtype
    if have.category > want.category:
        raise _errors.result_type(have, want)


def _exact(result: Tensor, out: Tensor, inputs) -> None:
    if result._a.dtype != out._a.dtype:
        raise RuntimeError(f"Expected out tensor to have dtype {c_name(result)}, but got {c_name(out)} instead")


def _worded(text: str, error=RuntimeError, fits=None):
    """The result's own dtype, or the complaint ``text`` of {have} and {want} (or the input's dtype {input})."""

    def check(result: Tensor, out: Tensor, inputs) -> None:
        if out._a.dtype != result._a.dtype if fits is None else not fits(result.dtype, out.dtype):
            have, want = scalar_type_name(result), scalar_type_name(out)
            raise error(text.format(have=have, want=want, input=scalar_type_name(inputs[0])))

    return check


def _batches_added(result: Tensor, out: Tensor, inputs) -> None:
    """The sum is begun in the output itself."""
    if out._a.dtype is not result._a.dtype and len(inputs[1]._a):
        warn_of_complex(inputs[0]._a, out._a.dtype)
        names = scalar_type_name(out), scalar_type_name(result)
        raise RuntimeError("self and mat2 must have the same dtype, but got {} and {}".format(*names))


def _no_category_lost(have, want) -> bool:
    return have.category <= want.category


def _of_median(result: Tensor, out: Tensor, inputs) -> None:
    if result._a.dtype == out._a.dtype:
        return
    have, want = (f"torch.{scalar_type_name(tensor)}Tensor" for tensor in (result, out))
    if result._a.dtype == np.int64 and inputs[0]._a.dtype != np.int64:
        complaint = f"Expected tensor for argument #1 'indices' to have scalar type Long; but got {want} instead"
    else:
        complaint = (
            "Expected tensor for 'values' to have the same type as tensor for argument #2 'self'; but type "
            f"{want} does not equal {have}"
        )
    raise RuntimeError(f"{complaint} (while checking arguments for median)")


def _of_nansum(result: Tensor, out: Tensor, inputs) -> None:
    if result.dtype.category < 2 or inputs[0].dtype.category < 2:
        _exact(result, out, inputs)
    _worded("nansum: provided dtype must match dtype of result. Got {want} and {have}.")(result, out, inputs)


def _inexact(have, want) -> bool:
    return want.category >= 2


_CATS = (
    "cat", "concat", "concatenate", "stack", "hstack", "vstack", "row_stack", "dstack", "column_stack"
)  # fmt: skip
_BOOL_OR_BYTE = ("torch.bool", "torch.uint8")
_of_extremum = _worded(
    "Expected canCast( typeMetaToScalarType(self.dtype()), typeMetaToScalarType(out.dtype())) to be true, but got "
    "false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)",
    fits=_no_category_lost,
)
_found = _worded("Found dtype {want} but expected {have}")
_contracted = _worded(
    "tensordot: Expected the output tensor to have dtype {have}, but got an output tensor with dtype {want}"
)
_RULES = {
    **dict.fromkeys(("neg", "negative", "bitwise_not", "softplus", "hardshrink", "softshrink", "gelu"), _found),
    **dict.fromkeys(("ceil", "floor", "trunc", "frac", "round", "sgn", "sign", "conj_physical"), _found),
    **{
        name: _worded(f"{name} does not support non-boolean outputs.") for name in ("isneginf", "isposinf", "signbit")
    },
    "nan_to_num": _worded("nan_to_num: dtype of out: {want} should be same as input: {have}"),
    **dict.fromkeys(("abs", "absolute"), lambda *parts: (_castable if parts[2][0].is_complex() else _found)(*parts)),
    **dict.fromkeys(
        ("clamp", "clip", "clamp_max", "clamp_min"),
        lambda *parts: (_castable if len(parts[2]) > 1 else _found)(*parts),
    ),
    **dict.fromkeys(
        (
            "mm", "matmul", "bmm", "addmm", "addmv", "baddbmm", "cross", "linalg_cross", "linear",
            "tril", "triu", "gather", "scatter", "scatter_add", "index_add",
            "softmax", "log_softmax", "argmax", "argmin", "norm",
            "take_along_dim", "sort", "topk", "sum", "prod", "cumsum", "cumprod", "argsort", "isin", "aminmax",
        ),
        _exact,
    ),
    "lerp": lambda *parts: (_found if len(parts[2]) == 3 and parts[2][2]._a.ndim else _castable)(*parts),
    "addbmm": _batches_added,
    "tensordot": _contracted,
    "inner": lambda *parts: (_contracted if all(t._a.ndim for t in parts[2]) else _castable)(*parts),
    "where": _worded("Expected out type to be {have} but got {want}"),
    "all": _worded("all only supports bool tensor for result, got: {want}", fits=lambda _, w: str(w) in _BOOL_OR_BYTE),
    "any": _worded("any only supports bool tensor for result, got: {want}", fits=lambda _, w: str(w) in _BOOL_OR_BYTE),
    **dict.fromkeys(
        ("amax", "amin"),
        _worded(
            "Expected the dtype for input and out to match, but got {have} for input's dtype and {want} for out's "
            "dtype."
        ),
    ),
    **dict.fromkeys(("max", "min"), lambda *parts: (_castable if len(parts[2]) > 1 else _of_extremum)(*parts)),
    "mv": _worded("addmv input tensors must have the same dtype, but got {want}, {have}, and {have}"),
    **dict.fromkeys(("cummax", "cummin", "diff, 0 times"), _worded("expected scalar_type {have} but found {want}")),
    **dict.fromkeys(("median", "nanmedian"), _of_median),
    **dict.fromkeys(("nansum", "nanmean"), _of_nansum),
    "logsumexp": _worded("logsumexp(): Expected floating point type for result tensor, but got: {want}", fits=_inexact),
    "complex": _worded("Expected object of scalar type {have} but got scalar type {want} for argument 'out'"),
    "heaviside": _worded("heaviside is not yet implemented for tensors with different dtypes."),
    "logsigmoid": _worded("expected scalar type {have} but found {want}"),
    **dict.fromkeys(("dot", "vdot"), _worded("result dtype {want} does not match input dtype {have}")),
    "index_select": _worded("index_select(): self and result must have the same scalar type"),
    "take": _worded(
        "take(): self and out expected to have the same dtype, but got self.dtype = {have} and out.dtype = {want}"
    ),
    "masked_select": _worded("masked_select(): self and result must have the same scalar type"),
    "nonzero": _worded("nonzero: Expected out tensor to have scalar type Long but got scalar type{want}"),
    "multinomial": _worded("multinomial expects Long tensor out, got: {want}"),
    **dict.fromkeys(
        _CATS,
        _worded(
            "torch.cat(): input types can't be cast to the desired output type {want}", TypeError, _no_category_lost
        ),
    ),
}  # fmt: skip


def _of_diag(result: Tensor, out: Tensor, inputs) -> None:
    if inputs[0]._a.ndim == 1 and not _no_category_lost(result.dtype, out.dtype):
        have, want = scalar_type_name(result), scalar_type_name(out)
        raise RuntimeError(f"diag: result type {have} can't be cast to the desired out= type {want}")
    _exact(result, out, inputs)


def _safely(name: str, called: str = "result"):
    """The check of linear algebra: no category may be lost."""
    return _worded(
        f"{name}: Expected {called} to be safely castable from {{have}} dtype, but got {called} with dtype {{want}}",
        fits=_no_category_lost,
    )


def _of_power(result: Tensor, out: Tensor, inputs) -> None:
    _safely("matrix_power")(result, out, inputs)
    _exact(result, out, inputs)


def _of_triangle(result: Tensor, out: Tensor, inputs) -> None:
    warn_of_complex(result._a, out._a.dtype)
    _worded("expected scalar type {have} but found {want}")(result, out, inputs)


def _of_chain(result: Tensor, out: Tensor, inputs) -> None:
    if result._a.dtype != out._a.dtype:
        have, want = c_name(result), c_name(out)
        raise RuntimeError(f"multi_dot(): expected out tensor to have dtype {have} but got {want}")


_RULES |= {
    "diag": _of_diag,
    **dict.fromkeys(
        (
            "inverse", "linalg_cholesky", "linalg_det", "linalg_eigvalsh", "linalg_inv", "linalg_solve",
            "linalg_svdvals", "linalg_vector_norm",
        ),
        _exact,
    ),
    **dict.fromkeys(("matrix_power", "linalg_matrix_power"), _of_power),
    **dict.fromkeys(("chain_matmul", "linalg_multi_dot"), _of_chain),
    "cholesky": _safely("cholesky"), "linalg_cond": _safely("linalg.cond"), "linalg_pinv": _safely("linalg.pinv"),
    "linalg_eig": _safely("torch.linalg.eig", "eigenvalues"),
    "linalg_eigvals": _safely("torch.linalg.eigvals", "eigenvalues"),
    "linalg_lstsq": _safely("torch.linalg.lstsq", "solution"),
    "linalg_matrix_norm": _worded("linalg.matrix_norm expected out tensor dtype {have} but got: {want}"),
    "linalg_matrix_rank": _safely("torch.linalg.matrix_rank"),
    "linalg_norm": _worded("linalg.norm expected out tensor dtype {have} but got: {want}"),
    "linalg_solve_triangular": _of_triangle,
    "linalg_vecdot": _worded("linalg.vecdot: Expected out of dtype{have} but found {want}"),
}  # fmt: skip

# Computed in the dtype of the output, unless one is asked for.
_IN_DTYPE_OF_OUT = {"sum", "prod", "cumsum", "cumprod", "mean", "nansum", "nanmean"}
# Answered by 0 and 1 of the operands' dtype, which are cast, unless the output is of bools.
_IN_DTYPE_OF_OPERANDS = {"eq", "ne", "not_equal", "logical_and", "logical_or", "logical_xor"}
# An output that is an input at the same time would be read after it was written.
_APART = {
    *_CATS, "gather", "index_select", "masked_select", "outer", "ger", "nonzero", "take"
}  # fmt: skip
_INPUTS_APART = {"scatter": 2, "scatter_add": 2, "index_add": 2}  # the number of the tensor argument that must be
_UNCHECKED = {
    "mm",
    "bmm",
    "matmul",
    "addmm",
    "addmv",
    "baddbmm",
    "addbmm",
    "mv",
    "dot",
    "linear",
    "softmax",
    "log_softmax",
    "tril",
    "triu",
}
_INTERNAL_OVERLAP = {"sum", "prod", "all", "any", "amax", "amin", "argmax", "argmin", "std", "var", "norm", "mv", "bmm"}
_INTERNAL_OVERLAP |= {"threshold", "tril", "triu", "multinomial"}

# What torch calls the operator that finds an argument to require grad.
_AUTOGRAD_NAMES = {
    "norm": "linalg_vector_norm",
    "outer": "mul",
    "ger": "mul",
    "softmax": "aten::softmax",
    "log_softmax": "aten::log_softmax",
    "floor_divide": "aten::floor_divide",
    "clip": "clamp",
    "absolute": "abs",
    "negative": "neg",
    "multiply": "mul",
    "square": "pow",
    "diff": "sub",
    "subtract": "sub",
    "divide": "div",
    "arctan2": "atan2",
    "cross": "linalg_cross",
    "true_divide": "div",
    **dict.fromkeys(("concat", "hstack", "vstack", "row_stack", "dstack", "column_stack"), "cat"),
    "concatenate": "cat",
    "logsigmoid": "log_sigmoid_forward",
    "argsort": "sort",
    "nanmean": "nansum",
    "inverse": "linalg_inv_ex",
    "qr": "linalg_qr",
    "matrix_power": "matmul",
    "linalg_matrix_power": "matmul",
    "chain_matmul": "mm",
    "linalg_multi_dot": "mm",
    "linalg_cholesky": "linalg_cholesky_ex",
    "linalg_det": "_linalg_det",
    "linalg_eigh": "_linalg_eigh",
    "linalg_eigvalsh": "_linalg_eigh",
    "linalg_eigvals": "aten::linalg_eigvals",
    "linalg_inv": "linalg_inv_ex",
    "linalg_slogdet": "_linalg_slogdet",
    "linalg_solve": "_linalg_solve_ex",
    "linalg_solve_ex": "_linalg_solve_ex",
    "linalg_svd": "_linalg_svd",
    "linalg_svdvals": "_linalg_svd",
    "linalg_vecdot": "sum",
    "slogdet": "_linalg_slogdet",
    "svd": "_linalg_svd",
    **{
        name: f"aten::{name}"
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "conj_physical", "heaviside")
    },
}
# Those without a derivative look at the output alone.
_UNDERIVABLE = {name for name, asked in _AUTOGRAD_NAMES.items() if asked.startswith("aten::")}
_SILENT = {"logsigmoid", "multinomial", "addbmm"}  # resize without a warning  # fmt: skip
_DEPRECATED = {"chain_matmul", "cholesky", "qr"}  # which they say first of all
# Written by a copy, which can be recorded.
_COPIED = {"inner", "tensordot", "linalg_cond", "linalg_matrix_norm", "linalg_norm"}
# Laid out by rows where the output has to be resized; True: also one without elements.
_ROW_MAJOR = {"cholesky": True, "linalg_matrix_power": True, "linalg_eig": False, "linalg_lstsq": False}
_ROW_MAJOR["matrix_power"] = True
_ORDER = {"linalg_eigh": (1, 0), "linalg_svd": (0, 2, 1), "svd": (0, 2, 1)}  # in which outputs are looked at


# --- writing ------------------------------------------------------------------------------------------------------


def into(name: str, forward, out, args, kwargs):
    """``forward(*args, **kwargs)`` written into ``out``, a tensor or a tuple of several, which is returned."""
    outs = (out,) if isinstance(out, Tensor) else tuple(out)
    inputs = [*tensors(args), *tensors(kwargs.values())]
    if name == "cross":
        forward = cross_along
    if name == "ger":  # deprecated in this form alone
        warn(_GER, once=True)
    kernel = "sum" if name == "mean" and kwargs.get("dtype") is not None else name
    if name == "diff" and (args[1] if len(args) > 1 else kwargs.get("n", 1)) == 0:
        kernel = "diff, 0 times"
    elif name == "diff":
        _refuse_nothing(inputs, args[2] if len(args) > 2 else kwargs.get("dim", -1))
    if name in _IN_DTYPE_OF_OUT:
        kwargs = _with_dtype_of(name, outs[0], inputs, kwargs, len(args) > 1 or "dim" in kwargs)
    if name == "inner" and not all(t._a.ndim for t in inputs):
        name = "mul"
    copied = (name in _COPIED or kernel == "diff, 0 times") and state.enabled and any(t._rg for t in (*inputs, *outs))
    enabled, state.enabled = state.enabled, copied
    try:
        if enabled and not copied:
            _refuse_gradients(name, inputs, outs)
        with warnings.catch_warnings(record=True) as caught:  # of which nobody hears if the output does not fit
            warnings.simplefilter("always")
            result = forward(*args, **kwargs)
    finally:
        state.enabled = enabled
    results = (result,) if isinstance(result, Tensor) else tuple(result)
    if name in ("matmul", "linear") and inputs[1]._a.ndim == 1:
        kernel = "dot" if inputs[0]._a.ndim == 1 else "mv"
    if kernel == "mv" and outs[0]._a.ndim and outs[0]._a.shape != results[0]._a.shape:
        kernel = "mm"
    if name in ("max", "min") and len(outs) == 2:
        kernel = "sort"
    check = _RULES.get(kernel) or (_exact if len(outs) > 1 else _castable)
    if name in _DEPRECATED:
        _say_again(caught)
    pairs = list(zip(results, outs, strict=True))
    pairs = [pairs[number] for number in _ORDER.get(name, range(len(pairs)))]
    for part, target in pairs:
        if check is _castable and part._a.shape == target._a.shape and name not in _INTERNAL_OVERLAP:
            refuse_overlap(target._a, ())
        check(part, target, inputs)
    if name not in _DEPRECATED:
        _say_again(caught)
    if name in _IN_DTYPE_OF_OPERANDS and outs[0]._a.dtype.kind not in "bc":
        for source in [t._a for t in inputs if t._a.dtype.kind == "c"][:1]:
            warn_of_complex(source, outs[0]._a.dtype)
    if name == "isin" and args and not isinstance(args[0], Tensor) and outs[0]._a.size:
        warn(RESIZED.format(list(outs[0]._a.shape), [0]))  # by mistake; then the shape is as it should be
        _resized(outs[0], results[0]._a, inputs)
    zero_times = kernel == "diff, 0 times"
    copied_anew = zero_times and not copied and results[0]._a.shape != outs[0]._a.shape
    for part, target in pairs:
        if copied:
            if target._a.shape != part._a.shape:
                if zero_times and target._rg:
                    raise RuntimeError("cannot resize variables that require grad")
                _write(name, target, part.detach(), inputs)
            target.copy_(inputs[0] if zero_times else part)
        elif name in ("matmul", "linear"):
            _write_product(name, target, part, inputs)
        else:
            _write(name, target, part, inputs)
    if copied_anew:
        written(outs[0])
    if enabled and name in _UNDERIVABLE and any(t._rg for t in inputs):
        record(outs[0], underivable(name), [t for t in inputs if t._rg])
    return out if len(outs) == 1 else named_result(f"{name}_out", type(result).__match_args__)(outs)


def _refuse_nothing(inputs, dim: int) -> None:
    """What torch complains of where ``diff`` has nothing to look at: it takes what follows the first element."""
    fits = all(-t._a.ndim <= dim < t._a.ndim for t in inputs)
    if fits and not sum(t._a.shape[dim] for t in inputs):
        raise IndexError("start out of range (expected to be in range of [0, 0], but got 1)")


def _say_again(caught) -> None:
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _refuse_gradients(name: str, inputs, outs) -> None:
    """Raise torch's error where an operator with a derivative is given, or writes into, what requires grad."""
    pair = name in ("max", "min") and len(inputs) == 2 and len(outs) == 1
    asked = f"{name}imum" if pair else _AUTOGRAD_NAMES.get(name, name)
    watched = outs if name in _UNDERIVABLE else (*inputs, *outs)
    derivable = OPERATORS[name].differentiable or name in _UNDERIVABLE or name == "argsort"
    if derivable and any(t._rg for t in watched):
        raise RuntimeError(
            f"{asked}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )


def tensors(values):
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from tensors(value)


def _with_dtype_of(name: str, out: Tensor, inputs, kwargs, along_dims: bool):
    if name in ("nansum", "nanmean") and kwargs.get("dtype") is None:
        if inputs[0]._a.dtype.kind != "f":
            return {**kwargs, "dtype": out.dtype}
        if out._a.dtype.kind != "f" and inputs[0]._a.size:
            raise _errors.not_implemented("nansum_cpu", out)
        if name == "nanmean" and out.dtype.category < 2:
            raise _errors.result_type(inputs[0].dtype, out.dtype)
    if name == "mean":
        have, want = inputs[0].dtype, out.dtype
        if along_dims and kwargs.get("dtype") is None and want.category < 2 <= have.category:
            raise _errors.result_type(_dtypes._default, want)  # that of a sum of integers, divided
        if not along_dims and have.category > want.category:
            what = f"input types can't be cast to the desired output type {scalar_type_name(out)}"
            raise RuntimeError(f"mean.dtype_out(): {what}")
        if have.category < 2:
            return kwargs
    return kwargs if kwargs.get("dtype") is not None else {**kwargs, "dtype": out.dtype}


def _write(name: str, out: Tensor, result: Tensor, inputs) -> None:
    a, r = out._a, result._a
    if name in ("index_select", "take"):
        refuse_overlap(a, ())
    apart = inputs if name in _APART else inputs[_INPUTS_APART.get(name, len(inputs)) :]
    if any(source is out or _meet(a, max(a.size, r.size), source._a) for source in apart):
        raise RuntimeError(OVERLAP.format("some elements of the input tensor and the written-to tensor refer"))
    if a.shape != r.shape:
        if a.size and name not in _SILENT:
            warn(RESIZED.format(list(a.shape), list(r.shape)))
        if name in _ROW_MAJOR and (a.size or _ROW_MAJOR[name]):
            r = np.array(r, order="C")
        a = _resized(out, r, inputs)
    elif name not in _INTERNAL_OVERLAP:
        refuse_overlap(a, [] if name in _UNCHECKED else [t._a for t in inputs])
    if a is not r:
        kind = "real" if r.dtype.kind == "c" and a.dtype.kind not in "cb" else None
        np.copyto(a, r.real if kind else r, "unsafe")
    written(out)
    if name == "nanmean":  # the sum, which is then divided
        written(out)


def _meet(a: np.ndarray, size: int, source: np.ndarray) -> bool:
    """Whether both have elements in the same place, once ``a`` has so many, as far as torch looks for it."""
    if not a.size or not source.size or _memory(a) is not _memory(source):
        return False
    begin, first = address(a), address(source)
    if begin == first:
        return True
    return is_dense(a) and is_dense(source) and begin < first + source.nbytes and first < begin + size * a.itemsize


def _memory(a: np.ndarray):
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def _resized(out: Tensor, result: np.ndarray, inputs) -> np.ndarray:
    """An array of the result's shape in the memory of ``out``, as far as that goes."""
    a = out._a
    root, size = _memory(a), result.size * a.itemsize
    start = address(a) - address(root)
    if a.size and root.flags.c_contiguous and start + size <= root.nbytes:
        strides = tuple([stride // result.itemsize * a.itemsize for stride in result.strides])
        out._a = np.ndarray(result.shape, a.dtype, root.reshape(-1), start, strides)
    else:
        shared = result.dtype != a.dtype or any(np.may_share_memory(result, t._a) for t in inputs)
        out._a = np.array(result, a.dtype, order="K") if shared else result
        out._root = None
    return out._a


# --- products -----------------------------------------------------------------------------------------------------


def _write_product(name: str, out: Tensor, result: Tensor, inputs) -> None:
    """As ``_write``, by the ways in which torch makes ``matmul`` of other products."""
    left, right = inputs[:2]
    a, r = out._a, result._a
    if left._a.ndim == 1 and right._a.ndim == 2:  # into a matrix of one row, which is squeezed afterwards
        _write(name, out, wrap(r[None]), inputs)
        out._a = out._a[0]
        if name == "matmul":
            written(out)
        return
    if a.shape == r.shape and left._a.ndim > 2 and right._a.ndim < 3 and a.size:  # the batch is folded into the rows
        folded = (r.size // (r.shape[-1] if right._a.ndim == 2 else 1), *r.shape[-1:])[: right._a.ndim]
        if not np.may_share_memory(a.reshape(folded), a):
            _errors.require_broadcast(a.shape, folded)
    _write(name, out, result, inputs)
