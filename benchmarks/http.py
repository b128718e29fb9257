"""How many 60-byte texts a server tokenises each second, beside an empty async endpoint on the same server.

Run: `.venv/bin/python -m benchmarks.http`. Needs wrk (Debian: wrk). Both endpoints belong to the application as it is
served: request ids, headers, limits and a line of log a request, one worker, over loopback. They are measured in
turns, so that what else the machine does weighs on both; the ratios are the figures, the requests a second are not.
Where the machine is busy, the processor time that the server spent on a request says more (Linux).
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import uvicorn
from fastapi import FastAPI

from app.main import create_app, prepare
from app.settings import Settings

TEXT = "Tokens all the way down, a token is a piece: 字节也一样"  # 60 bytes of UTF-8
REQUESTS = {
    "empty": ("/empty", {"prompt": TEXT}),
    "vLLM": ("/tokenize", {"prompt": TEXT}),
    "llama.cpp": ("/tokenize", {"content": TEXT}),
    "text-embeddings-inference": ("/tokenize", {"inputs": TEXT}),
    "ours": ("/api/v1/encode", {"text": TEXT}),
}
CONNECTIONS = 16


def application() -> FastAPI:
    """The application with an endpoint more that does nothing, and the first looked at."""
    app = create_app()

    @app.post("/empty")
    async def empty() -> dict[str, str]:
        return {}

    app.router.routes.insert(0, app.router.routes.pop())
    return app


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of the application in a process of its own, and that process; its log goes to a file."""
    prepare(Settings(data_dir=folder))
    listener = socket.create_server(("127.0.0.1", 0))
    environment = {**os.environ, "QUIRE_DATA_DIR": str(folder), "QUIRE_LOG_FORMAT": "json"}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.http", "--serve", str(listener.fileno())],
            env=environment,
            pass_fds=[listener.fileno()],
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            httpx.get(f"{address}/readyz", timeout=60, trust_env=False).raise_for_status()
            yield address, server.pid
        finally:
            server.terminate()
            server.wait(40)


def processor_seconds(process: int) -> float:
    """What a process has used until now, of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    server: tuple[str, int], folder: Path, path: str, body: dict[str, str], seconds: int
) -> tuple[float, float]:
    """Requests a second by wrk's count, and for each second of the server's processor; a failure ends it all."""
    address, process = server
    script = folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f"wrk.body = [==[{json.dumps(body, ensure_ascii=False)}]==]\n"
        'wrk.headers["content-type"] = "application/json"\n'
    )
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), address + path]
    before = processor_seconds(process)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = processor_seconds(process) - before
    rate, count = re.search(r"Requests/sec:\s+([\d.]+)", output), re.search(r"(\d+) requests in", output)
    if not rate or not count or "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    return float(rate[1]), int(count[1]) / used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each endpoint, in turns")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        config = uvicorn.Config(
            "benchmarks.http:application",
            factory=True,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        uvicorn.Server(config).run(sockets=[socket.socket(fileno=options.serve)])
        return
    with TemporaryDirectory() as name, served(Path(name)) as server:
        rates: dict[str, list[tuple[float, float]]] = {kind: [] for kind in REQUESTS}
        for number in range(options.rounds + 1):
            for kind, (path, body) in REQUESTS.items():
                found = measure(server, Path(name), path, body, options.seconds)
                if number:  # the first round warms up
                    rates[kind].append(found)
    print(f"{'':26} {'requests/s':>10} {'of empty':>9} {'a CPU second':>13} {'of empty':>9}")
    for kind, runs in rates.items():
        print(f"{kind:26}", end="")
        for column, width in ((0, 11), (1, 14)):
            ratios = [run[column] / empty[column] for run, empty in zip(runs, rates["empty"], strict=True)]
            print(f"{median(run[column] for run in runs):{width},.0f} {median(ratios):9.2f}", end="")
        print()


if __name__ == "__main__":
    main()
