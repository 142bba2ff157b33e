"""The text of a tensor: ``repr``, ``str`` and ``format``, governed by ``options``.

A tensor is cut to what is shown, every number becomes a cell, and the cells are joined from the
last dimension outwards. What follows the contents (``dtype=``, ``grad_fn=`` …) is one line of
``_suffixes`` each.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _dtypes

if TYPE_CHECKING:
    from ._tensor import Tensor


class PrintOptions:
    """How tensors print, under the names and with the defaults of ``torch.set_printoptions``."""

    def __init__(self) -> None:
        self.precision: int = 4
        self.threshold: float = 1000
        self.edgeitems: int = 3
        self.linewidth: int = 80
        self.sci_mode: bool | None = None


options = PrintOptions()

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print: digits after the point, the number of elements from which a tensor is summarised, how
    many are then shown at each edge, characters per line, and scientific notation (None: as the values need it).

    ``profile`` ("default", "short" or "full") is applied first; any other is ignored. What is None stays as it is,
    except ``sci_mode``, which every call sets. (``torch.set_printoptions``)
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = _PROFILES.get(profile, {}) if isinstance(profile, str) else {}
    for name, value in (*chosen.items(), *given.items()):
        if value is not None:
            setattr(options, name, value)
    options.sci_mode = sci_mode


def tensor_repr(self: Tensor, *, tensor_contents: str | None = None) -> str:
    """The text of a tensor, as ``torch.Tensor.__repr__``; ``tensor_contents`` replaces the numbers."""
    name, in_parameter = _class_name(self)
    indent = len(name) + 1
    if tensor_contents is None:
        tensor_contents = _contents(self._a, indent)
    text = f"{name}({tensor_contents}"
    suffixes = _suffixes(self)
    if suffixes:
        # torch counts the last line of the contents as two characters longer than it is.
        column = len(text) - text.rfind("\n") + 1
        for suffix in suffixes:
            if column + len(suffix) + 2 > options.linewidth:
                text += ",\n" + " " * indent + suffix
                column = indent + len(suffix)
            else:
                text += ", " + suffix
                column += len(suffix) + 2
    return f"Parameter({text}))" if in_parameter else text + ")"


def tensor_format(self: Tensor, spec: str) -> str:
    """``format(tensor, spec)``, as ``torch.Tensor.__format__``: a plain 0-d tensor formats its number.

    Raises TypeError for a spec on any other tensor.
    """
    from ._tensor import Tensor

    if type(self) is Tensor and not self._a.ndim:
        return self._a.item().__format__(spec)
    return object.__format__(self, spec)


def _class_name(tensor: Tensor) -> tuple[str, bool]:
    """The name printed before the parenthesis, and whether ``Parameter(...)`` surrounds it all."""
    from ._tensor import Tensor

    if type(tensor) is Tensor:
        return "tensor", False
    # Until nn is loaded, nothing can be a Parameter.
    parameter = getattr(sys.modules.get("shimtorch.nn"), "Parameter", ())
    if type(tensor) is parameter:
        return "tensor", False
    return type(tensor).__name__, isinstance(tensor, parameter)


def _suffixes(tensor: Tensor) -> list[str]:
    shape, dtype, default = tensor._a.shape, tensor.dtype, _dtypes.get_default_dtype()
    suffixes = []
    if 0 in shape:
        if len(shape) != 1:
            suffixes.append(f"size={shape}")
        if dtype is not default:
            suffixes.append(f"dtype={dtype}")
    else:
        if not options.edgeitems:
            suffixes.append(f"size={shape}")
        if not (
            dtype is default
            or dtype is _dtypes.int64
            or dtype is _dtypes.bool_
            or dtype is (_dtypes.complex128 if default is _dtypes.float64 else _dtypes.complex64)
        ):
            suffixes.append(f"dtype={dtype}")
    try:
        node = tensor.grad_fn
    except RuntimeError:
        # A view made under no_grad and then changed in place has no graph to name.
        suffixes.append("grad_fn=<Invalid>")
    else:
        if node is not None:
            suffixes.append(f"grad_fn=<{node.name().rpartition('::')[2]}>")
        elif tensor.requires_grad:
            suffixes.append("requires_grad=True")
    return suffixes


def _contents(array: np.ndarray, indent: int) -> str:
    if not array.size:
        return "[]"
    edge = options.edgeitems
    summarize = array.size > options.threshold
    elided = [summarize and size > 2 * edge for size in array.shape]
    if True in elided:
        if not edge:
            return "[...]"
        array = array[
            np.ix_(
                *(
                    [*range(edge), *range(size - edge, size)] if cut else range(size)
                    for size, cut in zip(array.shape, elided, strict=True)
                )
            )
        ]
    cells, width = _cells(array)
    if not array.ndim:
        return cells[0]

    length = array.shape[-1]
    per_line = max(1, math.floor((options.linewidth - indent - array.ndim + 1) / (width + 2)))
    newline = ",\n" + " " * (indent + array.ndim)
    rows = [
        _row(cells[start : start + length], per_line, newline, edge if elided[-1] else 0)
        for start in range(0, len(cells), length)
    ]
    for axis in range(array.ndim - 2, -1, -1):
        length = array.shape[axis]
        separator = "," + "\n" * (array.ndim - axis - 1) + " " * (indent + axis + 1)
        blocks = [rows[start : start + length] for start in range(0, len(rows), length)]
        if elided[axis]:
            for block in blocks:
                block.insert(edge, "...")
        rows = [f"[{separator.join(block)}]" for block in blocks]
    return rows[0]


def _row(cells: list[str], per_line: int, newline: str, edge: int) -> str:
    if edge:
        # The dots come with a blank of their own here, and count as a cell.
        cells.insert(edge, " ...")
    if len(cells) <= per_line:
        return f"[{', '.join(cells)}]"
    lines = [", ".join(cells[start : start + per_line]) for start in range(0, len(cells), per_line)]
    return f"[{newline.join(lines)}]"


def _cells(array: np.ndarray) -> tuple[list[str], int]:
    """The text of every element in row-major order, and the width that a line reserves for one."""
    kind, values = array.dtype.kind, array.ravel().tolist()
    if kind == "f":
        return _float_cells(values)
    if kind == "c":
        reals, real_width = _float_cells([value.real for value in values])
        imags, imag_width = _float_cells([value.imag for value in values])
        cells = [
            real + imag + "j" if imag[0] == "-" else f"{real}+{imag}j"
            for real, imag in zip(reals, map(str.lstrip, imags), strict=True)
        ]
        # The sign between the parts is not counted.
        return cells, real_width + imag_width + 1
    return _aligned(list(map(str, values)))


def _float_cells(values: Sequence[float]) -> tuple[list[str], int]:
    # Zeros, infinities and NaN have no say in the notation or in the width, and may overflow it.
    telling = [value for value in values if value and -math.inf < value < math.inf]
    if not telling:
        return [_integral(value) for value in values], 1
    magnitudes = list(map(abs, telling))
    smallest, largest = min(magnitudes), max(magnitudes)
    scientific = options.sci_mode
    if scientific is None:
        scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
    if scientific:
        pattern = f"%.{options.precision}e"
    elif all(map(float.is_integer, telling)):
        pattern = "%.0f."
    else:
        pattern = f"%.{options.precision}f"
    if len(telling) == len(values):
        return _aligned([pattern % value for value in values])
    width = max([len(pattern % value) for value in telling])
    to_text = _integral if pattern == "%.0f." else pattern.__mod__
    return [to_text(value).rjust(width) for value in values], width


def _integral(value: float) -> str:
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _aligned(cells: list[str]) -> tuple[list[str], int]:
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells], width
