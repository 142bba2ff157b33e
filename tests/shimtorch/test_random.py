"""The random stream: ``rand``, ``randn`` and generators, bit for bit against PyTorch, live and recorded.

What PyTorch answered once goes into ``RECORDED``; a call that must fail as PyTorch's does is one more entry in
``WRONG``.
"""

import copy
import hashlib
import os
import pickle
import struct
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shimtorch
from shimtorch import _cephes
from tests.shimtorch.sidebyside import assert_same, lines

DTYPES = ["float16", "float32", "float64", "complex64", "complex128"]

# After manual_seed(7): the bytes of three numbers, the start of the SHA-256 of five thousand. PyTorch 2.13.0, AVX2.
# No large randn in double precision: its last bit depends on the C library, for PyTorch too.
RECORDED = [
    ("rand", "float16", 3, "48385d324639"),
    ("rand", "float32", 3, "aff0083f10934b3e19c2283f"),
    ("rand", "float64", 3, "88c965745ee1d13fec5350a33284d13fd3d06cfa4396eb3f"),
    ("rand", "complex64", 3, "aff0083f10934b3e19c2283ff629283f0c596e3ea6a1d93e"),
    (
        "rand",
        "complex128",
        3,
        "88c965745ee1d13fec5350a33284d13fd3d06cfa4396eb3f6736a1749703e53fb9ecd94e5c85ed3f170a8d438eddea3f",
    ),
    ("randn", "float16", 3, "b3b04a3a933b"),
    ("randn", "float32", 3, "745116be8e40493fe762723f"),
    ("randn", "float64", 3, "c0a174872ecac2bf83ae01cc1128e93fcf2dbad45c4cee3f"),
    ("randn", "complex64", 3, "ff94d4bd894e0e3f9d642b3fc3b749bf6908993f2dfb21bf"),
    (
        "randn",
        "complex128",
        3,
        "03ba74d09f92babf6ecea81bd1c9e13f4fdc7d9c936ce53fdee1b656f836e9bf374496210d21f33fef128e91653fe4bf",
    ),
    ("rand", "float16", 5000, "c31a2ea6ec5d436a"),
    ("rand", "float32", 5000, "9516e6c30c3c3725"),
    ("rand", "float64", 5000, "5582c34bd35c7c95"),
    ("rand", "complex64", 5000, "d2ce3efd629c57ab"),
    ("rand", "complex128", 5000, "67eb7ce701315afe"),
    ("randn", "float16", 5000, "9b9aa533ab667c4d"),
    ("randn", "float32", 5000, "2ab55633a43cdf33"),
    ("randn", "complex64", 5000, "f96a38a81d42c962"),
]
RECORDED_STATE = "5dc20bbdc68dede503c2fd3be8c61c03e0ba6fb7884c5665b6b65dea69a927c5"  # then randn(3), default generator


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("PyTorch computes randn otherwise without AVX2")
    return torch


@pytest.fixture(autouse=True)
def strict_floating_point():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error", RuntimeWarning)
        yield
        assert set(np.geterr().values()) == {"raise"}


def draw(module, name, dtype, shape, generator=None):
    return getattr(module, name)(shape, dtype=getattr(module, dtype), generator=generator).numpy()


def assert_same_bits(ours, theirs):
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    assert ours.tobytes() == theirs.tobytes()


def assert_same_state(ours, theirs):
    assert ours.initial_seed() == theirs.initial_seed()
    assert_same_bits(ours.get_state().numpy(), theirs.get_state().numpy())


def hand_over(giver, taker):
    """Put ``taker`` into the state of ``giver``, a generator of the other library."""
    state = taker.get_state()
    state.numpy()[:] = giver.get_state().numpy()
    assert taker.set_state(state) is taker


def outcome(module, call):
    try:
        return "returned", repr(call(module))
    except Exception as error:
        return type(error).__name__, str(error)


# --- recorded -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "dtype", "count", "expected"), RECORDED)
def test_recorded_numbers(name, dtype, count, expected):
    shimtorch.manual_seed(7)
    data = draw(shimtorch, name, dtype, (count,)).tobytes()
    assert (data.hex() if count == 3 else hashlib.sha256(data).hexdigest()[:16]) == expected


def test_recorded_state():
    shimtorch.manual_seed(7)
    shimtorch.randn(3)
    state = shimtorch.get_rng_state()
    assert state.dtype is shimtorch.uint8
    assert hashlib.sha256(state.numpy().tobytes()).hexdigest() == RECORDED_STATE


def test_recorded_seeds():
    generator = shimtorch.Generator()
    assert generator.initial_seed() == 67280421310721
    assert generator.manual_seed(-1) is generator
    assert generator.initial_seed() == 2**64 - 1
    assert shimtorch.manual_seed(3) is shimtorch.default_generator
    assert shimtorch.initial_seed() == 3


