"""In-place writes in the graph: what they give the tensor, its base and the other views of its memory.

A recorded write into a view makes its base the output of a ``CopySlices``. Every view of written memory needs a new
origin, ``AsStridedBackward0`` of its base as it is now: it is made when somebody asks, and ``Stale`` stands for it
until then.
"""

from __future__ import annotations

import weakref

from numpy import empty, ndarray

from .._layout import refuse_overlap
from .._mirror import reflect
from .mode import state
from .namespaces import ARRAYS, TENSORS
from .nodes import (
    INFERENCE,
    Node,
    already_freed,
    counter_of,
    extra_of,
    move_retained,
    new,
    next_sequence,
    plain_name,
    seen,
)
from .packing import hooks, write_ends

# --- which tensors see a memory -----------------------------------------------------------------------------------


def follow(counter, view) -> None:
    """Let ``view`` hear of writes into its memory."""
    if counter.views is None:
        if counter is not INFERENCE:
            counter.views = [weakref.ref(view)]
        return
    counter.views.append(weakref.ref(view))
    prune(counter)


def prune(counter) -> None:
    """Forget views that are gone, each time their number has doubled."""
    count = len(counter.views)
    if count >= 32 and not count & (count - 1):
        counter.views = [ref for ref in counter.views if ref() is not None]


def written(tensor) -> None:
    """Count a write into the tensor's memory."""
    counter = tensor._vc or counter_of(tensor)
    counter.value += 1
    if counter.views is not None:
        outdate(counter)
        if counter.mirrors is not None:
            reflect(tensor._root, counter.mirrors)


def outdate(counter) -> None:
    """Tell the views of a memory that it was written: the graph they came by is no longer theirs."""
    alive = []
    for ref in counter.views:
        view = ref()
        if view is None:
            continue
        alive.append(ref)
        if view._node is None and not view._base._rg:
            view._outdated = True
        elif type(view._node) is not Stale:
            _make_stale(view, ref)
    counter.views = alive or (None if counter.mirrors is None else alive)


def lend(base) -> None:
    """Tell the views of ``base`` that it begins or ceases to require grad by itself: they do as it does."""
    for ref in base._vc.views or ():
        view = ref()
        if view is None or view._base is not base:
            continue
        if base._rg:
            if view._node is None:
                view._borrowed = view._borrowed or not view._rg
                view._rg = True
                if view._outdated:
                    _make_stale(view, ref)
        elif type(view._node) is Stale and view._node.fixed[1] is None:
            view._node, view._rg, view._outdated = None, False, True
        elif view._borrowed:
            if view._node is not None:
                view._node, view._outdated = None, True
            view._rg = False  # while it stays no leaf of the graphs there are


def _make_stale(view, ref) -> None:
    stale = new(Stale)
    stale.edges, stale.saved, stale.extra, stale.sequence = (), (), None, 0
    stale.fixed = (ref, view._node)
    view._node, view._rg = stale, True


class Stale(Node):
    """Stands for the origin of a view whose memory was written since, and becomes it when asked for its truth.

    That is done by ``tensor._node or tensor`` wherever an operator records. ``fixed``: weak reference to the view, and
    the node it had.
    """

    __slots__ = ("__weakref__",)

    def __bool__(self) -> bool:
        from . import anomaly_mode

        ref, before = self.fixed
        view = ref()
        if barred(view):
            raise refusal(view, before, indirectly=True)
        if before is not None:
            move_retained(view, before, self)
        base = view._base
        if view._made and base._rg:
            node = led(base, way_to(view))._node
            self.edges, self.saved, self.fixed, self.extra = node.edges, node.saved, node.fixed, node.extra
            self.sequence = next_sequence()
            self.__class__ = type(node)
        else:
            self.edges = ((base._node or base) if base._rg else None,)
            self.sequence = next_sequence()
            self.fixed = (geometry(base), geometry(view), offset(base, view), (view.stride(), view.storage_offset()))
            self.__class__ = AsStridedBackward0  # type: ignore[assignment]
        if anomaly_mode.state.enabled:
            anomaly_mode.note(self)
        view._borrowed = view._outdated = False
        view._backward_hooks = None
        return True

    def output(self) -> int:
        """Which output of the node it had the view was."""
        before = self.fixed[1]
        return 0 if before is None else seen(before)[1]


