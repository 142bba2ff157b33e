"""Indices and index tensors for drawn calls: mostly ones that fit the tensor they are meant for.

``indices`` draws what stands in brackets, ``operands`` the arguments of operators that take index tensors and masks;
the ``kind`` of their rows, one of ``INDEXED``, says what shape of index they expect.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.shimtorch.agreement import Leaf

# of gather and scatter: as many dimensions; of index_select: a vector; of index_put: several; of where: a mask
INDEXED = ("elements", "rows", "places", "masks")
INTEGERS = st.sampled_from([0, 1, -1, 2, -2, 5])


def often(draw, usual, other):
    """``usual`` seven times out of eight."""
    return draw(other if draw(st.integers(0, 7)) == 7 else usual)


@st.composite
def integers(draw, shape, size: int, negative: bool = True):
    """An integer index tensor for a dimension of ``size``; at times out of bounds, or of a dtype that is no index."""
    count = int(np.prod(shape))
    inside = st.integers(-size if negative else 0, size - 1) if size else st.just(0)
    low = often(draw, st.just(True), st.just(False))
    element = inside if low else st.integers(-size - 1, size + 1)
    dtype = often(draw, st.just("int64"), st.sampled_from(["int32", "int32", "uint8", "int16", "float32", "bool"]))
    values = np.array(draw(st.lists(element, min_size=count, max_size=count)), np.int64).reshape(shape).astype(dtype)
    turned = values.ndim > 1 and values.size and draw(st.integers(0, 4)) == 4
    return Leaf(values, "transposed" if turned else "contiguous")


@st.composite
def masks(draw, shape):
    """A mask of this shape, now and then of bytes or of another dtype."""
    count = int(np.prod(shape))
    dtype = often(draw, st.just("bool"), st.sampled_from(["uint8", "uint8", "int64", "float32"]))
    values = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool).reshape(shape)
    return Leaf(
        values.astype(dtype), draw(st.sampled_from(["contiguous", "transposed"])) if count and shape else "contiguous"
    )


SMALL = st.lists(st.integers(0, 3), max_size=2).map(tuple)


@st.composite
def _part(draw, sizes, common):
    """A part of an index for a tensor whose next dimensions are of ``sizes``, and how many of them it is for."""
    size = sizes[0] if sizes else 2
    kind = draw(st.sampled_from(["int", "slice", "tensor", "tensor", "mask", "list", "none", "array", "bool", "0-d"]))
    if kind == "none":
        return None, 0
    if kind == "bool":
        return draw(st.sampled_from([True, False, Leaf(np.array(True)), Leaf(np.array(False))])), 0
    if kind == "mask":
        count = draw(st.integers(1, max(len(sizes), 1)))
        shape = sizes[:count] if sizes else (2,)
        shape = often(draw, st.just(shape), SMALL)
        drawn = draw(masks(shape))
        return drawn if draw(st.booleans()) else drawn.values.tolist(), max(len(shape), 1)
    if kind == "slice":
        bounds = st.one_of(st.none(), st.integers(-4, 4))
        return draw(st.builds(slice, bounds, bounds, st.sampled_from([None, None, 1, 2]))), 1
    if kind == "int":
        return often(draw, st.integers(-size, size - 1) if size else st.just(0), st.integers(-3, 3)), 1
    if kind == "0-d":
        return draw(integers((), size)), 1
    shape = often(draw, st.sampled_from([common, common, (1,), common[-1:]]), SMALL)
    drawn = draw(integers(shape, size))
    if kind == "tensor":
        return drawn, 1
    return (drawn.values.tolist() if kind == "list" and drawn.values.ndim else drawn.values), 1


@st.composite
def indices(draw, shape):
    """An index for a tensor of this shape: part by part, an ellipsis at times, rarely more parts than dimensions."""
    common = draw(st.one_of(st.lists(st.integers(1, 3), max_size=2).map(tuple), SMALL))
    parts: list = []
    rest = tuple(shape)
    for _ in range(draw(st.integers(1, 4))):
        if not rest and draw(st.integers(0, 7)):
            break
        if ... not in [part for part in parts if part is ...] and draw(st.integers(0, 7)) == 7:
            parts.append(...)
            rest = rest[draw(st.integers(0, len(rest))) :]
        part, used = draw(_part(rest, common))
        parts.append(part)
        rest = rest[used:]
    if len(parts) == 1 and draw(st.booleans()):
        return parts[0]
    return parts if draw(st.integers(0, 15)) == 15 else tuple(parts)


def result_shape(shape, index):
    """The shape that NumPy gives the elements at ``index``, or () where it refuses."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = tuple([part.values if isinstance(part, Leaf) else part for part in parts])
    try:
        return np.empty(shape)[plain].shape
    except (IndexError, ValueError, TypeError):
        return ()


