"""Finding papers by meaning: texts become vectors, and the nearest vectors are found.

Vectors are derived from the store, as the search index is, and can be computed again at any time. Joining these
results with those of a search by words belongs in `app/papers/search`.
"""
