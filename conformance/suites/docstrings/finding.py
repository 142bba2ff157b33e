"""The docstrings with examples that the installed PyTorch shows under its public names, each of them once."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import ModuleType
from typing import Any

# Where an object is in several of these, it is counted in the first.
NAMESPACES = (
    "torch.Tensor",
    "torch.nn.functional",
    "torch",
    "torch.nn",
    "torch.nn.init",
    "torch.nn.utils",
    "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize",
    "torch.nn.utils.prune",
    "torch.nn.utils.rnn",
    "torch.nn.utils.stateless",
    "torch.autograd",
    "torch.autograd.forward_ad",
    "torch.autograd.function",
    "torch.autograd.functional",
    "torch.autograd.graph",
    "torch.distributions",
    "torch.fft",
    "torch.func",
    "torch.linalg",
    "torch.masked",
    "torch.nested",
    "torch.optim",
    "torch.optim.lr_scheduler",
    "torch.optim.swa_utils",
    "torch.overrides",
    "torch.random",
    "torch.signal.windows",
    "torch.sparse",
    "torch.special",
    "torch.testing",
    "torch.utils",
    "torch.utils.checkpoint",
    "torch.utils.data",
)
_PROMPT = ">>>"
_LEGACY = "tensortype"  # the class of torch.FloatTensor and its like, which show the docstrings of torch.Tensor


class UnknownName(Exception):
    """PyTorch has no module, class or function of that name; the text says so."""


@dataclass(frozen=True)
class Docstring:
    """``name`` is what it documents, ``namespace`` where that is public."""

    name: str
    namespace: str
    text: str


@dataclass(frozen=True)
class _Named:
    name: str
    namespace: str
    text: str
    rank: tuple[bool, bool]  # whether it is inherited there; whether the object itself has another name


def find(names: Sequence[str] = ()) -> list[Docstring]:
    """Those in the namespaces and of the objects that are named; in NAMESPACES if nothing is. Raises UnknownName.

    What stands in two of the NAMESPACES is found in the same one of them, whichever is asked for.
    """
    spaces = {name: _is_namespace(name) for name in names}
    more = [name if is_space else name.rpartition(".")[0] for name, is_space in spaces.items()]
    candidates = [named for space in dict.fromkeys([*NAMESPACES, *more]) for named in _candidates(space)]
    chosen: dict[str, _Named] = {}
    for candidate in sorted(candidates, key=attrgetter("rank")):
        chosen.setdefault(candidate.text, candidate)
    found = [Docstring(named.name, named.namespace, named.text) for named in chosen.values()]
    wanted = [doc for doc in found if doc.namespace in (names or NAMESPACES)]
    for name in (name for name, is_space in spaces.items() if not is_space):
        wanted += _of_object(name, found)
    order = {space: number for number, space in enumerate(NAMESPACES)}
    return sorted(set(wanted), key=lambda doc: (order.get(doc.namespace, len(order)), doc.name))


def _of_object(name: str, found: Sequence[Docstring]) -> list[Docstring]:
    """Those of an object and its members, even where they are counted under another name."""
    own = [doc for doc in found if doc.name == name or doc.name.startswith(f"{name}.")]
    text = _text(lookup(name))
    return own or ([Docstring(name, name.rpartition(".")[0], text)] if text else [])


def _is_namespace(name: str) -> bool:
    """Raises UnknownName."""
    return isinstance(lookup(name), ModuleType) or name in NAMESPACES


def lookup(name: str, root: str = "torch") -> Any:
    """What has this name of PyTorch's, in PyTorch or in a look-alike. Raises UnknownName."""
    first, *rest = name.split(".")
    if first != "torch":
        raise UnknownName(f"{name}: not a name of PyTorch's")
    value: Any = importlib.import_module(root)
    path = root
    for part in rest:
        path = f"{path}.{part}"
        value = _member(value, part, path)
        if value is _NOTHING:
            raise UnknownName(f"{name}: there is no such name in {root}")
    return value


_NOTHING: Any = object()


def _member(value: Any, part: str, path: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(value, part)
        except Exception:  # a look-alike, or one of PyTorch's lazy modules, may fail in any way
            if not isinstance(value, ModuleType):
                return _NOTHING
        try:
            return importlib.import_module(path)
        except Exception:
            return _NOTHING


def _candidates(space: str) -> Iterator[_Named]:
    home = lookup(space)
    if isinstance(home, type):
        yield from _of_class(space, home, space)
        return
    for name in sorted(vars(home).keys() | set(dir(home))):
        value = _NOTHING if name.startswith("_") else _member(home, name, f"{space}.{name}")
        if value is _NOTHING or isinstance(value, ModuleType) or not _is_of_pytorch(value):
            continue
        full = f"{space}.{name}"
        if full in NAMESPACES:  # told there
            continue
        if isinstance(value, type):
            if type(value).__name__ != _LEGACY:
                yield from _of_class(full, value, space)
        elif text := _text(value):
            yield _Named(full, space, text, (False, not _is_own(value, full)))


def _of_class(name: str, cls: type, space: str) -> Iterator[_Named]:
    elsewhere = not _is_own(cls, name)
    if text := _text(cls):
        yield _Named(name, space, text, (False, elsewhere))
    for member in sorted(dir(cls)):
        value = _member(cls, member, "") if member == "__init__" or not member.startswith("_") else _NOTHING
        if (text := _text(value)) and not isinstance(value, type):
            yield _Named(f"{name}.{member}", space, text, (member not in vars(cls), elsewhere))


def _text(value: Any) -> str | None:
    text = getattr(value, "__doc__", None)
    return text if isinstance(text, str) and _PROMPT in text else None


def _is_of_pytorch(value: Any) -> bool:
    module = getattr(value, "__module__", None)
    return module is None or str(module).partition(".")[0] == "torch" or inspect.isbuiltin(value)


def _is_own(value: Any, name: str) -> bool:
    return f"{getattr(value, '__module__', None)}.{getattr(value, '__qualname__', None)}" == name
