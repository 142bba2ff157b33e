"""From an operator's derivatives to the Node subclass that computes them.

The two methods of a class, ``arrays`` for a plain backward pass and ``tensors`` for one that is itself recorded, are
written out and compiled when they are first called, so that a pass spends no time on finding out what a formula needs.
"""

from __future__ import annotations

from .namespaces import ARRAYS, TENSORS
from .nodes import Node, already_freed, check_result_version, check_version, saved_result


def node_class(
    grad_fn: str, inputs, derivatives: dict, saved=(), fixed=(), raw=(), optional=(), promote=False, joint=None,
    again=False,
) -> type:  # fmt: skip
    """The Node subclass called ``grad_fn``.

    ``derivatives`` maps an input's name to a function ``(xp, grad, …)``; its further parameters name what it
    needs: saved tensors (among ``saved``; "result" is the output) or plain values (among ``fixed``). Names in
    ``raw`` are saved and freed like tensors, but are Python numbers; those in ``optional`` may be None.
    ``promote``: the operands were of several dtypes, and are brought to the gradient's before it is computed with them.
    ``joint`` computes all gradients at once, where torch does; its parameter ``wanted`` tells which are needed.
    ``again``: a node of this class may come to stand where a ``Stale`` stood.
    """
    tensors = [name for name in saved if name != "result" and name not in raw]

    def compiled_later(kind: str):
        def method(node, grad):
            compiled = _compiled(kind, grad_fn, inputs, derivatives, saved, fixed, tensors, optional, promote, joint)
            setattr(cls, kind, compiled)
            return compiled(node, grad)

        return method

    members = {
        "__slots__": ("__weakref__",) if again else (), "__module__": "builtins",
        "saved_names": tuple(saved), "fixed_names": tuple(fixed),
        "arrays": compiled_later("arrays"), "tensors": compiled_later("tensors"),
    }  # fmt: skip
    cls = type(grad_fn, (Node,), members)
    return cls


_METHOD = """
def {kind}(node, grad):
    {edges} = node.edges
{saved}{fixed}{ordered}    return ({gradients},)
"""


def _compiled(kind, grad_fn, inputs, derivatives, saved, fixed, tensors, optional, promote, joint):
    scope = {
        "xp": ARRAYS if kind == "arrays" else TENSORS, "freed": already_freed, "check": check_version,
        "check_result": check_result_version, "result_of": saved_result, "promoted": brought_to,
    }  # fmt: skip
    gradients = {}
    using = []  # the inputs whose derivatives need something saved
    for name in inputs:
        formula = joint or derivatives.get(name)
        if formula is None:
            gradients[name] = "None"
            continue
        scope[f"d_{name}"] = formula
        if set(formula.__code__.co_varnames[2 : formula.__code__.co_argcount]).intersection(saved):
            using.append(name)
        wanted = "".join(
            f", {_value(parameter, kind == 'arrays' and parameter in tensors, parameter in optional, promote)}"
            if parameter != "wanted"
            else f", ({''.join(f'e_{name} is not None, ' for name in inputs)})"
            for parameter in formula.__code__.co_varnames[2 : formula.__code__.co_argcount]
        )
        call = f"d_{name}(xp, grad{wanted})"
        gradients[name] = f"{call} if e_{name} is not None else None"
    ordered = ""
    if joint is not None:
        gradients = {"all": f"*{call}"}
    elif kind == "tensors" and len(inputs) > 1:
        # torch computes them in alphabetical order, which decides in what order a second pass adds up.
        ordered = "".join(f"    g_{name} = {gradients[name]}\n" for name in sorted(gradients))
        gradients = {name: f"g_{name}" for name in inputs}
    source = _METHOD.format(
        kind=kind,
        edges="".join(f"e_{name}, " for name in inputs),
        saved=_unpacking(saved, tensors, kind, using if len(using) < len(gradients) else ()),
        fixed="    " + "".join(f"s_{name}, " for name in fixed) + "= node.fixed\n" if fixed else "",
        gradients=", ".join(gradients.values()),
        ordered=ordered,
    )
    exec(compile(source, f"<{grad_fn}>", "exec"), scope)
    return scope[kind]


def _value(name: str, unwrapped: bool, optional: bool, promote: bool) -> str:
    if not unwrapped:
        return f"s_{name}"
    array = f"promoted(s_{name}._a, grad)" if promote else f"s_{name}._a"
    return f"{array} if s_{name} is not None else None" if optional else array


def _unpacking(saved, tensors, kind: str, using) -> str:
    """``using``: the inputs whose derivatives need what is saved, if there are others; those can be had any time."""
    if not saved:
        return ""
    lines = ["if node.saved is None: raise freed()", "".join(f"s_{name}, " for name in saved) + "= node.saved"]
    if using:
        needed = " or ".join(f"e_{name} is not None" for name in using)
        lines = [f"if node.saved is None and ({needed}): raise freed()", f"{lines[1]} or ({'None, ' * len(saved)})"]
    for name in sorted(
        saved, key=lambda name: (name == "result", name)
    ):  # as torch unpacks them, which decides what is complained of first
        index = saved.index(name)
        if name == "result":
            lines.append(f"if node.extra is not None: check_result(node, s_{name})")
            if kind == "tensors":
                lines.append(f"s_{name} = result_of(node, s_{name})")
        elif name in tensors:
            lines.append(f"if s_{name} is not None and s_{name}._vc is not None: check(node, {index})")
    return "".join(f"    {line}\n" for line in lines)


def brought_to(array, grad):
    kind = grad.dtype if array.dtype.kind == "c" or grad.dtype.kind != "c" else grad.real.dtype
    return array.astype(kind, copy=False)
