"""Linear algebra beyond products: one file per family, what all of them stand on in ``elimination`` and ``lapack``."""
