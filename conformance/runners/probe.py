"""Asking an implementation something it may not survive."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from conformance.runners.addresses import mask_addresses

TEXT_LIMIT = 20_000


def probe(function: Callable[[], Any]) -> Any:
    """What it returns, or {"error": …}: an unfinished implementation is described, not died of."""
    try:
        return function()
    except MemoryError:
        raise
    except BaseException as error:
        return {"error": clip(mask_addresses(f"{type(error).__name__}: {error}"))}


def clip(text: str) -> str:
    """The text, or if it is a long one its beginning, its length and a hash of it all."""
    if len(text) <= TEXT_LIMIT:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{text[:TEXT_LIMIT]}… ({len(text)} characters, sha256 {digest})"
