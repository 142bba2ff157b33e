"""Tensors of random numbers: the samplers that write into a tensor, and those whose parameters are tensors.

A sampler that writes is a plain function that checks, draws a flat array in the order of the tensor's memory and hands
both to ``_written``; its row names the node, through which no gradient flows.
"""

from __future__ import annotations

import operator

import numpy as np

from .. import _dtypes, _errors, _random, _samplers
from .._floating import QUIET, reset_floating, set_floating
from .._layout import _memory_order, refuse_overlap
from .._tensor import Tensor, c_name, scalar_type_name, wrap
from .._warnings import warn
from ..autograd.derivatives import node_class
from ..autograd.mode import state
from ..autograd.nodes import extra_of, underivable
from ..autograd.rebasing import rebase, written
from ._define import SCALARS, before_inplace, fill_array, publish, quietly, record, recording

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_ABSENT = object()


def _generator(given):
    if given is None:
        return _random.default_generator
    if not isinstance(given, _random.Generator):
        raise TypeError("generator")
    return given


def _number(value) -> float:
    """A parameter of type float; a 0-d tensor counts as its number."""
    if type(value) is float:
        return value
    if isinstance(value, Tensor) and value._a.ndim == 0 and not value._rg:
        if value._a.dtype.kind == "c" and value._a.imag:
            raise RuntimeError("value cannot be converted to type double without overflow")
        value = value._a.real.item()
    if not isinstance(value, SCALARS) or isinstance(value, (complex, np.complexfloating)):
        raise TypeError("number")
    return float(value)


def _integer(value) -> int:
    """A parameter of type int; a 0-d tensor of integers counts as its number."""
    if type(value) is not int:
        if isinstance(value, bool) or (isinstance(value, Tensor) and (value._rg or value._a.dtype.kind not in "iu")):
            raise TypeError("integer")
        value = operator.index(value)
    if not _INT64_MIN <= value <= _INT64_MAX:
        raise ValueError("Overflow when unpacking long long")
    return value


def _name_from(value, named: dict):
    """The parameter that torch calls ``from``, which Python's own parameters cannot be called."""
    if value is not _ABSENT or named.keys() != {"from"}:
        raise TypeError("from")
    return named["from"]


# --- writing ------------------------------------------------------------------------------------------------------


def in_memory_order(a: np.ndarray) -> np.ndarray:
    """A view whose elements follow each other as in memory, which is how torch visits them."""
    return a if a.flags.c_contiguous else a.transpose(_memory_order(a.shape, [a.strides])[::-1])


def numbers_of(a: np.ndarray) -> np.ndarray:
    """A view of complex numbers as pairs of real ones; other arrays as they are."""
    if a.dtype.kind != "c":
        return a
    real = a.real
    if not a.size:
        return real
    return np.lib.stride_tricks.as_strided(real, (*a.shape, 2), (*a.strides, real.itemsize))


def _refuse_inner_overlap(a: np.ndarray) -> None:
    if not a.flags.c_contiguous:
        refuse_overlap(a, ())


def place(a: np.ndarray, flat: np.ndarray) -> None:
    """Write the elements of ``flat`` into ``a`` in the order of its memory."""
    if a.flags.c_contiguous and a.dtype.char != "e":
        a[...] = flat if a.ndim == 1 else flat.reshape(a.shape)
        return
    target = in_memory_order(a)
    if flat.dtype.char == "d" and a.dtype.char == "e":
        flat = flat.astype(np.float32)  # as C++ converts a double to a half
    np.copyto(target, flat.reshape(target.shape), "unsafe")


def _written(self: Tensor, cls: type, fill, args=()) -> Tensor:
    """Let ``fill(array)`` write into the tensor, which becomes the output of a node of class ``cls`` if it has to."""
    if self._rg or args:
        return _recorded(self, cls, fill, args)
    token = set_floating(QUIET)
    try:
        fill(self._a)
    finally:
        reset_floating(token)
    written(self)
    return self


