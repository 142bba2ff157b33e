"""Every operator that shimtorch offers, against PyTorch live: results, gradients, graphs, text, errors.

The table of operators and their signatures say what is called, PyTorch says what must come of it. A new row is
tested as it is; a signature with a type that ``VALUES`` does not know fails until it is added there.
``AGREEMENT_EXAMPLES=1000`` tries that many random calls of each operator instead of the same few each time.
"""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

from hypothesis import HealthCheck, assume, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import shimtorch  # noqa: E402
from shimtorch._signature_table import SIGNATURES, signatures_of  # noqa: E402
from shimtorch._signatures import Signatures, _read, binary_signatures, unary_signatures  # noqa: E402
from shimtorch.ops import shape as _warning_once  # noqa: E402
from shimtorch.ops._define import OPERATORS  # noqa: E402
from tests.shimtorch import drawn_matrices  # noqa: E402
from tests.shimtorch.agreement import (  # noqa: E402
    ALIASES,
    KNOWN_DIFFERENCES,
    LAYOUTS,
    Alias,
    Call,
    DType,
    Leaf,
    differences,
    disagreements,
    observe,
)
from tests.shimtorch.drawn_equations import einsums  # noqa: E402
from tests.shimtorch.drawn_indices import (  # noqa: E402
    INDEXED,
    indices,
    masks,
    operands,
    result_shape,
    values_for,
)

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "0"))
FEW = 40
thorough = settings(
    max_examples=EXAMPLES or FEW,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None if not EXAMPLES else settings.default.database,
    suppress_health_check=list(HealthCheck),
)

FLOATING = ["float32", "float64", "float16", "complex64", "complex128"]
DTYPES = [*FLOATING, "int64", "bool", "uint8", "int8", "int16", "int32"]
NUMBERS = [0, 1, 2, -1, 3, 0.5, -0.5, 2.0, True, False, 2.5, 100, 300, -300, 1j, 1 + 2j, float("nan"), float("inf")]

# As NumPy has it before anybody changes it: an operator changes it for a while only.
WARNINGS_OF_NUMPY = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}

# --- tensors ------------------------------------------------------------------------------------------------------

REALS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 2.0, -0.0, 0.5, -3.0]),
    st.floats(-4, 4, width=32),
    st.floats(-4, 4, width=32),
    st.floats(-60, 60, width=32),
)
SPECIAL = st.one_of(REALS, st.sampled_from([np.nan, np.inf, -np.inf]))
SHAPES = st.one_of(
    st.lists(st.integers(1, 3), max_size=3).map(tuple), st.lists(st.integers(0, 3), max_size=3).map(tuple)
)


ANY_DTYPE = st.one_of(st.just("float32"), st.sampled_from(DTYPES))


@st.composite
def leaves(draw, shapes=SHAPES, dtypes=None):
    dtype = np.dtype(draw(ANY_DTYPE if dtypes is None else dtypes))
    shape = draw(shapes)
    count = int(np.prod(shape))
    if dtype.kind == "c":  # what an inf becomes in a complex product differs between builds of torch itself
        element = st.builds(complex, REALS, REALS)
    elif dtype.kind == "f":
        element = SPECIAL if draw(st.integers(0, 4)) == 4 else REALS
    elif dtype.kind == "b":
        element = st.booleans()
    else:
        element = st.integers(0 if dtype.kind == "u" else -4, 5)
    values = np.array(draw(st.lists(element, min_size=count, max_size=count)), dtype).reshape(shape)
    layout = "contiguous"
    if count and shape:
        layout = draw(st.one_of(st.just("contiguous"), st.sampled_from(sorted(LAYOUTS))))
    if layout == "expanded":
        values = np.broadcast_to(values[..., :1], shape)
    return Leaf(values, layout, draw(st.booleans()) and dtype.kind in "fc")


