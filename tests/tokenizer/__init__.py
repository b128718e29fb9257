"""Tests of the tokenizer as a library; `reference.py` is the oracle that the engine is compared with.

What HTTP makes of it is tested in `tests/web/tokenizer`.
"""
