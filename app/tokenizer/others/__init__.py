"""Tokenizers of other kinds than BytePiece behind the same methods, each run by the library it was made for."""
