"""Running a document: one fresh process per document, implementation and seed.

``session`` runs a whole document, ``process`` looks after one child, ``child`` is what runs inside it.
``protocol`` is all that the two sides share.
"""
