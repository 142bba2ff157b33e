"""``gradcheck`` and ``gradgradcheck``: the gradients of a function beside differences of its values.

A Jacobian here has a row for each element of an input and a column for each element of an output.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np

from .. import _dtypes
from .._factories import zeros_like
from .._tensor import Tensor, wrap
from .differentiation import grad
from .function import Function
from .namespaces import TENSORS

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """Raised by ``gradcheck`` and ``gradgradcheck``. (``torch.autograd.gradcheck.GradcheckError``)"""

    __module__ = "torch.autograd.gradcheck"


def gradcheck(
    func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0, check_undefined_grad=True,
    check_grad_dtypes=False, check_batched_grad=False, check_batched_forward_grad=False, check_forward_ad=False,
    check_backward_ad=True, fast_mode=False, masked=None,
):  # fmt: skip
    """Whether the gradients of ``func(*inputs)`` agree with central differences of width ``2 * eps``.

    Checked are all inputs that require grad, a Tensor or several, and all outputs that do: that Jacobians agree within
    ``atol`` and ``rtol``, that a second pass gives the same within ``nondet_tol``, dtypes and shapes of gradients, and
    that zero and undefined gradients are passed on as such. Of complex outputs the imaginary parts are checked, then
    the real ones. What fails is a GradcheckError, or False without ``raise_exception``; ValueError if no input requires
    grad, RuntimeError for one whose elements share memory, NotImplementedError for ``fast_mode``, forward mode and
    batched gradients. (``torch.autograd.gradcheck``)
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    _refuse("check_forward_ad", check_forward_ad, "forward-mode differentiation")
    _refuse("check_batched_grad", check_batched_grad, "vmap")
    _refuse("fast_mode", fast_mode, "the random projections of Jacobians")
    check = _Check(func, _as_tuple(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes, bool(masked))
    try:
        check.run(check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
    raise_exception=True, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False,
    check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False, masked=False,
):  # fmt: skip
    """``gradcheck`` of the gradients of ``func`` by its ``inputs`` and by the gradients of its outputs.

    Those are ``grad_outputs``, or drawn from between -1 and 1. The rest is as for ``gradcheck``.
    (``torch.autograd.gradgradcheck``)
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    _refuse("check_fwd_over_rev", check_fwd_over_rev, "forward-mode differentiation")
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        outputs = _differentiable(func(*inputs))
        grad_outputs = tuple([_drawn_like(output, gen_non_contig_grad_outputs) for output in outputs])
    grad_outputs = _as_tuple(grad_outputs)
    count = len(grad_outputs)
    asking = [isinstance(value, Tensor) and value.requires_grad for value in inputs]
    asking += [seed.requires_grad for seed in grad_outputs]

    def gradients(*args):
        args = [value.requires_grad_() if asks else value for value, asks in zip(args, asking, strict=True)]
        given, seeds = args[: len(args) - count], args[len(args) - count :]
        wanted = [value for value, asks in zip(given, asking, strict=False) if asks]
        found = grad(_differentiable(func(*given)), wanted, seeds, create_graph=True, allow_unused=True)
        return tuple([gradient for gradient in found if gradient is not None])

    return gradcheck(
        gradients, inputs + grad_outputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, fast_mode=fast_mode, masked=masked,
    )  # fmt: skip


def _refuse(option: str, asked: bool, why: str) -> None:
    if asked:
        raise NotImplementedError(f"shimtorch does not offer {option}=True, which needs {why}")


def _as_tuple(values) -> tuple:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def _differentiable(outputs) -> tuple:
    return tuple([output for output in _as_tuple(outputs) if output.requires_grad])


def _drawn_like(output: Tensor, apart: bool) -> Tensor:
    """A leaf of its shape and dtype with numbers between -1 and 1, which lie apart in memory if so wished."""
    dtype = output.dtype if output.dtype.is_floating_point or output.dtype.is_complex else _dtypes.float64
    real = dtype.to_real()
    shape = tuple(output.shape)
    apart = apart and output.numel() > 1
    if apart:
        shape = (*shape[:-1], 2 * shape[-1])
    drawn = wrap(np.empty((*shape, 2) if dtype.is_complex else shape, real._numpy)).uniform_(-1, 1)._a
    if dtype.is_complex:
        drawn = drawn.view(dtype._numpy)[..., 0]
    return wrap(drawn[..., 1::2] if apart else drawn).requires_grad_()


class _Imaginary(Function):
    """The imaginary part."""

    @staticmethod
    def forward(ctx, x):
        return wrap(x._a.imag.copy())

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 1j


class _Undefined(Function):
    """Passes its input on, but no gradient back."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return None


class _Check:
    """One call of ``gradcheck``."""

    def __init__(self, func, inputs, eps, atol, rtol, nondet_tol, check_dtypes, masked) -> None:
        self.func, self.inputs = func, inputs
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.check_dtypes, self.masked = check_dtypes, masked
        self.wanted = [value for value in inputs if isinstance(value, Tensor) and value.requires_grad]

    def run(self, check_undefined: bool) -> None:
        _require_checkable(self.inputs)
        found = self.func(*self.inputs)
        outputs = _differentiable(found)
        if any(output.is_complex() for output in _as_tuple(found)):
            complexes = [place for place, output in enumerate(outputs) if output.is_complex()]
            for part in ("imaginary", "real"):
                function = self._part(part)
                found_part = function(*self.inputs)
                self._compare(function, found_part, _differentiable(found_part), part, complexes)
        else:
            self._compare(self.func, found, outputs)
        self._check_zeros(outputs)
        if check_undefined:
            self._check_undefined(len(outputs))

    def _part(self, name: str):
        """The function with this part of its complex outputs."""

        def function(*args):
            outputs = _as_tuple(self.func(*args))
            part = _Imaginary.apply if name == "imaginary" else TENSORS.real
            return tuple([part(output) if output.is_complex() else output for output in outputs])

        return function

    def _compare(self, function, found, outputs, part="", complexes=()) -> None:
        """The Jacobians of all pairs of output and input."""
        found = _as_tuple(found)
        numerical = list(zip(*[self._numerical(function, found, tensor) for tensor in self.wanted], strict=True))
        if not outputs:
            if any(np.count_nonzero(jacobian._a) for jacobians in numerical for jacobian in jacobians):
                raise GradcheckError("Numerical gradient for function expected to be zero")
            return
        numerical = [jacobians for output, jacobians in zip(found, numerical, strict=False) if output.requires_grad]
        for i, output in enumerate(outputs):
            for j, (ours, theirs) in enumerate(zip(self._analytical(output), numerical[i], strict=True)):
                if not np.allclose(ours._a, theirs._a, self.rtol, self.atol):
                    prefix = f"While considering the {part} part of complex outputs only, " if i in complexes else ""
                    raise GradcheckError(
                        f"{prefix}Jacobian mismatch for output {i} with respect to input {j},\n"
                        f"numerical:{theirs}\nanalytical:{ours}\n"
                    )

    # --- by differences of values ---------------------------------------------------------------------------------

    def _numerical(self, function, found, tensor: Tensor) -> list:
        """The Jacobians of all outputs that are no integers, by one input, which is changed for a moment."""

        def values():
            return [output.clone() for output in _as_tuple(function(*self.inputs))]

        memory = tensor.data
        kind = tensor.dtype if tensor.is_complex() else None
        floats = [output for output in found if output.dtype.is_floating_point or output.dtype.is_complex]
        shapes = [(tensor.numel(), output.numel()) for output in floats]
        jacobians = [
            np.zeros(shape, (kind or output.dtype)._numpy) for shape, output in zip(shapes, floats, strict=True)
        ]
        for row, index in enumerate(itertools.product(*map(range, tensor.shape))):
            entry = memory[index]
            slopes = self._slopes(values, entry, index, self.eps)
            if tensor.is_complex():
                upwards = self._slopes(values, entry, index, self.eps * 1j)
                if any(slope.is_complex() for slope in slopes):
                    raise AssertionError("Expected ds_dx to be real-valued, not complex")
                slopes = [across + up * 1j for across, up in zip(slopes, upwards, strict=True)]
            elif any(slope.is_complex() for slope in slopes):
                raise AssertionError("Expected ds_dx to be real-valued, not complex.")
            for jacobian, slope in zip(jacobians, slopes, strict=False):
                jacobian[row] = slope._a
        return [wrap(jacobian) for jacobian in jacobians]

    def _slopes(self, values, entry: Tensor, index, step) -> list:
        before = entry.clone()
        entry.copy_(before - step)
        lower = values()
        entry.copy_(before + step)
        upper = values()
        entry.copy_(before)
        for a, b in zip(lower, upper, strict=False):
            _require_alike(a, b, index, self.eps)
        return [((b - a) / (2 * self.eps)).detach().reshape(-1) for a, b in zip(lower, upper, strict=False)]

    # --- by backward passes ---------------------------------------------------------------------------------------

    def _analytical(self, output: Tensor) -> list:
        """The Jacobians of one output by all inputs, with what is to be said of the gradients themselves."""
        jacobians, sizes, dtypes = self._gathered(output)
        again = self._gathered(output)[0]
        if not dtypes and self.check_dtypes:
            raise GradcheckError("Gradient has dtype mismatch")
        if not sizes:
            raise GradcheckError("Analytical gradient has incorrect size")
        apart = [np.abs(a - b).max() for a, b in zip(jacobians, again, strict=True) if a.size]
        if any(distance > self.nondet_tol for distance in apart):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                "gives different values, although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {self.nondet_tol}.{_NONDETERMINISM}"
            )
        return [wrap(jacobian) for jacobian in jacobians]

    def _gathered(self, output: Tensor) -> tuple:
        """The Jacobians as arrays, and whether all gradients had the sizes and dtypes of their inputs."""
        seed = np.zeros(tuple(output.shape), output.dtype._numpy)
        flat = seed.reshape(-1)
        jacobians = [np.zeros((tensor.numel(), flat.size), tensor.dtype._numpy) for tensor in self.wanted]
        sizes = dtypes = True
        for column in range(flat.size):
            flat[:] = 0
            flat[column] = 1
            found = grad(output, self.wanted, wrap(seed), retain_graph=True, allow_unused=True)
            for gradient, tensor, jacobian in zip(found, self.wanted, jacobians, strict=True):
                if gradient is None:
                    continue
                if gradient.shape != tensor.shape:
                    sizes = False
                elif gradient.dtype != tensor.dtype:
                    dtypes = False
                if gradient.numel() != tensor.numel():
                    raise AssertionError(
                        f"Expected out_jacobian column to have {gradient.numel()} elements, but got {tensor.numel()}"
                    )
                jacobian[:, column] = gradient._a.reshape(-1)
        return jacobians, sizes, dtypes

    def _check_zeros(self, outputs) -> None:
        """That gradients of zero lead to zeros, of the shapes and dtypes of the inputs."""
        seeds = [zeros_like(output) for output in outputs]
        for gradient, tensor in zip(grad(outputs, self.wanted, seeds, allow_unused=True), self.wanted, strict=True):
            if gradient is None:
                continue
            near = np.allclose(gradient._a, 0) if self.masked else not np.count_nonzero(gradient._a)
            if not near or np.isnan(gradient._a).any():
                raise GradcheckError("backward not multiplied by grad_output")
            if gradient.dtype != tensor.dtype:
                raise GradcheckError("grad is incorrect type")
            if gradient.shape != tensor.shape:
                raise GradcheckError("grad is incorrect size")

    def _check_undefined(self, count: int) -> None:
        """That undefined gradients, of all outputs and of each, lead to zeros or undefined ones."""
        cases = [range(len(_differentiable(self.func(*self.inputs))))]
        if len(cases[0]) > 1:
            cases += [range(place, place + 1) for place in range(count)]
        for undefined in cases:
            outputs = [*_differentiable(self.func(*self.inputs))]
            outputs = [_Undefined.apply(o) if place in undefined else o for place, o in enumerate(outputs)]
            try:
                found = grad(outputs, self.wanted, [zeros_like(output) for output in outputs], allow_unused=True)
            except RuntimeError as error:
                _warn_of_undefined()
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads. " + _NOTES
                ) from error
            if any(gradient is not None and np.count_nonzero(gradient._a) for gradient in found):
                _warn_of_undefined()
                raise GradcheckError(
                    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                    + _NOTES
                )


