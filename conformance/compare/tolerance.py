"""Every tolerance there is, with its reason. What is not listed must be identical."""

from __future__ import annotations

# The greatest distance, in units in the last place, by dtype. Never across zero, and never to an infinity or a NaN.
ULP = {
    # PyTorch's own vectorised exp, log, sin, … are up to 1 ULP off the true value, and differ from one CPU capability
    # to another; a value in a document has gone through a few of them and a sum whose order is not ours.
    "float32": 4,
    "float64": 4,
    # Computed in float32 and rounded once: a neighbour can be hit, nothing farther.
    "float16": 1,
}

# A complex number is compared as its two parts.
PARTS = {"complex64": "float32", "complex128": "float64"}

# A documented number stands for all that print like it: half a unit in its last printed digit.
PRINTED_UNITS = 0.5
