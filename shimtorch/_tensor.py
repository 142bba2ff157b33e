"""``Tensor``: a NumPy array, whether it requires grad, and the node that made it.

Operators are attached by ``ops._define``; here is what a tensor is, not what can be computed with it.
"""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _dtypes, _repr
from ._device import CPU, Size, contiguous_format, device, layout, memory_format, require_cpu, strided
from ._layout import contiguous_strides, in_format
from ._mirror import Mirror, behind
from .autograd import backward as _backward
from .autograd.mode import state
from .autograd.namespaces import TENSORS
from .autograd.nodes import INFERENCE, Passage, VersionCounter, counter_of, extra_of, next_sequence, seen
from .autograd.rebasing import Stale, leaf_so_far, lend, origin_so_far

FRESH: VersionCounter | None = None  # the version counter of new tensors: none yet, but for inference mode
new = object.__new__
new_tuple = tuple.__new__

_NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
    "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
    "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access "
    "the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information. (Triggered internally "
    "at /__w/pytorch/pytorch/build/aten/src/ATen/core/TensorBody.h:493.)"
)

_USE_DETACH = (
    "If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad = "
    "var.detach()."
)

_TO_SCALAR = (
    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
    "Consider using tensor.detach() first. (Triggered internally at "
    "/__w/pytorch/pytorch/torch/csrc/autograd/generated/python_variable_methods.cpp:822.)"
)
_warned_of_scalar = False


def warn_of_scalar(stacklevel: int) -> None:
    """Say, once, that a number taken from a tensor that requires grad is outside the graph."""
    global _warned_of_scalar
    if not _warned_of_scalar:
        _warned_of_scalar = True
        warnings.warn(_TO_SCALAR, UserWarning, stacklevel=stacklevel + 1)


def _fixed(read):
    """A property that cannot be set, in torch's words."""

    def refuse(self, value) -> None:
        raise AttributeError(f"attribute '{read.__name__}' of 'torch._C.TensorBase' objects is not writable")

    return property(read, refuse, lambda self: refuse(self, None))


if TYPE_CHECKING:
    from collections import OrderedDict

    _fixed = property


def _checked(method):
    """``method`` with torch's errors for wrong arguments, worked out only when it has failed."""
    name = method.__name__

    @functools.wraps(method)
    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            from ._signature_table import SIGNATURES
            from ._signatures import argument_error, unary_signatures

            signatures = _SIGNATURES.get(name) or (SIGNATURES.get(name) or unary_signatures(name)).method
            raise argument_error(name, signatures, args[1:], kwargs) or error from None

    return call


_SIGNATURES = {
    "size": ("(int64_t? dim=None)",), "stride": ("(int64_t? dim=None)",),
    "cpu": ("(*, MemoryFormat? memory_format=None)",), "is_contiguous": ("(*, MemoryFormat? memory_format=None)",),
}  # fmt: skip


