"""Complex numbers: their parts, their conjugates, and matrices turned over.

A conjugate is a view, as in torch: it shares memory with what it is the conjugate of, by means of a ``Mirror``. What
does not show is a write through a NumPy array or through ``data``, or one in inference mode.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._mirror import Mirror, behind, reflected
from .._tensor import Tensor, root_of, scalar_type_name, strides_of
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.namespaces import TENSORS
from ..autograd.nodes import INFERENCE, counter_of, extra_of
from ..autograd.rebasing import Way, way_to, written
from ._define import binary_core, inplace_of, internal, publish, record, recording, unary
from .shape import view_of

# --- conjugates ---------------------------------------------------------------------------------------------------


def _view(step, base, array, cls, root=None):
    """``step(base)``: a view whose elements are not those of its base."""
    out = view_of(base, array, cls)
    if root is not None:
        out._root = root
    if type(out._made) is Way or not out._made:
        way = out._made = Way("of other elements")
        way.steps = (*(way_to(base) if base._base is not None else ()), step)
        way.array = array
    return out


def _replayable(name: str, derivative):
    return node_class(name, ("self",), {"self": derivative}, again=True)


_ConjBackward0 = _replayable("ConjBackward0", lambda xp, grad: xp.conj(grad))
_NegViewBackward0 = _replayable("NegViewBackward0", lambda xp, grad: -grad)
_ViewAsRealBackward0 = _replayable("ViewAsRealBackward0", lambda xp, grad: xp.view_as_complex(grad))
_ViewAsComplexBackward0 = _replayable("ViewAsComplexBackward0", lambda xp, grad: xp.view_as_real(grad))


def _conj(input):
    """The complex conjugate, a view that shares memory; of real numbers the tensor itself.

    Any shape and dtype. It does not show what is written through ``data``, through NumPy or in inference mode.
    (``torch.conj``)
    """
    a, root = input._a, input._root
    if a.dtype.kind != "c":
        return input
    if type(root) is Mirror:
        return _view(_conj, input, behind(a, root), _ConjBackward0, root.root)
    array, mirror = _mirrored(input, a)
    return _view(_conj, input, array, _ConjBackward0, mirror)


def _mirrored(input, a):
    """Where the conjugate of ``a``, an array in the memory of ``input``, is kept."""
    counter = input._vc or counter_of(input)
    mirrors = [] if counter is INFERENCE or counter.mirrors is None else counter.mirrors
    found = reflected(a, root_of(input), mirrors)
    if counter is not INFERENCE:
        counter.mirrors = mirrors
    return found


def _is_conj(input):
    """Whether it is a conjugate that has not been resolved. (``torch.is_conj``)"""
    return type(input._root) is Mirror and input._a.dtype.kind == "c"


def _is_neg(input):
    """Whether it is the imaginary part of such a conjugate. (``torch.is_neg``)"""
    return type(input._root) is Mirror and input._a.dtype.kind != "c"


def _resolve_conj(input):
    """The tensor itself, or of a conjugate that shares memory a copy that does not. (``torch.resolve_conj``)"""
    return TENSORS.clone(input) if _is_conj(input) else input


def _resolve_neg(input):
    """The tensor itself, or a copy of the imaginary part of a conjugate. (``torch.resolve_neg``)"""
    return TENSORS.clone(input) if _is_neg(input) else input


def _conjugate(a):
    return np.conjugate(a) if a.dtype.kind == "c" else a.copy(order="K")


conj = publish("conj", "unary", _conj, methods=("conj",), differentiable=("self",))
is_conj = publish("is_conj", "comparison", _is_conj, methods=("is_conj",))
is_neg = publish("is_neg", "comparison", _is_neg, methods=("is_neg",))
resolve_conj = publish("resolve_conj", "unary", _resolve_conj, methods=("resolve_conj",), differentiable=("self",))
resolve_neg = publish("resolve_neg", "unary", _resolve_neg, methods=("resolve_neg",), differentiable=("self",))

_conjugated, _conjugated_in_place = (
    unary(
        f"_conj_physical_{number}", _conjugate, grad_fn=f"ConjPhysicalBackward{number}", methods=(), says="",
        self=lambda xp, grad: xp._conj_physical_0(grad) if xp.is_complex(grad) else grad, to_float=False,
    ).__wrapped__
    for number in (0, 1)
)  # fmt: skip


def _conj_physical(input):
    """The complex conjugate in memory of its own; of real numbers the tensor itself. (``torch.conj_physical``)"""
    return _conjugated(input) if input._a.dtype.kind == "c" else input


def _conj_physical_(self):
    """The complex conjugate, written into the tensor itself, which is returned. (``torch.Tensor.conj_physical_``)"""
    if self._a.dtype.kind == "c" or recording(self):
        return _write(self)
    written(self)
    return self


_write = inplace_of(_conjugated_in_place)
conj_physical = publish(
    "conj_physical", "unary", _conj_physical, methods=("conj_physical",), differentiable=("self",)
)  # fmt: skip
publish("conj_physical_", "unary", _conj_physical_, methods=("conj_physical_",), differentiable=("self",))


# --- parts --------------------------------------------------------------------------------------------------------


def _pairs(a):
    parts, shape = a.real, (*a.shape, 2)
    return as_strided(parts, shape, (*a.strides, parts.itemsize)) if a.size else np.empty(shape, parts.dtype)


def _real(input):
    """The real parts, a view; of real numbers the tensor itself. (``torch.real``)"""
    if input._a.dtype.kind != "c":
        return input
    return _part(_conj(input) if _is_conj(input) else input, 0)


def _imag(input):
    """The imaginary parts, a view. RuntimeError for real numbers. (``torch.imag``)"""
    a, root = input._a, input._root
    if a.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    if type(root) is not Mirror:
        return _part(input, 1)
    return TENSORS.select(_neg_view(_view_as_real(_conj(input))), a.ndim, 1)


def _neg_view(input):
    """The negatives of pairs, as far as they are imaginary parts: those of the conjugates."""
    kind = np.result_type(input._a.dtype, np.complex64)
    array, mirror = _mirrored(input, _unpaired(input._a, kind))
    return _view(_neg_view, input, _pairs(array), _NegViewBackward0, mirror)


def _part(input, which: int):
    return TENSORS.select(_view_as_real(input), input._a.ndim, which)


def _view_as_real(input):
    """Real and imaginary parts along a last dimension of two, a view. RuntimeError for real numbers, and for a
    conjugate that is not resolved. (``torch.view_as_real``)"""
    if input._a.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    if _is_conj(input):
        raise RuntimeError(
            "view_as_real doesn't work on unresolved conjugated tensors.  To resolve the conjugate tensor so you can "
            "view it as real, use self.resolve_conj(); however, be warned that the resulting tensor will NOT alias the "
            "original."
        )
    return _view(_view_as_real, input, _pairs(input._a), _ViewAsRealBackward0)


def _view_as_complex(input):
    """Complex numbers from pairs along the last dimension, a view; float32 or float64.

    RuntimeError where pairs do not lie in memory as complex numbers do. (``torch.view_as_complex``)
    """
    a = input._a
    if a.dtype.kind != "f":
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            + scalar_type_name(input)
        )
    kind = input.dtype.to_complex()._numpy
    strides = strides_of(a)
    for fits, complaint in (
        (a.ndim, "Input tensor must have one or more dimensions"),
        (a.shape[-1:] == (2,), "Tensor must have a last dimension of size 2"),
        (strides[-1:] == (1,), "Tensor must have a last dimension with stride 1"),
        (not any(s % 2 for s in strides[:-1]), "Tensor must have a stride divisible by 2 for all but last dimension"),
        (input.storage_offset() % 2 == 0, "Tensor must have a storage_offset divisible by 2"),
    ):
        if not fits:
            raise RuntimeError(complaint)
    return _view(_view_as_complex, input, _unpaired(a, kind), _ViewAsComplexBackward0)


def _unpaired(a, kind):
    if not a.size:
        return np.empty(a.shape[:-1], kind)
    return as_strided(as_strided(a, (2,), (a.itemsize,)).view(kind), a.shape[:-1], a.strides[:-1])


view_as_real = publish("view_as_real", "unary", _view_as_real, differentiable=("self",))
view_as_complex = publish("view_as_complex", "unary", _view_as_complex, differentiable=("self",))


real = publish("real", "unary", _real, differentiable=("self",))
imag = publish("imag", "unary", _imag, differentiable=("self",))
internal("imag", lambda a: a.imag, lambda t: TENSORS.select(TENSORS.view_as_real(t), t._a.ndim, 1))


def _set_real(self, value) -> None:
    _real(self).copy_(value)


def _set_imag(self, value) -> None:
    _imag(self).copy_(value)


Tensor.real = property(_real, _set_real)
Tensor.imag = property(_imag, _set_imag)


# --- from their parts ---------------------------------------------------------------------------------------------


def _joined(a, b):
    out = np.empty(np.broadcast(a, b).shape, np.result_type(a.dtype, np.complex64))
    out.real, out.imag = a, b
    return out


_complex_core = binary_core(_joined)
_ComplexBackward0 = node_class(  # which in torch saves what it does not need
    "ComplexBackward0", ("real", "imag"), saved=("real", "imag"), optional=("real", "imag"),
    derivatives={"real": lambda xp, grad, real: xp.real(grad), "imag": lambda xp, grad, imag: xp.imag(grad)},
)  # fmt: skip


def _complex(real, imag):
    """``real + 1j * imag`` of two tensors of float32, or of float64; shapes broadcast.

    RuntimeError for other dtypes, or different ones. (``torch.complex``)
    """
    if not isinstance(real, Tensor) or not isinstance(imag, Tensor):
        raise TypeError("imag")
    kinds = scalar_type_name(real), scalar_type_name(imag)
    if real._a.dtype.kind != "f" or imag._a.dtype.kind != "f":
        raise RuntimeError("Expected both inputs to be Half, Float or Double tensors but got {} and {}".format(*kinds))
    if kinds[0] != kinds[1]:
        raise RuntimeError(
            "Expected object of scalar type {} but got scalar type {} for second argument".format(*kinds)
        )
    real.dtype.to_complex()  # which says that there is none of float16
    out = _complex_core(real, imag)
    if recording(real, imag):
        record(out, _ComplexBackward0, (real, imag), tuple([part if part._rg else None for part in (real, imag)]))
        extra_of(out._node).operands = tuple([(part._a.shape, part._a.dtype) for part in (real, imag)])
    return out


complex = publish("complex", "binary", _complex, differentiable=("real", "imag"))


# --- matrices turned over -----------------------------------------------------------------------------------------

_WITHOUT_DIMENSIONS = " (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/TensorShape.cpp:{}.)"


def _turned(name: str, what: str, line: int, conjugate: bool, dims=None):
    """``input`` with its last two dimensions swapped, and conjugated if asked for."""

    def forward(input):
        ndim = input._a.ndim
        if ndim == 0:
            where = _WITHOUT_DIMENSIONS.format(line)
            instead = "Consider using x.conj()." if conjugate else "This function is the identity in these cases."
            warn(
                f"{name if '(' in name else 'Tensor.' + name} is deprecated on 0-D tensors. {instead}{where}", once=True
            )
            return _conj(input) if conjugate else input
        if ndim != 2 and (dims or ndim < 2):
            better = " For batches of matrices, consider using tensor.mH" if ndim > 2 else ""
            raise RuntimeError(f"tensor.{name} is only supported on {what}. Got {ndim}-D tensor.{better}")
        out = TENSORS.transpose(input, -2, -1)
        return _conj(out) if conjugate else out

    return forward


_BATCHES = "matrices or batches of matrices"
_adjoint = _turned("adjoint()", _BATCHES, 4390, True)
_adjoint.__doc__ = "Each matrix transposed and conjugated, a view. RuntimeError for one dimension. (``torch.adjoint``)"
adjoint = publish("adjoint", "unary", _adjoint, methods=("adjoint",), differentiable=("self",))
Tensor.mT = property(_turned("mT", _BATCHES, 4373, False))
Tensor.mH = property(_turned("mH", _BATCHES, 4382, True))
Tensor.H = property(_turned("H", "matrices (2-D tensors)", 4335, True, 2))
