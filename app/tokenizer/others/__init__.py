"""Tokenizers of kinds other than BytePiece, behind the same methods, each run by the library it was made for.

Finding, loading and isolating them belongs here, and so do chat templates; nothing about BytePiece itself does.
"""