def origin_so_far(tensor):
    """The node that made the tensor, as the parts of torch see it that do not ask for a new origin; None for a leaf."""
    node = tensor._node
    return node.fixed[1] if type(node) is Stale else node


def leaf_so_far(tensor) -> bool:
    return origin_so_far(tensor) is None


# --- views whose elements are not those of their base -------------------------------------------------------------


class Way(str):
    """``_made`` of such a view and of views of it: ``steps``, functions of tensors, lead from the base to ``array``."""

    steps: tuple
    array: ndarray


def barred(view) -> bool:
    """Whether writes into the view cannot be recorded."""
    return type(view._made) is str and view._made != ""


def farther(view) -> Way:
    """``_made`` of views of a view that has come by a ``Way``."""
    if view._made.array is view._a:
        return view._made
    way = Way(view._made)
    way.steps, way.array = way_to(view), view._a
    return way


def way_to(view) -> tuple:
    """The functions that make of the view's base, one after the other, the view."""
    made = view._made
    if type(made) is not Way:
        start, of = view._base._a, ()
    elif made.array is view._a:
        return made.steps
    else:
        start, of = made.array, made.steps
    shape, strides = _in_elements(geometry(view), view._a.itemsize)
    distance = (_address(view._a) - _address(start)) // view._a.itemsize if view._a.size else 0
    # Without elements a place says nothing.
    return *of, lambda tensor: TENSORS.as_strided(tensor, shape, strides, max(tensor.storage_offset() + distance, 0))


def led(tensor, steps):
    """What ``steps`` make of ``tensor``, recorded whatever the mode is."""
    enabled, state.enabled = state.enabled, True
    try:
        for step in steps:
            tensor = step(tensor)
    finally:
        state.enabled = enabled
    return tensor


# --- what torch refuses -------------------------------------------------------------------------------------------

_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
    "the view and the inplace either both inside the {mode} block (if you don't want the inplace to be tracked) or "
    "both outside (if you want the inplace to be tracked)."
)
_REASONS = {
    "no_grad": _AMBIGUOUS.format(mode="no_grad"),
    "inference": _AMBIGUOUS.format(mode="inference_mode"),
    "several": (
        "This view is the output of a function that returns multiple views. Such functions do not allow the output "
        "views to be modified inplace. You should replace the inplace operation by an out-of-place one."
    ),
    "custom": (
        "This view was created inside a custom Function (or because an input was returned as-is) and the autograd "
        "logic to handle view+inplace would override the custom backward associated with the custom Function, leading "
        "to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom "
        "Function."
    ),
}


def refusal(view, node, indirectly: bool) -> RuntimeError:
    """What torch says to a recorded write into a view, or into its base, that it cannot follow."""
    what = "its base or another view of its base has been" if indirectly else "is being"
    mode = "inference" if view._made == "inference" else "no_grad"
    where = "in normal mode" if mode == "inference" else "with grad mode enabled"
    if node is None:
        start = f"A view was created in {mode} mode and {what} modified inplace {where}."
        return RuntimeError(f"{start} {_REASONS[view._made]}")
    node, number = seen(node)
    start = f"Output {number} of {plain_name(node)} is a view "
    if view._made in ("no_grad", "inference"):
        start += f"of a view which was created in {mode} mode and {what} modified inplace {where}."
    else:
        start += f"and {what} modified inplace."
    return RuntimeError(f"{start} {_REASONS[view._made]}")


def require_writable(tensor) -> None:
    """RuntimeError in torch's words unless a write into ``tensor`` can be recorded."""
    base = tensor._base
    if base is not None and tensor._vc is not INFERENCE:
        if barred(tensor):
            node = tensor._node
            raise _after_arguments(refusal(tensor, node.fixed[1] if type(node) is Stale else node, indirectly=False))
        if tensor._rg and base._node is None:
            which = "a view of a leaf Variable"
            raise _after_arguments(RuntimeError(_IN_PLACE.format(which)))
    if tensor._rg and leaf_so_far(tensor):
        raise _after_arguments(RuntimeError(_IN_PLACE.format("a leaf Variable")))


