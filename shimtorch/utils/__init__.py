"""``torch.utils``: so far, the handles of hooks."""

from . import hooks

__all__ = ["hooks"]
