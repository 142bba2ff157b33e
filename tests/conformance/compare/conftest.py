from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from conformance.compare import compare_outcomes
from conformance.compare.check import Check, Strength, outcomes
from conformance.runners.protocol import Result

Compare = Callable[[Result, Result], dict[str, Check]]


@pytest.fixture
def differences() -> Compare:
    """The differing checks of a subject's and a reference's result, as {kind: check}; one of each kind at most."""

    def compare(subject: Result, reference: Result) -> dict[str, Check]:
        pairs = compare_outcomes(outcomes((subject,))[0], outcomes((reference,))[0])
        found = [(kind, check) for kind, check in pairs if check.strength == Strength.DIFFERENT]
        assert len(found) == len(dict(found))
        return dict(found)

    return compare


def _tensor(values: Any = (1.0, 2.0), dtype: str = "float32", **aspects: Any) -> dict[str, Any]:
    array = numpy.array(values, dtype)
    return {
        "kind": "tensor",
        "type": "torch.Tensor",
        "dtype": f"torch.{dtype}",
        "shape": list(array.shape),
        "stride": [step // array.itemsize for step in array.strides],
        "offset": 0,
        "device": "cpu",
        "requires_grad": False,
        "is_leaf": True,
        "values": {"base64": base64.b64encode(array.tobytes()).decode()},
        "grad": None,
        "graph": None,
    } | aspects


@pytest.fixture
def tensor() -> Callable[..., dict[str, Any]]:
    """Makes the description of a tensor."""
    return _tensor
