"""The search index, derived from the store: what it holds, how it is written and how it is searched.

It can be deleted and rebuilt at any time; facts belong in `app/papers/store`.
"""
