"""Runs one program on both sides in this process, statement by statement, and says what is different.

Whatever a statement does is compared: what it printed, warned of and raised, and then everything that can be seen of
the names. What comes after the first difference is not looked at.
"""

from __future__ import annotations

import gc
import re
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from conformance.suites.fuzz.comparing import Difference, differing, reads_alike
from conformance.suites.fuzz.coverage import Meter
from conformance.suites.fuzz.observing import Versions, observe
from conformance.suites.fuzz.programs import Program

FILE = "<program>"

# Until everything is offered, a program ends where the subject says that it is not.
UNOFFERED_ENDS = True
_UNOFFERED = re.compile(r"NotImplementedError: .* does not offer ")
_ABSENT = re.compile(
    r"AttributeError: (module 'torch|'?type object 'Tensor|'Tensor' object).* has no attribute '(\w+)'"
)

# PyTorch 2.13 crashes on the first hook of a view whose memory was written since, unless its grad_fn was read before.
_HOOKING = ".register_hook("

# What fails in the midst of the work: PyTorch leaves behind what it had written and drawn until then.
_HALF_DONE = re.compile(
    r"RuntimeError: (ZeroDivisionError|index -?\d+ is out of bounds|Expected p_in >= 0|normal expects all elements)"
)
# PyTorch computes some gradients of 0 as tensors without memory, which a hook cannot write into, and cannot write a
# tensor that requires a real gradient into one of complex numbers. It lets integers require gradients, and fails later
# on; and once gradients were retained of what is detached then, it fails an assertion. Nobody else fails there.
_PYTORCHS_OWN = (
    "RuntimeError: ZeroTensors are immutable.", "RuntimeError: Expected isFloatingType(grad.scalar_type()",
    "RuntimeError: Autograd not support dtype: ", "RuntimeError: old_fn INTERNAL ASSERT FAILED",
)  # fmt: skip
# What an operator would save is packed before it is computed by PyTorch, afterwards by others: not at all if it fails.
_PACKING = "print('pack'"
# So is this seen first there, where something else is wrong as well.
_NOT_TO_BE_SAVED = "use `torch.no_grad()` instead of `torch.inference_mode()`."

_ELSEWHERE = "another file"
_PLACE = re.compile(rf" at (line \d+|{_ELSEWHERE}):")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_ONCE = "Triggered internally"  # in what PyTorch warns of once in a process, unless told otherwise


class Step(NamedTuple):
    """What one statement did, and what was to be seen then, if anybody looked."""

    raised: str
    printed: str
    warned: str
    seen: dict[str, Any] | None


def difference(
    program: Program,
    subject: ModuleType,
    reference: ModuleType,
    ignored: Collection[str] = (),
    meter: Meter | None = None,
) -> Difference | None:
    """The first thing that is different, or None. ``ignored`` are sorts of differences to be passed over."""
    with _no_collection(), _every_warning(subject, reference) as caught:
        theirs = list(_Side(reference, caught).run(program))
        if meter:
            meter.begin()
        for number, (our, their) in enumerate(zip(_Side(subject, caught, meter).run(program), theirs, strict=True)):
            if UNOFFERED_ENDS and is_unoffered(our.raised, subject, reference):
                return None
            if their.raised.startswith(_PYTORCHS_OWN) or (our.raised == their.raised and _HALF_DONE.match(our.raised)):
                return None
            for found in _compare(our, their, number, program):
                if found.sort not in ignored:
                    return found
    return None


def _without_places(text: str) -> str:
    """PyTorch points at its own Python files now and then, others at the program: it is not always known to them."""
    return _PLACE.sub("", text)


def is_unoffered(raised: str, subject: ModuleType, reference: ModuleType) -> bool:
    """Whether it says that the subject does not have what PyTorch has."""
    if absent := _ABSENT.match(raised):
        sides = ((subject, reference), (subject.Tensor, reference.Tensor))
        return any(hasattr(theirs, absent[2]) and not hasattr(ours, absent[2]) for ours, theirs in sides)
    return bool(_UNOFFERED.match(raised))


def _compare(our: Step, their: Step, number: int, program: Program) -> Iterator[Difference]:
    if our == their:
        return
    exact = program.exact
    if their.raised.endswith(_NOT_TO_BE_SAVED) and our.raised != "nothing":
        their = their._replace(raised=our.raised)
    for where in ("raised", "printed", "warned"):
        ours, theirs = getattr(our, where), getattr(their, where)
        if where == "warned" and _ELSEWHERE in theirs:
            ours, theirs = _without_places(ours), _without_places(theirs)
        if where == "printed" and our.raised != "nothing" and _PACKING in program.statements[number]:
            continue
        if ours != theirs and (exact or not reads_alike(ours, theirs)):
            yield Difference(number, where, ours, theirs)
    if our.seen is not None and their.seen is not None:
        found = differing(our.seen, their.seen, number, exact)
        yield from (it for it in found if it.sort not in ("stride", "storage_offset") or program.strided)


