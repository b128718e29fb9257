"""The published encodings by the sha256 of their ranks: the pattern that splits texts and the special tokens.

Source: `tiktoken_ext/openai_public.py` of tiktoken 0.14, whose functions would fetch the ranks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """What a list of ranks doesn't say."""

    pattern: str
    special_tokens: Mapping[str, int]


_R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_O200K = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)

_HARMONY = {
    "<|startoftext|>": 199998, "<|endoftext|>": 199999, "<|endofprompt|>": 200018, "<|return|>": 200002,
    "<|constrain|>": 200003, "<|channel|>": 200005, "<|start|>": 200006, "<|end|>": 200007,
    "<|message|>": 200008, "<|call|>": 200012,
}  # fmt: skip
_RESERVED = (200000, 200001, 200004, 200009, 200010, 200011, *range(200013, 201088))

PUBLISHED: Mapping[str, Mapping[str, Published]] = {
    "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": {
        "r50k_base": Published(_R50K, {"<|endoftext|>": 50256})
    },
    "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": {
        "p50k_base": Published(_R50K, {"<|endoftext|>": 50256}),
        "p50k_edit": Published(
            _R50K,
            {
                "<|endoftext|>": 50256,
                "<|fim_prefix|>": 50281,
                "<|fim_middle|>": 50282,
                "<|fim_suffix|>": 50283,
            },
        ),
    },
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": {
        "cl100k_base": Published(
            _CL100K,
            {
                "<|endoftext|>": 100257,
                "<|fim_prefix|>": 100258,
                "<|fim_middle|>": 100259,
                "<|fim_suffix|>": 100260,
                "<|endofprompt|>": 100276,
            },
        )
    },
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": {
        "o200k_base": Published(_O200K, {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}),
        "o200k_harmony": Published(
            _O200K, _HARMONY | {f"<|reserved_{number}|>": number for number in (*_RESERVED, 200018)}
        ),
    },
}
"""By checksum, then by name: several encodings share their ranks; the first one is meant where the name is another."""
