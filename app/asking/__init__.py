"""Asking a model about a paper: questions and prompts, the chat protocol, checked quotes, and answers being written.

The routes that readers use belong in `app/web/asking`, reading a paper's text in `app/papers/fulltext`.
"""
