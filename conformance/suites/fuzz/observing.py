"""What can be seen from outside of the names of a running program, as plain data that is equal for equal behaviour.

``conformance.runners.observe`` does the same for documents, one process each; here both sides share one process, and
a program has microseconds. Looking runs no operation in place and draws nothing; it does read ``grad_fn``.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

NODE_LIMIT = 80  # nodes that are described of all the graphs there are

ASPECTS = (
    "type", "dtype", "shape", "stride", "storage_offset", "value", "requires_grad", "is_leaf", "_version",
    "retains_grad", "output_nr", "is_inference", "grad_fn",
)  # fmt: skip
VALUE, STRIDE = ASPECTS.index("value"), ASPECTS.index("stride")
Tensors = dict[str, Any]


class Versions:
    """The versions of memories, counted from when they were first seen: not what was written before they got a name.

    A gradient or result may have been written in place while it was computed, which is nobody's business.
    """

    def __init__(self) -> None:
        self._first: dict[int, tuple[Any, int]] = {}  # with the tensor itself, so that its id stays its own

    def look(self, tensor: Any) -> Any:
        version = _told(tensor, "_version")
        if isinstance(version, str):
            return version
        owner = tensor if tensor._base is None else tensor._base
        return version - self._first.setdefault(id(owner), (owner, version))[1]


def observe(module: ModuleType, namespace: dict[str, Any], versions: Versions) -> dict[str, Any]:
    """By path ("a", "a.grad", "b[0]") what is there, and how all of it hangs together."""
    tensors: Tensors = {}
    seen: dict[str, Any] = {}
    for name, value in namespace.items():
        if name not in ("torch", "print") and not name.startswith("__"):
            _collect(module.Tensor, name, value, tensors, seen, 0)
    nodes: dict[Any, int] = {}
    for path, tensor in tensors.items():
        seen[path] = _describe(tensor, nodes, versions)
    seen["shared objects"] = _groups(tensors, id)
    seen["shared memory"] = _groups(tensors, _storage)
    seen["graph"] = _walk(nodes, {id(tensor): path for path, tensor in reversed(tensors.items())})
    return seen


def _collect(kind: Any, path: str, value: Any, tensors: Tensors, seen: dict[str, Any], depth: int) -> None:
    """Every tensor that a name leads to: itself, its gradients, the items of tuples."""
    if isinstance(value, kind):
        if any(value is known for known in tensors.values()) and depth:
            seen[f"{path} is"] = next(known for known, tensor in tensors.items() if tensor is value)
            return
        tensors[path] = value
        if depth < 3 and _may_have_grad(value):
            gradient = value.grad
            if gradient is not None:
                _collect(kind, f"{path}.grad", gradient, tensors, seen, depth + 1)
    elif isinstance(value, (tuple, list)):
        seen[path] = type(value).__name__, len(value)
        for place, item in enumerate(value):
            _collect(kind, f"{path}[{place}]", item, tensors, seen, depth + 1)
    elif value is None or isinstance(value, (int, float, complex, str)):
        seen[path] = type(value).__name__, repr(value)
    else:
        seen[path] = type(value).__name__


def _may_have_grad(tensor: Any) -> bool:
    """Whether its ``grad`` can be read without a warning."""
    try:
        return bool(tensor.is_leaf or tensor.retains_grad)
    except RuntimeError:  # its graph was spoilt
        return False


def _describe(tensor: Any, nodes: dict[Any, int], versions: Versions) -> tuple[Any, ...]:
    """The aspects of one tensor; ``nodes`` takes up its origin. A stride that leads nowhere says nothing."""
    array = tensor.numpy(force=True)
    return (
        type(tensor).__name__,
        str(tensor.dtype),
        tuple(tensor.shape),
        tuple(
            [step if size > 1 and array.size else 0 for step, size in zip(tensor.stride(), array.shape, strict=True)]
        ),
        tensor.storage_offset() if array.size else "any",
        array.tobytes(),
        tensor.requires_grad,
        _told(tensor, "is_leaf"),
        versions.look(tensor),
        tensor.retains_grad,
        tensor.output_nr,
        tensor.is_inference(),
        _number(tensor, nodes),
    )


def _told(tensor: Any, name: str) -> Any:
    try:
        return getattr(tensor, name)
    except RuntimeError as error:
        return str(error)


def _number(tensor: Any, nodes: dict[Any, int]) -> Any:
    origin = _told(tensor, "grad_fn")
    return origin if origin is None or isinstance(origin, str) else nodes.setdefault(origin, len(nodes))


def _storage(tensor: Any) -> int:
    """Where its storage begins; 0 if nothing can be said."""
    start = int(tensor.data_ptr())
    return start - tensor.storage_offset() * tensor.element_size() if start else 0


def _groups(tensors: Tensors, key: Any) -> tuple[tuple[str, ...], ...]:
    groups: dict[int, list[str]] = {}
    for path, tensor in tensors.items():
        groups.setdefault(key(tensor), []).append(path)
    return tuple(tuple(group) for start, group in groups.items() if len(group) > 1 and start)


def _walk(nodes: dict[Any, int], names: dict[int, str]) -> tuple[Any, ...]:
    """Every node below: its type and name, its edges as (number of a node, output), the variable of a leaf's node."""
    order = list(nodes)
    rows = []
    for node in order:  # which grows
        edges: list[tuple[int | None, int]] = []
        for function, output in node.next_functions:
            if function is None:
                edges.append((None, output))
                continue
            if function not in nodes:
                if len(order) >= NODE_LIMIT:
                    continue
                nodes[function] = len(order)
                order.append(function)
            edges.append((nodes[function], output))
        variable = getattr(node, "variable", None)
        leaf = None if variable is None else names.get(id(variable)) or tuple(variable.shape)
        rows.append((type(node).__name__, node.name(), tuple(edges), leaf))
    return tuple(rows)
