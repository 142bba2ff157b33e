"""``torch.utils.hooks``: what registering a hook returns."""

from __future__ import annotations

import weakref
from collections import OrderedDict

__all__ = ["RemovableHandle"]


class RemovableHandle:
    """Takes a registered hook away again: by ``remove()``, or at the end of a ``with`` block.

    As ``torch.utils.hooks.RemovableHandle``. ``id`` is the hook's key in the dictionary it was put into.
    """

    __module__ = "torch.utils.hooks"
    id: int
    next_id: int = 0

    def __init__(self, hooks_dict: OrderedDict) -> None:
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1

    def remove(self) -> None:
        """Take the hook away; nothing happens if it is gone already."""
        hooks = self.hooks_dict_ref()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, kind, value, traceback) -> None:
        self.remove()


def added(hooks: OrderedDict, hook) -> RemovableHandle:
    """Put ``hook`` into ``hooks``; the handle that takes it away again."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle
