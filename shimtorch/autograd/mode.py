"""Grad mode: whether operators record. One flag per thread, as in torch."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import warnings


class _State(threading.local):
    enabled = True
    inference = False  # then nothing records, whatever was asked for
    asked = False  # whether enable_grad was asked for in inference mode


state = _State()


def is_grad_enabled() -> bool:
    """Whether operators record a graph in this thread (``torch.is_grad_enabled``)."""
    return state.enabled or state.asked


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode (``torch.is_inference_mode_enabled``)."""
    return state.inference


def _set(wanted: bool) -> None:
    state.enabled = wanted and not state.inference
    state.asked = wanted and state.inference


class _GradMode:
    """A context manager that is also a decorator, for functions and generator functions."""

    __module__ = "torch.autograd.grad_mode"
    _wanted: bool

    def __enter__(self) -> None:
        self.prev = state.enabled or state.asked
        _set(self._wanted)

    def __exit__(self, *exc_info: object) -> None:
        _set(self.prev)

    def clone(self):
        """A fresh context of the same kind."""
        return type(self)()

    def __call__(self, orig_func):
        if inspect.isclass(orig_func):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. "
                "You should only decorate functions or methods. To preserve the current behavior of class "
                "decoration, you can directly decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
        elif inspect.isgeneratorfunction(orig_func):
            return _around_generator(self.clone, orig_func)

        def wrapped(*args, **kwargs):
            with self.clone():
                return orig_func(*args, **kwargs)

        return wrapped if inspect.isclass(orig_func) else functools.wraps(orig_func)(wrapped)


def _around_generator(context, function):
    """The mode holds while the generator's body runs, never while its consumer does."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        generator = function(*args, **kwargs)
        resume = functools.partial(generator.send, None)
        while True:
            try:
                with context():
                    item = resume()
            except StopIteration as stop:
                return stop.value
            try:
                resume = functools.partial(generator.send, (yield item))
            except GeneratorExit:
                with context():
                    generator.close()
                raise
            except BaseException as error:
                resume = functools.partial(generator.throw, error)

    return wrapped


class _BareDecorator(_GradMode):
    def __new__(cls, orig_func=None):
        self = object.__new__(cls)
        return self if orig_func is None else self(orig_func)


class no_grad(_BareDecorator):
    """Context manager and decorator: nothing inside records (``torch.no_grad``)."""

    __module__ = "torch.autograd.grad_mode"
    _wanted = False


class enable_grad(_BareDecorator):
    """Context manager and decorator: everything inside records (``torch.enable_grad``)."""

    __module__ = "torch.autograd.grad_mode"
    _wanted = True


class set_grad_enabled(_GradMode):
    """Function, context manager and decorator: record or not, from the call on (``torch.set_grad_enabled``)."""

    __module__ = "torch.autograd.grad_mode"

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            kind = type(mode).__name__
            raise TypeError(f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {kind}")
        self.prev = is_grad_enabled()
        self.mode = mode
        _set(mode)

    def __enter__(self) -> None:
        _set(self.mode)

    def __call__(self, orig_func):
        _set(self.prev)  # as a decorator, the call that made it must not stay in force
        return super().__call__(orig_func)

    def clone(self):
        return set_grad_enabled(self.mode)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


class inference_mode(_GradMode):
    """Context manager and decorator: nothing records, and what is made cannot take part in a graph later.

    Tensors made by other threads in the meantime count as made here. ``mode=False`` leaves the mode and records.
    (``torch.inference_mode``)
    """

    __module__ = "torch.autograd.grad_mode"

    def __new__(cls, mode=True):
        return object.__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        self.before = state.enabled, state.asked, state.inference
        state.inference = self.mode
        state.enabled, state.asked = not self.mode, False
        _mark_new_tensors(self.mode)

    def __exit__(self, *exc_info: object) -> None:
        state.enabled, state.asked, state.inference = self.before
        _mark_new_tensors(state.inference)

    def clone(self):
        return type(self)(self.mode)


def _mark_new_tensors(inference: bool) -> None:
    """Set what new tensors start with as their version counter: ``FRESH`` of each module that makes tensors."""
    from .nodes import INFERENCE

    for name, module in list(sys.modules.items()):
        if name.startswith("shimtorch.") and "FRESH" in vars(module):
            vars(module)["FRESH"] = INFERENCE if inference else None