_IN_PLACE = "{} that requires grad is being used in an in-place operation."


def _after_arguments(error: RuntimeError) -> RuntimeError:
    """An error before which torch has looked at the operator's arguments, but not at where they came from."""
    error.after_arguments = error.before_origins = True
    return error


# --- the new origin -----------------------------------------------------------------------------------------------


def rebase(tensor, node) -> None:
    """Make ``tensor``, whose memory was just written and counted as such, the output of ``node``."""
    base = tensor._base
    if base is None:
        before = tensor._node
        if tensor._backward_hooks is not None:
            tensor._backward_hooks = None
        tensor._node, tensor._rg = node, True
        if before is not None or tensor._retained:
            move_retained(tensor, before, node)
        if tensor._vc.views is not None:
            outdate(tensor._vc)
        if hooks.stack:
            write_ends(node, tensor)
        return
    slices = new(CopySlices)
    slices.edges = ((base._node or base) if base._rg else None, *node.edges[1:])
    slices.saved = (node,)
    steps = way_to(tensor) if type(tensor._made) is Way else None
    slices.fixed = (geometry(base), geometry(tensor), offset(base, tensor) if steps is None else steps)
    slices.sequence = next_sequence()
    slices.extra = None
    if node.extra is not None and node.extra.operands is not None:
        extra_of(slices).operands = (None, *node.extra.operands[1:])
    move_retained(base, base._node, slices)
    base._backward_hooks = None
    base._node, base._rg = slices, True
    outdate(tensor._vc)
    bool(tensor._node)
    if hooks.stack:
        write_ends(node, tensor)


def geometry(tensor) -> tuple:
    """Shape and strides, in bytes."""
    return tensor._a.shape, tensor._a.strides


def offset(base, view) -> int:
    """How many bytes after the first element of ``base`` that of ``view`` lies."""
    return _address(view._a) - _address(base._a)


def _address(array: ndarray) -> int:
    return array.__array_interface__["data"][0]