def _recorded(self: Tensor, cls: type, fill, args) -> Tensor:
    original = before_inplace(self, args)
    quietly(fill, self._a)
    written(self)
    if recording(self, *args):
        output = wrap(self._a)
        record(output, cls, (original, *args), args)
        rebase(self, output._node)
    return self


def _zero_node(name: str, input: str = "self") -> type:
    return node_class(name, (input,), {input: lambda xp, grad: xp.zeros_like(grad)})


_UniformBackward0 = _zero_node("UniformBackward0")
_NormalBackward0 = _zero_node("NormalBackward0")
_ExponentialBackward0 = _zero_node("ExponentialBackward0")
_RandomBackward = [_zero_node(f"RandomBackward{i}") for i in range(3)]
_BernoulliBackward0 = _zero_node("BernoulliBackward0")
_BernoulliBackward1 = node_class(
    "BernoulliBackward1",
    ("self", "p"),
    {"self": lambda xp, grad: xp.zeros_like(grad), "p": lambda xp, grad, p: xp.zeros_like(p)},
    saved=("p",),
)
_BernoulliBackward2 = _zero_node("BernoulliBackward2")


# --- uniform, normal, exponential ---------------------------------------------------------------------------------


# The largest number of a dtype, by NumPy's character for it; of a complex dtype, that of its parts.
_LARGEST = {char: float(np.finfo(char).max) for char in "efdFD"}


def fill_uniform(a: np.ndarray, low: float, high: float, generator) -> None:
    """Uniform numbers in [low, high) into a floating-point or complex array, which may have any strides."""
    limit = _LARGEST.get(a.dtype.char)
    if limit is None:
        raise _errors.not_implemented("check_uniform_bounds", _dtypes.OF_NUMPY[a.dtype])
    if not a.size and a.dtype.kind == "c":
        return
    if not (-limit <= low <= high <= limit and high - low <= limit):
        raise _bad_bounds(low, high, limit, _dtypes.OF_NUMPY[a.dtype].to_real())
    if not a.flags.c_contiguous:
        refuse_overlap(a, ())
    elif a.dtype.kind == "f":
        numbers = _samplers.uniform_between(generator, a.size, a.dtype, low, high)
        a[...] = numbers if a.ndim == 1 else numbers.reshape(a.shape)
        return
    if a.size:
        numbers = numbers_of(a)
        place(numbers, _samplers.uniform_between(generator, numbers.size, numbers.dtype, low, high))


def _bad_bounds(low: float, high: float, limit: float, kind: _dtypes.dtype) -> RuntimeError:
    for name, value in (("from", low), ("to", high)):
        if not -limit <= value <= limit:
            return RuntimeError(f"{name} is out of bounds for {_c_name(kind)}")
    if low > high:
        return RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    return RuntimeError(
        f"uniform_ expects to-from <= std::numeric_limits<{scalar_type_name(kind)}>::max(), but found to={high:g} "
        f"and from={low:g} which result in to-from to exceed the limit"
    )


def _c_name(kind: _dtypes.dtype) -> str:
    return c_name(wrap(np.empty(0, kind._numpy)))


def _uniform_(self, /, low=_ABSENT, to=1.0, *, generator=None, **named):
    """Fill with numbers uniform in [from, to), and return the tensor. (``torch.Tensor.uniform_``)

    NotImplementedError for integers, RuntimeError for bounds that are not in order or that the dtype does not hold.
    """
    if named:
        low = _name_from(low, named)
    low, high = 0.0 if low is _ABSENT else _number(low), _number(to)
    generator = _generator(generator)
    return _written(self, _UniformBackward0, lambda a: fill_uniform(a, low, high, generator))


