"""Tokenizers whose libraries fail: they abort, wait without end, or backtrack."""

import json

from tests.tokenizer.others.trained import byte_level

ABORTING = """
import os, pathlib, time
import tiktoken

known = tiktoken.Encoding.encode_ordinary

def encode_ordinary(self, text):
    if "abort" in text:
        os.abort()
    begun = pathlib.Path(os.environ["BEGUN"])
    if "wait" in text and not begun.exists():
        begun.touch()
        time.sleep(600)
    return known(self, text)

tiktoken.Encoding.encode_ordinary = encode_ordinary
"""
"""Has every interpreter that starts abort within the library, at a text that says so, and wait at another, once."""


def with_pattern(pattern: str) -> bytes:
    """A tokenizer.json that splits texts by a regular expression."""
    content = json.loads(byte_level().to_str())
    content["pre_tokenizer"] = {
        "type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False
    }  # fmt: skip
    return json.dumps(content).encode()
