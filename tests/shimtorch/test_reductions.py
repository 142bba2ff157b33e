"""Reductions, scans and orders beside PyTorch where random calls of small tensors do not reach.

Sums, products, norms and spreads of lengths at which torch's kernels change their way; the order of equal elements in
``sort`` and ``topk``; and gradients of products in which zeros are.
"""

# ruff: noqa: E501 (a source is one line, however long)

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the reference, is not installed")

import shimtorch  # noqa: E402
from shimtorch.ops import _selection, _summation  # noqa: E402
from tests.shimtorch.sidebyside import assert_same, lines  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Sums are split among threads, and then are not the same from machine to machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def numbers(shape, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    return (values + 1j * rng.standard_normal(shape) if dtype == "complex64" else values).astype(dtype)


def both(name, array, *args, **options):
    """What the two methods called ``name`` make of one array, as arrays."""
    pair = []
    for module in (shimtorch, torch):
        result = getattr(module.from_numpy(array), name)(*args, **options)
        pair.append([part.numpy() for part in (result if isinstance(result, tuple) else (result,))])
    return pair


def assert_identical(name, array, *args, **options):
    ours, theirs = both(name, array, *args, **options)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)


# --- sums to the bit ----------------------------------------------------------------------------------------------

LENGTHS = [1, 2, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 511, 513, 2047, 20000]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sum", "mean", "std", "var"])
@pytest.mark.parametrize("count", LENGTHS)
@pytest.mark.filterwarnings("ignore:(std|var).*degrees of freedom")
def test_of_all_is_identical(name, dtype, count):
    for seed in range(5):
        assert_identical(name, numbers(count, dtype, seed))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(3, 5), (5, 7), (7, 40), (40, 7), (9, 100), (300, 33), (2, 300, 3), (5, 6, 40)])
def test_sum_over_dims_is_identical(shape, dtype):
    array = numbers(shape, dtype)
    for dims in [d for k in (1, 2) for d in itertools.combinations(range(len(shape)), k)]:
        if len(dims) == 1 or dims[1] - dims[0] == 1:
            assert_identical("sum", array, dims)


def assert_identical_sums():
    for seed in range(20):
        assert_identical("sum", numbers((7, 40), "float32", seed), 1)


def test_a_sum_in_another_order_is_noticed(monkeypatch):
    monkeypatch.setattr(_summation, "along", lambda rows, lanes: np.add.reduce(rows[:, ::-1], 1))
    with pytest.raises(AssertionError):
        assert_identical_sums()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("count", [3, 15, 31, 33, 64, 70, 130])
def test_running_sums_and_products_are_identical(count, dtype):
    assert_identical("cumsum", numbers((count, 3), dtype), 0)
    assert_identical("prod", numbers(count, dtype))
    assert_identical("norm", numbers(count, "float32"))