# --- the stream ---------------------------------------------------------------------------------------------------

SIZES = st.one_of(st.integers(0, 40), st.sampled_from([47, 48, 624, 1000, 8191, 8192, 8193, 8208, 9000, 17000]))
SHAPES = st.one_of(SIZES.map(lambda size: (size,)), st.lists(st.integers(0, 6), max_size=4).map(tuple))
DRAWS = st.tuples(st.sampled_from(["rand", "randn", "randn"]), st.sampled_from(DTYPES), SHAPES)
SEEDS = st.one_of(st.integers(0, 99), st.integers(-(2**63), 2**64 - 1))
STEPS = st.one_of(DRAWS, DRAWS, SEEDS, st.sampled_from(["to us", "to them", "look"]))


@settings(max_examples=400, deadline=None)
@given(program=st.lists(STEPS, max_size=12), by_default=st.booleans())
def test_programs(torch, program, by_default):
    pair = [module.default_generator if by_default else module.Generator() for module in (shimtorch, torch)]
    if by_default:
        shimtorch.manual_seed(1), torch.manual_seed(1)
    ours, theirs = pair
    for step in program:
        if isinstance(step, int):
            ours.manual_seed(step), theirs.manual_seed(step)
        elif step == "to us":
            hand_over(theirs, ours)
        elif step == "to them":
            hand_over(ours, theirs)
        elif step == "look":
            assert_same_state(ours, theirs)
        else:
            generators = (None, None) if by_default else pair
            assert_same_bits(*map(draw, (shimtorch, torch), *zip(step, step, strict=True), generators))
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("name", ["rand", "randn"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_many_numbers(torch, name, dtype):
    ours, theirs = shimtorch.Generator().manual_seed(2), torch.Generator().manual_seed(2)
    for shape in ((100_003,), (300, 7, 11)):
        assert_same_bits(draw(shimtorch, name, dtype, shape, ours), draw(torch, name, dtype, shape, theirs))
    assert_same_state(ours, theirs)


def test_pairs_of_normals(torch):
    ours, theirs = shimtorch.Generator(), torch.Generator()
    for count in [1, 3, 15] * 2000:
        assert_same_bits(
            draw(shimtorch, "randn", "float64", count, ours), draw(torch, "randn", "float64", count, theirs)
        )


def words_to_come(generator, words):
    """Make a generator draw the given 623 words next."""
    y = np.zeros(624, np.uint64)
    y[1:] = words
    y ^= y >> np.uint64(18)
    y ^= y << np.uint64(15) & np.uint64(0xEFC60000)
    x = y
    for _ in range(5):
        x = y ^ (x << np.uint64(7) & np.uint64(0x9D2C5680))
    y = x
    for _ in range(3):
        x = y ^ x >> np.uint64(11)
    state = generator.get_state()
    data = state.numpy()
    data[8:24] = np.frombuffer(struct.pack("<iiQ", 624, 1, 1), np.uint8)
    data[24:5016] = x.view(np.uint8)
    generator.set_state(state)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 7, 16, 20])
def test_extreme_words(torch, dtype, count):
    extremes = [0, 1, 2**23, 2**24 - 4096, 2**24 - 4097, 2**24 - 1, 2**31, 2**32 - 1]
    rows = [np.full(623, word) for word in extremes] + [np.resize(extremes, 623), np.resize(extremes[::3], 623)]
    ours, theirs = shimtorch.Generator(), torch.Generator()
    for words in rows:
        for name in ("rand", "randn"):
            words_to_come(ours, words)
            words_to_come(theirs, words)
            assert_same_bits(draw(shimtorch, name, dtype, count, ours), draw(torch, name, dtype, count, theirs))


def box_muller_by(torch, radii, angles):
    """What PyTorch makes of 24-bit radius and angle integers: the cosine halves and the sine halves."""
    generator = torch.Generator()
    per_state = 304
    found = np.empty((2, len(radii)), np.float32)
    words = np.zeros((38, 2, 8), np.uint64)
    for start in range(0, len(radii), per_state):
        size = min(per_state, len(radii) - start)
        for half, values in enumerate((radii, angles)):
            words[:, half].flat[:size] = values[start : start + size]
        words_to_come(generator, np.resize(words, 623))
        normals = torch.randn(608, generator=generator).numpy().reshape(38, 2, 8)
        found[:, start : start + size] = normals.transpose(1, 0, 2).reshape(2, -1)[:, :size]
    return found