# Shapes of what goes together with an operand of this shape, by the parameter's name.
_BESIDE = {
    "mat": lambda first: (first[-1] if first else 2, 3), "vec": lambda first: (3,),
    "vec1": lambda first: (first[-2] if len(first) > 1 else 2,), "vec2": lambda first: (first[-1] if first else 3,),
    "batch1": lambda first: (first[-3] if len(first) > 2 else 2, first[-2] if len(first) > 1 else 3, 2),
    "batch2": lambda first: (first[-3] if len(first) > 2 else 2, 2, first[-1] if first else 3),
}  # fmt: skip


def shapes_beside(first: tuple, kind: str, name: str = ""):
    """Shapes that mostly go together with ``first``; ``name`` is the parameter's."""
    if name in _BESIDE:
        return st.one_of(*[st.just(_BESIDE[name](first))] * 3, SHAPES)
    if name in ("mat1", "mat2"):
        rows, columns = first if len(first) == 2 else (2, first[-1] if first else 3)
        return st.one_of(*[st.just((rows, 2) if name == "mat1" else (2, columns))] * 3, SHAPES)
    if kind == "linalg" and first:
        inner = first[-1]
        fitting = [(inner,), (inner, 2), (inner, 1), (*first[:-2], inner, 3)]
        return st.one_of(st.sampled_from(fitting), st.sampled_from(fitting), SHAPES)
    ones = tuple(1 if i % 2 else size for i, size in enumerate(first))
    fitting = [first, first, first, ones, first[1:], (), (2, *first), (1,) * len(first)]
    return st.one_of(st.sampled_from(fitting), st.sampled_from(fitting), SHAPES)


@st.composite
def further_tensors(draw, first: Leaf | None, kind: str, name: str = ""):
    """A second operand: often of the first one's shape and dtype, sometimes in its very memory."""
    if first is None:
        return draw(leaves())
    if first.values.ndim and len(first.values) and draw(st.integers(0, 4)) == 4:
        return Alias(0, draw(st.sampled_from(sorted(ALIASES))))
    if draw(st.integers(0, 9)) == 9:
        return Alias(0)
    dtypes = st.one_of(st.just(first.values.dtype.name), st.just(first.values.dtype.name), st.sampled_from(DTYPES))
    return draw(leaves(shapes_beside(first.values.shape, kind, name), dtypes))


# --- arguments ----------------------------------------------------------------------------------------------------


def sizes(first: Leaf | None):
    fitting = [(-1,), (2, 3), ()]
    if first is not None:
        shape = first.values.shape
        fitting += [shape, shape[::-1], (2, *shape), (*shape[:-1], -1), tuple(range(len(shape)))[::-1]]
        fitting += [(1, shape[0] - 1), (0, shape[0], 0)] if shape else []
    return st.one_of(st.sampled_from(fitting), st.lists(st.integers(-2, 3), max_size=3).map(tuple))


INTEGERS = st.sampled_from([0, 1, -1, 2, -2, 5])


@st.composite
def lists_of_tensors(draw):
    """A few tensors that mostly go together, as for ``cat`` and ``stack``; some lie in the memory of others."""
    if draw(st.integers(0, 15)) == 0:
        return draw(st.sampled_from([(), [], 3, (1, 2), "a"]))
    deep = st.lists(st.integers(1, 3), min_size=4, max_size=5).map(tuple)
    first = draw(leaves(st.one_of(SHAPES, SHAPES, deep)))
    shape, dtype = first.values.shape, st.one_of(st.just(first.values.dtype.name), ANY_DTYPE)
    parts: list = [first]
    for _ in range(draw(st.integers(0, 3))):
        other = list(shape)
        choice = draw(st.integers(0, 9))
        if choice < 4 and shape:
            other[draw(st.integers(0, len(shape) - 1))] = draw(st.integers(0, 3))
        elif choice == 4:
            other = [0]
        elif choice == 5:
            other = list(draw(SHAPES))
        elif choice == 6 and shape and shape[0]:
            parts.append(Alias(0, draw(st.sampled_from(["same", "detached", "tail"]))))
            continue
        parts.append(draw(leaves(st.just(tuple(other)), dtype)))
    if draw(st.integers(0, 5)) == 0 and not isinstance(parts[-1], Alias):
        parts.insert(0, draw(leaves(st.just((0,)), dtype)))
        parts = [Alias(1, part.how) if isinstance(part, Alias) else part for part in parts]
    return tuple(parts)


