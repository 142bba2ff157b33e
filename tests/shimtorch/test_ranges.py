"""``linspace``, ``logspace`` and ``eye``, compared with PyTorch.

To add a case, add a line to ``SOURCES``.
"""

import numpy as np
import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, lines, needs_torch, torch

SOURCES = lines(
    r"""
torch.linspace(0,1,5)
torch.linspace(0,10,5,dtype=torch.int64)
torch.linspace(0,9,4,dtype=torch.uint8)
torch.linspace(5,-5,7,dtype=torch.int8)
torch.linspace(0,1,0)
torch.linspace(0,1,1)
torch.linspace(0,1,-1)
torch.linspace(0,1)
torch.linspace(0,1,steps=3)
torch.linspace(start=0,end=1,steps=3)
torch.linspace(0,1,5.)
torch.linspace(0,1j,5)
torch.linspace(0,1j,5,dtype=torch.float32)
torch.linspace(0,1j,5,dtype=torch.complex128)
torch.linspace(0,1,5,dtype=torch.bool)
torch.linspace(0,1,5,dtype=torch.float16)
torch.linspace(0,1,5,requires_grad=True)
torch.linspace(torch.tensor(0.),1,3)
torch.linspace(torch.tensor(0.),torch.tensor(2),3)
torch.linspace(0,torch.tensor(2),3)
torch.linspace(torch.tensor(0.,requires_grad=True),1,3)
torch.linspace(torch.tensor([0.]),1,3)
torch.linspace(0, torch.tensor([[0.]]),3)
torch.linspace(torch.tensor([0.]),torch.tensor([1.,2]),3)
torch.linspace(torch.tensor(0.,dtype=torch.float64),1,3)
torch.linspace(torch.tensor(1j),1,3)
torch.linspace(float('nan'),1,3)
torch.linspace(0,float('inf'),3)
torch.linspace(0,float('inf'),1)
torch.linspace(0,300,3,dtype=torch.uint8)
torch.linspace(-1,3,3,dtype=torch.uint8)
torch.linspace(0.7,3.7,4,dtype=torch.int64)
torch.linspace(0,1e39,3)
torch.linspace(0,1,True)
torch.linspace(True,5,3)
torch.linspace('a',1,3)
torch.linspace(0,1,torch.tensor(3))
torch.linspace(0,1,3,4)
torch.linspace(0,1,3,device='cpu')
torch.linspace(0,1,3,dtype=torch.int64,requires_grad=True)
torch.linspace(0,2**62,5,dtype=torch.int64)
torch.linspace(0,2**63-1,3,dtype=torch.int64)
torch.linspace(np.float64(0),np.int64(4),3)
torch.linspace(-3,3,1,dtype=torch.int64)
torch.linspace(2.5,3,1,dtype=torch.int64)
torch.logspace(0,2,3)
torch.logspace(0,2,3,base=2)
torch.logspace(0,2,3,2)
torch.logspace(0,2,3,2.5,dtype=torch.int64)
torch.logspace(-10,10,5)
torch.logspace(0.1,1.0,5)
torch.logspace(0.1,1.0,1)
torch.logspace(2,2,1,2)
torch.logspace(0,2,0)
torch.logspace(0,2,-1)
torch.logspace(0,2)
torch.logspace(0,2,5,base=-2)
torch.logspace(0,2j,3)
torch.logspace(0,2,3,dtype=torch.complex64)
torch.logspace(0,2,3,dtype=torch.bool)
torch.logspace(0,2,3,dtype=torch.float16)
torch.logspace(torch.tensor(0.),2,3)
torch.logspace(torch.tensor([0.]),2,3)
torch.logspace(0,2,3,base='a')
torch.logspace(0,2,3,base=1j)
torch.logspace(0,2j,3,dtype=torch.float32)
torch.logspace(0,400,3)
torch.logspace(0,3,4,dtype=torch.uint8)
torch.logspace(0,6,4,2,dtype=torch.int32)
torch.eye(3)
torch.eye(2,3)
torch.eye(3,2,dtype=torch.int64)
torch.eye(0)
torch.eye(0,3)
torch.eye(-1)
torch.eye(2,-3)
torch.eye(2,m=3)
torch.eye(n=2,m=3)
torch.eye(m=3)
torch.eye(2.)
torch.eye(True)
torch.eye((2,3))
torch.eye(2,dtype=torch.bool)
torch.eye(2,dtype=torch.complex64)
torch.eye(2,requires_grad=True)
torch.eye(2,dtype=torch.int64,requires_grad=True)
torch.eye(torch.tensor(2))
torch.eye(2,None)
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_range(source):
    assert_same(source)


@needs_torch
@pytest.mark.parametrize("name", ["linspace", "logspace"])
@pytest.mark.parametrize(
    "dtype",
    ["float16", "float32", "float64", "complex64", "complex128", "uint8", "int8", "int16", "int32", "int64"],
)
def test_bit_for_bit(name, dtype):
    if name == "linspace" and torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("PyTorch computes linspace otherwise without AVX2")
    generator = np.random.default_rng(0)
    for _ in range(300):
        ends = generator.normal(size=2) * (2 if name == "logspace" else 30)
        if dtype.startswith("complex"):
            ends = ends + 1j * generator.normal(size=2)
        if "int" in dtype:
            ends = np.abs(ends)
        arguments = *ends.tolist(), int(generator.integers(0, 70))
        ours, theirs = (answer(module, name, arguments, dtype) for module in (shimtorch, torch))
        assert ours == theirs, arguments


def answer(module, name, arguments, dtype):
    try:
        array = getattr(module, name)(*arguments, dtype=getattr(module, dtype)).numpy()
    except RuntimeError as error:
        return str(error)
    return array.dtype, array.tobytes()


RECORDED = {
    "torch.linspace(0, 1, 5)": "tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])",
    "torch.linspace(5, -5, 7, dtype=torch.int8)": "tensor([ 5,  3,  1,  0, -1, -3, -5], dtype=torch.int8)",
    "torch.logspace(0, 2, 3)": "tensor([  1.,  10., 100.])",
    "torch.eye(2, 3)": "tensor([[1., 0., 0.],\n        [0., 1., 0.]])",
}


@pytest.mark.parametrize(("source", "text"), RECORDED.items())
def test_as_recorded(source, text):
    assert repr(eval(source, {"torch": shimtorch})) == text
