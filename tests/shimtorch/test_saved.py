"""What nodes show of what they keep (``grad_fn._saved_self``, …), against PyTorch live.

Each operator is called as in ``test_operators``; of every node in the graph that comes of it, the names and values of
all ``_saved_`` attributes are compared: tensors by which operand or result they are, dtype, shape, graph and elements.
"""

from __future__ import annotations

import time
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
from tests.shimtorch.sidebyside import assert_same  # noqa: E402
from tests.shimtorch.test_operators import EXAMPLES, INDICES, PUBLIC, calls, indices, leaves  # noqa: E402

thorough = settings(
    max_examples=EXAMPLES or 30, derandomize=not EXAMPLES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


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
    for key in sorted({*ours, *theirs}):
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
        if cls.__name__ == "AddbmmBackward0":  # which in torch also keeps sizes of batches that it does not save
            names[1] = {name for name in names[1] if "argsize" not in name}
        if names[0] != names[1]:
            found.append((cls.__name__, sorted(names[0] ^ names[1])))
    assert not found


# --- written down -------------------------------------------------------------------------------------------------

# Calls whose arguments are seldom drawn: dims from the end, None, lists, numbers of each type, some inputs only.
EXPRESSIONS = (
    """
x + w; x + 2; torch.add(x, w, alpha=3); torch.add(x, 2, alpha=3); x - 2; 2 - x; x - w; x * w; x * 2; x * c; c * x
x / 2; x / w; c / x; x / c; torch.div(x, w, rounding_mode="floor"); torch.div(x, 2, rounding_mode="trunc"); x ** 2
x ** 2.5; x ** i; x ** w; x ** c; c ** x; 2 ** x; 2.5 ** x; x ** (2+1j); x % 2; x % w; c % x; torch.maximum(x, w)
torch.maximum(c, x); x.exp(); x.abs(); m.sum(); m.sum(0); m.sum(-1, keepdim=True); m.sum((0, -1)); m.sum(())
m.mean(); m.mean(-1); m.mean((0,1)); m.mean(()); m.prod(); m.prod(-1, keepdim=True); m.var(); m.var(-1)
m.var(0, correction=0); m.var((0,-1), unbiased=False, keepdim=True); m.std(); m.std(-1); m.amax(); m.amax(-1)
m.amin(); m.amin(-1); b[:1] @ torch.cat([b, b]); torch.cat([b, b]) @ b[:1]
m.amin((0,-1)); m.max(); m.max(-1); m.max(-1, True); m.cumsum(-1); m.norm(); m.norm(dim=1); m.norm(1); m @ m
m @ k; k @ m; m.mm(m); m @ x; k @ x; x @ w; x @ c; c @ x; b @ b; torch.addmm(m, m, m)
torch.addmm(x, m, k, beta=2, alpha=3.5); torch.addmm(x, k, k); torch.addmm(x, k, m); torch.addmm(x, m.t(), m)
m.t(); m.T; m.transpose(0, -1); m.permute(1, 0); m.permute(-1, 0); m.movedim(0, -1); m.view(9); m.view(-1)
m.reshape(9); m.t().reshape(9); m.flatten(); m.unsqueeze(-1); m.unsqueeze(0); m[None]; m.squeeze(); m.squeeze(-1)
m.squeeze((0,-1)); m.expand(2, 3, 3); m.expand(2, -1, -1); m.double(); m.clone()
m.detach().requires_grad_().view(9); m[0]; m[-1]; m[..., -1]; m[1:]; m[:2]; m[:, ::2]; m[:, -2:-1]; m[0, 1:]
m.select(-1, -1); m.narrow(-1, 1, 2); m[[0, 1]]; m[[0, 1], [1, -1]]; m[:, [0, 1]]; m[m > 0]
m[torch.tensor([0,1])]; m[None, torch.tensor([[0,1]])]; m.tril(); m.triu(-1); m.repeat(2, 3, 1); m.sort()
m.topk(2); m.topk(2, 0); m.gather(-1, ii); m.scatter(-1, ii, m); m.scatter(0, ii, 2.5)
m.scatter_add(-1, ii, m); m.index_select(-1, iv); m.index_add(-1, iv, m[:, :2])
m.index_add(-1, iv, k[:, :2], alpha=2); m.take(iv); m.masked_fill(m > 0, 2.); m.masked_fill(m > 0, s)
m.masked_select(m > 0); torch.where(m > 0, m, k); torch.where(m > 0, m, 2.); torch.clamp(x, 0)
torch.clamp(x, max=1.5); torch.clamp(x, 0, 1.5); torch.clamp(x, w); torch.clamp(x, max=c); torch.clamp(c, w)
torch.clamp(c, c, w); torch.cat([m, m]); torch.cat([m, m], -1); torch.cat([m, k], -1); torch.stack([m, m])
torch.stack([m, m], -1); m.unbind(); m.unbind(-1); m.split(2); m.split(2, -1); m.split([1, 2], -1); m.chunk(2)
F.softmax(m, -1); F.log_softmax(m, 1); F.softmax(m, -1, dtype=torch.float64); F.relu(m); F.sigmoid(m); F.tanh(m)
F.softplus(m); F.softplus(m, 2, 3.5); F.logsigmoid(m); F.mse_loss(m, k); F.mse_loss(m, k, reduction="none")
F.mse_loss(m, m, reduction="sum"); F.nll_loss(m, tt); F.nll_loss(m, tt, weight=c)
F.nll_loss(m, tt, reduction="none", ignore_index=1); F.nll_loss(b4, tt4); F.cross_entropy(m, tt)
F.cross_entropy(m, tt, label_smoothing=0.1); F.binary_cross_entropy(p, t01)
F.binary_cross_entropy(p, t01, weight=c); F.binary_cross_entropy_with_logits(x, t01)
F.binary_cross_entropy_with_logits(x, t01, c, reduction="sum", pos_weight=c); F.embedding(tt, m)
F.embedding(tt, m, padding_idx=-1); F.embedding(tt, m, scale_grad_by_freq=True); F.linear(m, m, x); F.linear(m, m)
F.linear(b, m, x); F.dropout(m); torch.einsum("ij,jk->ik", m, m); torch.einsum("ii", m)
torch.bernoulli(p); m * torch.ones(1); x.log(); x.reciprocal(); torch.normal(m, 1.); z.abs(); m.log1p()
torch.bmm(b, b); torch.outer(x, w); torch.dot(x, w); torch.mv(m, x); x.clone().abs_(); x.clone().exp_()
x.clone().mul_(w); x.clone().mul_(2); x.clone().pow_(2); x.clone().zero_(); x.clone().fill_(2); x.clone().fill_(s)
x.clone().clamp_(0); x.clone().uniform_(); x.clone().sub_(2); x.clone().div_(w); x.clone().copy_(w)
x.clone().masked_fill_(x > 0, 2); x.clone().index_put_((iv,), x[:2]); x.clone().index_put((iv,), x[:2], True)
x.clone().eq_(2); x.clone().add_(w, alpha=2); torch.addmm(m, m.double().float(), k); m.max(0).values
m.movedim(0,1); m.swapaxes(0,1); m.view_as(m); m.half(); m.to(torch.float64); m.contiguous(); m.t().contiguous()
m.ravel(); m.broadcast_to((2,3,3)); torch.floor_divide(c, x); x.sqrt(); x.neg()
F.softplus(m, 2.0, torch.tensor(3)); F.softplus(m, True); F.softplus(m, -1); F.softplus(m.half(), 0.1)
torch.clamp(x, True); torch.add(m, m, alpha=1.0); torch.add(m, m, alpha=-1); m ** -1; m ** True; (-2) ** m
m.index_add(0, iv[:1], m[:1], alpha=2.5); m.squeeze([0, -1]); m.norm(dim=(0, 1)); m.norm(dim=())
m.norm(2, dim=-1); m.norm("fro", dim=[0]); m.norm(p=True); F.nll_loss(m, tt, ignore_index=-5)
F.embedding(tt, m, padding_idx=None); m.var(True); m.var(False); m.var(unbiased=True); m.var(None)
m.var(dim=0, keepdim=True); m.var(keepdim=True); m.var(0, correction=None); m.var(0, correction=1.5)
m.var(correction=2); m.var([], True); torch.var(m, 0, correction=torch.tensor(2))
m.std(dim=[0, -1], correction=1); m.amax(dim=[0, -1]); m.amax(dim=None); m.sum(None); m.sum([-1]); m[True]
m[False]; m[None, True]; m[torch.tensor(1)]; m[:, m[0] > 0]; m[m[:, 0] > 0, 1]; m[..., iv]; m[0:1, iv]
m[torch.tensor([1, 0, 1], dtype=torch.uint8)]; m[[True, False, True]]; m[iv.int()]; m[iv, :, None]
m[iv, None, iv]; m[1:100]; m[-5:2]; m[2:1]; m[:, torch.tensor(1):]; m[::2, 1]; b[b > 0]; b[:, b[0] > 0]
b[b[:, :, 0] > 0, torch.tensor(1)]; torch.normal(m, m.abs()); torch.normal(0., m.abs()); m.clone().relu_()
m * True; m * 1j; m.cumsum(0, dtype=torch.float64); m.prod(0, dtype=torch.float64); s.sum(-1); s.max(-1)
s.softmax(-1); s.cumsum(-1); s.unsqueeze(-1); s.gather(-1, torch.tensor(0)); s.amax(-1); s.var(-1); s.norm()
s.prod(-1); s.squeeze(-1); s.sort(-1); s.topk(1); s.scatter(-1, torch.tensor(0), s)
s.index_select(-1, iv[:1] * 0); s.index_add(-1, iv[1:], s)
""".strip()
    .replace("\n", "; ")
    .split("; ")
)


def operands(module) -> dict:
    """The names in ``EXPRESSIONS``."""
    tensor, leaf = module.tensor, {"requires_grad": True}
    return {
        "torch": module, "F": module.nn.functional, "x": tensor([1.0, 2, 3], **leaf), "w": tensor([0.5, 2, 1], **leaf),
        "c": tensor([2, 1.5, 0.5]), "i": tensor([1, 2, 3]), "s": tensor(2.0, **leaf),
        "m": tensor([[1.0, -2, 3], [4, 0.5, 6], [7, 8, -0.25]], **leaf),
        "k": tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9.5]]), "b": module.ones(2, 3, 3, **leaf),
        "b4": module.ones(2, 3, 1, 2, **leaf), "tt4": module.zeros(2, 1, 2, dtype=module.int64),
        "ii": tensor([[0, 1, 2], [1, 1, 0], [0, 2, 2]]), "iv": tensor([1, 0]), "tt": tensor([0, 2, 1]),
        "p": tensor([0.25, 0.5, 0.75], **leaf), "t01": tensor([0.0, 1, 1]), "z": tensor([1 + 2j, 3j], **leaf),
    }  # fmt: skip


