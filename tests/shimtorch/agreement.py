"""What it means that shimtorch and PyTorch agree on one call, and how it is found out.

A ``Call`` is plain data. ``observe`` carries it out in one implementation and writes down all that can be seen of
it; ``differences`` compares two such observations. Tolerances are in ``ULPS`` and the constants below it, each with
its reason; differences that are accepted are in ``KNOWN_DIFFERENCES`` and nowhere else.

To cover another thing that can be seen, add it to ``_describe`` (of a tensor) or to ``Observation`` (of a call).
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import operator
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shimtorch.ops._define import OPERATORS

# --- calls --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leaf:
    """A tensor to be made; ``layout`` is one of ``LAYOUTS``, and a ``copied`` one is not a leaf of the graph."""

    values: np.ndarray
    layout: str = "contiguous"
    requires_grad: bool = False
    copied: bool = False


@dataclass(frozen=True)
class Alias:
    """A tensor that shares the memory of the tensor ``of`` among the operands; ``how`` is one of ``ALIASES``."""

    of: int
    how: str = "same"


@dataclass(frozen=True)
class DType:
    """A dtype, by its name."""

    name: str


@dataclass(frozen=True)
class Call:
    """One use of an operator. ``form``: function, nn (of ``nn.functional``), method, or special (of ``operator``)."""

    name: str
    operands: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    form: str = "function"
    twice: bool = False  # whether gradients are taken of the gradients as well
    every: bool = True  # of several results: whether gradients are taken of all, or of every second one

    @property
    def leaves(self) -> list[Leaf]:
        return [value for value in _flat((*self.operands, *self.options.values())) if isinstance(value, Leaf)]

    @property
    def aliased(self) -> bool:
        return any(isinstance(value, Alias) for value in _flat(self.operands))


def _flat(values):
    """The values, those of lists of tensors one by one."""
    for value in values:
        if isinstance(value, tuple) and any(isinstance(part, Leaf) for part in value):
            yield from value
        else:
            yield value


def _gapped(array, module):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return module.from_numpy(wide[..., ::2])


# A tensor of given values in memory of different kinds. All but "contiguous" need a dimension and an element.
LAYOUTS: dict[str, Callable] = {
    "contiguous": lambda array, module: module.from_numpy(array.copy(order="C")),
    "transposed": lambda array, module: module.from_numpy(array.copy(order="F")),
    "gapped": _gapped,
    "offset": lambda array, module: module.from_numpy(np.stack([array, array]))[1],
    "expanded": lambda array, module: module.from_numpy(array[..., :1].copy(order="C")).expand(array.shape),
}
ALIASES: dict[str, Callable] = {
    "same": lambda tensor: tensor,
    "detached": lambda tensor: tensor.detach(),
    "transposed": lambda tensor: tensor.transpose(0, -1),
    "first": lambda tensor: tensor[0],
    "tail": lambda tensor: tensor[1:],
}


def _made(leaf: Leaf, module):
    if leaf.values.size:
        tensor = LAYOUTS[leaf.layout](leaf.values, module)
    else:  # NumPy's strides of empty arrays are arbitrary
        tensor = module.zeros(leaf.values.shape, dtype=getattr(module, leaf.values.dtype.name))
    return tensor.requires_grad_() if leaf.requires_grad and leaf.values.dtype.kind in "fc" else tensor


def function_of(call: Call, module):
    """The callable that ``call`` names in ``module``, over its operands."""
    if call.form == "method":
        return lambda self, *rest, **options: getattr(self, call.name)(*rest, **options)
    if call.form == "special":
        return _SPECIAL.get(call.name) or getattr(operator, call.name)
    if call.name.startswith("linalg_"):
        return getattr(module.linalg, call.name.removeprefix("linalg_"))
    if call.form != "nn" and hasattr(module, call.name):
        return getattr(module, call.name)
    return getattr(importlib.import_module(f"{module.__name__}.nn.functional"), call.name)


# What these return holds whatever was in memory.
UNSPECIFIED = ("empty", "empty_like", "new_empty")
_SPECIAL = {"getitem": operator.getitem, "setitem": operator.setitem, "abs": operator.abs}


# --- observations -------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What can be seen of one tensor."""

    values: np.ndarray
    facts: dict[str, Any]
    text: str


@dataclass
class Observation:
    """What can be seen of one call: its error, or its results and their gradients (errors included)."""

    error: tuple[str, str] | None = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    plain: Any = None  # the type of the result, or a result that is no tensor
    results: list[Seen] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    operands: list[Seen] = field(default_factory=list)  # after the call
    gradients: list[Seen | tuple | None] = field(default_factory=list)
    second: list[Seen | tuple | None] = field(default_factory=list)


