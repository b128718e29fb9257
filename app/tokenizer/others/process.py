"""The process of one tokenizer of another kind: reads its file, tries it, and answers until its last client is gone.

`isolated.py` starts it and defines its protocol. Standard input is a socket that passes further sockets, one for each
call that is made at the same time.
"""

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from app.errors import FileError, QuireError
from app.memory import give_back, keep_together, resident
from app.tokenizer.others.base import OtherTokenizer
from app.tokenizer.others.isolated import TRY_SECONDS, receive, send
from app.tokenizer.others.loading import kind_of, load_here, read_bounded, vocabulary_of
from app.tokenizer.tokenizer import Tokenizer

TRY_BYTES = 4 << 30
"""Bound of this process's memory while it reads its file and tries it."""

LARGE = 1 << 18
"""Bytes of a request after which free memory is given back to the system."""

_LONG = tuple(text * 1500 for text in ("a", "1", " ", "A1", ".", "好", "\n", "a "))
"""Texts on which a splitting pattern that backtracks without end is found out, within the bounds of this process."""


def main(path: Path, max_bytes: int, name: str | None) -> None:
    """Read the file, say what it is or why it can't be used, and answer."""
    # Meant for the server, which still has calls.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep_together()
    control = socket.socket(fileno=os.dup(0))
    os.set_blocking(2, False)  # nobody reads it before the end
    signal.alarm(2 * TRY_SECONDS)  # where the parent is gone
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (TRY_BYTES, before[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        tokenizer = _tried(path, max_bytes, name)
        give_back()
        said = json.dumps(_described(tokenizer)).encode() if tokenizer else b'{"kind": "bytepiece"}'
    except FileError as error:
        send(control, b"-", str(error).encode(errors="replace"))
        return
    except MemoryError:
        send(control, b"-", f"{path}: reading it takes more than {TRY_BYTES:,} bytes of memory".encode())
        return
    resource.setrlimit(resource.RLIMIT_AS, before)
    signal.alarm(0)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    with suppress(OSError):
        send(control, b"+", said)
        while tokenizer and (files := socket.recv_fds(control, 1, 1)[1]):
            connection = socket.socket(fileno=files[0])
            Thread(target=_answer, args=(tokenizer, connection), daemon=True).start()
    os._exit(0)  # without waiting for a call whose caller is gone


def _tried(path: Path, max_bytes: int, name: str | None) -> OtherTokenizer | None:
    """The tokenizer; None where the file is BytePiece's after all, which needs no process."""
    vocabulary = vocabulary_of(path)
    data = read_bounded(vocabulary, max_bytes)
    kind = kind_of(data, vocabulary)
    if kind == "bytepiece":
        Tokenizer.load(vocabulary, max_bytes=max_bytes)
        return None
    tokenizer = load_here(path, data, kind, name)
    tokenizer.spans("A first text. 你好 🦊")
    for text in _LONG:
        tokenizer.count(text)
    return tokenizer


def _described(tokenizer: OtherTokenizer) -> dict[str, Any]:
    before, after = tokenizer.own_special
    return {
        "name": tokenizer.name,
        "kind": tokenizer.kind,
        "sha256": tokenizer.sha256,
        "card": asdict(tokenizer.card),
        "chat_template": tokenizer.chat_template,
        "named_specials": tokenizer.named_specials,
        "special_tokens": dict(tokenizer.special_tokens),
        "before": before,
        "after": after,
        "vocab_size": tokenizer.vocab_size,
        "memory": resident(os.getpid()) or _most_resident(),
        "context_length": tokenizer.context_length,
    }


def _most_resident() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _answer(tokenizer: OtherTokenizer, connection: socket.socket) -> None:
    """Answer the calls of one connection until it is closed."""
    with connection, suppress(EOFError, OSError):
        while True:
            letter, content = receive(connection)
            try:
                how, answer = b"+", _CALLS[letter](tokenizer, content)
            except QuireError as error:
                how, answer = b"-", str(error).encode(errors="replace")
            except Exception as error:  # noqa: BLE001 - whatever a library raises
                said = f"{tokenizer.name}: the library that runs it broke down: {error!r}"
                how, answer = b"-", said[:500].encode(errors="replace")
            send(connection, how, answer)
            if len(content) >= LARGE:
                del content, answer
                give_back()


def _table(tokenizer: OtherTokenizer, _: bytearray) -> bytes:
    """The length of each id's bytes, int32, -1 where there is no such id; then all bytes."""
    lengths = [-1 if piece is None else len(piece) for piece in tokenizer.pieces]
    return np.array(lengths, np.int32).tobytes() + b"".join(filter(None, tokenizer.pieces))


def _places(tokenizer: OtherTokenizer, content: bytearray) -> bytes:
    ids, places = tokenizer._offsets(content.decode())
    return np.column_stack((np.asarray(ids, np.int64), places)).tobytes()


_CALLS: Mapping[bytes, Callable[[OtherTokenizer, bytearray], bytes]] = {
    b"c": lambda tokenizer, content: tokenizer.count(content.decode()).to_bytes(8, "little"),
    b"e": lambda tokenizer, content: tokenizer.encode_array(content.decode()).tobytes(),
    b"p": lambda tokenizer, content: np.array(tokenizer.encode_plain(content.decode()), np.int32).tobytes(),
    b"o": _places,
    b"d": lambda tokenizer, content: tokenizer.bytes_of(
        np.frombuffer(content, np.int32).tolist(), special=True
    ),
    b"t": _table,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
