"""``einsum``: sums of products, written in subscripts.

What an equation asks of operands of given shapes is worked out once and kept as a ``_Plan``: plain data, which
``_carry_out`` follows with the same operators, in the same order, as torch without its optional path finder.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import mul
from typing import NamedTuple

from .._layout import contiguous_strides, laid_out
from .._tensor import Tensor
from ._define import _as_converted, publish
from .diagonals import view_of_diagonal
from .linalg import _bmm
from .pointwise import mul as _mul
from .reductions import _sum
from .shape import _permuted, _reshape_to, _unsqueeze, _view, strided

# --- reading the equation -----------------------------------------------------------------------------------------

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in the order of torch's subscripts
ELLIPSIS = "..."


def _subscripts(text: str, start: int, of: str, again: str, alone: str):
    """The subscripts in ``text``, which starts at ``start`` in the equation, one by one; the rest words the errors."""
    i, ellipsis = 0, False
    while i < len(text):
        label = text[i]
        if label == ".":
            if ellipsis:
                raise RuntimeError(f"einsum(): found '.' for {of} {again}")
            if text[i : i + 3] != ELLIPSIS:
                raise RuntimeError(f"einsum(): found '.' for {of} that is not part of any {alone}")
            ellipsis = True
            yield ELLIPSIS
            i += 3
            continue
        if label != " ":
            if label not in LETTERS:
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {start + i} in the equation string, subscripts must "
                    "be in [a-zA-Z]"
                )
            yield label
        i += 1


def _inputs(left: str, ranks) -> list[list[str]]:
    """The subscripts of each operand."""
    start, found = 0, []
    for i, part in enumerate(left.split(",")):
        if i == len(ranks):
            raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
        words = f"operand {i}", "for which an ellipsis was already found", "ellipsis"
        found.append(list(_subscripts(part, start, *words)))
        start += len(part) + 1
    if len(found) < len(ranks):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    return found


class _Order(NamedTuple):
    """Where each subscript's dimension stands: those of the result come first, those that are summed follow."""

    places: dict[str, int]  # of the ellipsis: the place of its first dimension
    width: int  # the number of dimensions of the ellipsis
    of_result: int
    total: int


def _order(right: str | None, start: int, labels, ranks) -> _Order:
    """The order of the dimensions; ``right`` is what stands behind the arrow, from ``start`` on."""
    counts = dict.fromkeys(LETTERS, 0)
    width = 0
    for i, (own, ndim) in enumerate(zip(labels, ranks, strict=True)):
        named = len(own) - (ELLIPSIS in own)
        for label in own:
            if label == ELLIPSIS:
                width = max(width, ndim - named)
            else:
                counts[label] += 1
        if named > ndim if ELLIPSIS in own else named != ndim:
            unlike, rest = ("is more than", "") if ELLIPSIS in own else ("does not match", " and no ellipsis was given")
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) {unlike} the number of dimensions "
                f"({ndim}) for operand {i}{rest}"
            )
    places: dict[str, int] = {}
    total = 0
    if right is None:
        places[ELLIPSIS], total = 0, width
        named_once = [label for label in LETTERS if counts[label] == 1]
        places |= {label: width + i for i, label in enumerate(named_once)}
        total = width + len(named_once)
    else:
        words = "output", "but an ellipsis (...) was already found", "ellipsis (...)"
        for label in _subscripts(right, start, *words):
            if label != ELLIPSIS and (label in places or not counts[label]):
                many = "appears more than once in the output"
                none = "does not appear in the equation for any input operand"
                raise RuntimeError(f"einsum(): output subscript {label} {many if label in places else none}")
            places[label] = total
            total += width if label == ELLIPSIS else 1
    of_result = total
    if ELLIPSIS not in places:
        places[ELLIPSIS] = total
        total += width
    for label in LETTERS:
        if counts[label] and label not in places:
            places[label] = total
            total += 1
    return _Order(places, width, of_result, total)


# --- the plan -----------------------------------------------------------------------------------------------------


class _Product(NamedTuple):
    """How two operands become one: what each is summed over first, then a batch of matrix products, or a plain product
    if ``left`` is None. ``swapped``: the second operand is the left one."""

    sums: tuple
    swapped: bool = False
    left: tuple | None = None  # an order of dimensions, and a shape with three
    right: tuple = ()
    shape: tuple = ()
    order: tuple = ()


