"""How many 60-byte texts a server tokenises each second, beside what one would otherwise write: a bare endpoint.

Run: `.venv/bin/python -m benchmarks.requests`. Needs wrk (Debian: wrk). Quire is `quire serve` with one worker, JSON
logs to a file, request ids, metrics and security headers. Beside it is a FastAPI application with one endpoint of the
same shape, which checks the body, finds the same ids with the same model and answers them, on the same uvicorn
without access log, without any of these; another one answers spans, as text-embeddings-inference does. They are
measured in turns, so that what else the machine does weighs on both; the ratios are the figures, the requests a
second are not. Where the machine is busy, requests for a second of the server's processor say more (Linux). The last
line is the same function as /api/v1/encode within the same layers, but called by FastAPI's own route: what the route
for JSON bodies saves (app/web/json_route.py).
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from app import main as main_module
from app.commands.serve import serve
from app.settings import Settings
from app.tokenizer import Tokenizer
from app.web.tokenizer.responses import Encoded
from app.web.tokenizer.routes import encode
from tests.server import ROOT, environment

TEXT = "Tokens all the way down, a token is a piece: 字节也一样"  # 60 bytes of UTF-8
MODEL = ROOT / "models" / "default.model"
TEI = "text-embeddings-inference"
CALLS = {
    "vLLM": ("/tokenize", {"prompt": TEXT}),
    "llama.cpp": ("/tokenize", {"content": TEXT}),
    TEI: ("/tokenize", {"inputs": TEXT}),
    "ours": ("/api/v1/encode", {"text": TEXT}),
}
PLAIN = "/plain/encode"
CONNECTIONS = 16


class _Request(BaseModel):
    prompt: str
    model: str | None = None
    add_special_tokens: bool = True
    return_token_strs: bool = False


class _Answer(BaseModel):
    count: int
    max_model_len: int
    tokens: list[int]
    token_strs: list[str] | None = None


class _TeiRequest(BaseModel):
    inputs: str
    add_special_tokens: bool = True


class _TeiToken(BaseModel):
    id: int
    text: str
    special: bool = False
    start: int
    stop: int


def bare() -> FastAPI:
    """The endpoints that one would write without Quire."""
    app = FastAPI()
    tokenizer = Tokenizer.load(MODEL)

    @app.post("/tokenize")
    async def tokenize(request: _Request) -> _Answer:
        ids = tokenizer.encode(request.prompt)
        return _Answer(count=len(ids), max_model_len=1_000_000, tokens=ids)

    @app.post("/tei")
    async def tokenize_for_tei(request: _TeiRequest) -> list[list[_TeiToken]]:
        source = request.inputs.encode()
        pieces = tokenizer.spans(request.inputs)
        return [
            [
                _TeiToken(id=number, text=source[start:stop].decode(), start=start, stop=stop)
                for number, (start, stop) in zip(
                    pieces.ids.tolist(), pieces.pairs("source_bytes").tolist(), strict=True
                )
            ]
        ]

    return app


@contextmanager
def running(
    command: list[str], address: str, ready: str, log: Path, checkout: Path = ROOT, **settings: str
) -> Iterator[tuple[str, int]]:
    """The address of a server in a process of its own, once it answers, and that process."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=checkout, stdout=out, stderr=out, env=environment(log.parent / "data", **settings)
        )
        try:
            transport = httpx.HTTPTransport(retries=8)
            with httpx.Client(transport=transport, timeout=60, trust_env=False) as client:
                client.get(address + ready).raise_for_status()
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(40)


def free_address() -> tuple[str, int]:
    """An address on loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    return f"http://127.0.0.1:{port}", port


def processor_seconds(process: int) -> float:
    """What a process and those that it started have used until now, of all their threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    threads = Path(f"/proc/{process}/task").iterdir()
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(int(child)) for child in children)


