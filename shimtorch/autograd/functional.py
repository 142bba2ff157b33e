"""``torch.autograd.functional``: Jacobians, Hessians and products with them, of functions of Tensors.

Everything is computed by ``autograd.grad``; products from the right (``jvp``, ``hvp``) by differentiating a product
from the left once more, with respect to its vector.
"""

from __future__ import annotations

from .differentiation import grad
from .mode import enable_grad, is_grad_enabled, set_grad_enabled
from .namespaces import TENSORS

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_OUTPUTS = "outputs of the user-provided function"


# --- what goes in and what comes out ------------------------------------------------------------------------------


def _listed(values, what: str, function: str):
    """Whether these are a tuple, and the Tensors they are; TypeError for anything else."""
    is_tuple = isinstance(values, tuple)
    for index, value in enumerate(values if is_tuple else (values,)):
        if not isinstance(value, TENSORS.Tensor):
            found = f"value at index {index}" if is_tuple else f"given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but the {found} has "
                f"type {type(value)}."
            )
    return is_tuple, values if is_tuple else (values,)


def _apart(tensors, create_graph: bool, requires_grad: bool) -> tuple:
    """The tensors for one computation: views that stay in the graph, or leaves outside it."""
    return tuple(
        [
            tensor.view_as(tensor)
            if create_graph and tensor.requires_grad
            else tensor.detach().requires_grad_(requires_grad)
            for tensor in tensors
        ]
    )


def _results(tensors, is_tuple: bool, create_graph: bool):
    if not create_graph:
        tensors = tuple([tensor.detach() for tensor in tensors])
    return tensors if is_tuple else tensors[0]


def _direction(v, like, is_tuple: bool, function: str, create_graph: bool, without: str):
    """The vector ``v`` for one computation; ``without``: the error if it is left out and ``like`` is no number."""
    if v is None:
        if len(like) != 1 or like[0].nelement() != 1:
            raise RuntimeError(without)
        return None
    v = _apart(_listed(v, "v", function)[1], create_graph, requires_grad=False)
    if len(v) != len(like):
        if is_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for index, (have, want) in enumerate(zip(v, like, strict=True)):
        if have.size() != want.size():
            entry = f"Entry {index} in " if is_tuple else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {want.size()} but got {have.size()}.")
    return v


_NO_INPUT_VECTOR = (
    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
)


# --- gradients, and what strict mode says of missing ones -----------------------------------------------------------


def _gradients(outputs, inputs, weights=None, create_graph=False, retain_graph=None, batched=False) -> tuple:
    """Per input the gradient of those outputs that have one, or None."""
    weights = (None,) * len(outputs) if weights is None else weights
    pairs = [(out, weight) for out, weight in zip(outputs, weights, strict=True) if out is not None and out._rg]
    if not pairs:
        return (None,) * len(inputs)
    return grad(
        *(tuple([pair[0] for pair in pairs]), inputs, tuple([pair[1] for pair in pairs])),
        retain_graph=retain_graph,
        create_graph=create_graph,
        allow_unused=True,
        is_grads_batched=batched,
    )


_UNUSED = "The output of the user-provided function is independent of input {}. This is not allowed in strict mode."
_INDEPENDENT = {
    "outputs": (
        "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
        "differentiable manner from the input when running in strict mode."
    ),
    "gradients": (
        "The gradient with respect to input {} is independent of the inputs of the user-provided function. This is not "
        "allowed in strict mode."
    ),
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} "
        "is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
        "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function "
        "for example)."
    ),
    "hessian": (
        "The hessian of the user-provided function with respect to input {} is independent of the input. This is not "
        "allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
        "depends on the inputs."
    ),
}
_MISSING = {
    "vjp": _UNUSED,
    "jvp": (
        "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double "
        "backward trick to compute forward mode gradients. This is not allowed in strict mode."
    ),
    "vhp": (
        "The jacobian of the user-provided function is independent of input {}. This is not allowed in strict mode."
    ),
    "hvp": (
        "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. This is not "
        "allowed in strict mode as it prevents from using the double backward trick to replace forward mode AD."
    ),
}
_CONSTANT = (
    "The {} of the user-provided function is independent of input {}. This is not allowed in strict mode when "
    "create_graph=True."
)


def _require_dependence(tensors, kind: str, strict: bool) -> None:
    for index, tensor in enumerate(tensors if strict else ()):
        if tensor is None:
            raise RuntimeError(_UNUSED.format(index))
        if not tensor.requires_grad:
            raise RuntimeError(_INDEPENDENT[kind].format(index))


