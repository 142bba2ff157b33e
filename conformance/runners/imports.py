"""What ``import torch`` means inside a document: the subject.

Only imports made by the document are renamed. The subject's own are not, so that a look-alike may itself be
built on PyTorch.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

GIVEN = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "np": "numpy"}


def name_for_document(module_name: str, subject: str) -> str:
    """The name by which a document imports this module."""
    if module_name == subject or module_name.startswith(subject + "."):
        return "torch" + module_name[len(subject) :]
    return module_name


def given_modules(subject: str) -> dict[str, ModuleType]:
    """The names every document may assume; one that the subject does not offer is absent."""
    given = {}
    for name, module in GIVEN.items():
        try:
            given[name] = importlib.import_module(_rename(module, subject))
        except Exception:  # a look-alike may fail in any way: the first use of the name will tell
            continue
    return given


def redirect_imports(namespace: dict[str, Any], subject: str) -> None:
    """Let imports by code that runs in this namespace find the subject under the name of torch."""
    original = builtins.__import__

    def import_for_document(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        # A list is what C code gives that imports something of its own, with the globals of whoever called it.
        by_document = globals is namespace and not isinstance(fromlist, list)
        if not by_document or level or name.partition(".")[0] != "torch":
            return original(name, globals, locals, fromlist or (), level)
        try:
            original(_rename(name, subject), globals, locals, fromlist or (), 0)
        except ModuleNotFoundError as error:
            missing = name_for_document(error.name or "", subject)
            if missing.partition(".")[0] != "torch":
                raise
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing) from None
        module = sys.modules[_rename(name, subject)]
        for wanted in fromlist or ():
            # Python's own message would name the folder where the implementation is installed.
            if wanted != "*" and not hasattr(module, wanted):
                raise ImportError(f"cannot import name {wanted!r} from {name!r}", name=name)
        return module if fromlist else sys.modules[subject]

    builtins.__import__ = import_for_document


def _rename(name: str, subject: str) -> str:
    return subject + name[len("torch") :] if name.partition(".")[0] == "torch" else name
