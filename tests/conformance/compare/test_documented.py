"""Verdicts on what a document prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.compare.check import Strength
from conformance.compare.documented import Verdict, check_raises, judge_documented, judge_raising
from conformance.documents import Raises
from conformance.runners.protocol import Failure, Result


def _verdict(documented: str, *produced: str, subject: str | None = None, elsewhere: str | None = None) -> Verdict:
    reference = [Result(stdout=text) for text in produced]
    ours = reference if subject is None else [Result(stdout=subject), *reference[1:]]
    other = None if elsewhere is None else Result(stdout=elsewhere)
    return judge_documented(documented, ours, reference, other).verdict


@pytest.mark.parametrize(
    ("documented", "produced"),
    [
        ("tensor([0.2827])", "tensor([0.2827])\n"),
        ("a\n\nb", "a  \n\nb\n\n"),
        ("<AddBackward0 object at 0x7f6f0cbaa530>", "<AddBackward0 object at 0x1234>\n"),
        ("", ""),
    ],
)
def test_matches(documented: str, produced: str) -> None:
    assert _verdict(documented, produced, produced) == Verdict.MATCHES


@pytest.mark.parametrize(
    ("documented", "produced"),
    [
        ("0.0440639853477478", "0.04406398534774779"),
        ("0.28", "0.2827"),
        ("[ 0.28, -0.1]", "[0.2800, -0.1000]"),
        ("tensor([1., 2.])", "tensor([1.0000, 2.0000])"),
        ("1e-3", "0.001"),
        ("1.5e-3", "0.00150"),
        ("loss 0.30", "loss  0.2999"),
    ],
)
def test_matches_as_printed(documented: str, produced: str) -> None:
    assert _verdict(documented, produced, produced) == Verdict.AS_PRINTED


@pytest.mark.parametrize(
    ("documented", "produced"),
    [
        ("0.2827", "0.2828"),
        ("0.28270", "0.283"),
        ("3.", "3.4"),
        ("3", "4"),
        ("-0.0", "0.0"),
        ("-0.28", "0.28"),
        ("nan", "0.1"),
        ("0.1", "nan"),
        ("0.1 0.2", "0.1"),
        ("x1", "x2"),
        ("torch.float32", "torch.float64"),
        ("0xff", "0xfe"),
        ("(tensor([-0.0898]),)", "tensor([-0.0898])"),
        ("True", "False"),
        ("something", ""),
        ("", "something"),
    ],
)
def test_erratum(documented: str, produced: str) -> None:
    assert _verdict(documented, produced, produced) == Verdict.ERRATUM


def test_what_changes_with_the_seed_is_not_reproducible() -> None:
    assert _verdict("tensor([0.1, 0.2])", "tensor([ 0.3, -0.5])", "tensor([0.7, 0.9])") == Verdict.NOT_REPRODUCIBLE


@pytest.mark.parametrize(
    "documented",
    [
        "tensor([0.1, 0.2, 0.3])",
        "tensor([0.1, nan])",
        "(tensor([0.1, 0.2]),)",
        "tensor([0.1, 0.2], grad_fn=<AddBackward0>)",
        "",
    ],
)
def test_its_form_is_checked_still(documented: str) -> None:
    assert _verdict(documented, "tensor([0.3, 0.5])", "tensor([0.7, 0.9])") == Verdict.ERRATUM


def test_and_the_numbers_that_do_not_change() -> None:
    produced = ("step 1 of 5: 0.3", "step 1 of 5: 0.4")
    assert _verdict("step 1 of 5: 0.9", *produced) == Verdict.NOT_REPRODUCIBLE
    assert _verdict("step 1 of 6: 0.9", *produced) == Verdict.ERRATUM


def test_a_form_that_changes_with_the_seed() -> None:
    assert _verdict("False", "True", "False") == Verdict.NOT_REPRODUCIBLE
    assert _verdict("Maybe", "True", "False") == Verdict.ERRATUM


def test_no_verdict_excuses_a_difference_between_the_sides() -> None:
    assert _verdict("0.1", "0.1", "0.1", subject="0.2") == Verdict.DIFFERENT
    assert _verdict("0.1", "0.2", "0.3", subject="0.1") == Verdict.DIFFERENT
    assert _verdict("0.2", "0.1", "0.1", subject="0.2") == Verdict.DIFFERENT


def test_not_portable() -> None:
    assert _verdict("0.25", "0.26", "0.26", elsewhere="0.25") == Verdict.NOT_PORTABLE
    assert _verdict("0.25", "0.26", "0.26", elsewhere="0.27") == Verdict.ERRATUM
    assert _verdict("0.26", "0.26", "0.26", elsewhere="0.25") == Verdict.MATCHES


def test_a_documented_exception() -> None:
    result = Result(stdout="before\n", error=Failure("RuntimeError", "a second time", 3))
    assert judge_documented("before\nRuntimeError: a second time", [result], [result]).verdict == Verdict.MATCHES
    assert judge_documented("before", [result], [result]).verdict == Verdict.ERRATUM


NO = Result(error=Failure("E", "no", 3))
TWICE = Result(error=Failure("RuntimeError", "a second\n time, x", 3))
FITTING = [
    (NO, Raises("E", None, 1)),
    (NO, Raises("Exception", "no", 1)),
    (TWICE, Raises("RuntimeError", "a second time, x", 1)),
    (TWICE, Raises("RuntimeError", "a ... time...", 1)),
    (TWICE, Raises("RuntimeError", "...", 1)),
]
NOT_FITTING = [
    (Result(), Raises("E", None, 1)),
    (Result(), Raises("Exception", None, 1)),
    (Result(ended="timeout", detail="too long"), Raises("E", None, 1)),
    (NO, Raises("RuntimeError", None, 1)),
    (NO, Raises("E", "n", 1)),
    (TWICE, Raises("RuntimeError", "a second ...y", 1)),
    (TWICE, Raises("RuntimeError", "a.second time, x", 1)),
]


@pytest.mark.parametrize(("result", "expected"), FITTING)
def test_an_expected_exception(result: Result, expected: Raises) -> None:
    assert check_raises(expected, result, result).strength == Strength.IDENTICAL
    assert judge_raising(expected, None, [result], [result]).verdict == Verdict.MATCHES
    for side in ([Result(), result], [result, Result()]):
        assert check_raises(expected, *side).strength == Strength.DIFFERENT
        assert judge_raising(expected, None, side[:1], side[1:]).verdict == Verdict.DIFFERENT


@pytest.mark.parametrize(("result", "expected"), NOT_FITTING)
def test_an_expected_exception_that_does_not_come(result: Result, expected: Raises) -> None:
    check = check_raises(expected, result, result)
    assert check.strength == Strength.DIFFERENT
    assert check.detail.startswith("the document says that this raises ")
    assert check.subject == check.reference != ""
    assert judge_raising(expected, None, [result], [result]).verdict == Verdict.DIFFERENT


def test_the_output_beside_an_expected_exception() -> None:
    result = Result(stdout="before 0.25\n", error=Failure("E", "no", 3))
    for documented, verdict in [
        ("before 0.25", Verdict.MATCHES),
        ("before 0.25\nE: no", Verdict.MATCHES),
        ("before 0.2", Verdict.AS_PRINTED),
        ("before 0.3\nE: no", Verdict.AS_PRINTED),
        ("before 0.5", Verdict.ERRATUM),
        ("before 0.25\nE: yes", Verdict.ERRATUM),
        ("E: no", Verdict.ERRATUM),
    ]:
        assert judge_raising(Raises("E", None, 1), documented, [result], [result]).verdict == verdict


@given(st.text("0123456789.-+e[], \n\tnai", max_size=40))
def test_any_text_matches_itself(text: str) -> None:
    assert _verdict(text, text, text) == Verdict.MATCHES


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6), st.integers(1, 6))
def test_rounding_always_matches(value: float, digits: int) -> None:
    rounded = f"{value:.{digits}f}"
    if rounded.startswith("-") == str(value).startswith("-"):
        assert _verdict(rounded, repr(value)) in (Verdict.MATCHES, Verdict.AS_PRINTED)
