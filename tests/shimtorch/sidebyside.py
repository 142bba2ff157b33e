"""Runs one source text with the shim and with PyTorch, and says everything that is different.

A source is run statement by statement under the name ``torch``; what it ends in is its *outcome*: the value of
its last line, every name it bound, what it printed, warned of and raised. Outcomes are plain data, so that
PyTorch's can also be written down in a test.
"""

import ast
import contextlib
import io
import re
import sys
import textwrap
import types
import warnings

import numpy as np
import pytest

import shimtorch

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed: nothing live to compare with")

FILE = "<source>"
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_SKIPPED_NAMES = {"torch", "np", "F", "warnings", "gc", "weakref", "copy"}


def outcome(source, implementation):
    """Everything observable of ``source`` run with ``implementation`` as ``torch``."""
    tree = ast.parse(textwrap.dedent(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if last is not None:
        tree.body.append(ast.Assign([ast.Name("_result", ast.Store(), **_at(last))], last.value, **_at(last)))
    scope = {"torch": implementation, "np": np, "F": implementation.nn.functional, "__name__": "__main__"}
    printed = io.StringIO()
    raised = None
    _forget_warnings(implementation)
    implementation.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(tree, FILE, "exec"), scope)
        except Exception as error:
            frames = _frames(error.__traceback__)
            line = next(frame.tb_lineno for frame in frames if frame.tb_frame.f_code.co_filename == FILE)
            raised = type(error).__name__, _plain(str(error)), line
    implementation.set_default_dtype(implementation.float32)
    implementation.set_grad_enabled(True)
    names = {n: v for n, v in scope.items() if n not in _SKIPPED_NAMES and not n.startswith("__")}
    return {
        "raised": raised,
        "warned": _without_repeats(caught),
        "printed": _plain(printed.getvalue()),
        **{f"name {name}": described(value) for name, value in names.items()},
    }


def _at(node):
    return {"lineno": node.lineno, "col_offset": 0, "end_lineno": node.end_lineno, "end_col_offset": 0}


def _frames(traceback):
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _plain(text):
    return _ADDRESS.sub("0x…", text).replace("shimtorch", "torch")


def _without_repeats(caught):
    rows = []
    for w in caught:
        row = w.category.__name__, _plain(str(w.message)), w.lineno if w.filename == FILE else 0
        once_per_process = "Triggered internally" in row[1]
        if not (once_per_process and any(row[1] == known[1] for known in rows)):
            rows.append(row)
    return rows


def _forget_warnings(implementation):
    """Warnings that torch gives once per process are to be seen in every source."""
    if implementation is torch:
        torch.set_warn_always(True)
        return
    for name, module in list(sys.modules.items()):
        if name.startswith("shimtorch"):
            for flag in [flag for flag in vars(module) if flag.startswith("_warned")]:
                setattr(module, flag, False)


def described(value, depth=0):
    """``value`` as plain data that is equal for equal behaviour."""
    if depth > 6:
        return "…"
    if type(value).__name__ == "Tensor":
        return _tensor(value, depth)
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.strides, _values(value)
    if isinstance(value, (float, complex, np.generic)):
        return type(value).__name__, repr(value)
    if isinstance(value, (tuple, list)):
        return type(value).__name__, tuple(described(v, depth + 1) for v in value)
    if isinstance(value, (set, frozenset)):
        return type(value).__name__, len(value)
    if isinstance(value, dict):
        return "dict", tuple((str(k), described(v, depth + 1)) for k, v in value.items())
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)):
        return "callable or module"
    if hasattr(value, "next_functions") and not isinstance(value, type):
        return graph(value)
    return type(value).__name__, _plain(repr(value))


def _tensor(t, depth):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient = _asked(lambda: t.grad)
    return {
        "text": _text(t),
        "dtype": str(t.dtype),
        "shape": tuple(t.shape),
        "stride": t.stride(),
        "offset": t.storage_offset() if t.numel() else "any",
        "values": _values(t.detach().numpy(force=True)),
        "requires_grad": (t.requires_grad, _asked(lambda: t.is_leaf), t.retains_grad),
        "output": t.output_nr,
        "graph": _asked(lambda: graph(t.grad_fn)),
        "grad": gradient if not hasattr(gradient, "shape") else _tensor(gradient, depth) if depth < 3 else "…",
    }


def _text(t):
    return _asked(lambda: _plain(repr(t)))


def _asked(read):
    """What is read, or what is said where the tensor's graph was spoilt."""
    try:
        return read()
    except RuntimeError as error:
        return _plain(str(error))


def _values(array):
    """The bits, in which every NaN is the same."""
    if array.dtype.kind == "c":
        return _values(array.real), _values(array.imag)
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
    return array.tobytes()


def graph(root, limit=200):
    """Names and edges of the nodes under ``root``, in the order in which a walk meets them."""
    numbers, rows, stack = {}, [], [root]
    while stack and len(rows) < limit:
        node = stack.pop()
        if node is None or node in numbers:
            continue
        numbers[node] = len(numbers)
        leaf = tuple(node.variable.shape) if hasattr(node, "variable") else None
        edges = tuple((None if n is None else n.name(), i) for n, i in node.next_functions)
        rows.append((type(node).__name__, node.name(), edges, leaf))
        stack.extend(n for n, _ in reversed(node.next_functions))
    return tuple(rows)


def differences(ours, theirs, path=""):
    """Where two outcomes differ: lines "path: ours | theirs"."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key in [*theirs, *(k for k in ours if k not in theirs)]:
            found += differences(ours.get(key, "absent"), theirs.get(key, "absent"), f"{path}/{key}")
        return found
    return [] if ours == theirs else [f"{path}: {ours!r} | {theirs!r}"]


def blocks(text):
    """The sources in ``text``, which blank lines separate."""
    return [block for block in re.split(r"\n\s*\n", textwrap.dedent(text)) if block.strip()]


def lines(text):
    """The sources in ``text``, one a line."""
    return [line for line in textwrap.dedent(text).splitlines() if line.strip()]


def compare(source):
    """The lines of ``differences`` between shim and live torch on ``source``."""
    return differences(outcome(source, shimtorch), outcome(source, torch))


def assert_same(source):
    """Fail with every difference between shim and live torch on ``source``."""
    found = compare(source)
    if found:
        pytest.fail("\n".join([textwrap.dedent(source).strip(), "", *found]), pytrace=False)