class Tensor:
    """A multi-dimensional array of one dtype, as ``torch.Tensor``."""

    # _a: the array; _rg: requires grad; _node: what computed it, or None for a leaf; _vc: version counter or None;
    # _base: of which tensor this one is a view, or None.
    __slots__ = ("__dict__", "__weakref__", "_a", "_base", "_node", "_rg", "_vc")
    __module__ = "torch"
    __array_priority__ = 1000

    _grad: Tensor | None = None
    _accumulator = None
    _accumulator_extra = None
    _backward_hooks: OrderedDict | None = None
    _post_accumulate_grad_hooks: OrderedDict | None = None
    _root: np.ndarray | None = None  # the array whose first element is the first of the storage, if not its counter's
    _made = ""  # of a view: how it was made, if writes into it cannot be recorded ("several", "no_grad", …)
    _borrowed = False  # of a view: whether it requires grad as its base does, though no edge leads from it
    _retained = False  # whether its gradient was kept by a node that is its origin no more
    _detached: int | None = None  # when ``detach_`` cut it off its graph, on the clock of ``next_sequence``
    _outdated = False  # of a view whose base requires no grad: whether its memory was written since

    def __new__(cls, *args, **kwargs):
        raise NotImplementedError("shimtorch does not offer the legacy constructor torch.Tensor(...); use torch.tensor")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    if TYPE_CHECKING:
        _a: np.ndarray
        _base: Tensor | None
        _node: Any
        _rg: bool
        _vc: Any

        def __getattr__(self, name: str) -> Any: ...

    # --- what it is ---------------------------------------------------------------------------------------------

    @_fixed
    def dtype(self) -> _dtypes.dtype:
        """The element type."""
        return _dtypes.OF_NUMPY[self._a.dtype]

    @_fixed
    def shape(self) -> Size:
        """The size of each dimension."""
        return new_tuple(Size, self._a.shape)

    @_fixed
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._a.ndim

    @_fixed
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    @_fixed
    def layout(self) -> layout:
        """Always ``torch.strided``."""
        return strided

    @_fixed
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._a.itemsize

    @_fixed
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._a.nbytes

    is_cpu = True
    is_cuda = is_sparse = is_quantized = is_meta = is_mps = False

    @_checked
    def size(self, dim: int | None = None):
        """The shape, or the size of dimension ``dim``; IndexError if there is none such."""
        if dim is None:
            return self.shape
        if not self._a.ndim and isinstance(dim, int):
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        return self._a.shape[wrap_dim(dim, self._a.ndim)]

    @_checked
    def dim(self) -> int:
        """The number of dimensions."""
        return self._a.ndim

    ndimension = dim

    @_checked
    def numel(self) -> int:
        """The number of elements."""
        return self._a.size

    nelement = numel

    @_checked
    def element_size(self) -> int:
        """Bytes per element."""
        return self._a.itemsize

    @_checked
    def stride(self, dim: int | None = None):
        """Per dimension, how many elements apart neighbours lie in memory."""
        strides = strides_of(self._a)
        return strides if dim is None else strides[wrap_dim(dim, self._a.ndim)]

    @_checked
    def storage_offset(self) -> int:
        """How many elements after the start of its storage the first element lies."""
        array, root = in_memory(self)
        return 0 if root is None else (address(array) - address(root)) // array.itemsize

    @_checked
    def data_ptr(self) -> int:
        """The address of the first element."""
        return address(in_memory(self)[0]) if self._a.size else 0

    @_checked
    def is_contiguous(self, *, memory_format: memory_format = contiguous_format) -> bool:
        """Whether the elements lie in memory in row-major order, or in that of ``memory_format``."""
        if memory_format._order:
            return in_format(self._a, memory_format)
        return self._a.flags.c_contiguous

    @_checked
    def is_floating_point(self) -> bool:
        """Whether the dtype is one of float16, float32, float64."""
        return self.dtype.is_floating_point

    @_checked
    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.dtype.is_complex

    def type(self, dtype=None, non_blocking: bool = False):
        """The legacy name of dtype and device ("torch.FloatTensor"), or the tensor in the dtype of that name."""
        if dtype is None:
            return f"torch.{scalar_type_name(self)}Tensor"
        if isinstance(dtype, str):
            named = {f"torch.{scalar_type_name(kind)}Tensor": kind for kind in _dtypes.ALL}
            if dtype not in named:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = named[dtype]
        if not isinstance(dtype, _dtypes.dtype):
            raise TypeError("dtype must be a type, str, or dtype object")
        return self.to(dtype)

    @_checked
    def cpu(self, *, memory_format: memory_format | None = None) -> Tensor:
        """The tensor itself, which lies in the CPU's memory, unless it is to have another memory format."""
        return self if memory_format is None else self.to(memory_format=memory_format)

    def cuda(self, device=None, non_blocking: bool = False, memory_format=None) -> Tensor:
        """AssertionError, as in a PyTorch without CUDA."""
        require_cpu("cuda" if device is None else device)
        raise RuntimeError(f"Invalid device, must be cuda device but got {device}")

    @_checked
    def get_device(self) -> int:
        """-1: the CPU has no index."""
        return -1

    @_checked
    def is_signed(self) -> bool:
        """Whether the dtype has negative values."""
        return self.dtype.is_signed

    # --- autograd -----------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to or through this tensor."""
        return self._rg

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not isinstance(wanted, bool):
            raise RuntimeError("requires_grad must be a bool")
        if not leaf_so_far(self):
            reason = "" if wanted else " " + _USE_DETACH
            raise RuntimeError(f"you can only change requires_grad flags of leaf variables.{reason}")
        self._set_requires_grad(wanted, "only Tensors of floating point and complex dtype can require gradients")

    @requires_grad.deleter
    def requires_grad(self) -> None:
        raise RuntimeError("requires_grad must be a bool")

    @_checked
    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` in place and return the tensor; RuntimeError for integers and non-leaves."""
        if not isinstance(requires_grad, bool):
            raise TypeError("requires_grad")
        self._set_requires_grad(requires_grad, "only Tensors of floating point dtype can require gradients")
        return self

    def _set_requires_grad(self, wanted: bool, complaint: str) -> None:
        if not wanted and not leaf_so_far(self):
            raise RuntimeError(f"you can only change requires_grad flags of leaf variables. {_USE_DETACH}")
        if wanted and self._a.dtype.kind not in "fc":
            raise RuntimeError(complaint)
        if wanted and self._vc is INFERENCE and not state.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        self._borrowed = self._base is not None and self._base._rg and not wanted
        self._rg = wanted or self._borrowed
        if self._vc is not None and self._vc.views:
            lend(self)

    @_fixed
    def name(self) -> None:
        """Always None, as for every tensor that no legacy code named."""

    @_fixed
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return not self._node or type(self._node) is Passage

    def _is_view(self) -> bool:
        return self._base is not None

    @_fixed
    def grad_fn(self):
        """The node that made it, or None for a leaf."""
        return seen(self._node)[0] if self._node and type(self._node) is not Passage else None

    @_fixed
    def output_nr(self) -> int:
        """Which output of its ``grad_fn`` it is."""
        node = self._node
        return 0 if node is None else node.output() if type(node) is Stale else seen(node)[1]

    @property
    def _version(self) -> int:
        if self._vc is INFERENCE:
            raise RuntimeError("Inference tensors do not track version counter.")
        return 0 if self._vc is None else self._vc.value

    @_checked
    def is_inference(self) -> bool:
        """Whether it was made in inference mode, or is a view of such a tensor."""
        return self._vc is INFERENCE

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient, or None; of a non-leaf only after ``retain_grad``."""
        if self._grad is None and self._node is not None and not leaf_so_far(self) and not self.retains_grad:
            warnings.warn(_NON_LEAF_GRAD, UserWarning, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is None:
            self._grad = None
            return
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value._a.dtype != self._a.dtype:
            name = c_name(value)
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{name}' to a tensor with grad_dtype "
                f"'{scalar_type_name(self)}'. The gradient must match the tensor's grad_dtype (defaults to the "
                "tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to "
                "allow any dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may "
                "break downstream systems that assume they match."
            )
        if value._a.shape != self._a.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value._a.shape)}' to a tensor of size "
                f"'{list(self._a.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @_fixed
    def retains_grad(self) -> bool:
        """Whether this is a non-leaf whose ``grad`` will be kept."""
        if self._retained:
            return True
        origin = origin_so_far(self)
        extra = origin.extra if origin is not None else None
        return extra is not None and extra.retained is not None and extra.retained() is self

    @_checked
    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in ``grad``; RuntimeError if it does not require grad."""
        if not self._rg:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        origin = origin_so_far(self)
        if origin is None or self._retained:
            return
        extra = origin.extra
        if (extra is None or extra.retained is None) and self._node:
            import weakref

            extra_of(self._node).retained = weakref.ref(self)

    def register_hook(self, hook):
        """Call ``hook(grad)`` whenever the gradient of this tensor has been computed; what it returns replaces it.

        Returns a handle whose ``remove()`` takes the hook away. RuntimeError if the tensor requires no gradient, and
        during the pass if dtype or shape of what replaces the gradient differ. (``torch.Tensor.register_hook``)
        """
        from .autograd.hooks import register_hook

        return register_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook):
        """Call ``hook(tensor)`` whenever a pass has added to the ``grad`` of this leaf.

        Returns a handle. RuntimeError unless it is a leaf that requires a gradient.
        (``torch.Tensor.register_post_accumulate_grad_hook``)
        """
        from .autograd.hooks import register_post_accumulate_grad_hook

        return register_post_accumulate_grad_hook(self, hook)

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None) -> None:
        """Add the gradients of this tensor to the ``grad`` of the leaves it was computed from.

        ``gradient`` (same shape) is needed unless the tensor has one element. RuntimeError for the second pass
        through a graph that was not retained, and where nothing requires grad.
        """
        _backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    @_checked
    def detach(self) -> Tensor:
        """The same memory outside the graph."""
        out = share(self)
        out._a = self._a
        if out._vc is INFERENCE and not state.inference:
            out._vc = None
        return out

    def detach_(self) -> Tensor:
        """Cut this tensor itself off its graph; RuntimeError for views. Inference mode knows no graph to cut."""
        if state.inference or self._vc is INFERENCE:
            return self
        if self._base is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
                "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
                "detach_() cannot be called on these gradients. To fix this error, please refer to the "
                "Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
            )
        if self._node is not None:
            counter_of(self)
            self._detached = next_sequence()
            self._retained = self.retains_grad
        self._node, self._rg = None, False
        if self._vc is not None and self._vc.views:
            lend(self)
        return self

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph, with a version counter of its own."""
        out = self.detach()
        out._root, out._vc = root_of(self), INFERENCE if self._vc is INFERENCE else None
        return out

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._rg and value._a.dtype.kind not in "fc":
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        if self._node is not None:
            counter_of(self)  # which a saved result goes on sharing
        self._a, self._root = value._a, root_of(value) if root_of(value) is not None else value._a

    # --- to Python and NumPy ------------------------------------------------------------------------------------

    @_checked
    def item(self):
        """The only element as a Python number; RuntimeError if there are several or none."""
        if self._a.size != 1:
            raise RuntimeError(f"a Tensor with {self._a.size} elements cannot be converted to Scalar")
        return self._a.item()

    @_checked
    def tolist(self):
        """The elements as nested lists of Python numbers; a number for a 0-d tensor."""
        return self._a.tolist()

    @_checked
    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The array, sharing memory; RuntimeError in grad mode if it requires grad, unless ``force``."""
        if force is not False and not isinstance(force, bool):
            raise TypeError("force")
        if self._rg and not force and state.enabled:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if type(self._root) is Mirror and not force:
            bit, resolved = ("conjugate", "conj") if self._a.dtype.kind == "c" else ("negative", "neg")
            raise RuntimeError(
                f"Can't call numpy() on Tensor that has {bit} bit set. Use tensor.resolve_{resolved}().numpy() instead."
            )
        return self._a.view()

    # NumPy warns of the arguments that these two lack, and with torch it does so too.
    def __array__(self, dtype=None):
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __array_wrap__(self, array):
        return wrap(np.asarray(array).astype(np.uint8) if array.dtype == bool else np.asarray(array))

    def _single(self):
        if self._a.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self._a.item()

    def __float__(self) -> float:
        if self._rg and state.enabled:
            warn_of_scalar(2)
        return float(_real(self._single(), "double"))

    def __int__(self) -> int:
        return int(_real(self._single(), "int64_t"))

    def __complex__(self) -> complex:
        if self._rg and state.enabled:
            warn_of_scalar(2)
        return complex(self._single())

    def __index__(self) -> int:
        if self._a.size != 1 or self._a.dtype.kind not in "biu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._a.item())

    def __bool__(self) -> bool:
        if self._a.size != 1:
            several = "more than one value" if self._a.size else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {several} is ambiguous")
        return bool(self._a.item())

    def __len__(self) -> int:
        if self._a.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self._a.shape[0]

    def __reversed__(self):
        raise NotImplementedError("shimtorch does not offer flip, which reversed() needs")

    def __contains__(self, element) -> bool:
        if not isinstance(element, (Tensor, int, float, complex)):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a " + str(type(element)) + "."
            )
        return bool((element == self)._a.any())

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self, *, tensor_contents=None) -> str:
        return _repr.tensor_repr(self, tensor_contents=tensor_contents)

    def __format__(self, spec: str) -> str:
        return _repr.tensor_format(self, spec)

    def __dir__(self):
        return [name for name in super().__dir__() if name not in Tensor.__slots__]

    def __deepcopy__(self, memo):
        if self._node:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils."
                "weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        from ._pickling import deep_copied

        return deep_copied(self, memo)

    def __reduce_ex__(self, protocol):
        from ._pickling import reduced

        return reduced(self)


def _real(value, wanted: str):
    if isinstance(value, complex):
        if value.imag:
            raise RuntimeError(f"value cannot be converted to type {wanted} without overflow")
        return value.real
    return value


def wrap(array: np.ndarray) -> Tensor:
    """A fresh leaf tensor around ``array``, which must be an ndarray (0-d ones too)."""
    out = new(Tensor)
    out._a = array
    out._rg = False
    out._node = None
    out._vc = FRESH
    out._base = None
    return out


TENSORS.wrap, TENSORS.Tensor = wrap, Tensor


def share(tensor: Tensor) -> Tensor:
    """A leaf without array that shares the tensor's storage and version counter."""
    out = new(Tensor)
    out._rg = False
    out._node = None
    out._base = None
    counter = out._vc = tensor._vc or counter_of(tensor)
    if tensor._root is not None or counter is INFERENCE:
        out._root = tensor._a if tensor._root is None else tensor._root
    return out


def root_of(tensor: Tensor) -> np.ndarray | None:
    """The array whose first element is the first of the storage, None if that is the tensor's own."""
    return tensor._root if tensor._root is not None or tensor._vc is None else tensor._vc.root


def in_memory(tensor: Tensor) -> tuple[np.ndarray, np.ndarray | None]:
    """The tensor's array and ``root_of`` it, of a conjugate those of what it is the conjugate of."""
    root = root_of(tensor)
    return (behind(tensor._a, root), root.root) if type(root) is Mirror else (tensor._a, root)


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def strides_of(array: np.ndarray) -> tuple[int, ...]:
    """Strides in elements, where NumPy counts bytes."""
    size = array.itemsize
    strides = array.strides
    if array.size == 0 and 0 in strides:  # NumPy's own results of size 0, which torch lays out as if they had elements
        strides = contiguous_strides(array.shape, size)
    return tuple([stride // size for stride in strides])


def wrap_dim(dim: int, ndim: int) -> int:
    """``dim`` counted from the front; IndexError in torch's words if there is none such."""
    limit = ndim or 1
    if not -limit <= dim < limit:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})")
    return dim + limit if dim < 0 else dim


_SCALAR_TYPES = {
    "bool": ("bool", "Bool"), "uint8": ("unsigned char", "Byte"), "int8": ("signed char", "Char"),
    "int16": ("short int", "Short"), "int32": ("int", "Int"), "int64": ("long int", "Long"),
    "float16": ("c10::Half", "Half"), "float32": ("float", "Float"), "float64": ("double", "Double"),
    "complex64": ("c10::complex<float>", "ComplexFloat"), "complex128": ("c10::complex<double>", "ComplexDouble"),
}  # fmt: skip


def c_name(tensor: Tensor) -> str:
    """What torch's messages call the element type in C++ terms ("c10::Half")."""
    return _SCALAR_TYPES[tensor._a.dtype.name][0]


def scalar_type_name(kind) -> str:
    """What torch's messages call a dtype or a tensor's dtype ("Half")."""
    return _SCALAR_TYPES[kind._a.dtype.name if isinstance(kind, Tensor) else str(kind)[6:]][1]
