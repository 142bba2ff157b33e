"""Signatures of the irregular operators, in the notation and the order of torch's parser (see ``_signatures``).

To add an operator, add one entry: its function form, then its method form. In-place forms need none: they
take what the method takes.
"""

from __future__ import annotations

from shimtorch._linalg_signatures import SIGNATURES as _OF_LINALG
from shimtorch._signatures import Signatures, binary_signatures, unary_signatures

_OPTIONS = (
    "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False, "
    "bool? requires_grad=False"
)
_LIKE = f"*, MemoryFormat? memory_format=None, {_OPTIONS}"
_SEEDED_LIKE = f"*, Generator? generator, MemoryFormat? memory_format=None, {_OPTIONS}"
_SIZE = f"*, Tensor out=None, {_OPTIONS}"
_SEEDED_SIZE = f"*, Generator? generator, Tensor out=None, {_OPTIONS}"
_TO = "bool non_blocking=False, bool copy=False, *, MemoryFormat? memory_format=None"
_DATA = "(PyObject* data, *, ScalarType dtype=None, Device? device=None"
_COMPARISON = binary_signatures("eq", scalar=True)
_EITHER_SIDE = Signatures(
    (
        "(Tensor input, Tensor other, *, Tensor out=None)",
        "(Scalar self, Tensor other)",
        "(Tensor input, Scalar other, *, Tensor out=None)",
    ),
    ("(Tensor other)", "(Scalar other)"),
)
_SCALED = Signatures(
    (
        "(Tensor input, Scalar alpha, Tensor other, *, Tensor out=None)|deprecated",
        "(Tensor input, Tensor other, *, Scalar alpha=1, Tensor out=None)",
    ),
    ("(Scalar alpha, Tensor other)|deprecated", "(Tensor other, *, Scalar alpha=1)"),
)
_EXTREMUM = Signatures(
    (
        "(Tensor input, *, Tensor out=None)",
        "(Tensor input, Tensor other, *, Tensor out=None)",
        "(Tensor input, int64_t dim, bool keepdim=False, *, TensorList[2] out=None)",
    ),
    ("()", "(Tensor other)", "(int64_t dim, bool keepdim=False)"),
)
_QUOTIENT = Signatures(
    ("(Tensor input, Tensor other, *, Tensor out=None)", "(Tensor input, Scalar other)"),
    ("(Tensor other)", "(Scalar other)"),
)
_CLAMP = Signatures(
    (
        "(Tensor input, Tensor? min=None, Tensor? max=None, *, Tensor out=None)",
        "(Tensor input, Scalar? min=None, Scalar? max=None, *, Tensor out=None)",
    ),
    ("(Tensor? min=None, Tensor? max=None)", "(Scalar? min=None, Scalar? max=None)"),
)
_VALUED = Signatures(
    (
        "(Tensor input, Scalar value, Tensor tensor1, Tensor tensor2, *, Tensor out=None)|deprecated",
        "(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1, Tensor out=None)",
    ),
    (
        "(Scalar value, Tensor tensor1, Tensor tensor2)|deprecated",
        "(Tensor tensor1, Tensor tensor2, *, Scalar value=1)",
    ),
)

_LOSS = "Tensor input, Tensor target, int64_t reduction=at::Reduction::Mean"


def _added_product(first: str, second: str, with_dtype: bool = False) -> Signatures:
    """Of ``beta * input + alpha * (first @ second)``, also with the factors in front, as torch once had it."""
    both, factors = f"Tensor {first}, Tensor {second}", "Scalar beta=1, Scalar alpha=1"
    function: tuple[str, ...] = (
        f"(Scalar beta, Tensor input, Scalar alpha, {both}, *, Tensor out=None)|deprecated",
        f"(Scalar beta, Tensor input, {both}, *, Tensor out=None)|deprecated",
        f"(Tensor input, {both}, *, {factors}, Tensor out=None)",
    )
    if with_dtype:
        function += (f"(Tensor input, {both}, ScalarType out_dtype, *, {factors}, Tensor out=None)",)
    method = (
        f"(Scalar beta, Scalar alpha, {both})|deprecated",
        f"(Scalar beta, {both})|deprecated",
        f"({both}, *, {factors})",
    )
    return Signatures(function, method)


_MOVED = Signatures(
    (
        "(Tensor input, int64_t source, int64_t destination)",
        "(Tensor input, IntArrayRef source, IntArrayRef destination)",
    ),
    ("(int64_t source, int64_t destination)", "(IntArrayRef source, IntArrayRef destination)"),
)


def _activation(name: str, numbers: str = "", out: bool = False) -> dict[str, Signatures]:
    """An activation and its in-place form, which is a function too."""
    inside = f"Tensor input, {numbers}" if numbers else "Tensor input"
    whole = f"({inside}, *, Tensor out=None)" if out else f"({inside})"
    return {name: Signatures((whole,)), f"{name}_": Signatures((f"({inside})",))}


