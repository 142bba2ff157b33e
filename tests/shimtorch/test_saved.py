"""What nodes show of what they keep (``grad_fn._saved_self``, …), against PyTorch live.

Each operator is called as in ``test_operators``; of every node in the graph that comes of it, the names and the values
of all ``_saved_`` attributes are compared: tensors by which operand or result they are, dtype, shape, graph and elements.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import shimtorch  # noqa: E402
import shimtorch.nn.functional  # noqa: E402
from shimtorch.autograd import saved  # noqa: E402
from shimtorch.autograd.nodes import Node  # noqa: E402
from shimtorch.ops._define import OPERATORS  # noqa: E402
from tests.shimtorch.agreement import Call, Leaf, _operand, function_of  # noqa: E402
from tests.shimtorch.sidebyside import differences  # noqa: E402
from tests.shimtorch.test_operators import EXAMPLES, INDICES, PUBLIC, calls, indices, leaves  # noqa: E402

thorough = settings(
    max_examples=EXAMPLES or 30, derandomize=not EXAMPLES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

# Of these attributes shimtorch has no values, or others.
KNOWN = {
    ("DivBackward2", "rounding_mode"): "the node does not know it",
    ("AsStridedBackward0", "size"): "not shown",
    ("AsStridedBackward0", "stride"): "not shown",
    ("AsStridedBackward0", "storage_offset"): "not shown",
}


def classes(cls: type = Node) -> list[type]:
    """All subclasses."""
    return [cls, *[found for child in cls.__subclasses__() for found in classes(child)]]


for _cls in classes():
    saved.publish_saved(_cls)


# --- what can be seen ---------------------------------------------------------------------------------------------


def shown(node) -> dict:
    """The ``_saved_`` attributes of a node; of those that raise, the error."""
    found = {}
    for name in dir(node):
        if name.startswith("_saved_"):
            try:
                found[name.removeprefix("_saved_")] = getattr(node, name)
            except RuntimeError as error:
                found[name.removeprefix("_saved_")] = error
    return found


def nodes_of(tensor, limit: int = 40) -> list:
    """The nodes of a graph, in the order of edges."""
    found = [] if tensor.grad_fn is None else [tensor.grad_fn]
    for node in found:
        for target, _ in node.next_functions:
            if target is not None and not any(target is known for known in found) and len(found) < limit:
                found.append(target)
    return found


def plain(value, tensors, module):
    """A value without its elements, comparable across the two implementations."""
    if isinstance(value, module.Tensor):
        which = [value is tensor for tensor in tensors]
        where = [value.data_ptr() == tensor.data_ptr() and value.numel() > 0 for tensor in tensors]
        origin = None if value.grad_fn is None else value.grad_fn.name()
        return (str(value.dtype), tuple(value.shape), value.requires_grad, value.is_leaf, origin, which, where)
    if isinstance(value, Exception):
        return type(value).__name__, str(value)
    if isinstance(value, tuple):
        return tuple([plain(part, tensors, module) for part in value])
    return type(value).__name__, repr(value)


def elements(value, module) -> list:
    """The elements of tensors."""
    if isinstance(value, module.Tensor):
        return [value.numpy(force=True)]
    return [part for v in value for part in elements(v, module)] if isinstance(value, tuple) else []


def carried_out(call: Call, module):
    """The graph's nodes and all tensors, operands first; None if the call is an error."""
    operands: list = []
    module.manual_seed(5)
    arguments = [_operand(value, module, [], operands) for value in call.operands]
    options = {key: _operand(value, module, [], operands) for key, value in call.options.items()}
    try:
        result = function_of(call, module)(*arguments, **options)
    except Exception:
        return None
    results = [part for part in (result if isinstance(result, tuple) else (result,)) if isinstance(part, module.Tensor)]
    return [node for part in results for node in nodes_of(part)], [*operands, *results]


def disagreements(call: Call) -> list:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = carried_out(call, shimtorch), carried_out(call, torch)
        if ours is None or theirs is None:
            return []
        return [line for a, b in zip(ours[0], theirs[0], strict=False) for line in unlike(a, b, ours[1], theirs[1])]


def unlike(our_node, their_node, our_tensors, their_tensors) -> list:
    name = type(their_node).__name__
    if type(our_node).__name__ != name:
        return []  # which is for test_operators
    ours, theirs, found = shown(our_node), shown(their_node), []
    for key in sorted({*ours, *theirs} - {key for node, key in KNOWN if node == name}):
        if key not in ours or key not in theirs:
            found.append(f"{name}._saved_{key}: only {'torch' if key in theirs else 'shimtorch'} has it")
            continue
        a, b = plain(ours[key], our_tensors, shimtorch), plain(theirs[key], their_tensors, torch)
        if key.endswith("strides") and 0 in theirs[key.replace("strides", "sizes")]:
            continue  # without elements, strides lead nowhere
        pairs = zip(elements(ours[key], shimtorch), elements(theirs[key], torch), strict=False)
        if a != b:
            found.append(f"{name}._saved_{key}: {a} in shimtorch, {b} in torch")
        elif not all(close(x, y) for x, y in pairs):
            found.append(f"{name}._saved_{key}: {ours[key]} in shimtorch, {theirs[key]} in torch")
    return found


def close(x, y) -> bool:
    if x.dtype.kind not in "fc":
        return np.array_equal(x, y)
    eps = np.finfo(x.dtype).eps
    return np.allclose(x, y, rtol=64 * eps, atol=64 * eps, equal_nan=True)


# --- operators ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLIC)
@thorough
@given(data=st.data())
def test_operator(name, data):
    """The function, the methods and their in-place forms, with all kinds of arguments."""
    call = data.draw(calls(OPERATORS[name]), label="call")
    if "out" in call.options:
        return
    assert not disagreements(call)


@thorough
@given(data=st.data())
def test_reading_by_index(data):
    tensor = data.draw(leaves())
    index = data.draw(st.one_of(INDICES, indices(tensor.values.shape)))
    assert not disagreements(Call("getitem", (tensor, index), form="special"))


NUMBERS = [2, -2, 0.5, -1.5, True, 1 + 2j, 2**40]


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "mod"])
@pytest.mark.parametrize("number", NUMBERS)
def test_number_beside_a_tensor(name, number):
    """What torch keeps as a tensor and what as a number."""
    leaf = Leaf(np.array([1.0, 2.0], np.float32), requires_grad=True)
    assert not disagreements(Call(name, (leaf, number), form="special"))
    assert not disagreements(Call(name, (number, leaf), form="special"))


def test_every_class_has_the_names_of_torch():
    """Also of nodes that only gradients of gradients have."""
    found = []
    for cls in classes():
        theirs = getattr(torch._C._functions, cls.__name__, None)
        if theirs is None:
            continue
        names = [{name for name in dir(c) if name.startswith("_saved_")} for c in (cls, theirs)]
        known = {f"_saved_{key}" for node, key in KNOWN if node == cls.__name__}
        if names[0] - known != names[1] - known:
            found.append((cls.__name__, sorted(names[0] ^ names[1])))
    assert not found