def _filled(gradients, like, function: str, strict: bool, create_graph: bool) -> tuple:
    """Zeros for missing gradients; in strict mode these, and in graphs constant ones, are errors."""
    filled = []
    for index, (gradient, tensor) in enumerate(zip(gradients, like, strict=True)):
        if gradient is None:
            if strict:
                raise RuntimeError(_MISSING[function].format(index))
            gradient = _zeros_like(tensor)
        elif strict and create_graph and not gradient.requires_grad:
            raise RuntimeError(_CONSTANT.format("hessian" if "h" in function else "jacobian", index))
        filled.append(gradient)
    return tuple(filled)


def _zeros_like(tensor, requires_grad: bool = False):
    from .._factories import zeros_like

    return zeros_like(tensor, requires_grad=requires_grad)


def _called(func, inputs, function: str, strict: bool):
    is_tuple, outputs = _listed(func(*inputs), _OUTPUTS, function)
    _require_dependence(outputs, "outputs", strict)
    return is_tuple, outputs


# --- products with the Jacobian -----------------------------------------------------------------------------------


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """``func(*inputs)``, and the product of ``v`` with its Jacobian.

    ``v`` has the shapes of the outputs, and may be left out for one output of one element. The product has the
    shapes of ``inputs``, a Tensor or a tuple of them. ``strict``: RuntimeError where an output or gradient does not
    depend on an input, instead of zeros. (``torch.autograd.functional.vjp``)
    """
    with enable_grad():
        several, inputs = _listed(inputs, "inputs", "vjp")
        inputs = _apart(inputs, create_graph, requires_grad=True)
        several_out, outputs = _called(func, inputs, "vjp", strict)
        without = (
            "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
        )
        v = _direction(v, outputs, several_out, "vjp", create_graph, without)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = _filled(_gradients(outputs, inputs, v, create_graph), inputs, "vjp", strict, create_graph)
    return _results(outputs, several_out, create_graph), _results(product, several, create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """``func(*inputs)``, and the product of its Jacobian with ``v``.

    ``v`` has the shapes of ``inputs``, and may be left out for one input of one element; the product has those of the
    outputs. ``strict`` as in ``vjp``. (``torch.autograd.functional.jvp``)
    """
    with enable_grad():
        several, inputs = _listed(inputs, "inputs", "jvp")
        inputs = _apart(inputs, create_graph, requires_grad=True)
        v = _direction(v, inputs, several, "jvp", create_graph, _NO_INPUT_VECTOR)
        several_out, outputs = _called(func, inputs, "jvp", strict)
        weights = tuple([_zeros_like(output, requires_grad=True) for output in outputs])
        gradients = _gradients(outputs, inputs, weights, create_graph=True)
        _require_dependence(gradients, "gradients", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = _filled(_gradients(gradients, weights, v, create_graph), outputs, "jvp", strict, create_graph)
    return _results(outputs, several_out, create_graph), _results(product, several_out, create_graph)


# --- Jacobian and Hessian -----------------------------------------------------------------------------------------


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The Jacobian of ``func``: per output and input a Tensor of the output's shape followed by the input's.

    It is nested as outputs and inputs are: a Tensor if both are single ones, else a tuple, or tuples in a tuple.
    ``vectorize`` computes the same row by row, though in torch at once. ``strategy="forward-mode"`` is not offered.
    ``strict`` as in ``vjp``. (``torch.autograd.functional.jacobian``)
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        _refuse_forward_mode(create_graph, strict, vectorize)
    with enable_grad():
        several, inputs = _listed(inputs, "inputs", "jacobian")
        inputs = _apart(inputs, create_graph, requires_grad=True)
        several_out, outputs = _called(func, inputs, "jacobian", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        rows = _rows_at_once if vectorize else _rows_one_by_one
        found = [
            _results(blocks, several, create_graph)
            for blocks in rows(outputs, inputs, create_graph=create_graph, strict=strict)
        ]
    return tuple(found) if several_out else found[0]


def _refuse_forward_mode(create_graph: bool, strict: bool, vectorize: bool) -> None:
    combined = 'torch.autograd.functional.jacobian: `{0}=True` and `strategy="forward-mode"` are not supported '
    advice = 'together (yet). Please either set `{0}=False` or `strategy="reverse-mode"`.'
    if create_graph:
        raise NotImplementedError((combined + advice).format("create_graph"))
    if strict:
        raise RuntimeError((combined + advice).format("strict"))
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )
    raise NotImplementedError('shimtorch does not offer strategy="forward-mode"')


def _rows_one_by_one(outputs, inputs, create_graph: bool, strict: bool):
    """Per output the blocks of the Jacobian, one per input."""
    for number, output in enumerate(outputs):
        rows: list[list] = [[] for _ in inputs]
        for place in range(output.nelement()):
            element = output.reshape(-1)[place]
            gradients = _gradients((element,), inputs, create_graph=create_graph, retain_graph=True)
            for index, (gradient, tensor) in enumerate(zip(gradients, inputs, strict=True)):
                if gradient is None:
                    if strict:
                        raise RuntimeError(
                            f"Output {number} of the user-provided function is independent of input {index}. This is "
                            "not allowed in strict mode."
                        )
                    gradient = _zeros_like(tensor)
                elif strict and create_graph and not gradient.requires_grad:
                    raise RuntimeError(_CONSTANT.format("jacobian", number))
                rows[index].append(gradient)
        yield tuple(
            [
                TENSORS.stack(row, dim=0).view(output.size() + tensor.size())
                for row, tensor in zip(rows, inputs, strict=True)
            ]
        )


def _rows_at_once(outputs, inputs, create_graph: bool, strict: bool):
    """As ``_rows_one_by_one``, by one batched call over all rows of all outputs."""
    counts = [output.nelement() for output in outputs]
    units = _unit_vectors(outputs, counts)
    flat = tuple([output.reshape(-1) for output in outputs])
    gradients = _gradients(flat, inputs, units, create_graph=create_graph, batched=True)
    parts = []
    for gradient, tensor in zip(gradients, inputs, strict=True):
        if gradient is None:
            gradient = _zeros_like(tensor).expand((sum(counts), *tensor.shape))
        parts.append(gradient.split(counts, dim=0))
    for number, output in enumerate(outputs):
        yield tuple(
            [part[number].view(output.shape + tensor.shape) for part, tensor in zip(parts, inputs, strict=True)]
        )


def _unit_vectors(outputs, counts) -> tuple:
    """Per output as many rows as there are elements in all; in each row one element of one output is 1."""
    total, start, units = sum(counts), 0, []
    for output, count in zip(outputs, counts, strict=True):
        unit = output.new_zeros((total, count))
        for place in range(count):
            unit._a[start + place, place] = 1
        start += count
        units.append(unit)
    return tuple(units)


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The Hessian of ``func``, which returns one Tensor of one element: the Jacobian of its Jacobian.

    A Tensor for a single input, of its shape twice; else a tuple of tuples. RuntimeError for other functions; the
    further arguments as in ``jacobian``. (``torch.autograd.functional.hessian``)
    """
    several, inputs = _listed(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def number(*tensors):
        return _one_number(*_called(func, tensors, "hessian", strict), "hessian").squeeze()

    def slopes(*tensors):
        found = jacobian(number, tensors, create_graph=True)
        _require_dependence(found, "jacobian", strict)
        return found

    found = jacobian(slopes, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if several else found[0][0]


def _one_number(is_tuple: bool, outputs, function: str):
    if is_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].nelement() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single element")
    return outputs[0]


def _slopes(func, inputs, v, create_graph: bool, strict: bool, function: str):
    """What products with the Hessian begin with: inputs, vector, the function's number and its recorded gradients."""
    several, inputs = _listed(inputs, "inputs", function)
    inputs = _apart(inputs, create_graph, requires_grad=True)
    v = _direction(v, inputs, several, function, create_graph, _NO_INPUT_VECTOR)
    is_tuple, outputs = _called(func, inputs, function, strict)
    _one_number(is_tuple, outputs, function)
    gradients = _gradients(outputs, inputs, create_graph=True)
    _require_dependence(gradients, "jacobian", strict)
    return several, inputs, v, outputs, gradients


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """``func(*inputs)``, one number, and the product of ``v`` with its Hessian; both of the shapes of ``inputs``.

    ``v`` may be left out for one input of one element. (``torch.autograd.functional.vhp``)
    """
    with enable_grad():
        several, inputs, v, outputs, gradients = _slopes(func, inputs, v, create_graph, strict, "vhp")
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = _filled(_gradients(gradients, inputs, v, create_graph), inputs, "vhp", strict, create_graph)
    return _results(outputs, False, create_graph), _results(product, several, create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """``func(*inputs)``, one number, and the product of its Hessian with ``v``; both of the shapes of ``inputs``.

    The same as ``vhp`` where the Hessian is symmetric, but slower. (``torch.autograd.functional.hvp``)
    """
    with enable_grad():
        several, inputs, v, outputs, gradients = _slopes(func, inputs, v, create_graph, strict, "hvp")
        weights = tuple([_zeros_like(tensor, requires_grad=True) for tensor in inputs])
        again = _gradients(gradients, inputs, weights, create_graph=True)
        _require_dependence(gradients, "hessian", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = _filled(_gradients(again, weights, v, create_graph), inputs, "hvp", strict, create_graph)
    return _results(outputs, False, create_graph), _results(product, several, create_graph)
