"""``torch.autograd``: gradients of recorded computations."""

import sys
from types import ModuleType

from . import mode as grad_mode
from .differentiation import backward, grad
from .mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled

# What is imported when somebody asks for it, and from where.
_LATER = {
    "Function": "function", "function": "function", "functional": "functional", "graph": "graph",
    "gradcheck": "gradcheck", "gradgradcheck": "gradcheck",
    "anomaly_mode": "anomaly_mode", "detect_anomaly": "anomaly_mode", "set_detect_anomaly": "anomaly_mode",
}  # fmt: skip

__all__ = [
    "backward", "enable_grad", "grad", "grad_mode", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled",
    *_LATER,
]  # fmt: skip


class _Package(ModuleType):
    """As in torch, ``gradcheck`` is the function here, whoever imports the module of that name."""

    def __setattr__(self, name: str, value) -> None:
        super().__setattr__(name, value.gradcheck if name == "gradcheck" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str):
    if name in _LATER:
        import importlib

        module = importlib.import_module(f"shimtorch.autograd.{_LATER[name]}")
        found = getattr(module, name, module)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'torch.autograd' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
