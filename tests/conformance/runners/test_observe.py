"""Observing what is no tensor of PyTorch, or only half one."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy

from conformance.runners.observe import ITEM_LIMIT, Observer


def test_a_half_implemented_subject_is_described() -> None:
    class Tensor:
        shape = (2,)
        requires_grad = numpy.True_

        def __getattr__(self, name: str) -> Any:
            raise NotImplementedError(name)

    subject: Any = SimpleNamespace(Tensor=Tensor, __name__="half")
    namespace: dict[str, Any] = {}
    observer = Observer(subject, namespace)
    namespace["x"] = Tensor()
    changes = observer.changes()
    description = changes["names"]["x"]
    assert description["shape"] == [2]
    assert description["stride"] == {"error": "NotImplementedError: stride"}
    assert description["graph"] == {"error": "NotImplementedError: grad_fn"}
    assert "AttributeError" in changes["random"]["torch"]["error"]


def test_values_of_other_kinds() -> None:
    def function() -> None: ...

    namespace: dict[str, Any] = {}
    observer = Observer(ModuleType("subject"), namespace)
    namespace.update(
        function=function,
        kind=ValueError,
        module=numpy,
        own=ModuleType("subject.nn"),
        array=numpy.float32(0.1),
        words={"b", "a"},
        thing=object(),
        table={"k": 1, (1,): None},
        many=[0] * (ITEM_LIMIT + 1),
    )
    names = observer.changes()["names"]
    assert names["function"] == {"kind": "callable", "name": "function"}
    assert names["kind"] == {"kind": "class", "name": "ValueError"}
    assert names["module"] == {"kind": "module", "name": "numpy"}
    assert names["own"] == {"kind": "module", "name": "torch.nn"}
    assert names["array"]["dtype"] == "float32"
    assert names["words"]["text"] == "'a', 'b'"
    assert names["thing"]["text"] == "<object object at 0x…>"
    assert [where for where, _ in names["table"]["items"]] == ["['k']", "[key 1]"]
    assert (len(names["many"]["items"]), names["many"]["cut"]) == (ITEM_LIMIT, 1)
