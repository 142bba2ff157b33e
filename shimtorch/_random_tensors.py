"""Tensors of random numbers, bit for bit PyTorch's: ``rand``, ``randn``, ``randint``, ``randperm``, ``normal``."""

from __future__ import annotations

import operator

import numpy as np

from . import _dtypes, _random, _samplers
from ._errors import not_implemented
from ._factories import _finish, _like, _named_size, _options, _sizes
from ._tensor import Tensor, scalar_type_name, wrap
from .ops._define import fill_array, publish, quietly
from .ops.sampling import _ABSENT, _generator, _integer, _number, fill_integers, fill_normal, in_memory_order, normal_of


def _sampled(name: str, described: str, sample, kernel: str):
    def drawn(generator, shape, dtype):
        if dtype.category < 2:
            if name == "randn" and 0 in shape:
                return np.empty(shape, dtype._numpy)
            raise not_implemented(kernel, dtype)
        return sample(_generator(generator), shape, dtype._numpy)

    def forward(
        *size, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **keywords
    ):  # fmt: skip
        if keywords or not size:
            size = _named_size(size, keywords)
        dtype = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes._default
        shape = _sizes(size, name)
        if generator is None and dtype.category > 1:
            out = wrap(sample(_random.default_generator, shape, dtype._numpy))
            if requires_grad:
                out._rg = True
            return out
        return _finish(drawn(generator, shape, dtype), requires_grad)

    def like(out, generator=None):
        generator = _generator(generator)
        flat = in_memory_order(out)
        if name == "randn" and not out.flags.c_contiguous and out.dtype.kind in "fc":
            flat[...] = _random.normal_one_by_one(generator, flat.shape, out.dtype)
        else:
            flat[...] = drawn(generator, flat.shape, _dtypes.OF_NUMPY[out.dtype])

    forward.__doc__ = (
        f"Random numbers of the given sizes, {described}, drawn from ``generator``, else from the default one.\n\n"
        "    The numbers are PyTorch's for the same seed, bit for bit. NotImplementedError for integer dtypes.\n"
        f"    (``torch.{name}``)\n    "
    )
    return publish(name, "factory", forward), _like(name + "_like", like)


rand, rand_like = _sampled("rand", "uniform in [0, 1)", _random.uniform, "check_uniform_bounds")
randn, randn_like = _sampled("randn", "standard normal", _random.normal, "normal_kernel_cpu")


# --- integers -----------------------------------------------------------------------------------------------------


def _randint(
    *args, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **named
):  # fmt: skip
    """Integers in [low, high), or [0, high), of shape ``size``, as int64 unless ``dtype`` is given.

    ``randint(high, size)`` or ``randint(low, high, size)``. RuntimeError for bounds that are not in order or not in the
    range of the dtype. (``torch.randint``)
    """
    if named:
        args = _bounds_by_name(args, named)
    if not 2 <= len(args) <= 3:
        raise TypeError("randint")
    low, high, size = args if len(args) == 3 else (0, *args)
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes.int64
    if not isinstance(size, (tuple, list)):
        raise TypeError("size")
    low, high = _integer(low), _integer(high)
    shape = _sizes((size,), "randint")
    generator = _generator(generator)
    if dtype is _dtypes.int64 and low < high:
        count = 1
        for n in shape:
            count *= n
        return _finish(_samplers.integers(generator, count, low, high - low).reshape(shape), requires_grad)
    out = np.empty(shape, dtype._numpy)
    quietly(fill_integers, out, low, high, generator)
    return _finish(out, requires_grad)


def _bounds_by_name(args, named):
    """Bounds and sizes, some of them by name, in their order."""
    names = ("low", "high", "size") if "low" in named or len(args) + len(named) == 3 else ("high", "size")
    values = dict(zip(names, args, strict=False))
    if values.keys() & named.keys() or len(args) + len(named) != len(names):
        raise TypeError("randint")
    values.update(named)
    if values.keys() != set(names):
        raise TypeError("randint")
    return tuple(values[name] for name in names)


randint = publish("randint", "factory", _randint)


def _fill_like(out, *args, generator=None, **named):
    if named:
        names = ("low", "high") if "low" in named or len(args) + len(named) == 2 else ("high",)
        values = dict(zip(names, args, strict=False))
        if values.keys() & named.keys() or len(args) + len(named) != len(names):
            raise TypeError("randint_like")
        values.update(named)
        if values.keys() != set(names):
            raise TypeError("randint_like")
        args = tuple(values[name] for name in names)
    if not 1 <= len(args) <= 2:
        raise TypeError("high")
    low, high = args if len(args) == 2 else (0, args[0])
    if len(args) == 1 and isinstance(high, Tensor):
        if high._a.ndim:
            raise RuntimeError("high must be a scalar tensor and on CPU")
        whole = np.empty((), np.int64)
        fill_array(whole, high._a.item())
        high = whole.item()
    quietly(fill_integers, out, _integer(low), _integer(high), _generator(generator))


randint_like = _like("randint_like", _fill_like)


def _randperm(
    n, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):  # fmt: skip
    """The integers from 0 to ``n - 1`` in random order, as int64 unless ``dtype`` is given. (``torch.randperm``)

    RuntimeError for a negative ``n`` and one that the dtype does not hold.
    """
    dtype = _options(dtype, layout, device, requires_grad, pin_memory) or _dtypes.int64
    if type(n) is not int:
        if isinstance(n, bool):
            raise TypeError("n")
        n = operator.index(n)
    generator = _generator(generator)
    if dtype is _dtypes.int64 and n >= 0:
        return _finish(_samplers.permutation(generator, n), requires_grad)
    _sizes(((n,),), "randperm")
    digits = {"float16": 11, "float32": 24, "float64": 53}.get(dtype._name, 64)
    if n > (1 << digits) + 1:
        most = "2049" if digits == 11 else f"2^{digits}+1"
        raise RuntimeError(f"n cannot be greater than {most} for {scalar_type_name(dtype)} type.")
    fill_array(np.empty((), dtype._numpy), n)
    if dtype.category in (0, 3):
        raise not_implemented("randperm", dtype)
    return _finish(_samplers.permutation(generator, n).astype(dtype._numpy), requires_grad)


randperm = publish("randperm", "factory", _randperm)

# --- normal -------------------------------------------------------------------------------------------------------


def _normal(
    mean, std=_ABSENT, size=None, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False,
):  # fmt: skip
    """Normal numbers whose ``mean`` or ``std``, or both, are tensors; or of two numbers and shape ``size``.

    Tensors broadcast; their dtype is that of the numbers. RuntimeError for a negative ``std``. (``torch.normal``)
    """
    generator = _generator(generator)
    kind = _options(dtype, layout, device, requires_grad, pin_memory)
    if size is not None:
        if not isinstance(size, (tuple, list)) or std is _ABSENT:
            raise TypeError("size")
        mean, std = _number(mean), _number(std)
        out = np.empty(_sizes((size,), "normal"), (kind or _dtypes._default)._numpy)
        quietly(fill_normal, out, mean, std, generator)
        return _finish(out, requires_grad)
    if not (isinstance(mean, Tensor) or isinstance(std, Tensor)) or kind is not None or requires_grad:
        raise TypeError("size")
    return normal_of(mean, 1.0 if std is _ABSENT else std, generator)


normal = publish("normal", "factory", _normal)
