"""``torch.autograd``: gradients of recorded computations."""

from . import function
from . import mode as grad_mode
from .differentiation import backward, grad
from .function import Function
from .mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Function", "backward", "enable_grad", "function", "grad", "grad_mode", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled",
]  # fmt: skip


def __getattr__(name: str):
    raise AttributeError(f"module 'torch.autograd' has no attribute '{name}'")
