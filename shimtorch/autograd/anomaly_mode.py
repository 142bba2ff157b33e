"""Anomaly mode: a failing backward pass says which forward call made the node, and NaN in a gradient fails.

While it is on, all modules make nodes by ``_make``, which notes in ``node.metadata`` where that was; otherwise nothing
here is on their way. As in torch the mode is one for all threads.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import warnings

from . import rebasing
from .nodes import Extra, Node, OutputNode, extra_of, function_of

__all__ = ["detect_anomaly", "set_detect_anomaly"]

_plain = object.__new__  # not called ``new``, which is what modes replace
_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


class _State:
    enabled = False
    check_nan = True


class _Evaluating(threading.local):
    node = None  # what the innermost backward pass of this thread is at


state = _State()
_evaluating = _Evaluating()


# --- on and off ---------------------------------------------------------------------------------------------------


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on (``torch.is_anomaly_enabled``)."""
    return state.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether NaN in a gradient is an error while the mode is on (``torch.is_anomaly_check_nan_enabled``)."""
    return state.check_nan


def set_anomaly_enabled(*args, **kwargs) -> None:
    """``set_anomaly_enabled(enabled, check_nan=True)`` turns the mode on or off; TypeError for what is no bool.

    (``torch.set_anomaly_enabled``)
    """
    from .._signatures import argument_error

    error = argument_error("set_anomaly_enabled", ("(bool enabled, bool check_nan=True)",), args, kwargs)
    if error is not None:
        raise error
    given = {**dict(zip(("enabled", "check_nan"), args, strict=False)), **kwargs}
    state.enabled, state.check_nan = given["enabled"], given.get("check_nan", True)
    usual, wanted = (_plain, _make) if state.enabled else (_make, _plain)
    for name, module in list(sys.modules.items()):
        if name.startswith("shimtorch.") and vars(module).get("new") is usual:
            vars(module)["new"] = wanted


class detect_anomaly:
    """Context manager that turns anomaly mode on, with a warning that it is slow.

    Inside, errors in a backward pass name the forward call that made the failing node, if that was inside as well;
    with ``check_nan``, NaN in a gradient is a RuntimeError. (``torch.autograd.detect_anomaly``)
    """

    __module__ = "torch.autograd.anomaly_mode"

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = state.enabled
        self.check_nan = check_nan
        self.prev_check_nan = state.check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *args: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


class set_detect_anomaly:
    """Function and context manager: anomaly mode on or off, from the call on.

    (``torch.autograd.set_detect_anomaly``)
    """

    __module__ = "torch.autograd.anomaly_mode"

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = state.enabled
        self.prev_check_nan = state.check_nan
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *args: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


# --- where nodes were made ----------------------------------------------------------------------------------------

_extra_slot = Node.__dict__["extra"]


class _Noted(Extra):
    accumulators: tuple = ()  # those of the leaves it leads to, which keep where they were first needed


def _make(cls):
    if not issubclass(cls, Node) or issubclass(cls, (OutputNode, rebasing.Stale)):
        return _plain(cls)
    return _plain(_noting(cls))


@functools.cache
def _noting(cls: type) -> type:
    """A subclass for the short while until a node is complete: nodes start with ``extra = None``, here with notes."""
    packs = isinstance(cls.saved, property)  # then ``extra`` starts twice

    def set_extra(node, value) -> None:
        _extra_slot.__set__(node, value)
        if value is None:
            note(node)
        if getattr(node, "sequence", 0) and not packs:
            node.__class__ = cls

    members = {"__slots__": (), "__module__": cls.__module__, "extra": property(_extra_slot.__get__, set_extra)}
    return type(cls.__name__, (cls,), members)


def note(node) -> None:
    """Let the node's metadata say where the program is, and in which node's backward."""
    known = getattr(node, "extra", None)
    if known is None:
        _extra_slot.__set__(node, _Noted())
    extra = extra_of(node)
    extra.metadata = _here()
    if known is not None or _evaluating.node is not None:  # then it leads to leaves that were needed before
        return
    leaves = [edge for edge in getattr(node, "edges", ()) if edge is not None and not isinstance(edge, Node)]
    extra.accumulators = [function_of(leaf) for leaf in leaves]
    for accumulator in extra.accumulators:
        if accumulator is not None and accumulator.extra is None:
            extra_of(accumulator).metadata = dict(extra.metadata)


def _here() -> dict:
    import traceback

    frames = traceback.extract_stack()
    metadata: dict = {"traceback_": traceback.format_list([frame for frame in frames if not _is_ours(frame)])}
    if _evaluating.node is not None:
        metadata["parent_"] = _evaluating.node
    return metadata


def _is_ours(frame) -> bool:
    """Whether it is a line of this package, or of the functions that ``derivatives`` writes."""
    if frame.name in ("arrays", "tensors") and frame.filename[0] == "<":
        return True
    return frame.filename.startswith(_PACKAGE)


# --- in a backward pass -------------------------------------------------------------------------------------------


def watched(function, step):
    """Go through ``step``, what a pass does at ``function`` (a node or leaf); report where an exception came from."""
    node, before = function_of(function), _evaluating.node
    _evaluating.node = node
    try:
        yield from step
    except Exception:
        if state.enabled:
            _report(node)
        raise
    finally:
        _evaluating.node = before


def refuse_nan(node, outputs) -> None:
    """RuntimeError if one of the gradients (Tensors or None) contains NaN and that is to be checked."""
    if not state.check_nan:
        return
    for index, output in enumerate(outputs):
        if output is not None and output._a.dtype.kind in "fc" and (output._a != output._a).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {index}th output.")


def _report(node) -> None:
    """Warn of what made the node, and of the passes in which that happened."""
    _warn(node, "Error detected in {name}. Traceback of forward call that caused the error:\n", 122)
    while (node := node.metadata.get("parent_")) is not None:
        _warn(
            node,
            "\n\nPrevious calculation was induced by {name}. Traceback of forward call that induced the previous "
            "calculation:\n",
            129,
        )


_UNKNOWN = (
    "Error detected in {name}. No forward pass information available. Enable detect anomaly during forward pass for "
    "more information."
)


def _warn(node, text: str, line: int) -> None:
    trace = node.metadata.get("traceback_")
    if trace is None:
        trace, text, line = (), _UNKNOWN, 100
    text = text.format(name=node.name()) + "".join(trace)
    place = f"/__w/pytorch/pytorch/torch/csrc/autograd/python_anomaly_mode.cpp:{line}"
    warnings.warn(f"{text} (Triggered internally at {place}.)", UserWarning, stacklevel=1)
