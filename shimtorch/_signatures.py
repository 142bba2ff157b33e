"""torch's argument errors, worked out only after a call has failed.

``argument_error`` replays torch's argument parser over a call that could not be carried out and says what
torch would have said. A call that succeeds never comes here.

A signature is written as torch's parser reads it; a name in front is optional and ignored:

    (Tensor input, IntArrayRef[1]? dim, bool keepdim=False, *, ScalarType? dtype=None, Tensor out=None)

``Type? name`` also takes None, ``Type name=default`` may be left out (and takes None if that is its default),
``IntArrayRef[1]`` also takes a single int, what follows ``*`` is keyword-only. ``|deprecated`` or ``|hidden``
after the parenthesis keeps a signature out of messages. Written with a dotted name, ``TensorBase.abs()``, a call
is checked as CPython checks its own functions of no or of one argument: torch registers its methods without
arguments in that way.

To add an operator, let its row call ``unary_signatures`` or ``binary_signatures``, or state the strings;
those of irregular operators are in ``_signature_table``. To add a type, add a row to ``_KINDS``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np


class Signatures(NamedTuple):
    """How an operator is called as a function of ``torch`` and as a method; empty where there is no such form."""

    function: tuple[str, ...] = ()
    method: tuple[str, ...] = ()


_UNARY_WITHOUT_OUT = (
    "adjoint, argwhere, conj, corrcoef, det, detach, fliplr, flipud, imag, is_complex, is_conj, is_floating_point, "
    "is_neg, is_nonzero, is_signed, isfinite, isinf, isnan, isreal, logdet, matrix_exp, numel, positive, ravel, real, "
    "relu, resolve_conj, resolve_neg, selu, t, trace, view_as_complex, view_as_real"
)


def unary_signatures(name: str) -> Signatures:
    """Signatures of an operator of one tensor, or of its in-place form."""
    without_out = name.endswith("_") or name in _UNARY_WITHOUT_OUT.split(", ")
    function = "(Tensor input)" if without_out else "(Tensor input, *, Tensor out=None)"
    return Signatures((function,), (f"TensorBase.{name}()",))


def binary_signatures(name: str, *, scalar: bool = False) -> Signatures:
    """Signatures of an operator of two tensors, ``scalar`` if it has an overload for a number as well."""
    others = ("Tensor", "Scalar") if scalar else ("Tensor",)
    method = tuple(f"({other} other)" for other in others)
    if name.endswith("_"):
        return Signatures((), method)
    return Signatures(tuple(f"(Tensor input, {other} other, *, Tensor out=None)" for other in others), method)


def argument_error(
    name: str, signatures: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> TypeError | None:
    """The TypeError torch raises for ``name(*args, **kwargs)``, or None if torch would accept the arguments.

    ``args`` and ``kwargs`` are what the caller wrote, in the caller's order; a method's ``self`` is not part of them.
    """
    try:
        _replay(name, signatures, args, kwargs)
    except _Refused as refusal:
        return TypeError(str(refusal))
    return None


def deprecation(name: str, signatures: Sequence[str], used: int) -> str:
    """torch's warning of the overload at the place ``used``, which is one of the deprecated."""
    told = [f"\t{name}{_read(text)}\n" for text in signatures if not _read(text).hidden]
    return (
        f"This overload of {name} is deprecated:\n\t{name}{_read(signatures[used])}\n"
        f"Consider using one of the following signatures instead:\n{''.join(told)}".rstrip("\n")
        + " (Triggered internally at /__w/pytorch/pytorch/torch/csrc/utils/python_arg_parser.cpp:1841.)"
    )


class _Refused(Exception):
    """One signature does not fit; the text is what torch says if it says it of this one."""


class _RefusedForGood(_Refused):
    """A refusal after which torch does not try the next signature."""