@st.composite
def values_for(draw, leaves, target: Leaf, shape):
    """What could be written where ``shape`` elements of ``target`` are: of its dtype and broadcastable, mostly."""
    fitting = [shape, shape, shape[1:], (1,) * len(shape), (), (1, *shape), (1,)]
    shapes = st.one_of(st.sampled_from(fitting), st.sampled_from(fitting), SMALL)
    dtypes = often(draw, st.just(st.just(target.values.dtype.name)), st.just(st.sampled_from(["int64", "float64"])))
    return draw(leaves(shapes, dtypes))


@st.composite
def operands(draw, leaves, name: str, kind: str, first: Leaf | None, known: dict):
    """The argument ``name`` of an operator of ``kind``, or NotImplemented if it is one like any other."""
    shape = first.values.shape if first is not None else draw(SMALL)
    if name == "dim":
        return often(draw, st.integers(-len(shape), len(shape) - 1) if shape else st.sampled_from([0, -1]), INTEGERS)
    if name in ("mask", "condition"):
        fitting = [shape, shape, shape[1:], (1,) * len(shape), (), (2, *shape)]
        return draw(masks(often(draw, st.sampled_from(fitting), SMALL)))
    if name == "index":
        return draw(_index(shape, kind, known.get("dim", 0)))
    if name == "indices":
        parts, rest = [], shape
        common = draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
        while rest and (not parts or draw(st.booleans())):
            if draw(st.booleans()):
                parts.append(draw(integers(often(draw, st.just(common), SMALL), rest[0])))
                rest = rest[1:]
            else:
                count = draw(st.integers(1, len(rest)))
                parts.append(draw(masks(rest[:count])))
                rest = rest[count:]
        return tuple(parts) or (Leaf(np.array([0])),)
    if name == "values" and first is not None:
        return draw(values_for(leaves, first, result_shape(shape, known.get("indices", ()))))
    if name == "value" and first is not None:
        return draw(values_for(leaves, first, ()))
    if first is None and isinstance(known.get("condition"), Leaf):
        shape, beside = known["condition"].values.shape, known.get("input")
        fitting = [shape, shape, shape[1:], (1,) * len(shape), (), (2, *shape)]
        dtypes = st.sampled_from(["int64", "float64", "float16", "complex64", "bool"])
        usual = beside.values.dtype.name if isinstance(beside, Leaf) else "float32"
        return draw(leaves(often(draw, st.just(st.sampled_from(fitting)), st.just(SMALL)), st.just(usual) | dtypes))
    if name in ("src", "source") and first is not None and isinstance(known.get("index"), Leaf):
        return draw(_source(leaves, first, kind, known.get("dim", 0), known["index"].values))
    return NotImplemented


@st.composite
def _index(draw, shape, kind: str, dim: int):
    inside = -len(shape) <= dim < len(shape)
    size = shape[dim] if inside else 1
    if kind == "rows":
        return draw(integers(often(draw, st.integers(0, 4).map(lambda n: (n,)), SMALL), size, negative=False))
    if kind == "places":
        return draw(integers(draw(SMALL), int(np.prod(shape))))
    sizes = [draw(st.integers(0 if n == 0 else 1, n)) for n in shape]
    if inside:
        sizes[dim] = draw(st.integers(0, 4))
    return draw(integers(often(draw, st.just(tuple(sizes)), SMALL), size, negative=False))


@st.composite
def _source(draw, leaves, first: Leaf, kind: str, dim: int, index):
    shape = index.shape
    if kind == "elements":
        shape = tuple([n + (draw(st.integers(0, 7)) == 7) for n in shape])
    elif -first.values.ndim <= dim < first.values.ndim:
        sizes = list(first.values.shape)
        sizes[dim] = index.size
        shape = tuple(sizes)
    shapes = st.just(often(draw, st.just(shape), SMALL))
    return draw(leaves(shapes, often(draw, st.just(st.just(first.values.dtype.name)), st.just(st.just("float64")))))
