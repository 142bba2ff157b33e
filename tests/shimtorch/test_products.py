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


def _both(*arrays: np.ndarray) -> list[list]:
    return [[module.from_numpy(array) for array in arrays] for module in (shimtorch, torch)]


def _drawn(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    return (np.random.RandomState(seed).standard_normal(shape) * 3).astype(dtype)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
@pytest.mark.parametrize("factors", [(1, 1), (2, 3), (0, 2), (0.6, 1.3)], ids=str)
@pytest.mark.parametrize("shape", SHAPES[:6], ids=str)
def test_small_batched_products_added(shape: tuple[int, int, int, int], factors: tuple, dtype: str) -> None:
    count, n, m, p = shape
    drawn = [_drawn(size, dtype, i) for i, size in enumerate(((count, n, p), (count, n, m), (count, m, p)))]
    beta, alpha = factors
    ours, theirs = (s.baddbmm(a, b, beta=beta, alpha=alpha) for s, a, b in _both(*drawn))
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("factors", [(1, 1), (0.6, 1.3), (0, 1.3)], ids=str)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (4, 16), (3, 37), (37, 3), (1, 20), (20, 1)], ids=str)
def test_products_of_vectors_added(shape: tuple[int, int], transposed: bool, factors: tuple, dtype: str) -> None:
    """torch fuses other multiplications in whole vectors than in what is left over."""
    drawn = [_drawn(size, dtype, i) for i, size in enumerate((shape, shape[:1], shape[1:]))]
    if transposed:
        drawn[0] = np.asfortranarray(drawn[0])
    beta, alpha = factors
    ours, theirs = (s.addr(a, b, beta=beta, alpha=alpha) for s, a, b in _both(*drawn))
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()
    assert ours.stride() == theirs.stride()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["addcmul", "addcdiv", "lerp", "cross"])
def test_fused_multiplications(name: str, dtype: str) -> None:
    drawn = _both(*[_drawn((50, 3), dtype, i) for i in range(2 if name == "cross" else 3)])
    options = {"dim": 1} if name == "cross" else {}
    ours = getattr(shimtorch, name)(*drawn[0], **options)
    theirs = getattr(torch, name)(*drawn[1], **options)
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()
