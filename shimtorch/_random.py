"""``Generator`` and the samplers behind ``rand`` and ``randn``: PyTorch's CPU random stream, bit for bit.

The words are NumPy's mt19937, seeded in its old way. A new sampler takes a generator, a shape and a NumPy dtype,
draws words in torch's order, block by block, and returns an array.
"""

from __future__ import annotations

import functools
import os
from _thread import allocate_lock  # threading itself takes a millisecond to import
from math import cos, log, log1p, pi, prod, sin, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ._cephes import direction, radius
from ._device import CPU, device
from ._floating import QUIET, reset_floating, set_floating
from ._fused import multiply_add_32, multiply_add_64

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ._tensor import Tensor

_starting = allocate_lock()

_DEFAULT_SEED = 67280421310721
_WORDS = 624

# torch's saved state: the layout of its C struct, padding included.
_STATE = np.dtype(
    [
        ("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("key", "<u8", _WORDS),
        ("normal_x", "<f8"), ("normal", "<f8"), ("normal_rho", "<f8"), ("has_normal", "<i4"), ("_", "<i4"),
        ("float_normal", "<f4"), ("has_float_normal", "u1"), ("__", "u1", 3),
    ]
)  # fmt: skip

_NO_CUDA = (
    "Cannot get CUDA generator without ATen_cuda library. PyTorch splits its backend into two shared libraries: a CPU "
    "library and a CUDA library; this error has occurred because you are trying to use some CUDA functionality, but "
    "the CUDA library has not been loaded by the dynamic linker for some reason.  The CUDA library MUST be loaded, "
    "EVEN IF you don't directly use any symbols from the CUDA library! One common culprit is a lack of "
    "-Wl,--no-as-needed in your link arguments; many dynamic linkers will delete dynamic library dependencies if you "
    "don't depend on any of their symbols.  You can check if this has occurred by using ldd on your binary to see if "
    "there is a dependency on *_cuda.so library."
)
_NO_HOOKS = "Backend doesn`t support getNewGenerator()"
_NO_GENERATOR = {
    "cuda": _NO_CUDA,
    "hip": _NO_HOOKS,
    "hpu": _NO_HOOKS,
    "mps": "Cannot execute getNewGenerator() without MPS backend.",
    "mtia": "Cannot execute getNewGenerator() without MTIA backend.",
    "privateuseone": "Please register PrivateUse1HooksInterface by `RegisterPrivateUse1HooksInterface` first.",
    "xla": "Cannot get XLA generator without torch_xla library. This error has occurred because you are trying to use "
    "some XLA functionality, but the XLA library has not been loaded by the dynamic linker. You must load xla "
    "libraries by `import torch_xla`",
    "xpu": "Cannot get XPU generator without ATen_xpu library.",
}


def _as_compiled(method, takes: str = ""):
    """``method``, refusing other arguments than one or none in the words of a compiled function."""
    name = f"Generator.{method.__name__}"

    @functools.wraps(method)
    def call(self, /, *args, **kwargs):
        if kwargs or len(args) != len(takes.split()):
            from ._signatures import argument_error

            parameters = f"PyObject* {takes}" if takes else ""
            raise argument_error(name, (f"{name}({parameters})",), args, kwargs) or TypeError(name)
        return method(self, *args)

    return call


def _taking_one(method):
    return _as_compiled(method, "value")


class Generator:
    """A stream of random numbers on the CPU, as ``torch.Generator``: that of seed 67280421310721 until told otherwise.

    RuntimeError for a device other than the CPU, TypeError for what is no device.
    """

    # _draw: draws raw words, None until the engine stands where the stream of _seed starts. _spare: the second normal
    # of a pair, if nobody took it yet. _float_spare: torch keeps one too; on the CPU it never makes or takes it.
    __slots__ = ("__weakref__", "_draw", "_engine", "_float_spare", "_reseed", "_seed", "_spare")
    __module__ = "torch._C"

    _draw: Callable[[int], np.ndarray] | None
    _engine: Any
    _float_spare: float | None
    _reseed: Any
    _seed: int
    _spare: float | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if args or kwargs:
            _require_cpu(args, kwargs)
        self = object.__new__(cls)
        self._engine = self._reseed = None
        self._start_at(_DEFAULT_SEED)
        return self

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    @_taking_one
    def manual_seed(self, seed: int, /) -> Generator:
        """Start the stream of ``seed``, an int of at most 64 bits (a negative one counts modulo 2**64); returns self.

        RuntimeError unless ``seed`` is an int, ValueError if it has more bits.
        """
        if type(seed) is not int:
            _require_int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self._start_at(seed & 0xFFFFFFFFFFFFFFFF)
        return self

    @_as_compiled
    def seed(self) -> int:
        """Start the stream of a seed that the operating system chooses; returns that seed."""
        self._start_at(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    @_as_compiled
    def initial_seed(self) -> int:
        """The seed the stream was started with."""
        return self._seed

    @_as_compiled
    def get_state(self) -> Tensor:
        """All there is to know about the stream: 5,056 bytes in a uint8 tensor, in torch's own layout."""
        from ._tensor import wrap

        return wrap(self._dump())

    @_taking_one
    def set_state(self, state: Tensor, /) -> Generator:
        """Go on where the generator was whose state this is (in torch's layout, shape does not matter); returns self.

        TypeError unless ``state`` is a uint8 tensor, RuntimeError unless it is contiguous, complete and valid.
        """
        from ._tensor import Tensor

        if not isinstance(state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {_type_name(state)}")
        data = state._a
        if data.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if not data.flags.c_contiguous:
            raise RuntimeError("RNG state must be contiguous")
        if data.size != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input RNG state size to be "
                f"{data.size}"
            )
        self._load(data)
        return self

    @_as_compiled
    def clone_state(self) -> Generator:
        """Another generator that goes on where this one is."""
        return _revive(self._dump())

    @_as_compiled
    def get_offset(self) -> int:
        """RuntimeError: a generator on the CPU has none."""
        raise RuntimeError("CPU Generator does not use offset")

    @_taking_one
    def set_offset(self, offset: int, /) -> Generator:
        """RuntimeError: a generator on the CPU has none."""
        raise RuntimeError("CPU Generator does not use offset")

    @_as_compiled
    def graphsafe_get_state(self) -> Generator:
        """NotImplementedError: a generator on the CPU has none."""
        raise NotImplementedError("graphsafe_get_state is not supported in this Generator")

    def __getattr__(self, name: str):
        raise AttributeError(f"'torch._C.Generator' object has no attribute '{name}'")

    def __reduce__(self):
        return _revive, (self._dump(),)

    def _start_at(self, seed: int) -> None:
        self._seed = seed
        self._draw = self._spare = self._float_spare = None

    def _start(self) -> Callable[[int], np.ndarray]:
        """Seed the engine; returns what draws n words from it, 32 bits in each uint64."""
        with _starting:
            draw = self._draw
            if draw is None:
                if self._engine is None:
                    # The import takes a quarter of the time of NumPy's own, so only those pay who draw.
                    from numpy.random import MT19937, RandomState

                    self._engine = MT19937(0)
                    self._reseed = RandomState(self._engine).seed
                self._reseed(self._seed & 0xFFFFFFFF)
                self._draw = draw = self._engine.random_raw
            return draw

    def _dump(self) -> np.ndarray:
        if self._draw is None:
            self._start()
        engine = self._engine.state["state"]
        key, used = engine["key"], engine["pos"]
        data = np.zeros(_STATE.itemsize, np.uint8)
        record = data.view(_STATE)[0]
        record["seed"], record["seeded"], record["key"] = self._seed, 1, key
        record["left"] = _WORDS + 1 - used
        # The key begins with the seed only while nothing was drawn.
        record["next"] = 0 if used == _WORDS and key[0] == self._seed & 0xFFFFFFFF else used
        if self._spare is not None:
            record["normal"], record["has_normal"] = self._spare, 1
        if self._float_spare is not None:
            record["float_normal"], record["has_float_normal"] = self._float_spare, 1
        return data

    def _load(self, data: np.ndarray) -> None:
        record = data.reshape(-1).view(_STATE)[0]
        left, used = int(record["left"]), int(record["next"]) & 0xFFFFFFFF
        if left == 1 and used <= _WORDS:
            used = _WORDS
        if not record["seeded"] or not 1 <= left <= _WORDS or left + used != _WORDS + 1:
            raise RuntimeError("Invalid mt19937 state")
        self._start_at(int(record["seed"]))
        self._start()
        self._engine.state = {"bit_generator": "MT19937", "state": {"key": record["key"], "pos": used}}
        self._spare = float(record["normal"]) if record["has_normal"] else None
        self._float_spare = record["float_normal"] if record["has_float_normal"] else None


def _revive(data: np.ndarray) -> Generator:
    generator = Generator()
    generator._load(data)
    return generator


def _require_cpu(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    from ._signatures import argument_error

    error = argument_error("Generator", ("(Device? device=None)",), args, kwargs)
    if error is not None:
        raise error
    (wanted,) = args or kwargs.values()
    if wanted is None:
        return
    if isinstance(wanted, int):
        raise RuntimeError("Cannot access accelerator device when none is available.")
    kind = device(wanted).type
    if kind != "cpu":
        raise RuntimeError(_NO_GENERATOR.get(kind, f"{kind.upper()} device type not an accelerator."))


def _require_int(seed: object) -> None:
    if isinstance(seed, np.integer):
        raise TypeError("an integer is required")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise RuntimeError(f"manual_seed expected a long, but got {_type_name(seed)}")


def _type_name(value: object) -> str:
    from . import _signatures

    return _signatures._type_name(value)


# --- the default generator ----------------------------------------------------------------------------------------

default_generator = Generator()
# Unlike other generators, torch starts this one at a seed nobody chose.
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Start the default generator's stream of ``int(seed)`` (``torch.manual_seed``); returns that generator."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator at a seed that the operating system chooses (``torch.seed``); returns that seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default generator was started with (``torch.initial_seed``)."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state (``torch.get_rng_state``), see ``Generator.get_state``."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state (``torch.set_rng_state``), see ``Generator.set_state``."""
    default_generator.set_state(new_state)


# --- samplers -----------------------------------------------------------------------------------------------------

# Words drawn at a time: few enough that what is computed from them stays in the cache.
_BLOCK = 8192

_LOW_24, _UNIT_24 = np.array(0xFFFFFF, np.uint64), np.array(2.0**-24, np.float32)
_LOW_21, _SHIFT_32, _UNIT_53 = np.array(0x1FFFFF, np.uint64), np.array(32, np.uint64), np.array(2.0**-53)
_LOW_24_OF_INT = np.array(0xFFFFFF, np.int32)
_SQRT_2, _TWO_PI = sqrt(2.0), 2.0 * pi


def uniform(generator: Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Numbers in [0, 1) as ``torch.rand`` draws them; ``dtype`` is a floating-point or complex one."""
    draw = generator._draw or generator._start()
    kind = dtype.char
    if kind == "f":
        count = prod(shape)
        if count <= _BLOCK:
            numbers = _uniform_24(draw(count))
            return numbers if len(shape) == 1 else numbers.reshape(shape)
    out = np.empty(shape, dtype)
    flat = _numbers_of(out)
    per_number, convert = (2, _uniform_53) if flat.itemsize == 8 else (1, _uniform_24)
    step = _BLOCK // per_number
    for start in range(0, flat.size, step):
        part = flat[start : start + step]
        part[...] = convert(draw(part.size * per_number))
    if kind == "e":
        flat[flat == 1] = 0  # the uniforms that float16 rounds up
    return out


def normal(
    generator: Generator, shape: tuple[int, ...], dtype: np.dtype, mean: float = 0.0, std: float = 1.0
) -> np.ndarray:
    """Normal numbers as ``torch.randn`` draws them; ``dtype`` is a floating-point or complex one.

    Complex numbers have variance ``std**2``, so their parts have half of it. Adding 0, as torch adds the mean, leaves
    no negative zero.
    """
    kind = dtype.char
    count = prod(shape)
    if kind in "FD":
        count *= 2
        std /= _SQRT_2
    if count < 16:
        values = _few_normals(generator, count)
        if mean:
            values = [multiply_add_64(value, std, mean) for value in values]
        else:
            values = [value * std + 0.0 for value in values]
        if kind == "f" or kind == "d":
            out = np.array(values, dtype)
            return out if len(shape) == 1 else out.reshape(shape)
        out = np.array(values, np.float64 if kind == "D" else np.float32)
        return (_half(out) if kind == "e" else out.view(dtype)).reshape(shape)

    out = np.empty(shape, np.float32 if kind == "e" else dtype)
    flat = _numbers_of(out)
    draw = generator._draw or generator._start()
    per_number, transform = (2, _normals_53) if flat.itemsize == 8 else (1, _normals_24)
    whole = count & ~15
    for start in range(0, whole, _BLOCK):
        stop = min(start + _BLOCK, whole)
        words = draw((stop - start) * per_number)
        if stop < whole or whole == count:
            flat[start:stop] = transform(words)
            continue
        # The last sixteen numbers are drawn anew. Except for float16, torch has by then drawn for all of the array.
        if kind != "e":
            draw((count - whole) * per_number)
        numbers = transform(np.concatenate((words, draw(16 * per_number))))
        flat[start:stop] = numbers[:-16]
        flat[-16:] = numbers[-16:]
    if mean:
        number = flat.dtype.type
        fused = multiply_add_64 if flat.itemsize == 8 else multiply_add_32
        for start in range(0, count, _BLOCK):
            part = flat[start : start + _BLOCK]
            part[...] = fused(part, number(std), number(mean))
    else:
        if std != 1:
            flat *= flat.dtype.type(std)
        flat += 0
    return _half(out) if kind == "e" else out


def normal_one_by_one(
    generator: Generator, shape: tuple[int, ...], dtype: np.dtype, mean: float = 0.0, std: float = 1.0
) -> np.ndarray:
    """As ``normal``, drawn in pairs whatever their number: what torch does where memory is not contiguous."""
    parts = 2 if dtype.kind == "c" else 1
    if parts == 2:
        std /= _SQRT_2
    values = np.array(_few_normals(generator, prod(shape) * parts))
    values = multiply_add_64(values, std, mean) if mean else values * std + 0
    if dtype.char != "d":
        if dtype.char in "eF":
            values = values.astype(np.float32)
        values = values.astype(dtype) if parts == 1 else values.view(dtype)
    return values.reshape(shape)


def _numbers_of(array: np.ndarray) -> np.ndarray:
    """The real numbers in a contiguous array, in their order in memory."""
    return array.reshape(-1).view(array.real.dtype)


def _half(numbers: np.ndarray) -> np.ndarray:
    quiet = set_floating(QUIET)
    try:
        return numbers.astype(np.float16)
    finally:
        reset_floating(quiet)


def _uniform_24(words: np.ndarray) -> np.ndarray:
    words &= _LOW_24
    numbers = words.astype(np.float32)
    numbers *= _UNIT_24
    return numbers


def _uniform_53(words: np.ndarray) -> np.ndarray:
    joined = words[::2] & _LOW_21
    joined <<= _SHIFT_32
    joined |= words[1::2]
    numbers = joined.astype(np.float64)
    numbers *= _UNIT_53
    return numbers


def _few_normals(generator: Generator, count: int) -> list[float]:
    """Normal numbers drawn in pairs; the one too many waits for the next call."""
    values: list[float] = []
    spare = generator._spare
    if count and spare is not None:
        values.append(spare)
        generator._spare = None
    missing = count - len(values) + 1 >> 1
    if missing:
        draw = generator._draw or generator._start()
        words = iter(draw(4 * missing).tolist())
        for a in words:
            angle = ((a & 0x1FFFFF) << 32 | next(words)) * 2.0**-53 * _TWO_PI
            length = sqrt(-2.0 * log1p(((next(words) & 0x1FFFFF) << 32 | next(words)) * -(2.0**-53)))
            values.append(length * cos(angle))
            values.append(length * sin(angle))
        if len(values) > count:
            generator._spare = values.pop()
    return values


def _normals_24(words: np.ndarray) -> np.ndarray:
    """One float32 normal number for each word; 16 divides their number."""
    uniforms = words.astype(np.int32)
    uniforms &= _LOW_24_OF_INT
    first, second = uniforms.reshape(-1, 2, 8).transpose(1, 0, 2).reshape(2, -1)
    length = radius(first)
    way = direction(second)
    return _interleaved(length * way.real, length * way.imag)


def _normals_53(words: np.ndarray) -> np.ndarray:
    """One float64 normal number for every two words; 32 divides their number."""
    # Python's functions are the C library's, as torch's are here; NumPy's own log differs where there is AVX512.
    uniforms = _uniform_53(words).reshape(-1, 2, 8)
    first = (1.0 - uniforms[:, 0]).ravel().tolist()
    angles = (_TWO_PI * uniforms[:, 1]).ravel().tolist()
    length = np.sqrt(-2.0 * np.fromiter(map(log, first), np.float64, len(first)))
    return _interleaved(
        length * np.fromiter(map(cos, angles), np.float64, len(angles)),
        length * np.fromiter(map(sin, angles), np.float64, len(angles)),
    )


def _interleaved(cosines: np.ndarray, sines: np.ndarray) -> np.ndarray:
    """Eight cosines, eight sines, and so on."""
    return np.concatenate((cosines.reshape(-1, 1, 8), sines.reshape(-1, 1, 8)), axis=1).reshape(-1)
