"""PyTorch's own operator samples (OpInfo, float32): what a look-alike offers of them, and what is equal.

A variant is what PyTorch tests as one: an operator, or one way to call it. Random operators start from the same seed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from itertools import islice
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy

from conformance.suites.comparison.equality import alike, array

SAMPLES = 20  # of each variant, the first
_UNINITIALISED = "empty"  # in the names of operators whose values are whatever was in memory


class Unit(NamedTuple):
    subject: str
    variant: int  # its place in ``variants()``


@dataclass(frozen=True)
class Agreement:
    """Of one variant. ``gradients``: forward and, where PyTorch has them, gradients are equal."""

    offered: bool = False
    forward: bool = False
    gradients: bool = False


@cache
def variants() -> list[Any]:
    """The OpInfo entries for float32. Raises ImportError where PyTorch or its ``expecttest`` is not installed."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return [op for op in op_db if op.supports_dtype(torch.float32, "cpu")]


def agreement(unit: Unit) -> Agreement:
    """Work for the executor."""
    import torch

    subject, op = import_module(unit.subject), variants()[unit.variant]
    function = offered(op, subject)
    if function is None:
        return Agreement()
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        samples = op.sample_inputs("cpu", torch.float32, requires_grad=op.supports_autograd)
        forward, gradients, tried = True, True, 0
        for sample in islice(samples, SAMPLES):
            expected = _reference(op, sample)
            if expected is None:
                continue
            tried += 1
            same = _compare(subject, function, sample, expected, with_values=_UNINITIALISED not in op.name)
            forward, gradients = forward and same.forward, gradients and same.gradients
            if not forward:
                break
    return Agreement(True, forward and tried > 0, forward and gradients and tried > 0)


def offered(op: Any, subject: ModuleType) -> Callable[..., Any] | None:
    """What the subject has for it, by PyTorch's name: a function, or else a method. None if it has neither.

    What PyTorch wrote in Python for its samples runs with the subject in the place of ``torch``.
    """
    if isinstance(op.op, FunctionType) and op.op.__module__.startswith("torch.testing."):
        names = op.op.__globals__ | {"torch": subject, "wrapper_set_seed": partial(_seeded, subject)}
        function = FunctionType(op.op.__code__, names, op.op.__name__, op.op.__defaults__, op.op.__closure__)
        function.__kwdefaults__ = op.op.__kwdefaults__
        method = getattr(getattr(subject, "Tensor", None), op.name, None)
        return function if method is not None or _named(subject, op.name) is not None else None
    return _named(subject, op.name) or _named(getattr(subject, "Tensor", None), op.name)


def _seeded(module: ModuleType, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """PyTorch's ``wrapper_set_seed`` for another module."""
    module.manual_seed(42)
    return function(*arguments, **keywords)


def _named(place: Any, name: str) -> Callable[..., Any] | None:
    for part in name.split("."):
        try:
            place = getattr(place, part, None)
        except Exception:  # look-alikes refuse in their own ways
            return None
    return place if callable(place) else None


class _Answer(NamedTuple):
    """Values of the outputs, and gradients by input; no gradients where there is nothing to differentiate."""

    outputs: list[Any]
    gradients: list[Any] | None


def _reference(op: Any, sample: Any) -> _Answer | None:
    import torch

    try:
        return _answer(torch, op.op, sample)
    except Exception:  # some samples are for other devices
        return None


def _compare(
    subject: ModuleType, function: Callable[..., Any], sample: Any, expected: _Answer, with_values: bool
) -> Agreement:
    try:
        answer = _answer(subject, function, sample, with_gradients=False)
        if not _close(answer.outputs, expected.outputs, with_values):
            return Agreement(True)
        if expected.gradients is None:
            return Agreement(True, True, True)
        answer = _answer(subject, function, sample)
        return Agreement(True, True, _close(answer.gradients or [], expected.gradients, with_values))
    except Exception:  # as many as there are look-alikes
        return Agreement(True, "answer" in locals())


def _answer(module: Any, function: Callable[..., Any], sample: Any, with_gradients: bool = True) -> _Answer:
    inputs: list[Any] = []
    convert = partial(_converted, module, inputs)
    arguments = [convert(argument) for argument in (sample.input, *sample.args)]
    keywords = {name: convert(value) for name, value in sample.kwargs.items()}
    getattr(module, "manual_seed", lambda seed: None)(0)
    outputs = list(_tensors(function(*arguments, **keywords), module))
    differentiable = [it for it in outputs if getattr(it, "requires_grad", False) and "complex" not in str(it.dtype)]
    if not with_gradients or not inputs or not differentiable:
        return _Answer([array(output) for output in outputs], None)
    values = [array(output) for output in outputs]
    for output in differentiable[1:]:
        (output * _weights(module, output)).sum().backward(retain_graph=True)
    (differentiable[0] * _weights(module, differentiable[0])).sum().backward()
    return _Answer(values, [None if it.grad is None else array(it.grad) for it in inputs])


def _converted(module: Any, inputs: list[Any], value: Any) -> Any:
    """The value with the module's tensors, dtypes and constants for PyTorch's; leaves with gradients are noted."""
    import torch

    if isinstance(value, torch.Tensor):
        made = _tensor(module, value.detach().resolve_conj().resolve_neg().numpy().copy(), value.requires_grad)
        if value.requires_grad:
            inputs.append(made)
        return made
    if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
        return getattr(module, str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_converted(module, inputs, item) for item in value)
    if isinstance(value, dict):
        return {key: _converted(module, inputs, item) for key, item in value.items()}
    return value


def _tensor(module: Any, array: numpy.ndarray[Any, Any], requires_grad: bool) -> Any:
    dtype = getattr(module, str(array.dtype))
    wanted = {"requires_grad": True} if requires_grad else {}
    try:
        return module.tensor(array, dtype=dtype, **wanted)
    except Exception:  # not every look-alike takes arrays
        return module.tensor(array.tolist(), dtype=dtype, **wanted)


def _weights(module: Any, output: Any) -> Any:
    """Weights of the sum that is differentiated: all different, so that no error cancels out."""
    shape = tuple(int(size) for size in output.shape)
    count = int(numpy.prod(shape))
    dtype = str(output.dtype).rpartition(".")[2]
    return _tensor(module, (1 + numpy.arange(count) % 7 / 8).reshape(shape).astype(dtype), False)


def _tensors(value: Any, module: Any) -> Iterator[Any]:
    if isinstance(value, module.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item, module)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item, module)
    else:
        yield value


def _close(ours: list[Any], theirs: list[Any], with_values: bool) -> bool:
    return len(ours) == len(theirs) and all(map(partial(alike, with_values=with_values), ours, theirs))
