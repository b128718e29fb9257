"""Tiny tokenizers of each kind, trained by their own libraries."""

import base64
import io
import os
from pathlib import Path
from typing import Any

import orjson
from sentencepiece import SentencePieceTrainer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = ["Hello world, the cat sat on the mat.", "你好，世界。 café naïve 🦊", "don't stop 123 4567\n\n"] * 20


def byte_level() -> Any:
    """Byte-level BPE with NFC, as Qwen's."""
    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=330,
            special_tokens=["<|start|>", "<|end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.enable_truncation(4)
    return tokenizer


def word_piece() -> Any:
    """BERT's kind: lower case, without accents, `[CLS]` and `[SEP]` around a text."""
    tokenizer: Any = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.WordPieceTrainer(
            vocab_size=120, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


def sentence_piece(kind: str = "unigram", rule: str = "nmt_nfkc") -> bytes:
    """A SentencePiece model with byte fallback."""
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_writer=model,
        vocab_size=330,
        byte_fallback=True,
        model_type=kind,
        normalization_rule_name=rule,
        remove_extra_whitespaces=rule != "identity",
        hard_vocab_limit=kind == "bpe",
        minloglevel=3,
    )
    return model.getvalue()


def rank_list() -> bytes:
    """A rank list of all bytes and a few pairs."""
    tokens = [bytes([byte]) for byte in range(256)] + [
        b"he",
        b"ll",
        b"hell",
        "你".encode()[:2],
        "你".encode(),
    ]
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


CARD = {"pattern": r"\s?\p{L}+|\s+|[^\s\p{L}]+", "special_tokens": {"<|end|>": 261}}


def write_all(folder: Path) -> list[str]:
    """One of each kind in a models folder; gives their names."""
    os.makedirs(folder / "org" / "chatty", exist_ok=True)  # noqa: PTH103
    byte_level().save(str(folder / "org" / "chatty" / "tokenizer.json"))
    (folder / "org" / "chatty" / "tokenizer_config.json").write_bytes(
        orjson.dumps({"eos_token": "<|end|>", "chat_template": TEMPLATE})
    )
    word_piece().save(str(folder / "bert.json"))
    (folder / "unigram.model").write_bytes(sentence_piece())
    (folder / "llama.model").write_bytes(sentence_piece("bpe", "identity"))
    (folder / "ranks.tiktoken").write_bytes(rank_list())
    (folder / "ranks.card.json").write_bytes(orjson.dumps(CARD))
    return ["bert", "llama", "org/chatty", "ranks", "unigram"]


TEMPLATE = (
    "{%- for message in messages %}<|start|>{{ message.role }}\n{{ message.content }}{{ eos_token }}\n{% endfor %}"
    "{%- if tools %}{{ tools | tojson }}{% endif %}"
    "{%- if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
