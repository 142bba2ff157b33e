"""Runs documents through a PyTorch look-alike and through PyTorch, and reports every difference."""
