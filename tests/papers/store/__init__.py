"""Tests of the store on both engines: reading, writing, locks, failing over.

What is derived from it is tested in `tests/papers/search` and `tests/papers/meaning`.
"""
