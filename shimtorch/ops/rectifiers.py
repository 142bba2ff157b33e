"""Activations that are linear in pieces: ``hardtanh``, ``leaky_relu``, ``threshold``, the shrinking ones, ``prelu``.

To add one: its computation on arrays, a ``named_backward``, and an ``activation`` with a function of torch's
parameters. torch has the in-place forms as functions, too: ``written`` rows.
"""

from __future__ import annotations

import numpy as np

from .. import _dtypes, _errors
from .._layout import laid_out
from .._tensor import Tensor, scalar_type_name, wrap
from ..autograd.derivatives import node_class
from ..autograd.namespaces import ARRAYS, TENSORS
from ..autograd.nodes import SeveralOutputs, extra_of, output_of, underivable
from ._define import F16, F32, F64, ZERO, _guarded, inplace_of, internal, publish, quietly, record, recording, zeroed
from .activations import activation, alone, in_single, named_backward, number_in, relu
from .pointwise import _clamp
from .shape import _reshape_to


def written(name: str, forward, public: bool = True):
    """The in-place form of ``forward`` as a function; ``public``, or only what ``inplace=True`` stands for."""
    write = inplace_of(forward, unary=True, overlapping=name == "threshold_")
    write.__doc__ = f"``{name[:-1]}`` written into ``input``, which is returned. (``torch.nn.functional.{name}``)"
    return publish(name, "unary", write) if public else _guarded(write, name, "unary", method=False)


def _flat(xp, grad):
    return xp.zeros_like(grad)


def _cut_off(grad, self, zero):
    """``grad`` with 0 where ``zero``, and at nan where torch computes with whole vectors."""
    unknown = np.isnan(self)
    return zeroed(zero | (unknown & ~alone(self, 64)) if unknown.any() else zero, grad)


def passed_on(gradient, self, passed):
    """``gradient``, but ``passed`` at nan where torch computes one element at a time."""
    unknown = np.isnan(self)
    return np.where(unknown & alone(self, 128), passed, gradient) if unknown.any() else gradient


relu_ = written("relu_", relu.__wrapped__)


# --- leaky_relu ---------------------------------------------------------------------------------------------------


@in_single
def _leaky_backward(grad, self, slope, is_result):
    if is_result and not slope >= 0:
        raise RuntimeError(
            "In-place leakyReLu backward calculation is triggered with a negative slope which is not supported. This "
            "is caused by calling in-place forward function with a negative slope, please call out-of-place version "
            "instead. File an issue at https://github.com/pytorch/pytorch if you do require supporting in-place "
            "leakRelu backward calculation with negative slope"
        )
    return np.where(self > 0, grad, grad * slope)


named_backward(
    "leaky_relu_backward", _leaky_backward, "LeakyReluBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self, negative_slope: xp.leaky_relu_backward(
            grad, self, negative_slope, False
        ),
        "self": _flat,
    },
    saved=("self",), fixed=("negative_slope", "is_result"),
)  # fmt: skip


@in_single
def _leaky(a, slope):
    return np.where(a > 0, a, a * slope)


_leaky_core = activation(
    _leaky, "LeakyReluBackward0", kernel="leaky_relu_cpu",
    derivative=lambda xp, grad, self, negative_slope: xp.leaky_relu_backward(grad, self, negative_slope, False),
)  # fmt: skip
_leaky_in_place = activation(
    _leaky, "LeakyReluBackward1", kernel="leaky_relu_cpu",
    derivative=lambda xp, grad, result, negative_slope: xp.leaky_relu_backward(grad, result, negative_slope, True),
)  # fmt: skip


def _leaky_relu(input, negative_slope=0.01):
    """Each element, multiplied by ``negative_slope`` unless it is positive. Any shape, floating-point dtypes.

    (``torch.nn.functional.leaky_relu``)
    """
    return _leaky_core(input, negative_slope)


leaky_relu = publish("leaky_relu", "unary", _leaky_relu, differentiable=("self",))
leaky_relu_ = written("leaky_relu_", lambda input, negative_slope=0.01: _leaky_in_place(input, negative_slope))


# --- hardtanh, relu6 ----------------------------------------------------------------------------------------------


def _hardtanh_backward(grad, self, least, most):
    t = F32.type if self.dtype is F16 else self.dtype.type
    return _cut_off(grad, self, (self <= t(least)) | (self >= t(most)))


