"""The text of tensors: ``repr``, ``str`` and ``format``, against PyTorch live and recorded.

A layout, a magnitude or a dtype to cover is one more entry in the tables at the top; a text that
PyTorch printed once goes into ``RECORDED``.
"""

from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import shimtorch
from shimtorch import _repr

FLOATING = ["float16", "float32", "float64", "complex64", "complex128"]
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", *FLOATING]
DEFAULTS = vars(_repr.PrintOptions())

LAYOUTS = {
    "contiguous": lambda a: a,
    "transposed": lambda a: a.T,
    "every second": lambda a: a[::2] if a.ndim else a,
    "narrowed": lambda a: a[..., 1:] if a.ndim else a,
    "expanded": lambda a: np.lib.stride_tricks.as_strided(a, (*a.shape, 3), (*a.strides, 0)),
}

SPECIAL = st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf])
# One kind per array: a single outlier decides the notation of all its numbers.
MAGNITUDES = st.sampled_from(
    [
        st.floats(-10, 10),
        st.integers(-20, 20).map(float),
        st.integers(-(10**9), 10**9).map(float),
        st.one_of(SPECIAL, st.floats(-100, 100)),
        st.one_of(SPECIAL, st.integers(-3, 12).map(float)),
        SPECIAL,
        st.floats(1e-6, 1e-3),
        st.sampled_from([1e-4, 0.99999e-4, 1.0, 999.99, 1e3, 1001.0, 99999.5, 1e8, 1e8 + 8, -0.1, 6e-8, 5e-324]),
        st.floats(),
    ]
)


@st.composite
def arrays(draw, dtypes=DTYPES, max_dims=4, max_side=5):
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=max_dims, min_side=1, max_side=max_side))
    if dtype.kind in "bui":
        array = draw(hnp.arrays(dtype, shape))
    else:
        # Complex numbers are pairs of reals, each part with a magnitude of its own.
        parts = [draw(hnp.arrays(np.float64, shape, elements=draw(MAGNITUDES))) for _ in range(1 + (dtype.kind == "c"))]
        array = np.empty(shape, dtype)
        with np.errstate(all="ignore"):
            array.real = parts[0]
            if dtype.kind == "c":
                array.imag = parts[1]
    return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](array)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is the reference of these comparisons")


def tensors(torch, array):
    """The same numbers in both implementations; the shim gets the array as it is, strides and all."""
    return torch.from_numpy(np.array(array, order="C", copy=True)), shimtorch.from_numpy(array)


def same_text(torch, array):
    reference, ours = tensors(torch, array)
    assert repr(ours) == repr(reference)


@contextmanager
def printing(torch, **options):
    try:
        for module in (torch, shimtorch):
            module.set_printoptions(**{**DEFAULTS, **options})
        yield
    finally:
        for module in (torch, shimtorch):
            module.set_printoptions(**DEFAULTS)


@contextmanager
def default_dtype(torch, name):
    try:
        for module in (torch, shimtorch):
            module.set_default_dtype(getattr(module, name))
        yield
    finally:
        for module in (torch, shimtorch):
            module.set_default_dtype(module.float32)


@settings(max_examples=600, deadline=None)
@given(array=arrays())
def test_any_small_array(torch, array):
    same_text(torch, array)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("other", [0.5, 1.0, 1.5, -2.0])
@pytest.mark.parametrize("border", [1e-4, 1e3, 1e8])
def test_borders_of_the_notations(torch, border, other, dtype):
    with np.errstate(over="ignore"):
        numbers = np.array([border, border * other, other], dtype)
    for array in (numbers[:1], numbers[[0, 2]], numbers[1:], np.nextafter(numbers, numbers.dtype.type(np.inf))[1:]):
        same_text(torch, array)
        same_text(torch, -array)


@settings(max_examples=150, deadline=None)
@given(array=arrays(max_dims=2, max_side=23))
def test_rows_that_wrap(torch, array):
    same_text(torch, array)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (1, 0, 4), (0, 0)])
def test_empty(torch, dtype, shape):
    same_text(torch, np.empty(shape, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(1000,), (1001,), (6, 167), (7, 143), (500, 3), (2, 600), (9, 10, 12), (2, 3, 7, 30), (8, 1, 8, 1, 20)]
)
def test_summarised(torch, dtype, shape):
    random = np.random.RandomState(sum(shape))
    same_text(torch, (random.randn(*shape) * 40).astype(dtype))


def test_summary_of_a_large_expanded_tensor(torch):
    one = np.ones((7, 1), "f4")
    reference = repr(torch.from_numpy(one).expand(7, 10**9))
    assert repr(shimtorch.from_numpy(np.lib.stride_tricks.as_strided(one, (7, 10**9), (4, 0)))) == reference


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", FLOATING)
def test_any_bit_pattern_without_a_warning(torch, dtype):
    random = np.random.RandomState(0)
    for size in range(1, 120):
        same_text(torch, np.frombuffer(random.bytes(size * np.dtype(dtype).itemsize), dtype).copy())