class _Plan(NamedTuple):
    """What to do with operands of given shapes."""

    aligned: tuple  # per operand: the pairs of dimensions of diagonals, the dimensions to add, the final order
    products: tuple[_Product, ...]
    sums: tuple[int, ...]  # what is summed at last, if there is one operand
    shape: tuple[int, ...] | None  # the result's, if summed dimensions of size 1 are left over
    matrices: bool  # whether every product is one of matrices


@lru_cache(maxsize=512)
def _plan(equation: str, shapes) -> _Plan:
    left, arrow, right = equation.partition("->")
    ranks = [len(shape) for shape in shapes]
    labels = _inputs(left, ranks)
    order = _order(right if arrow else None, len(left) + 2, labels, ranks)
    sizes = [1] * order.total  # of each dimension, as known so far
    counts = [0] * order.total  # by how many operands it is more than 1
    aligned, full = [], []
    for i, (own, shape) in enumerate(zip(labels, shapes, strict=True)):
        steps, wide = _align(i, own, shape, order, sizes, counts)
        aligned.append(steps)
        full.append(wide)
    products = []
    summed = range(order.of_result, order.total)
    while len(full) > 1:
        product, shape = _multiply(full[0], full[1], summed, counts)
        products.append(product)
        full[:2] = [shape]
    rest = tuple(full[0][: order.of_result]) if products and summed else None
    matrices = bool(products) and all(product.left is not None for product in products)
    return _Plan(tuple(aligned), tuple(products), () if products else tuple(summed), rest, matrices)


def _align(i: int, own, shape, order: _Order, sizes, counts):
    """The steps that bring operand ``i`` into the common order of dimensions, and its shape then."""
    covered = len(shape) - len(own) + 1  # by the ellipsis, if there is one
    shape = list(shape)
    permutation = [-1] * order.total
    diagonals = []
    dim = 0
    for label in own:
        if label == ELLIPSIS:
            for j in range(order.width - covered, order.width):
                place = order.places[ELLIPSIS] + j
                if shape[dim] != 1:
                    if sizes[place] not in (1, shape[dim]):
                        raise RuntimeError(
                            f"einsum(): dimension {dim} covered by ellipsis in operand {i}has size {shape[dim]} which "
                            f"does not broadcast with previously seen ellipsis with size {sizes[place]} for the "
                            "respective dimension"
                        )
                    sizes[place] = shape[dim]
                    counts[place] += 1
                permutation[place] = dim
                dim += 1
            continue
        place = order.places[label]
        if permutation[place] == -1:
            if shape[dim] != 1:
                if sizes[place] not in (1, shape[dim]):
                    raise RuntimeError(
                        f"einsum(): subscript {label} has size {shape[dim]} for operand {i} which does not broadcast "
                        f"with previously seen size {sizes[place]}"
                    )
                sizes[place] = shape[dim]
                counts[place] += 1
            permutation[place] = dim
            dim += 1
        else:
            earlier = permutation[place]
            if shape[dim] != shape[earlier]:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {i} but the sizes don't match, {shape[dim]} "
                    f"!= {shape[earlier]}"
                )
            diagonals.append((earlier, dim, len(shape) - 1))
            del shape[dim]
    added = []
    for place, at in enumerate(permutation):
        if at == -1:
            added.append(dim)
            shape.append(1)
            permutation[place] = dim
            dim += 1
    return (tuple(diagonals), tuple(added), tuple(permutation)), [shape[d] for d in permutation]


def _multiply(a, b, summed, counts):
    """How operands of the aligned shapes ``a`` and ``b`` become one, and its shape."""
    a, b = list(a), list(b)
    both, of_a, of_b = [], [], []
    for dim in summed:
        if a[dim] != 1 and b[dim] != 1:
            counts[dim] -= 1
            if counts[dim] == 1:
                both.append(dim)
                counts[dim] = 0
        elif counts[dim] == 1 and (a[dim] != 1 or b[dim] != 1):
            (of_a if a[dim] != 1 else of_b).append(dim)
            counts[dim] = 0
    for dims, shape in ((of_a, a), (of_b, b)):
        for dim in dims:
            shape[dim] = 1
    sums = tuple(of_a), tuple(of_b)
    if not both:
        return _Product(sums), [y if x == 1 else x for x, y in zip(a, b, strict=True)]
    # Dimensions of both that stay, those of the first alone, those of the second alone.
    batch, own, others = [], [], []
    for dim, (x, y) in enumerate(zip(a, b, strict=True)):
        if dim not in both:
            (batch if x != 1 and y != 1 else own if x != 1 else others).append(dim)
    swapped = bool(own and others) and others[-1] < own[0]
    if swapped:
        a, b, own, others = b, a, others, own
    batches, rows, inner, columns = (
        reduce(mul, [shape[d] for d in dims], 1) for shape, dims in ((a, batch), (a, own), (a, both), (b, others))
    )
    found = [*batch, *own, *both, *others]
    shape = [*[a[d] for d in (*batch, *own)], *[1] * len(both), *[b[d] for d in others]]
    order = [found.index(d) for d in range(len(a))]
    product = _Product(
        sums, swapped,
        ((*batch, *own, *both, *others), (batches, rows, inner)),
        ((*batch, *both, *others, *own), (batches, inner, columns)),
        tuple(shape), tuple(order),
    )  # fmt: skip
    return product, [shape[d] for d in order]


