"""``conformance ops``: what it finds in PyTorch itself, in shimtorch, and in shimtorch with a fault in each place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")
pytest.importorskip("expecttest", reason="PyTorch's operator samples need expecttest")

import numpy as np
import torch
from typer.testing import CliRunner

import shimtorch
from conformance.cli import app
from conformance.reports.operators import CHECKS, Report, Row, markdown
from conformance.runners.executor import LocalProcesses, Lost
from conformance.suites.operators import Gap, Settings, run_operators
from conformance.suites.operators.arguments import Arguments
from conformance.suites.operators.entries import chosen, entries
from conformance.suites.operators.outcomes import Outcome, Seen, difference, distances, outcome
from conformance.suites.operators.units import ERRORS, Unit, work


def place_of(name: str) -> int:
    (place,) = chosen(f"^{name}$")
    return place


def cell(name: str, check: str, subject: str = "shimtorch", samples: int = 2) -> Any:
    (found,) = work(Unit(subject, place_of(name), "" if check == ERRORS else "float32", (check,), samples)).cells
    return found


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("subject", ["torch", "shimtorch"])
def test_nothing_differs_where_nothing_is_wrong(subject: str, check: str) -> None:
    told = cell("gather" if check == ERRORS else "add", check, subject=subject)
    assert (told.failed, told.reason, told.absent) == (0, "", False)
    assert told.samples >= 2


# --- a fault for each check -------------------------------------------------------------------------------------------


def _changed(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Puts the change behind the function of a name in a place."""
    return lambda function: lambda *given, **named: change(function(*given, **named))


def _refuse(*_: Any, **__: Any) -> None:
    raise RuntimeError("other words")


def _none_written(function: Any) -> Any:
    return lambda *given, out=None, **named: function(*given, **named) if out is None else out