# --- the order of equal elements ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int64", "float32", "uint8", "bool"])
@pytest.mark.parametrize("count", [3, 16, 17, 40, 300, 1500])
def test_order_of_equal_elements(count, dtype):
    rng = np.random.default_rng(count)
    for most, descending in itertools.product([2, 5, count], [False, True]):
        array = (rng.integers(0, most, count) % 100).astype(dtype)
        assert_identical("sort", array, descending=descending)
        assert_identical("sort", array, stable=True, descending=descending)
        assert_identical("argsort", array, descending=descending)
        for k in sorted({1, 2, max(1, count // 64), count // 2, count} if dtype != "bool" else ()):
            assert_identical("topk", array, k, largest=descending)
            assert_identical("topk", array, k, largest=descending, sorted=False)


def test_order_of_organ_pipes_and_of_nan():
    assert_identical("sort", np.concatenate([np.arange(500), np.arange(500)[::-1]]).repeat(3))
    array = numbers(60)
    array[::3] = np.nan
    for descending in (False, True):
        assert_identical("sort", array, descending=descending)
        assert_identical("topk", array, 30, largest=descending)


class Undecided:
    """A number that is decided when it is compared, so that a pivot turns out to be among the lowest (M. D. McIlroy)."""

    decided, candidate = 0, None

    def __init__(self):
        self.value = None

    def __lt__(self, other):
        if self.value is None and other.value is None:
            (self if self is Undecided.candidate else other).decide()
        if self.value is None:
            Undecided.candidate = self
        elif other.value is None:
            Undecided.candidate = other
        return other.value is None or (self.value is not None and self.value < other.value)

    def __le__(self, other):
        return not other < self

    def decide(self):
        self.value, Undecided.decided = Undecided.decided, Undecided.decided + 1


def killer(count):
    """Numbers that partitions hardly get smaller by, so that introsort and introselect give up and make a heap."""
    Undecided.decided, elements = 0, [Undecided() for _ in range(count)]
    _selection.Row(list(elements)).sort(0, count)
    values = [count if element.value is None else element.value for element in elements]
    return np.array([min(value, count - 3) for value in values])


@pytest.mark.parametrize("count", [40, 100, 333])
def test_order_where_partitions_fail(count, monkeypatch):
    heaps, honest = [], _selection.Row.select_by_heap
    monkeypatch.setattr(_selection.Row, "select_by_heap", lambda row, *at: (heaps.append(at), honest(row, *at)))
    array = killer(count)
    assert_identical("sort", array)
    assert any(first for first, *_ in heaps)
    for k in (count // 2, count // 3):
        assert_identical("topk", array, k, largest=False)
        assert_identical("topk", -array, k)


def test_another_order_of_equal_elements_is_noticed(monkeypatch):
    monkeypatch.setattr(_selection.Row, "sort", _selection.Row.insert)
    with pytest.raises(AssertionError):
        assert_identical("sort", np.arange(100) % 3)


# --- gradients, texts, errors -------------------------------------------------------------------------------------

SOURCES = lines(
    """
x = torch.tensor([2., 3., 4.], requires_grad=True); y = x.prod(); y.backward(); x.grad
x = torch.tensor([2., 0., 4.], requires_grad=True); y = x.prod(); y.backward(); x.grad
x = torch.tensor([0., 0., 4.], requires_grad=True); y = x.prod(); y.backward(); x.grad
x = torch.tensor([[2., 0., 4.], [1., 2., 3.], [0., 0., 1.]], requires_grad=True); y = x.prod(1).sum(); y.backward(); x.grad
x = torch.tensor([2., 0., 4.], requires_grad=True); g, = torch.autograd.grad(x.prod(), x, create_graph=True); g.sum().backward(); x.grad
x = torch.tensor([[1., 3., 3.], [2., 2., 2.]], requires_grad=True); x.amax(1).sum().backward(); x.grad
x = torch.tensor([[1., 3., 3.], [2., 2., 2.]], requires_grad=True); x.amin().backward(); x.grad
x = torch.tensor([[1., 3.], [2., 2.]], requires_grad=True); x.std().backward(); x.grad
x = torch.tensor([[1., 3.], [2., 2.]], requires_grad=True); x.var(1, correction=0).sum().backward(); x.grad
x = torch.tensor([1., 3.], requires_grad=True); x.var(correction=2).backward(); x.grad
x = torch.tensor([3., 4.], requires_grad=True); x.norm().backward(); x.grad
x = torch.tensor([3., -4., 0.], requires_grad=True); torch.norm(x, 1).backward(); x.grad
x = torch.tensor([3., -4., 4.], requires_grad=True); torch.norm(x, float('inf')).backward(); x.grad
x = torch.zeros(3, requires_grad=True); torch.norm(x).backward(); x.grad
x = torch.tensor([3., -4., 0.], requires_grad=True); torch.norm(x, 0.5).backward(); x.grad
torch.norm(torch.tensor([1., 2.5], dtype=torch.float64), 1 / 3)
x = torch.tensor([3., 1., 2.], requires_grad=True); s = x.sort(); s.values[0].backward(); x.grad
x = torch.tensor([3., 1., 2.], requires_grad=True); v, i = x.topk(2); v.sum().backward(); x.grad
x = torch.tensor([3., 1., 2.], requires_grad=True); x.cumsum(0).sum().backward(); x.grad
print(torch.tensor([3., 1., 2.]).sort()); print(torch.tensor([3., 1., 2.]).topk(2, largest=False))
torch.tensor(1.).var()
torch.ones(2, 1).std(1)
torch.tensor([1, 2]).std()
torch.tensor([1, 2]).norm()
torch.ones(2).norm('nuc')
torch.ones(2, 2).norm('foo')
torch.ones(0).norm(float('inf'))
torch.ones(2).norm(2, 3)
torch.ones(2).norm(p=[1])
torch.ones(2).norm(2, 'a')
torch.ones(2).norm(2, 0, 1)
torch.ones(2).norm(2, foo=1)
torch.norm()
torch.norm(3)
torch.norm(torch.ones(2), dtype=torch.int64)
torch.ones(2, 3).argmax(2)
torch.ones(2, 3).argmax((0, 1))
torch.tensor([True]).argmax()
torch.ones(0).amax()
torch.ones(0, 3).amax(0)
torch.ones(2).topk(3)
torch.ones(2).topk()
torch.tensor([1j]).sort()
torch.ones(2).cumsum()
x = torch.ones(3, requires_grad=True); x.cumsum_(0)
x = torch.ones(3, dtype=torch.int32); x.cumsum_(0); x
torch.tensor([0, 2], dtype=torch.uint8).any()
torch.tensor([[0, 2], [1, 1]]).all(()), torch.tensor([[0, 2], [1, 1]]).all(1, True)
torch.ones(2, 3).prod((0, 1))
torch.tensor([2, 3], dtype=torch.int8).prod()
"""
)


@pytest.mark.parametrize("source", SOURCES)
def test_side_by_side(source):
    assert_same(source)
