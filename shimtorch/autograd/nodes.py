"""The recorded graph: nodes, edges and what nodes save.

An edge leads to a ``Node``, to a leaf ``Tensor`` that requires grad (its ``AccumulateGrad`` is made only
when somebody looks), or is None.
"""

from __future__ import annotations

import itertools
import re
import weakref
from typing import Any

from .mode import state
from .namespaces import TENSORS

# Falls by one per node, so that the newest node is first out of a min-heap.
next_sequence = itertools.count(0, -1).__next__
new = object.__new__


_IN_NAMESPACE = {"AccumulateGrad", "CopyBackwards", "CopySlices", "Error", "NotImplemented"}


class VersionCounter:
    """How often a memory was written in place; shared by all tensors that see the memory."""

    __slots__ = ("mirrors", "root", "value", "views")

    def __init__(self, root=None) -> None:
        self.value = 0
        self.root = root  # the array whose first element is the first of the memory
        self.views: list | None = None  # weak references to the views of a base that requires grad
        self.mirrors: list | None = None  # weak references to what holds conjugates of the memory


class _Unversioned(VersionCounter):
    """Stands for the version counter of every tensor made in inference mode."""

    __slots__ = ()
    root = None
    views = None
    mirrors = None

    @property
    def value(self) -> int:
        return 0

    @value.setter
    def value(self, value: int) -> None:  # as in torch, only after the memory was written
        if not state.inference:
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
                "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more "
                "details."
            )


INFERENCE = object.__new__(_Unversioned)


class Extra:
    """What few nodes need: version checks, operand shapes and dtypes that gradients must be brought back to, hooks."""

    operands: tuple | None = None  # per edge: None or (shape, numpy dtype)
    versions: tuple[int, ...] | None = None  # per saved tensor: its version when it was saved
    result_counter: Any = None  # (counter, version) of a saved result; counters by place where several are
    result_view: weakref.ref | None = None  # to the origin of the view that the result was written into
    observed = False  # whether gradients must come as ``observed.run`` has them come
    tensor_hooks: list | None = None  # pairs of output number and the hooks of that output, by handle
    pre_hooks: dict | None = None
    post_hooks: dict | None = None
    metadata: dict | None = None
    retained: weakref.ref | None = None  # to the output whose grad is kept


_ENGINE = (
    "__slots__", "_check_output", "_gradients", "_kept", "_memory", "_observe", "_with_unpacked",
    "_write", "apply", "arrays", "count", "face", "fixed_names",
    "formula", "output", "outputs", "own", "place", "place_of", "release", "require_saved",
    "saved", "saved_names", "saved_output", "saves_list", "takes_undefined", "tensors", "to", "unpacked",
    "whole",
)  # fmt: skip


class Node:
    """One recorded operation (``grad_fn``): its gradient function and its edges."""

    __slots__ = ("edges", "extra", "fixed", "saved", "sequence")
    __module__ = "builtins"
    edges: tuple
    extra: Extra | None
    fixed: Any
    saved: Any
    sequence: int
    saved_names: tuple[str, ...] = ()
    saves_list = False  # whether ``saved`` holds as many tensors as there happen to be
    takes_undefined = False  # whether it is to be run by ``apply``, with Tensors and None

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        if cls.saved_names or cls.fixed_names:
            from .saved import publish_saved

            publish_saved(cls)

    fixed_names: tuple[str, ...] = ()

    def name(self) -> str:
        """The operation's name, as ``Node.name`` in torch."""
        name = type(self).__name__
        return "torch::autograd::" + name if name in _IN_NAMESPACE else name

    @property
    def next_functions(self) -> tuple:
        """Pairs (node, output number), one per input; (None, 0) for an input that needs no gradient."""
        return tuple([seen(edge) for edge in self.edges])

    @property
    def requires_grad(self) -> bool:
        """Always True: what requires no gradient makes no node."""
        return True

    @property
    def metadata(self) -> dict:
        """A dictionary for notes about this node; anomaly mode keeps the forward call's traceback in it."""
        extra = extra_of(self)
        if extra.metadata is None:
            extra.metadata = {}
        return extra.metadata

    def register_hook(self, fn):
        """Call ``fn(grad_inputs, grad_outputs)`` after the node has run; what it returns replaces ``grad_inputs``.

        Both are tuples of Tensors and None. Returns a handle whose ``remove()`` takes the hook away.
        (``torch.autograd.graph.Node.register_hook``)
        """
        from ..utils.hooks import OrderedDict, added

        extra = extra_of(self)
        if extra.post_hooks is None:
            extra.post_hooks = OrderedDict()
        self._observe()
        return added(extra.post_hooks, fn)

    def register_prehook(self, fn):
        """Call ``fn(grad_outputs)`` before the node runs; the tuple it returns replaces ``grad_outputs``.

        Returns a handle whose ``remove()`` takes the hook away. (``torch.autograd.graph.Node.register_prehook``)
        """
        from ..utils.hooks import OrderedDict, added

        extra = extra_of(self)
        if extra.pre_hooks is None:
            extra.pre_hooks = OrderedDict()
        self._observe()
        return added(extra.pre_hooks, fn)

    def _observe(self) -> None:
        extra_of(self).observed = True

    def _sequence_nr(self) -> int:
        return -self.sequence

    def __dir__(self):
        hidden = {*_ENGINE, *(name for cls in type(self).__mro__ for name in cls.__dict__.get("__slots__", ()))}
        return [name for name in super().__dir__() if name not in hidden]

    def __call__(self, *grads):
        from . import engine

        return engine.call_node(self, grads)

    def face(self):
        """What users see of it."""
        return self

    def require_saved(self) -> None:
        """RuntimeError unless what was saved is still there and unchanged."""
        if self.saved is None:
            raise already_freed()
        names = self.saved_names if len(self.saved_names) == len(self.saved) else ("",) * len(self.saved)
        for index in sorted(range(len(names)), key=lambda index: (names[index] == "result", names[index])):
            if names[index] == "result":
                if self.extra is not None:
                    check_result_version(self, self.saved[index])
            elif getattr(self.saved[index], "_vc", None) is not None:
                check_version(self, index)

    def whole(self):
        """What computes the gradients of all operands of a list, whether they are needed or not, as torch does."""
        return self

    def place_of(self, index: int):
        """The origin of the node's own output that is saved at ``index``."""
        return self

    def release(self) -> None:
        """Let go of what was saved."""
        if self.saved:
            self.saved = None


