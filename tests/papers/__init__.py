"""Tests of `app/papers`: records, names, citations, queries, imports, backups.

What HTTP makes of them is tested in `tests/web/papers`.
"""
