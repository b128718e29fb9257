"""Tests of the element on a page: typesetting, streams, translation, printing, security.

Its pure functions are tested in `tests/math-text`.
"""