def measure(
    server: tuple[str, int], folder: Path, path: str, body: dict[str, str] | None, seconds: float
) -> tuple[float, float]:
    """Requests a second by wrk's count, and for each second of the server's processor; a failure ends it all."""
    post = (
        'wrk.method = "POST"\n'
        f"wrk.body = [==[{json.dumps(body, ensure_ascii=False)}]==]\n"
        'wrk.headers["content-type"] = "application/json"\n'
    )
    return _measure(server, folder, path, post if body else "", seconds)


def measure_in_turns(
    server: tuple[str, int], folder: Path, paths: Sequence[str], seconds: float
) -> tuple[float, float]:
    """The same, where each request is for the next of several paths."""
    script = f"""
local paths = {{{", ".join(f'"{path}"' for path in paths)}}}
local turn = 0
request = function()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end
"""
    return _measure(server, folder, paths[0], script, seconds)


def _measure(
    server: tuple[str, int], folder: Path, path: str, script: str, seconds: float
) -> tuple[float, float]:
    address, process = server
    file = folder / "requests.lua"
    file.write_text(script)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(file), address + path]
    before = processor_seconds(process)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = processor_seconds(process) - before
    rate, count = re.search(r"Requests/sec:\s+([\d.]+)", output), re.search(r"(\d+) requests in", output)
    if not rate or not count or "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    return float(rate[1]), int(count[1]) / used


def serve_bare(port: int) -> None:
    """The bare endpoint on uvicorn, until told to stop."""
    uvicorn.run(bare(), host="127.0.0.1", port=port, access_log=False, log_level="warning")


def serve_ours(port: int) -> None:
    """`quire serve` with one more route: the function behind /api/v1/encode, called by FastAPI itself."""
    create = main_module.create_app

    def create_with_plain_route(settings: Settings | None = None) -> FastAPI:
        app = create(settings)
        app.add_api_route(
            PLAIN, encode, methods=["POST"], response_model=Encoded, response_model_exclude_none=True
        )
        return app

    main_module.create_app = create_with_plain_route
    serve(port=port)


def compare(folder: Path, seconds: int, rounds: int) -> None:
    """Prints requests a second of each call and how many times those of the bare endpoint they are."""
    (ours, our_port), (plain, plain_port) = free_address(), free_address()
    own = [sys.executable, "-m", "benchmarks.requests", "--ours", str(our_port)]
    other = [sys.executable, "-m", "benchmarks.requests", "--bare", str(plain_port)]
    with (
        running(own, ours, "/readyz", folder / "quire.log", LOG_FORMAT="json") as quire_server,
        running(other, plain, "/openapi.json", folder / "bare.log") as bare_server,
    ):
        calls = {
            "bare": (bare_server, *CALLS["vLLM"]),
            "bare, with spans": (bare_server, "/tei", CALLS[TEI][1]),
        } | {name: (quire_server, *call) for name, call in CALLS.items()}
        calls["ours, FastAPI's own route"] = (quire_server, PLAIN, {"text": TEXT})
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
        for number in range(rounds + 1):
            for name, (server, path, body) in calls.items():
                found = measure(server, folder, path, body, seconds)
                if number:  # the first round warms up
                    rates[name].append(found)
    print(f"{'':26} {'requests/s':>10} {'of bare':>9} {'a CPU second':>13} {'of bare':>9}")
    for name, runs in rates.items():
        beside = rates["bare, with spans" if name == TEI else "bare"]
        print(f"{name:26}", end="")
        for column, width in ((0, 11), (1, 14)):
            ratios = [run[column] / empty[column] for run, empty in zip(runs, beside, strict=True)]
            print(f"{median(run[column] for run in runs):{width},.0f} {median(ratios):9.2f}", end="")
        print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each call, in turns")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ours", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare is not None:
        serve_bare(options.bare)
        return
    if options.ours is not None:
        serve_ours(options.ours)
        return
    with TemporaryDirectory() as name:
        compare(Path(name), options.seconds, options.rounds)


if __name__ == "__main__":
    main()
