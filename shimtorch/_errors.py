"""Messages that several operators share, in torch's words. They are built only once something has failed."""

from __future__ import annotations


def first(error: Exception) -> Exception:
    """Mark what torch says before it looks at shapes and result types."""
    error._comes_first = True
    return error


def comes_first(error: Exception) -> bool:
    """Whether torch would say this before it looks at shapes and result types."""
    return getattr(error, "_comes_first", False)


def broadcast(a: tuple, b: tuple) -> RuntimeError:
    """Shapes ``a`` and ``b`` do not broadcast."""
    ndim = max(len(a), len(b))
    wide = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in (a, b)]
    for i in reversed(range(ndim)):
        x, y = wide[0][i], wide[1][i]
        if x != y and x != 1 and y != 1:
            return RuntimeError(
                f"The size of tensor a ({x}) must match the size of tensor b ({y}) at non-singleton dimension {i}"
            )
    raise AssertionError(f"{a} and {b} do broadcast")


def require_broadcast(a: tuple, b: tuple) -> None:
    """Raise torch's error unless the shapes broadcast."""
    for x, y in zip(reversed(a), reversed(b), strict=False):
        if x != y and x != 1 and y != 1:
            raise broadcast(a, b)


def require_fit(own: tuple, other: tuple) -> None:
    """Raise torch's error unless ``other`` broadcasts to exactly ``own``."""
    require_broadcast(own, other)
    extra = len(own) - len(other)
    if extra < 0 or any(x == 1 and y != 1 for x, y in zip(own[extra:], other, strict=True)):
        raise inplace_shape(own, other)


def inplace_shape(own: tuple, result: tuple) -> RuntimeError:
    """The operands broadcast to more than the tensor that is written holds, or not at all."""
    try:
        return broadcast(own, result)
    except AssertionError:
        ndim = max(len(own), len(result))
        a, b = ((1,) * (ndim - len(s)) + tuple(s) for s in (own, result))
        full = [y if x == 1 else x for x, y in zip(a, b, strict=True)]
        return RuntimeError(f"output with shape {list(own)} doesn't match the broadcast shape {full}")


def result_type(have, want) -> RuntimeError:
    """A result of dtype ``have`` cannot be written into dtype ``want``."""
    from ._tensor import scalar_type_name

    return RuntimeError(
        f"result type {scalar_type_name(have)} can't be cast to the desired output type {scalar_type_name(want)}"
    )


def not_implemented(kernel: str, tensor) -> NotImplementedError:
    """torch has no CPU kernel for the dtype."""
    from ._tensor import scalar_type_name

    return NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_type_name(tensor)}'")
