"""What ``import torch`` means inside a document: the implementation that runs it.

So does the import of a look-alike by its own name, where the document is known to use that name. Only imports made by
the document are renamed. The subject's own are not, so that a look-alike may itself be built on PyTorch.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

GIVEN = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "np": "numpy"}


def importable(subject: str) -> str:
    """The name of a module; where a file is named, that of the module in it, which can be imported from then on.

    Raises FileNotFoundError.
    """
    file = Path(subject)
    if file.suffix != ".py":
        return subject
    if not file.is_file():
        raise FileNotFoundError(f"{subject}: there is no such file")
    sys.path.insert(0, str(file.parent.absolute()))
    return file.stem


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
            given[name] = importlib.import_module(
                subject + module.removeprefix("torch") if _root(module) == "torch" else module
            )
        except Exception:  # a look-alike may fail in any way: the first use of the name will tell
            continue
    return given


def redirect_imports(namespace: dict[str, Any], subject: str, alias: str | None = None) -> None:
    """Let imports by code that runs in this namespace find the subject under the name of torch, and of the alias.

    That is the statement, and the same by ``__import__`` and ``importlib.import_module``.
    """
    original, original_import_module = builtins.__import__, importlib.import_module
    names = {"torch", alias}

    def import_for_document(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        # A list is what C code gives that imports something of its own, with the globals of whoever called it. A call
        # that was written out gives no globals.
        importer = sys._getframe(1).f_globals if globals is None else globals
        by_document = importer is namespace and not isinstance(fromlist, list)
        if not by_document or level or _root(name) not in names:
            return original(name, globals, locals, fromlist or (), level)
        module = import_subject(name, fromlist or ())
        for wanted in fromlist or ():
            # Python's own message would name the folder where the implementation is installed.
            if wanted != "*" and not hasattr(module, wanted):
                raise ImportError(f"cannot import name {wanted!r} from {name!r}", name=name)
        return module if fromlist else sys.modules[subject]

    def import_module_for_document(name: str, package: str | None = None) -> ModuleType:
        if sys._getframe(1).f_globals is not namespace or _root(name) not in names:
            return original_import_module(name, package)
        return import_subject(name, ())

    def import_subject(name: str, fromlist: Sequence[str]) -> ModuleType:
        written, renamed = _root(name), _renamed(name, subject)
        try:
            original(renamed, namespace, None, fromlist, 0)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing != subject and not missing.startswith(subject + "."):
                raise
            missing = written + missing[len(subject) :]
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing) from None
        return sys.modules[renamed]

    builtins.__import__ = import_for_document
    importlib.import_module = import_module_for_document


def _root(name: str) -> str:
    return name.partition(".")[0]


def _renamed(name: str, subject: str) -> str:
    return subject + name[len(_root(name)) :]