def observe(call: Call, module) -> Observation:
    """Carry out ``call`` in ``module`` and write down what is seen."""
    seen = Observation()
    leaves: list = []
    tensors: list = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module.manual_seed(5)
        operands = [_operand(value, module, leaves, tensors) for value in call.operands]
        options = {key: _operand(value, module, leaves, tensors) for key, value in call.options.items()}
        wanted = [leaf for leaf in leaves if leaf.requires_grad]  # before an in-place operator makes it of others
        caught.clear()
        try:
            result = function_of(call, module)(*operands, **options)
        except Exception as error:
            seen.error = _named(error)
        else:
            if call.name in UNSPECIFIED:
                result.detach()[...] = 0
            _observe_result(seen, call, result, module, leaves, tensors, wanted)
    # Told to warn always, torch says some things twice in one call, and from another line of its source.
    seen.warnings = sorted({(w.category.__name__, re.sub(r"cpp:\d+", "cpp", str(w.message))) for w in caught})
    return seen


def _operand(value, module, leaves, tensors):
    if isinstance(value, DType):
        return getattr(module, value.name)
    if isinstance(value, Alias):
        tensor = ALIASES[value.how](tensors[value.of])
    elif isinstance(value, Leaf):
        tensor = _made(value, module)
        leaves.append(tensor)
        if value.copied:
            tensor = tensor.clone()
    elif isinstance(value, tuple) and any(isinstance(part, Leaf) for part in value):
        parts = tuple(_operand(part, module, leaves, tensors) for part in value)
        return list(parts) if len(parts) % 2 else parts  # torch takes either
    else:
        return value
    tensors.append(tensor)
    return tensor


def _named(error: Exception) -> tuple[str, str]:
    return type(error).__name__, str(error)


def _observe_result(seen, call, result, module, leaves, tensors, wanted) -> None:
    parts = result if isinstance(result, tuple) else (result,)
    seen.results = [_describe(part, leaves, tensors) for part in parts if isinstance(part, module.Tensor)]
    seen.plain = type(result).__name__ if seen.results else (type(result).__name__, repr(result))
    seen.versions = [tensor._version for tensor in tensors]
    seen.operands = [_describe(tensor, leaves, tensors) for tensor in tensors]
    recorded = [
        part
        for part in (parts if seen.results else tensors[:1])
        # torch lets a write record what has no gradient
        if part.requires_grad and not part.is_leaf and (part.is_floating_point() or part.is_complex())
    ]
    recorded = recorded if call.every else recorded[::2]
    if not recorded or not wanted:
        return
    incoming = [_incoming(part, module, requires_grad=call.twice) for part in recorded]
    try:
        gradients = module.autograd.grad(recorded, wanted, incoming, create_graph=call.twice, allow_unused=True)
    except Exception as error:
        seen.gradients = [_named(error)]
        return
    leaves = [*leaves, *incoming]
    seen.gradients = [None if g is None else _describe(g, leaves, tensors, memory=False) for g in gradients]
    for gradient in gradients if call.twice else ():
        if gradient is None or not gradient.requires_grad:
            continue
        try:
            again = module.autograd.grad(
                gradient, [*wanted, *incoming], _incoming(gradient, module), retain_graph=True, allow_unused=True
            )
        except Exception as error:
            seen.second.append(_named(error))
            continue
        seen.second += [None if g is None else _describe(g, leaves, tensors, memory=False) for g in again]


def _incoming(tensor, module, requires_grad=False):
    """A gradient for ``tensor``: small numbers, none of them special, always the same."""
    kind = np.dtype(str(tensor.dtype).removeprefix("torch."))
    count = np.arange(tensor.numel())
    values = np.cos(1.7 * count + 0.3) + (1j * np.sin(count + 1) if kind.kind == "c" else 0)
    made = _made(Leaf(values.astype(kind).reshape(tuple(tensor.shape))), module)
    return made.requires_grad_() if requires_grad else made


