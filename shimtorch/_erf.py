"""The error function and its complement in float64, within one unit in the last place.

The rational approximations are those of Sun Microsystems' fdlibm (``s_erf.c``, 1993, freely distributable if this
notice is preserved), each computed only for the elements of its interval.
"""

from __future__ import annotations

import numpy as np

_ONE_PLACE = 8.45062911510467529297e-01  # erf(1), rounded to float32
_SCALE = 1.28379167095512586316e-01  # 2 / sqrt(pi) - 1

# Numerators and denominators, the coefficient of the lowest power first: below 0.84375, below 1.25, below 1 / 0.35,
# and beyond.
_NEAR = (
    (
        1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
        -5.77027029648944159157e-03, -2.37630166566501626084e-05,
    ),
    (
        1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
        1.32494738004321644526e-04, -3.96022827877536812320e-06,
    ),
)  # fmt: skip
_AT_ONE = (
    (
        -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
        3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
        -2.16637559486879084300e-03,
    ),
    (
        1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
        1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02,
    ),
)  # fmt: skip
_MIDDLE = (
    (
        -9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e01,
        -6.23753324503260060396e01, -1.62396669462573470355e02, -1.84605092906711035994e02,
        -8.12874355063065934246e01, -9.81432934416914548592e00,
    ),
    (
        1.0, 1.96512716674392571292e01, 1.37657754143519042600e02, 4.34565877475229228821e02,
        6.45387271733267880336e02, 4.29008140027567833386e02, 1.08635005541779435134e02,
        6.57024977031928170135e00, -6.04244152148580987438e-02,
    ),
)  # fmt: skip
_FAR = (
    (
        -9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e01,
        -1.60636384855821916062e02, -6.37566443368389627722e02, -1.02509513161107724954e03,
        -4.83519191608651397019e02,
    ),
    (
        1.0, 3.03380607434824582924e01, 3.25792512996573918826e02, 1.53672958608443695994e03,
        3.19985821950859553908e03, 2.55305040643316442583e03, 4.74528541206955367215e02,
        -2.24409524465858183362e01,
    ),
)  # fmt: skip


def _ratio(coefficients, x):
    numerator, denominator = (_polynomial(part, x) for part in coefficients)
    return numerator / denominator


def _polynomial(coefficients, x):
    total = coefficients[-1] * x
    for coefficient in coefficients[-2:0:-1]:
        total += coefficient
        total *= x
    total += coefficients[0]
    return total


def _tail(size):
    """erfc of numbers of at least 1.25."""
    coarse = (size.view(np.int64) & ~0xFFFFFFFF).view(np.float64)  # whose square is exact
    s = 1 / (size * size)
    ratio = np.where(size < 1 / 0.35, _ratio(_MIDDLE, s), _ratio(_FAR, s))
    return np.exp(-coarse * coarse - 0.5625) * np.exp((coarse - size) * (coarse + size) + ratio) / size


def _by_interval(near, at_one, tail, last):
    """A function of float64 arrays, put together from what it is where ``abs(x)`` is small, about 1, and large."""

    def compute(a):
        x = np.ascontiguousarray(a).reshape(-1)
        size = np.abs(x)
        out = np.where(np.isnan(x), x, last(x))
        for part, of_interval in (
            (size < 0.84375, near),
            ((size >= 0.84375) & (size < 1.25), at_one),
            ((size >= 1.25) & (size < 28), tail),
        ):
            if part.any():
                out[part] = of_interval(x[part])
        return out.reshape(a.shape)

    return compute


def _signed(x, of_size):
    return np.copysign(of_size, x)


def _near(x):
    tiny = np.abs(x) < 2.0**-28
    return np.where(tiny, x + _SCALE * x, x + x * _ratio(_NEAR, x * x))


def _complement_near(x):
    y = _ratio(_NEAR, x * x)
    return np.where(x < 0.25, 1 - (x + x * y), 0.5 - (x - 0.5 + x * y))


def _complement_at_one(x):
    y = _ratio(_AT_ONE, np.abs(x) - 1)
    return np.where(x >= 0, 1 - _ONE_PLACE - y, 1 + (_ONE_PLACE + y))


def _complement_tail(x):
    tail = _tail(np.abs(x))
    return np.where(x > 0, tail, 2 - tail)


erf = _by_interval(
    _near,
    lambda x: _signed(x, _ONE_PLACE + _ratio(_AT_ONE, np.abs(x) - 1)),
    lambda x: _signed(x, 1 - _tail(np.abs(x))),
    np.sign,
)
erfc = _by_interval(_complement_near, _complement_at_one, _complement_tail, lambda x: np.where(x > 0, 0.0, 2.0))


# --- for half precision -------------------------------------------------------------------------------------------

_COARSE = tuple(map(np.float32, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)))
_RATE = np.float32(0.3275911)


def coarse_erf(x):
    """erf of float32 by formula 7.1.26 of Abramowitz and Stegun, off by up to 1.5e-7: torch's way for float16."""
    size = np.abs(x)
    t = 1 / _fused(size, _RATE, np.float32(1))
    r = np.full_like(t, _COARSE[0])
    for coefficient in _COARSE[1:]:
        r = _fused(r, t, coefficient)
    falling = np.exp(-(x * x).astype(np.float64)).astype(np.float32)
    return np.copysign(_fused(-falling * t, r, np.float32(1)), x)


def _fused(a, b, c):
    return (a.astype(np.float64) * b + c).astype(np.float32)
