"""One desk for all processes of a data folder: the first to take its lock has it, and the others reach it by a socket.

So one generation serves all who wait, whichever worker they reached; the queue and the counts of a day are one too. The
lock ends with its process, however that ends, and the next process that asks for it takes the desk.
"""

import asyncio
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import structlog

from app.asking.answering import PaperQuestion
from app.asking.desk import Cost, Desk
from app.asking.generation import event
from app.asking.questions import Question
from app.errors import (
    ChatError,
    FileError,
    InputError,
    NotFound,
    Overloaded,
    QuireError,
    Sentence,
    TooLarge,
    UsedUp,
    dump_message,
    read_message,
)
from app.papers.records import read_paper, whole_record

log = structlog.get_logger()

_PATIENCE = 10.0
"""Seconds in which the process that has the desk has to take up a question."""
_MOST_BYTES = 64 << 20
_LONGEST_PATH = 100
"""Of a socket; systems take 104 to 108 bytes."""
_LAST_EVENT = re.compile(rb"(?:^|\n)id: (\w{1,80})-(\d{1,9})\n(?:[^\n]{1,9999}\n){1,99}\n\Z")
_FAILURES = {
    kind.__name__: kind for kind in (NotFound, TooLarge, InputError, ChatError, FileError, QuireError)
}
_PASSING = {kind.__name__: kind for kind in (UsedUp, Overloaded)}


class SharedDesk:
    """The desk of a data folder, here or in the process that has it. `folder` keeps lock and address."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder = folder
        self._desk = desk
        self._held: int | None = None
        self._server: asyncio.Server | None = None
        self._taking = asyncio.Lock()
        self._served: set[asyncio.Task[None]] = set()

    @property
    def model(self) -> str:
        """The name of the model. Raises NoChatModel where none is set."""
        return self._desk.model

    async def open(self) -> None:
        """Takes the desk where nobody has it. A folder that refuses is reported with the first question."""
        with suppress(FileError):
            await self._is_here()

    async def ask(self, asked: PaperQuestion, last_event: str = "") -> AsyncGenerator[bytes, None]:
        """The events of an answer, as `Desk.ask` gives them."""
        _ = self.model
        connection = await self._connect()
        if connection is None:
            return await self._desk.ask(asked, last_event)
        await connection.send({"call": "ask", "asked": asked_record(asked), "last_event": last_event})
        await connection.accepted()
        return self._passed_on(connection)

    async def cost(self, asked: PaperQuestion) -> Cost:
        """What a question would send to the model."""
        _ = self.model
        connection = await self._connect()
        if connection is None:
            return await self._desk.cost(asked)
        try:
            await connection.send({"call": "cost", "asked": asked_record(asked)})
            cost = await connection.accepted(seconds=None)
        finally:
            connection.close()
        return Cost(**{**cost, "left_out": tuple(cost["left_out"])})

    async def stop(self, asking: str) -> None:
        """A reader has left an answer: it ends where no other reader is left."""
        connection = await self._connect()
        if connection is None:
            self._desk.stop(asking)
            return
        try:
            await connection.send({"call": "stop", "asking": asking})
            await connection.accepted()
        finally:
            connection.close()

    async def close(self, patience: float = 0.0) -> None:
        """Leaves the desk: what others still read goes on for up to `patience` seconds, all else ends here."""
        if self._server is not None:
            await self._desk.wait_for_readers(patience)
            self._server.close()
        await self._desk.close()
        for task in list(self._served):
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)
        if self._held is not None:
            self._address.unlink(missing_ok=True)
            os.close(self._held)
            self._held = None

    @property
    def _address(self) -> Path:
        return self._folder / "desk.address"

    async def _connect(self) -> "_Connection | None":
        """A connection to the process that has the desk; None where that is this one."""
        deadline = time.monotonic() + _PATIENCE
        while not await self._is_here():
            try:
                path = self._address.read_text("utf-8")
                return _Connection(*await asyncio.open_unix_connection(path))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Overloaded(
                        Sentence("the process that answers questions does not respond; try again")
                    ) from error
            await asyncio.sleep(0.03)  # it is just starting, or it has just died
        return None

    async def _is_here(self) -> bool:
        """Whether this process has the desk; it takes it where nobody has."""
        async with self._taking:
            if self._held is not None:
                return True
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = os.open(self._folder / "desk.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise FileError(f"answers need a folder to be kept in: {error.strerror or error}") from error
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                return False
            try:
                await self._listen()
            except OSError as error:
                os.close(lock)
                raise FileError(
                    f"questions can't be passed between processes: {error.strerror or error}"
                ) from error
            self._held = lock
            self._desk.bring_in_later()
            return True

    async def _listen(self) -> None:
        """Takes questions of other processes; what one that was killed has left behind goes."""
        with suppress(OSError):
            left = Path(self._address.read_text("utf-8"))
            left.unlink(missing_ok=True)
            if left.parent != self._folder:
                shutil.rmtree(left.parent, ignore_errors=True)
        path = self._folder / "desk.socket"
        path.unlink(missing_ok=True)
        if len(os.fsencode(path)) > _LONGEST_PATH:
            path = Path(tempfile.mkdtemp(prefix="quire-desk-")) / "desk.socket"
        self._server = await asyncio.start_unix_server(self._serve, path)
        beside = self._address.with_suffix(".part")
        beside.write_text(str(path), "utf-8")
        beside.replace(self._address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question, or what else another process asks of the desk."""
        task: Any = asyncio.current_task()
        self._served.add(task)
        connection = _Connection(reader, writer)
        try:
            await self._answer(connection, await connection.receive(), task)
        except QuireError as error:
            with suppress(ConnectionError):
                await connection.send({"failure": _failure_record(error)})
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other process is gone, and its readers with it
        except asyncio.CancelledError:
            pass  # its reader hung up, or we are closing
        except Exception:
            log.exception("defect")
        finally:
            self._served.discard(task)
            connection.close()

    async def _answer(
        self, connection: "_Connection", call: dict[str, Any], task: asyncio.Task[None]
    ) -> None:
        if call["call"] == "stop":
            self._desk.stop(call["asking"])
            await connection.send({})
        elif call["call"] == "cost":
            await connection.send(asdict(await self._desk.cost(read_asked(call["asked"]))))
        else:
            events = await self._desk.ask(read_asked(call["asked"]), call["last_event"])
            watcher = asyncio.create_task(connection.hung_up(task))
            try:
                async with aclosing(events):
                    await connection.send({})
                    async for part in events:
                        await connection.send_bytes(part)
                    await connection.send_bytes(b"")
            finally:
                watcher.cancel()

    async def _passed_on(self, connection: "_Connection") -> AsyncGenerator[bytes, None]:
        """The events of the process that has the desk; where it dies, the reader is asked to ask again."""
        asking, number = "lost", 0
        try:
            while part := await connection.receive_bytes():
                if found := _LAST_EVENT.search(part):
                    asking, number = found[1].decode(), int(found[2])
                yield part
        except (ConnectionError, asyncio.IncompleteReadError):
            lost = Overloaded(Sentence("the process that wrote the answer has ended; ask again"))
            yield event(asking, number + 1, "failed", self._desk.describe(lost))
        finally:
            connection.close()