named_backward(
    "hardtanh_backward", _hardtanh_backward, "HardtanhBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self, min_val, max_val: xp.hardtanh_backward(grad, self, min_val, max_val),
        "self": _flat,
    },
    saved=("self",), fixed=("min_val", "max_val"),
)  # fmt: skip
_HardtanhBackward0 = node_class(
    "HardtanhBackward0", ("self",), saved=("self",), fixed=("min_val", "max_val"),
    derivatives={
        "self": lambda xp, grad, self, min_val, max_val: xp.hardtanh_backward(grad, self, min_val, max_val)
    },
)  # fmt: skip


def _hardtanh(input, min_val=-1, max_val=1):
    """Each element, at least ``min_val`` and at most ``max_val``; the dtype stays.

    RuntimeError for bools, and for uint8 with negative bounds. (``torch.nn.functional.hardtanh``)
    """
    a = input._a
    if a.dtype.kind == "b":
        raise _errors.first(RuntimeError("Bool inputs not supported for hardtanh"))
    bounds = given = [value.item() if isinstance(value, Tensor) else value for value in (min_val, max_val)]
    if a.dtype.kind in "iu":
        bounds = [number_in(value, np.dtype(np.int64)) for value in given]
        if a.dtype.kind == "u" and min(bounds) < 0:
            raise _errors.first(RuntimeError("cannot do hardtanh on an unsigned type with negative limits"))
    out = _clamp(wrap(a), *bounds)
    if a.ndim > 1 and not a.flags.c_contiguous:
        out._a = laid_out(out._a, a)
    if recording(input):
        record(out, _HardtanhBackward0, (input,), (input,), tuple(given))
    return out


def _relu6(input):
    """Each element, at least 0 and at most 6; the dtype stays. RuntimeError for bools.

    (``torch.nn.functional.relu6``)
    """
    return _hardtanh(input, 0, 6)


hardtanh = publish("hardtanh", "unary", _hardtanh, differentiable=("self",))
hardtanh_ = written("hardtanh_", _hardtanh)
relu6 = publish("relu6", "unary", _relu6, differentiable=("self",))
relu6_ = written("relu6_", _relu6, public=False)


# --- threshold ----------------------------------------------------------------------------------------------------


def _threshold_array(a, threshold, value):
    bound = F32.type(threshold) if a.dtype is F16 else threshold
    return np.where(a <= bound, np.array(value, a.dtype), a)


def _threshold_held(numbers, kind):
    threshold, value = numbers
    return number_in(threshold, F32 if kind is F16 else kind), number_in(value, kind)


_threshold_core, _threshold_in_place = (
    activation(
        _threshold_array, f"ThresholdBackward{number}", kernel="threshold_cpu", kinds="iuf", held=_threshold_held,
        derivative=lambda xp, grad, self, threshold: xp.threshold_backward(grad, self, threshold),
    )
    for number in (0, 1)
)  # fmt: skip


def _threshold(input, threshold, value):
    """Each element that exceeds ``threshold``, and ``value`` in the place of the others; the dtype stays.

    Real dtypes but bool. (``torch.threshold``)
    """
    return _threshold_core(input, threshold, value)


threshold = publish("threshold", "unary", _threshold, differentiable=("self",))
threshold_ = written("threshold_", lambda input, threshold, value: _threshold_in_place(input, threshold, value))


# --- hardshrink, softshrink ---------------------------------------------------------------------------------------


def _shrink_backward(grad, self, lambd):
    lambd = self.dtype.type(lambd)
    return _cut_off(grad, self, (self >= -lambd) & (self <= lambd))


def _hardshrink_array(a, lambd):
    return np.where((a >= -lambd) & (a <= lambd), ZERO[a.dtype], a)


@in_single
def _moved(a, zeros, lambd):
    return np.where((a >= -lambd) & (a <= lambd), zeros, a - np.copysign(a.dtype.type(lambd), a))


def _softshrink_array(a, lambd):
    zero = ZERO[a.dtype]
    return _moved(a, np.where(alone(a, 64), a * zero, zero), lambd)


def _softshrink_held(numbers, kind):
    lambd, largest = number_in(numbers[0], F64), float(np.finfo(kind).max)
    if not 0 <= lambd <= largest:
        name = scalar_type_name(_dtypes.OF_NUMPY[kind])
        raise RuntimeError(f"lambda must be in range [0, {largest:g}] for input dtype {name}, but found {lambd:g}")
    return (lambd,)


