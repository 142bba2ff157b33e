from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?<=\bat )0x[0-9a-fA-F]+")


def mask_addresses(text: str) -> str:
    """The text with each memory address of a default repr replaced by ``0x…``."""
    return _ADDRESS.sub("0x…", text)