# 1,600 runs of neighbours, and every power of two with its neighbours.
SAMPLE = np.unique(
    np.concatenate(
        [
            (np.arange(0, 2**24, 2**24 // 1600)[:, None] + np.arange(50)).ravel() % 2**24,
            *(np.arange(2**n - 9, 2**n + 9) % 2**24 for n in range(25)),
        ]
    )
)


def every_argument():
    return np.arange(2**24) if os.environ.get("SHIMTORCH_ALL_UNIFORMS") else SAMPLE


def test_every_radius(torch):
    k = every_argument()
    cosines, _ = box_muller_by(torch, k, np.zeros_like(k))
    assert_same_bits(
        np.concatenate([_cephes.radius(part) + 0 for part in np.array_split(k.astype(np.int32), 4096)]), cosines
    )


def test_every_direction(torch):
    k = every_argument()
    unit = 6601320  # the integer whose radius is 1
    assert _cephes.radius(np.array([unit], np.int32)) == 1
    found = box_muller_by(torch, np.full_like(k, unit), k)
    ours = np.concatenate([_cephes.direction(part) for part in np.array_split(k.astype(np.int32), 4096)])
    assert_same_bits(np.stack([ours.real, ours.imag]) + 0, found)


# --- generators ---------------------------------------------------------------------------------------------------


def test_default_generator_starts_anywhere():
    script = "import shimtorch; print(shimtorch.initial_seed())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    seeds = {subprocess.check_output([sys.executable, "-c", script], env=environment) for _ in range(2)}
    assert len(seeds) == 2


def test_seed():
    generator = shimtorch.Generator()
    seeds = {generator.seed() for _ in range(20)}
    assert len(seeds) == 20
    assert generator.initial_seed() in seeds
    assert shimtorch.seed() == shimtorch.initial_seed() == shimtorch.default_generator.initial_seed()


def test_a_state_brings_back_the_numbers():
    shimtorch.randn(5)
    state = shimtorch.get_rng_state()
    first = shimtorch.randn(40).numpy()
    assert shimtorch.set_rng_state(state) is None
    assert_same_bits(shimtorch.randn(40).numpy(), first)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), shimtorch.Generator.clone_state],
    ids=["copy", "deepcopy", "pickle", "clone_state"],
)
@pytest.mark.parametrize("drawn", [0, 3])
def test_duplicates_go_on_alone(duplicate, drawn):
    original = shimtorch.Generator().manual_seed(4)
    shimtorch.randn(drawn, generator=original)
    other = duplicate(original)
    assert_same_state(other, original)
    numbers = shimtorch.randn(9, generator=other).numpy()
    assert_same_bits(shimtorch.randn(9, generator=original).numpy(), numbers)


def test_threads_share_a_generator():
    generator = shimtorch.Generator().manual_seed(6)
    parts = []

    def work():
        for _ in range(300):
            parts.append(shimtorch.rand(7, generator=generator, dtype=shimtorch.float64).numpy())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = shimtorch.rand(8400, generator=generator.manual_seed(6), dtype=shimtorch.float64).numpy()
    assert_same_bits(np.sort(np.concatenate(parts)), np.sort(alone))


def test_names():
    generator = shimtorch.Generator()
    assert repr(type(generator)) == "<class 'torch._C.Generator'>"
    assert repr(generator).startswith("<torch._C.Generator object at 0x")
    assert repr(generator.device) == "device(type='cpu')"


# --- errors -------------------------------------------------------------------------------------------------------


def reseeded(seed):
    return lambda m: m.Generator().manual_seed(seed).initial_seed()


def reseeded_by_default(seed):
    return lambda m: m.manual_seed(seed).initial_seed()


def restored(make):
    return lambda m: m.Generator().set_state(make(m, m.Generator().get_state())).initial_seed()


def patched(offset, fmt, *values):
    """A state with other bytes at ``offset``."""

    def make(module, state):
        data = struct.pack(fmt, *values)
        state.numpy()[offset : offset + len(data)] = np.frombuffer(data, np.uint8)
        return state

    return restored(make)


