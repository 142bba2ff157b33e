"""What a learner does wrong: class and words of errors and warnings, and the line that they blame.

To add a case, add a line to ``SOURCES``, or to ``NOT_OFFERED`` where PyTorch has something that the shim lacks.
"""

# ruff: noqa: E501 (a source is one line, however long)

import pytest

import shimtorch
from tests.shimtorch.sidebyside import assert_same, lines, needs_torch, outcome

SOURCES = lines(
    r"""
a, b = torch.ones(2, 2, requires_grad=True) * 2; a += 1
a, b = torch.ones(2, 2, requires_grad=True); b.mul_(2)
a, b = (torch.ones(2, 2, requires_grad=True) * 2).split(1); b[0].zero_()
a, b = (torch.ones(4, requires_grad=True) * 2).chunk(2); b.view(2, 1).add_(1)
a, b = torch.ones(3).split([1, 2]); b *= torch.ones(2, requires_grad=True)
a = torch.tensor(3.); v, i = torch.max(a, 0); v.add_(1); w, j = torch.min(a, 0); w.add_(1); b = a + 0
a = torch.tensor(1.); b = a.expand(()); b.add_(1); c = a + 0
torch.ones(2, dtype=torch.complex64).mean(dtype=torch.float32)
torch.manual_seed(0); r = torch.randperm(30000)
a = torch.ones(2, 3, dtype=torch.bool).sum(1, True, dtype=torch.bool); b = torch.ones(2, 3, dtype=torch.bool).sum(1, dtype=torch.bool)
x = torch.ones(3); v = x[:2]; x.requires_grad_(); a = v.requires_grad; x.requires_grad_(False); b = v.requires_grad, v.grad_fn
x = torch.ones(3); v = x[:2]; x.add_(1); x.requires_grad_(); a = v.requires_grad, v.grad_fn; x.requires_grad_(False); b = v.requires_grad, v.grad_fn
x = torch.ones(3, requires_grad=True); x.requires_grad_(5)
x = torch.ones(3, requires_grad=True); (x*1).requires_grad_(False)
x = torch.ones(3, requires_grad=True); setattr(x*1,'requires_grad',False)
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64).requires_grad_()
a = torch.ones(2, 3); torch.tensor([1],requires_grad=True)
a = torch.ones(2, 3); setattr(torch.ones(2,dtype=torch.int64),'requires_grad',True)
x = torch.ones(3, requires_grad=True); setattr(x,'requires_grad',3)
x = torch.ones(3, requires_grad=True); (x*1).grad
x = torch.ones(3, requires_grad=True); setattr(x,'grad',torch.ones(2))
x = torch.ones(3, requires_grad=True); setattr(x,'grad',3)
x = torch.ones(3, requires_grad=True); setattr(x,'grad',torch.ones(3,dtype=torch.float64))
x = torch.ones(3, requires_grad=True); setattr(x,'grad',x)
x = torch.ones(3, requires_grad=True); x.numpy()
x = torch.ones(3, requires_grad=True); x.item()
torch.ones(2).to(torch.float32, 3)
torch.ones(2).to("cpu", torch.float32, False, False, False)
torch.zeros(2, dtype=torch.float16).fill_(1e10)
torch.zeros(1, dtype=torch.float16).fill_(1e10), torch.tensor(0.0, dtype=torch.float16).fill_(-1e10)
torch.zeros(1, dtype=torch.float16).fill_(1j)
torch.full((2,), 1e300)
torch.full((2,), -1e5, dtype=torch.float16)
torch.ones(3, dtype=torch.float16).clamp(max=1e10)
torch.ones(3).clamp(max=1e300)
torch.ones(3).clamp(min=-1e300, max=2), torch.ones(3).clamp(max=float("inf"))
torch.ones(3).clamp(max=float("inf")), torch.ones(3, dtype=torch.float64).clamp(max=1e300)
torch.ones(1, dtype=torch.float16) ** 1e10
torch.ones(3) ** 1e300
x = torch.ones(2, dtype=torch.float16); x.masked_fill_(x > 0, 1e10)
torch.tensor([3]).div(torch.tensor([2]), rounding_mode=None)
torch.ones(1).as_strided((2**62, 2), (0, 0))
torch.arange(3.0).take(torch.tensor([-3, 5]))
torch.random.fork_rng(device_type="nothing").__enter__()
torch.zeros(0).index_select(0, torch.tensor([0]))
F.cross_entropy(torch.ones(1, 2), torch.tensor([0]), label_smoothing=2.0)
F.cross_entropy(torch.ones(2, 3), torch.ones(2, 3, dtype=torch.complex64))
F.cross_entropy(torch.ones(2, 3), torch.ones(2, 3), weight=torch.ones(2))
F.cross_entropy(torch.ones(2, 3), torch.ones(2, 3), ignore_index=1)
torch.ones(2).to(dtype=3)
torch.ones(2).to()
torch.bitwise_or(5, 2)
torch.eq(5, 2)
torch.less_equal(torch.ones(2), None)
torch.ones(2).absolute(1)
torch.ones(2).subtract(torch.ones(2), 2)
torch.ones(2).add(torch.ones(2), 2)
torch.add(torch.ones(2), 2, 2, 2)
torch.ones(2, dtype=torch.bool).pow_(-1)
a = torch.ones(2, 3); bool(a)
a = torch.ones(2, 3); float(a)
a = torch.ones(2, 3); int(a)
a = torch.ones(2, 3); a.item()
a = torch.ones(2, 3); len(torch.tensor(1))
a = torch.ones(2, 3); list(torch.tensor(1))
a = torch.ones(2, 3); a.foo
a = torch.ones(2, 3); torch.foo
a = torch.ones(2, 3); a.data_ptr() == a.data_ptr()
a = torch.ones(2, 3); a.size()
a = torch.ones(2, 3); a.size(0)
a = torch.ones(2, 3); a.size(5)
a = torch.ones(2, 3); a.shape
a = torch.ones(2, 3); a.ndim
a = torch.ones(2, 3); a.nelement()
a = torch.ones(2, 3); a.is_contiguous()
a = torch.ones(2, 3); a.storage_offset()
a = torch.ones(2, 3); a.stride()
a = torch.ones(2, 3); a.stride(0)
a = torch.ones(2, 3); a.element_size()
a = torch.ones(2, 3); a.device
a = torch.ones(2, 3); a.layout
a = torch.ones(2, 3); a.is_cuda
a = torch.ones(2, 3); a.type()
a = torch.ones(2, 3); a.__array__()
x = torch.ones(3, requires_grad=True); np.asarray(x)
a = torch.ones(2, 3); a.numpy(force=True) is None
x = torch.ones(3, requires_grad=True); x.detach().numpy()
a = torch.ones(2, 3); 3 in a
a = torch.ones(2, 3); 'a' in a
a = torch.ones(2, 3); a.retain_grad()
x = torch.ones(3, requires_grad=True); x.retain_grad()
x = torch.ones(3, requires_grad=True); x.T
a = torch.ones(2, 3); torch.tensor(1.)[0]
a = torch.ones(2, 3); a[5]
a = torch.ones(2, 3); a[0,0,0]
a = torch.ones(2, 3); a['a']
a = torch.ones(2, 3); a[1.5]
a = torch.ones(2, 3); a[::-1]
a = torch.ones(2, 3); a[0:2:0]
a = torch.ones(2, 3); a[None,...,0]
a = torch.ones(2, 3); a[...,...]
a = torch.ones(2, 3); torch.tensor(3).__index__()
a = torch.ones(2, 3); [1,2,3][torch.tensor(1)]
a = torch.ones(2, 3); range(3)[torch.tensor(1.)]
a = torch.ones(2, 3); a.tolist()
a = torch.ones(2, 3); torch.tensor(3).tolist()
a = torch.ones(2, 3); a.names
a = torch.ones(2, 3); a.grad_fn
a = torch.ones(2, 3); a.output_nr
a = torch.ones(2, 3); a._version
a = torch.ones(2, 3); a.is_leaf
x = torch.ones(3, requires_grad=True); x.is_leaf
x = torch.ones(3, requires_grad=True); (x*1).is_leaf
a = torch.ones(2, 3); a.to('cuda')
a = torch.ones(2, 3); a.cuda()
a = torch.ones(2, 3); torch.ones(2,device='cuda')
a = torch.ones(2, 3); torch.ones(2,device='foo')
a = torch.ones(2, 3); torch.device('cuda:0')
a = torch.ones(2, 3); torch.device('cpu',0)
a = torch.ones(2, 3); a.to('cpu') is a
a = torch.ones(2, 3); a.to(torch.float32) is a
a = torch.ones(2, 3); a.to(torch.float64)
a = torch.ones(2, 3); a.to(3)
a = torch.ones(2, 3); a.to(torch.ones(1,dtype=torch.int8)).dtype
a = torch.ones(2, 3); a.view(7)
a = torch.ones(2, 3); a.view(-1,-1)
a = torch.ones(2, 3); a.view(-2,3)
a = torch.ones(2, 3); a.t().view(6)
a = torch.ones(2, 3); a.reshape(7)
a = torch.ones(2, 3); a.reshape(-1,4)
a = torch.ones(2, 3); a.transpose(0,5)
a = torch.ones(2, 3); a.permute(0)
a = torch.ones(2, 3); a.permute(0,0)
a = torch.ones(2, 3); a.permute((1,0)).shape
a = torch.ones(2, 3); a.squeeze(5)
a = torch.ones(2, 3); a.unsqueeze(5)
a = torch.ones(2, 3); a.expand(3,3)
a = torch.ones(2, 3); a.expand(3)
a = torch.ones(2, 3); a.expand(-1,3,2,3)
a = torch.ones(2, 3); a.expand(-1,3).shape
a = torch.ones(2, 3); torch.ones(2,2,2).t()
a = torch.ones(2, 3); a+torch.ones(2,2)
a = torch.ones(2, 3); a@torch.ones(2,3)
a = torch.ones(2, 3); torch.ones(2)@torch.ones(3)
a = torch.ones(2, 3); a@torch.ones(4)
a = torch.ones(2, 3); torch.tensor(1.)@a
a = torch.ones(2, 3); a@a.double().T
a = torch.ones(2, 3); torch.ones(3,2,2)@torch.ones(4,2,2)
a = torch.ones(2, 3); torch.ones(2)@torch.ones(3,2)
x = torch.ones(3, requires_grad=True); x.add_(1)
a = torch.ones(2, 3); a.add_(torch.ones(3,3))
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64).add_(1.5)
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64).div_(2)
a = torch.ones(2, 3); a-True
a = torch.ones(2, 3); torch.tensor(True)-torch.tensor(True)
a = torch.ones(2, 3); -torch.tensor(True)
a = torch.ones(2, 3); torch.tensor([True])*2
a = torch.ones(2, 3); a.clamp()
a = torch.ones(2, 3); a.clamp(1,0)
a = torch.ones(2, 3); a.pow('a')
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64)**-1
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64)//0
a = torch.ones(2, 3); torch.ones(2)//0
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64)%0
a = torch.ones(2, 3); a.max(5)
a = torch.ones(2, 3); a.max(0)
a = torch.ones(2, 3); a.sum(5)
a = torch.ones(2, 3); a.mean(dtype=torch.int64)
a = torch.ones(2, 3); torch.ones(2,dtype=torch.int64).mean()
a = torch.ones(2, 3); a.sum((0,0))
a = torch.ones(2, 3); torch.ones(2,dtype=torch.complex64).max()
a = torch.ones(2, 3); torch.sigmoid('a')
a = torch.ones(2, 3); torch.log(torch.tensor([1,0,-1]))
a = torch.ones(2, 3); torch.relu(torch.tensor([True]))
a = torch.ones(2, 3); torch.sqrt(torch.tensor([1+1j]))
a = torch.ones(2, 3); abs(torch.tensor([3+4j]))
a = torch.ones(2, 3); torch.exp(torch.ones(1,dtype=torch.float16))
a = torch.ones(2, 3); a.equal(3)
a = torch.ones(2, 3); torch.allclose(a,a.double())
a = torch.ones(2, 3); a.fill_('a')
a = torch.ones(2, 3); a.zero_()
a = torch.ones(2, 3); a.contiguous() is a
a = torch.ones(2, 3); a.T is a
a = torch.ones(2, 3); torch.relu(torch.tensor([1+1j]))
a = torch.ones(2, 3); torch.clamp(torch.tensor([1+1j]),0)
a = torch.ones(2, 3); torch.tensor([1,2]) == 'a'
a = torch.ones(2, 3); a<'b'
a = torch.ones(2, 3); a*'b'
a = torch.ones(2, 3); 'b'*a
a = torch.ones(2, 3); a*None
a = torch.ones(2, 3); a+[1,2,3]
a = torch.ones(2, 3); a@3
a = torch.ones(2, 3); a+np.ones((2,3))
a = torch.ones(2, 3); np.ones((2,3))+a
a = torch.ones(2, 3); np.float32(2)*a
a = torch.ones(2, 3); a*np.float64(2)
a = torch.ones(2, 3); np.array(2.)*a
a = torch.ones(2, 3); a**None
a = torch.ones(2, 3); a & a
a = torch.ones(2, 3); torch.tensor([1,2]) & 3
a = torch.ones(2, 3); ~a
a = torch.ones(2, 3); divmod(a,2)
a = torch.ones(2, 3); round(a)
a = torch.ones(2, 3); a.__dict__
a = torch.ones(2, 3); a.foo_
a = torch.ones(2, 3); setattr(a,'foo',3)
a = torch.ones(2, 3); torch.ones(2,requires_grad=True,dtype=torch.int32)
"""
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_misuse(source):
    assert_same(source)


NOT_OFFERED = lines(
    """
    torch.Tensor([1, 2])
    reversed(torch.ones(3))
    """
)


@pytest.mark.parametrize("source", NOT_OFFERED)
def test_what_is_not_offered_says_so(source):
    kind, text, _ = outcome(source, shimtorch)["raised"]
    assert kind == "NotImplementedError"
    assert "does not offer" in text


def test_meta_tensors_are_refused_clearly():
    with pytest.raises(NotImplementedError, match="has no device 'meta'"):
        shimtorch.ones(2, device="meta")


@pytest.mark.parametrize("path", ["foo", "bfloat16", "optim", "nn.Linear", "nn.functional.foo", "autograd.foo"])
def test_a_name_that_does_not_exist(path):
    *modules, name = path.split(".")
    module = shimtorch
    for part in modules:
        module = getattr(module, part)
    with pytest.raises(AttributeError, match=f"module 'torch.*' has no attribute '{name}'"):
        getattr(module, name)
    assert not hasattr(module, name)


RECORDED = {
    "torch.ones(2) + torch.ones(3)": "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    "torch.ones(2).item()": "a Tensor with 2 elements cannot be converted to Scalar",
    "bool(torch.ones(2))": "Boolean value of Tensor with more than one value is ambiguous",
    "torch.ones(2).sum().backward()": "element 0 of tensors does not require grad and does not have a grad_fn",
    "torch.ones(2, requires_grad=True).add_(1)": "a leaf Variable that requires grad is being used in an in-place operation.",
    "(torch.ones(2, requires_grad=True) * 2).backward()": "grad can be implicitly created only for scalar outputs",
}


@pytest.mark.parametrize(("source", "text"), RECORDED.items())
def test_as_recorded(source, text):
    assert outcome(source, shimtorch)["raised"] == ("RuntimeError", text, 1)


def test_a_warning_blames_the_line_of_the_user():
    (warned,) = outcome("x = torch.ones(2, requires_grad=True)\n\n(x * 2).grad", shimtorch)["warned"]
    assert warned[0] == "UserWarning"
    assert warned[2] == 3
