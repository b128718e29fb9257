"""Asking a paper over HTTP: questions, answers as streams of events, and readers' own files.

What is not HTTP belongs in `app/asking`.
"""
