"""Making text safe to show: documents print what they like, a terminal must not obey it."""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, limit: int = 2_000) -> str:
    """The text with control characters, direction marks and the like as escapes, and cut at a limit. Newlines stay."""
    shown = "".join(
        char if char == "\n" or unicodedata.category(char) not in _HIDDEN else char.encode("unicode_escape").decode()
        for char in text[:limit]
    )
    return shown + (f"… ({len(text) - limit} more characters)" if len(text) > limit else "")
