"""Faults planted in a copy of the look-alike, one at a time, each of which some suite has to object to.

``faults`` says what can be got wrong and where, ``planting`` makes the copy, ``judging`` lets the suites look at it,
``campaign`` does so for many faults. ``equivalent.toml`` lists those that change nothing anybody could see.
"""