def _describe(tensor, leaves, tensors, memory=True) -> Seen:
    some = tensor.numel() > 0  # without elements, strides and offset lead nowhere
    facts = {
        "dtype": str(tensor.dtype),
        "shape": tuple(tensor.shape),
        "requires_grad": tensor.requires_grad,
        "is_leaf": tensor.is_leaf,
        "graph": _graph(tensor, leaves),
        "stride": tensor.stride() if some else (),
        "is_contiguous": tensor.is_contiguous(),
    }
    if memory:
        facts["storage_offset"] = tensor.storage_offset() if some else 0
        facts["is an operand"] = [tensor is other for other in tensors]
        facts["starts where an operand does"] = [some and tensor.data_ptr() == other.data_ptr() for other in tensors]
    return Seen(tensor.numpy(force=True).copy(), facts, repr(tensor))


def _graph(tensor, leaves, limit=80) -> list:
    """Each node's name (and leaf), its edges as (number of the node, output number)."""
    if tensor.grad_fn is None:
        return []
    nodes, numbers, rows = [tensor.grad_fn], {id(tensor.grad_fn): 0}, []
    for node in nodes:  # which grows
        edges = []
        for target, output in node.next_functions:
            if target is not None and id(target) not in numbers:
                numbers[id(target)] = len(nodes)
                nodes.append(target)
            edges.append((None if target is None else numbers[id(target)], output))
        leaf = [node.variable is known for known in leaves] if hasattr(node, "variable") else None
        rows.append((type(node).__name__, node.name(), edges, leaf))
        if len(rows) == limit:
            break
    return [("output", tensor.output_nr), *rows]


# --- tolerances ---------------------------------------------------------------------------------------------------

# Results of one rounded computation, and their gradients. float32 and float16 are computed in a wider format and
# rounded once, or in torch's own order; float64 has no wider format, and NumPy's and torch's functions are each
# within 1 ULP of the true value, on either side of it.
ULPS = {"float16": 1, "float32": 1, "float64": 2}
# Sums of several terms: in units of eps times the sum of the terms' magnitudes, whatever the order of summation.
SUMS = 4
# What is computed as 1 - r**2, r - r**2 or r + 1 from a result r that may be an ULP off loses digits where r is near 1
# or -1: in units of eps times the largest incoming gradient, which is 1. So does the slope of what has a minimum.
CANCELLING = {
    "silu": 2, "mish": 4, "glu": 4, "tanh": 2, "sigmoid": 2, "expm1": 1,
    "softmax": 2, "log_softmax": 4, "cross_entropy": 8, "gelu": 8,
}  # fmt: skip
# Gradients that are a product with another function of the input, which torch itself has 1 ULP off, or with a weight
# divided by the sum of the weights, which is rounded often.
CHAINED = {"elu": 2, "celu": 2, "selu": 2, "sin": 2, "cos": 2, "nll_loss": 8}
# Results of several roundings, one of them of an exponential that torch itself has 1 ULP off: in units of eps times the
# result, or times what it is the small difference of (None: the largest operand).
COMPOSED: dict[str, tuple[int, float | None]] = {
    "celu": (2, 0.0), "celu_": (2, 0.0), "selu": (2, 0.0), "selu_": (2, 0.0), "silu": (2, 0.0), "mish": (3, 0.0),
    "glu": (3, 0.0),
    # which torch lets a library compute, by a polynomial that is off by 1e-6
    "gelu": (10, 1.0),
    "softmax": (3, 0.0), "log_softmax": (2, 1.0), "mse_loss": (4, 0.0), "nll_loss": (4, None),
    "cross_entropy": (8, None), "linear": (8, None),
}  # fmt: skip
# Complex numbers: in units of eps times the modulus. A small part of a large number carries the large one's error.
COMPLEX = 4
# Gradients of gradients are sums over paths through the graph, whose terms are not seen from outside: in units of
# eps times the largest number of the array or of the operands' first gradients.
SECOND = 16
# Decompositions of small matrices with singular values between 1/2 and 4: in units of ``SECOND`` times that.
DECOMPOSED = 16.0
# Operators of these kinds add terms up in their result, or in their gradient alone ("repeats"); those of ``SELECTING``
# only choose among the elements.
SUMMING = ("reduction", "linalg", "matmul", "einsum", "repeats")
SELECTING = ("max", "min")
# Operators of these kinds, and indexing, choose elements as well, but their gradients add up where one is chosen twice;
# those of ``ADDING`` add up in their result too.
CHOOSING = ("elements", "rows", "places", "masks")
ADDING = ("index_add", "scatter_add", "index_put", "scatter")


