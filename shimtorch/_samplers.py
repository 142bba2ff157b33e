"""Samplers that transform the words of a ``Generator``: arrays in, arrays out, in torch's order of drawing.

A new sampler takes a generator and a number of elements, and returns a flat array of the dtype in which torch computes.
Products and sums are fused, as the compiler of torch's AVX2 kernels fuses them.
"""

from __future__ import annotations

from math import log1p

import numpy as np

from ._fused import multiply_add_32, multiply_add_64
from ._random import _BLOCK, Generator, _uniform_24, _uniform_53

_THIRTY_TWO = np.array(32, np.uint64)


def uniform_53(generator: Generator, count: int) -> np.ndarray:
    """Float64 numbers in [0, 1) of 53 bits, two words each."""
    draw = generator._draw or generator._start()
    if count <= _BLOCK:
        return _uniform_53(draw(2 * count))
    out = np.empty(count)
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        out[start:stop] = _uniform_53(draw(2 * (stop - start)))
    return out


def uniform_24(generator: Generator, count: int) -> np.ndarray:
    """Float32 numbers in [0, 1) of 24 bits, one word each."""
    draw = generator._draw or generator._start()
    if count <= _BLOCK:
        return _uniform_24(draw(count))
    out = np.empty(count, np.float32)
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        out[start:stop] = _uniform_24(draw(stop - start))
    return out


def uniform_between(generator: Generator, count: int, dtype: np.dtype, low: float, high: float) -> np.ndarray:
    """Numbers in [low, high) as ``Tensor.uniform_`` draws them into memory of a floating-point ``dtype``."""
    kind = dtype.char
    numbers = uniform_53(generator, count) if kind == "d" else uniform_24(generator, count)
    if low == 0 and high == 1 and kind != "e":
        return numbers
    if kind == "d":
        numbers = multiply_add_64(numbers, high - low, low)
    else:
        first, last = np.float32(low), np.float32(high)
        numbers = multiply_add_32(numbers, last - first, first).astype(dtype, copy=False)
    numbers[numbers == dtype.type(high)] = low  # rounded up to what is no part of the range
    return numbers


def bernoulli(generator: Generator, count: int, p) -> np.ndarray:
    """Bools that are True with probability ``p``, a number or an array of ``count`` float64 probabilities."""
    return uniform_53(generator, count) < p


def bernoulli_of(generator: Generator, p: np.ndarray) -> np.ndarray:
    """Bools that are True with the probabilities ``p``, a flat array whose dtype says how many bits count."""
    draw = uniform_53 if p.dtype.char == "d" else uniform_24
    return draw(generator, p.size) < p


def exponential(generator: Generator, count: int, lambd: float) -> np.ndarray:
    """Float64 numbers of the exponential distribution of rate ``lambd``."""
    uniforms = uniform_53(generator, count)
    # Python's log1p is the C library's, as torch's is; NumPy's own differs where there is AVX512.
    return np.fromiter(map(log1p, (-uniforms).tolist()), np.float64, count) * (-1.0 / lambd)


def integers(generator: Generator, count: int, low: int, span: int) -> np.ndarray:
    """Int64 numbers in [low, low + span), by remainder: of one word, or of two from a span of 2**28 on."""
    draw = generator._draw or generator._start()
    numbers = draw(count) if span < 1 << 28 else words_of_64(generator, count)
    if span < 1 << 64:
        numbers %= np.uint64(span)
    if low:
        numbers += np.uint64(low & 0xFFFFFFFFFFFFFFFF)
    return numbers.view(np.int64)


def words_of_64(generator: Generator, count: int) -> np.ndarray:
    """Uint64 words of two words each, the first one high."""
    draw = generator._draw or generator._start()
    words = draw(2 * count)
    high = words[::2] << _THIRTY_TWO
    high |= words[1::2]
    return high


def permutation(generator: Generator, n: int) -> np.ndarray:
    """The numbers below ``n`` in an order drawn by exchanging each place with itself or a later one."""
    draw = generator._draw or generator._start()
    words = draw(max(n - 1, 0))
    if n > 128:
        return _exchanged(words, n)
    order = list(range(n))
    for i, word in enumerate(words.tolist()):
        j = i + word % (n - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def _exchanged(words: np.ndarray, n: int) -> np.ndarray:
    """``permutation`` without a loop: what is at a place was brought there by the last exchange with it.

    Step i leaves at place i, for good, what it found at its partner j. That was brought to j by the last step t before
    i with the same partner, which had found it at its own place t; there it had come in the same way, and so on.
    """
    steps = np.arange(n)
    partners = steps.copy()
    partners[:-1] += (words % np.arange(n, 1, -1, dtype=np.uint64)).view(np.int64)
    both = partners << 32
    both |= steps
    both.sort()
    sorted_steps, sorted_partners = both & 0xFFFFFFFF, both >> 32

    found = steps.copy()  # what each step finds at its own place, or the earlier step that found the same
    elsewhere = sorted_steps != sorted_partners
    found[sorted_partners[elsewhere]] = sorted_steps[elsewhere]  # of several steps the last one counts
    while True:
        further = found[found]
        if np.array_equal(further, found):
            break
        found = further

    order = partners
    again = sorted_partners[1:] == sorted_partners[:-1]
    order[sorted_steps[1:][again]] = found[sorted_steps[:-1][again]]
    return order


def chosen_with_replacement(generator: Generator, weights: np.ndarray, count: int) -> np.ndarray:
    """For each row of float ``weights``, ``count`` positions drawn with probabilities proportional to them.

    RuntimeError for negative and infinite weights, and where all are 0.
    """
    out = np.empty((len(weights), count), np.int64)
    for i, row in enumerate(weights):
        for bad, complaint in _BAD_WEIGHTS:
            if np.any(bad(row)):
                raise RuntimeError(f"invalid multinomial distribution (encountering probability entry {complaint})")
        heights = np.add.accumulate(row, dtype=np.float32 if row.dtype.char == "e" else None)
        if not heights.size or not heights[-1] > 0:
            raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
        heights /= heights[-1]
        heights[-1] = 1
        out[i] = np.searchsorted(heights.astype(np.float64), uniform_53(generator, count))
    return out


_BAD_WEIGHTS = ((lambda row: ~(row >= 0), "< 0"), (lambda row: ~np.isfinite(row), "= infinity or NaN"))
