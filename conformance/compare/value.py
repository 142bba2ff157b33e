"""Values of tensors, arrays and Python floats: identical, or so many units in the last place apart."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy
import numpy.typing

from conformance.compare.check import Check, Outcome, Strength, exactly
from conformance.compare.pairs import pairs
from conformance.compare.tolerance import PARTS, ULP
from conformance.runners.protocol import Description

Array = numpy.typing.NDArray[Any]

_FAR = numpy.iinfo(numpy.int64).max  # a distance that no tolerance reaches


def compare(subject: Outcome, reference: Outcome) -> Iterator[Check]:
    for pair in pairs(subject, reference):
        if both := pair.both("tensor", "array"):
            ours, theirs = both
            if (ours["dtype"], ours["shape"]) == (theirs["dtype"], theirs["shape"]):  # else "layout" reports them
                yield _compare_stored(pair.path, ours, theirs)
        elif both := pair.both("plain"):
            ours, theirs = both
            if ours["type"] == theirs["type"] and ours["type"] in ("float", "complex"):
                yield _compare_numbers(pair.path, ours, theirs)


def ulp_distances(ours: Array, theirs: Array) -> Array:
    """The distance of each pair of floats in units in the last place.

    Numbers of different sign, zeros among them, are as far apart as can be, and so is anything that is not finite from
    everything but itself. A NaN is 0 from any other NaN.
    """
    width = ours.dtype.itemsize
    sign = numpy.signbit(ours) == numpy.signbit(theirs)
    finite = numpy.isfinite(ours) & numpy.isfinite(theirs)
    bits = [side.view(f"i{width}").astype(numpy.int64) & ((1 << (8 * width - 1)) - 1) for side in (ours, theirs)]
    distance = numpy.abs(bits[0] - bits[1])
    same = (sign & (distance == 0)) | (numpy.isnan(ours) & numpy.isnan(theirs))
    return numpy.where(same, 0, numpy.where(sign & finite, distance, _FAR))


def _compare_stored(path: str, ours: Description, theirs: Description) -> Check:
    where = f"{path} value"
    if ours["values"] == theirs["values"] or "base64" not in ours["values"] or "base64" not in theirs["values"]:
        return exactly(where, _told(ours["values"]), _told(theirs["values"]))
    dtype = numpy.dtype(ours["dtype"].removeprefix("torch.")).newbyteorder("<")
    arrays = [numpy.frombuffer(base64.b64decode(side["values"]["base64"]), dtype) for side in (ours, theirs)]
    return _compare_arrays(where, arrays[0], arrays[1], ours["shape"])


def _compare_numbers(path: str, ours: Description, theirs: Description) -> Check:
    numbers = numpy.array([complex(ours["text"]), complex(theirs["text"])])
    if ours["type"] == "float":
        numbers = numpy.array([float(ours["text"]), float(theirs["text"])])
        with numpy.errstate(all="ignore"):
            short = numbers.astype(numpy.float32)
        # Numbers that float32 holds exactly on both sides came out of a float32 tensor: count in its units.
        if all(math.isfinite(number) for number in short) and (short == numbers).all():
            numbers = short
    return _compare_arrays(f"{path} value", numbers[:1], numbers[1:], [])


def _compare_arrays(where: str, ours: Array, theirs: Array, shape: list[int]) -> Check:
    dtype = str(ours.dtype)
    floats = PARTS.get(dtype, dtype)
    if floats in ULP:
        parts = [
            side.view(floats).reshape(-1, side.itemsize // numpy.dtype(floats).itemsize) for side in (ours, theirs)
        ]
        distance = ulp_distances(*parts).max(axis=1, initial=0)
    else:
        distance = numpy.where(ours == theirs, 0, _FAR)
    worst = int(distance.max(initial=0))
    allowed = ULP.get(floats, 0)
    if worst <= allowed:
        strength = Strength.IDENTICAL if ours.tobytes() == theirs.tobytes() else Strength.WITHIN_ULP
        return Check(where, strength, worst)
    first = int(numpy.argmax(distance > allowed))
    place = [int(index) for index in numpy.unravel_index(first, shape)] if shape else []
    apart = int(distance[first])
    detail = [f"{int((distance > allowed).sum())} of {len(distance)} differ"] if shape else []
    detail += [f"{apart} ULP apart in {floats}, {allowed} allowed"] if apart < _FAR and floats in ULP else []
    index = f"{place} " if shape else ""
    return Check(
        where,
        Strength.DIFFERENT,
        subject=f"{index}{ours[first].item()!r}",
        reference=f"{index}{theirs[first].item()!r}",
        detail="; ".join(detail),
    )


def _told(values: Description) -> str:
    if "sha256" in values:
        return f"{values['bytes']} bytes, too many to keep, sha256 {values['sha256']}"
    return str(values.get("text") or values.get("error") or "as bytes")
