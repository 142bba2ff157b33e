"""Grad mode: whether operators record. One flag per thread, as in torch."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings


class _State(threading.local):
    enabled = True


state = _State()


def is_grad_enabled() -> bool:
    """Whether operators record a graph in this thread (``torch.is_grad_enabled``)."""
    return state.enabled


class _GradMode:
    """A context manager that is also a decorator, for functions and generator functions."""

    __module__ = "torch.autograd.grad_mode"
    _wanted: bool

    def __enter__(self) -> None:
        self.prev = state.enabled
        state.enabled = self._wanted

    def __exit__(self, *exc_info: object) -> None:
        state.enabled = self.prev

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
        self.prev = state.enabled
        self.mode = state.enabled = mode

    def __enter__(self) -> None:
        state.enabled = self.mode

    def __call__(self, orig_func):
        state.enabled = self.prev  # as a decorator, the call that made it must not stay in force
        return super().__call__(orig_func)

    def clone(self):
        return set_grad_enabled(self.mode)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"