class _Parameter(NamedTuple):
    name: str
    kind: str
    size: int
    nullable: bool
    default: str | None
    keyword_only: bool

    def __str__(self) -> str:
        text = f"{_KINDS[self.kind][0]} {self.name}"
        return text if self.default is None else f"{text} = {self.default}"


class _Signature(NamedTuple):
    parameters: tuple[_Parameter, ...]
    hidden: bool
    python_name: str | None

    @property
    def positional(self) -> int:
        return sum(not p.keyword_only for p in self.parameters)

    @property
    def required(self) -> int:
        return sum(p.default is None for p in self.parameters)

    def __str__(self) -> str:
        parts = [str(p) for p in self.parameters]
        if self.positional < len(parts):
            parts.insert(self.positional, "*")
        return f"({', '.join(parts)})"


@cache
def _read(text: str) -> _Signature:
    name, _, rest = text.partition("(")
    inside, _, mark = rest.rpartition(")")
    parameters = []
    keyword_only = False
    for part in inside.split(", ") if inside else ():
        if part == "*":
            keyword_only = True
            continue
        kind, _, declared = part.partition(" ")
        kind, nullable, _ = kind.partition("?")
        kind, _, size = kind.partition("[")
        declared, has_default, default = declared.partition("=")
        parameters.append(
            _Parameter(
                declared,
                kind,
                int(size.rstrip("]") or 0),
                bool(nullable) or default == "None",
                default if has_default else None,
                keyword_only,
            )
        )
    return _Signature(tuple(parameters), bool(mark), name if "." in name else None)


# ------------------------------------------------------------------------------------------- types


_INT_LISTS = ("IntArrayRef", "SymIntArrayRef")

# Where torch compiles a class, its messages name the module too; the classes that stand for them here are Python's.
_COMPILED_IN_TORCH = ("torch", "torch._C", "torch.return_types", "torch.storage")
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8


def _type_name(value: object) -> str:
    cls = type(value)
    module, name = cls.__module__, cls.__name__
    compiled = not cls.__flags__ & _HEAP_TYPE or cls.__flags__ & _IMMUTABLE_TYPE or module in _COMPILED_IN_TORCH
    return f"{module}.{name}" if compiled and module != "builtins" and name != "Tensor" else name


def _tensor_class() -> type:
    from shimtorch._tensor import Tensor

    return Tensor


def _is_tensor(value: object) -> bool:
    return isinstance(value, _tensor_class())


def _is_plain_tensor(value: Any, *, integral: bool = False) -> bool:
    """Whether a tensor may stand for a Python number: without dimensions and without a gradient."""
    return _is_tensor(value) and value.ndim == 0 and not value.requires_grad and (not integral or _is_integral(value))


def _is_integral(tensor: Any) -> bool:
    return not (tensor.dtype.is_floating_point or tensor.dtype.is_complex or repr(tensor.dtype) == "torch.bool")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, complex, np.number, np.bool_))


def _is_real(value: object) -> bool:
    # torch counts every NumPy number as a float, complex ones as well
    return isinstance(value, (int, float, np.number, np.bool_))


