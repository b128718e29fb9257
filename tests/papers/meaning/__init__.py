"""Tests of vectors: a server of embeddings on loopback, sets on the disk, and finding in them.

How their hits join those of words is tested in `tests/papers/search`.
"""