LISTS = lists_of_tensors()
# What a parameter of each of torch's types is given, valid or not; None: the parameter is left out.
VALUES = {
    "int64_t": lambda first: INTEGERS,
    "SymInt": lambda first: INTEGERS,
    "IntArrayRef": sizes,
    "SymIntArrayRef": sizes,
    "Scalar": lambda first: st.sampled_from(NUMBERS),
    "bool": lambda first: st.booleans(),
    "double": lambda first: st.sampled_from([0.0, 1e-5, 0.1, -1.0]),
    "ScalarType": lambda first: st.sampled_from(DTYPES).map(DType),
    "c10::string_view": lambda first: st.sampled_from(["floor", "trunc", "round", "none", "tanh"]),
    "PyObject*": lambda first: st.sampled_from([1, 2.5, True, 1j, [], [1, 2], [[1.0, 2], [3, 4]], [[1], [2, 3]], "a"]),
    "Device": lambda first: st.just("cpu"),
    "Layout": None, "MemoryFormat": None, "Generator": None, "TensorList": lambda first: LISTS,
    "c10::List<::std::optional<Tensor>>": None,
}  # fmt: skip


@st.composite
def of_indexing(draw, parameter, kind, first, positional, keywords, signature):
    """An argument of an operator that takes index tensors or masks; ``...`` if it is one like any other."""
    if parameter.name == "sparse_grad" and first is not None and first.requires_grad:
        return False
    if parameter.kind not in ("Tensor", "int64_t") and parameter.name != "indices":
        return ...
    known = dict(zip([p.name for p in _read(signature).parameters], positional, strict=False)) | keywords
    if first is None and parameter.name == "condition":
        return draw(masks(draw(SHAPES)))
    value = draw(operands(leaves, parameter.name, kind, first, known))
    return ... if value is NotImplemented else value


def _of_functional(numbers: str = "") -> Signatures:
    """An activation of ``nn.functional`` that takes ``inplace``."""
    return Signatures((f"(Tensor input, {numbers}*, bool inplace=False)",))


# What is Python in torch, and so has no signature in its parser, is drawn from these.
WRITTEN_IN_PYTHON = {
    "elu": _of_functional("Scalar alpha=1.0, "),
    "hardtanh": _of_functional("Scalar min_val=-1.0, Scalar max_val=1.0, "),
    "leaky_relu": _of_functional("Scalar negative_slope=0.01, "),
    **dict.fromkeys(("hardsigmoid", "hardswish", "mish", "relu6", "silu"), _of_functional()),
    "tensordot": Signatures(("(Tensor a, Tensor b, int64_t dims=2)",)),
    "glu": Signatures(("(Tensor input, int64_t dim=-1)",)),
    "norm": Signatures(
        ("(Tensor input, Scalar? p, IntArrayRef[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)",),
        ("(Scalar? p, IntArrayRef[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)",),
    ),
}


