"""How far apart two numbers are."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from conformance.compare.check import Outcome, Strength
from conformance.compare.tolerance import ULP
from conformance.compare.value import compare, ulp_distances
from conformance.runners.protocol import Result


def _check(subject: Any, reference: Any) -> Any:
    sides = [Outcome(Result(names={"x": side}), {"x": side}) for side in (subject, reference)]
    (check,) = compare(*sides)
    return check


def _next(value: float, steps: int, dtype: str) -> Any:
    number = numpy.array(value, dtype)
    for _ in range(steps):
        number = numpy.nextafter(number, numpy.array(numpy.inf, dtype))
    return number


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_tolerance_is_exact(tensor: Any, dtype: str) -> None:
    allowed = ULP[dtype]
    for value in (0.1, 1.0, 65000.0, 6e-8):
        reference = tensor([value], dtype)
        assert _check(reference, reference).strength == Strength.IDENTICAL
        near = _check(tensor([_next(value, allowed, dtype)], dtype), reference)
        assert (near.strength, near.ulp) == (Strength.WITHIN_ULP, allowed)
        assert _check(tensor([_next(value, allowed + 1, dtype)], dtype), reference).strength == Strength.DIFFERENT


@pytest.mark.parametrize(
    ("subject", "reference"),
    [
        (0.0, -0.0),
        (1e-45, -1e-45),
        (numpy.nan, 0.0),
        (0.0, numpy.nan),
        (numpy.nan, numpy.inf),
        (numpy.inf, numpy.finfo("f4").max),
        (numpy.inf, -numpy.inf),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_never_close(tensor: Any, dtype: str, subject: float, reference: float) -> None:
    assert _check(tensor([subject], dtype), tensor([reference], dtype)).strength == Strength.DIFFERENT


def test_a_nan_with_other_bits_is_said(tensor: Any) -> None:
    check = _check(tensor([-numpy.nan]), tensor([numpy.nan]))
    assert (check.strength, check.ulp) == (Strength.WITHIN_ULP, 0)


@pytest.mark.parametrize(("dtype", "wrong"), [("int64", [1, 3]), ("bool", [True, False]), ("uint8", [1, 3])])
def test_whole_numbers_are_identical_or_different(tensor: Any, dtype: str, wrong: Any) -> None:
    reference = tensor([1, 2], dtype)
    assert _check(reference, reference).strength == Strength.IDENTICAL
    check = _check(tensor(wrong, dtype), reference)
    assert (check.strength, check.detail) == (Strength.DIFFERENT, "1 of 2 differ")


def test_the_first_difference_is_shown(tensor: Any) -> None:
    check = _check(tensor([[1, 2], [4, 5]]), tensor([[1, 2], [3, 5]]))
    assert (check.subject, check.reference) == ("[1, 0] 4.0", "[1, 0] 3.0")
    assert check.detail == "1 of 4 differ; 4194304 ULP apart in float32, 4 allowed"


@pytest.mark.parametrize("values", [{"sha256": "b", "bytes": 9}, {"text": "[1.5]"}, {"error": "NotImplementedError"}])
def test_values_not_kept_as_bytes(tensor: Any, values: dict[str, Any]) -> None:
    assert _check(tensor() | {"values": values}, tensor()).strength == Strength.DIFFERENT
    assert _check(tensor() | {"values": values}, tensor() | {"values": dict(values)}).strength == Strength.IDENTICAL


@pytest.mark.parametrize(
    ("subject", "reference", "strength"),
    [
        (0.1, 0.1, Strength.IDENTICAL),
        (0.1, 0.1 + 2e-17, Strength.WITHIN_ULP),
        (0.1, 0.1 + 1e-9, Strength.DIFFERENT),
        (float(numpy.float32(0.1)), float(_next(0.1, 1, "float32")), Strength.WITHIN_ULP),  # from loss.item()
        (float(numpy.float32(0.1)), 0.1, Strength.DIFFERENT),
        (float("nan"), float("nan"), Strength.IDENTICAL),
        (0.0, -0.0, Strength.DIFFERENT),
        (1e300, 1e301, Strength.DIFFERENT),
        (1 + 2j, 1 + 3j, Strength.DIFFERENT),
    ],
)
def test_python_numbers(subject: complex, reference: complex, strength: Strength) -> None:
    sides = [{"kind": "plain", "type": type(side).__name__, "text": repr(side)} for side in (subject, reference)]
    assert _check(*sides).strength == strength


@given(arrays("f4", 8, elements=st.floats(width=32)), st.integers(0, 7))
def test_distance_to_the_neighbour_is_one(values: Any, place: int) -> None:
    other = values.copy()
    with numpy.errstate(over="ignore"):
        other[place] = numpy.nextafter(values[place], numpy.float32(numpy.inf))
    distances = ulp_distances(values, other)
    assert (numpy.delete(distances, place) == 0).all()
    crosses = numpy.signbit(values[place]) != numpy.signbit(other[place])
    special = not (numpy.isfinite(values[place]) and numpy.isfinite(other[place]))
    if not (crosses or special):
        assert distances[place] == 1
    assert (ulp_distances(other, values) == distances).all()
