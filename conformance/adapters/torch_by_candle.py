"""candle (``pip install candle-python``). Two of its modules begin with an underscore."""

import sys

import candle
from candle import *  # noqa: F403
from candle import _autograd, _random, nn, optim

__version__ = candle.__version__
autograd, random = _autograd, _random
for _name, _module in {"nn": nn, "nn.functional": nn.functional, "optim": optim, "autograd": autograd}.items():
    sys.modules[f"{__name__}.{_name}"] = _module


def __getattr__(name: str):
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(candle, name)