@dataclass
class _Connection:
    """Messages between two of our processes: four bytes of length, then JSON, or the bytes of events."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, value: dict[str, Any]) -> None:
        await self.send_bytes(orjson.dumps(value))

    async def send_bytes(self, content: bytes) -> None:
        self.writer.write(len(content).to_bytes(4, "big") + content)
        await self.writer.drain()

    async def receive_bytes(self) -> bytes:
        size = int.from_bytes(await self.reader.readexactly(4), "big")
        if size > _MOST_BYTES:
            raise ConnectionError("a message between processes is too long")
        return await self.reader.readexactly(size)

    async def receive(self) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(await self.receive_bytes())
        return value

    async def accepted(self, seconds: float | None = _PATIENCE) -> dict[str, Any]:
        """The answer to the call. Raises the failure that the other process sent, or Overloaded."""
        try:
            answer = await asyncio.wait_for(self.receive(), seconds)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise Overloaded(
                Sentence("the process that answers questions has just ended; try again")
            ) from error
        if "failure" in answer:
            self.close()
            raise _failure(answer["failure"])
        return answer

    async def hung_up(self, task: asyncio.Task[None]) -> None:
        """Cancels a task when the other side closes the connection."""
        with suppress(ConnectionError):
            await self.reader.read(1)
        task.cancel()

    def close(self) -> None:
        self.writer.close()


def asked_record(asked: PaperQuestion) -> dict[str, Any]:
    """The JSON object of a question, which `read_asked` reads."""
    return {
        "paper": whole_record(asked.paper),
        "version": asked.version,
        "question": [asked.question.name, asked.question.title, asked.question.prompt],
        "language": asked.language,
        "rules": asked.rules,
        "after": asked.after,
        "again": asked.again,
        "reader": asked.reader,
        "file": asked.file,
    }


def read_asked(record: dict[str, Any]) -> PaperQuestion:
    """The question of a record that another process wrote."""
    return PaperQuestion(
        paper=read_paper(record["paper"]),
        version=record["version"],
        question=Question(*record["question"]),
        language=record["language"],
        rules=record["rules"],
        after=tuple((question, answer) for question, answer in record["after"]),
        again=record["again"],
        reader=record["reader"],
        file=record["file"],
    )


def _failure_record(error: QuireError) -> dict[str, Any]:
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _FAILURES | _PASSING)
    return {
        "kind": kind,
        "message": dump_message(error.message),
        "pointer": getattr(error, "pointer", ""),
        "retry_after": getattr(error, "retry_after", 1),
    }


def _failure(record: dict[str, Any]) -> QuireError:
    message = read_message(record["message"])
    if record["kind"] in _PASSING:
        return _PASSING[record["kind"]](message, record["retry_after"])
    kind: Callable[..., QuireError] = _FAILURES[record["kind"]]
    return kind(message, record["pointer"]) if record["pointer"] else kind(message)