@st.composite
def arguments(draw, signature, first: Leaf | None, kind: str, name: str = ""):
    """Positional and keyword arguments for one of torch's signatures; ``first`` is a method's own tensor."""
    positional, keywords = [], {}
    for parameter in _read(signature).parameters:
        optional = parameter.default is not None
        indexed = kind in INDEXED and parameter.name != "out"
        known = parameter.kind == "Tensor" or VALUES[parameter.kind] is not None or indexed
        if parameter.name in ("out", "pin_memory") or not known or (optional and draw(st.booleans())):
            if not optional and not parameter.nullable and parameter.keyword_only is False:
                raise AssertionError(f"no values for {parameter.kind} {parameter.name}")
            known = False
        if not known:
            continue
        if parameter.nullable and draw(st.integers(0, 3)) == 3:
            value = None
        elif indexed and (drawn := draw(of_indexing(parameter, kind, first, positional, keywords, signature))) != ...:
            value = drawn
        elif kind == drawn_matrices.KIND and parameter.kind == "Tensor" and name:
            value = draw(
                drawn_matrices.matrices(name) if first is None else drawn_matrices.beside(first, parameter.name)
            )
            first = first or value
        elif parameter.kind == "c10::string_view" and parameter.name in drawn_matrices.TEXTS:
            value = draw(st.sampled_from(drawn_matrices.TEXTS[parameter.name]))
        elif parameter.kind == "Tensor":
            value = draw(further_tensors(first, kind, parameter.name))
            if first is None and isinstance(value, Leaf):
                first = value
        else:
            value = draw(VALUES[parameter.kind](first))
            if parameter.size == 1 and draw(st.booleans()):
                value = draw(INTEGERS)
        expected = len(positional) == [p.name for p in _read(signature).parameters].index(parameter.name)
        if parameter.keyword_only or not expected:
            keywords[parameter.name] = value
        else:
            positional.append(value)
    return positional, keywords


def signatures(name: str):
    """torch's signatures of an operator; those with none of their own take one tensor, or two."""
    if name in WRITTEN_IN_PYTHON:
        return WRITTEN_IN_PYTHON[name]
    if name in SIGNATURES:
        return signatures_of(name)
    return (binary_signatures if OPERATORS[name].kind == "binary" else unary_signatures)(name)


def forms(row) -> list[tuple[str, str]]:
    """The ways to call an operator: its function, its methods and their in-place forms."""
    found = []
    if row.name.startswith("linalg_"):
        return [("function", row.name)]
    for ours, theirs in ((shimtorch, torch), (shimtorch.nn.functional, torch.nn.functional)):
        if not found and callable(getattr(ours, row.name, None)) and callable(getattr(theirs, row.name, None)):
            found.append(("function", row.name))
    for method in row.methods:
        found.append(("method", method))
        if hasattr(shimtorch.Tensor, method + "_"):
            found.append(("method", method + "_"))
    return found


@st.composite
def calls(draw, row, only=None):
    form, name = draw(st.sampled_from([found for found in forms(row) if only in (None, found[0])]))
    described = signatures(name if name in SIGNATURES else row.name)
    # torch.mm(…, out_dtype=…) is for other devices than the CPU
    offered = [s for s in getattr(described, form) if not _read(s).hidden and "out_dtype" not in s]
    if name == "einsum":
        return Call(name, draw(einsums(leaves, Alias(0))), twice=draw(st.booleans()))
    own = None
    if form == "method":
        own = draw(drawn_matrices.matrices(row.name) if row.kind == drawn_matrices.KIND else leaves())
    positional, keywords = draw(arguments(draw(st.sampled_from(offered)), own, row.kind, row.name))
    if name in ("expand", "broadcast_to"):  # torch makes tensors of negative size
        given, base = (positional, own) if own is not None else (positional[1:], positional[0])
        assume(not any(size < -bool(base.values.ndim) for value in given for size in np.ravel(value)))
    operands = (*([own] if own is not None else []), *positional)
    written = name.endswith("_") or keywords.get("inplace")
    if written and operands and isinstance(operands[0], Leaf) and operands[0].requires_grad and draw(st.integers(0, 3)):
        operands = (dataclasses.replace(operands[0], copied=True), *operands[1:])
    return Call(name, operands, keywords, form, twice=draw(st.booleans()), every=draw(st.booleans()))


# chain_matmul takes its matrices one by one, of which parsers' signatures know nothing.
PUBLIC = sorted(name for name, row in OPERATORS.items() if not name.startswith("_") and name != "chain_matmul")