class _Side:
    """One implementation in the course of a program."""

    def __init__(self, module: ModuleType, caught: list[warnings.WarningMessage], meter: Meter | None = None) -> None:
        self._module = module
        self._meter = meter
        self._caught = caught
        self._printed: list[str] = []
        self._warned_once: set[str] = set()
        self._versions = Versions()
        self._namespace = {"torch": module, "print": self._print, "__name__": "__main__"}

    def run(self, program: Program) -> Iterator[Step]:
        """A step for each statement. The generator and the modes are as in a fresh process."""
        self._module.manual_seed(0)
        last = len(program.statements) - 1
        try:
            for number, text in enumerate(program.statements):
                if _HOOKING in text:
                    self._look()
                done = self._execute(text)
                self._meet()
                seen = self._look(number == last) if program.watched or number == last else None
                if seen is not None and self._meter:
                    self._meter.seen(seen.get("graph", ()))
                yield Step(*done, seen)
        finally:
            self._namespace.clear()
            self._module.set_grad_enabled(True)
            if hasattr(self._module, "set_printoptions"):
                self._module.set_printoptions(profile="default")
            if hasattr(self._module, "set_default_dtype"):
                self._module.set_default_dtype(self._module.float32)

    def _execute(self, text: str) -> tuple[str, str, str]:
        self._printed.clear()
        self._caught.clear()
        raised, failed = "nothing", None
        try:
            exec(_compiled(text), self._namespace)
        except Exception as error:
            raised, failed = f"{type(error).__name__}: {self._plain(str(error))}", error
        if self._meter:
            self._meter.statement(text, self._namespace, failed)
        del failed  # its traceback holds what the program let go
        return raised, self._plain("\n".join(self._printed)), "\n".join(self._warned())

    def _meet(self) -> None:
        for value in self._namespace.values():
            if isinstance(value, self._module.Tensor):
                self._versions.look(value)

    def _look(self, last: bool = False) -> dict[str, Any]:
        try:
            seen = observe(self._module, self._namespace, self._versions)
        except Exception as error:  # a tensor that cannot even be looked at
            return {"everything": f"{type(error).__name__}: {self._plain(str(error))}"}
        if last:
            seen["random state"] = hash(tuple(self._module.get_rng_state().tolist()))
        return seen

    def _print(self, *values: object) -> None:
        self._printed.append(" ".join("torch" if value is self._module else str(value) for value in values))

    def _plain(self, text: str) -> str:
        return _ADDRESS.sub("0x…", text).replace(self._module.__name__, "torch") if text else text

    def _warned(self) -> Iterator[str]:
        for warning in self._caught:
            text = self._plain(str(warning.message))
            if _ONCE in text:
                if text in self._warned_once:
                    continue
                self._warned_once.add(text)
            place = f"line {warning.lineno}" if warning.filename == FILE else _ELSEWHERE
            yield f"{warning.category.__name__} at {place}: {text}"


_codes: dict[str, CodeType] = {}


def _compiled(text: str) -> CodeType:
    """The code of a statement; both sides, and a program being shrunk, ask for the same again and again."""
    if text not in _codes:
        if len(_codes) > 5_000:
            _codes.clear()
        _codes[text] = compile(text, FILE, "exec")
    return _codes[text]


@contextmanager
def _no_collection() -> Iterator[None]:
    """A collection in the midst of a program would free its graphs at another moment on each side."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _every_warning(subject: ModuleType, reference: ModuleType) -> Iterator[list[warnings.WarningMessage]]:
    """Have every program see what is warned of once in a process."""
    before = reference.is_warn_always_enabled()
    reference.set_warn_always(True)
    for module, flag in _flags(subject.__name__, len(sys.modules)):
        setattr(module, flag, False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield caught
        finally:
            reference.set_warn_always(before)


_known_flags: dict[tuple[str, int], list[tuple[ModuleType, str]]] = {}


def _flags(package: str, modules: int) -> list[tuple[ModuleType, str]]:
    """The variables ``_warned…`` by which a look-alike remembers what it has warned of, looked up once."""
    if (package, modules) not in _known_flags:
        found = [module for name, module in sys.modules.items() if name.split(".")[0] == package != "torch"]
        _known_flags.clear()
        _known_flags[package, modules] = [
            (module, flag) for module in found for flag in vars(module) if flag.startswith("_warned")
        ]
    return _known_flags[package, modules]
