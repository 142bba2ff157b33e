"""Tensors and NumPy: ``__array__``, ufuncs, DLPack both ways, compared with PyTorch.

To add a case, add a line to ``SOURCES`` or a block to ``BLOCKS``.
"""

import numpy as np
import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, blocks, lines, needs_torch, torch

SOURCES = lines(
    r"""
torch.ones(2).__array__()
torch.ones(2).__array__(np.float64)
torch.ones(2).__array__(dtype=np.float64)
torch.ones(2).__array__('float64')
torch.ones(2).__array__(None)
torch.ones(2).__array__(copy=True)
torch.ones(2).__array__(None,True)
torch.ones(2,requires_grad=True).__array__()
torch.ones(2,requires_grad=True).__array__(np.float64)
np.asarray(torch.ones(2))
np.asarray(torch.ones(2),dtype=np.int64)
np.array(torch.ones(2))
np.array(torch.ones(2),dtype=np.float64)
np.array(torch.ones(2),copy=False)
np.asarray(torch.ones(2),copy=False)
np.asarray(torch.ones(2),copy=True)
np.array(torch.ones(2,requires_grad=True))
(lambda t: (np.asarray(t).__setitem__(0,5), t))(torch.ones(2))
(lambda t: (np.array(t).__setitem__(0,5), t))(torch.ones(2))
np.array([torch.tensor(1.),torch.tensor(2.)])
np.array([torch.ones(2),torch.ones(2)])
np.sin(torch.ones(2))
np.add(torch.ones(2),1)
np.add(torch.ones(2),torch.ones(2))
np.add(np.ones(2),torch.ones(2))
np.add(torch.ones(2),np.ones(2))
np.ones(2)+torch.ones(2)
torch.ones(2)+np.ones(2)
np.ones(2)*torch.ones(2)
torch.ones(2)*np.ones(2)
np.ones(2)-torch.ones(2)
np.ones(2)==torch.ones(2)
np.ones(2)<torch.ones(2)
torch.ones(2)<np.ones(2)
np.float64(2)*torch.ones(2)
torch.ones(2)*np.float64(2)
np.float32(2)+torch.ones(2)
np.less(torch.ones(2),2)
np.equal(torch.ones(2),torch.ones(2))
np.isnan(torch.ones(2))
np.max(torch.ones(2))
np.concatenate([torch.ones(2),torch.ones(2)])
np.stack([torch.ones(2),torch.ones(2)])
np.sqrt(torch.ones(2,requires_grad=True))
np.exp(torch.tensor(1.))
np.add.reduce(torch.ones(2))
np.maximum(torch.ones(2),torch.zeros(2))
np.modf(torch.ones(2))
np.matmul(torch.ones(2,2),torch.ones(2,2))
np.dot(torch.ones(2),torch.ones(2))
np.ones((2,2))@torch.ones(2,2)
torch.ones(2,2)@np.ones((2,2))
np.allclose(torch.ones(2),torch.ones(2))
np.testing.assert_allclose(torch.ones(2),torch.ones(2))
np.linspace(0,1,3)[torch.tensor([0,2])]
np.linspace(0,1,3)[torch.tensor(1)]
np.shape(torch.ones(2,3))
np.ndim(torch.ones(2,3))
np.size(torch.ones(2,3))
np.round(torch.tensor([1.234]),2)
np.reshape(torch.ones(4),(2,2))
np.transpose(torch.ones(2,3))
np.where(torch.tensor([True,False]),1,2)
np.clip(torch.ones(2),0,.5)
np.argmax(torch.ones(2))
np.unique(torch.tensor([1,1,2]))
np.array(torch.tensor(5))
int(np.array(torch.tensor(5)))
np.float32(torch.tensor(5.))
np.float64(torch.tensor([5.]))
np.int64(torch.tensor(5))
np.full(2,torch.tensor(3.))
np.add(torch.ones(2),1,out=np.empty(2,np.float32))
np.zeros(2).__iadd__(torch.ones(2))
np.arange(3)[torch.tensor([True,False,True])]
np.array(torch.ones(2).to(torch.float16))
np.array(torch.ones(2,dtype=torch.complex64))
np.array(torch.ones(2,3).t()).flags.f_contiguous
torch.ones(2).__array_priority__
torch.ones(2).__array_wrap__(np.zeros(2))
torch.ones(2).__array_wrap__(np.array([True]))
torch.ones(2).__array_wrap__(np.zeros(2),None,False)
torch.ones(2).__array_wrap__(5)
torch.ones(2).__dlpack_device__()
torch.ones(2,requires_grad=True).__dlpack_device__()
torch.ones(2,requires_grad=True).__dlpack__()
type(torch.ones(2).__dlpack__())
type(torch.ones(2).__dlpack__(stream=None))
type(torch.ones(2).__dlpack__(stream=-1))
type(torch.ones(2).__dlpack__(stream=1))
type(torch.ones(2).__dlpack__(stream='a'))
type(torch.ones(2).__dlpack__(max_version=(1,0)))
type(torch.ones(2).__dlpack__(max_version=(0,8)))
type(torch.ones(2).__dlpack__(max_version=None))
type(torch.ones(2).__dlpack__(max_version=5))
type(torch.ones(2).__dlpack__(dl_device=(1,0)))
type(torch.ones(2).__dlpack__(copy=True))
type(torch.ones(2).__dlpack__(copy=False))
torch.ones(2).__dlpack__(1)
torch.ones(2).__dlpack__(foo=1)
type(torch.ones(2,dtype=torch.bool).__dlpack__())
type(torch.ones(2,dtype=torch.complex64).__dlpack__())
repr(torch.ones(2).__dlpack__())[:30]
np.from_dlpack(torch.ones(2))
np.from_dlpack(torch.ones(2,dtype=torch.bool))
np.from_dlpack(torch.ones(2,dtype=torch.complex64))
np.from_dlpack(torch.ones(2,dtype=torch.float16))
np.from_dlpack(torch.ones(2,3).t()).strides
np.from_dlpack(torch.ones(2)[1:])
np.from_dlpack(torch.ones(2,requires_grad=True))
np.from_dlpack(torch.tensor(5))
np.from_dlpack(torch.ones(0,3)).shape
np.from_dlpack(torch.ones(1).expand(3))
(lambda t: (np.from_dlpack(t).flags.writeable))(torch.ones(2))
(lambda t: (np.from_dlpack(t,copy=True).flags.writeable))(torch.ones(2))
np.from_dlpack(torch.ones(2),device='cpu')
torch.from_dlpack(np.ones(2))
torch.from_dlpack(np.ones(2,dtype=bool))
torch.from_dlpack(np.ones(2,dtype=np.complex64))
torch.from_dlpack(np.array(['a']))
torch.from_dlpack(np.array([object()]))
torch.from_dlpack(np.ones(2,dtype='>f4'))
torch.from_dlpack(np.ones((2,3)).T).stride()
torch.from_dlpack(np.ones(4)[::2]).stride()
torch.from_dlpack(np.array(3.))
torch.from_dlpack(np.broadcast_to(np.ones(1),(3,)))
(lambda a: (a.setflags(write=False), torch.from_dlpack(a)))(np.ones(2))
(lambda a: (torch.from_dlpack(a).add_(1), a))(np.ones(2))
torch.from_dlpack(torch.ones(2))
(lambda t: torch.from_dlpack(t).data_ptr()==t.data_ptr())(torch.ones(2))
torch.from_dlpack(torch.ones(2,requires_grad=True))
torch.from_dlpack(torch.ones(2).__dlpack__())
torch.from_dlpack(np.ones(2).__dlpack__())
(lambda c: (torch.from_dlpack(c),torch.from_dlpack(c)))(torch.ones(2).__dlpack__())
torch.from_dlpack(5)
torch.from_dlpack([1,2])
torch.from_dlpack(None)
torch.from_dlpack()
torch.from_dlpack(np.ones(2),device='cpu')
torch.from_dlpack(np.ones(2),device='cuda')
torch.from_dlpack(np.ones(2),copy=True)
torch.from_dlpack(np.ones(2),copy=False)
torch.from_dlpack(np.ones(2),device=torch.device('cpu'),copy=None)
(lambda a: (torch.from_dlpack(a,copy=True).add_(1), a))(np.ones(2))
torch.from_dlpack(np.ones(2),foo=1)
torch.from_dlpack(ext_tensor=np.ones(2))
torch.from_dlpack(np.ones((0,3))).shape
torch.from_dlpack(np.float32(3))
torch.from_dlpack(np.ones(2,dtype=np.float16))
torch.from_dlpack(np.ones((2,1,3))[:, :, ::2]).stride()
torch.from_dlpack(torch.ones(2, 3).t()).stride()
torch.from_dlpack(torch.tensor(3))
(lambda t: np.from_dlpack(t[1:]))(torch.arange(4))
(lambda t: np.from_dlpack(t.t()).strides)(torch.ones(2, 3))
torch.from_dlpack(np.arange(6).reshape(2, 3)[:, 1]).storage_offset()
torch.from_dlpack(np.ones(2, dtype=np.int8))
torch.from_dlpack(np.ones(2, dtype=np.datetime64))
torch.from_dlpack(np.ones(2), device='cpu:0')
torch.from_dlpack(np.ones(2), device='foo')
torch.from_dlpack(np.ones(2), None)
np.array(torch.ones(2, 2))[0]
np.ones(3)[torch.tensor([True, False, True])]
list(map(float, np.asarray(torch.ones(2))))
np.asarray(torch.ones(2).double()).dtype
np.asarray([torch.ones(2)])
np.vstack([torch.ones(2), torch.zeros(2)])
np.asarray(torch.ones(2, requires_grad=True).detach())
np.asarray(torch.tensor(True))
np.atleast_2d(torch.ones(2)).shape
np.linalg.norm(torch.ones(4))
np.array_equal(torch.ones(2), torch.ones(2))
np.negative(torch.ones(2))
np.abs(torch.tensor([-1., 2]))
np.power(torch.ones(2), 2)
np.multiply.outer(torch.ones(2), torch.ones(2))
np.float64(2) + torch.ones(2)
np.float64(2) / torch.ones(2)
np.int64(2) - torch.ones(2)
np.float32(2) ** torch.ones(2)
np.float64(2) < torch.ones(2)
np.array(2.) * torch.ones(2)
np.array(2.) + torch.tensor(1.)
torch.ones(2) + np.float32(1)
torch.ones(2) + np.array(1.)
torch.ones(2) - np.ones(2)
torch.ones(2) / np.ones(2)
torch.ones(2) ** np.ones(2)
torch.ones(2) == np.ones(2)
torch.ones(2) @ np.ones(2)
torch.ones(2).add(np.ones(2))
torch.add(torch.ones(2), np.ones(2))
"""
)

