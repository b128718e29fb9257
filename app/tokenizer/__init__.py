"""BytePiece, a byte-level unigram tokenizer: a library in its own right. Knows no web, no papers, no settings."""

from app.tokenizer.model import Model
from app.tokenizer.tokenizer import Tokenizer

__all__ = ["Model", "Tokenizer"]