def _require_alike(a: Tensor, b: Tensor, index, eps) -> None:
    start = "Expected `func` to return outputs with the same"
    when = f"when inputs are perturbed on index {index} by {eps}, but got:"
    if a.shape != b.shape:
        raise AssertionError(f"{start} shape {when} shapes {a.shape} and {b.shape}.")
    if a.dtype != b.dtype:
        raise AssertionError(f"{start} dtype {when} dtypes {a.dtype} and {b.dtype}.")


def _require_checkable(inputs) -> None:
    asked = False
    for index, tensor in enumerate(inputs):
        if not (isinstance(tensor, Tensor) and tensor.requires_grad):
            continue
        asked = True
        if tensor.dtype not in (_dtypes.float64, _dtypes.complex128):
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=4,
            )
        if any(step == 0 and size > 1 for step, size in zip(tensor.stride(), tensor.shape, strict=True)):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )
    if not asked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _warn_of_undefined() -> None:
    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may "
        "break existing callers of this function. If this is true for you, you can call this function with "
        '"check_undefined_grad=False" to disable the feature',
        stacklevel=5,
    )


_NOTES = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
_NONDETERMINISM = """\n
NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected.

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.
If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `nondet_tol=<tol>` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_nondet_tol=<tol>`.
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_nondet_tol=<tol>`
"""
