"""Grad modes as contexts and decorators, for functions, generators and threads, compared with PyTorch.

To add a case, add a block to ``SOURCES``; what it must agree in is in ``sidebyside``.
"""

import pytest

from tests.shimtorch.sidebyside import assert_same, blocks, needs_torch

SOURCES = blocks(
    r'''
@torch.no_grad()
def f(x):
    """doc"""
    return x * 2, torch.is_grad_enabled()
r = f(torch.ones(2, requires_grad=True))
n = f.__name__, f.__doc__, torch.is_grad_enabled()

@torch.no_grad
def f(x):
    return x * 2, torch.is_grad_enabled()
r = f(torch.ones(2, requires_grad=True))

@torch.enable_grad()
def f(x):
    return x * 2
with torch.no_grad():
    r = f(torch.ones(2, requires_grad=True))
    s = torch.is_grad_enabled()

@torch.set_grad_enabled(False)
def f(x):
    return x * 2
r = f(torch.ones(2, requires_grad=True))
s = torch.is_grad_enabled()

@torch.no_grad()
def g():
    for i in range(3):
        x = yield torch.is_grad_enabled(), i
r = []
for v in g():
    r.append((v, torch.is_grad_enabled()))

@torch.no_grad()
def g():
    try:
        x = yield 1
        y = yield x, torch.is_grad_enabled()
        return 7
    finally:
        print('closed', torch.is_grad_enabled())
it = g()
a = next(it)
b = it.send(5)
try:
    it.send(None)
except StopIteration as s:
    v = s.value

@torch.no_grad()
def g():
    try:
        yield 1
    except KeyError:
        print(torch.is_grad_enabled())
        yield 2
it = g()
a = next(it)
b = it.throw(KeyError())
it.close()
s = torch.is_grad_enabled()

@torch.no_grad()
class A:
    def __init__(self):
        self.v = torch.is_grad_enabled()
r = A().v

try:
    with torch.no_grad():
        raise KeyError
except KeyError:
    pass
s = torch.is_grad_enabled()

with torch.no_grad():
    with torch.enable_grad():
        a = torch.is_grad_enabled()
        with torch.set_grad_enabled(False):
            b = torch.is_grad_enabled()
        c = torch.is_grad_enabled()
    d = torch.is_grad_enabled()
e = torch.is_grad_enabled()

n = torch.no_grad()
with n:
    with n:
        a = torch.is_grad_enabled()
    b = torch.is_grad_enabled()
c = torch.is_grad_enabled()

import threading
r = []
with torch.no_grad():
    t = threading.Thread(target=lambda: r.append(torch.is_grad_enabled()))
    t.start()
    t.join()
del t

with torch.no_grad():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = torch.zeros(2).requires_grad_()
    y.requires_grad_()
w = (y * 2).sum()
w.backward()

x = torch.ones(2, requires_grad=True)
y = x * 2
with torch.no_grad():
    y.sum().backward()

x = torch.ones(2, requires_grad=True)
y = (x * 2).sum()
with torch.no_grad():
    y.backward()
g = x.grad

x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    x[0] = 5.
    x.add_(1)
    x.zero_()
    x += 2

class C:
    @torch.no_grad()
    def step(self, x):
        x -= 0.1 * x.grad
        return torch.is_grad_enabled()
x = torch.ones(2, requires_grad=True)
(x * x).sum().backward()
r = C().step(x)

def f():
    x = torch.ones(2, requires_grad=True)
    (x * 2).backward()
f()

import warnings
x = torch.ones(2, requires_grad=True)
warnings.simplefilter("error")
(x * 2).grad

x = torch.ones(2, requires_grad=True)
def get(t):
    return t.grad
get(x * 2)

def g():
    yield torch.is_grad_enabled()
with torch.no_grad():
    it = g()
r = list(it)
'''
)


@needs_torch
@pytest.mark.parametrize("source", SOURCES)
def test_mode(source):
    assert_same(source)
