"""A tokenizer of another kind in a child process, as a server needs it.

Its library may hold the interpreter's lock for seconds while it loads, and may abort the process that runs it. In a
child process the first delays no other request, and the second fails only for the text that caused it: other calls
under way are made again.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Lock, Thread
from types import EllipsisType
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelError, Overloaded
from app.memory import resident
from app.tokenizer.model import Card
from app.tokenizer.others.base import OtherTokenizer
from app.tokenizer.text import to_utf8

TRY_SECONDS = 60
"""Time in which a process has to have read its file and tried it."""

PROCESS_BYTES = 45_000_000
"""Memory of a process with a vocabulary of a few pieces, about: `resident_bytes` of the tests' own ones."""

_PIECE_BYTES = 64
"""Memory of a piece in the table of pieces, about."""

_MOST_IDLE = 16
"""Unused connections to a process that are kept open, at most, each with its thread there.

Enough that a burst makes no new ones: the regular expressions of Rust's regex crate give a thread one of eight caches
by its number, and two threads whose numbers are eight apart make new ones all the time, which doubles a text's time.
"""

_HEAD = struct.Struct("<cQ")


def send(connection: socket.socket, letter: bytes, content: bytes) -> None:
    """A message: a letter that says what it is, and its content."""
    connection.sendall(_HEAD.pack(letter, len(content)) + content)


def receive(connection: socket.socket) -> tuple[bytes, bytearray]:
    """The next message. EOFError where the other side is gone."""
    letter, size = _HEAD.unpack(_exactly(connection, _HEAD.size))
    return letter, _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytearray:
    found = bytearray(size)
    left = memoryview(found)
    while left:
        received = connection.recv_into(left)
        if not received:
            raise EOFError
        left = left[received:]
    return found


class _Ended(Exception):
    """The process ended before it answered."""


class Process:
    """A process that has read a file, and its description. ModelError where it refuses, aborts or takes too long.

    Thread-safe; workers that are forked after it was started share it.
    """

    def __init__(self, path: Path, max_bytes: int, name: str | None = None) -> None:
        self.place = (path, max_bytes, name)
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-m", "app.tokenizer.others.process", str(path.absolute()), str(max_bytes)]
        with theirs:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - this package, with a path and a name as arguments
                [*command, *([name] if name else [])],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=Path(__file__).parents[3],
            )
        self._process = process
        self._owner = self._user = os.getpid()
        self._idle: list[socket.socket] = []
        self.close = finalize(self, _end, self._control, self._idle, process, self._owner)
        try:
            self.description = self._describe(path)
        except BaseException:
            self.close()
            raise
        finally:
            if process.stderr is not None:
                process.stderr.close()

    def _describe(self, path: Path) -> dict[str, Any]:
        self._control.settimeout(TRY_SECONDS)
        try:
            letter, content = receive(self._control)
        except TimeoutError as error:
            raise ModelError(f"{path}: reading it takes more than {TRY_SECONDS} seconds") from error
        except (EOFError, OSError) as error:
            last = self._process.communicate()[1].decode(errors="replace").strip().splitlines()
            raise ModelError(
                f"{path}: the library that reads it broke down{self.fate()}: {(last or [''])[-1][:300]}"
            ) from error
        self._control.settimeout(None)
        if letter != b"+":
            said = " ".join(content.decode(errors="replace").split())
            raise ModelError(said.replace(str(path.absolute()), str(path)))
        description: dict[str, Any] = json.loads(content)
        return description

    def call(self, letter: bytes, content: bytes = b"") -> bytearray:
        """The answer to a request. ModelError where it refuses, _Ended where it ends meanwhile."""
        if self._user != os.getpid():  # a forked worker: the connections so far belong to its parent
            _close_all(self._idle)
            self._user = os.getpid()
        connection = None
        try:
            connection = self._connection()
            send(connection, letter, content)
            how, answer = receive(connection)
        except (EOFError, OSError) as error:
            if connection is not None:
                connection.close()
            raise _Ended from error
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        if how != b"+":
            raise ModelError(answer.decode(errors="replace"))
        return answer

    def _connection(self) -> socket.socket:
        with suppress(IndexError):
            return self._idle.pop()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"c"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        return ours

    @property
    def resident_bytes(self) -> int:
        """The memory that it holds now; where the system doesn't say it, what it held when it was loaded."""
        at_first: int = self.description["memory"]
        return resident(self._process.pid) or at_first

    def fate(self) -> str:
        """How the process ended, in brackets, where it can be known."""
        if os.getpid() != self._owner:
            return ""
        with suppress(subprocess.TimeoutExpired, ValueError):
            status = self._process.wait(5)
            return f" ({signal.Signals(-status).name})" if status < 0 else f" (status {status})"
        return ""


