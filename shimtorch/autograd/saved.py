"""What a node shows of what it keeps: read-only attributes ``_saved_self``, ``_saved_dim``, … of ``grad_fn``.

torch makes these of the formulas of its derivatives, whose names are mostly those that the rows in ``ops`` use.
Where they are not, ``SHOWN`` has torch's name for each of the rows', and ``PARTICULAR`` what is special to one node.
"""

from __future__ import annotations

import functools
import math
import operator

import numpy as np

from .jointly import Joint
from .namespaces import TENSORS
from .nodes import VersionCounter, already_freed, check_result_version, check_version, extra_of, saved_result
from .packing import Packed, SavedTensor

_LAST = 2**63 - 1

# What a row calls something that torch shows by another name; None: torch does not show it. Of several names that
# come out the same the last one counts: ``given`` dims are as the caller had them, negative or not in a tuple.
SHOWN: dict[str, str | None] = {
    "sizes": "self_sym_sizes", "code": "reduction", "given": "dim", "by_frequency": "scale_grad_by_freq",
    "least": "min", "most": "max", "layout": None, "kind": None, "count": None, "shape": None, "where": None,
    "number": None, "lengths": None, "split": None, "dims": None, "answer": "result", "transposed": None,
}  # fmt: skip

# Numbers that torch keeps as such; other integers it shows as if they were unsigned, of 64 bits.
_SIGNED = {
    "alpha", "beta", "max", "min", "self", "threshold", "value", "weight", "exponent", "base", "other", "least", "most",
    "p", "ord", "correction", "asked",
    "scale", "input_scale", "min_val", "max_val", "negative_slope", "lambd", "lower", "upper", "delta",
}  # fmt: skip


def publish_saved(cls: type) -> None:
    """Give a subclass of ``Node`` the ``_saved_…`` attributes of torch's node of this name.

    Each is a tensor, a number, None, or a tuple of integers or tensors. Tensors are those that were saved; what was
    the node's own output is a new tensor in the same memory. RuntimeError for a tensor that was freed, or written in
    place since.
    """
    shown = {SHOWN.get(name, name): name for name in (*cls.saved_names, *cls.fixed_names)}
    shown.update(PARTICULAR.get(cls.__name__, {}))
    for name, source in shown.items():
        if name is not None and source is not None:
            setattr(cls, f"_saved_{name}", _attribute(name, source))
    for name, source in shown.items():
        if source in cls.saved_names:
            setattr(cls, f"_raw_saved_{name}", _raw(cls.saved_names.index(source)))


@functools.cache
def _attribute(name: str, source) -> property:
    """The property that nodes of all classes share: ``source`` is the name of what is kept, or computes from a node."""

    def refuse(node, value=None):
        raise AttributeError(f"attribute '_saved_{name}' of '{type(node).__name__}' objects is not writable")

    return property(source if callable(source) else lambda node: _kept(node, source), refuse, refuse)


@functools.cache
def _raw(index: int) -> property:
    return property(lambda node: SavedTensor(node, index))


def _kept(node, name: str):
    """What the node keeps under a name, as torch shows it."""
    if name in node.saved_names:
        return _unpacked(node, node.saved_names.index(name))
    fixed = node.fixed if type(node.fixed) is tuple else (node.fixed,)
    value = fixed[node.fixed_names.index(name)]
    return value if name in _SIGNED else _unsigned(value)


def _unpacked(node, index: int):
    """The saved tensor at ``index``; errors if it is no longer what was saved."""
    if node.saved is None:
        raise already_freed()
    saved = node.saved[index]
    if saved is None:
        return None
    if isinstance(saved, Packed):
        return saved.unpacked()
    if type(saved) is np.ndarray:
        return node.saved_output(index) if isinstance(node, Joint) else _result(node, saved)
    if isinstance(saved, (bool, int, float, complex)):
        return TENSORS.wrap(np.array(saved))
    versions = node.extra.versions if node.extra is not None else None
    if saved._vc is not None and saved._vc.value != (versions[index] if versions is not None else 0):
        check_version(node, index)
    return saved


def _result(node, array):
    """The node's own output, as a tensor that sees later writes into it."""
    extra = extra_of(node)
    if extra.result_counter is None:
        extra.result_counter = (VersionCounter(array), 0)
    check_result_version(node, array)
    result = saved_result(node, array)
    result._vc = extra.result_counter[0]
    return result


def _unsigned(value):
    if hasattr(type(value), "__index__") and type(value) is not bool:
        return operator.index(value) % 2**64
    return tuple([_unsigned(part) for part in value]) if type(value) in (tuple, list) else value


# --- what is special to one node ----------------------------------------------------------------------------------


def _constant(value):
    return lambda node: value


def _computed(compute, *names: str):
    """What is computed from what the node keeps under ``names``."""
    return lambda node: compute(*[_kept(node, name) for name in names])


def _alpha(node):
    return _kept(node, "alpha") if "alpha" in node.fixed_names else 1


def _in_tuple(node):
    """The dims where torch has a list of them, also of one named by itself."""
    dim = _kept(node, "given")
    return dim if dim is None or type(dim) is tuple else (dim,)


def _exponential(tensor):
    """``exp(-abs(tensor))``, which torch's ``logsigmoid`` keeps to compute its gradient from."""
    a = tensor._a
    return TENSORS.wrap(np.asarray(np.exp(-np.abs(a.astype(np.float64)))).astype(a.dtype))


