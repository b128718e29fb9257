"""Vocabularies for tests: small ones by hand, and any that hypothesis can think of."""

from hypothesis import strategies as st

from app.tokenizer.model import Model

SINGLE_BYTES = {bytes([byte]): 1 for byte in range(256)}

LETTERS = "aab的é👩\n"
"""Few characters, of 1 to 4 bytes, so that pieces meet texts."""


def vocabulary(pieces: dict[str | bytes, int]) -> Model:
    """A model of the given pieces and every single byte."""
    counts = {piece.encode() if isinstance(piece, str) else piece: count for piece, count in pieces.items()}
    return Model.from_counts("by hand", SINGLE_BYTES | counts)


def _within_a_line(piece: bytes) -> bool:
    return piece != b"" and b"\n" not in piece.rstrip(b"\n")


texts = st.one_of(st.text(LETTERS, max_size=400), st.text(max_size=200))

some_pieces = st.one_of(
    st.text(LETTERS, max_size=14).map(str.encode),
    st.text("ab", min_size=12, max_size=60).map(str.encode),
    st.tuples(st.text(LETTERS, max_size=6), st.integers(0, 8), st.integers(0, 20)).map(
        lambda cut: cut[0].encode()[cut[1] : cut[2]]
    ),
).filter(_within_a_line)

models = st.dictionaries(some_pieces, st.sampled_from((1, 1, 2, 5, 1000)), max_size=60).map(
    lambda counts: Model.from_counts("any", SINGLE_BYTES | counts)
)