def fill_normal(a: np.ndarray, mean: float, std: float, generator) -> None:
    """Normal numbers into a floating-point or complex array, which may have any strides."""
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if not a.size:
        return
    if a.dtype.kind not in "fc":
        raise _errors.not_implemented("normal_kernel_cpu", _dtypes.OF_NUMPY[a.dtype])
    if a.flags.c_contiguous:
        a[...] = _random.normal(generator, a.shape, a.dtype, mean, std)
    else:
        _refuse_inner_overlap(a)
        target = in_memory_order(a)
        target[...] = _random.normal_one_by_one(generator, target.shape, a.dtype, mean, std)


def _normal_(self, mean=0.0, std=1.0, *, generator=None):
    """Fill with normal numbers of this mean and standard deviation, and return the tensor. (``torch.Tensor.normal_``)

    Of a complex tensor both parts are drawn, with half the variance each. RuntimeError for a negative ``std``,
    NotImplementedError for integers.
    """
    mean, std, generator = _number(mean), _number(std), _generator(generator)
    return _written(self, _NormalBackward0, lambda a: fill_normal(a, mean, std, generator))


def _exponential_(self, lambd=1.0, *, generator=None):
    """Fill with numbers of the exponential distribution of rate ``lambd``. (``torch.Tensor.exponential_``)

    RuntimeError for a rate that is not positive, and for dtypes that are not of floating point.
    """
    lambd, generator = _number(lambd), _generator(generator)

    def fill(a):
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        if not a.size:
            return
        _refuse_inner_overlap(a)
        if a.dtype.kind != "f":
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. dtype must be a floating point but "
                f"you specified {scalar_type_name(_dtypes.OF_NUMPY[a.dtype])}"
            )
        place(a, _samplers.exponential(generator, a.size, lambd))

    return _written(self, _ExponentialBackward0, fill)


publish("uniform_", "sampler", _uniform_, methods=("uniform_",))
publish("normal_", "sampler", _normal_, methods=("normal_",))
publish("exponential_", "sampler", _exponential_, methods=("exponential_",))


# --- integers -----------------------------------------------------------------------------------------------------

_DIGITS = {"float16": 11, "float32": 24, "float64": 53}
_OUT_OF_RANGE = (
    "{0} is out of bounds [-(2^{1}), 2^{1}]. Due to precision limitations {2} can support discrete uniform "
    "distribution only within this range. This warning will become an error in version 1.7 release, please fix the "
    "code in advance (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/DistributionTemplates.h:{3}.)"
)


def fill_integers(a: np.ndarray, low: int, high: int | None, generator) -> None:
    """Integers in [low, high) into an array of any dtype but complex; up to what it holds if ``high`` is None."""
    kind = _dtypes.OF_NUMPY[a.dtype]
    _refuse_inner_overlap(a)
    if high is None and low == _INT64_MIN:
        _fill_64_bits(a, generator)
        return
    if high is not None:
        if low >= high:
            raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
        if kind.category == 2:
            low, high = _raised(low, a.dtype), _lowered(high, a.dtype)
            if low >= high:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
                    f"from={low} >= to={high}"
                )
        last = high - 1
    else:
        last = _largest(kind)
        if kind.category == 2:
            low = _raised(low, a.dtype)
            if low >= last:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but "
                    f"got from={low} > to_inc={last}"
                )
    if last > _INT64_MAX:
        last = _INT64_MAX
    _require_bounds(low, last, kind)
    if a.size:
        place(a, _samplers.integers(generator, a.size, low, last - low + 1))


def _largest(kind: _dtypes.dtype) -> int:
    if kind.category == 3:
        raise RuntimeError("random_from_to_impl handles only integral, floating-point and boolean types")
    if kind.category == 2:
        return 1 << _DIGITS[kind._name]
    return 1 if kind.category == 0 else int(np.iinfo(kind._name).max)


def _raised(low: int, dtype: np.dtype) -> int:
    """The least integer from ``low`` on that the dtype holds, found as torch finds it."""
    rounded = _through(dtype, low + 1)
    if rounded < low:
        return rounded + (1 << abs(low + 1).bit_length() - _DIGITS[dtype.name])
    return low