named_backward(
    "hardshrink_backward", _shrink_backward, "HardshrinkBackwardBackward0", ("grad_out", "self"),
    {"grad_out": lambda xp, grad, self, lambd: xp.hardshrink_backward(grad, self, lambd), "self": _flat},
    saved=("self",), fixed=("lambd",),
)  # fmt: skip
named_backward(
    "softshrink_backward", _shrink_backward, "SoftshrinkBackwardBackward0", ("grad_output", "self"),
    {"grad_output": lambda xp, grad, self, lambd: xp.softshrink_backward(grad, self, lambd), "self": _flat},
    saved=("self",), fixed=("lambd",),
)  # fmt: skip
_hardshrink_core = activation(
    _hardshrink_array, "HardshrinkBackward0", kernel="hardshrink_cpu",
    held=lambda numbers, kind: [number_in(numbers[0], kind)],
    derivative=lambda xp, grad, self, lambd: xp.hardshrink_backward(grad, self, lambd),
)  # fmt: skip
_softshrink_core = activation(
    _softshrink_array, "SoftshrinkBackward0", kernel="softshrink_check", held=_softshrink_held,
    derivative=lambda xp, grad, self, lambd: xp.softshrink_backward(grad, self, lambd),
)  # fmt: skip


def _hardshrink(input, lambd=0.5):
    """Each element, 0 where it is between ``-lambd`` and ``lambd``. Any shape, floating-point dtypes.

    (``torch.nn.functional.hardshrink``)
    """
    return _hardshrink_core(input, lambd)


def _softshrink(input, lambd=0.5):
    """Each element moved towards 0 by ``lambd``, 0 where it is within that. Any shape, floating-point dtypes.

    RuntimeError for a negative ``lambd``. (``torch.nn.functional.softshrink``)
    """
    if isinstance(lambd, complex):  # which torch refuses before it looks at the dtype
        number_in(lambd, F64)
    return _softshrink_core(input, lambd)


hardshrink = publish("hardshrink", "unary", _hardshrink, methods=("hardshrink",), differentiable=("self",))
softshrink = publish("softshrink", "unary", _softshrink, differentiable=("self",))


# --- hardsigmoid, hardswish ---------------------------------------------------------------------------------------


@in_single
def _hardsigmoid_array(a):
    return np.minimum(np.maximum(a + 3, ZERO[a.dtype]), 6) / 6


@in_single
def _hardsigmoid_backward(grad, self):
    return zeroed(~((self > -3) & (self < 3)), grad * self.dtype.type(np.float32(1 / 6)))


def _no_second(grad, self):
    out = wrap(quietly(_hardsigmoid_backward, grad._a, self._a))
    wanting = [tensor for tensor in (grad, self) if tensor._rg]
    if wanting and recording(*wanting):
        record(out, underivable("hardsigmoid_backward"), wanting)
    return out


internal("hardsigmoid_backward", _hardsigmoid_backward, _no_second)


@in_single
def _hardswish_array(a):
    return a * np.minimum(np.maximum(a + 3, ZERO[a.dtype]), 6) / 6


@in_single
def _hardswish_slope(grad, self):
    return zeroed(self <= -3, np.where(self >= 3, grad, grad * (self / 3 + self.dtype.type(0.5))))


def _hardswish_backward(grad, self):
    return passed_on(_hardswish_slope(grad, self), self, grad)


named_backward(
    "hardswish_backward", _hardswish_backward, "HardswishBackwardBackward0", ("grad_output", "self"),
    {
        "grad_output": lambda xp, grad, self: xp.hardswish_backward(grad, self),
        "self": lambda xp, grad, grad_output, self: xp.where(
            (self > -3.0) & (self < 3.0), xp.div_scalar(grad * grad_output, 3.0), 0
        ),
    },
    saved=("grad_output", "self"),
)  # fmt: skip
_hardsigmoid = activation(
    _hardsigmoid_array, "HardsigmoidBackward0", kernel="hardsigmoid_cpu",
    derivative=lambda xp, grad, self: xp.hardsigmoid_backward(grad, self),
)  # fmt: skip
_hardswish = activation(
    _hardswish_array, "HardswishBackward0", kernel="hardswish_cpu",
    derivative=lambda xp, grad, self: xp.hardswish_backward(grad, self),
)  # fmt: skip
hardsigmoid = publish("hardsigmoid", "unary", _hardsigmoid, differentiable=("self",))
hardsigmoid_ = written("hardsigmoid_", _hardsigmoid, public=False)
hardswish = publish("hardswish", "unary", _hardswish, differentiable=("self",))
hardswish_ = written("hardswish_", _hardswish, public=False)


