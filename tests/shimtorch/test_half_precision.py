"""Every finite number of half precision through functions that are computed in a wider one and rounded once."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

import shimtorch  # noqa: E402

NUMBERS = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
NUMBERS = NUMBERS[np.isfinite(NUMBERS)]
NAMES = "exp exp2 expm1 log log1p log2 log10 cos tan acos atan sinh cosh tanh acosh atanh erf erfc sqrt rsqrt sigmoid"


def bits(module, name):
    values = module.from_numpy(NUMBERS.copy()).requires_grad_()
    result = getattr(module, name)(values)
    result.backward(module.ones_like(result))
    return [
        np.where(np.isnan(it), np.float16(0), it).view(np.uint16)
        for it in (result.detach().numpy(), values.grad.numpy())
    ]


@pytest.mark.parametrize("name", NAMES.split())
def test_all_numbers(name):
    (ours, _), (theirs, _) = (bits(module, name) for module in (shimtorch, torch))
    assert not (ours != theirs).any()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "exp"])
def test_all_derivatives(name):
    (_, ours), (_, theirs) = (bits(module, name) for module in (shimtorch, torch))
    assert not (ours != theirs).any()