def _close_all(connections: list[socket.socket]) -> None:
    while connections:
        connections.pop().close()


def _end(
    control: socket.socket, idle: list[socket.socket], process: "subprocess.Popen[bytes]", owner: int
) -> None:
    control.close()
    _close_all(idle)
    if os.getpid() != owner:
        return  # others share it
    process.kill()
    try:
        Thread(target=process.wait, daemon=True).start()  # memory takes a while to be given back
    except RuntimeError:  # the interpreter is ending
        process.wait()


class IsolatedTokenizer(OtherTokenizer):
    """A tokenizer whose library runs in a process of its own, which is started again where it has ended."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._mending = Lock()
        description = process.description
        super().__init__(
            description["name"],
            description["sha256"],
            Card(**description["card"]),
            description["chat_template"],
        )
        self.kind = description["kind"]
        self.named_specials = description["named_specials"]
        self.context_length = description["context_length"]
        self._special: dict[str, int] = description["special_tokens"]
        self._own_special: tuple[list[int], list[int]] = (description["before"], description["after"])
        self._size: int = description["vocab_size"]

    @property
    def special_tokens(self) -> Mapping[str, int]:
        return self._special

    @property
    def own_special(self) -> tuple[list[int], list[int]]:
        return self._own_special

    @property
    def vocab_size(self) -> int:
        return self._size

    @property
    def resident_bytes(self) -> int:
        """The memory of its process, and of what this one has asked it for and keeps."""
        return self._process.resident_bytes + ("pieces" in self.__dict__) * self._size * _PIECE_BYTES

    @cached_property
    def pieces(self) -> Sequence[bytes | None]:
        answer = bytes(self._ask(b"t"))
        lengths = np.frombuffer(answer, np.int32, self._size).tolist()
        table: list[bytes | None] = []
        at = 4 * self._size
        for length in lengths:
            table.append(answer[at : at + length] if length >= 0 else None)
            at += max(0, length)
        return table

    def count(self, text: str, normalize: str | EllipsisType | None = ...) -> int:
        self._check(None, normalize)
        return int.from_bytes(self._ask(b"c", to_utf8(text)), "little")

    def encode_plain(self, text: str) -> list[int]:
        ids: list[int] = np.frombuffer(self._ask(b"p", to_utf8(text)), np.int32).tolist()
        return ids

    def _encoded(self, text: str) -> NDArray[np.int32]:
        return np.frombuffer(self._ask(b"e", to_utf8(text)), np.int32)

    def _offsets(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        found = np.frombuffer(self._ask(b"o", to_utf8(text)), np.int64).reshape(-1, 3)
        return found[:, 0].astype(np.int32), found[:, 1:]

    def _joined(self, ids: Sequence[int]) -> bytes:
        super()._joined(ids)  # refuses an id that there is not
        return bytes(self._ask(b"d", np.array(ids, np.int32).tobytes()))

    def _ask(self, letter: bytes, content: bytes = b"") -> bytearray:
        """The answer of the process. ModelError where this very request ends one that does nothing else."""
        for _ in range(2):
            process = self._process
            with suppress(_Ended):
                return process.call(letter, content)
            # This request has ended it, or another one did: in a process to itself it shows which.
            with self._mending:
                if self._process is not process:
                    continue
                alone = Process(*process.place)
                if alone.description["sha256"] != self.sha256:
                    raise Overloaded(f"the file of {self.name} was replaced just now; try again")
                try:
                    answer = alone.call(letter, content)
                except _Ended as error:
                    raise ModelError(
                        f"{self.name}: the library that runs it broke down on this text{alone.fate()}"
                    ) from error
                self._process = alone
                return answer
        raise Overloaded(f"{self.name} is being started again and again; try again in a moment")