class AccumulateGrad(Node):
    """The end of the graph at a leaf: adds what arrives to ``variable.grad``. The leaf keeps its ``extra``, if any."""

    __slots__ = ("__weakref__", "variable")
    __module__ = "builtins"

    def __init__(self, variable) -> None:
        self.variable = variable
        self.edges, self.saved, self.extra = (), (), variable._accumulator_extra
        self.sequence = -(2**64 - 1)

    def _observe(self) -> None:
        from .observed import hook_leaf

        self.variable._accumulator_extra = extra_of(self)
        hook_leaf(self.variable)

    def __call__(self, *grads) -> tuple:
        from . import engine

        engine.require_tensors(grads, 1)
        if grads[0] is not None:
            engine.accumulate_tensor(self.variable, grads[0])
        return ()


class Arrived:
    """Gradients that have arrived at outputs of a node of several, by output number: they add up until it runs."""

    __slots__ = ("by_output",)

    def __init__(self, by_output: dict) -> None:
        self.by_output = by_output

    def __add__(self, other: Arrived) -> Arrived:
        merged = dict(self.by_output)
        for number, gradient in other.by_output.items():
            merged[number] = merged[number] + gradient if number in merged else gradient
        return Arrived(merged)


class OutputNode(Node):
    """Stands, inside the engine only, between a node of several outputs and its output number ``fixed``."""

    __slots__ = ()

    def arrays(self, grad):
        return (Arrived({self.fixed: grad}),)

    tensors = arrays

    def name(self) -> str:
        """The name of the node whose output it is."""
        return self.edges[0].name()


class Passage(OutputNode):
    """Stands, inside the engine only, for a leaf where another tensor takes the leaf's place."""

    __slots__ = ()

    def arrays(self, grad):
        return (grad,)

    tensors = arrays

    @staticmethod
    def to(leaf) -> Passage:
        """The one to ``leaf``."""
        passage = new(Passage)
        passage.edges, passage.saved, passage.fixed, passage.extra = (leaf,), (), 0, None
        passage.sequence = next_sequence()
        return passage


class SeveralOutputs(Node):
    """A node of several outputs: ``arrays`` and ``tensors`` of its subclasses take what has ``Arrived``."""

    __slots__ = ()

    def count(self) -> int:
        """The number of outputs."""
        raise NotImplementedError


def output_of(node, number: int) -> OutputNode:
    """What stands for output ``number`` of a node of several outputs."""
    output = new(OutputNode)
    output.edges = (node,)
    output.saved = ()
    output.fixed = number
    output.sequence = next_sequence()
    output.extra = None
    return output


def underivable(operator: str) -> type:
    """The Node subclass of an operator without derivative: only running it is an error."""

    def refuse(node, grad):
        raise RuntimeError(f"derivative for aten::{operator} is not implemented")

    members = {
        "__slots__": (), "__module__": "builtins", "arrays": refuse, "tensors": refuse,
        "_sequence_nr": lambda node: 2**64 - 1,  # before all others, if it were run
    }  # fmt: skip
    return type("NotImplemented", (Node,), members)


def seen(edge) -> tuple:
    """The edge as users see it: the function it leads to, and which of its outputs."""
    if isinstance(edge, OutputNode):
        return function_of(edge.edges[0]), edge.fixed
    return function_of(edge), 0


