"""``torch.nn``: so far its ``functional``."""

from . import functional as functional


def __getattr__(name: str):
    raise AttributeError(f"module 'torch.nn' has no attribute '{name}'")