OPTIONS = {
    "precision": st.integers(0, 17),
    "threshold": st.sampled_from([0, 3, 10, float("inf")]),
    "edgeitems": st.integers(0, 4),
    "linewidth": st.integers(1, 130),
    "sci_mode": st.booleans(),
}
CALLS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.one_of(st.none(), values) for name, values in OPTIONS.items()},
        "profile": st.sampled_from(["default", "short", "full", "Full", None]),
    },
)


@settings(max_examples=150, deadline=None)
@given(array=arrays(max_dims=3), options=st.fixed_dictionaries({}, optional=OPTIONS))
def test_options(torch, array, options):
    with printing(torch, **options):
        same_text(torch, array)


@settings(max_examples=150, deadline=None)
@given(array=arrays(max_dims=2, max_side=12), calls=st.lists(CALLS, max_size=4))
def test_options_stay_until_they_are_changed(torch, array, calls):
    with printing(torch):
        for options in calls:
            torch.set_printoptions(**options)
            shimtorch.set_printoptions(**options)
            same_text(torch, array)


def test_set_printoptions_without_a_name(torch):
    with printing(torch):
        for module in (torch, shimtorch):
            module.set_printoptions(2, 5, 1, 40)
        same_text(torch, np.arange(20.0).reshape(4, 5) / 7)
    for call in (lambda module: module.set_printoptions(digits=3), lambda module: module.set_printoptions(*range(7))):
        errors = []
        for module in (torch, shimtorch):
            with pytest.raises(TypeError) as caught:
                call(module)
            errors.append(str(caught.value))
        assert errors[0] == errors[1]