def function_of(edge):
    """The grad_fn-like object an edge leads to; the same one as long as somebody holds it."""
    if edge is None:
        return None
    if isinstance(edge, Node):
        return edge.face()
    if edge._borrowed:
        return None
    found = None if edge._accumulator is None else edge._accumulator()
    if found is None:
        found = AccumulateGrad(edge)
        edge._accumulator = weakref.ref(found)
    return found


def counter_of(tensor) -> VersionCounter:
    """The tensor's version counter, made when it is first needed."""
    counter = tensor._vc
    if counter is None:
        node = tensor._node
        if node is not None and "result" in node.saved_names and _is_result(tensor, node):
            extra = extra_of(node)
            if extra.result_counter is None:
                extra.result_counter = (VersionCounter(tensor._a), 0)
            counter = tensor._vc = extra.result_counter[0]
        else:
            counter = tensor._vc = VersionCounter(tensor._a)
    return counter


def _is_result(tensor, node) -> bool:
    """Whether the tensor is what ``node`` saved as its result, not a copy of it."""
    saved = getattr(node, "saved", None)  # while that is being packed there is none yet
    return saved is not None and saved[node.saved_names.index("result")] is tensor._a


def move_retained(before, node) -> None:
    """Let ``node``, which an in-place write makes a tensor's new origin, keep the gradient its old one was to."""
    extra = before.extra if before is not None else None
    if extra is not None and extra.retained is not None:
        extra_of(node).retained, extra.retained = extra.retained, None


def extra_of(node) -> Extra:
    if node.extra is None:
        node.extra = Extra()
    return node.extra


def note_versions(node) -> None:
    """Remember the versions of the saved tensors that were written in place before."""
    for saved in node.saved:
        counter = getattr(saved, "_vc", None)
        if counter is not None and (counter.value or counter is INFERENCE):
            counters = [getattr(saved, "_vc", None) for saved in node.saved]
            if INFERENCE in counters:
                raise not_to_be_saved()
            extra_of(node).versions = tuple([0 if counter is None else counter.value for counter in counters])
            return


def not_to_be_saved() -> RuntimeError:
    return RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it "
        "in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


def already_freed() -> RuntimeError:
    return RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have "
        "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
        "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
        "if you need to access saved tensors after calling backward."
    )


_LEGACY_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
    "float16": "Half", "float32": "Float", "float64": "Double",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip


_BACKWARD = re.compile(r"Backward(\d*)$")


def _number(suffix: re.Match) -> str:
    return suffix[1] if suffix[1] != "0" else ""


def plain_name(node) -> str:
    """What torch's messages call a node's operation: "Split" for SplitBackward0."""
    return _BACKWARD.sub(_number, node.name())


def type_name(array) -> str:
    """What torch's messages call the type of a tensor of this array."""
    kind = _LEGACY_NAMES[array.dtype.name]
    return f"torch.{kind}Tensor" if array.dtype.kind in "iuf" else f"CPU{kind}Type"


def _modified(array, producer, now: int, then: int) -> RuntimeError:
    from .anomaly_mode import state

    hint = (
        "the backtrace further above shows the operation that failed to compute its gradient. The variable in question "
        "was changed in there or anywhere later. Good luck!"
        if state.enabled
        else "enable anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )
    origin = ""
    if producer is not None:
        node, number = seen(producer)
        origin = f", which is output {number} of {plain_name(node)},"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{type_name(array)} {list(array.shape)}]{origin} is at version {now}; expected version {then} instead. "
        f"Hint: {hint}"
    )


def check_version(node, index: int) -> None:
    """RuntimeError if the saved tensor at ``index`` was written in place since; called only where a counter exists."""
    versions = node.extra.versions if node.extra is not None else None
    check_saved_version(node, node.saved[index], 0 if versions is None else versions[index])


def check_saved_version(node, tensor, then: int) -> None:
    """RuntimeError if a tensor saved by ``node`` at version ``then`` was written in place or detached since."""
    if tensor._detached is not None and tensor._detached < node.sequence and tensor._node is None:
        raise RuntimeError(
            "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not supported, "
            "please use out-of-place `.detach()` instead"
        )
    if tensor._vc.value != then:
        raise _modified(tensor._a, tensor._node or None, tensor._vc.value, then)


def origin_of_result(node):
    """The node whose output the saved result is: that of the view it was written into as long as there is one."""
    known = node.extra.result_view if node.extra is not None else None
    return (None if known is None else known()) or node


def saved_result(node, array):
    """The node's own output as a Tensor again; nodes save the bare array so that no cycle keeps them alive."""
    tensor = TENSORS.wrap(array)
    tensor._node, tensor._rg = origin_of_result(node), True
    extra = extra_of(node)
    if extra.result_counter is None:
        extra.result_counter = (VersionCounter(array), 0)
    tensor._vc = extra.result_counter[0]
    return tensor


def check_result_version(node, array) -> None:
    """RuntimeError if the saved result was written in place since."""
    known = node.extra.result_counter
    if known is not None and known[0] is not INFERENCE and known[0].value != known[1]:
        raise _modified(array, origin_of_result(node), known[0].value, known[1])
