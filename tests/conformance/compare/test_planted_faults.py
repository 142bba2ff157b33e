"""Each comparator is shown to fail, on its own fault and on no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy
import pytest

from conformance.compare import comparators
from conformance.compare.check import outcomes
from conformance.runners.protocol import Failure, Result

GRAPH: dict[str, Any] = {
    "nodes": [
        {"name": "MulBackward0", "called": "MulBackward0", "edges": [[1, 0], [None, 0]]},
        {"name": "AccumulateGrad", "called": "torch::autograd::AccumulateGrad", "edges": [], "variable": "w"},
    ],
    "cut": False,
}


def _plain(value: object) -> dict[str, str]:
    return {"kind": "plain", "type": type(value).__name__, "text": repr(value)}


@pytest.fixture
def right(tensor: Any) -> Result:
    return Result(
        stdout="tensor([0.2827, 0.2983])\n",
        stderr="",
        error=Failure("RuntimeError", "Trying to backward", 7),
        warnings=(("UserWarning", "first"), ("UserWarning", "second")),
        names={
            "w": tensor(requires_grad=True, grad=tensor()),
            "z": tensor(requires_grad=True, is_leaf=False, graph=GRAPH),
            "many": {
                "kind": "container",
                "type": "list",
                "items": [["[0]", _plain(3)], ["[1]", _plain(0.5)]],
                "cut": 0,
            },
            "f": {"kind": "callable", "name": "grad"},
        },
        aliases={"same": [], "memory": [["w", "z"]]},
        random={"torch": "a", "numpy": "b"},
    )


def _with_name(result: Result, name: str, /, **aspects: Any) -> Result:
    described = result.names[name]
    assert described is not None
    return replace(result, names={**result.names, name: {**described, **aspects}})


def _with_graph(result: Result, number: int, **aspects: Any) -> Result:
    nodes = [dict(node) for node in GRAPH["nodes"]]
    nodes[number] |= aspects
    return _with_name(result, "z", graph={"nodes": nodes, "cut": False})


def test_no_fault(right: Result, differences: Any) -> None:
    assert differences(right, right) == {}


def test_values(right: Result, tensor: Any, differences: Any) -> None:
    for wrong in ([1.0, 2.00001], [1.0, numpy.nan], [1.0, numpy.inf], [1.0, -2.0]):
        fault = _with_name(right, "w", values=tensor(wrong)["values"])
        found = differences(fault, right)
        assert found.keys() == {"value"}
        assert (found["value"].where, found["value"].reference) == ("w value", "[1] 2.0")
        assert differences(right, fault).keys() == {"value"}


def test_value_of_a_grad(right: Result, tensor: Any, differences: Any) -> None:
    found = differences(_with_name(right, "w", grad=tensor([1.0, 3.0])), right)
    assert found["value"].where == "w.grad value"


def test_value_in_a_container(right: Result, differences: Any) -> None:
    found = differences(_with_name(right, "many", items=[["[0]", _plain(3)], ["[1]", _plain(0.6)]]), right)
    assert {kind: check.where for kind, check in found.items()} == {"value": "many[1] value"}


@pytest.mark.parametrize(
    ("aspect", "wrong"),
    [("stride", [2]), ("offset", 1), ("device", "meta"), ("type", "torch.nn.parameter.Parameter")],
)
def test_layout(right: Result, differences: Any, aspect: str, wrong: Any) -> None:
    found = differences(_with_name(right, "w", **{aspect: wrong}), right)
    assert {kind: check.where for kind, check in found.items()} == {"layout": f"w {aspect}"}


def test_dtype_and_shape(right: Result, tensor: Any, differences: Any) -> None:
    assert differences(_with_name(right, "w", **tensor(dtype="float64", requires_grad=True)), right).keys() == {
        "layout",
        "names",  # its grad is gone
    }
    assert differences(_with_name(right, "w", shape=[2, 1]), right).keys() == {"layout"}


@pytest.mark.parametrize(("aspect", "wrong"), [("requires_grad", False), ("is_leaf", False), ("graph", GRAPH)])
def test_autograd_state(right: Result, differences: Any, aspect: str, wrong: Any) -> None:
    assert differences(_with_name(right, "w", **{aspect: wrong}), right).keys() == {"graph"}


@pytest.mark.parametrize(
    ("number", "aspects", "where"),
    [
        (0, {"name": "MulBackward"}, "z.grad_fn"),
        (0, {"called": "mul"}, "z.grad_fn"),
        (0, {"edges": [[1, 1], [None, 0]]}, "z.grad_fn"),
        (0, {"edges": [[1, 0], [1, 0]]}, "z.grad_fn"),
        (1, {"variable": "b"}, "z.grad_fn.next_functions[0]"),
    ],
)
def test_graph(right: Result, differences: Any, number: int, aspects: dict[str, Any], where: str) -> None:
    found = differences(_with_graph(right, number, **aspects), right)
    assert {kind: check.where for kind, check in found.items()} == {"graph": where}


@pytest.mark.parametrize("graph", [None, {"error": "AttributeError: grad_fn"}, {**GRAPH, "cut": True}])
def test_another_graph(right: Result, differences: Any, graph: Any) -> None:
    assert differences(_with_name(right, "z", graph=graph), right).keys() == {"graph"}


@pytest.mark.parametrize(
    "error",
    [None, Failure("ValueError", "Trying to backward", 7), Failure("RuntimeError", "trying", 7),
     Failure("RuntimeError", "Trying to backward", 8)],
)  # fmt: skip
def test_error(right: Result, differences: Any, error: Failure | None) -> None:
    assert differences(replace(right, error=error), right).keys() == {"error"}
    assert differences(right, replace(right, error=error)).keys() == {"error"}


@pytest.mark.parametrize(
    "warnings", [(("UserWarning", "first"),), (("UserWarning", "first"), ("FutureWarning", "second"))]
)
def test_warning(right: Result, differences: Any, warnings: Any) -> None:
    assert differences(replace(right, warnings=warnings), right).keys() == {"warning"}
    assert differences(right, replace(right, warnings=warnings)).keys() == {"warning"}


@pytest.mark.parametrize(
    "text", ["tensor([0.2827, 0.2984])\n", "tensor([0.2827,  0.2983])\n", "", "tensor([0.2827, 0.2983])"]
)
def test_text(right: Result, differences: Any, text: str) -> None:
    assert differences(replace(right, stdout=text), right).keys() == {"text"}


def test_invisible_differences_are_shown(right: Result, differences: Any) -> None:
    check = differences(replace(right, stdout="a b\n"), replace(right, stdout="a  b"))["text"]
    assert (check.subject, check.reference) == ("'a b\\n'", "'a  b'")


def test_stderr(right: Result, differences: Any) -> None:
    assert differences(replace(right, stderr="oops"), right)["text"].where == "stderr"


def test_only_addresses_are_masked_in_text(right: Result, differences: Any) -> None:
    told = [replace(right, stdout=f"<AddBackward0 object at {address}>") for address in ("0x7f6f0cbaa530", "0x1")]
    assert differences(*told) == {}
    assert differences(*[replace(right, stdout=text) for text in ("0xff", "0xfe")]).keys() == {"text"}


def test_aliasing(right: Result, differences: Any) -> None:
    found = differences(replace(right, aliases={"same": [], "memory": []}), right)
    assert (found["aliasing"].subject, found["aliasing"].reference) == ("apart", "w = z")


def test_random_state(right: Result, differences: Any) -> None:
    found = differences(replace(right, random={"torch": "z", "numpy": "b"}), right)
    assert found["random"].where == "random state of torch"
    assert differences(replace(right, random={"numpy": "b"}), right).keys() == {"random"}


@pytest.mark.parametrize("name", ["w", "many", "f"])
def test_a_name_not_bound(right: Result, differences: Any, name: str) -> None:
    names = {key: value for key, value in right.names.items() if key != name}
    assert differences(replace(right, names=names), right).keys() == {"names"}
    assert differences(right, replace(right, names=names)).keys() == {"names"}


@pytest.mark.parametrize(
    ("name", "aspects"),
    [
        ("f", {"name": "backward"}),
        ("f", {"kind": "class"}),
        ("f", {"kind": "unknown", "error": "NotImplementedError"}),
        ("many", {"type": "tuple"}),
        ("many", {"cut": 1}),
        ("many", {"items": [["[0]", _plain(4)], ["[1]", _plain(0.5)]]}),
        ("many", {"items": [["[0]", _plain(True)], ["[1]", _plain(0.5)]]}),
        ("many", {"items": [["[0]", _plain(3)]]}),
    ],
)
def test_names(right: Result, differences: Any, name: str, aspects: Any) -> None:
    fault = _with_name(right, name, **aspects)
    pairs = comparators()["names"](outcomes((fault,))[0], outcomes((right,))[0])
    assert any(check.strength == "different" for check in pairs)


@pytest.mark.parametrize("ended", ["timeout", "signal", "exit", "memory", "lost", "not run"])
def test_a_snippet_that_did_not_finish(right: Result, differences: Any, ended: str) -> None:
    fault = Result(ended=ended, stdout=right.stdout)
    assert differences(fault, right).keys() == {"ending"}
    assert differences(right, fault).keys() == {"ending"}
    assert differences(fault, fault) == {}


def test_what_a_snippet_left_alone_is_not_told_again(right: Result, tensor: Any) -> None:
    wrong = _with_name(right, "w", values=tensor([1.0, 5.0])["values"])
    told = [outcomes((result, Result()))[1] for result in (wrong, right)]
    names = [check for compare in ("value", "names", "layout") for check in comparators()[compare](*told)]
    assert names == []


def test_a_change_on_one_side_only_is_seen(right: Result, tensor: Any) -> None:
    later = Result(names={"w": tensor([9.0, 2.0], requires_grad=True, grad=tensor())})
    subject, reference = (outcomes((right, result))[1] for result in (Result(), later))
    assert [check.strength for check in comparators()["value"](subject, reference)] == ["different", "identical"]


def test_every_comparator_is_found() -> None:
    assert list(comparators()) == [
        "aliasing", "ending", "error", "graph", "layout", "names", "random", "text", "value", "warning",
    ]  # fmt: skip
