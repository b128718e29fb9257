"""Asking a model about a paper: questions and prompts, the chat protocol, quotes. Knows no HTTP of our own."""
