"""Tests of reading a paper's full text from pages, PDFs and TeX, with such files.

What is asked about the text is tested in `tests/asking`.
"""
