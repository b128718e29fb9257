"""Papers over HTTP: pages, the API, feeds and citations.

What is not HTTP belongs in `app/papers`.
"""
