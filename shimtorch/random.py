"""``torch.random``: the default generator's functions, and ``fork_rng``."""

from __future__ import annotations

import contextlib

from ._device import device
from ._random import default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type=None):
    """Put the default generator's stream back, when the block ends, to where it was (``torch.random.fork_rng``).

    There is one device, so ``devices`` and ``device_type`` only have to be such; nothing happens unless ``enabled``.
    """
    if device_type is not None:
        device(device_type)
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
