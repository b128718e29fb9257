"""Training a vocabulary: from texts through counts of n-grams to a model file.

Using a vocabulary belongs one folder up, and needs nothing from here.
"""
