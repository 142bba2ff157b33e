"""A look-alike of a few lines: of everything the judge looks at it has one. The tests plant faults into its text."""

import random as _random
import warnings as _warnings

import numpy as _np

__version__ = "1"
_generator = _random.Random()


class Node:
    def __init__(self, edges):
        self.next_functions = edges

    def name(self):
        return type(self).__name__


class MulBackward0(Node):
    pass


class AccumulateGrad(Node):
    def __init__(self, variable):
        super().__init__(())
        self.variable = variable


class Tensor:
    __module__ = "torch"
    dtype, device, grad, retains_grad = "torch.float32", "cpu", None, False

    def __init__(self, array, requires_grad=False, grad_fn=None):
        self._array, self.requires_grad, self.grad_fn = array, requires_grad, grad_fn

    is_leaf = property(lambda self: self.grad_fn is None)
    shape = property(lambda self: self._array.shape)

    def stride(self):
        return [step // 4 for step in self._array.strides]

    def storage_offset(self):
        return 0

    def element_size(self):
        return 4

    def data_ptr(self):
        return self._array.__array_interface__["data"][0]

    def detach(self):
        return Tensor(self._array)

    def clone(self):
        return Tensor(self._array.copy())

    def numpy(self):
        return self._array

    def tolist(self):
        return self._array.tolist()

    def view(self):
        return Tensor(self._array[:])

    def __repr__(self):
        return "tensor(" + _np.array2string(self._array, precision=4, separator=", ") + ")"

    def __mul__(self, other):
        if self.shape != other.shape:
            raise RuntimeError("sizes do not fit")
        edges = tuple((AccumulateGrad(side), 0) for side in (self, other))
        return Tensor(self._array * other._array, self.requires_grad, MulBackward0(edges))

    def backward(self):
        _warnings.warn("made up", UserWarning, stacklevel=2)
        for node, _ in self.grad_fn.next_functions:
            node.variable.grad = Tensor(_np.full_like(self._array, 0.25))


def tensor(values, requires_grad=False):
    return Tensor(_np.array(values, _np.float32), requires_grad)


def rand(count):
    return tensor([_generator.random() for _ in range(count)])


def manual_seed(seed):
    _generator.seed(seed)


def get_rng_state():
    return tensor(_generator.getstate()[1][-9:])
