"""``torch.autograd.function``: operators with a backward of their own, written as a subclass of ``Function``.

Users see a node of such an operator as its context (``ctx``), whose attributes the node keeps, so that the context
itself need not last and no cycle arises.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from typing import Any

import numpy as np

from . import packing
from .engine import fit
from .mode import no_grad, state
from .namespaces import TENSORS
from .nodes import (
    INFERENCE,
    Node,
    SeveralOutputs,
    already_freed,
    check_saved_version,
    counter_of,
    new,
    next_sequence,
    not_to_be_saved,
    output_of,
    seen,
)
from .rebasing import Stale, barred, leaf_so_far, rebase, refusal, written

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "once_differentiable"]


# --- contexts -----------------------------------------------------------------------------------------------------


class FunctionCtx:
    """What ``forward`` and ``backward`` of a ``Function`` are given as ``ctx``."""

    __module__ = "torch.autograd.function"

    to_save: tuple | None = None
    dirty_tensors: tuple | None = None
    non_differentiable: tuple | None = None
    materialize_grads = True

    def save_for_backward(self, *tensors) -> None:
        """Keep Tensors (or None) for ``backward``, which finds them in ``saved_tensors``. Call it once at most.

        TypeError after ``forward`` for anything else. (``FunctionCtx.save_for_backward``)
        """
        self.to_save = tensors

    def mark_dirty(self, *args) -> None:
        """Name the inputs that ``forward`` has written in place; it must return them."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args) -> None:
        """Name the outputs that have no gradient; ``backward`` gets zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or None for a gradient that nothing contributed to."""
        self.materialize_grads = value


class BackwardCFunction(FunctionCtx):
    """The node of a ``Function``, as ``grad_fn`` shows it; each ``Function`` has its own subclass."""

    __module__ = "torch.autograd.function"
    __slots__ = ("_node",)
    _forward_cls: type
    _node: FunctionNode

    def apply(self, *args):
        """Call the ``backward`` (or ``vjp``) of the ``Function``."""
        backward, vjp = self._forward_cls.backward, self._forward_cls.vjp
        if backward is not Function.backward and vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return (vjp if vjp is not Function.vjp else backward)(self, *args)

    @property
    def saved_tensors(self) -> tuple:
        """What ``save_for_backward`` was given; RuntimeError once freed, or if it was written in place since."""
        return self._node.unpacked()

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """Per argument of ``forward``, whether it is a Tensor that requires grad."""
        return self._node.needs_input_grad

    @property
    def next_functions(self) -> tuple:
        """As ``Node.next_functions``: one pair per Tensor among the arguments."""
        return self._node.next_functions

    @property
    def metadata(self) -> dict:
        """As ``Node.metadata``."""
        return self._node.metadata

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient is asked for."""
        return True

    def name(self) -> str:
        """The operator's name followed by "Backward"."""
        return type(self).__name__

    def register_hook(self, fn):
        """As ``Node.register_hook``."""
        return self._node.register_hook(fn)

    def register_prehook(self, fn):
        """As ``Node.register_prehook``."""
        return self._node.register_prehook(fn)

    def _sequence_nr(self) -> int:
        return self._node._sequence_nr()


