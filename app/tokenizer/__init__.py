"""BytePiece, a byte-level unigram tokenizer: a library in its own right. Knows no web, no papers, no settings."""
