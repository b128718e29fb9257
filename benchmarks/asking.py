"""What streams of answers cost a worker, and what readers of one question cost the model's server.

    python -m benchmarks.asking [--streams 200] [--readers 50] [--seconds 10]

A server of one worker beside a model's server on loopback that writes 20 pieces a second. The longest pause is measured
from outside, as the longest answer of `/healthz` while all streams are open, so that it holds network and load too.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
import tomllib
from pathlib import Path

import httpx
import orjson

from app.asking.prompting import compose
from app.asking.questions import Questions
from app.papers.fulltext.blocks import text_of_record
from app.papers.importing import COLLECTION
from app.papers.records import read_paper
from app.paths import MODELS
from app.tokenizer.registry import ModelRegistry
from tests.server import server_process

PAPER = "/api/v1/papers/quire/0001"


class Model:
    """Writes each request a piece every 50 ms for some seconds, and counts the requests."""

    def __init__(self, seconds: float) -> None:
        self.asked = 0
        self._pieces = int(seconds * 20)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, closed after its answer."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            self.asked += 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            for number in range(self._pieces):
                writer.write(b'data: {"choices":[{"delta":{"content":"word %d "}}]}\n\n' % number)
                await writer.drain()
                await asyncio.sleep(0.05)
            writer.write(b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
            await writer.drain()
        writer.close()


async def listen(client: httpx.AsyncClient, question: str, begun: list[float]) -> None:
    """One reader to the end of an answer; notes how long the first words took."""
    start = time.perf_counter()
    async with client.stream("POST", f"{PAPER}/ask", json={"question": question}) as stream:
        stream.raise_for_status()
        first = True
        async for part in stream.aiter_bytes():
            if first and b"event: text" in part:
                begun.append(time.perf_counter() - start)
                first = False


async def pauses(client: httpx.AsyncClient, seconds: float) -> list[float]:
    """How long `/healthz` took, asked 50 times a second, in milliseconds."""
    found, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        await client.get("/healthz")
        found.append(1000 * (time.perf_counter() - start))
        await asyncio.sleep(0.02)
    return found


def resident(process: int) -> int:
    """Bytes of memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


async def measure(streams: int, readers: int, seconds: float) -> None:
    """Prints all figures of a server's streams."""
    model = Model(seconds)
    upstream = await asyncio.start_server(model.answer, "127.0.0.1", 0, backlog=1024)
    port = upstream.sockets[0].getsockname()[1]
    settings = {
        "CHAT_URL": f"http://127.0.0.1:{port}/v1",
        "CHAT_MODEL": "m",
        "ASK_AT_ONCE": str(streams),
        "OFFLINE": "true",
    }
    limits = httpx.Limits(max_connections=None)
    with tempfile.TemporaryDirectory() as folder:
        serving = server_process(Path(folder), settings=settings)
        address, process = await asyncio.to_thread(serving.__enter__)
        try:
            async with httpx.AsyncClient(
                base_url=address, trust_env=False, timeout=120, limits=limits
            ) as client:
                await asyncio.gather(*(listen(client, "warm up", []) for _ in range(2)))
                before, calls, begun = resident(process.pid), model.asked, list[float]()
                tasks = [
                    asyncio.create_task(listen(client, f"question {one}", begun)) for one in range(streams)
                ]
                while model.asked - calls < streams:
                    await asyncio.sleep(0.05)
                    for task in tasks:
                        if task.done():
                            task.result()  # raises what went wrong
                waits = sorted(await pauses(client, seconds / 2))
                grown = (resident(process.pid) - before) / streams
                await asyncio.gather(*tasks)
                print(
                    f"{streams} streams: /healthz median {waits[len(waits) // 2]:.1f} ms, longest {waits[-1]:.1f} ms"
                )
                print(f"memory of an open stream: {grown / 1024:.0f} KB")
                calls = model.asked
                await asyncio.gather(*(listen(client, "the same", begun) for _ in range(readers)))
                print(
                    f"{readers} readers of one question: {model.asked - calls} call(s) of the model's server"
                )
        finally:
            await asyncio.to_thread(serving.__exit__, None, None, None)
    upstream.close()


def shared_prefix() -> None:
    """Prints which share of the six questions' input is the same from the start."""
    note = tomllib.loads((COLLECTION / "0001.toml").read_text("utf-8"))
    text = text_of_record(read_paper(note | {"announced": None}), None)
    questions = Questions(Path("no-prompts-of-its-own"))
    count = ModelRegistry((MODELS,), "default", 64 << 20, 8).get(None).count
    prompts = [
        orjson.dumps(compose(text, questions.rules("en"), one.prompt, (), count=count, most=100_000).messages)
        for one in questions.all("en")
    ]
    shared = next(at for at in range(len(prompts[0])) if len({prompt[at : at + 1] for prompt in prompts}) > 1)
    lengths = sum(map(len, prompts))
    print(f"six questions about a short paper: {6 * shared / lengths:.1%} of the input is the same prefix")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    shared_prefix()
    asyncio.run(measure(options.streams, options.readers, options.seconds))


if __name__ == "__main__":
    main()