SIGNATURES: dict[str, Signatures] = {
    # arithmetic
    "add": _SCALED,
    "sub": _SCALED,
    "rsub": Signatures(
        ("(Tensor input, Tensor other, *, Scalar alpha=1)", "(Tensor input, Scalar other, Scalar alpha=1)")
    ),
    "mul": binary_signatures("mul"),
    "div": Signatures(
        (
            "(Tensor input, Tensor other, *, Tensor out=None)",
            "(Tensor input, Tensor other, *, c10::string_view? rounding_mode, Tensor out=None)",
            "(Tensor input, Scalar other, *, c10::string_view? rounding_mode)",
        ),
        (
            "(Tensor other)",
            "(Tensor other, *, c10::string_view? rounding_mode)",
            "(Scalar other, *, c10::string_view? rounding_mode)",
        ),
    ),
    "true_divide": _QUOTIENT,
    "floor_divide": _QUOTIENT,
    "remainder": _EITHER_SIDE,
    "pow": Signatures(
        (
            "(Tensor input, Tensor exponent, *, Tensor out=None)",
            "(Scalar self, Tensor exponent, *, Tensor out=None)",
            "(Tensor input, Scalar exponent, *, Tensor out=None)",
        ),
        ("(Tensor exponent)", "(Scalar exponent)"),
    ),
    "neg": unary_signatures("neg"),
    "abs": unary_signatures("abs"),
    "clamp": _CLAMP,
    "clip": _CLAMP,
    "clamp_max": Signatures(
        ("(Tensor input, Tensor max, *, Tensor out=None)", "(Tensor input, Scalar max, *, Tensor out=None)"),
        ("(Tensor max)", "(Scalar max)"),
    ),
    "clamp_min": Signatures(
        ("(Tensor input, Tensor min, *, Tensor out=None)", "(Tensor input, Scalar min, *, Tensor out=None)"),
        ("(Tensor min)", "(Scalar min)"),
    ),
    "addcdiv": _VALUED,
    "addcmul": _VALUED,
    "lerp": Signatures(
        (
            "(Tensor input, Tensor end, Tensor weight, *, Tensor out=None)",
            "(Tensor input, Tensor end, Scalar weight, *, Tensor out=None)",
        ),
        ("(Tensor end, Tensor weight)", "(Tensor end, Scalar weight)"),
    ),
    "bitwise_and": _EITHER_SIDE,
    "bitwise_or": _EITHER_SIDE,
    "bitwise_xor": _EITHER_SIDE,
    "bitwise_not": unary_signatures("bitwise_not"),
    "bitwise_left_shift": _EITHER_SIDE,
    "bitwise_right_shift": _EITHER_SIDE,
    "copysign": binary_signatures("copysign", scalar=True),
    "fmod": binary_signatures("fmod", scalar=True),
    "heaviside": Signatures(("(Tensor input, Tensor values, *, Tensor out=None)",), ("(Tensor values)",)),
    "xlogy": Signatures(
        (
            "(Tensor input, Tensor other, *, Tensor out=None)",
            "(Scalar self, Tensor other, *, Tensor out=None)",
            "(Tensor input, Scalar other, *, Tensor out=None)",
        ),
        ("(Tensor other)", "(Scalar other)"),
    ),
    # comparison
    "eq": _COMPARISON,
    "ne": _COMPARISON,
    "lt": _COMPARISON,
    "le": _COMPARISON,
    "gt": _COMPARISON,
    "ge": _COMPARISON,
    "equal": Signatures(("(Tensor input, Tensor other)",), ("(Tensor other)",)),
    "isclose": Signatures(
        ("(Tensor input, Tensor other, double rtol=1e-05, double atol=1e-08, bool equal_nan=False)",),
        ("(Tensor other, double rtol=1e-05, double atol=1e-08, bool equal_nan=False)",),
    ),
    "allclose": Signatures(
        ("(Tensor input, Tensor other, double rtol=1e-05, double atol=1e-08, bool equal_nan=False)",),
        ("(Tensor other, double rtol=1e-05, double atol=1e-08, bool equal_nan=False)",),
    ),
    "round": Signatures(
        ("(Tensor input, *, Tensor out=None)", "(Tensor input, *, int64_t decimals, Tensor out=None)"),
        ("()", "(*, int64_t decimals)"),
    ),
    "logit": Signatures(("(Tensor input, double? eps=None, *, Tensor out=None)",), ("(double? eps=None)",)),
    "nan_to_num": Signatures(
        ("(Tensor input, double? nan=None, double? posinf=None, double? neginf=None, *, Tensor out=None)",),
        ("(double? nan=None, double? posinf=None, double? neginf=None)",),
    ),
    "complex": Signatures(("(Tensor real, Tensor imag, *, Tensor out=None)",)),
    # products of matrices
    "matmul": binary_signatures("matmul"),
    "mm": Signatures(
        (
            "(Tensor input, Tensor mat2, *, Tensor out=None)",
            "(Tensor input, Tensor mat2, ScalarType out_dtype, *, Tensor out=None)",
        ),
        ("(Tensor mat2)",),
    ),
    "bmm": Signatures(
        (
            "(Tensor input, Tensor mat2, *, Tensor out=None)",
            "(Tensor input, Tensor mat2, ScalarType out_dtype, *, Tensor out=None)",
        ),
        ("(Tensor mat2)",),
    ),
    "mv": Signatures(("(Tensor input, Tensor vec, *, Tensor out=None)",), ("(Tensor vec)",)),
    "dot": Signatures(("(Tensor input, Tensor tensor, *, Tensor out=None)",), ("(Tensor tensor)",)),
    # reductions
    "sum": Signatures(
        (
            "(Tensor input, *, ScalarType? dtype=None)",
            "(Tensor input, IntArrayRef[1]? dim, bool keepdim=False, *, ScalarType? dtype=None, Tensor out=None)",
        ),
        ("(*, ScalarType? dtype=None)", "(IntArrayRef[1]? dim, bool keepdim=False, *, ScalarType? dtype=None)"),
    ),
    "mean": Signatures(
        (
            "(Tensor input, *, ScalarType? dtype=None, Tensor out=None)",
            "(Tensor input, IntArrayRef[1]? dim, bool keepdim=False, *, ScalarType? dtype=None, Tensor out=None)",
        ),
        ("(*, ScalarType? dtype=None)", "(IntArrayRef[1]? dim, bool keepdim=False, *, ScalarType? dtype=None)"),
    ),
    "max": _EXTREMUM,
    "min": _EXTREMUM,
    # shape
    "view": Signatures((), ("(ScalarType dtype)", "(SymIntArrayRef size)")),
    "reshape": Signatures(("(Tensor input, SymIntArrayRef shape)",), ("(SymIntArrayRef shape)",)),
    "t": unary_signatures("t"),
    "t_": Signatures((), ("TensorBase.t_()",)),
    "transpose": Signatures(("(Tensor input, int64_t dim0, int64_t dim1)",), ("(int64_t dim0, int64_t dim1)",)),
    "permute": Signatures(("(Tensor input, IntArrayRef dims)",), ("(IntArrayRef dims)",)),
    "squeeze": Signatures(
        ("(Tensor input)", "(Tensor input, int64_t dim)", "(Tensor input, IntArrayRef dim)"),
        ("()", "(int64_t dim)", "(IntArrayRef dim)"),
    ),
    "unsqueeze": Signatures(("(Tensor input, int64_t dim)",), ("(int64_t dim)",)),
    "expand": Signatures((), ("(SymIntArrayRef size, *, bool implicit=False)",)),
    # the tensor itself
    "clone": Signatures(
        ("(Tensor input, *, MemoryFormat? memory_format=None)",), ("(*, MemoryFormat? memory_format=None)",)
    ),
    "contiguous": Signatures((), ("(*, MemoryFormat memory_format=contiguous_format)",)),
    "detach": unary_signatures("detach"),
    "fill": Signatures(("(Tensor input, Tensor value)", "(Tensor input, Scalar value)")),
    "fill_": Signatures(
        ("(Tensor input, Tensor value)", "(Tensor input, Scalar value)"), ("(Tensor value)", "(Scalar value)")
    ),
    "zero_": unary_signatures("zero_"),
    "item": Signatures((), ("TensorBase.item()",)),
    "tolist": Signatures((), ("TensorBase.tolist()",)),
    "numpy": Signatures((), ("(*, bool force=False)",)),
    "requires_grad_": Signatures((), ("(bool requires_grad=True)",)),
    "to": Signatures(
        (),
        (
            f"(Device device=None, ScalarType dtype=None, {_TO})",
            f"(ScalarType dtype, {_TO})",
            f"(Tensor tensor, {_TO})",
        ),
    ),
    # factories
    "zeros": Signatures((f"(SymIntArrayRef size, {_SIZE})",)),
    "ones": Signatures((f"(SymIntArrayRef size, {_SIZE})",)),
    "empty": Signatures((f"(SymIntArrayRef size, *, MemoryFormat? memory_format=None, {_SIZE[3:]})",)),
    "full": Signatures((f"(SymIntArrayRef size, Scalar fill_value, {_SIZE})",)),
    "arange": Signatures(
        (
            f"(Scalar end, {_SIZE})",
            f"(Scalar start, Scalar end, *, {_OPTIONS})",
            f"(Scalar start, Scalar end, Scalar step=1, {_SIZE})",
        )
    ),
    "rand": Signatures((f"(SymIntArrayRef size, {_SEEDED_SIZE})", f"(SymIntArrayRef size, {_SIZE})")),
    "randn": Signatures((f"(SymIntArrayRef size, {_SEEDED_SIZE})", f"(SymIntArrayRef size, {_SIZE})")),
    "randint": Signatures(
        (
            f"(SymInt high, SymIntArrayRef size, {_SEEDED_SIZE})",
            f"(SymInt high, SymIntArrayRef size, {_SIZE})",
            f"(SymInt low, SymInt high, SymIntArrayRef size, {_SEEDED_SIZE})",
            f"(SymInt low, SymInt high, SymIntArrayRef size, {_SIZE})",
        )
    ),
    "zeros_like": Signatures((f"(Tensor input, {_LIKE})",)),
    "ones_like": Signatures((f"(Tensor input, {_LIKE})",)),
    "empty_like": Signatures((f"(Tensor input, {_LIKE})",)),
    "full_like": Signatures((f"(Tensor input, Scalar fill_value, {_LIKE})",)),
    "rand_like": Signatures((f"(Tensor input, {_SEEDED_LIKE})", f"(Tensor input, {_LIKE})")),
    "randn_like": Signatures((f"(Tensor input, {_SEEDED_LIKE})", f"(Tensor input, {_LIKE})")),
    "randint_like": Signatures(
        tuple(
            f"(Tensor input, {bounds}, {options})"
            for bounds in ("SymInt low, SymInt high", "Tensor high", "SymInt high")
            for options in (_SEEDED_LIKE, _LIKE)
        )
    ),
    "tensor": Signatures((f"{_DATA}, bool pin_memory=False, bool requires_grad=False)",)),
    "as_tensor": Signatures((f"{_DATA})",)),
    "from_numpy": Signatures(("torch._VariableFunctionsClass.from_numpy(PyObject* ndarray)",)),
    # choosing and filling
    "where": Signatures(
        (
            "(Tensor condition)",
            "(Tensor condition, Tensor input, Tensor other, *, Tensor out=None)",
            "(Tensor condition, Scalar self, Tensor other)",
            "(Tensor condition, Tensor input, Scalar other)",
            "(Tensor condition, Scalar self, Scalar other)",
        ),
        (
            "(Tensor condition, Tensor other)",
            "(Tensor condition, Scalar other)",
        ),
    ),
    "masked_fill": Signatures(
        (
            "(Tensor input, Tensor mask, Tensor value)",
            "(Tensor input, Tensor mask, Scalar value)",
        ),
        (
            "(Tensor mask, Tensor value)",
            "(Tensor mask, Scalar value)",
        ),
    ),
    "tril": Signatures(("(Tensor input, SymInt diagonal=0, *, Tensor out=None)",), ("(SymInt diagonal=0)",)),
    "triu": Signatures(("(Tensor input, SymInt diagonal=0, *, Tensor out=None)",), ("(SymInt diagonal=0)",)),
    "maximum": binary_signatures("maximum"),
    "minimum": binary_signatures("minimum"),
    # reductions
    "amax": Signatures(
        ("(Tensor input, IntArrayRef[1] dim=None, bool keepdim=False, *, Tensor out=None)",),
        ("(IntArrayRef[1] dim=None, bool keepdim=False)",),
    ),
    "amin": Signatures(
        ("(Tensor input, IntArrayRef[1] dim=None, bool keepdim=False, *, Tensor out=None)",),
        ("(IntArrayRef[1] dim=None, bool keepdim=False)",),
    ),
    "argmax": Signatures(
        ("(Tensor input, int64_t? dim=None, bool keepdim=False, *, Tensor out=None)",),
        ("(int64_t? dim=None, bool keepdim=False)",),
    ),
    "argmin": Signatures(
        ("(Tensor input, int64_t? dim=None, bool keepdim=False, *, Tensor out=None)",),
        ("(int64_t? dim=None, bool keepdim=False)",),
    ),
    "all": Signatures(
        (
            "(Tensor input, *, Tensor out=None)",
            "(Tensor input, IntArrayRef? dim=None, bool keepdim=False, *, Tensor out=None)",
            "(Tensor input, int64_t dim, bool keepdim=False, *, Tensor out=None)",
        ),
        (
            "()",
            "(IntArrayRef? dim=None, bool keepdim=False)",
            "(int64_t dim, bool keepdim=False)",
        ),
    ),
    "any": Signatures(
        (
            "(Tensor input, *, Tensor out=None)",
            "(Tensor input, IntArrayRef? dim=None, bool keepdim=False, *, Tensor out=None)",
            "(Tensor input, int64_t dim, bool keepdim=False, *, Tensor out=None)",
        ),
        (
            "()",
            "(IntArrayRef? dim=None, bool keepdim=False)",
            "(int64_t dim, bool keepdim=False)",
        ),
    ),
    "prod": Signatures(
        (
            "(Tensor input, *, ScalarType? dtype=None)",
            "(Tensor input, int64_t dim, bool keepdim=False, *, ScalarType? dtype=None, Tensor out=None)",
        ),
        (
            "(*, ScalarType? dtype=None)",
            "(int64_t dim, bool keepdim=False, *, ScalarType? dtype=None)",
        ),
    ),
    "std": Signatures(
        (
            "(Tensor input, IntArrayRef[1]? dim, bool unbiased=True, bool keepdim=False, *, Tensor out=None)",
            "(Tensor input, IntArrayRef[1]? dim=None, *, Scalar? correction=None, bool keepdim=False, Tensor out=None)",
            "(Tensor input, bool unbiased=True)",
        ),
        (
            "(IntArrayRef[1]? dim, bool unbiased=True, bool keepdim=False)",
            "(IntArrayRef[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)",
            "(bool unbiased=True)",
        ),
    ),
    "var": Signatures(
        (
            "(Tensor input, IntArrayRef[1]? dim, bool unbiased=True, bool keepdim=False, *, Tensor out=None)",
            "(Tensor input, IntArrayRef[1]? dim=None, *, Scalar? correction=None, bool keepdim=False, Tensor out=None)",
            "(Tensor input, bool unbiased=True)",
        ),
        (
            "(IntArrayRef[1]? dim, bool unbiased=True, bool keepdim=False)",
            "(IntArrayRef[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)",
            "(bool unbiased=True)",
        ),
    ),
    **{
        name: Signatures(
            ("(Tensor input, int64_t dim, *, ScalarType? dtype=None, Tensor out=None)",),
            ("(int64_t dim, *, ScalarType? dtype=None)",),
        )
        for name in ("cumsum", "cumprod")
    },
    **{
        name: Signatures(("(Tensor input, int64_t dim, *, TensorList[2] out=None)",), ("(int64_t dim)",))
        for name in ("cummax", "cummin")
    },
    "argwhere": Signatures(("(Tensor input)",), ("TensorBase.argwhere()",)),
    "count_nonzero": Signatures(
        ("(Tensor input, int64_t? dim=None)", "(Tensor input, IntArrayRef dim)"),
        ("(int64_t? dim=None)", "(IntArrayRef dim)"),
    ),
    "bincount": Signatures(
        ("(Tensor input, Tensor? weights=None, SymInt minlength=0)",), ("(Tensor? weights=None, SymInt minlength=0)",)
    ),
    "isin": Signatures(
        (
            "(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False, Tensor out=None)",
            "(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False, Tensor out=None)",
            "(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False, Tensor out=None)",
        ),
    ),
    **{
        name: Signatures(
            (
                "(Tensor input, IntArrayRef[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None, "
                "Tensor out=None)",
            ),
            ("(IntArrayRef[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)",),
        )
        for name in ("nansum", "nanmean")
    },
    "aminmax": Signatures(
        ("(Tensor input, *, int64_t? dim=None, bool keepdim=False, TensorList[2] out=None)",),
        ("(*, int64_t? dim=None, bool keepdim=False)",),
    ),
    **{
        name: Signatures(
            (
                "(Tensor input, IntArrayRef[1]? dim, bool unbiased=True, bool keepdim=False)",
                "(Tensor input, IntArrayRef[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)",
                "(Tensor input, bool unbiased=True)",
            ),
        )
        for name in ("std_mean", "var_mean")
    },
    "diff": Signatures(
        ("(Tensor input, int64_t n=1, int64_t dim=-1, Tensor? prepend=None, Tensor? append=None, *, Tensor out=None)",),
        ("(int64_t n=1, int64_t dim=-1, Tensor? prepend=None, Tensor? append=None)",),
    ),
    "repeat_interleave": Signatures(
        (
            "(Tensor input, Tensor repeats, int64_t? dim=None, *, SymInt? output_size=None)",
            "(Tensor repeats, *, SymInt? output_size=None)",
            "(Tensor input, SymInt repeats, int64_t? dim=None, *, SymInt? output_size=None)",
        ),
        (
            "(Tensor repeats, int64_t? dim=None, *, SymInt? output_size=None)",
            "(SymInt repeats, int64_t? dim=None, *, SymInt? output_size=None)",
        ),
    ),
    "logsumexp": Signatures(
        ("(Tensor input, IntArrayRef[1] dim, bool keepdim=False, *, Tensor out=None)",),
        ("(IntArrayRef[1] dim, bool keepdim=False)",),
    ),
    **{
        name: Signatures(
            ("(Tensor input)", "(Tensor input, int64_t dim, bool keepdim=False, *, TensorList[2] out=None)"),
            ("()", "(int64_t dim, bool keepdim=False)"),
        )
        for name in ("median", "nanmedian")
    },
    "sort": Signatures(
        (
            "(Tensor input, *, bool? stable, int64_t dim=-1, bool descending=False, TensorList[2] out=None)",
            "(Tensor input, int64_t dim=-1, bool descending=False, *, TensorList[2] out=None)",
        ),
        (
            "(*, bool? stable, int64_t dim=-1, bool descending=False)",
            "(int64_t dim=-1, bool descending=False)",
        ),
    ),
    "argsort": Signatures(
        (
            "(Tensor input, *, bool stable, int64_t dim=-1, bool descending=False, Tensor out=None)",
            "(Tensor input, int64_t dim=-1, bool descending=False)",
        ),
        (
            "(*, bool stable, int64_t dim=-1, bool descending=False)",
            "(int64_t dim=-1, bool descending=False)",
        ),
    ),
    "topk": Signatures(
        ("(Tensor input, SymInt k, int64_t dim=-1, bool largest=True, bool sorted=True, *, TensorList[2] out=None)",),
        ("(SymInt k, int64_t dim=-1, bool largest=True, bool sorted=True)",),
    ),
    # pieces
    "cat": Signatures(("(TensorList tensors, int64_t dim=0, *, Tensor out=None)",)),
    "stack": Signatures(("(TensorList tensors, int64_t dim=0, *, Tensor out=None)",)),
    "concat": Signatures(("(TensorList tensors, int64_t dim=0, *, Tensor out=None)",)),
    "concatenate": Signatures(("(TensorList tensors, int64_t dim=0, *, Tensor out=None)",)),
    **{
        name: Signatures(("(TensorList tensors, *, Tensor out=None)",))
        for name in ("hstack", "vstack", "row_stack", "dstack", "column_stack")
    },
    "tensor_split": Signatures(
        (
            "(Tensor input, SymIntArrayRef indices, int64_t dim=0)",
            "(Tensor input, Tensor tensor_indices_or_sections, int64_t dim=0)",
            "(Tensor input, SymInt sections, int64_t dim=0)",
        ),
        (
            "(SymIntArrayRef indices, int64_t dim=0)",
            "(Tensor tensor_indices_or_sections, int64_t dim=0)",
            "(SymInt sections, int64_t dim=0)",
        ),
    ),
    **{
        name: Signatures(
            ("(Tensor input, int64_t sections)", "(Tensor input, IntArrayRef indices)"),
            ("(int64_t sections)", "(IntArrayRef indices)"),
        )
        for name in ("hsplit", "vsplit", "dsplit")
    },
    "diagonal": Signatures(
        ("(Tensor input, int64_t offset=0, int64_t dim1=0, int64_t dim2=1)",),
        ("(int64_t offset=0, int64_t dim1=0, int64_t dim2=1)",),
    ),
    "linalg_diagonal": Signatures(("(Tensor A, *, int64_t offset=0, int64_t dim1=-2, int64_t dim2=-1)",)),
    "diag": Signatures(("(Tensor input, int64_t diagonal=0, *, Tensor out=None)",), ("(int64_t diagonal=0)",)),
    "diag_embed": Signatures(
        ("(Tensor input, int64_t offset=0, int64_t dim1=-2, int64_t dim2=-1)",),
        ("(int64_t offset=0, int64_t dim1=-2, int64_t dim2=-1)",),
    ),
    "diagflat": Signatures(("(Tensor input, int64_t offset=0)",), ("(int64_t offset=0)",)),
    "unflatten": Signatures(("(Tensor input, int64_t dim, SymIntArrayRef sizes)",)),
    "sum_to_size": Signatures((), ("(SymIntArrayRef size)",)),
    "take_along_dim": Signatures(
        ("(Tensor input, Tensor indices, int64_t? dim=None, *, Tensor out=None)",),
        ("(Tensor indices, int64_t? dim=None)",),
    ),
    **{
        name: Signatures((f"(int64_t row, int64_t col, int64_t offset=0, *, {_OPTIONS})",))
        for name in ("tril_indices", "triu_indices")
    },
    "constant_pad_nd": Signatures(("(Tensor input, SymIntArrayRef pad, Scalar value=0)",)),
    "pad": Signatures(('(Tensor input, SymIntArrayRef pad, c10::string_view mode="constant", double? value=None)',)),
    "index_fill": Signatures(
        (
            "(Tensor input, int64_t dim, Tensor index, Tensor value)",
            "(Tensor input, int64_t dim, Tensor index, Scalar value)",
        ),
        ("(int64_t dim, Tensor index, Tensor value)", "(int64_t dim, Tensor index, Scalar value)"),
    ),
    "flip": Signatures(("(Tensor input, IntArrayRef dims)",), ("(IntArrayRef dims)",)),
    "roll": Signatures(
        ("(Tensor input, SymIntArrayRef[1] shifts, IntArrayRef[1] dims=None)",),
        ("(SymIntArrayRef[1] shifts, IntArrayRef[1] dims=None)",),
    ),
    "rot90": Signatures(
        ("(Tensor input, int64_t k=1, IntArrayRef dims={0,1})",), ("(int64_t k=1, IntArrayRef dims={0,1})",)
    ),
    "split": Signatures(
        (
            "(Tensor input, SymInt split_size, int64_t dim=0)",
            "(Tensor input, SymIntArrayRef split_size, int64_t dim=0)",
        ),
        ("(SymInt split_size, int64_t dim=0)", "(SymIntArrayRef split_size, int64_t dim=0)"),
    ),
    "split_with_sizes": Signatures(
        ("(Tensor input, SymIntArrayRef split_sizes, int64_t dim=0)",), ("(SymIntArrayRef split_sizes, int64_t dim=0)",)
    ),
    "chunk": Signatures(("(Tensor input, int64_t chunks, int64_t dim=0)",), ("(int64_t chunks, int64_t dim=0)",)),
    "flatten": Signatures(
        ("(Tensor input, int64_t start_dim=0, int64_t end_dim=-1)",), ("(int64_t start_dim=0, int64_t end_dim=-1)",)
    ),
    "narrow": Signatures(
        (
            "(Tensor input, int64_t dim, Tensor start, SymInt length)",
            "(Tensor input, int64_t dim, SymInt start, SymInt length)",
        ),
        ("(int64_t dim, Tensor start, SymInt length)", "(int64_t dim, SymInt start, SymInt length)"),
    ),
    "movedim": _MOVED,
    "moveaxis": _MOVED,
    "swapaxes": Signatures(("(Tensor input, int64_t axis0, int64_t axis1)",), ("(int64_t axis0, int64_t axis1)",)),
    "swapdims": Signatures(("(Tensor input, int64_t dim0, int64_t dim1)",), ("(int64_t dim0, int64_t dim1)",)),
    "tile": Signatures(("(Tensor input, SymIntArrayRef dims)",), ("(SymIntArrayRef dims)",)),
    "repeat": Signatures((), ("(SymIntArrayRef repeats)",)),
    "broadcast_to": Signatures(("(Tensor input, SymIntArrayRef size)",), ("(SymIntArrayRef size)",)),
    "unbind": Signatures(("(Tensor input, int64_t dim=0)",), ("(int64_t dim=0)",)),
    "select": Signatures(("(Tensor input, int64_t dim, SymInt index)",), ("(int64_t dim, SymInt index)",)),
    # products
    "addbmm": _added_product("batch1", "batch2"),
    "addmv": _added_product("mat", "vec"),
    "addr": _added_product("vec1", "vec2"),
    "baddbmm": _added_product("batch1", "batch2", with_dtype=True),
    "addmm": _added_product("mat1", "mat2", with_dtype=True),
    "cross": Signatures(
        ("(Tensor input, Tensor other, int64_t? dim=None, *, Tensor out=None)",),
        ("(Tensor other, int64_t? dim=None)",),
    ),
    "inner": binary_signatures("inner"),
    "tensordot": Signatures(
        ("(Tensor input, Tensor other, IntArrayRef dims_self, IntArrayRef dims_other, *, Tensor out=None)",)
    ),
    "vdot": binary_signatures("vdot"),
    "ger": Signatures(("(Tensor input, Tensor vec2, *, Tensor out=None)",), ("(Tensor vec2)",)),
    "outer": Signatures(("(Tensor input, Tensor vec2, *, Tensor out=None)",), ("(Tensor vec2)",)),
    "einsum": Signatures(("(c10::string_view equation, TensorList tensors, *, IntArrayRef? path=None)",)),
    # indexing
    "index_put": Signatures(
        ("(Tensor input, c10::List<::std::optional<Tensor>> indices, Tensor values, bool accumulate=False)",),
        ("(c10::List<::std::optional<Tensor>> indices, Tensor values, bool accumulate=False)",),
    ),
    "index_put_": Signatures(
        ("(Tensor input, c10::List<::std::optional<Tensor>> indices, Tensor values, bool accumulate=False)",),
        ("(c10::List<::std::optional<Tensor>> indices, Tensor values, bool accumulate=False)",),
    ),
    "masked_select": Signatures(("(Tensor input, Tensor mask, *, Tensor out=None)",), ("(Tensor mask)",)),
    "nonzero": Signatures(("(Tensor input, *, bool as_tuple=False, Tensor out=None)",), ("()", "(*, bool as_tuple)")),
    "take": Signatures(("(Tensor input, Tensor index, *, Tensor out=None)",), ("(Tensor index)",)),
    # gathering and scattering
    "gather": Signatures(
        ("(Tensor input, int64_t dim, Tensor index, *, bool sparse_grad=False, Tensor out=None)",),
        ("(int64_t dim, Tensor index, *, bool sparse_grad=False)",),
    ),
    "scatter": Signatures(
        (
            "(Tensor input, int64_t dim, Tensor index, Tensor src, *, Tensor out=None)",
            "(Tensor input, int64_t dim, Tensor index, Tensor src, *, c10::string_view reduce, Tensor out=None)",
            "(Tensor input, int64_t dim, Tensor index, Scalar value, *, Tensor out=None)",
            "(Tensor input, int64_t dim, Tensor index, Scalar value, *, c10::string_view reduce, Tensor out=None)",
        ),
        (
            "(int64_t dim, Tensor index, Tensor src)",
            "(int64_t dim, Tensor index, Tensor src, *, c10::string_view reduce)",
            "(int64_t dim, Tensor index, Scalar value)",
            "(int64_t dim, Tensor index, Scalar value, *, c10::string_view reduce)",
        ),
    ),
    "scatter_add": Signatures(
        ("(Tensor input, int64_t dim, Tensor index, Tensor src, *, Tensor out=None)",),
        ("(int64_t dim, Tensor index, Tensor src)",),
    ),
    "index_select": Signatures(
        ("(Tensor input, int64_t dim, Tensor index, *, Tensor out=None)",), ("(int64_t dim, Tensor index)",)
    ),
    "index_add": Signatures(
        ("(Tensor input, int64_t dim, Tensor index, Tensor source, *, Scalar alpha=1, Tensor out=None)",),
        ("(int64_t dim, Tensor index, Tensor source, *, Scalar alpha=1)",),
    ),
    # losses
    "softmax": Signatures(
        ("(Tensor input, int64_t dim, ScalarType? dtype=None, *, Tensor out=None)",),
        ("(int64_t dim, ScalarType? dtype=None)",),
    ),
    "log_softmax": Signatures(
        ("(Tensor input, int64_t dim, ScalarType? dtype=None, *, Tensor out=None)",),
        ("(int64_t dim, ScalarType? dtype=None)",),
    ),
    "dropout": Signatures(("(Tensor input, double p, bool train)",)),
    "dropout_": Signatures(("(Tensor input, double p, bool train)",)),
    "embedding": Signatures(
        ("(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False)",)
    ),
    "embedding_renorm_": Signatures(("(Tensor input, Tensor indices, double max_norm, double norm_type)",)),
    # nn
    **_activation("celu", "Scalar alpha=1.0"),
    **_activation("elu", "Scalar alpha=1, Scalar scale=1, Scalar input_scale=1", out=True),
    **_activation("hardsigmoid", out=True),
    **_activation("hardswish", out=True),
    **_activation("hardtanh", "Scalar min_val=-1, Scalar max_val=1", out=True),
    **_activation("leaky_relu", "Scalar negative_slope=0.01", out=True),
    **_activation("mish", out=True),
    **_activation("relu6"),
    **_activation("selu"),
    **_activation("silu", out=True),
    **_activation("threshold", "Scalar threshold, Scalar value", out=True),
    "relu_": Signatures(("(Tensor input)",), ("TensorBase.relu_()",)),
    "gelu": Signatures(('(Tensor input, *, c10::string_view approximate="none", Tensor out=None)',)),
    "glu": Signatures(("(Tensor input, int64_t dim=-1, *, Tensor out=None)",)),
    "hardshrink": Signatures(("(Tensor input, Scalar lambd=0.5, *, Tensor out=None)",), ("(Scalar lambd=0.5)",)),
    "softshrink": Signatures(("(Tensor input, Scalar lambd=0.5, *, Tensor out=None)",)),
    "prelu": Signatures(("(Tensor input, Tensor weight)",), ("(Tensor weight)",)),
    "huber_loss": Signatures((f"({_LOSS}, double delta=1.0, *, Tensor out=None)",)),
    "smooth_l1_loss": Signatures((f"({_LOSS}, double beta=1.0, *, Tensor out=None)",)),
    "margin_ranking_loss": Signatures(
        ("(Tensor input1, Tensor input2, Tensor target, double margin=0.0, int64_t reduction=at::Reduction::Mean)",)
    ),
    "hinge_embedding_loss": Signatures(
        ("(Tensor input, Tensor target, double margin=1.0, int64_t reduction=at::Reduction::Mean)",)
    ),
    "poisson_nll_loss": Signatures(
        ("(Tensor input, Tensor target, bool log_input, bool full, double eps, int64_t reduction)",)
    ),
    "kl_div": Signatures((f"({_LOSS}, *, bool log_target=False)",)),
    "softplus": Signatures(("(Tensor input, Scalar beta=1, Scalar threshold=20, *, Tensor out=None)",)),
    "linear": Signatures(("(Tensor input, Tensor weight, Tensor? bias=None, *, Tensor out=None)",)),
    "one_hot": Signatures(("(Tensor input, int64_t num_classes=-1)",)),
    # sampling
    "randperm": Signatures(
        (
            f"(SymInt n, *, Generator? generator, Tensor out=None, {_OPTIONS})",
            f"(SymInt n, *, Tensor out=None, {_OPTIONS})",
        )
    ),
    "normal": Signatures(
        (
            "(Tensor mean, Tensor std, *, Generator? generator=None, Tensor out=None)",
            "(Tensor mean, double std=1, *, Generator? generator=None, Tensor out=None)",
            "(double mean, Tensor std, *, Generator? generator=None, Tensor out=None)",
            f"(double mean, double std, SymIntArrayRef size, *, "
            f"Generator? generator=None, Tensor out=None, {_OPTIONS})",
        )
    ),
    "bernoulli": Signatures(
        (
            "(Tensor input, *, Generator? generator=None, Tensor out=None)",
            "(Tensor input, double p, *, Generator? generator=None)",
        ),
        (
            "(*, Generator? generator=None)",
            "(double p, *, Generator? generator=None)",
        ),
    ),
    "multinomial": Signatures(
        ("(Tensor input, SymInt num_samples, bool replacement=False, *, Generator? generator=None, Tensor out=None)",),
        ("(SymInt num_samples, bool replacement=False, *, Generator? generator=None)",),
    ),
    "uniform_": Signatures((), ("(double from=0, double to=1, *, Generator? generator=None)",)),
    "normal_": Signatures((), ("(double mean=0, double std=1, *, Generator? generator=None)",)),
    "random_": Signatures(
        (),
        (
            "(*, Generator? generator=None)",
            "(int64_t from, int64_t? to, *, Generator? generator=None)",
            "(int64_t to, *, Generator? generator=None)",
        ),
    ),
    "exponential_": Signatures((), ("(double lambd=1, *, Generator? generator=None)",)),
    "bernoulli_": Signatures(
        (),
        (
            "(Tensor p, *, Generator? generator=None)",
            "(double p=0.5, *, Generator? generator=None)",
        ),
    ),
    "linspace": Signatures(
        (
            f"(Tensor start, Tensor end, int64_t steps, *, Tensor out=None, {_OPTIONS})",
            f"(Scalar start, Tensor end, int64_t steps, *, Tensor out=None, {_OPTIONS})",
            f"(Tensor start, Scalar end, int64_t steps, *, Tensor out=None, {_OPTIONS})",
            f"(Scalar start, Scalar end, int64_t steps, *, Tensor out=None, {_OPTIONS})",
        )
    ),
    "logspace": Signatures(
        (
            f"(Tensor start, Tensor end, int64_t steps, double base=10.0, *, Tensor out=None, {_OPTIONS})",
            f"(Scalar start, Tensor end, int64_t steps, double base=10.0, *, Tensor out=None, {_OPTIONS})",
            f"(Tensor start, Scalar end, int64_t steps, double base=10.0, *, Tensor out=None, {_OPTIONS})",
            f"(Scalar start, Scalar end, int64_t steps, double base=10.0, *, Tensor out=None, {_OPTIONS})",
        )
    ),
    "eye": Signatures(
        (
            f"(SymInt n, *, Tensor out=None, {_OPTIONS})",
            f"(SymInt n, SymInt m, *, Tensor out=None, {_OPTIONS})",
        )
    ),
    "new_empty": Signatures((), (f"(SymIntArrayRef size, *, {_OPTIONS})",)),
    "new_full": Signatures((), (f"(SymIntArrayRef size, Scalar fill_value, *, {_OPTIONS})",)),
    "new_ones": Signatures((), (f"(SymIntArrayRef size, *, {_OPTIONS})",)),
    "new_zeros": Signatures((), (f"(SymIntArrayRef size, *, {_OPTIONS})",)),
    "new_tensor": Signatures((), (f"{_DATA}, bool requires_grad=False)",)),
    "as_strided": Signatures(
        ("(Tensor input, SymIntArrayRef size, SymIntArrayRef stride, SymInt? storage_offset=None)",),
        ("(SymIntArrayRef size, SymIntArrayRef stride, SymInt? storage_offset=None)",),
    ),
    "copy_": Signatures((), ("(Tensor other, bool non_blocking=False)", "(Tensor other, bool async=False)|deprecated")),
    "expand_as": Signatures((), ("(Tensor other)",)),
    "view_as": Signatures((), ("(Tensor other)",)),
    "reshape_as": Signatures((), ("(Tensor other)",)),
}


