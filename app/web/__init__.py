"""The only place that knows HTTP: here are pages that belong to no folder below, templates, errors and operations.

What could be computed without a request belongs in `app/tokenizer`, `app/papers` or `app/asking`.
"""