@pytest.fixture(autouse=True)
def every_warning():
    """Both implementations say some things once per process; here torch always says them, and shimtorch anew."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


def agree(call: Call) -> None:
    for module in (_warning_once, shimtorch._warnings):
        for flag in [name for name in vars(module) if name.startswith("_warned")]:
            setattr(module, flag, False)
    try:
        found = disagreements(call, shimtorch, torch)
    except TypeError as error:
        assume("ComplexHalf" not in str(error))  # numbers that NumPy does not have
        raise
    assume(not any("does not offer complex32" in str(difference.ours) for difference in found))
    assert not found, "\n".join(map(str, found))
    assert np.geterr() == WARNINGS_OF_NUMPY


@pytest.mark.parametrize("name", PUBLIC)
@thorough
@given(data=st.data())
def test_operator(name, data):
    agree(data.draw(calls(OPERATORS[name]), label="call"))


# --- special methods ----------------------------------------------------------------------------------------------

UNARY = ["neg", "pos", "abs", "invert"]
BINARY = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "eq", "ne", "lt", "le",
    "gt", "ge",
]  # fmt: skip
INPLACE = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor"]


@pytest.mark.parametrize("name", UNARY)
@thorough
@given(data=st.data())
def test_unary_special_method(name, data):
    agree(Call(name, (data.draw(leaves()),), form="special", twice=data.draw(st.booleans())))


@pytest.mark.parametrize("name", BINARY + INPLACE)
@thorough
@given(data=st.data())
def test_binary_special_method(name, data):
    """``x + y``, ``x + 2``, ``2 - x``, ``x += y``, also with what is no operand."""
    kind = "linalg" if name == "matmul" else "binary"
    first = data.draw(leaves())
    if name in INPLACE and first.requires_grad and data.draw(st.booleans()):
        first = Leaf(first.values, first.layout, True, copied=True)
    other = data.draw(st.one_of(further_tensors(first, kind), st.sampled_from(NUMBERS)))
    reflected = name not in INPLACE and not isinstance(other, (Leaf, Alias)) and data.draw(st.booleans())
    agree(Call(name, (other, first) if reflected else (first, other), form="special", twice=data.draw(st.booleans())))


# --- indexing -----------------------------------------------------------------------------------------------------

_bounds = st.one_of(st.none(), st.integers(-4, 4))
_parts = st.one_of(
    st.integers(-3, 3),
    st.builds(slice, _bounds, _bounds, st.sampled_from([None, 1, 2, 3, 0, -1])),
    st.just(slice(None)),
    st.none(),
    st.just(Ellipsis),
)
# A second ellipsis means nothing that anybody could rely on.
INDICES = st.one_of(_parts, st.lists(_parts, max_size=4).map(tuple).filter(lambda parts: parts.count(Ellipsis) < 2))


@thorough
@given(data=st.data())
def test_reading_by_index(data):
    tensor = data.draw(leaves())
    index = data.draw(st.one_of(INDICES, indices(tensor.values.shape), indices(tensor.values.shape)))
    agree(Call("getitem", (tensor, index), form="special", twice=data.draw(st.booleans())))


@thorough
@given(data=st.data())
def test_writing_by_index(data):
    target = data.draw(leaves())
    if target.requires_grad:
        target = Leaf(target.values, target.layout, True, copied=True)
    index = data.draw(st.one_of(INDICES, indices(target.values.shape), indices(target.values.shape)))
    fitting = values_for(leaves, target, result_shape(target.values.shape, index))
    value = data.draw(st.one_of(leaves(), fitting, fitting, st.sampled_from(NUMBERS)))
    agree(Call("setitem", (target, index, value), form="special", twice=data.draw(st.booleans())))


# --- what is accepted ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", KNOWN_DIFFERENCES, ids=lambda known: known.reason[:60])
def test_known_difference_still_differs(known):
    found = differences(known.example, observe(known.example, shimtorch), observe(known.example, torch), torch)
    covered = any(known.covers(known.example, difference) for difference in found)
    assert covered, "this difference is gone: delete its entry"


def test_every_operator_can_be_called():
    """No row escapes: each has a form that torch offers too."""
    assert [name for name in PUBLIC if not forms(OPERATORS[name])] == []
