"""The comparison with PyTorch reports faults: each is planted in shimtorch, and must be seen.

To plant another, add a test that patches shimtorch and names what must be reported. A fault that nothing reports
means that ``agreement`` is blind there.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

import shimtorch  # noqa: E402
from shimtorch import _errors  # noqa: E402
from shimtorch.ops import _define  # noqa: E402
from tests.shimtorch import agreement  # noqa: E402
from tests.shimtorch.agreement import Call, Leaf, disagreements, ulps_apart, values_agree  # noqa: E402

X = Leaf(np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]], np.float32), requires_grad=True)
Y = Leaf(np.array([[1.5, 2.5, -2.0], [0.5, 4.0, 1.25]], np.float32), requires_grad=True)
TANH = Call("tanh", (X,))
MUL = Call("mul", (X, Y), twice=True)
ADD_MISFIT = Call("add", (X, Leaf(np.ones(5, np.float32))))


def reported(call: Call) -> set[str]:
    return {difference.what for difference in disagreements(call, shimtorch, torch)}


def wrapped(monkeypatch, name: str, change) -> None:
    """Let ``change`` alter the array that the function ``name`` returns, its gradient left as it is."""
    honest = getattr(shimtorch, name)

    def faulty(*args, **kwargs):
        out = honest(*args, **kwargs)
        out._a = change(out._a)
        return out

    monkeypatch.setattr(shimtorch, name, faulty)


@pytest.mark.parametrize("call", [TANH, MUL, ADD_MISFIT, Call("sum", (X,)), Call("matmul", (X, X))], ids=str)
def test_nothing_is_reported_without_a_fault(call):
    assert reported(call) == set()


def test_wrong_sign_in_a_derivative(monkeypatch):
    honest = shimtorch.autograd.grad
    monkeypatch.setattr(shimtorch.autograd, "grad", lambda *a, **k: tuple(-g for g in honest(*a, **k)))
    assert "gradients[0]: values" in reported(TANH)


def test_wrong_sign_in_a_second_derivative_only(monkeypatch):
    honest, passes = shimtorch.autograd.grad, []

    def faulty(*args, **kwargs):
        passes.append(kwargs)
        gradients = honest(*args, **kwargs)
        return gradients if len(passes) == 1 else tuple(None if g is None else -g for g in gradients)

    monkeypatch.setattr(shimtorch.autograd, "grad", faulty)
    found = reported(MUL)
    assert any(what.startswith("second") for what in found)
    assert not any(what.startswith("gradients") for what in found)


def test_lost_suffix_of_a_node_name():
    node = type(shimtorch.tanh(shimtorch.ones(1, requires_grad=True)).grad_fn)
    name = node.__name__
    node.__name__ = "TanhBackward"
    try:
        assert "results[0]: graph" in reported(TANH)
    finally:
        node.__name__ = name


def test_lost_edge_of_a_node(monkeypatch):
    node = type(shimtorch.mul(*[shimtorch.ones(1, requires_grad=True)] * 2).grad_fn)
    honest = node.next_functions
    monkeypatch.setattr(node, "next_functions", property(lambda self: honest.fget(self)[:1]))
    assert "results[0]: graph" in reported(MUL)


def test_changed_digit_of_a_text(monkeypatch):
    honest = shimtorch.Tensor.__repr__
    monkeypatch.setattr(shimtorch.Tensor, "__repr__", lambda self: honest(self).replace("9", "8", 1))
    assert "results[0]: text" in reported(TANH)


def test_lost_suffix_of_a_text(monkeypatch):
    honest = shimtorch.Tensor.__repr__
    monkeypatch.setattr(shimtorch.Tensor, "__repr__", lambda self: honest(self).replace(", grad_fn=", ", grad="))
    assert "results[0]: text" in reported(TANH)


def test_swapped_text_of_an_error(monkeypatch):
    monkeypatch.setattr(_errors, "broadcast", lambda a, b: RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert reported(ADD_MISFIT) == {"error"}


def test_other_class_of_an_error(monkeypatch):
    honest = _errors.broadcast
    monkeypatch.setattr(_errors, "broadcast", lambda a, b: ValueError(str(honest(a, b))))
    assert reported(ADD_MISFIT) == {"error"}


def test_nan_for_a_number(monkeypatch):
    wrapped(monkeypatch, "tanh", lambda array: np.where(array > 0.9, np.float32(np.nan), array))
    assert "results[0]: values" in reported(TANH)


def test_number_for_a_nan(monkeypatch):
    wrapped(monkeypatch, "log", lambda array: np.nan_to_num(array))
    assert "results[0]: values" in reported(Call("log", (X,)))


def test_two_ulps_too_many(monkeypatch):
    wrapped(monkeypatch, "mul", lambda array: np.nextafter(np.nextafter(array, np.float32(9)), np.float32(9)))
    assert "results[0]: values" in reported(MUL)


def test_sum_beyond_its_tolerance(monkeypatch):
    wrapped(monkeypatch, "sum", lambda array: array + np.float32(1e-5))
    assert "results[0]: values" in reported(Call("sum", (X,)))


def test_wrong_strides(monkeypatch):
    wrapped(monkeypatch, "mul", np.asfortranarray)
    assert {"results[0]: stride", "results[0]: is_contiguous"} <= reported(MUL)


def test_wrong_promotion(monkeypatch):
    monkeypatch.setattr(_define._dtypes, "result_of", lambda *kinds: shimtorch.float64)
    integers = Leaf(np.array([1, 2, 3]))
    assert "results[0]: dtype" in reported(Call("add", (integers, Leaf(np.ones(3, np.float32)))))


def test_forgotten_version(monkeypatch):
    honest = shimtorch.Tensor.add_

    def faulty(self, other):
        out, self._vc = honest(self, other), None
        return out

    monkeypatch.setattr(shimtorch.Tensor, "add_", faulty)
    plain = Leaf(X.values)
    assert "versions" in reported(Call("add_", (plain, 1), form="method"))


def test_copy_instead_of_a_view(monkeypatch):
    honest = shimtorch.Tensor.view
    monkeypatch.setattr(shimtorch.Tensor, "view", lambda self, *shape: honest(self, *shape).clone())
    found = reported(Call("view", (Leaf(X.values), (3, 2)), form="method"))
    assert "results[0]: starts where an operand does" in found


def test_lost_warning(monkeypatch):
    torch.set_warn_always(True)
    try:
        monkeypatch.setattr("shimtorch.ops.shape._warned_of_complex", True)
        complexes = Leaf(np.array([1 + 2j], np.complex64))
        assert "warnings" in reported(Call("float", (complexes,), form="method"))
    finally:
        torch.set_warn_always(False)


def test_nan_equals_only_nan():
    nan, one = np.array([np.nan], np.float32), np.array([1], np.float32)
    assert values_agree(nan, nan.copy())
    assert not values_agree(nan, one)
    assert not values_agree(one, nan)
    assert not values_agree(one, nan, bound=np.array([np.inf]))


def test_ulps_are_counted_across_zero_and_never_wrap():
    tiny = np.array([5e-324, -np.finfo(np.float64).max])
    assert ulps_apart(tiny, np.array([-5e-324, np.finfo(np.float64).max])).tolist() == [2, 2 * 0x7FEFFFFFFFFFFFFF]


def test_tolerances_are_no_wider_than_promised():
    assert agreement.ULPS["float32"] == 1
    assert agreement.SUMS == 4
