"""Tests of tokenizers of other kinds, and of chat templates, against the libraries that they were made for.

Their calls over HTTP are tested in `tests/web/tokenizer`.
"""