def _indices(node):
    """The index tensors of a read or write, None for each dimension before the last of them that has none."""
    found, indices = [], iter([_unpacked(node, i) for i in range(len(node.saved or ()))])
    if node.saved is None:
        raise already_freed()
    parts = iter(node.fixed[node.fixed_names.index("where")])
    for part in parts:
        if type(part) is slice:
            found.append(None)
            continue
        index = next(indices)
        found.append(index)
        if index._a.dtype.char in "?B":  # a mask stands for as many dimensions as it has
            for _ in range(index._a.ndim - 1):
                next(parts)
    while found and found[-1] is None:
        found.pop()
    return tuple(found)


def _strides(place: int):
    """Strides of one of the factors, the last two inputs, in elements; none for one that does not require grad."""

    def strides(node):
        itemsize, *layouts = node.fixed[-1]
        return () if node.edges[place - 2] is None else tuple([step // itemsize for step in layouts[2 * place + 1]])

    return strides


def _factor(name: str, other: str) -> dict:
    return {
        f"{name}_sym_sizes": lambda node: node.fixed[-1][1],
        f"{other}_sym_sizes": lambda node: node.fixed[-1][3],
        f"{name}_sym_strides": _strides(0),
        f"{other}_sym_strides": _strides(1),
    }


_DIMS = {"dim": _in_tuple}
_SPREAD = _DIMS | {"self_sym_sizes": None, "asked": None, "correction": "asked"}
_SLICE = {
    "start": _computed(lambda where: _unsigned(where.start or 0), "where"),
    "end": _computed(lambda where: _LAST if where.stop is None else _unsigned(where.stop), "where"),
    "step": _computed(lambda where: where.step or 1, "where"),
}
_NORMAL = {
    f"{name}_sym_sizes": lambda node, place=place: node.extra.operands[place][0]
    for name, place in (("mean", 0), ("std", -1))
}
_SCALE = {"alpha": _alpha}
_NUMEL = {"self_sym_numel": _computed(math.prod, "sizes")}
_BUFFER = {"buffer": _computed(_exponential, "self")}

PARTICULAR: dict[str, dict] = {
    "AddBackward0": _SCALE, "SubBackward0": _SCALE,
    "AddBackward1": {"other": None}, "SubBackward1": {"other": None}, "BernoulliBackward1": {"p": None},
    "RemainderBackward0": {"self": None, "other": None}, "PermuteBackward0": {"dims": "dims"},
    "PowBackward1": {"other": None, "exponent": "other"}, "PowBackward2": {"base": None, "self": "base"},
    "SumBackward1": _DIMS, "MeanBackward0": _NUMEL, "MeanBackward1": _DIMS | _NUMEL,
    "AmaxBackward0": _DIMS, "AminBackward0": _DIMS, "LinalgVectorNormBackward0": _DIMS | {"p": None},
    "NansumBackward0": _DIMS | {"self_sym_sizes": None, "kind": None}, "CumprodBackward0": {"kind": None},
    "LogsumexpBackward0": _DIMS | {"self_sym_sizes": None},
    **{name: {"self_sym_sizes": None} for name in ("CummaxBackward0", "CumminBackward0")},
    "VarMeanBackward0": _SPREAD, "StdMeanBackward0": _SPREAD,
    "VarBackward0": _SPREAD, "StdBackward0": _SPREAD, "NormalBackward3": _NORMAL,
    "NormalBackward1": {"mean_sym_sizes": _NORMAL["mean_sym_sizes"]},
    "NormalBackward2": {"std_sym_sizes": _NORMAL["std_sym_sizes"]},
    "MmBackward0": _factor("self", "mat2"), "AddmmBackward0": _factor("mat1", "mat2"),
    "SliceBackward0": _SLICE, "SliceBackwardBackward0": _SLICE, "SelectBackwardBackward0": {"index": "where"},
    "IndexBackward0": {"indices": _indices}, "IndexPutBackward0": {"indices": _indices},
    "IndexPutImplBackward0": {"indices": _indices},
    "SqueezeBackward2": _DIMS,
    **{name: {"dims": "dims"} for name in ("FlipBackward0", "RollBackward0", "Rot90Backward0")},
    "GatherBackward0": {"sparse_grad": _constant(False)},
    "IndexAddBackward0": {"source_dim": _computed(len, "shape")},
    "PutBackward0": {"accumulate": _constant(True)},
    "MaskedScatterBackward0": {"source_sym_sizes": "shape"},
    "EmbeddingBackward0": {"weight_sym_argsize_0": "count", "sparse": _constant(False)},
    "LogSigmoidBackward0": _BUFFER, "LogSigmoidBackwardBackward0": _BUFFER,
    "LeakyReluBackwardBackward0": {"is_result": None},
    "DivBackward2": {"rounding_mode": lambda node: node.fixed},
    "CatBackward0": {"self_sym_sizes": None}, "SplitBackward0": {"split_size": "split"},
    "SplitWithSizesBackward0": {"split_sizes": "lengths"},
    "LinalgSvdBackward0": {"S_sym_argsize_minus_1": _computed(lambda s: s._a.shape[-1], "S")},
}  # fmt: skip
