"""Random programs: what they are made of, that nothing differs where nothing does, that faults are found and shrunk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

import shimtorch  # noqa: E402
from conformance.documents import read  # noqa: E402
from conformance.strategies import Program, difference, programs  # noqa: E402
from conformance.suites.fuzz.comparing import Difference, reads_alike  # noqa: E402
from conformance.suites.fuzz.coverage import Meter  # noqa: E402
from conformance.suites.fuzz.failures import REGRESSIONS, Failure, save  # noqa: E402
from conformance.suites.fuzz.hunting import Hunt  # noqa: E402
from conformance.suites.fuzz.shrinking import shortened, simplified  # noqa: E402
from conformance.suites.fuzz.statements import KINDS  # noqa: E402

drawn = settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))

# --- what is drawn ----------------------------------------------------------------------------------------------------


@seed(0)
@drawn
@given(programs())
def test_each_statement_is_python(program: Program) -> None:
    assert program.statements
    for statement in program.statements:
        compile(statement, "", "exec")


def test_programs_of_a_seed_are_the_same_ones() -> None:
    def texts() -> list[str]:
        found: list[str] = []
        run = given(programs())(lambda program: found.append(str(program)))
        settings(drawn, max_examples=20)(seed(3)(run))()
        return found

    assert texts() == texts()


@pytest.mark.filterwarnings("ignore")
def test_much_of_a_program_makes_sense() -> None:
    """Statements that all raise would say little; a share that raises is meant to."""
    total, raised = 0, 0

    @seed(1)
    @settings(drawn, max_examples=100)
    @given(programs())
    def run(program: Program) -> None:
        nonlocal total, raised
        scope = {"torch": torch, "print": lambda *values: None}
        for statement in program.statements:
            total += 1
            try:
                exec(statement, scope)
            except Exception:
                raised += 1
            torch.set_grad_enabled(True)

    run()
    assert 0.02 < raised / total < 0.3, f"{raised} of {total} statements raised"


def test_all_kinds_of_statements_are_drawn() -> None:
    text: list[str] = []
    run = given(programs())(lambda program: text.append(str(program)))
    settings(drawn, max_examples=600)(seed(2)(run))()
    everything = "\n".join(text)
    for part in (
        *("view(", ".unbind(", ".detach()", ".data", "mul_(", "[...] =", " += ", "no_grad()", "inference_mode()"),
        *("backward(", "create_graph=True", "inputs=[", "autograd.grad(", "materialize_grads", "retain_grad()"),
        *("register_hook(", "register_prehook(", "register_post_accumulate_grad_hook(", "saved_tensors_hooks("),
        *("autograd.Function", ".apply(", ".grad = None", ".requires_grad_(", "complex64", "float64", "del ", "print("),
    ):
        assert part in everything, part
    assert len(KINDS) <= 128, "a byte chooses the kind: with more of them, some come up twice as often as others"
    for part in (
        ".set_printoptions(",
        "nn.functional.",
        "for step in",
        "float16",
        "uint8",
        "torch.tensor([0, 0])]",
        " // ",
    ):
        assert part in everything, part


@seed(0)
@drawn
@given(programs(subject=shimtorch))
def test_only_what_the_subject_offers_is_drawn(program: Program) -> None:
    for place, name in re.findall(r"(\w+)\.(\w+_)\(", str(program)):
        assert hasattr(shimtorch if place == "torch" else shimtorch.Tensor, name), name


# --- what is compared -------------------------------------------------------------------------------------------------


@seed(0)
@drawn
@given(programs())
def test_nothing_differs_between_pytorch_and_itself(program: Program) -> None:
    assert difference(program, torch, torch) is None


@seed(0)
@drawn
@given(programs(subject=shimtorch))
def test_nothing_differs_between_shim_and_pytorch(program: Program) -> None:
    found = difference(program, shimtorch, torch)
    assert found is None, Failure(program, found).told()


@pytest.mark.parametrize(
    ("ours", "theirs", "alike"),
    [
        ("tensor([1.0000, 2.0000])", "tensor([1.0001, 2.0000])", True),
        ("tensor([1.0000, 2.0000])", "tensor([1.1000, 2.0000])", False),
        ("tensor([ 1., nan])", "tensor([1., nan])", True),
        ("tensor([1., nan])", "tensor([1., 0.])", False),
        ("<MulBackward0>", "<MulBackward1>", False),
    ],
)
def test_text_of_an_inexact_program(ours: str, theirs: str, alike: bool) -> None:
    assert reads_alike(ours, theirs) is alike


# --- faults -----------------------------------------------------------------------------------------------------------

Wrong = Callable[[pytest.MonkeyPatch], None]


def _sign(patch: pytest.MonkeyPatch) -> None:
    """The derivative of ``mul`` has the wrong sign, when it is not itself to be differentiated."""
    x = shimtorch.tensor([1.0], requires_grad=True)
    kind = type((x * x).grad_fn)
    right = kind.arrays
    patch.setattr(kind, "arrays", lambda node, grad: right(node, -grad))


def _version(patch: pytest.MonkeyPatch) -> None:
    """``zero_`` is not counted as a write."""
    right = shimtorch.Tensor.zero_

    def zero_(self):
        before = self._version
        result = right(self)
        if self._version != before:
            self._vc.value -= 1
        return result

    patch.setattr(shimtorch.Tensor, "zero_", zero_)


def _wording(patch: pytest.MonkeyPatch) -> None:
    """``item`` of several elements complains in other words."""
    right = shimtorch.Tensor.item

    def item(self):
        if self.numel() != 1:
            raise RuntimeError("only one element tensors can be converted to Python scalars")
        return right(self)

    patch.setattr(shimtorch.Tensor, "item", item)


def _memory(patch: pytest.MonkeyPatch) -> None:
    """``t`` copies."""
    right = shimtorch.Tensor.t
    patch.setattr(shimtorch.Tensor, "t", lambda self: right(self).clone())


def _warning(patch: pytest.MonkeyPatch) -> None:
    """Nobody is warned of the ``grad`` of a tensor that keeps none."""
    right = shimtorch.Tensor.grad
    kept = lambda self: right.fget(self) if self.is_leaf or self.retains_grad else None  # noqa: E731
    patch.setattr(shimtorch.Tensor, "grad", property(kept, right.fset, right.fdel))


def _random(patch: pytest.MonkeyPatch) -> None:
    """``rand`` draws a number too many."""
    right = shimtorch.rand

    def rand(*size, **options):
        result = right(*size, **options)
        right(1)
        return result

    patch.setattr(shimtorch, "rand", rand)


class _Planted(Hunt):
    """A hunt that looks only for what a fault does: without it, the programs it finds do not differ."""

    fault: Wrong

    def difference(self, program: Program, meter: Meter | None = None) -> Difference | None:
        with _planted(self.fault):
            found = super().difference(program)
        return None if found is None or super().difference(program) is not None else found


@contextmanager
def _planted(fault: Wrong) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        yield


@pytest.mark.parametrize(
    ("fault", "sort", "statements", "last"),
    [
        (_sign, "value", 4, r"backward|grad\("),
        (_version, "_version", 3, r"zero_\(\)"),
        (_wording, "raised", 2, r"\.item\(\)"),
        (_memory, "memory|stride|offset|graph", 3, r"\.t\(\)"),
        (_warning, "warned", 3, r"\.grad"),
        (_random, "state", 2, r"rand\("),
    ],
)
def test_a_planted_fault_is_found_and_shrunk(fault: Wrong, sort: str, statements: int, last: str) -> None:
    told = []
    for start in range(3):  # what the shim does not do alike each time is found, too
        hunt = _Planted(shimtorch, torch)
        hunt.fault = fault
        for failure in hunt.run(10_000, start, limit=15, failures=1).failures:
            told.append(failure.told())
            if re.search(sort, failure.difference.where):
                assert re.search(last, str(failure.program)), failure.told()
                assert len(failure.program.statements) <= statements, failure.told()
                return
    pytest.fail("\n".join(["not found, but:", *told]))


# --- shrinking and writing down ---------------------------------------------------------------------------------------


def _judge(needed: str) -> Callable[[Program], Difference | None]:
    return lambda program: (
        Difference(len(program.statements) - 1, "a value", "1", "2") if needed in str(program) else None
    )


def test_statements_that_are_not_needed_go() -> None:
    program = Program(tuple(f"a{number} = {number}" for number in range(40)))
    failure = Failure(program, Difference(39, "a value", "1", "2"))
    assert shortened(failure, _judge("a7 =")).program.statements == ("a7 = 7",)


def test_words_that_are_not_needed_go() -> None:
    program = Program(("with torch.no_grad():\n    a = b.t().mul_(2)",))
    failure = Failure(program, Difference(0, "a value", "1", "2"))
    assert simplified(failure, _judge("mul_(2)")).program.statements == ("a = b.mul_(2)",)


FAILURE = Failure(
    Program(("a = torch.ones(2)", "with torch.no_grad():\n    a.zero_()")), Difference(1, "a _version", "0", "1")
)


def test_a_failure_is_told_as_a_snippet_and_side_by_side() -> None:
    told = FAILURE.told()
    snippet, _, beside = told.partition("\n\n")
    exec(snippet, {})
    assert "a _version, after statement 2:" in beside
    assert re.search(r"subject +\| reference\n +0 +\| 1", beside)


def test_a_failure_is_saved_as_a_document(tmp_path: Path) -> None:
    file = save(FAILURE, tmp_path)
    assert file == save(FAILURE, tmp_path), "the same name each time"
    document = read(file)
    assert [snippet.code for snippet in document.snippets][-1] == "print(a._version)"
    assert Program(tuple(snippet.code for snippet in document.snippets[1:-1])) == FAILURE.program


@pytest.mark.parametrize("file", sorted(REGRESSIONS.glob("*.md")), ids=lambda file: file.stem)
def test_what_was_found_once_does_not_come_back(file: Path) -> None:
    _import, *statements = [snippet.code for snippet in read(file).snippets]
    for watched in (True, False):
        program = Program(tuple(statements), watched)
        found = difference(program, shimtorch, torch)
        assert found is None, Failure(program, found).told()
