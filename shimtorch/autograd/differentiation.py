"""``backward`` and ``grad``: what they check and how they call the engine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from . import engine
from .namespaces import TENSORS
from .nodes import Node, OutputNode

_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
    "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you "
    "have to use this function, make sure to reset the .grad fields of your parameters to None after use to break "
    "the cycle and avoid the leak. (Triggered internally at "
    "/__w/pytorch/pytorch/torch/csrc/autograd/engine.cpp:1307.)"
)
_warned_of_cycle = False


_ONES = {np.dtype(kind): np.ones((), kind) for kind in "efd"}


def _one(like: np.ndarray) -> np.ndarray:
    """A fresh 1 for an array of one element: as in torch, gradients may share its memory in the end."""
    return _ONES[like.dtype].copy() if like.ndim == 0 else np.ones_like(like)


def _is_tensor(value: object) -> bool:
    return isinstance(value, TENSORS.Tensor)


def _listed(values) -> tuple:
    """One Tensor or several as a tuple, with Tensors for gradient edges."""
    if _is_tensor(values):
        return (values,)
    if hasattr(values, "stand_in"):
        return (values.stand_in(),)
    return tuple([value.stand_in() if hasattr(value, "stand_in") else value for value in values])


def _starting_gradients(outputs, gradients, batched: bool = False):
    """One gradient Tensor or None per output; ones where none is given for a real scalar."""
    made = []
    for index, (output, gradient) in enumerate(zip(outputs, gradients, strict=False)):
        if not _is_tensor(output):
            raise AssertionError("Expected output to be a torch.Tensor")
        if _is_tensor(gradient):
            first = gradient[0] if batched else gradient
            if first.shape != output.shape:
                raise RuntimeError(_shape_mismatch(index, first.shape, output.shape, batched))
            if output.dtype.is_complex != gradient.dtype.is_complex:
                raise RuntimeError(
                    "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch "
                    f"in dtype: grad_output[{index}] has a dtype of {gradient.dtype} and output[{index}] has a dtype "
                    f"of {output.dtype}."
                )
            made.append(gradient)
        elif gradient is not None:
            raise TypeError("gradients can be either Tensors or None, but got " + type(gradient).__name__)
        elif not output._rg:
            made.append(None)
        else:
            if output._a.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if output._a.dtype.kind != "f":
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {output.dtype}"
                )
            made.append(TENSORS.wrap(_one(output._a)))
    return made


def _shape_mismatch(index, got, expected, batched: bool) -> str:
    if not batched:
        return (
            f"Mismatch in shape: grad_output[{index}] has a shape of {got} and output[{index}] has a shape of "
            f"{expected}."
        )
    return (
        "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. The "
        "sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch was "
        f"detected: grad_output[{index}] has a shape of {got} and output[{index}] has a shape of {expected}. If you "
        "only want some tensors in `grad_output` to be considered batched, consider using vmap."
    )


def _as_tuple(gradients, count: int):
    if gradients is None:
        return (None,) * count
    return (gradients,) if _is_tensor(gradients) else tuple(gradients)


def _roots(outputs, gradients, create_graph: bool):
    if len(outputs) != len(gradients):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    roots = []
    for index, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        edge = output._node or output
        if not output._rg or (edge is output and output._borrowed):
            raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
        if gradient is None:
            raise RuntimeError(
                f"element {index} of gradients tuple is None, but the corresponding Tensor requires grad"
            )
        if gradient._a.dtype != output._a.dtype:
            gradient = gradient.to(output.dtype)
        roots.append((edge, gradient if create_graph else gradient._a))
    return roots


def backward(
    tensors,
    grad_tensors=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables=None,
    inputs=None,
) -> None:
    """Add the gradients of ``tensors`` to the ``grad`` of the leaves (or of ``inputs``).

    As ``torch.autograd.backward``.

    ``grad_tensors`` holds one gradient per tensor, of its shape; it may be left out for one-element tensors. The
    graph is freed unless ``retain_graph`` (default: ``create_graph``); ``create_graph`` records the pass itself.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    if grad_tensors is None and inputs is None and not create_graph and _is_tensor(tensors):
        array = tensors._a
        if array.size == 1 and array.dtype.kind == "f" and tensors._rg:
            one = _one(array)
            keep = retain_graph is not None and _flag(retain_graph)
            edge = tensors._node or tensors
            if edge is not tensors or not tensors._borrowed:
                engine.run(((edge, one),), keep, False)
                return
    if inputs is not None:
        inputs = _inputs_tuple(inputs, "backward")
    outputs = _listed(tensors)
    gradients = _starting_gradients(outputs, _as_tuple(grad_tensors, len(outputs)))
    keep = _flag(create_graph if retain_graph is None else retain_graph)
    create = _flag(create_graph)
    roots = _roots(outputs, gradients, create)
    wanted = None
    if inputs is not None:
        for tensor in inputs:
            _require_tensor(tensor)
            bool(tensor._node)
            tensor.retain_grad()
        targets = {tensor._node or tensor for tensor in inputs}
        owners = {_owner(target) for target in targets}
        wanted = engine.reaching([edge for edge, _ in roots], owners) | owners | targets
    try:
        engine.run(roots, keep, create, wanted=wanted)
    finally:
        if create:
            _warn_of_cycle()  # at the end, where torch shows what was to be warned of on the way