# --- prelu --------------------------------------------------------------------------------------------------------


@in_single
def _prelu_array(a, weight):
    return np.where(a > 0, a, weight * a)


@in_single
def _prelu_to_input(grad, self, weight):
    return np.where(self > 0, grad, weight * grad)


@in_single
def _prelu_to_weight(grad, self):
    return zeroed(self > 0, self * grad)


internal("prelu_to_input", _prelu_to_input)
internal("prelu_to_weight", _prelu_to_weight)
_PreluKernelBackward0 = node_class(
    "PreluKernelBackward0", ("self", "weight"), saved=("self", "weight"),
    derivatives={
        "self": lambda xp, grad, self, weight: xp.prelu_to_input(grad, self, weight),
        "weight": lambda xp, grad, self: xp.prelu_to_weight(grad, self),
    },
)  # fmt: skip


class PreluKernelBackwardBackward0(SeveralOutputs):
    """The node of both gradients of ``prelu``."""

    __slots__ = ()
    __module__ = "builtins"
    saved_names = ("grad_output", "self", "weight")

    def count(self) -> int:
        return 2

    def arrays(self, grad):
        return self._curvatures(ARRAYS, grad.by_output, *[saved._a for saved in self.saved])

    def tensors(self, grad):
        return self._curvatures(TENSORS, grad.by_output, *self.saved)

    def _curvatures(self, xp, known, grad_output, input, weight):
        self.require_saved()
        positive = input >= 0
        of_input, of_weight = known.get(0), known.get(1)
        first = second = third = None
        if self.edges[0] is not None:
            term = None if of_weight is None else of_weight * input
            if of_input is None:
                first = xp.where(positive, 0, term)
            else:
                scaled = of_input * weight
                first = xp.where(positive, of_input, scaled if term is None else scaled + term)
        if self.edges[1] is not None:
            second = xp.zeros_like(input) if of_weight is None else xp.where(positive, 0, grad_output * of_weight)
        if self.edges[2] is not None:
            third = xp.zeros_like(input) if of_input is None else xp.where(positive, 0, grad_output * of_input)
        return first, second, third


def _prelu_gradients(node, grad):
    """Both gradients, as outputs of one node."""
    node.require_saved()
    input, weight = node.saved
    operands = grad._a, input._a, weight._a
    both = [wrap(quietly(_prelu_to_input, *operands)), wrap(quietly(_prelu_to_weight, *operands[:2]))]
    if recording(grad, input, weight):
        record(both[0], PreluKernelBackwardBackward0, (grad, input, weight), (grad, input, weight))
        several = both[0]._node
        if operands[2].shape != operands[1].shape:
            extra_of(several).operands = tuple([(array.shape, None) for array in operands])
        for number, out in enumerate(both):
            out._node, out._rg = output_of(several, number), True
    return [None if edge is None else out for edge, out in zip(node.edges, both, strict=True)]


_PreluKernelBackward0.tensors = _prelu_gradients


def _prelu(input, weight):
    """Each element, multiplied by ``weight`` unless it is positive; there is one weight, or one for each channel.

    Channels are the second dimension. RuntimeError for as many weights as do not fit, and for unlike dtypes.
    (``torch.prelu``)
    """
    a, w = input._a, weight._a
    if a.dtype is not w.dtype:
        kinds = [scalar_type_name(tensor) for tensor in (input, weight)]
        raise RuntimeError(f"prelu: Type promoting not supported. Got {kinds[0]} and {kinds[1]}")
    if w.size != 1:
        if not a.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = a.shape[1] if a.ndim > 1 else 1
        if channels != w.size:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{w.size} and channel size = {channels}."
            )
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if a.ndim != w.ndim:
        weight = _reshape_to(weight, tuple([w.size if dim == 1 else 1 for dim in range(a.ndim)]))
    if a.dtype.kind != "f":
        raise _errors.not_implemented("prelu_cpu", input)
    r = quietly(_prelu_array, a, weight._a)
    out = wrap(laid_out(r, a) if r.ndim > 1 and not a.flags.c_contiguous else r)
    if recording(input, weight):
        record(out, _PreluKernelBackward0, (input, weight), (input, weight))
        if weight._a.shape != a.shape:
            extra_of(out._node).operands = ((a.shape, None), (weight._a.shape, None))
    return out


prelu = publish("prelu", "unary", _prelu, methods=("prelu",), differentiable=("self", "weight"))