def _is_int(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_index(value: object) -> bool:
    return not isinstance(value, bool) and (_is_int(value) or _converts_to_int(value))


def _converts_to_int(value: Any) -> bool:
    try:
        operator.index(value)
    except Exception:  # torch drops whatever a caller's __index__ raises
        return False
    return True


def _is_int_list(value: Any) -> bool:
    # torch looks at the first element only; the others are found out when they are converted
    return _is_list(value) and (not value or _is_index(value[0]))


def _is_string(value: object) -> bool:
    return isinstance(value, (str, bytes))


def _is_scalar_type(value: object) -> bool:
    return isinstance(value, type) and value in (bool, int, float, complex)


def _is_list(value: object) -> bool:
    return isinstance(value, (tuple, list))


def _is_called(type_name: str) -> Callable[[object], bool]:
    return lambda value: _type_name(value) == type_name


# What a parameter type is called in messages, and what it accepts by itself.
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "Tensor": ("Tensor", _is_tensor),
    "TensorList": ("tuple of Tensors", _is_list),
    "c10::List<::std::optional<Tensor>>": ("tuple of Tensors", _is_list),
    "Scalar": ("Number", lambda value: _is_number(value) or _is_plain_tensor(value)),
    "double": ("float", lambda value: _is_real(value) or _is_plain_tensor(value)),
    "int64_t": ("int", lambda value: _is_int(value) or _is_plain_tensor(value, integral=True)),
    "SymInt": ("int", _is_index),
    "IntArrayRef": ("tuple of ints", _is_int_list),
    "SymIntArrayRef": ("tuple of ints", _is_int_list),
    "bool": ("bool", lambda value: isinstance(value, bool)),
    "c10::string_view": ("str", _is_string),
    "ScalarType": ("torch.dtype", lambda value: _type_name(value) == "torch.dtype" or _is_scalar_type(value)),
    "Device": (
        "torch.device",
        lambda value: _type_name(value) == "torch.device" or _is_int(value) or _is_string(value),
    ),
    "Layout": ("torch.layout", _is_called("torch.layout")),
    "MemoryFormat": ("torch.memory_format", _is_called("torch.memory_format")),
    "Generator": ("torch.Generator", _is_called("torch._C.Generator")),
    "PyObject*": ("object", lambda value: True),
}

# The binary operators whose Tensor parameter takes a Python number.
_NUMBERS_AS_TENSORS = frozenset(
    base + suffix
    for base in ("add", "div", "divide", "mul", "multiply", "sub", "subtract", "true_divide", "floor_divide")
    for suffix in ("", "_")
) | {"to", "copy_"}


def _accepts(name: str, parameter: _Parameter, value: Any, position: int) -> bool:
    kind = parameter.kind
    if not _KINDS[kind][1](value):
        by_name = kind == "Tensor" and name in _NUMBERS_AS_TENSORS and _is_number(value)
        return by_name or (kind in _INT_LISTS and parameter.size > 0 and _is_index(value))
    if _KINDS[kind][0] == "tuple of Tensors":
        for index, item in enumerate(value):
            if not _is_tensor(item):
                raise _RefusedForGood(
                    f"expected Tensor as element {index} in argument {position}, but got {_type_name(item)}"
                )
    return True


# ----------------------------------------------------------------------------------------- parsing


_NUMPY_NAMES = {"dim": ("axis",), "keepdim": ("keepdims",), "input": ("x", "a", "x1"), "other": ("x2",)}