BLOCKS = blocks(
    """
    a = np.ones(3, np.float32)
    t = torch.as_tensor(a)
    t[0] = 5
    a

    a = np.ones(3, np.float32)
    t = torch.from_dlpack(a)
    t[0] = 5
    a

    t = torch.ones(3)
    a = np.from_dlpack(t)
    a[0] = 5
    t

    t = torch.ones(3)
    u = torch.from_dlpack(t)
    u.add_(1)
    (t, u._version, t._version)

    a = np.ones(3)
    a.setflags(write=False)
    t = torch.from_dlpack(a)
    t.add_(1)
    a

    a = np.ones(3)
    a.setflags(write=False)
    t = torch.as_tensor(a)
    t

    a = np.ones(3)
    a.setflags(write=False)
    t = torch.as_tensor(a, dtype=torch.float32)
    t
    """
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES + BLOCKS)
def test_exchange(source):
    assert_same(source)


@needs_torch
def test_tensors_of_both_share_memory():
    ours = shimtorch.ones(3)
    theirs = torch.from_dlpack(ours)
    theirs[0] = 5
    back = shimtorch.from_dlpack(theirs)
    back[1] = 7
    assert ours.tolist() == theirs.tolist() == back.tolist() == [5, 7, 1]


def test_memory_outlives_the_tensor():
    array = np.from_dlpack(shimtorch.arange(1000))
    assert array.sum() == 499500
