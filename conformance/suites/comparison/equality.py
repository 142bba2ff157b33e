"""What counts as equal where look-alikes are put side by side: what PyTorch's own tests take for equal.

That is ``torch.testing.assert_close``: for float32 within 1.3e-6 relative and 1e-5 absolute, with the same dtype, shape
and NaNs. Documents are judged by the stricter rules of ``conformance/compare``.
"""

from __future__ import annotations

from typing import Any

import numpy


def array(value: Any) -> Any:
    """As an array of the dtype that the tensor says it has; what is no tensor as it is."""
    if not hasattr(value, "numpy"):
        return value
    for name in ("detach", "resolve_conj", "resolve_neg"):
        value = getattr(value, name, lambda same=value: same)()
    return numpy.array(value.numpy())


def alike(ours: Any, theirs: Any, with_values: bool = True) -> bool:
    """Two of what ``array`` makes. Without values, only their types, dtypes and shapes."""
    if not isinstance(theirs, numpy.ndarray) or not isinstance(ours, numpy.ndarray):
        return type(ours) is type(theirs) and (not with_values or bool(ours == theirs))
    if (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
        return False
    if not with_values:
        return True
    import torch

    try:
        torch.testing.assert_close(torch.from_numpy(ours), torch.from_numpy(theirs), equal_nan=True)
    except AssertionError:
        return False
    return True
