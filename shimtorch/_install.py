"""``import torch`` means shimtorch: for a whole process, for a ``with`` block, for a notebook.

The modules found as ``torch`` and ``torch.nn`` are those of the shim, not copies: ``torch.nn is shimtorch.nn``. What
the shim lacks is missing, even where PyTorch is installed. A new module of the shim is found by being there; one that
is no module of PyTorch's is named in ``INTERNAL``, or has a name that begins with an underscore.
"""

import contextlib
import importlib
import importlib.util
import sys
import threading
from importlib.machinery import ModuleSpec

INTERNAL = frozenset({
    "ops",
    "autograd.derivatives",
    "autograd.differentiation",
    "autograd.engine",
    "autograd.hooks",
    "autograd.jointly",
    "autograd.mode",
    "autograd.namespaces",
    "autograd.nodes",
    "autograd.observed",
    "autograd.packing",
    "autograd.rebasing",
    "autograd.saved",
})  # fmt: skip
# Modules that have another name in PyTorch.
RENAMED = {"autograd.grad_mode": "autograd.mode"}

_lock = threading.RLock()
_depth = 0
_set_aside: dict = {}


def install():
    """Let ``import torch``, and the import of whatever is in it, find shimtorch from now on, in every thread.

    What of ``torch`` was imported before is set aside until ``uninstall``; a name that is already bound to it stays
    bound. Calls nest: each needs an ``uninstall`` of its own. Processes that are forked inherit it, others do not.
    """
    global _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            _set_aside.update(_take_out())
            sys.meta_path.insert(0, _FINDER)


def uninstall():
    """Undo one ``install``. The last one puts back the modules that were ``torch`` before, the very same ones.

    Raises RuntimeError if nothing is installed.
    """
    global _depth
    with _lock:
        if not _depth:
            raise RuntimeError("shimtorch.uninstall() without a shimtorch.install() before it")
        _depth -= 1
        if not _depth:
            with contextlib.suppress(ValueError):  # someone else may have emptied the list
                sys.meta_path.remove(_FINDER)
            _take_out()
            sys.modules.update(_set_aside)
            _set_aside.clear()


@contextlib.contextmanager
def installed():
    """``with shimtorch.installed():``, or ``@shimtorch.installed()`` on a function: ``install``, and ``uninstall`` at
    its end, however it ends. Gives the module that ``torch`` is."""
    install()
    try:
        yield sys.modules[__package__]
    finally:
        uninstall()


def load_ipython_extension(ip):
    """``%load_ext shimtorch``: in later cells, ``import torch`` means shimtorch."""
    install()


def unload_ipython_extension(ip):
    """``%unload_ext shimtorch``"""
    uninstall()


class _Finder:
    """Finds ``torch`` and what is in it, in the shim alone."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] != "torch":
            return None
        inner = fullname[len("torch.") :]
        found = None if _is_internal(inner) else _spec_in_shim(RENAMED.get(inner, inner))
        if found is not None:
            spec = ModuleSpec(fullname, _Loader(found), origin=found.origin)
            spec.submodule_search_locations = found.submodule_search_locations
            return spec
        # Python asks the next finder, and in the end says itself that there is none. One that would find something
        # would find an internal module, to be run a second time, or the real torch.
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        if any(finder.find_spec(fullname, path, target) is not None for finder in others):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


class _Loader:
    """Gives the module of the shim, imported under its own name, so that nothing is run twice."""

    def __init__(self, found):
        self._found = found
        self._own_spec = None

    def create_module(self, spec):
        module = importlib.import_module(self._found.name)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._own_spec  # the import system has just replaced it by the one for torch's name

    def get_code(self, fullname):
        """For ``python -m shimtorch -m torch.…``"""
        return self._found.loader.get_code(self._found.name)


_FINDER = _Finder()


def _is_internal(inner):
    parts = inner.split(".")
    prefixes = (".".join(parts[: end + 1]) for end in range(len(parts)))
    return any(part.startswith("_") for part in parts) or any(prefix in INTERNAL for prefix in prefixes)


def _spec_in_shim(inner):
    """Python has imported the parent by now; None where the shim has no such module."""
    return importlib.util.find_spec(f"{__package__}.{inner}" if inner else __package__)


def _take_out():
    """Remove what is imported of torch, and return it."""
    names = [name for name in list(sys.modules) if name == "torch" or name.startswith("torch.")]
    return {name: sys.modules.pop(name) for name in names}