_MULTIPLIED = Signatures(
    ("(Tensor input, Tensor other, *, Tensor out=None)", "(Tensor input, Scalar other)"),
    ("(Tensor other)", "(Scalar other)"),
)
SIGNATURES |= {
    "absolute": unary_signatures("absolute"),
    "negative": unary_signatures("negative"),
    "multiply": _MULTIPLIED,
    "subtract": Signatures(
        (
            "(Tensor input, Tensor other, *, Scalar alpha=1, Tensor out=None)",
            "(Tensor input, Scalar other, Scalar alpha=1)",
        ),
        ("(Tensor other, *, Scalar alpha=1)", "(Scalar other, Scalar alpha=1)"),
    ),
    "divide": Signatures(
        (
            "(Tensor input, Tensor other, *, Tensor out=None)",
            "(Tensor input, Tensor other, *, c10::string_view? rounding_mode, Tensor out=None)",
            "(Tensor input, Scalar other)",
            "(Tensor input, Scalar other, *, c10::string_view? rounding_mode)",
        ),
        (
            "(Tensor other)",
            "(Tensor other, *, c10::string_view? rounding_mode)",
            "(Scalar other)",
            "(Scalar other, *, c10::string_view? rounding_mode)",
        ),
    ),
    **dict.fromkeys(("not_equal", "less", "less_equal", "greater", "greater_equal"), _COMPARISON),
    **dict.fromkeys(
        "bool byte char short int long half float double cfloat cdouble".split(),
        Signatures((), ("(*, MemoryFormat? memory_format=None)",)),
    ),
    **_OF_LINALG,
}


def signatures_of(name: str) -> Signatures:
    """The signatures of an irregular operator, or of its in-place form."""
    if name not in SIGNATURES and name.endswith("_"):
        return Signatures((), SIGNATURES[name[:-1]].method)
    return SIGNATURES[name]
