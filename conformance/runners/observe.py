"""What can be seen of a document's names from outside, by PyTorch's public names only.

A description is a JSON object with a "kind":

    tensor     type, dtype, shape, stride, offset, device, requires_grad, is_leaf, values, grad, graph
    array      type, dtype, shape, stride, values           (a NumPy array or scalar)
    plain      type, text                                   (numbers, strings, None, dtypes, …: their repr)
    container  type, items, cut                             (a list of [path, description]; cut: items left out)
    callable, class, module                                 name
    repeated   as                                           (described already, under that path)
    unknown    error                                        (it could not be described, and why)

"values" is {"base64": little-endian bytes}, or {"sha256", "bytes"} beyond VALUE_LIMIT bytes, or {"text": …} for a dtype
NumPy lacks. Anywhere, {"error": …} stands for a probe that the implementation did not survive.

Observing must not change the program: it runs no in-place operation, draws nothing, and reads values from a clone,
because ``Tensor.numpy()`` makes a storage unresizable.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy

from conformance.runners.addresses import mask_addresses
from conformance.runners.graph import describe_graph
from conformance.runners.imports import name_for_document
from conformance.runners.probe import clip, probe

VALUE_LIMIT = 1 << 20  # bytes of a tensor that are kept; of a larger one only a hash
ITEM_LIMIT = 1_000
DEPTH_LIMIT = 12

_SCALARS = (bool, int, float, complex, str, bytes, bytearray, type(None), type(Ellipsis), range, slice)


class Observer:
    """Describes the namespace, each time only what changed since the last time."""

    def __init__(self, subject: ModuleType, namespace: dict[str, Any]) -> None:
        self._torch = subject
        self._namespace = namespace
        self._tensor = _type_or_nothing(probe(lambda: subject.Tensor))
        self._module = _type_or_nothing(probe(lambda: subject.nn.Module))
        self._generator = _type_or_nothing(probe(lambda: subject.Generator))
        self._names: dict[str, Any] = {}
        self._aliases: dict[str, Any] = {}
        self._random: dict[str, Any] = {}
        self.changes()  # what the document was given is nothing it did,
        self._random = {}  # but how it was seeded is told with the first snippet

    def changes(self) -> dict[str, Any]:
        """The fields "names", "aliases" and "random" of a Result."""
        randomness = describe_random_state(self._torch)
        paths = self._paths()
        names = {
            name: self._describe(value, name, 0, paths, set())
            for name, value in self._namespace.items()
            if not name.startswith("__")
        }
        aliases = self._describe_aliases(paths)
        changed = {name: value for name, value in names.items() if self._names.get(name) != value}
        gone = {name: None for name in self._names if name not in names}
        result = {
            "names": changed | gone,
            "aliases": None if aliases == self._aliases else aliases,
            "random": {source: state for source, state in randomness.items() if self._random.get(source) != state},
        }
        self._names, self._aliases, self._random = names, aliases, randomness
        return result

    def _children(self, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        """What a value holds, by the path a reader would type."""
        if _is(value, self._tensor):
            # Reading .grad of another tensor would warn.
            if value.is_leaf or getattr(value, "retains_grad", False):
                yield f"{path}.grad", value.grad
        elif _is(value, (list, tuple)):
            yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
        elif _is(value, dict):
            yield from ((f"{path}[{_key(key, index)}]", item) for index, (key, item) in enumerate(value.items()))
        elif _is(value, self._module):
            yield from ((f"{path}.{name}", parameter) for name, parameter in value.named_parameters())
            yield from ((f"{path}.{name}", buffer) for name, buffer in value.named_buffers())
        elif type(value).__module__ == "__main__" and not _is(value, type):
            attributes = object.__getattribute__(value, "__dict__")
            yield from ((f"{path}.{name}", item) for name, item in attributes.items() if not name.startswith("_"))

    def _held(self, value: Any, path: str) -> list[tuple[str, Any]]:
        return list(islice(self._children(value, path), ITEM_LIMIT))

    def _paths(self) -> dict[int, list[tuple[str, Any]]]:
        """Every tensor and array that the names reach, with all its paths, by identity."""
        found: dict[int, list[tuple[str, Any]]] = {}
        pending = [(name, value, 0) for name, value in self._namespace.items() if not name.startswith("__")][::-1]
        seen: dict[int, Any] = {}  # holds the values, so that no identity is used twice
        while pending:
            path, value, depth = pending.pop()
            if _is(value, (self._tensor, numpy.ndarray)):
                found.setdefault(id(value), []).append((path, value))
            if id(value) in seen or depth > DEPTH_LIMIT:
                continue
            seen[id(value)] = value
            children = probe(partial(self._held, value, path))
            if isinstance(children, list):
                pending += [(inner, child, depth + 1) for inner, child in reversed(children)]
        return found

    def _describe(self, value: Any, path: str, depth: int, paths: Any, within: set[int]) -> Any:
        if id(value) in within:
            return {"kind": "repeated", "as": "something that holds it"}
        if depth > DEPTH_LIMIT:
            return {"kind": "unknown", "error": f"nested deeper than {DEPTH_LIMIT}"}
        within = within | {id(value)}

        def inner(child: Any, where: str) -> Any:
            return self._describe(child, where, depth + 1, paths, within)

        description = probe(lambda: self._describe_by_type(value, path, paths, inner))
        return description if "kind" in description else {"kind": "unknown"} | description

    def _describe_by_type(self, value: Any, path: str, paths: Any, inner: Callable[[Any, str], Any]) -> Any:
        if _is(value, self._tensor):
            return self._describe_tensor(value, path, paths, inner)
        if _is(value, (numpy.ndarray, numpy.generic)):
            return _describe_array(value)
        if _is(value, ModuleType):
            return {"kind": "module", "name": name_for_document(value.__name__, self._torch.__name__)}
        if _is(value, type):
            return {"kind": "class", "name": type_name(value)}
        if _is(value, (FunctionType, BuiltinFunctionType, MethodType)):
            return {"kind": "callable", "name": value.__name__}
        if type(value) in _SCALARS:
            return _plain(value)
        if _is(value, self._generator):
            return {"kind": "plain", "type": type_name(type(value)), "text": f"state {_hash_state(value.get_state())}"}
        if _is(value, (set, frozenset)):
            return {"kind": "plain", "type": type_name(type(value)), "text": clip(", ".join(sorted(map(repr, value))))}
        if _is(value, (list, tuple, dict, self._module)) or type(value).__module__ == "__main__":
            held = list(self._children(value, path))
            items = [[where.removeprefix(path), inner(child, where)] for where, child in held[:ITEM_LIMIT]]
            return {
                "kind": "container",
                "type": type_name(type(value)),
                "items": items,
                "cut": max(0, len(held) - ITEM_LIMIT),
            }
        if isinstance(getattr(value, "__name__", None), str):
            return {"kind": "callable", "name": value.__name__}
        return _plain(value)

    def _describe_tensor(self, tensor: Any, path: str, paths: Any, inner: Callable[[Any, str], Any]) -> Any:
        first = paths[id(tensor)][0][0] if id(tensor) in paths else path
        if first != path:
            return {"kind": "repeated", "as": first}
        return {
            "kind": "tensor",
            "type": type_name(type(tensor)),
            "dtype": probe(lambda: str(tensor.dtype)),
            "shape": probe(lambda: [int(size) for size in tensor.shape]),
            "stride": probe(lambda: [int(step) for step in tensor.stride()]),
            "offset": probe(lambda: int(tensor.storage_offset())),
            "device": probe(lambda: str(tensor.device)),
            "requires_grad": probe(lambda: tensor.requires_grad),
            "is_leaf": probe(lambda: tensor.is_leaf),
            "values": probe(lambda: _describe_tensor_values(tensor)),
            "grad": probe(lambda: self._describe_grad(tensor, path, inner)),
            "graph": probe(lambda: describe_graph(tensor, {key: found[0][0] for key, found in paths.items()})),
        }

    def _describe_grad(self, tensor: Any, path: str, inner: Callable[[Any, str], Any]) -> Any:
        grads = [inner(grad, where) for where, grad in self._children(tensor, path) if grad is not None]
        return grads[0] if grads else None

    def _describe_aliases(self, paths: dict[int, list[tuple[str, Any]]]) -> dict[str, Any]:
        """Groups of paths: "same" is one object under several, "memory" is several objects over common memory."""
        extents = []
        for (path, value), *_ in paths.values():
            extent = probe(partial(_extent, value))
            if isinstance(extent, tuple):
                extents.append((*extent, path))
        memory: list[list[str]] = []
        end = -1
        for start, stop, path in sorted(extents):
            if start < end:
                memory[-1].append(path)
            else:
                memory.append([path])
            end = max(end, stop)
        same = [sorted(path for path, _ in found) for found in paths.values() if len(found) > 1]
        return {"same": sorted(same), "memory": sorted(sorted(group) for group in memory if len(group) > 1)}


def describe_random_state(subject: ModuleType) -> dict[str, Any]:
    """A hash of each generator's state, by its name."""
    states = {
        "torch": lambda: _hash_state(subject.get_rng_state()),
        "numpy": lambda: _hash([numpy.asarray(part).tolist() for part in numpy.random.get_state()]),
        "python": lambda: _hash(random.getstate()),
    }
    return {name: probe(state) for name, state in states.items()}