def blank(shape, strides, dtype) -> tuple[ndarray, ndarray]:
    """Fresh memory, and an array of this geometry in it."""
    last = sum([(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]) if 0 not in shape else 0
    memory = empty(last // dtype.itemsize + 1, dtype)
    return memory, ndarray(shape, dtype, memory, 0, strides)


class CopySlices(Node):
    """Of a base into a view of which was written. ``saved``: the node of that write, ``fixed``: base, view, offset."""

    __slots__ = ()
    __module__ = "builtins"

    def _write(self) -> Node:
        if self.saved is None:
            raise already_freed()
        return self.saved[0]

    def arrays(self, grad):
        node, (base, view, start) = self._write(), self.fixed
        memory, result = blank(*base, grad.dtype)
        refuse_overlap(result, ())
        result[...] = grad
        if type(start) is tuple:
            whole = TENSORS.wrap(result)
            copy = led(whole, start)
            first, *others = gradients_of(node, copy._a.copy(), ARRAYS)
            if first is not None:
                TENSORS.copy_(copy, TENSORS.wrap(first))
            return (None if first is None or self.edges[0] is None else whole._a, *others)
        part = ndarray(view[0], grad.dtype, memory, start, view[1])
        first, *others = gradients_of(node, part.copy(), ARRAYS)
        if first is not None:
            refuse_overlap(part, ())
            part[...] = first
        return (None if first is None or self.edges[0] is None else result, *others)

    def tensors(self, grad):
        node, (base, view, start) = self._write(), self.fixed
        size = grad._a.itemsize
        result = TENSORS.wrap(blank(*base, grad._a.dtype)[1])
        TENSORS.copy_(result, grad)
        if type(start) is tuple:
            part = led(result, start)
        else:
            part = TENSORS.as_strided(result, *_in_elements(view, size), start // size)
        first, *others = gradients_of(node, TENSORS.clone(part), TENSORS)
        if first is not None:
            TENSORS.copy_(part, first)
        return (None if first is None or self.edges[0] is None else result, *others)


def gradients_of(node, grad, space):
    """The gradients of one node, the first brought back to shape and dtype of its operand."""
    gradients = node.arrays(grad) if space is ARRAYS else node.tensors(grad)
    if node.extra is not None and node.extra.operands is not None:
        from .engine import fit

        return (*fit(gradients[:1], node.extra.operands[:1], space is TENSORS), *gradients[1:])
    return gradients


def _in_elements(geometry, size: int) -> tuple:
    shape, strides = geometry
    return shape, tuple([stride // size for stride in strides])


class AsStridedBackward0(Node):
    """Of a view by shape and strides.

    ``fixed``: geometry of what it is a view of, its own, bytes in between, and stride and offset as PyTorch shows them.
    """

    __slots__ = ("__weakref__",)
    __module__ = "builtins"
    _saved_size = property(lambda self: self.fixed[1][0])
    _saved_stride = property(lambda self: self.fixed[3][0])
    _saved_storage_offset = property(lambda self: self.fixed[3][1])

    def _memory(self, size: int) -> tuple[int, int, int]:
        """How many elements the memory of both has, and where in it either begins."""
        base, view, start, _ = self.fixed
        first = max(-start, 0), max(start, 0)
        ends = [at + _extent(*shape_and_strides) for at, shape_and_strides in zip(first, (base, view), strict=True)]
        return max(ends) // size + 1, first[0] // size, first[1] // size

    def arrays(self, grad):
        if self.edges[0] is None:
            return (None,)
        base, view, *_ = self.fixed
        size = grad.itemsize
        count, of_base, of_view = self._memory(size)
        memory = ARRAYS.zeros((count,), grad.dtype)
        _scatter(memory, of_view, view, grad)
        if _overlaps(*base):
            times = ARRAYS.zeros((count,), grad.dtype)
            _scatter(times, of_base, base, 1)
            memory /= times
        return (ndarray(base[0], grad.dtype, memory, of_base * size, base[1]),)

    def tensors(self, grad):
        if self.edges[0] is None:
            return (None,)
        base, view, *_ = self.fixed
        size = grad._a.itemsize
        count, of_base, of_view = self._memory(size)
        if 0 in view[0]:
            return (TENSORS.wrap(ARRAYS.zeros(base[0], grad._a.dtype)),)
        if _overlaps(*base) or _overlaps(*view):
            raise NotImplementedError("shimtorch does not offer the second derivative of as_strided with overlaps")
        memory = TENSORS.wrap(ARRAYS.zeros((count,), grad._a.dtype))
        kept = [place for place, wide in enumerate(view[0]) if wide != 1]
        for place in reversed(range(len(view[0]))):
            if view[0][place] == 1:
                grad = TENSORS.squeeze(grad, place)
        view = tuple([tuple([aspect[place] for place in kept]) for aspect in view])
        TENSORS.copy_(TENSORS.as_strided(memory, *_in_elements(view, size), of_view), grad)
        return (TENSORS.as_strided(memory, *_in_elements(base, size), of_base),)


def _extent(shape, strides) -> int:
    return 0 if 0 in shape else sum([(size - 1) * stride for size, stride in zip(shape, strides, strict=True)])


def _overlaps(shape, strides) -> bool:
    """Whether several places may share an element, as far as torch looks for it."""
    reach = 0
    for stride, size in sorted([(stride, size) for stride, size in zip(strides, shape, strict=True) if size > 1]):
        if stride <= reach:
            return True
        reach += stride * (size - 1)
    return False


def _scatter(memory, start, geometry, values) -> None:
    """Add ``values`` up where the geometry says they lie; only overlapping ones need adding."""
    shape, strides = geometry
    size = memory.itemsize
    if not _overlaps(shape, strides):
        ndarray(shape, memory.dtype, memory, start * size, strides)[...] = values
        return
    from numpy import add, arange

    places = arange(memory.size)
    wide = tuple([stride // size * places.itemsize for stride in strides])
    add.at(memory, ndarray(shape, places.dtype, places, start * places.itemsize, wide), values)