def recorded(expression: str, module) -> tuple[list, list]:
    """The nodes of the result and those of its gradients, and all tensors."""
    names = operands(module)
    module.manual_seed(0)
    result = eval(expression, names)
    result = next(part for part in result if part.requires_grad) if isinstance(result, (tuple, list)) else result
    tensors = [value for value in names.values() if isinstance(value, module.Tensor)]
    incoming = module.ones_like(result).requires_grad_()
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    nodes = nodes_of(result)
    try:
        gradients = module.autograd.grad(result, wanted, incoming, create_graph=True, allow_unused=True)
    except RuntimeError:  # of what has no derivative
        gradients = ()
    gradients = [gradient for gradient in gradients if gradient is not None]
    nodes += [node for gradient in gradients for node in nodes_of(gradient)]
    return nodes, [*tensors, incoming, result, *gradients]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.filterwarnings("ignore")
def test_expression(expression):
    """Of the result's graph and of that of its gradients."""
    ours, theirs = recorded(expression, shimtorch), recorded(expression, torch)
    found = [line for a, b in zip(ours[0], theirs[0], strict=False) for line in unlike(a, b, ours[1], theirs[1])]
    assert not found


# --- identity, freed graphs, writes in place ----------------------------------------------------------------------

SOURCES = {
    "what was saved is the tensor itself": """
        x = torch.tensor([1.0, 2], requires_grad=True)
        y, c = x.clone(), torch.ones(2)
        view = x[:1]
        [(y * y).grad_fn._saved_self is y, (x * c).grad_fn._saved_other is c, (x * c).grad_fn._saved_self,
         (view * view).grad_fn._saved_self is view, x.max(0).values.grad_fn._saved_indices.grad_fn]
    """,
    "a result is another tensor of the same node and memory": """
        y = torch.tensor([1.0, 2], requires_grad=True).exp()
        r = y.grad_fn._saved_result
        same = [r is y, r.grad_fn is y.grad_fn, r.data_ptr() == y.data_ptr(), y.grad_fn._saved_result is r, r.is_leaf]
        in_place = torch.tensor([1.0, 2], requires_grad=True).clone().exp_()
        versions = in_place._version, in_place.grad_fn._saved_result._version
        gradient = torch.autograd.grad(r.sum(), y.grad_fn.next_functions[0][0].variable)
    """,
    "freed": """
        x = torch.tensor([1.0, 2], requires_grad=True)
        power = x ** 2
        power.sum().backward()
        kept = power.grad_fn._saved_exponent
        power.grad_fn._saved_self
    """,
    "freed result": """
        y = torch.tensor([1.0, 2], requires_grad=True).exp()
        y.sum().backward()
        y.grad_fn._saved_result
    """,
    "freed number": """
        y = torch.tensor([1.0, 2], requires_grad=True) * 2
        y.sum().backward()
        y.grad_fn._saved_other
    """,
    "freed indices": """
        values, indices = torch.ones(2, 2, requires_grad=True).max(0)
        values.sum().backward()
        kept = values.grad_fn._saved_dim, values.grad_fn._saved_self_sym_sizes
        values.grad_fn._saved_indices
    """,
    "written": """
        a = torch.tensor([1.0, 2], requires_grad=True).clone()
        b = a * a
        a.add_(1)
        b.grad_fn._saved_self
    """,
    "written result": """
        y = torch.tensor([1.0, 2], requires_grad=True).exp()
        r = y.grad_fn._saved_result
        y.detach().add_(1)
        y.grad_fn._saved_result
    """,
    "written indices": """
        values, indices = torch.ones(2, 2, requires_grad=True).sort(0)
        indices.add_(1)
        values.sum().backward()
    """,
    "written index": """
        x, index = torch.ones(2, requires_grad=True), torch.tensor([0, 1])
        y = x[index]
        index.add_(0)
        y.grad_fn._saved_indices
    """,
    "written after gather": """
        a = torch.ones(2, requires_grad=True).clone()
        y = a.gather(0, torch.tensor([0]))
        a.add_(1)
        y.sum().backward()
    """,
    "written source": """
        a = torch.ones(2, requires_grad=True).clone()
        y = torch.zeros(2).index_add(0, torch.tensor([0, 1]), a)
        a.add_(1)
        y.sum().backward()
    """,
    "index written where it was not needed": """
        x, index = torch.zeros(2, requires_grad=True), torch.tensor([0, 1])
        y = x.index_add(0, index, torch.ones(2))
        index.add_(1)
        y.sum().backward()
    """,
    "not writable": """
        y = torch.ones(2, requires_grad=True) * torch.ones(2)
        y.grad_fn._saved_self = 1
    """,
    "not there": "torch.ones(2, requires_grad=True).exp().grad_fn._saved_self",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_source(source):
    assert_same(source)


# --- whether a difference would be seen ---------------------------------------------------------------------------


@pytest.mark.parametrize("expression", ["m.sum(-1)", "x * w", "x.exp()", "m[:, iv]"])
def test_a_fault_is_seen(expression, monkeypatch):
    """A dim counted from the front, a copy in place of the tensor, an index left out."""
    monkeypatch.setattr(saved, "_unsigned", lambda value: value)
    monkeypatch.setattr(saved, "_unpacked", lambda node, index, was=saved._unpacked: shimtorch.clone(was(node, index)))
    with pytest.raises(AssertionError):
        test_expression(expression)


def test_setting_takes_less_than_a_millisecond():
    """All attributes of all classes, which is part of the time of an import."""
    every = classes()
    times = []
    for _ in range(20):
        start = time.perf_counter()
        for cls in every:
            saved.publish_saved(cls)
        times.append(time.perf_counter() - start)
    assert min(times) < 1e-3
