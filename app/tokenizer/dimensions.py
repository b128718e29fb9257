"""Sizes that the kernels and those who lay out memory for them have to agree on."""

BLOCK = 512
"""Searches that go down the trie together."""

WIDTH = 12
"""Longest piece, in bytes, that has a column in the rows of scores; `relax` in kernels.py is unrolled for it."""

OPEN_BLOCKS = 16
"""Blocks of a trie's units that are tried for a node's children."""

URGENCIES = 48
"""Orders of magnitude, powers of 2, of how often a node of a trie is visited."""
