"""The two namespaces in which a derivative's formula is computed.

``ARRAYS`` holds each operator on NumPy arrays (a plain backward), ``TENSORS`` the same names on Tensors,
recording (``create_graph=True``). ``ops._define`` fills both.
"""

from __future__ import annotations

from types import SimpleNamespace

ARRAYS = SimpleNamespace()
TENSORS = SimpleNamespace()


def saved_result(node, array):
    """The node's own output as a Tensor again; nodes save the bare array so that no cycle keeps them alive."""
    tensor = TENSORS.wrap(array)
    view = node.extra.result_view if node.extra is not None else None
    written = None if view is None else view()
    tensor._node, tensor._rg = node if written is None else written._node, True
    return tensor
