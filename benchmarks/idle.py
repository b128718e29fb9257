"""What thousands of idle connections, slow clients and half-open sockets cost a server: latency, memory, open files.

Run: `.venv/bin/python -m benchmarks.idle`. Needs wrk (Debian: wrk), Linux, and an open file a connection (`ulimit -n`).
One worker. Idle connections have asked once and then keep silent; slow clients send a byte of a request a second;
half-open ones have said that they send no more, or never take what they asked for. The server hangs up on them all in
time, so that they are opened again for each round; rounds with and without them alternate.
"""

import argparse
import asyncio
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.soak import state

HEAD = b"GET /version HTTP/1.1\r\nhost: quire\r\n"
LONG = b"GET /static/vendor/mathjax/tex-chtml.js HTTP/1.1\r\nhost: quire\r\n\r\n"  # a megabyte


def latencies(address: str, seconds: int) -> tuple[float, float]:
    """p50 and p99 in milliseconds of eight clients that tokenise a short text."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(
            'wrk.method = "POST" wrk.body = [[{"prompt": "Tokens all the way down"}]]\n'
            'wrk.headers["content-type"] = "application/json"\n'
        )
        command = [
            "wrk",
            "-t1",
            "-c8",
            f"-d{seconds}s",
            "--latency",
            "-s",
            str(script),
            f"{address}/tokenize",
        ]
        report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        raise SystemExit(report)
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    found = [re.search(rf"^\s*{part}%\s+([\d.]+)(us|ms|s)$", report, re.MULTILINE) for part in (50, 99)]
    return tuple(float(part[1]) * unit[part[2]] for part in found if part)  # type: ignore[return-value]


class Crowd:
    """Clients that hold connections and ask for nothing more; a block of `async with`."""

    def __init__(self, port: int, idle: int, slow: int) -> None:
        self._port = port
        self._idle = idle
        self._slow = slow
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Crowd":
        for begun in range(0, self._idle, 100):
            await asyncio.gather(*(self._once() for _ in range(min(100, self._idle - begun))))
        for number in range(self._slow):
            connection = await self._open()
            if number % 3 == 0:
                self._tasks.append(asyncio.create_task(self._trickle(connection)))
            elif number % 3 == 1:
                connection.shutdown(socket.SHUT_WR)
            else:
                await asyncio.get_running_loop().sock_sendall(connection, LONG * 8)
        await asyncio.sleep(2)  # what they asked for is in the system's buffers, and no more of it leaves
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for connection in self._sockets:
            connection.close()
        await asyncio.sleep(1)

    async def _open(self) -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._sockets.append(connection)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
        return connection

    async def _once(self) -> None:
        connection = await self._open()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, HEAD + b"\r\n")
        answer = await loop.sock_recv(connection, 65536)
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise SystemExit(answer[:200])

    async def _trickle(self, connection: socket.socket) -> None:
        with suppress(OSError):
            for byte in HEAD:
                await asyncio.get_running_loop().sock_sendall(connection, bytes([byte]))
                await asyncio.sleep(1)


async def compare(address: str, process: int, options: argparse.Namespace) -> None:
    port = int(address.rpartition(":")[2])
    alone: list[tuple[float, float]] = []
    crowded: list[tuple[float, float]] = []
    await asyncio.to_thread(latencies, address, 2)  # caches fill, threads start
    async with Crowd(port, options.connections, 0):
        pass  # what is kept for reuse is there
    for _ in range(options.rounds):
        alone.append(await asyncio.to_thread(latencies, address, options.seconds))
        before = state(process)
        async with Crowd(port, options.connections, 0):
            held = state(process)
            kilobytes = (held.own - before.own) / options.connections
            files = held.files - before.files
            print(
                f"{options.connections:,} idle: {kilobytes:.1f} KB a connection, {files:+,} files", flush=True
            )
        async with Crowd(port, options.connections, options.slow):
            crowded.append(await asyncio.to_thread(latencies, address, options.seconds))
    for kind, runs in (("alone", alone), ("beside them", crowded)):
        print(
            f"{kind}: p50 {median(run[0] for run in runs):.2f} ms, p99 {median(run[1] for run in runs):.2f} ms"
        )
    ratios = [with_them[1] / without[1] for with_them, without in zip(crowded, alone, strict=True)]
    print(
        f"p99 beside {options.connections:,} idle and {options.slow} slow or half-open to alone: {median(ratios):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument(
        "--slow", type=int, default=300, help="slow clients and half-open sockets, in equal shares"
    )
    parser.add_argument(
        "--seconds", type=int, default=5, help="of each measurement; less than the server waits"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and most < options.connections + 500:
        raise SystemExit(
            f"ulimit -n allows {most} open files here, and --connections {options.connections} needs more"
        )
    with TemporaryDirectory() as name:
        environment = {**os.environ, "QUIRE_DATA_DIR": name, "QUIRE_LOG_LEVEL": "error"}
        command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            address = re.sub(r".*(http\S+)\s*", r"\1", server.stdout.readline() if server.stdout else "")
            asyncio.run(compare(address, server.pid, options))
        finally:
            server.send_signal(signal.SIGTERM)
            print(f"exit code {server.wait(60)}")


if __name__ == "__main__":
    main()