def _lowered(high: int, dtype: np.dtype) -> int:
    """One more than the largest integer below ``high`` that the dtype holds, found as torch finds it."""
    rounded = _through(dtype, high - 1)
    if rounded >= high:
        return rounded - (1 << abs(high - 1).bit_length() - _DIGITS[dtype.name])
    return high


def _through(dtype: np.dtype, value: int) -> int:
    """What is left of an integer converted to the dtype and back; the processor's answer if it is too large."""
    rounded = dtype.type(value)
    return int(rounded) if -(2.0**63) <= rounded < 2.0**63 else _INT64_MIN


def _require_bounds(low: int, last: int, kind: _dtypes.dtype) -> None:
    if kind is _dtypes.int64:
        return
    if kind.category == 3:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    if kind.category == 0:
        least, most = 0, 1
    else:
        info = np.iinfo(kind._name) if kind.category == 1 else np.finfo(kind._name)
        least, most = int(info.min), int(info.max)
    for value, name in ((low, "from"), (last, "to - 1")):
        if not least <= value <= most:
            raise RuntimeError(f"{name} is out of bounds for {_c_name(kind)}")
    if kind.category == 2:
        digits = _DIGITS[kind._name]
        for value, name, line in ((low, "from", 110), (last, "to - 1", 111)):
            if abs(value) > 1 << digits:
                warn(_OUT_OF_RANGE.format(name, digits, _c_name(kind), line))


def _fill_64_bits(a: np.ndarray, generator) -> None:
    kind = _dtypes.OF_NUMPY[a.dtype]
    if not a.size:
        return
    if a.dtype.name not in ("int64", "float32", "float64"):
        if kind.category == 1 or kind.category == 3:
            raise RuntimeError("random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16")
        raise _errors.not_implemented("random_full_64_bits_range_kernel_cpu", kind)
    place(a, _samplers.words_of_64(generator, a.size).view(np.int64))


def _fill_all(a: np.ndarray, generator) -> None:
    """What ``random_()`` fills with: all integers from 0 to the largest that the dtype holds."""
    kind = _dtypes.OF_NUMPY[a.dtype]
    if not a.size:
        return
    _refuse_inner_overlap(a)
    if kind.category == 3:
        raise _errors.not_implemented("random_kernel_cpu", kind)
    span = _largest(kind) + 1
    if a.dtype.itemsize == 8:
        place(a, (_samplers.words_of_64(generator, a.size) % np.uint64(span)).view(np.int64))
    else:
        draw = generator._draw or generator._start()
        place(a, (draw(a.size) % np.uint64(span)).view(np.int64))


def _random_(self, *args, generator=None, **named):
    """Fill with integers in [from, to), [0, to), or all from 0 to the largest that the dtype counts up to.

    RuntimeError for bounds that are not in order or not in the range of the dtype. (``torch.Tensor.random_``)
    """
    generator = _generator(generator)
    if len(args) == 2 and not named:
        low, high = args
    elif len(args) == 1 and not named:
        low, high = _ABSENT, args[0]
    elif not args and not named:
        return _written(self, _RandomBackward[2], lambda a: _fill_all(a, generator))
    else:
        low = args[0] if args else named.pop("from", _ABSENT)
        high = named.pop("to", _ABSENT)
        if named or len(args) > 1 or high is _ABSENT:
            raise TypeError("random_")
    cls = _RandomBackward[1 if low is _ABSENT else 0]
    first = 0 if low is _ABSENT else _integer(low)
    last = None if high is None and low is not _ABSENT else _integer(high)
    return _written(self, cls, lambda a: fill_integers(a, first, last, generator))


publish("random_", "sampler", _random_, methods=("random_",))


# --- bernoulli ----------------------------------------------------------------------------------------------------

_UNLIKELY = (
    "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, please "
    "report an enhancement request to PyTorch.)"
)