def ulps_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many representable numbers ``a`` is from ``b``, element by element; nan is 0 from nan, far from the rest."""

    def ordered(x):
        """Integers in the order of the floats, 0 for both zeros."""
        bits = np.ascontiguousarray(x).view(f"i{x.itemsize}").reshape(x.shape).astype(np.int64)
        return np.where(bits < 0, np.int64(-(1 << (8 * x.itemsize - 1))) - bits, bits)

    ours, theirs = ordered(a), ordered(b)
    apart = np.maximum(ours, theirs).astype(np.uint64) - np.minimum(ours, theirs).astype(np.uint64)  # modulo 2**64
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    return np.where(nan_a & nan_b, 0, np.where(nan_a | nan_b, np.iinfo(np.uint64).max, apart))


def values_agree(ours: np.ndarray, theirs: np.ndarray, bound=None, condition=1.0) -> bool:
    """Whether each element is within the tolerance of its dtype, or within ``bound`` (absolute) where given.

    ``condition`` multiplies the tolerance of complex numbers.
    """
    if theirs.dtype.kind not in "fc":
        return bool(np.array_equal(ours, theirs))
    with np.errstate(all="ignore"):
        if theirs.dtype.kind == "c":
            distance, size = np.abs(ours - theirs), np.abs(theirs)
            # Which parts of an overflown product are inf and which nan is not defined; that it overflows is.
            fine = (~np.isfinite(ours) & ~np.isfinite(theirs)) | (ours == theirs)
            fine |= distance <= condition * COMPLEX * np.finfo(theirs.dtype).eps * size
        else:
            distance = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
            fine = ulps_apart(ours, theirs) <= ULPS[theirs.dtype.name]
        if bound is not None:
            fine = fine | (np.isfinite(bound) & (distance <= bound))
    return bool(np.all(fine))


def condition_of(call: Call) -> float:
    """How much a complex power, which is ``exp(b * log(a))``, enlarges errors: at most by ``abs(b * log(a))``.

    The matrices drawn for decompositions, whose steps differ between LAPACKs, are such that it is ``DECOMPOSED``.
    """
    if _kind(call) == "decomposition":
        return DECOMPOSED
    if "pow" not in call.name:
        return 1.0
    sizes = [np.abs(getattr(value, "values", value)).ravel() for value in call.operands if not isinstance(value, Alias)]
    finite = np.concatenate([size[np.isfinite(size)] for size in sizes] + [[1.0]]).astype(np.float64)
    return 1.0 + finite.max() * np.abs(np.log(finite[finite > 0])).max()


def _kind(call: Call) -> str:
    name = call.name.strip("_")
    return OPERATORS[name].kind if name in OPERATORS else name


def sums_of_magnitudes(call: Call, shape: tuple, torch) -> tuple[Any, list]:
    """Of the result and of each gradient, the sum of its terms' magnitudes; None where there is but one term.

    Found by torch in double precision. A sum or a product of matrices over magnitudes is the sum of magnitudes
    itself; of other operators the operands are spread to the result's ``shape`` first, so that nothing is summed up.
    """
    if call.name in SELECTING:
        return None, []
    summing = _kind(call) in SUMMING
    if not summing and not any(leaf.requires_grad for leaf in call.leaves):
        return None, []
    operands, shapes = [], []
    for value in call.operands:
        if isinstance(value, Alias):
            value = dataclasses.replace(call.leaves[0], layout="contiguous", values=_aliased_values(call, value))
        if isinstance(value, Leaf):
            wide = np.abs(value.values) if summing else value.values
            wide = np.asarray(wide).astype(np.complex128 if wide.dtype.kind == "c" else np.float64)
            shapes.append(wide.shape)
            value = wide
        operands.append(value)
    full = None if summing else shape if call.name == "expand" else np.broadcast_shapes(*shapes)
    leaves: list = []
    for i, value in enumerate(operands):
        if isinstance(value, np.ndarray):
            spread = value if full is None else np.broadcast_to(value, full)
            operands[i] = torch.from_numpy(spread.copy()).requires_grad_()
            leaves.append(operands[i])
    options = {key: value for key, value in call.options.items() if not isinstance(value, DType) and key != "out"}
    plain = dataclasses.replace(call, name=_out_of_place(call))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function_of(plain, torch)(*operands, **options)
        incoming = _incoming(result, torch)
        gradients = torch.autograd.grad(result, leaves, incoming.abs() if summing else incoming, allow_unused=True)
    sums = [
        # Where nothing is folded and no path joins another, the gradient is one term.
        None if g is None or (full == own and not call.aliased) else _folded(np.abs(g.numpy(force=True)), own)
        for g, own in zip(gradients, shapes, strict=True)
    ]
    return (np.abs(result.numpy(force=True)) if summing and _kind(call) != "repeats" else None), sums


def sums_of_chosen(call: Call, torch) -> tuple[Any, list]:
    """``sums_of_magnitudes`` for operators that choose elements: a 0 or 1 for each pair of element and result."""
    sums: list = []

    def made(value, top=False):
        if isinstance(value, tuple):
            return tuple(map(made, value))
        if isinstance(value, Alias):
            value = Leaf(_aliased_values(call, value))
        if isinstance(value, Leaf):
            array = value.values
            differentiable = array.dtype.kind in "fc"
            tensor = torch.from_numpy(np.asarray(np.abs(array), np.float64) if differentiable else array.copy())
            if top:
                sums.append(tensor.requires_grad_() if differentiable else None)
            return tensor.clone()
        return abs(value) if isinstance(value, (float, complex)) else value

    operands = [made(value, True) for value in call.operands]
    options = {key: made(value, True) for key, value in call.options.items() if not isinstance(value, DType)}
    name = _out_of_place(call).removesuffix("_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function_of(dataclasses.replace(call, name=name), torch)(*operands, **options)
        result = operands[0] if name == "setitem" else result
        leaves = [leaf for leaf in sums if leaf is not None]
        found = iter(torch.autograd.grad(result, leaves, _incoming(result, torch).abs(), allow_unused=True))
    gradients = [None if leaf is None else next(found) for leaf in sums]
    of_gradients = [None if g is None else g.numpy(force=True) for g in gradients]
    return (result.numpy(force=True) if name in ADDING else None), of_gradients


def _out_of_place(call: Call) -> str:
    if call.form == "special":
        return call.name[1:] if hasattr(operator, call.name[1:]) else call.name
    return call.name if call.name in OPERATORS else call.name.removesuffix("_")


def _aliased_values(call: Call, alias: Alias) -> np.ndarray:
    array = call.leaves[alias.of].values
    return {"transposed": lambda a: a.swapaxes(0, -1), "first": lambda a: a[0], "tail": lambda a: a[1:]}.get(
        alias.how, lambda a: a
    )(array)


def _folded(array: np.ndarray, shape: tuple) -> np.ndarray:
    extra = array.ndim - len(shape)
    array = array.sum(tuple(range(extra)))
    return array.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True) if array.ndim else array


def _bounds(call: Call, theirs: Observation, torch):
    """Absolute tolerances: of the result, of each gradient (in order), of all second gradients."""
    if not theirs.results and call.name != "setitem":
        return None, []
    try:
        if _kind(call) in CHOOSING or call.name in ("getitem", "setitem"):
            of_result, of_gradients = sums_of_chosen(call, torch)
        else:
            of_result, of_gradients = sums_of_magnitudes(call, theirs.results[0].facts["shape"], torch)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NotImplementedError):
        of_result, of_gradients = None, []
    tensors = [value for value in (*call.operands, *call.options.values()) if isinstance(value, (Leaf, Alias))]
    gradients = []
    for value, total in zip(tensors, of_gradients, strict=False):
        if isinstance(value, Leaf) and value.requires_grad and value.values.dtype.kind in "fc":
            gradients.append(total)
    if call.aliased and gradients:  # what arrives over both operands is added up
        gradients = [sum(np.nansum(total) for total in of_gradients if total is not None)] * len(gradients)
    return of_result, gradients


# --- differences --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same: what, in shimtorch, in torch."""

    what: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.what}\n  shimtorch: {self.ours}\n  torch:     {self.theirs}"