def _require_tensor(value) -> None:
    if not _is_tensor(value):
        raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(value).__name__}")


def _owner(edge):
    """The node of several outputs that an edge to one of them leads to; any other edge itself."""
    return edge.edges[0] if type(edge) is OutputNode else edge


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
):
    """The gradients of ``outputs`` with respect to ``inputs``, one Tensor (or None) per input.

    As ``torch.autograd.grad``.

    RuntimeError for an input that was not used, unless ``allow_unused`` (then None) or ``materialize_grads`` (zeros).
    With ``is_grads_batched`` the first dimension of each of ``grad_outputs`` counts independent passes.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if allow_unused is None:
        allow_unused = materialize_grads
    outputs = _listed(outputs)
    keys = inputs.keys() if type(inputs) is dict else None
    inputs = _inputs_tuple(inputs, "grad")
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    gradients = _starting_gradients(outputs, _as_tuple(grad_outputs, len(outputs)), is_grads_batched)
    keep = _flag(create_graph if retain_graph is None else retain_graph)
    create = _flag(create_graph)
    if is_grads_batched:
        found = _batched(outputs, inputs, gradients, keep, create, allow_unused)
    else:
        found = _gradients(outputs, inputs, gradients, keep, create, allow_unused)
    if materialize_grads:
        from .._factories import zeros_like

        found = tuple(
            zeros_like(tensor, requires_grad=create) if gradient is None else gradient
            for gradient, tensor in zip(found, inputs, strict=True)
        )
    return found if keys is None else dict(zip(keys, found, strict=True))


def _gradients(outputs, inputs, gradients, keep: bool, create: bool, allow_unused):
    roots = _roots(outputs, gradients, create)
    edges = []
    for tensor in inputs:
        _require_tensor(tensor)
        edges.append(tensor._node or tensor)
        if not tensor._rg:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    nodes = {edge for edge in edges if isinstance(edge, Node)}
    leaves = {edge for edge in edges if not isinstance(edge, Node) and not edge._borrowed}
    wanted = engine.reaching([edge for edge, _ in roots], {_owner(node) for node in nodes} | leaves)
    caught = engine.run(roots, keep, create, leaves, wanted, nodes)
    given = {id(gradient._a): gradient for gradient in gradients if gradient is not None}
    found = []
    for index, edge in enumerate(edges):
        gradient = caught.get(edge)
        if gradient is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {index} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        if gradient is not None and id(gradient._a) in given:  # handed through
            counter, gradient = gradient._vc, given[id(gradient._a)]
            gradient._vc = gradient._vc or counter
        found.append(gradient)
    return tuple(found)


def _batched(outputs, inputs, gradients, keep: bool, create: bool, allow_unused):
    count = next(len(gradient) for gradient in gradients if gradient is not None)
    rows = []
    for i in range(count):
        ith = [None if gradient is None else gradient[i] for gradient in gradients]
        rows.append(_gradients(outputs, inputs, ith, keep or i < count - 1, create, allow_unused))
    columns = zip(*rows, strict=True)
    return tuple([None if column[0] is None else TENSORS.stack(list(column)) for column in columns])


def _inputs_tuple(inputs, function: str):
    if _is_tensor(inputs) or hasattr(inputs, "stand_in"):
        return _listed(inputs)
    if isinstance(inputs, Mapping) and type(inputs) is not dict:
        raise TypeError(
            f"`inputs` argument to `{function}()` must be a dict, not {type(inputs).__name__}. Other Mapping types are "
            "not supported."
        )
    found = _listed(inputs.values() if type(inputs) is dict else inputs)
    if not found:
        raise RuntimeError(f"`inputs` argument to `{function}()` cannot be empty.")
    return found


def _flag(value) -> bool:
    if not isinstance(value, (bool, int)):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    return bool(value)


def _warn_of_cycle() -> None:
    global _warned_of_cycle
    if not _warned_of_cycle:
        _warned_of_cycle = True
        warnings.warn(_CYCLE, UserWarning, stacklevel=2)