def _fill_bernoulli(a: np.ndarray, p: float, generator) -> None:
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    if not a.size:
        return
    _refuse_inner_overlap(a)
    if a.dtype.kind == "c":
        raise _errors.not_implemented("bernoulli_scalar_cpu_", _dtypes.OF_NUMPY[a.dtype])
    place(a, _samplers.bernoulli(generator, a.size, p))


def _fill_bernoulli_of(a: np.ndarray, probabilities: Tensor, generator) -> None:
    """Zeros and ones into ``a``, with probabilities that expand to its shape."""
    if not a.size:
        return
    _refuse_inner_overlap(a)
    if a.dtype.kind == "c":
        raise _errors.not_implemented("bernoulli_tensor_cpu_self_", _dtypes.OF_NUMPY[a.dtype])
    p = probabilities._a
    if p.shape != a.shape:
        p = probabilities.detach().expand(a.shape)._a
    if p is not a:
        refuse_overlap(a, [p])
    if p.dtype.kind != "f":
        raise _errors.not_implemented("bernoulli_tensor_cpu_p_", _dtypes.OF_NUMPY[p.dtype])
    order = _memory_order(a.shape, [a.strides, p.strides])[::-1]
    ordered, target = p.transpose(order), a.transpose(order)
    if not np.all((p >= 0) & (p <= 1)):
        raise RuntimeError(_UNLIKELY)
    np.copyto(target, _samplers.bernoulli_of(generator, ordered.ravel()).reshape(target.shape), "unsafe")


def _bernoulli_(self, p=0.5, *, generator=None):
    """Fill with ones of probability ``p``, else zeros: a number, or a floating-point tensor that broadcasts.

    RuntimeError for what is no probability. (``torch.Tensor.bernoulli_``)
    """
    generator = _generator(generator)
    if not isinstance(p, Tensor):
        p = _number(p)
        return _written(self, _BernoulliBackward2, lambda a: _fill_bernoulli(a, p, generator))

    return _written(self, _BernoulliBackward1, lambda a: _fill_bernoulli_of(a, p, generator), (p,))


def _bernoulli(input, p=_ABSENT, *, generator=None):
    """Ones and zeros in the shape of ``input``: ones with the probabilities in ``input``, or with probability ``p``.

    NotImplementedError for an ``input`` of integers where it is to hold the probabilities. (``torch.bernoulli``)
    """
    generator = _generator(generator)
    out = np.empty(input._a.shape, input._a.dtype)
    if p is _ABSENT:
        quietly(_fill_bernoulli_of, out, input, generator)
        cls = _BernoulliBackward0
    else:
        quietly(_fill_bernoulli, out, _number(p), generator)
        cls = _UNDERIVABLE_BERNOULLI
    result = wrap(out)
    if input._rg and state.enabled:
        if out.dtype.kind == "c" and p is _ABSENT:
            raise RuntimeError("bernoulli does not support automatic differentiation for outputs with complex dtype.")
        record(result, cls, (input,))
    return result


_UNDERIVABLE_BERNOULLI = underivable("bernoulli")
bernoulli = publish("bernoulli", "sampler", _bernoulli, methods=("bernoulli",))
publish("bernoulli_", "sampler", _bernoulli_, methods=("bernoulli_",))


# --- normal, with tensors as parameters ---------------------------------------------------------------------------


_NormalBackward1, _NormalBackward2 = _zero_node("NormalBackward1", "mean"), _zero_node("NormalBackward2", "std")
_NormalBackward3 = node_class(
    "NormalBackward3",
    ("mean", "std"),
    {"mean": lambda xp, grad: xp.zeros_like(grad), "std": lambda xp, grad: xp.zeros_like(grad)},
)