_NUMBER = re.compile(r"[-+]?(?:\d[\d.]*(?:e[-+]\d+)?|inf|nan)j?")


def same_text(ours: Seen, theirs: Seen) -> bool:
    """Texts are identical; where the numbers differ (within tolerance), all but the numbers and their widths."""
    if ours.text == theirs.text:
        return True
    if ours.values.tobytes() == theirs.values.tobytes():
        return False
    bare = [re.sub(r"[\s#]+", "#", _NUMBER.sub("#", seen.text)) for seen in (ours, theirs)]
    return bare[0] == bare[1]


def _compare(what: str, ours, theirs, bound=None, layouts="all", condition=1.0):
    if not isinstance(ours, Seen) or not isinstance(theirs, Seen):
        if ours != theirs:
            yield Difference(what, ours, theirs)
        return
    for name, value in theirs.facts.items():
        mine = ours.facts[name]
        if name in ("stride", "is_contiguous") and layouts == "none":
            continue
        if name == "stride" and layouts == "steps":
            # NumPy normalises the stride of a dimension that has one element: it leads nowhere.
            mine, value = (
                [step for step, size in zip(steps, theirs.facts["shape"], strict=False) if size > 1]
                for steps in (mine, value)
            )
        if mine != value:
            yield Difference(f"{what}: {name}", mine, value)
    if ours.values.shape != theirs.values.shape or ours.values.dtype != theirs.values.dtype:
        return
    if not values_agree(ours.values, theirs.values, bound, condition):
        yield Difference(f"{what}: values", ours.values.tolist(), theirs.values.tolist())
    elif not same_text(ours, theirs):
        yield Difference(f"{what}: text", ours.text, theirs.text)