class FunctionNode(SeveralOutputs):
    """The node behind a context. ``saved``: per saved tensor what ``_packed`` makes of it, None once freed."""

    __slots__ = ("attributes", "face_class", "face_known", "needs_input_grad", "operands", "outputs", "tensor_inputs")
    takes_undefined = True

    def face(self):
        """The context, the same one as long as somebody holds it."""
        known = self.face_known() if self.face_known is not None else None
        if known is None:
            known = new(self.face_class)
            known.__dict__ = self.attributes
            known._node = self
            self.face_known = weakref.ref(known)
        return known

    def name(self) -> str:
        return self.face_class.__name__

    def count(self) -> int:
        return len(self.outputs)

    def place(self, number: int) -> Node:
        """What an output's ``_node`` is."""
        return self if len(self.outputs) == 1 else output_of(self, number)

    def unpacked(self) -> tuple:
        if self.saved is None:
            raise already_freed()
        return tuple([None if saved is None else saved(self) for saved in self.saved])

    def release(self) -> None:
        self.saved = None

    def apply(self, gradients) -> list:
        """Run the user's ``backward``; its gradients, one per edge, checked and brought to the operands' shapes."""
        ctx: Any = self.face()
        if ctx.materialize_grads:
            gradients = [
                TENSORS.wrap(np.zeros(*like)) if gradient is None and like is not None else gradient
                for gradient, like in zip(gradients, self.outputs, strict=True)
            ]
        result = ctx.apply(*gradients)
        found = list(result) if isinstance(result, tuple) else [result]
        expected = len(self.tensor_inputs)
        if len(found) > expected and all(value is None for value in found[expected:]):
            found = found[:expected]
        if len(found) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(found)})"
            )
        kept = []
        for position, (value, is_tensor) in enumerate(zip(found, self.tensor_inputs, strict=True), 1):
            if is_tensor:
                if value is not None and not isinstance(value, TENSORS.Tensor):
                    raise RuntimeError(f"expected Variable or None (got {type(value).__name__})")
                kept.append(value)
            elif value is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {position}, but the "
                    "corresponding forward input was not a Variable"
                )
        return self._brought_back(kept)

    def _brought_back(self, gradients) -> list:
        fitted: list = []
        for index, (gradient, operand, edge) in enumerate(zip(gradients, self.operands, self.edges, strict=True)):
            if gradient is None or edge is None:
                fitted.append(None)
                continue
            shape, kind = operand
            extra = gradient._a.ndim - len(shape)
            if extra < 0 or any(n not in (1, m) for n, m in zip(shape, gradient._a.shape[extra:], strict=True)):
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {index} - got "
                    f"{list(gradient._a.shape)} but expected shape compatible with {list(shape)}"
                )
            if gradient._a.dtype.kind not in "f" and (kind.kind == "c") != (gradient._a.dtype.kind == "c"):
                raise RuntimeError(
                    "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, "
                    "but got false.  (Could this error message be improved?  If so, please report an enhancement "
                    "request to PyTorch.)"
                )
            same = gradient._a.shape == shape and gradient._a.dtype == kind
            fitted.append(gradient if same else fit([gradient], [operand], True)[0])
        return fitted

    def arrays(self, grad):
        """As ``apply``, where a write into a view was made by a ``Function``."""
        return [None if g is None else g._a for g in self.apply([TENSORS.wrap(grad)])]

    def tensors(self, grad):
        return self.apply([grad])


# --- functions ----------------------------------------------------------------------------------------------------


class FunctionMeta(type):
    """Gives each ``Function`` the class of its nodes."""

    __module__ = "torch.autograd.function"

    def __init__(cls, name, bases, attrs) -> None:
        members = {"_forward_cls": cls, "__module__": "torch.autograd.function", "__slots__": ()}
        cls._backward_cls = type(name + "Backward", (BackwardCFunction,), members)
        super().__init__(name, bases, attrs)


