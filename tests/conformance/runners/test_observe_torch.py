"""Observing PyTorch itself."""

from __future__ import annotations

import base64
import random
import warnings
from typing import Any

import numpy
import pytest

from conformance.runners.graph import NODE_LIMIT
from conformance.runners.observe import VALUE_LIMIT, Observer

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")


def observe(**names: Any) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    observer = Observer(torch, namespace)
    namespace.update(names)
    return observer.changes()


def test_every_aspect() -> None:
    x = torch.arange(6.0).reshape(2, 3)[:, 1:].requires_grad_()
    assert observe(x=x)["names"]["x"] == {
        "kind": "tensor",
        "type": "torch.Tensor",
        "dtype": "torch.float32",
        "shape": [2, 2],
        "stride": [3, 1],
        "offset": 1,
        "device": "cpu",
        "requires_grad": True,
        "is_leaf": True,
        "values": {"base64": base64.b64encode(numpy.array([1, 2, 4, 5], "<f4").tobytes()).decode()},
        "grad": None,
        "graph": None,
    }


@pytest.mark.parametrize("bits", [0x7FC00001, 0xFFC00000, 0x80000000], ids=["payload", "negative", "minus zero"])
def test_bits_are_kept(bits: int) -> None:
    x = torch.tensor([bits if bits < 2**31 else bits - 2**32], dtype=torch.int32).view(torch.float32)
    assert base64.b64decode(observe(x=x)["names"]["x"]["values"]["base64"]) == bits.to_bytes(4, "little")


@pytest.mark.parametrize("dtype", ["bfloat16", "complex64", "bool", "float16"])
def test_other_dtypes(dtype: str) -> None:
    x = torch.ones(2, dtype=getattr(torch, dtype))
    assert observe(x=x)["names"]["x"]["values"].keys() <= {"base64", "text"}
    assert "error" not in observe(x=x.conj())["names"]["x"]["values"]


def test_a_huge_one_is_hashed() -> None:
    values = observe(x=torch.zeros(VALUE_LIMIT // 4 + 1))["names"]["x"]["values"]
    assert values.keys() == {"sha256", "bytes"}


def test_grad_and_its_graph() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match="reference cycle"):
        (x**3).sum().backward(create_graph=True)
    grad = observe(x=x)["names"]["x"]["grad"]
    assert grad["shape"] == [2]
    assert [node["name"] for node in grad["graph"]["nodes"][:2]] == ["CopyBackwards", "MulBackward0"]


def test_graph() -> None:
    w = torch.ones(5, 3, requires_grad=True)
    assert observe(w=w, z=torch.ones(5) @ w)["names"]["z"]["graph"] == {
        "nodes": [
            {"name": "SqueezeBackward4", "called": "SqueezeBackward4", "edges": [[1, 0]]},
            {"name": "MmBackward0", "called": "MmBackward0", "edges": [[None, 0], [2, 0]]},
            {"name": "AccumulateGrad", "called": "torch::autograd::AccumulateGrad", "edges": [], "variable": "w"},
        ],
        "cut": False,
    }


def test_a_long_graph_is_cut_and_says_so() -> None:
    x = torch.ones(1, requires_grad=True)
    for _ in range(100_000):
        x = x + 1
    graph = observe(x=x)["names"]["x"]["graph"]
    assert (len(graph["nodes"]), graph["cut"]) == (NODE_LIMIT, True)


def test_aliases() -> None:
    x = torch.zeros(4, requires_grad=True)
    array = numpy.zeros(3)
    aliases = observe(x=x, v=x.detach()[1:], y=x, a=array, t=torch.from_numpy(array), other=torch.zeros(4))["aliases"]
    assert aliases == {"same": [["x", "y"]], "memory": [["a", "t"], ["v", "x"]]}


def test_modules_and_containers() -> None:
    layer = torch.nn.Linear(2, 1)
    names = observe(layer=layer, pair=(layer.weight, 1.5))["names"]
    assert [where for where, _ in names["layer"]["items"]] == [".weight", ".bias"]
    assert names["pair"]["items"][0] == ["[0]", {"kind": "repeated", "as": "layer.weight"}]
    assert names["pair"]["items"][1][1] == {"kind": "plain", "type": "float", "text": "1.5"}


def test_only_changes_are_told() -> None:
    namespace: dict[str, Any] = {"x": torch.zeros(2), "y": 1, "z": 2}
    observer = Observer(torch, namespace)
    assert observer.changes()["names"] == {}
    namespace["x"].add_(1)
    namespace["y"] = 1
    del namespace["z"]
    changes = observer.changes()
    assert changes["names"].keys() == {"x", "z"}
    assert changes["names"]["z"] is None
    assert (changes["aliases"], changes["random"]) == (None, {})


def test_it_changes_nothing() -> None:
    x = torch.zeros(2, requires_grad=True)
    y = x * 2
    kept = y.clone().detach()
    before = [torch.get_rng_state().tolist(), str(numpy.random.get_state()), random.getstate()]
    versions = [x._version, y._version, kept._version]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observe(x=x, y=y, kept=kept)
    assert [torch.get_rng_state().tolist(), str(numpy.random.get_state()), random.getstate()] == before
    assert [x._version, y._version, kept._version] == versions
    assert x.grad is None
    kept.resize_(100)  # refused for a tensor that numpy() was called on
