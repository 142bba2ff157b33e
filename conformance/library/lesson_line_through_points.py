# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A line through points
#
# In this lesson a straight line is fitted to points that were made up from a line, so that we know
# what has to come out. Run it cell by cell.

# %% The points
import torch

x = torch.arange(6, dtype=torch.float32)
y = 3 * x - 1
print(x)
print(y)
# tensor([0., 1., 2., 3., 4., 5.])
# tensor([-1.,  2.,  5.,  8., 11., 14.])

# %% [markdown]
# ## Where to begin
#
# Slope and intercept begin at random. With the seed below everybody begins at the same place.

# %% A random start
# conformance: seed 7
w = torch.randn(2, requires_grad=True)
w.shape
# torch.Size([2])

# %%
def line(x):
    return w[0] * x + w[1]


def loss():
    return ((line(x) - y) ** 2).mean()


loss().requires_grad
# True

# %% [markdown]
# ## Going downhill
#
# The loss is a bowl, and each step goes against its slope. `torch.no_grad()` keeps the steps out of
# the graph.

# %% The descent
losses = []
for step in range(400):
    current = loss()
    current.backward()
    with torch.no_grad():
        w -= 0.05 * w.grad
        w.grad.zero_()
    losses.append(current.item())

print(losses[0] > losses[10] > losses[100] > losses[-1])
print(f"slope {w[0].item():.2f}, intercept {w[1].item():.2f}")
# Output:
# True
# slope 3.00, intercept -1.00

# %% [markdown]
# ## What happens without `no_grad`
#
# A leaf that requires a gradient must not be changed in place where the graph is recorded. The cell
# is tagged, since its error belongs to the lesson.

# %% A mistake tags=["raises-exception"]
w -= 0.05

# %% And another one
# conformance: raises RuntimeError: grad can be implicitly created only for scalar outputs
line(x).backward()

# %% [markdown]
# The parameters are as they were: an operation that fails changes nothing.

# %%
print([round(value, 2) for value in w.tolist()])
# [3.0, -1.0]

# %% Later, on a large machine tags=["skip-execution"]
x = torch.linspace(0, 1, 10_000_000)