@pytest.mark.parametrize("default", ["float16", "float32", "float64"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_default_dtype_decides_what_is_named(torch, default, dtype):
    with default_dtype(torch, default):
        same_text(torch, np.ones(2, dtype))
        same_text(torch, np.ones(0, dtype))


@settings(max_examples=150, deadline=None)
@given(array=arrays(FLOATING, max_dims=2, max_side=12))
def test_requires_grad(torch, array):
    reference, ours = tensors(torch, array)
    assert repr(ours.requires_grad_()) == repr(reference.requires_grad_())


@pytest.mark.parametrize("size", range(12))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "operation", [lambda x: x * 2, lambda x: x.sum(), lambda x: (x * 2).detach()], ids=["mul", "sum", "detach"]
)
def test_grad_fn(torch, operation, dtype, size):
    reference, ours = tensors(torch, np.arange(size, dtype=dtype))
    assert repr(operation(ours.requires_grad_())) == repr(operation(reference.requires_grad_()))


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("spec", ["", ".2f", "8.3e", "d", "s", ">10", "+", "05", "%", "q", "_^12,.1f"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_format(torch, dtype, spec):
    for array in (np.array(3, dtype), np.array([3], dtype), np.zeros((0, 2), dtype)):
        reference, ours = tensors(torch, array)
        assert outcome(format, ours, spec) == outcome(format, reference, spec)


def test_format_looks_past_requires_grad(torch):
    reference, ours = tensors(torch, np.array(1 / 3, "f4"))
    assert f"{ours.requires_grad_():.3f}|{ours}" == f"{reference.requires_grad_():.3f}|{reference}"


def test_suffixes_break_at_the_same_column(torch):
    reference, ours = tensors(torch, np.zeros((0, 3)))
    reference.requires_grad_(), ours.requires_grad_()
    for length in range(90):
        for contents in ("x" * length, "x\n" + "x" * length):
            assert ours.__repr__(tensor_contents=contents) == reference.__repr__(tensor_contents=contents)
    for linewidth in range(90):
        with printing(torch, linewidth=linewidth):
            assert repr(ours) == repr(reference)


@pytest.mark.skipif(not hasattr(shimtorch.Tensor, "as_subclass"), reason="as_subclass is not there yet")
@pytest.mark.parametrize("name", ["S", "ANameLongerThanMost"])
def test_subclass(torch, name):
    for array in (np.array(2.5), np.ones((2, 2)), np.arange(40.0)):
        texts = []
        for module, tensor in zip((torch, shimtorch), tensors(torch, array), strict=True):
            instance = tensor.as_subclass(type(name, (module.Tensor,), {}))
            texts.append((repr(instance), f"{instance}", outcome(format, instance, ".2f")))
        assert texts[0] == texts[1]


def test_parameter(torch):
    pytest.importorskip("shimtorch.nn", reason="nn is not there yet")
    if not hasattr(shimtorch.nn, "Parameter"):
        pytest.skip("Parameter is not there yet")
    for array in (np.array(2.5), np.ones((2, 2), "f4"), np.zeros((0, 3))):
        texts = []
        for module, tensor in zip((torch, shimtorch), tensors(torch, array), strict=True):
            named = type("Named", (module.nn.Parameter,), {})
            kinds = [module.nn.Parameter(tensor), module.nn.Parameter(tensor, requires_grad=False), named(tensor)]
            texts.append([(repr(kind), f"{kind}", outcome(format, kind, ".2f")) for kind in kinds])
        assert texts[0] == texts[1]


# Printed by PyTorch 2.13.0, and checked where it is missing.
RECORDED = [
    (np.array(1.5, "f4"), "tensor(1.5000)"),
    (np.array([1.0, 2.5, -3.0], "f4"), "tensor([ 1.0000,  2.5000, -3.0000])"),
    (np.array([1.0, 2.0, np.nan, -np.inf, -0.0], "f4"), "tensor([1., 2., nan, -inf, -0.])"),
    (np.array([1e-5, 1.0, -2000.0], "f4"), "tensor([ 1.0000e-05,  1.0000e+00, -2.0000e+03])"),
    (np.array([1.5, 1000.0], "f4"), "tensor([   1.5000, 1000.0000])"),
    (np.array([0.5, 1000.0], "f4"), "tensor([5.0000e-01, 1.0000e+03])"),
    (np.array([65504.0, 0.5], "f2"), "tensor([6.5504e+04, 5.0000e-01], dtype=torch.float16)"),
    (np.array([5e-324, -1.5]), "tensor([4.9407e-324, -1.5000e+00], dtype=torch.float64)"),
    (np.array([123456789.0, 1.0], "f4"), "tensor([1.2346e+08, 1.0000e+00])"),
    (np.array([[1, -20], [3, 4]], "i1"), "tensor([[  1, -20],\n        [  3,   4]], dtype=torch.int8)"),
    (np.array([True, False]), "tensor([ True, False])"),
    (np.array([], "f4"), "tensor([])"),
    (np.zeros((0, 3), "i8"), "tensor([], size=(0, 3), dtype=torch.int64)"),
    (np.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    (np.array([1 - 2j, -0.5 + 0j, complex(np.nan, -0.0)], "c8"), "tensor([ 1.0000-2.j, -0.5000+0.j,     nan-0.j])"),
    (
        np.arange(12, dtype="f8").reshape(2, 2, 3) / 10,
        "tensor([[[0.0000, 0.1000, 0.2000],\n"
        "         [0.3000, 0.4000, 0.5000]],\n"
        "\n"
        "        [[0.6000, 0.7000, 0.8000],\n"
        "         [0.9000, 1.0000, 1.1000]]], dtype=torch.float64)",
    ),
    (
        np.arange(30, dtype="f4") / 7,
        "tensor([0.0000, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 1.0000, 1.1429,\n"
        "        1.2857, 1.4286, 1.5714, 1.7143, 1.8571, 2.0000, 2.1429, 2.2857, 2.4286,\n"
        "        2.5714, 2.7143, 2.8571, 3.0000, 3.1429, 3.2857, 3.4286, 3.5714, 3.7143,\n"
        "        3.8571, 4.0000, 4.1429])",
    ),
    (
        np.linspace(0, 1, 1600, dtype="f4").reshape(40, 40),
        "tensor([[0.0000e+00, 6.2539e-04, 1.2508e-03,  ..., 2.3139e-02, 2.3765e-02,\n"
        "         2.4390e-02],\n"
        "        [2.5016e-02, 2.5641e-02, 2.6266e-02,  ..., 4.8155e-02, 4.8780e-02,\n"
        "         4.9406e-02],\n"
        "        [5.0031e-02, 5.0657e-02, 5.1282e-02,  ..., 7.3171e-02, 7.3796e-02,\n"
        "         7.4422e-02],\n"
        "        ...,\n"
        "        [9.2558e-01, 9.2620e-01, 9.2683e-01,  ..., 9.4872e-01, 9.4934e-01,\n"
        "         9.4997e-01],\n"
        "        [9.5059e-01, 9.5122e-01, 9.5184e-01,  ..., 9.7373e-01, 9.7436e-01,\n"
        "         9.7498e-01],\n"
        "        [9.7561e-01, 9.7624e-01, 9.7686e-01,  ..., 9.9875e-01, 9.9937e-01,\n"
        "         1.0000e+00]])",
    ),
]


@pytest.mark.parametrize(("array", "text"), RECORDED)
def test_recorded(array, text):
    assert str(shimtorch.from_numpy(array)) == text


def test_recorded_is_what_torch_prints(torch):
    for array, text in RECORDED:
        assert str(torch.from_numpy(array)) == text


def test_recorded_format_error():
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Tensor\.__format__$"):
        format(shimtorch.from_numpy(np.ones(2)), ".2f")
