"""Sizes that the kernels and those who lay out memory for them have to agree on."""

BLOCK = 2048
"""Bytes of a text that are looked at in one go; what is noted of them stays in the processor's nearest cache."""

LANES = 16
"""Parts of a block that are walked through side by side."""

REACH = 256
"""Bytes before a block whose best scores are kept, 1 more than the longest piece has."""

OVERRUN = 1024
"""Bytes after a block that the lanes may look at before the slowest of them is through: two steps for each byte of a
lane, two for each byte that the state had read before, and those of one turn."""

OPEN_BLOCKS = 16
"""Blocks of an automaton's units that are tried for a state's children."""

URGENCIES = 48
"""Orders of magnitude, powers of 2, of how often a state is visited."""