BAD_SEEDS = [2**64, -(2**63) - 1, 10**30, 1.0, 1.5, "a", "12", None, True, b"1", [1], 1j, np.float32(1), np.bool_(True)]
DEVICES = [
    "cpu",
    "cpu:1",
    "cuda",
    "cuda:0",
    "mps",
    "xpu",
    "foo",
    "meta",
    "hpu",
    "lazy",
    "xla",
    "vulkan",
    "privateuseone",
    "hip",
    "mtia",
    "ve",
    "fpga",
    "maia",
    "ipu",
]
WRONG = {
    **{f"Generator().manual_seed({seed!r})": reseeded(seed) for seed in [*BAD_SEEDS, np.int64(5)]},
    **{f"manual_seed({seed!r})": reseeded_by_default(seed) for seed in [*BAD_SEEDS, np.int64(5), np.float64(5)]},
    **{f"Generator({name!r})": lambda m, name=name: m.Generator(name).device for name in DEVICES},
    "Generator(device)": lambda m: m.Generator(m.device("cpu")).device,
    "Generator(device meta)": lambda m: m.Generator(device=m.device("meta")).device,
    "Generator(None)": lambda m: m.Generator(None).device,
    "Generator(0)": lambda m: m.Generator(0),
    "Generator(1.5)": lambda m: m.Generator(1.5),
    "Generator(device=1.5)": lambda m: m.Generator(device=1.5),
    "Generator(foo=1)": lambda m: m.Generator(foo=1),
    "Generator(device, foo)": lambda m: m.Generator(device="cpu", foo=1),
    "Generator(two)": lambda m: m.Generator("cpu", "cpu"),
    "set_state(None)": restored(lambda m, state: None),
    "set_state(1)": restored(lambda m, state: 1),
    "set_state(bytes)": restored(lambda m, state: b"a"),
    "set_state(ndarray)": restored(lambda m, state: state.numpy()),
    "set_state(list)": restored(lambda m, state: [1, 2]),
    "set_state(float)": restored(lambda m, state: m.zeros(5056)),
    "set_state(int8)": restored(lambda m, state: m.zeros(5056, dtype=m.int8)),
    "set_state(short)": restored(lambda m, state: m.zeros(5055, dtype=m.uint8)),
    "set_state(empty)": restored(lambda m, state: m.zeros(0, dtype=m.uint8)),
    "set_state(zeros)": restored(lambda m, state: m.zeros(5056, dtype=m.uint8)),
    "set_state(strided)": restored(lambda m, state: m.zeros(5056, 2, dtype=m.uint8).T),
    "set_state(two dimensions)": restored(lambda m, state: state.reshape(8, 632)),
    "left 0": patched(8, "<i", 0),
    "left 625": patched(8, "<i", 625),
    "left -1": patched(8, "<i", -1),
    "not seeded": patched(12, "<i", 0),
    "next 625": patched(16, "<Q", 625),
    "next 2**32": patched(16, "<Q", 2**32),
    "next 7": patched(16, "<Q", 7),
    "another seed": patched(0, "<Q", 2**64 - 5),
}


SOURCES = lines(
    r"""
torch.random.initial_seed()
torch.random.manual_seed(3).initial_seed()
torch.random.get_rng_state().shape
torch.random.seed.__name__
(torch.random.manual_seed(4), torch.random.set_rng_state(torch.random.get_rng_state()), torch.rand(2))
torch.random.fork_rng
[0 for _ in [torch.manual_seed(3)] ]
torch.random.fork_rng().__class__.__name__
torch.random.default_generator is torch.default_generator
torch.random.fork_rng(enabled=False).__enter__()
torch.random.fork_rng(devices=[]).__enter__()
torch.random.fork_rng(device_type='foo').__enter__()
torch.Generator().clone_state().initial_seed()
torch.Generator().graphsafe_get_state()
torch.Generator().get_offset()
torch.Generator().set_offset(3)
hash(torch.Generator())==0
torch.Generator()==torch.Generator()
repr(torch.Generator())[:30]
torch.Generator().seed(3)
torch.Generator().initial_seed(3)
torch.Generator().get_state(3)
torch.Generator().manual_seed()
torch.Generator().manual_seed(seed=3)
torch.Generator().foo
torch.Generator().get_state().shape
"""
)


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("source", SOURCES)
def test_sources(source):
    with np.errstate(all="warn"):
        assert_same(source)


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_errors(torch, call):
    assert outcome(shimtorch, call) == outcome(torch, call)


def test_a_refused_state_changes_nothing():
    generator = shimtorch.Generator().manual_seed(8)
    shimtorch.randn(3, generator=generator)
    before, broken = generator.get_state().numpy(), generator.get_state()
    broken.numpy()[8:12] = 0
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        generator.set_state(broken)
    assert_same_bits(generator.get_state().numpy(), before)


@pytest.mark.parametrize("valid", [0, 1, 2, -1])
def test_saved_normals(torch, valid):
    """The fields of the state beside the words: what is not valid is dropped, what torch never uses is kept."""
    ours, theirs = shimtorch.Generator(), torch.Generator()
    for generator in (ours, theirs):
        state = generator.get_state()
        fields = struct.pack("<dddiifB3s", 1.0, 0.25, 3.0, valid, 9, 4.5, valid & 255, b"abc")
        state.numpy()[5016:] = np.frombuffer(fields, np.uint8)
        generator.set_state(state)
    assert_same_state(ours, theirs)
    assert_same_bits(draw(shimtorch, "randn", "float32", 4, ours), draw(torch, "randn", "float32", 4, theirs))
    assert_same_state(ours, theirs)