def normal_of(mean, std, generator) -> Tensor:
    """Normal numbers whose mean or standard deviation, or both, are tensors."""
    tensors = [value for value in (mean, std) if isinstance(value, Tensor)]
    deviation = std if isinstance(std, Tensor) else _number(std)
    if isinstance(std, Tensor):
        if std._a.dtype.kind == "c":
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if std._a.size and not np.min(std._a) >= 0:
            raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = tensors[0]._a.shape
    for tensor in tensors[1:]:
        _errors.require_broadcast(shape, tensor._a.shape)
        shape = np.broadcast_shapes(shape, tensor._a.shape)
    out = np.empty(shape, tensors[0]._a.dtype)
    if isinstance(mean, Tensor):
        center = mean.detach()
    else:
        center = wrap(np.empty((), out.dtype))
        fill_array(center._a, _number(mean))
    result = wrap(out)
    quietly(fill_normal, out, 0.0, 1.0 if isinstance(std, Tensor) else deviation, generator)
    if out.size:
        if isinstance(std, Tensor):
            result.mul_(std.detach())
        result.add_(center)
    result._vc = None
    if state.enabled and any(tensor._rg for tensor in tensors):
        if out.dtype.kind == "c":
            raise RuntimeError("normal does not support automatic differentiation for outputs with complex dtype.")
        cls = _NormalBackward3 if len(tensors) == 2 else _NormalBackward1 if tensors[0] is mean else _NormalBackward2
        record(result, cls, tensors)
        extra_of(result._node).operands = tuple((tensor._a.shape, tensor._a.dtype) for tensor in tensors)
    return result


# --- multinomial --------------------------------------------------------------------------------------------------


def _multinomial(input, num_samples, replacement=False, *, generator=None):
    """``num_samples`` positions from each row of ``input``, drawn with probabilities proportional to its numbers.

    ``input`` is a vector or matrix of floating point. RuntimeError for negative, infinite or only zero weights, and
    for more samples than there are positions, unless ``replacement``. (``torch.multinomial``)
    """
    generator, count = _generator(generator), _integer(num_samples)
    if not isinstance(replacement, bool):
        raise TypeError("replacement")
    a = input._a
    if a.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if a.dtype.kind != "f":
        kind = scalar_type_name(input)
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {kind}")
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > a.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if a.shape[-1] > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    shape = (*a.shape[:-1], count)
    if 0 in shape:
        return wrap(np.empty(shape, np.int64))
    if replacement and count > 1:
        return wrap(quietly(_samplers.chosen_with_replacement, generator, np.atleast_2d(a), count).reshape(shape))
    if not a.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if not (np.max(a) < np.inf and np.min(a) >= 0):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not np.all(np.any(a, axis=-1)):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    return wrap(quietly(_chosen, generator, a, count))


def _chosen(generator, a: np.ndarray, count: int) -> np.ndarray:
    """The positions of the largest quotients of weights and exponential numbers, which are a draw."""
    waits = np.empty_like(a, subok=False)
    place(waits, _samplers.exponential(generator, a.size, 1.0))
    quotients = a / waits
    if count == 1:
        return np.argmax(quotients, axis=-1, keepdims=True)
    # One more than wanted, to see whether the least of them is alone.
    categories = quotients.shape[-1]
    if categories > 200 and count + 1 < categories:
        places = np.argpartition(quotients, categories - count - 1, axis=-1)[..., categories - count - 1 :]
        order = np.argsort(np.take_along_axis(quotients, places, -1), axis=-1)[..., ::-1]
        order = np.take_along_axis(places, order, -1)
    else:
        order = np.argsort(quotients, axis=-1)[..., ::-1][..., : count + 1]
    largest = quotients[order] if quotients.ndim == 1 else np.take_along_axis(quotients, order, -1)
    if (largest[..., :-1] > largest[..., 1:]).all():
        return np.ascontiguousarray(order[..., :count])
    from .sorting import _topk

    return _topk(wrap(quotients), count)[1]._a


multinomial = publish("multinomial", "sampler", _multinomial, methods=("multinomial",))
