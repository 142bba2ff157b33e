"""Indices of random programs beyond integers and slices: tensors, masks, lists and what stands between them."""

from __future__ import annotations

from math import prod

from conformance.suites.fuzz.state import Choices, Shape, State, Value

_SLICES = (":", "1:", "::2", ":-1", "5:", ":0")


def index(x: Value, state: State, choose: Choices) -> tuple[str, Shape, bool]:
    """An index in brackets, the shape it is believed to give, and whether that is sure."""
    if not x.shape or choose.once_in(10):
        text = choose.pick(("True", "None, None", "..., None", "()", "torch.tensor(True)", "False", "[]", "[True]"))
        return f"[{text}]", x.shape, False
    how = choose.below(5)
    if how == 0:
        return f"[{x.text} > 0]", (), False
    if how == 1:
        same = state.values(lambda value: value.shape == x.shape[: len(value.shape)] and value.shape != ())
        mask = choose.pick(same) if same else x
        return f"[{mask.text} != 2]", (), False
    parts: list[str] = []
    shape: list[int] = []
    for place, size in enumerate(x.shape):
        if place and choose.below(3) == 0:
            break
        part, kept = _part(size, choose)
        parts.append(part)
        shape += kept
    if choose.once_in(4):
        place = choose.below(len(parts) + 1)
        parts.insert(place, choose.pick(("...", "None")))
    sure = len(parts) == 1 and "torch" in parts[0] and "..." not in parts
    return f"[{', '.join(parts)}]", (*shape, *x.shape[len(parts) :]) if sure else x.shape, sure


def _part(size: int, choose: Choices) -> tuple[str, list[int]]:
    """What stands for one dimension, and what is left of that."""
    last = max(size - 1, 0)
    how = choose.below(8)
    if how < 3:
        places = [choose.below(max(size, 1)) - (size if choose.below(4) == 3 else 0) for _ in range(2)]
        return f"torch.tensor({places})", [2]
    if how == 3:
        return f"[{last}, 0, 0]", [3]
    if how == 4:
        return choose.pick(_SLICES), [size]
    if how == 5:
        return str(-1), []
    if how == 6:
        return f"torch.tensor([[0, {last}], [{last}, 0]])", [2, 2]
    return choose.pick(("torch.tensor(0)", f"[{', '.join(['True', 'False', 'True'][:size])}]", "torch.tensor([9])")), []


def value_for(x: Value, choose: Choices) -> str:
    """What may be written at such an index."""
    return choose.pick(
        ("1", "0.5", "torch.tensor(2.)", f"torch.ones({x.shape[-1] if x.shape else 1})", f"{prod(x.shape)}")
    )