# --- carrying it out ----------------------------------------------------------------------------------------------


def _carry_out(plan: _Plan, tensors):
    aligned = [_aligned(tensor, steps) for tensor, steps in zip(tensors, plan.aligned, strict=True)]
    out = aligned[0]
    for product, other in zip(plan.products, aligned[1:], strict=True):
        sums_of_out, sums_of_other = product.sums
        if sums_of_out:
            out = _summed(out, sums_of_out)
        if sums_of_other:
            other = _summed(other, sums_of_other)
        if product.left is None:
            a, b = out._a, other._a
            out = _mul(out, other)
            if out._a.ndim > 1 and a.shape != b.shape:  # what is of size 1 may have any stride here, and they count
                out._a = laid_out(out._a, _as_converted(a, out._a), _as_converted(b, out._a))
            continue
        if product.swapped:
            out, other = other, out
        left = _reshape_to(_permuted(out, product.left[0]), product.left[1])
        right = _reshape_to(_permuted(other, product.right[0]), product.right[1])
        out = _permuted(_view(_bmm(left, right), product.shape), product.order)
    if plan.sums:
        return _sum(out, plan.sums)
    return out if plan.shape is None else _view(out, plan.shape)


def _summed(tensor, dims):
    out = _sum(tensor, dims, True)
    a = out._a
    if a.size:
        out._a = strided(a, a.shape, contiguous_strides(a.shape, a.itemsize))  # also of what is of size 1
    return out


def _aligned(tensor, steps):
    diagonals, added, order = steps
    for earlier, dim, last in diagonals:
        tensor = view_of_diagonal(tensor, 0, earlier, dim)
        tensor = _permuted(tensor, (*range(earlier), last - 1, *range(earlier, last - 1)))
    for dim in added:
        tensor = _unsqueeze(tensor, dim)
    return _permuted(tensor, order)


def _einsum(equation, tensors, path=None):
    if isinstance(equation, bytes):
        equation = equation.decode("latin-1")
    elif not isinstance(equation, str) or not isinstance(tensors, (tuple, list)) or path is not None:
        raise TypeError("equation")
    else:  # torch counts bytes
        equation = equation if equation.isascii() else equation.encode().decode("latin-1")
    if not tensors:
        raise RuntimeError("einsum(): must provide at least one operand")
    return _carry_out(_plan(equation, tuple([tensor._a.shape for tensor in tensors])), tensors)


_guarded = publish("einsum", "einsum", _einsum, differentiable=("tensors",))


def _letter(number) -> str:
    """The subscript that stands for a number, or for ``...``, in a list of subscripts."""
    if number == Ellipsis:
        return ELLIPSIS
    if number >= 0 and number < 52:
        return chr(ord("A") + number if number < 26 else ord("a") - 26 + number)
    raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")


def einsum(*args):
    """Sums of products, written in subscripts: ``einsum("ij,jk->ik", a, b)`` is the product of two matrices.

    Each letter names a dimension; those of one name have one size, or 1. What is not named behind the arrow is summed;
    without an arrow the result has, in alphabetical order, the letters that occur once. ``...`` stands for any further
    dimensions, which broadcast. A letter twice in one operand means its diagonal. Instead of an equation each operand
    may be followed by a list of numbers: ``einsum(a, [0, 1], b, [1, 2], [0, 2])``. ValueError for too few arguments,
    RuntimeError for what does not fit together. (``torch.einsum``)
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], Tensor):
        equation = ",".join(["".join([_letter(n) for n in subscripts]) for subscripts in args[1::2]])
        operands = args[::2]
        if len(args) % 2 == 1:
            equation += "->" + "".join([_letter(n) for n in args[-1]])
            operands = args[:-1:2]
    else:
        equation, operands = args[0], args[1:]
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        return einsum(equation, *operands[0])
    return _guarded(equation, operands)
