"""Hypothesis strategies for tests of one's own: random programs over small tensors.

    from hypothesis import given
    from conformance.strategies import Program, difference, programs

    @given(programs(subject=my_torch))
    def test_like_torch(program: Program) -> None:
        assert difference(program, my_torch, torch) is None

They need Hypothesis: ``pip install "shimtorch[test]"``.
"""

from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.execution import difference
from conformance.suites.fuzz.programs import Program, programs

__all__ = ["Difference", "Program", "difference", "programs"]
