"""Samplers that transform the words of a ``Generator``: arrays in, arrays out, in torch's order of drawing.

A new sampler takes a generator and a number of elements, and returns a flat array.
"""

from __future__ import annotations

from math import log1p

import numpy as np

from ._random import _BLOCK, Generator, _uniform_24, _uniform_53


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
    return _uniform_24(draw(count))


def bernoulli(generator: Generator, count: int, p) -> np.ndarray:
    """Bools that are True with probability ``p``, a number or an array of ``count`` float64 probabilities."""
    return uniform_53(generator, count) < p


def exponential(generator: Generator, count: int, lambd: float) -> np.ndarray:
    """Float64 numbers of the exponential distribution of rate ``lambd``."""
    uniforms = uniform_53(generator, count)
    return np.fromiter(map(log1p, (-uniforms).tolist()), np.float64, count) * (-1.0 / lambd)


def integers(generator: Generator, count: int, low: int, span: int) -> np.ndarray:
    """Int64 numbers in [low, low + span), by remainder: of one word, or of two from a span of 2**28 on."""
    draw = generator._draw or generator._start()
    if span >= 1 << 28:
        words = draw(2 * count)
        words = words[::2] << np.uint64(32) | words[1::2]
    else:
        words = draw(count)
    remainders = words % np.uint64(span) if span < 1 << 64 else words
    return (remainders + np.uint64(low & 0xFFFFFFFFFFFFFFFF)).view(np.int64)


def permutation(generator: Generator, n: int) -> np.ndarray:
    """The numbers below ``n`` in an order drawn by exchanging each place with a later one."""
    order = list(range(n))
    draw = generator._draw or generator._start()
    for i, word in enumerate(draw(max(n - 1, 0)).tolist()):
        j = i + word % (n - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)