FAULTS = {
    "value": ("forward", shimtorch, "exp", _changed(lambda it: it * 1.01), "not close"),
    "a value that is missing": ("forward", shimtorch, "exp", _changed(lambda it: None), "NoneType None, not a tensor"),
    "dtype": ("forward", shimtorch, "exp", _changed(lambda it: it.double()), "dtype torch.float64, not"),
    "shape": ("forward", shimtorch, "exp", _changed(lambda it: it.unsqueeze(0)), "shape (1,"),
    "strides": ("forward", shimtorch, "exp", _changed(lambda it: shimtorch.stack([it, it], -1)[..., 0]), "strides"),
    "error": ("forward", shimtorch, "exp", lambda function: _refuse, "RuntimeError: other words, not a result"),
    "method": ("method", shimtorch.Tensor, "exp", _changed(lambda it: it * 1.01), "not close"),
    "in place": ("in place", shimtorch.Tensor, "exp_", _changed(lambda it: it.clone()), "is an input None, not 0"),
    "out": ("out", shimtorch, "exp", _none_written, "not close"),
    "gradient": ("gradient", shimtorch, "exp", _changed(lambda it: it + 0), "AddBackward0"),
    "no gradient": ("gradient", shimtorch, "exp", _changed(lambda it: it.detach()), "pieces, not"),
    "second gradient": ("second gradient", shimtorch, "exp", _changed(lambda it: it**1.0), "MulBackward1"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    check, place, function, fault, words = FAULTS[name]
    assert cell("exp", check).failed == 0
    monkeypatch.setattr(place, function, fault(getattr(place, function)))
    told = cell("exp", check)
    assert told.failed > 0
    assert words in told.reason
    assert "float32[" in told.sample


def test_what_is_written_to_an_input_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    exp = shimtorch.exp
    monkeypatch.setattr(shimtorch, "exp", lambda it: (exp(it), it.zero_())[0])
    assert cell("exp", "forward").reason.startswith("inputs afterwards: ")


def test_other_words_of_an_error_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cell("gather", ERRORS).failed == 0
    monkeypatch.setattr(shimtorch, "gather", _refuse)
    assert cell("gather", ERRORS).failed == cell("gather", ERRORS).samples > 0


def test_what_is_not_there_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(shimtorch.Tensor, "exp_")
    assert cell("exp", "in place").absent
    monkeypatch.delattr(shimtorch, "gather")
    monkeypatch.delattr(shimtorch.Tensor, "gather")
    assert cell("gather", "forward").absent
    told = cell("gather", ERRORS)
    assert (told.absent, told.failed) == (True, told.samples)
    assert told.samples > 0


@pytest.mark.parametrize(("factor", "fails"), [(-1.0, False), (1.01, True)])
def test_factors_may_differ_in_their_signs_alone(monkeypatch: pytest.MonkeyPatch, factor: float, fails: bool) -> None:
    svd = torch.linalg.svd

    def turned(*given: Any, **named: Any) -> Any:
        u, s, vh = found = svd(*given, **named)
        return type(found)((u * factor, s, vh * factor))

    module = ModuleType("turned")
    module.__dict__.update(vars(torch) | {"linalg": SimpleNamespace(svd=turned)})
    monkeypatch.setitem(sys.modules, "turned", module)
    assert bool(cell(r"linalg\.svd", "forward", subject="turned", samples=60).failed) == fails


# --- samples, outcomes ------------------------------------------------------------------------------------------------


def test_arguments_share_memory_as_the_sample_does() -> None:
    base = torch.arange(12.0).reshape(3, 4)
    sample = type("Sample", (), {"input": base.t(), "args": (base[1:], [base[0]], torch.float64), "kwargs": {"n": 3}})
    given = Arguments(shimtorch, sample)
    whole, part, (row,), dtype = given.positional
    assert [tuple(it.stride()) for it in given.tensors] == [(1, 4), (4, 1), (1,)]
    assert (dtype, given.named) == (shimtorch.float64, {"n": 3})
    row.zero_()
    assert whole[:, 0].tolist() == [0.0] * 4
    part.fill_(7.0)
    assert whole[0].tolist() == [0.0, 7.0, 7.0]
    assert base[0].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_distances_are_counted_in_units_in_the_last_place() -> None:
    one = np.float32(1)
    theirs = np.array([1, 1, 1, 1, 1, -0.0, np.nan], "f4")
    step = np.float32(2**-23)
    ours = np.array([one, one + step, one + 3 * step, one - step, 2, 0.0, 1], "f4")
    assert distances(Outcome([Seen({}, ours)]), Outcome([Seen({}, theirs)])) == [2, 1, 1, 1, 0, 1]


def test_structure_and_numbers_are_compared() -> None:
    def told(value: Any) -> Outcome:
        return outcome(torch, lambda: value)

    assert difference(told((1, [2.0])), told((1, [2.0]))) == ""
    assert difference(told((1, 2)), told([1, 2])) == "piece 0: str 'tuple', not str 'list'"
    assert "pieces, not" in difference(told((1, 2)), told((1, 2, 3)))
    assert difference(told(1), told(True)) == "int 1, not bool True"
    assert difference(told(float("nan")), told(float("nan"))) == ""


# --- the run ----------------------------------------------------------------------------------------------------------


def nothing(*_: Any) -> None:
    pass


class _Killed(LocalProcesses):
    """Loses the first unit, and stops after so many answers."""

    def __init__(self, answers: int) -> None:
        super().__init__(1)
        self.answers, self.asked = answers, 0

    def run(self, work: Any, units: Any, timeout: float = 0.0) -> Any:
        for number, unit in enumerate(units):
            if number == self.answers:
                raise KeyboardInterrupt
            self.asked += 1
            yield unit, Lost("its process was killed") if number == 0 and self.answers > 1 else work(unit)


def test_a_killed_run_goes_on_and_a_lost_unit_costs_the_others_nothing(tmp_path: Path) -> None:
    settings = Settings("shimtorch", ("forward",), ("float32", "int64", "bool"), 1, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_operators([place_of("exp")], settings, _Killed(1), nothing, [])
    rest = _Killed(99)
    report = run_operators([place_of("exp")], settings, rest, nothing, [])
    assert (report.resumed, rest.asked) == (1, 2)
    assert [(row.dtype, row.status) for row in report.rows] == [
        ("bool", "equal"),
        ("float32", "different"),
        ("int64", "equal"),
    ]
    assert report.rows[1].reason == "its process was killed"


def test_known_gaps_excuse_only_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shimtorch, "exp", _refuse)
    settings = Settings("shimtorch")
    gaps = [Gap("exp", "it is planted", checks=["forward", "out", "gradient", "second gradient"]), Gap("log", "none")]
    report = run_operators([place_of("exp"), place_of("log")], settings, _Killed(99), nothing, gaps)
    of_exp = [row for row in report.rows if row.operator == "exp" and row.dtype != "bool"]
    assert {row.status for row in of_exp if row.check == "forward"} == {"accepted"}
    assert {row.status for row in of_exp if row.check == "method"} == {"equal"}
    assert report.stale == ["log: all dtypes: all checks"]
    assert report.exit_status == 1


def test_the_page_has_figures_table_and_reasons() -> None:
    rows = [
        Row("a", "float32", "forward", 4, 0, "", "", "equal"),
        Row("a", "int64", "forward", 4, 1, "int64[2]", "wrong", "different"),
        Row("a", "", "errors", 5, 2, "", "words", "different"),
        Row("b", "float32", "forward", 0, 0, "", "absent", "absent"),
    ]
    page = markdown(Report("it", "1", rows, {"a": [5, 1, 0, 0, 0, 0]}, [], 0), "conformance ops")
    assert "| float32 variants, forward | 1 | 2 | 50.0 % |" in page
    assert "| inputs to be refused | 3 | 5 | 60.0 % |" in page
    assert "| a | 1/2 |" in page
    assert "| b | absent |" in page
    assert "- a int64 forward: 1 of 4: (int64[2]) wrong" in page
    assert "| a | 5 | 1 |" in page


# --- the command ------------------------------------------------------------------------------------------------------


def ops(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["ops", *arguments])


def test_the_command(tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("exp\nadd\n")
    options = ["--list", str(names), "--dtype", "float32", "--samples", "1", "--state", str(tmp_path / "state")]
    result = ops("^ex", *options, "--json", str(tmp_path / "it"), "--markdown", str(tmp_path / "page"))
    assert result.exit_code == 0, result.output
    assert {row["operator"] for row in json.loads((tmp_path / "it").read_text())["rows"]} == {"exp"}
    assert "# Operators" in (tmp_path / "page").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuchoperator"], "no operator fits"),
        (["("], "missing ), unterminated subpattern"),
        (["--list", "nosuchfile"], "nosuchfile"),
        (["--check", "backward"], "there is no check backward"),
    ],
)
def test_what_cannot_be_used(arguments: list[str], words: str) -> None:
    result = ops(*arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_the_table_is_pytorchs() -> None:
    assert len(entries()) > 600