def differences(call: Call, ours: Observation, theirs: Observation, torch) -> list[Difference]:
    """All in which the two observations of ``call`` differ, known differences included."""
    if ours.error != theirs.error:
        return [Difference("error", ours.error or "none", theirs.error or "none")]
    found = [
        Difference(name, getattr(ours, name), getattr(theirs, name))
        for name in ("warnings", "plain", "versions")
        if getattr(ours, name) != getattr(theirs, name)
    ]
    of_result, of_gradients = _bounds(call, theirs, torch)
    # NumPy chooses the layouts of intermediate arrays, which show in gradients of operands that are not contiguous.
    plain = all(leaf.layout == "contiguous" for leaf in call.leaves) and not call.aliased
    plain = plain and call.name != "einsum"  # whose operands are permuted on the way
    for name in ("results", "operands", "gradients", "second"):
        pair = getattr(ours, name), getattr(theirs, name)
        if name == "second" and any(isinstance(gradient, tuple) for gradient in theirs.gradients):
            continue
        if len(pair[0]) != len(pair[1]):
            errors = [next((part for part in side if isinstance(part, tuple)), len(side)) for side in pair]
            found.append(Difference(f"number of {name}", *errors))
            continue
        for i, (a, b) in enumerate(zip(*pair, strict=True)):
            bound = None
            written = name == "results" or (name == "operands" and "out" in call.options)
            if written and of_result is not None and b.values.shape == np.shape(of_result):
                bound = SUMS * _eps(b) * np.where(np.isfinite(of_result), of_result, 0)
            elif written and call.name in COMPOSED:
                roundings, least = COMPOSED[call.name]
                if least is None:
                    least = _largest([Seen(leaf.values, {}, "") for leaf in call.leaves])
                bound = roundings * _computing_eps(call, b) * np.maximum(np.abs(b.values), least)
            elif _kind(call) == "decomposition" and name in ("results", "operands", "gradients"):
                least = 1.0 if name == "results" else _largest([*theirs.results, *theirs.gradients])
                bound = SECOND * DECOMPOSED * _computing_eps(call, b) * max(least, _largest([b]))
            elif name == "gradients" and i < len(of_gradients) and of_gradients[i] is not None:
                bound = SUMS * _computing_eps(call, b) * np.where(np.isfinite(of_gradients[i]), of_gradients[i], 0)
            elif name == "gradients" and call.name.rstrip("_") in CANCELLING:
                bound = CANCELLING[call.name.rstrip("_")] * _computing_eps(call, b)
            elif name == "gradients" and call.name.rstrip("_") in CHAINED:
                bound = CHAINED[call.name.rstrip("_")] * _eps(b) * np.abs(b.values) if isinstance(b, Seen) else None
            elif name == "gradients" and _through_complex(call, b):
                bound = COMPLEX * condition_of(call) * _computing_eps(call, b) * _largest([b])
            elif name == "second":
                least = 1.0 if call.name.rstrip("_") in CANCELLING else 0.0
                bound = SECOND * condition_of(call) * _computing_eps(call, b)
                bound *= max(least, _largest([*theirs.gradients, *theirs.second]))
            layouts = "steps" if plain or name in ("results", "operands") else "none"
            if name == "second" and _kind(call) == "decomposition":
                layouts = "none"
            elif plain and name in ("results", "operands"):
                layouts = "all"
            found += _compare(f"{name}[{i}]", a, b, bound, layouts, condition_of(call))
    return found


def _eps(seen) -> float:
    return float(np.finfo(seen.values.dtype).eps) if isinstance(seen, Seen) and seen.values.dtype.kind in "fc" else 0.0


