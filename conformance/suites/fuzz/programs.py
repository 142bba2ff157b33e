"""Random programs: the strategy that draws them.

A program is drawn as a list of strings of bytes, one for each statement. The bytes choose, one after another, kind and
operands of their statement, so leaving out a statement or making a byte smaller gives a simpler program; that is
all that shrinking needs.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from types import ModuleType

from hypothesis import strategies as st

from conformance.suites.fuzz.expressions import INEXACT
from conformance.suites.fuzz.state import Choices, State, everything, narrowed, offered_by
from conformance.suites.fuzz.statements import statement

_BYTES = 40  # more than any statement chooses
_LENGTHS = ((1, 6), (5, 16), (12, 36))

# Of complex numbers, PyTorch multiplies and divides the parts in an order of its own.
_INEXACT = re.compile(rf"\b({'|'.join(INEXACT)})_?\(|\dj\b|complex| @ ")


_TURNED = re.compile(
    r"\b(t|transpose|permute|expand|t_|transpose_|nonzero|swapaxes|swapdims|movedim|moveaxis|expand_as|broadcast_to)\(|\.m?[TH]\b"
)


@dataclass(frozen=True)
class Program:
    """Statements, each a text of its own, to be run one after another whatever the ones before raised.

    ``watched``: looked at after each statement. Looking may change what comes then, because some of the graph is
    made when somebody asks for it, so other programs are looked at once they have ended.
    """

    statements: tuple[str, ...]
    watched: bool = True

    @property
    def exact(self) -> bool:
        """Whether all it computes is rounded in one way only."""
        return not _INEXACT.search(str(self))

    @property
    def strided(self) -> bool:
        """Whether strides can be compared: where something does not lie in memory row by row, they cannot."""
        return not _TURNED.search(str(self))

    def __str__(self) -> str:
        return "\n".join(self.statements)


def programs(
    subject: ModuleType | None = None, max_statements: int = _LENGTHS[-1][1], only: Collection[str] = ()
) -> st.SearchStrategy[Program]:
    """Programs over a few small tensors under the name ``torch``: views, writes in place, grad modes, hooks, passes.

    Statements may raise, and are meant to now and then. With ``subject``, only operators that this module has are used;
    with ``only``, of the operators that are called by name those ("add", "index_select"), in place as well.
    """
    offers = everything if subject is None else offered_by(subject)
    if only:
        offers = narrowed(offers, only)
    of_statement = st.binary(min_size=_BYTES, max_size=_BYTES)
    lengths = [(low, min(high, max_statements)) for low, high in _LENGTHS if low <= max_statements]
    sources = st.one_of([st.lists(of_statement, min_size=low, max_size=high) for low, high in lengths])

    def write(drawn: tuple[list[bytes], bool]) -> Program:
        state = State(offers, narrow=bool(only))
        return Program(tuple(statement(state, Choices(source)) for source in drawn[0]), drawn[1])

    return st.tuples(sources, st.sampled_from((True, True, False))).map(write)
