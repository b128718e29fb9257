"""Tests of the tokenizer's API and of the dialects, also with the clients of other servers.

The tokenizers themselves are tested in `tests/tokenizer`.
"""
