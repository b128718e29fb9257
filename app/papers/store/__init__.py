"""The store of papers and answers, which is the truth: its tables, its one writer and its many readers.

What can be derived from it, as the search index is, does not belong here.
"""
