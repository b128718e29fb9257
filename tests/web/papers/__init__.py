"""Tests of the pages, the API, feeds and citations of papers, as HTTP answers them.

What scripts do with the pages is tested in `tests/browser/reader`.
"""