def _replay(name: str, texts: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    # raises _Refused where torch raises TypeError
    signatures = [_read(text) for text in texts]
    if signatures[0].python_name:
        _check_as_cpython(signatures[0].python_name, len(signatures[0].parameters), args, kwargs)
        return
    if len(signatures) == 1:
        _convert(name, _bind(name, signatures[0], args, kwargs))
        return
    for signature in signatures:
        try:
            bound = _bind(name, signature, args, kwargs)
        except _RefusedForGood:
            raise
        except _Refused:
            continue
        _convert(name, bound)
        return
    shown = [s for s in signatures if not s.hidden]
    plausible = [s for s in shown if s.required <= len(args) + len(kwargs) <= len(s.parameters)]
    if len(plausible) == 1:
        _bind(name, plausible[0], args, kwargs)
    raise _Refused(_no_match(name, [str(s) for s in shown], args, kwargs))


def _check_as_cpython(name: str, count: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    if kwargs:
        raise _Refused(f"{name}() takes no keyword arguments")
    if len(args) != count:
        raise _Refused(f"{name}() takes {'exactly one argument' if count else 'no arguments'} ({len(args)} given)")


def _bind(
    name: str, signature: _Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> list[tuple[_Parameter, Any]]:
    """What each parameter got, those left out excepted."""
    given, parameters = len(args), signature.parameters
    spread = signature.positional == 1 and parameters[0].kind in _INT_LISTS
    if spread and args and _is_int_list(args):
        args = (args,)  # view(2, 3) is view((2, 3))
    if len(args) > signature.positional:
        raise _Refused(_too_many(name, signature, given))
    bound = []
    keywords_left = len(kwargs)
    for position, parameter in enumerate(parameters):
        if by_position := position < len(args):
            value = args[position]
        else:
            names = (parameter.name, *_NUMPY_NAMES.get(parameter.name, ()))
            keyword = next((n for n in names if n in kwargs), None)
            if keyword is None:
                if parameter.default is None:
                    raise _Refused(_missing(name, parameters[position:]))
                continue
            value = kwargs[keyword]
            keywords_left -= 1
        if value is None and parameter.nullable:
            continue
        if not _accepts(name, parameter, value, position):
            raise _Refused(_wrong_type(name, parameter, value, position if by_position else None))
        bound.append((parameter, value))
    if keywords_left:
        raise _Refused(_wrong_keyword(name, [p.name for p in parameters], given, kwargs))
    return bound


def _too_many(name: str, signature: _Signature, given: int) -> str:
    required, positional = signature.required, signature.positional
    if required != positional:
        return f"{name}() takes from {required} to {positional} positional arguments but {given} were given"
    plural, verb = "" if positional == 1 else "s", "was" if given == 1 else "were"
    return f"{name}() takes {positional} positional argument{plural} but {given} {verb} given"


def _missing(name: str, parameters: Sequence[_Parameter]) -> str:
    # torch counts all that are required from the first missing one on, whether given or not
    names = [f'"{p.name}"' for p in parameters if p.default is None]
    plural = "s" if len(names) == 1 else ""  # torch has it the wrong way round
    return f"{name}() missing {len(names)} required positional argument{plural}: {', '.join(names)}"


def _wrong_type(name: str, parameter: _Parameter, value: Any, position: int | None) -> str:
    where = "" if position is None else f" (position {position + 1})"
    expected = f"{name}(): argument '{parameter.name}'{where} must be {_KINDS[parameter.kind][0]}"
    if where and parameter.kind in _INT_LISTS and _is_list(value):
        return f"{expected}, but found element of type {_type_name(value[0])} at pos 0"
    return f"{expected}, not {_type_name(value)}"


def _wrong_keyword(name: str, declared: list[str], given: int, kwargs: Mapping[str, Any]) -> str:
    for keyword in kwargs:
        if keyword not in declared:
            return f"{name}() got an unexpected keyword argument '{keyword}'"
        if declared.index(keyword) < given:
            return f"{name}() got multiple values for argument '{keyword}'"
    return "invalid keyword arguments"


def _convert(name: str, bound: list[tuple[_Parameter, Any]]) -> None:
    """Look at what torch looks at only after it has chosen a signature: all elements of a list."""
    for parameter, value in bound:
        if parameter.kind == "TensorList" and parameter.size and len(value) != parameter.size:
            raise _Refused(f"expected tuple of {parameter.size} elements but got {len(value)}")
        if parameter.kind not in _INT_LISTS or not _is_list(value):
            continue
        for index, item in enumerate(value):
            if reason := _not_an_element(item):
                raise _Refused(
                    f"{name}(): argument '{parameter.name}' failed to unpack the object at pos {index + 1} "
                    f'with error "{reason}"'
                )


def _not_an_element(item: Any) -> str | None:
    if _is_tensor(item):
        fits = item.numel() == 1 and not (item.dtype.is_floating_point or item.dtype.is_complex)
    else:
        fits = _converts_to_int(item)
    if not fits:
        return f"type must be tuple of ints,but got {_type_name(item)}"
    if type(item) is int and not -(2**63) <= item < 2**63:
        return "Overflow when unpacking long long"
    return None


# -------------------------------------------------------------------------- when no signature fits


def _no_match(name: str, options: list[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    head = f"{name}() received an invalid combination of arguments - got "
    keywords = _hash_order(kwargs)
    got = _listed([_type_name(value) for value in args] + [f"{k}={_type_name(kwargs[k])}" for k in keywords], args)
    if len(options) == 1:
        columns = _columns(options[0])
        if unknown := _unknown(columns, keywords):
            return f"{head}unrecognized keyword arguments: {unknown}"
        if len(columns) == len(args) + len(kwargs):
            got = _marked(columns, args, kwargs)
        return f"{head}{got}, but expected {options[0]}"
    lines = [f"{head}{got}, but expected one of:"]
    for option in options:
        lines.append(f" * {option}")
        columns = _columns(option)
        if len(columns) != len(args) + len(kwargs):
            continue
        reason = "      didn't match because some of the"
        if unknown := _unknown(columns, keywords):
            lines.append(f"{reason} keywords were incorrect: {unknown}")
        else:
            lines.append(f"{reason} arguments have invalid types: {_marked(columns, args, kwargs)}")
    return "\n".join(lines) + "\n"


def _columns(option: str) -> list[tuple[str, str]]:
    # torch cuts its own text at the commas and takes the last word for the name, so the star counts as a
    # parameter, no parameters count as one, and what has a default is called by that default
    pairs = [part.rpartition(" ") for part in option[1:-1].split(", ")]
    return [(kind, name) for kind, _, name in pairs]


def _unknown(columns: list[tuple[str, str]], keywords: list[str]) -> str:
    names = [name for _, name in columns[max(0, len(columns) - len(keywords)) :]]
    return ", ".join(keyword for keyword in keywords if keyword not in names)


def _marked(columns: list[tuple[str, str]], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    parts = []
    for index, (kind, name) in enumerate(columns):
        by_position = index < len(args)
        value = args[index] if by_position else kwargs[name]
        accepted = {"float": ("float", "int"), "int": ("int",)}.get(kind, (kind,))
        mark = "" if _type_name(value) in accepted else "!"
        parts.append(f"{mark}{'' if by_position else name + '='}{_described(value)}{mark}")
    return _listed(parts, args)


def _described(value: Any) -> str:
    if not _is_list(value):
        return _type_name(value)
    inside = ", ".join(map(_type_name, value))
    if isinstance(value, list):
        return f"{_type_name(value)} of [{inside}]"
    return f"{_type_name(value)} of ({inside}{',' if len(value) == 1 else ''})"


def _listed(parts: list[str], args: tuple[Any, ...]) -> str:
    # torch takes the last separator away only if there are positional arguments
    return f"({', '.join(parts)}{'' if args or not parts else ', '})"


def _hash_order(kwargs: Mapping[str, Any]) -> list[str]:
    """Keywords in the order of a libstdc++ ``unordered_map`` of up to 13 entries, as torch prints them."""
    order: list[tuple[int, str]] = []
    for keyword in kwargs:
        bucket = _hash_bytes(keyword.encode()) % 13
        buckets = [b for b, _ in order]
        order.insert(buckets.index(bucket) if bucket in buckets else 0, (bucket, keyword))
    return [keyword for _, keyword in order]


def _hash_bytes(data: bytes) -> int:
    # MurmurHash64A, seeded and multiplied as in libstdc++
    mask, factor = 2**64 - 1, 0xC6A4A7935BD1E995
    whole = len(data) & ~7
    value = 0xC70F6907 ^ (len(data) * factor & mask)
    for start in range(0, whole, 8):
        block = int.from_bytes(data[start : start + 8], "little") * factor & mask
        value = (value ^ ((block ^ block >> 47) * factor & mask)) * factor & mask
    if rest := data[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * factor & mask
    value = (value ^ value >> 47) * factor & mask
    return value ^ value >> 47
