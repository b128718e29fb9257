"""Opaque cursors: where a list goes on, bound to the list that gave them.

A cursor is a text that anyone can keep in a URL. It holds no secret; its checksum detects a cursor that was cut,
changed or taken from another list, so that no reader pages through the wrong list unawares.
"""

import base64
import binascii
import hashlib
import struct

from app.errors import InputError, Sentence

_CHECK_BYTES = 6


def write_cursor(values: tuple[int, ...], belongs_to: str) -> str:
    """A cursor that holds whole numbers (64 bits, signed) for the list that `belongs_to` describes."""
    packed = struct.pack(f">{len(values)}q", *values)
    return base64.urlsafe_b64encode(_check(packed, belongs_to) + packed).decode().rstrip("=")


def read_cursor(cursor: str, count: int, belongs_to: str, pointer: str = "?cursor") -> tuple[int, ...]:
    """The `count` numbers of a cursor. Raises InputError unless the list of that description gave it."""
    size = _CHECK_BYTES + 8 * count
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raw = b""
    packed = raw[_CHECK_BYTES:]
    written = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    if len(raw) != size or written != cursor or raw[:_CHECK_BYTES] != _check(packed, belongs_to):
        raise InputError(
            Sentence("the cursor is not one that this list gave; start again without it"), pointer
        )
    return struct.unpack(f">{count}q", packed)


def _check(packed: bytes, belongs_to: str) -> bytes:
    described = belongs_to.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(packed + described, digest_size=_CHECK_BYTES).digest()
