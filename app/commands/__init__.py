"""The commands under `quire`, a module for each noun: they read options, call the libraries and print.

What a command computes belongs in `app/tokenizer`, `app/papers` or `app/asking`.
"""
