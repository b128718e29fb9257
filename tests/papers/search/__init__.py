"""Tests of the index and of searches in it.

The language of queries is tested in `tests/papers/test_query.py`.
"""
