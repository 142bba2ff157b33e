"""The checks: each carries out one sample in both modules, in one way, and says in a line what differs.

A check is a function of ``(op, subject, sample)`` under its name in ``CHECKS``. Which an operator has, PyTorch's table
says: a method that is not there counts as absent, not as left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from conformance.suites.operators import gauge
from conformance.suites.operators.arguments import Arguments
from conformance.suites.operators.entries import method_of, offered, with_subject
from conformance.suites.operators.outcomes import Outcome, difference, distances, outcome, seen

Check = Callable[[Any, ModuleType, Any], str]
_UNINITIALISED = "empty"  # in the names of operators whose values are whatever was in memory
_OVERRUNNING = ("tril", "triu")  # PyTorch's write beyond an output of other strides, which ends the process
ABSENT = "absent"


def _torch() -> ModuleType:
    return import_module("torch")


def forward(op: Any, subject: ModuleType, sample: Any, counts: list[int] | None = None) -> str:
    function = offered(op, subject)
    if function is None:
        return ABSENT
    return _compared(op, subject, sample, function, op.op, counts)


def method(op: Any, subject: ModuleType, sample: Any) -> str:
    function = method_of(op, subject, "method_variant")
    return ABSENT if function is None else _compared(op, subject, sample, function, op.method_variant)


def in_place(op: Any, subject: ModuleType, sample: Any) -> str:
    function = method_of(op, subject, "inplace_variant")
    return ABSENT if function is None else _compared(op, subject, sample, function, op.inplace_variant)


def _compared(
    op: Any, subject: ModuleType, sample: Any, ours: Any, theirs: Any, counts: list[int] | None = None
) -> str:
    """Result and, afterwards, inputs."""
    told = []
    for module, function in ((subject, ours), (_torch(), theirs)):
        given = Arguments(module, sample)
        result = outcome(module, partial(given.call, function), given.tensors)
        told.append((result, Outcome([seen(tensor) for tensor in given.tensors]), given))
    (mine, after, given), (other, other_after, _) = told
    if counts is not None and mine.error is None:
        counts[:] = [old + new for old, new in zip(counts, distances(mine, other), strict=True)]
    if op.name in gauge.FREE:
        return gauge.difference(op.name, mine, other, given)
    what = difference(mine, other, with_values=_UNINITIALISED not in op.name)
    return what or _prefixed("inputs afterwards", difference(after, other_after))


def _prefixed(prefix: str, what: str) -> str:
    return what and f"{prefix}: {what}"


# --- out= -------------------------------------------------------------------------------------------------------------


def out(op: Any, subject: ModuleType, sample: Any) -> str:
    """Into tensors that fit but lie otherwise, into ones without elements, and into ones of another dtype."""
    function = offered(op, subject)
    if function is None:
        return ABSENT
    given = Arguments(_torch(), sample)
    plain = outcome(_torch(), lambda: given.call(op.op))
    if plain.error is not None:
        return ""
    for how in (_without_elements, _of_another_dtype, *(() if op.name in _OVERRUNNING else (_fitting,))):
        told = []
        for module, called in ((subject, function), (_torch(), op.op)):
            arguments = Arguments(module, sample)
            into = _outputs(module, plain.returned, how)
            result = outcome(module, partial(arguments.call, called, out=into), _listed(into))
            told.append((result, Outcome([seen(tensor) for tensor in _listed(into)])))
        (mine, mine_after), (other, other_after) = told
        values = _UNINITIALISED not in op.name and op.name not in gauge.FREE
        what = difference(mine, other, values)
        if not what and other.error is None:
            what = difference(mine_after, other_after, values)
        if what:
            return f"{how.__doc__}: {what}"
    return ""


def _listed(into: Any) -> list[Any]:
    return list(into) if isinstance(into, tuple) else [into]


def _outputs(module: ModuleType, like: Any, how: Any) -> Any:
    if isinstance(like, list | tuple):
        return tuple(_outputs(module, it, how) for it in like)
    return how(module, like) if hasattr(like, "dtype") else module.zeros([])


def _dtype(module: ModuleType, tensor: Any) -> Any:
    return getattr(module, str(tensor.dtype).removeprefix("torch."))


def _fitting(module: ModuleType, like: Any) -> Any:
    """an output of other strides"""
    shape = list(like.shape)
    if len(shape) < 2:
        return module.zeros([*shape, 2], dtype=_dtype(module, like)).select(-1, 0)
    # Of matrices alone: PyTorch's tril writes past the end of outputs whose other dimensions lie otherwise.
    return module.zeros([*shape[:-2], shape[-1], shape[-2]], dtype=_dtype(module, like)).transpose(-1, -2)


def _without_elements(module: ModuleType, like: Any) -> Any:
    """an output without elements"""
    return module.zeros([0], dtype=_dtype(module, like))


def _of_another_dtype(module: ModuleType, like: Any) -> Any:
    """an output of another dtype"""
    other = "int64" if like.dtype.is_floating_point or like.dtype.is_complex else "float32"
    return module.zeros(list(like.shape), dtype=getattr(module, other))


# --- gradients --------------------------------------------------------------------------------------------------------


def gradient(op: Any, subject: ModuleType, sample: Any) -> str:
    return _differentiated(op, subject, sample, twice=False)


def second_gradient(op: Any, subject: ModuleType, sample: Any) -> str:
    return _differentiated(op, subject, sample, twice=True)


def _differentiated(op: Any, subject: ModuleType, sample: Any, twice: bool) -> str:
    function = offered(op, subject)
    if function is None:
        return ABSENT
    ours, theirs = (
        outcome(
            module, partial(_gradients, module, Arguments(module, sample, requires_grad=True), called, sample, twice)
        )
        for module, called in ((subject, function), (_torch(), op.op))
    )
    return difference(ours, theirs)


def _gradients(module: ModuleType, given: Arguments, function: Any, sample: Any, twice: bool) -> list[Any]:
    """Gradients and, before them, the graph of what was differentiated."""
    process = sample.output_process_fn_grad
    result = with_subject(process, module)(given.call(function)) if process else given.call(function)
    outputs = [it for it in _tensors(module, result) if it.requires_grad]
    if not outputs or not given.leaves:
        return []
    graph = [_graph(it) for it in outputs]
    grads = module.autograd.grad(
        outputs, given.leaves, [_weights(module, it) for it in outputs], allow_unused=True, create_graph=twice
    )
    if not twice:
        return [*graph, *grads]
    again = [it for it in grads if it is not None and it.requires_grad]
    if not again:
        return [*graph, len(again)]
    graph = [_graph(it) for it in again]
    weights = [_weights(module, it) for it in again]
    return [*graph, *module.autograd.grad(again, given.leaves, weights, allow_unused=True)]


def _tensors(module: ModuleType, value: Any) -> Iterator[Any]:
    if isinstance(value, module.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(module, item)


def _weights(module: ModuleType, output: Any) -> Any:
    """All different, so that no error cancels out."""
    count = output.numel()
    weights = (module.arange(count, dtype=module.float64) % 7 / 8 + 1).reshape(list(output.shape))
    return weights.to(output.dtype)


def _graph(tensor: Any) -> str:
    """The names of the nodes, each with the places of those before it, as they are met."""
    met: list[Any] = [tensor.grad_fn]
    lines = []
    for node in met:  # which grows meanwhile
        edges = [] if node is None else [edge for edge, _ in node.next_functions]
        for edge in edges:
            if edge is not None and not any(edge is it for it in met):
                met.append(edge)
        places = [next((place for place, it in enumerate(met) if it is edge), None) for edge in edges]
        lines.append(f"{None if node is None else node.name()} {places}")
    return "; ".join(lines)


CHECKS: dict[str, Check] = {
    "forward": forward,
    "method": method,
    "in place": in_place,
    "out": out,
    "gradient": gradient,
    "second gradient": second_gradient,
}


def checks_of(op: Any, dtype: str) -> list[str]:
    """Those that PyTorch's table says the operator has in this dtype."""
    import torch

    kind = getattr(torch, dtype)
    derivable = (
        kind in op.supported_backward_dtypes("cpu")
        and op.supports_autograd
        and (kind.is_floating_point or kind.is_complex)
    )
    return [
        "forward",
        *(["method"] if op.method_variant is not None else []),
        *(["in place"] if op.inplace_variant is not None else []),
        *(["out"] if op.supports_out else []),
        *(["gradient"] if derivable else []),
        *(["second gradient"] if derivable and op.supports_gradgrad else []),
    ]


def error(op: Any, subject: ModuleType, sample: Any) -> str:
    """``sample`` is an input that PyTorch refuses."""
    function = offered(op, subject)
    if function is None:
        return ABSENT
    both = [(module, called, Arguments(module, sample)) for module, called in ((subject, function), (_torch(), op.op))]
    ours, theirs = (outcome(module, partial(given.call, called), given.tensors) for module, called, given in both)
    return difference(ours, theirs)
