"""Products that PyTorch adds up one after the other: bit for bit the same."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

import shimtorch  # noqa: E402

SHAPES = [
    (10, 3, 4, 5),
    (1, 1, 30, 1),
    (2, 1, 99, 1),
    (3, 1, 30, 4),
    (2, 2, 99, 2),
    (3, 1, 1, 4),
    (2, 3, 0, 4),
    (0, 3, 4, 4),
]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_small_batched_products(shape: tuple[int, int, int, int], transposed: bool, dtype: str) -> None:
    count, n, m, p = shape
    numbers = np.random.RandomState(sum(shape))
    left, right = ((numbers.standard_normal(size) * 3).astype(dtype) for size in ((count, n, m), (count, m, p)))
    if transposed:
        right = right.transpose(0, 2, 1).copy().transpose(0, 2, 1)
    ours = shimtorch.bmm(shimtorch.from_numpy(left), shimtorch.from_numpy(right))
    theirs = torch.bmm(torch.from_numpy(left), torch.from_numpy(right))
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()
    assert (str(ours.dtype), ours.stride()) == (str(theirs.dtype), theirs.stride())


def test_a_negative_zero_is_added_to_a_zero() -> None:
    ours, theirs = (module.bmm(module.tensor([[[-0.0]]]), module.ones(1, 1, 1)) for module in (shimtorch, torch))
    assert str(ours) == str(theirs) == "tensor([[[0.]]])"
