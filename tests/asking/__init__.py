"""Tests of `app/asking` against a chat server on loopback, which this folder has too.

Its routes are tested in `tests/web/asking`.
"""
