"""``clamp_max`` and ``clamp_min``: ``clamp`` with one bound, whose nodes have names of their own."""

from __future__ import annotations

import numpy as np

from .. import _errors
from .._tensor import Tensor
from ..autograd.derivatives import node_class
from ..autograd.nodes import extra_of
from ._define import common_dtype, publish, publish_inplace, record, recording
from .pointwise import _clamp, _clamp_inplace


def _bounded(name: str, bound: str, forward, write, of_number, of_tensor):
    """``forward`` and ``write`` name the bound; the derivatives are those of a number and of a tensor as the bound."""
    title = name.title().replace("_", "")
    kernel = "minimum" if bound == "max" else "maximum"
    number_node = node_class(f"{title}Backward0", ("self",), of_number, saved=("self",), fixed=(bound,))
    tensor_node = node_class(f"{title}Backward1", ("self", bound), of_tensor, saved=("self", bound))

    def compute(clamp, input, limit):
        if isinstance(limit, Tensor):
            common = common_dtype(input, limit)
            if common.is_complex:
                _errors.require_broadcast(input._a.shape, limit._a.shape)
                raise _errors.not_implemented(f"{kernel}_cpu", common)
            out = clamp(input.detach(), **{bound: limit.detach()})
            if recording(input, limit):
                record(out, tensor_node, (input, limit), (input, limit))
                extra_of(out._node).operands = tuple([(t._a.shape, t._a.dtype) for t in (input, limit)])
            return out
        if limit is None:
            raise TypeError(bound)
        if isinstance(limit, (complex, np.complexfloating)):
            raise _errors.first(NotImplementedError("clamp is not supported for complex types"))
        out = clamp(input.detach(), **{bound: limit})
        if recording(input):
            record(out, number_node, (input,), (input,), (limit,))
            if out._a.dtype is not input._a.dtype:
                extra_of(out._node).operands = ((input._a.shape, input._a.dtype),)
        return out

    described = f"Each element, at {'most' if bound == 'max' else 'least'} ``{bound}``, a number or a tensor."
    forward = forward(compute)
    forward.__doc__ = (
        f"{described}\n\n    Shapes broadcast, dtypes promote; NotImplementedError for complex numbers. "
        f"(``torch.{name}``)\n    "
    )
    publish_inplace(name, "clamp", write(compute))
    return publish(name, "clamp", forward, methods=(name,), differentiable=("self", bound))


clamp_max = _bounded(
    "clamp_max", "max",
    lambda compute: lambda input, max: compute(_clamp, input, max),
    lambda compute: lambda input, max: compute(_clamp_inplace, input, max),
    of_number={"self": lambda xp, grad, self, max: xp.where(self <= max, grad, 0)},
    of_tensor={
        "self": lambda xp, grad, self, max: xp.where(self <= max, grad, 0),
        "max": lambda xp, grad, self, max: xp.where(self > max, grad, 0),
    },
)  # fmt: skip
clamp_min = _bounded(
    "clamp_min", "min",
    lambda compute: lambda input, min: compute(_clamp, input, min),
    lambda compute: lambda input, min: compute(_clamp_inplace, input, min),
    of_number={"self": lambda xp, grad, self, min: xp.where(self >= min, grad, 0)},
    of_tensor={
        "self": lambda xp, grad, self, min: xp.where(self >= min, grad, 0),
        "min": lambda xp, grad, self, min: xp.where(self < min, grad, 0),
    },
)  # fmt: skip