def _computing_eps(call: Call, seen) -> float:
    """The coarsest eps of the operands: a gradient may be computed in another dtype than its own."""
    asked = [v.name for v in (*call.operands, *call.options.values()) if isinstance(v, DType)]
    kinds = [
        kind for kind in (*(leaf.values.dtype for leaf in call.leaves), *map(np.dtype, asked)) if kind.kind in "fc"
    ]
    return max([_eps(seen), *(float(np.finfo(kind).eps) for kind in kinds)])


def _through_complex(call: Call, seen) -> bool:
    """Whether it is the real part of a gradient that was computed in complex numbers."""
    kinds = [leaf.values.dtype.kind for leaf in call.leaves]
    complexes = "c" in kinds or any(isinstance(value, complex) for value in call.operands)
    return complexes and isinstance(seen, Seen) and seen.values.dtype.kind == "f"


def _largest(many) -> float:
    sizes = [np.abs(seen.values[np.isfinite(seen.values)]) for seen in many if isinstance(seen, Seen)]
    return float(max(itertools.chain([0.0], *(size.ravel().tolist() for size in sizes))))


def disagreements(call: Call, shimtorch, torch) -> list[Difference]:
    """Where shimtorch and torch disagree on ``call``, without what is known."""
    found = differences(call, observe(call, shimtorch), observe(call, torch), torch)
    return [difference for difference in found if not any(k.covers(call, difference) for k in KNOWN_DIFFERENCES)]


# --- known differences --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """An accepted difference: why, which, and a call that shows it."""

    reason: str
    covers: Callable[[Call, Difference], bool]
    example: Call


def _leaf(*values, dtype="float32", **facts) -> Leaf:
    return Leaf(np.array(values, dtype), **facts)


def _scalar(value: float) -> Leaf:
    return Leaf(np.array(value, np.float32), requires_grad=True)


def _error(of: str, containing: str) -> Callable[[Call, Difference], bool]:
    """Covers an error of one side ("ours", "theirs") by its text."""
    return lambda call, difference: difference.what == "error" and containing in str(getattr(difference, of))


