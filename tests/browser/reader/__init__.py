"""Tests of the pages of papers in a browser: lists, finding, citing, stars, questions, shortcuts.

Their pure functions are tested in `tests/js/reader`, what the server writes in `tests/web/papers`.
"""
