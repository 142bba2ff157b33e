"""Warnings that point at the line of the caller's program, however deep in shimtorch they arise."""

from __future__ import annotations

import os
import sys
import warnings

_PACKAGE = os.path.dirname(__file__) + os.sep
# The texts that were said and are not to be said again. False, which is also how tests reset it: none.
_warned: bool | set[str] = False


def warn(text: str, once: bool = False) -> None:
    """A UserWarning of the innermost line outside the package; with ``once``, only the first time in the process."""
    global _warned
    if once:
        said = _warned or set()
        assert isinstance(said, set)
        if text in said:
            return
        _warned = {*said, text}
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