def _hash_state(state: Any) -> str:
    return _hash(state.tolist())


def _hash(state: Any) -> str:
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def type_name(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _plain(value: Any) -> dict[str, str]:
    return {"kind": "plain", "type": type_name(type(value)), "text": clip(mask_addresses(repr(value)))}


def _describe_array(array: Any) -> dict[str, Any]:
    return {
        "kind": "array",
        "type": type_name(type(array)),
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "stride": list(array.strides),
        "values": _encode(numpy.asarray(array)),
    }


def _describe_tensor_values(tensor: Any) -> dict[str, Any]:
    copy = tensor.detach().clone()
    try:
        array = copy.numpy()
    except (TypeError, RuntimeError):  # a dtype NumPy lacks, or a conjugate that is only marked
        return {"text": clip(repr(copy.tolist()))}
    return _encode(array)


def _encode(array: numpy.ndarray[Any, Any]) -> dict[str, Any]:
    if array.dtype.hasobject:
        return {"text": clip(mask_addresses(repr(array.tolist())))}
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    if len(data) > VALUE_LIMIT:
        return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return {"base64": base64.b64encode(data).decode()}


def _extent(value: Any) -> tuple[int, int] | None:
    """The addresses from the first to past the last byte of a tensor or array; None if it has no element."""
    if _is(value, numpy.ndarray):
        start, steps, size = value.__array_interface__["data"][0], list(value.strides), value.itemsize
    else:
        size = value.element_size()
        start, steps = value.data_ptr(), [step * size for step in value.stride()]
    if 0 in value.shape:
        return None
    reach = [(length - 1) * step for length, step in zip(value.shape, steps, strict=True)]
    return start + sum(step for step in reach if step < 0), start + sum(step for step in reach if step > 0) + size


def _key(key: Any, index: int) -> str:
    return repr(key) if type(key) in (str, int, bool, float) else f"key {index}"


def _is(value: Any, kinds: Any) -> bool:
    """isinstance that asks the type alone: a value may lie about its class, or fail when asked."""
    return issubclass(type(value), kinds)


def _type_or_nothing(candidate: Any) -> Any:
    """Something for _is: no value is of the types ()."""
    return candidate if isinstance(candidate, type) else ()