class Function(metaclass=FunctionMeta):
    """Base class of operators with a backward of their own. (``torch.autograd.Function``)

    A subclass has static methods ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)``; the latter returns as
    many gradients as ``forward`` had arguments, None for those that are not Tensors. With
    ``setup_context(ctx, inputs, output)`` as a third, ``forward`` takes no ``ctx``. It is called by ``apply``.
    """

    __module__ = "torch.autograd.function"
    generate_vmap_rule = False
    _backward_cls: type

    def __init__(self, *args, **kwargs) -> None:
        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args, **kwargs):
        """Compute the operator; to be written by the subclass. Nothing inside is recorded."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Save what ``backward`` needs, where ``forward`` takes no ``ctx``."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Compute the gradients of the arguments from those of the outputs; to be written by the subclass."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @classmethod
    def apply(cls, *args, **kwargs):
        """Call ``forward`` and record the result; the Tensors among ``args`` are its inputs.

        RuntimeError and TypeError in torch's words for what ``forward`` has marked or saved wrongly.
        """
        in_two_steps = cls.setup_context is not Function.setup_context
        if in_two_steps or kwargs:
            first = () if in_two_steps else (None,)
            bound = inspect.signature(cls.forward).bind(*first, *args, **kwargs)
            bound.apply_defaults()
            args = bound.args[len(first) :]
        tensors = [arg for arg in args if isinstance(arg, TENSORS.Tensor)]
        recorded = state.enabled and any(tensor._rg for tensor in tensors)
        node = _new_node(cls, args, tensors, recorded)
        ctx: Any = node.face()
        previous = state.enabled
        state.enabled = False
        try:
            if in_two_steps:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        finally:
            state.enabled = previous
        outputs = output if isinstance(output, tuple) else (output,)
        wrapped = _wrapped(node, ctx, tensors, outputs, recorded, in_two_steps)
        node.saved = _packed(node, ctx) if recorded else ()
        node.attributes.pop("to_save", None)
        return wrapped if isinstance(output, tuple) else wrapped[0]


def _new_node(cls, args, tensors, recorded: bool) -> FunctionNode:
    node: Any = new(FunctionNode)
    node.edges = tuple([(t._node or t) if t._rg else None for t in tensors]) if recorded else ()
    node.saved, node.fixed, node.outputs, node.attributes = (), (), (), {}
    node.sequence = next_sequence()
    node.extra = None
    node.face_class, node.face_known = cls._backward_cls, None
    node.needs_input_grad = tuple([isinstance(arg, TENSORS.Tensor) and arg._rg for arg in args])
    node.tensor_inputs = tuple([isinstance(arg, TENSORS.Tensor) for arg in args])
    node.operands = tuple([(tensor._a.shape, tensor._a.dtype) for tensor in tensors])
    if recorded:
        node._observe()
    return node


def _require_tensors(values, complaint: str) -> tuple:
    for value in values or ():
        if not isinstance(value, TENSORS.Tensor):
            raise RuntimeError(complaint)
    return values or ()


def _wrapped(node, ctx, inputs, outputs, recorded: bool, in_two_steps: bool) -> tuple:
    """The outputs of ``forward`` in their place in the graph."""
    dirty = _require_tensors(ctx.dirty_tensors, "mark_dirty can only accept variables, but argument ")
    for tensor in dirty:
        written(tensor)
    complaint = "mark_non_differentiable only accepts variable arguments, but got "
    constant = {id(tensor) for tensor in _require_tensors(ctx.non_differentiable, complaint)}
    given, modified = {id(tensor) for tensor in inputs}, {id(tensor) for tensor in dirty}
    kept = {id(tensor) for tensor in ctx.to_save or ()} if in_two_steps else set()
    node.outputs = tuple([(o._a.shape, o._a.dtype) if isinstance(o, TENSORS.Tensor) else None for o in outputs])
    wrapped, differentiable = [], 0
    for number, output in enumerate(outputs):
        if not isinstance(output, TENSORS.Tensor):
            wrapped.append(output)
            continue
        follows = recorded and id(output) not in constant and output._a.dtype.kind in "fc"
        is_input, is_modified = id(output) in given, id(output) in modified
        differentiable += follows
        if not follows:
            output = _outside(output, is_input, is_modified)
        elif is_modified:
            _require_rebasable(output, is_input, len(outputs))
            output._grad = output._backward_hooks = None
            rebase(output, node.place(number))
        else:
            if is_input:
                if id(output) in kept:
                    raise RuntimeError(
                        "An input that has been returned as-is as output is being saved for backward. This is not "
                        "supported if you override setup_context. You should return and save a view of the input "
                        "instead, e.g. with x.view_as(x) or setup ctx inside the forward function itself."
                    )
                output = _view_outside(output)
            output._node, output._rg = node.place(number), True
            output._borrowed = False
        if output._base is not None and not (is_input and is_modified):
            output._made = "custom"
        wrapped.append(output)
    if differentiable > 1:
        for output in wrapped:
            if isinstance(output, TENSORS.Tensor) and output._base is not None:
                output._made = "several"
    if not modified <= {id(output) for output in outputs}:
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
            "modified inplace must all be outputs of the Function."
        )
    return tuple(wrapped)


def _view_outside(tensor):
    with no_grad():
        return tensor.view_as(tensor)


def _outside(output, is_input: bool, is_modified: bool):
    """An output that no gradient flows through."""
    if not output._rg:
        return _view_outside(output) if is_input and not is_modified else output
    if is_input:
        return output.detach()
    return output if output._base is not None else output.detach_()


_NO_INPUT = (
    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be "
    "passed to ctx.mark_dirty()."
)
_NO_INPUT_AT = "/__w/pytorch/pytorch/torch/csrc/autograd/custom_function.cpp:320"


def _require_rebasable(output, is_input: bool, count: int) -> None:
    if output._rg and leaf_so_far(output):
        raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
    if not is_input:
        if output._base is not None:
            raise RuntimeError(_NO_INPUT)
        from .._warnings import warn

        warn(f"{_NO_INPUT} (Triggered internally at {_NO_INPUT_AT}.)", once=True)
    if output._base is not None and count > 1:
        raise RuntimeError(
            "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return "
            "more than one Tensor. This is not supported by the current autograd engine. You should either make sure "
            "the input is not a view (using .clone() for example) or make your Function only return one Tensor "
            "(potentially splitting it into two Functions: one doing the inplace that returns a single Tensor and a "
            "second one that does the other operations). You can ask on the forum https://discuss.pytorch.org/ if you "
            "need help to do this change."
        )
    if output._base is not None and barred(output):
        node = output._node
        raise refusal(output, node.fixed[1] if type(node) is Stale else node, indirectly=False)
    if output._rg and output._base is not None and output._base._node is None:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")


# --- saved tensors ------------------------------------------------------------------------------------------------


def _packed(node: FunctionNode, ctx) -> tuple:
    saved: list = []
    for index, tensor in enumerate(ctx.to_save or ()):
        if tensor is None:
            saved.append(None)
        elif not isinstance(tensor, TENSORS.Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {index} is of type {type(tensor).__name__}"
            )
        else:
            if tensor._vc is INFERENCE:
                raise not_to_be_saved()
            saved.append(_kept(node, tensor))
    return tuple(saved)


def _kept(node: FunctionNode, tensor):
    """A function of the node that gives back what was saved; an output is saved without its node, or a cycle arises."""
    if packing.hooks.stack:
        stand_in = packing.packed(node, 0, tensor, *packing.hooks.stack[-1])
        return lambda node: stand_in.unpacked()
    place = tensor._node
    counter = counter_of(tensor)
    version = counter.value
    if place is None or seen(place)[0] is not node.face():

        def original(node):
            check_saved_version(node, tensor, version)
            return tensor

        return original
    array, number, base = tensor._a, seen(place)[1], tensor._base

    def output(node):
        again = TENSORS.wrap(array)
        again._vc, again._base = counter, base
        again._node, again._rg = node.place(number), True
        check_saved_version(node, again, version)
        return again

    return output


# --- once differentiable ------------------------------------------------------------------------------------------


class Error(Node):
    """The node of a gradient that cannot be differentiated again; only running it is an error."""

    __slots__ = ()
    __module__ = "builtins"

    def arrays(self, grad):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

    tensors = arrays


def once_differentiable(fn):
    """Decorator of a ``backward`` that cannot itself be differentiated: doing so is a RuntimeError.

    (``torch.autograd.function.once_differentiable``)
    """

    @functools.wraps(fn)
    def wrapper(ctx, *args):
        with no_grad():
            outputs = fn(ctx, *args)
        if not state.enabled or not any(isinstance(arg, TENSORS.Tensor) and arg._rg for arg in args):
            return outputs
        found = tuple([_undifferentiable(value) for value in (outputs if isinstance(outputs, tuple) else (outputs,))])
        return found if len(found) > 1 else found[0]

    return wrapper


def _undifferentiable(value):
    if value is None:
        return None
    alias = value.detach()
    alias.requires_grad = True
    node: Any = new(Error)
    node.edges, node.saved, node.fixed, node.extra = (alias,), (), (), None
    node.sequence = next_sequence()
    out = value.detach()
    out._node, out._rg = node, True
    return out
