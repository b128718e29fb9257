"""Tests of the routes that ask a paper and take readers' files.

How an answer comes about is tested in `tests/asking`.
"""
