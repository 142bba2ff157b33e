"""Warnings that point at the line of the caller's program, however deep in shimtorch they arise."""

from __future__ import annotations

import os
import sys
import warnings

_PACKAGE = os.path.dirname(__file__) + os.sep
# The texts and places of what was said and is not to be said again. False, which is also how tests reset it: none.
_warned: bool | set[str] = False


def warn(text: str, once: bool | str = False) -> None:
    """A UserWarning of the innermost line outside the package; with ``once``, only the first time in the process.

    If that is a text, the first of all warnings that have it, because torch gives them in one place.
    """
    global _warned
    if once:
        said = _warned or set()
        assert isinstance(said, set)
        place = once if isinstance(once, str) else text
        if place in said:
            return
        _warned = {*said, place}
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
