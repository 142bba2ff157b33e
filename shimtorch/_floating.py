"""NumPy's floating-point warnings, switched off around our own computations only.

PyTorch never warns about overflow or division by zero, while a document's own NumPy code must go on to. The
context variable behind ``numpy.errstate`` costs a tenth of ``errstate`` itself; it is found by looking at
what ``numpy.seterr`` changes in an empty context.
"""

from __future__ import annotations

import contextvars

import numpy as np


def _find():
    context = contextvars.Context()
    context.run(np.seterr, all="ignore")
    ((variable, quiet),) = context.items()
    return variable, quiet


_variable, QUIET = _find()
set_floating = _variable.set
reset_floating = _variable.reset
