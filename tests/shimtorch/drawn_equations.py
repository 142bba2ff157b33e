"""Strategies for ``einsum``: equations with operands that mostly fit them, in both notations."""

from __future__ import annotations

from hypothesis import strategies as st

LETTERS = "ijkAb"
NOISE = ["i", "j", ".", "...", ",", "->", " ", "1", "é", "-", "Q"]


def _number(label: str) -> int:
    return ord(label) - ord("A") if label.isupper() else ord(label) - ord("a") + 26


@st.composite
def einsums(draw, leaves, alias):
    """The operands of a call of ``einsum``: an equation and tensors, or tensors and lists of numbers.

    ``leaves`` makes a tensor of given shapes and dtypes, ``alias`` is the first one in another form.
    """
    sizes = {label: draw(st.sampled_from([2, 3, 3, 2, 1, 0])) for label in LETTERS}
    wide = draw(st.lists(st.integers(1, 3), max_size=2))
    dtype = st.sampled_from([draw(st.sampled_from(["float32", "float32", "float64", "complex64", "int64", "float16"]))])
    odd = st.sampled_from(["float32", "bool", "int8"]) if draw(st.integers(0, 11)) == 0 else dtype
    labels, tensors = [], []
    for i in range(draw(st.sampled_from([1, 2, 2, 2, 3]))):
        own = draw(st.lists(st.sampled_from(LETTERS), max_size=3))
        shape = [1 if draw(st.integers(0, 9)) == 0 else sizes[label] for label in own]
        if draw(st.integers(0, 3)) == 0:
            at = draw(st.integers(0, len(own)))
            covered = wide[draw(st.integers(0, len(wide))) :]
            own, shape = [*own[:at], "...", *own[at:]], [*shape[:at], *covered, *shape[at:]]
        labels.append(own)
        if i and labels[0] == own and 0 not in shape and draw(st.booleans()):
            tensors.append(alias)
        else:
            tensors.append(draw(leaves(st.just(tuple(shape)), odd if i else dtype)))
    known = sorted({label for own in labels for label in own})
    output = None
    if draw(st.booleans()):
        output = draw(st.permutations(known))[: draw(st.integers(0, len(known)))]
    if draw(st.integers(0, 4)) == 0:
        parts = [part for pair in zip(tensors, labels, strict=True) for part in (pair[0], _numbers(pair[1]))]
        return (*parts, *([] if output is None else [_numbers(output)]))
    equation = ",".join("".join(own) for own in labels) + ("" if output is None else "->" + "".join(output))
    if draw(st.integers(0, 3)) == 0:
        for _ in range(draw(st.integers(1, 2))):
            at = draw(st.integers(0, len(equation)))
            equation = equation[:at] + draw(st.sampled_from(NOISE)) + equation[at + draw(st.integers(0, 1)) :]
    return (equation, *tensors)


def _numbers(labels) -> list:
    return [Ellipsis if label == "..." else _number(label) for label in labels]
