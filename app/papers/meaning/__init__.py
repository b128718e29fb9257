"""Papers by what they mean: texts become vectors, and the nearest vectors are found.

Vectors are derived from the store, as the search index is, and can be made again at any time. How what they find is
joined with what words find is for `app/papers/search`.
"""