KNOWN_DIFFERENCES: list[Known] = [
    Known(
        "a complex triangular system is solved by rows in torch where its matrix is only said to be conjugated",
        lambda call, difference: (
            call.name == "linalg_solve_triangular"
            and any(leaf.values.dtype.kind == "c" for leaf in call.leaves)
            and difference.what.startswith("gradients")
            and difference.what.endswith(("stride", "is_contiguous"))
        ),
        Call(
            "linalg_solve_triangular",
            (
                _leaf([0.5 - 1j, 1j], [1, 0.5 + 1j], dtype="complex64"),
                _leaf([1, 2j], [0.5, 1], dtype="complex64", requires_grad=True),
            ),
            {"upper": False},
        ),
    ),
    Known(
        "a right side of another dtype is cast by torch's solve_triangular, unless it is copied on its way to out=",
        lambda call, difference: (
            call.name == "linalg_solve_triangular"
            and "out" in call.options
            and "expected scalar type" in str(difference.theirs)
        ),
        Call(
            "linalg_solve_triangular",
            (_leaf([1.0, 0.0], [2.0, 1.0]), _leaf([1.0, 2.0], [3.0, 4.0], dtype="float64")),
            {"upper": False, "left": False, "out": Leaf(np.zeros((2, 2), np.float32), "gapped")},
        ),
    ),
    Known(
        "which of the operators that they are made of finds that an argument of out= requires grad, or none",
        lambda call, difference: (
            call.name.removeprefix("linalg_") in ("eigvals", "matrix_power", "pinv", "vecdot")
            and "out" in call.options
            and "functions with out=" in str(difference.ours)
        ),
        Call(
            "linalg_vecdot",
            (_leaf(1.0, requires_grad=True), _leaf(2.0)),
            {"out": Leaf(np.zeros((), np.float32))},
        ),
    ),
    Known(
        "the gradient of a complex qr is written into real and imaginary parts, which are no views in shimtorch",
        lambda call, difference: (
            call.name in ("qr", "linalg_qr")
            and any(leaf.values.dtype.kind == "c" for leaf in call.leaves)
            and difference.what.endswith(("graph", "order"))
        ),
        Call("linalg_qr", (_leaf([1, 2j], [0.5, 1], dtype="complex64", requires_grad=True),), twice=True),
    ),
    Known(
        "torch's own derivative fails on what it has accepted; shimtorch computes what is meant",
        lambda call, difference: (
            "Could this error message be improved" in str(difference.theirs)
            or "INTERNAL ASSERT FAILED" in str(difference.theirs)
            or "grad_input must be contiguous" in str(difference.theirs)
            or (difference.what.startswith("gradients") and "size mismatch (got input" in str(difference.theirs))
            or (difference.what.startswith("gradients") and "with a bool tensor" in str(difference.theirs))
        ),
        Call("pow", (True, _leaf(1.0, requires_grad=True)), form="special"),
    ),
    Known(
        "torch cannot differentiate clamp where the bounds are wider than the input; shimtorch can",
        lambda call, difference: (
            call.name.startswith(("clamp", "clip"))
            and ("doesn't match the broadcast shape" in str(difference.theirs) or "number of" in difference.what)
        ),
        Call("clamp", (_scalar(1.0), Alias(0), Leaf(np.ones((3, 1, 3), np.int8)))),
    ),
    Known(
        "torch records, or not, what operators without a derivative of their own write into out=; shimtorch refuses",
        lambda call, difference: (
            call.name
            in (
                "floor_divide",
                "softmax",
                "log_softmax",
                "bitwise_and",
                "bitwise_or",
                "bitwise_xor",
                "conj_physical",
                "heaviside",
            )
            and "out" in call.options
            and any(leaf.requires_grad for leaf in call.leaves)
        ),
        Call("softmax", (_leaf(1.0, requires_grad=True), 0), {"out": _leaf(0.0, layout="offset")}),
    ),
    Known(
        "an output that must be enlarged is laid out by other operands in torch than a new one, take's by its indices",
        lambda call, difference: (
            "out" in call.options
            and call.options["out"].copied
            and difference.what.endswith(("stride", "is_contiguous"))
        ),
        Call("take", (_leaf(1.0), Leaf(np.zeros((2, 2), np.int64), "transposed")), {"out": _leaf(copied=True)}),
    ),
    Known(
        "torch has a library write gelu into out=, which does not look at the strides it has",
        lambda call, difference: (
            call.name == "gelu"
            and "out" in call.options
            and call.options["out"].layout in ("transposed", "gapped")
            and difference.what.endswith(("values", "text"))
        ),
        Call("gelu", (_leaf([0.0, 0.0], [1.0, 0.0]),), {"out": _leaf([0.0, 0.0], [0.0, 0.0], layout="transposed")}),
    ),
    Known(
        "probabilities that are a view of what bernoulli_ fills keep the node they had before in torch",
        lambda call, difference: (
            call.name == "bernoulli_" and call.aliased and difference.what.endswith(("graph", "order"))
        ),
        Call("bernoulli_", (_leaf(0.0, 0.0, requires_grad=True, copied=True), Alias(0, "first")), form="method"),
    ),
    Known(
        "where both are wrong, torch complains of memory that is shared before shapes that do not fit",
        lambda call, difference: (
            call.name in ("logical_or_", "logical_and_", "logical_xor_")
            and call.aliased
            and "refer to a single memory location" in str(difference.theirs)
        ),
        Call("logical_or_", (Leaf(np.zeros((2, 3, 3), np.float32)), Alias(0, "transposed")), form="method"),
    ),
    Known(
        "what unflatten did not expect comes with the stack of C++ in torch",
        lambda call, difference: (
            call.name == "unflatten" and "unexpected error" in f"{difference.ours} {difference.theirs}"
        ),
        Call("unflatten", (_leaf(1.0, 2.0), 0, (-1, -1))),
    ),
    Known(
        "where there are no slices torch complains of memory, not of the index",
        lambda call, difference: call.name.startswith("index_fill") and "setStorage" in str(difference.theirs),
        Call("index_fill", (_leaf(), 0, Leaf(np.zeros(1, np.int64)), 1.0)),
    ),
    Known(
        "torch enlarges the tensor that addbmm_ writes, but not in memory of NumPy's; shimtorch does so in any memory",
        lambda call, difference: call.name == "addbmm_" and "storage that is not resizable" in str(difference.theirs),
        Call(
            "addbmm_",
            (_leaf(1.0), Leaf(np.ones((2, 3, 1), np.float32)), Leaf(np.ones((2, 1, 2), np.float32))),
            form="method",
        ),
    ),
    Known(
        "an operand that overlaps a target with gaps is not refused by torch, which then reads what it has written",
        lambda call, difference: call.aliased and call.leaves[0].layout == "gapped" and "values" in difference.what,
        Call("isub", (_leaf(1, 0, 0, dtype="int64", layout="gapped"), Alias(0, "first")), form="special"),
    ),
]
