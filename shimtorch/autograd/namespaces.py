"""The two namespaces in which a derivative's formula is computed.

``ARRAYS`` holds each operator on NumPy arrays (a plain backward), ``TENSORS`` the same names on Tensors,
recording (``create_graph=True``). ``ops._define`` fills both.
"""

from __future__ import annotations

from types import SimpleNamespace

ARRAYS = SimpleNamespace()
TENSORS = SimpleNamespace()
