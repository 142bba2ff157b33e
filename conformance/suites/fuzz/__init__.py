"""Random programs, run by a look-alike and by PyTorch, and compared after every statement.

``programs`` draws them, ``execution`` runs one on both sides, ``observing`` says what can be seen of a side,
``campaign`` runs many, shrinks what differs and writes it down.
"""
