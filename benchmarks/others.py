"""What our HTTP count costs beside a bare FastAPI endpoint that calls the same library: the ratio of requests a second.

Run: `.venv/bin/python -m benchmarks.others`. Needs wrk (Debian: wrk) and the vocabularies of the development
requirements, which it names where they are missing. Both servers run one worker on loopback, are started for each round
and measured in turns. Two texts are encoded at once where the system gives the threads a processor each, which depends
on what else runs; the ratio of requests for a second of the processor does not.
With `--standing` it sends texts of 16 MB instead, also one without spaces, again and again, and prints how long
`/healthz` takes meanwhile; with `--cold` it touches the model's file, so that it is loaded again, and prints the same.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson
import uvicorn
from fastapi import Body, FastAPI

from app.tokenizer.registry import FRESH_SECONDS
from benchmarks.requests import processor_seconds
from tests.tokenizer.others.real_vocabularies import VOCABULARIES, package_folder

NAMES = {"tiktoken": "o200k_base", "huggingface": "deepseek", "sentencepiece": "mistral-v3"}
SIZES = {"1 KB": (1 << 10, 8), "1 MB": (1 << 20, 2)}
"""Bytes of a text, and how many clients ask at once."""
WORDS = "Tokens all the way down, a token is a piece: 字节也一样。 Größe, naïveté, друг; 3.14159\n"
WITHOUT_SPACES = "词元是文本的片段而字节也一样所以一句话没有空格也能切开"
Server = tuple[str, int]
"""Where a server counts, and its process."""

LIMITS = {
    "QUIRE_MAX_BODY_BYTES": str(64 << 20),
    "QUIRE_MAX_TEXT_BYTES": str(32 << 20),
    "QUIRE_MAX_MODEL_LEN": str(32 << 20),
    "QUIRE_OFFLINE": "true",
    "QUIRE_LOG_FORMAT": "json",
}


def text_of(size: int) -> str:
    """A text of about so many bytes of UTF-8."""
    return WORDS * max(1, size // len(WORDS.encode()))


def counting(kind: str, path: str) -> Callable[[str], int]:
    """How one calls the library by its own documentation, without us."""
    if kind == "tiktoken":
        import tiktoken

        os.environ["TIKTOKEN_CACHE_DIR"] = str(package_folder("litellm") / "litellm_core_utils/tokenizers")
        library = tiktoken.get_encoding("o200k_base")
        return lambda text: len(library.encode(text, disallowed_special=()))
    if kind == "huggingface":
        from tokenizers import Tokenizer

        loaded: Any = Tokenizer.from_file(path)
        return lambda text: len(loaded.encode(text, add_special_tokens=False).ids)
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=path)
    return lambda text: len(processor.encode(text))


def bare() -> FastAPI:
    """The endpoint that one writes in five lines."""
    app = FastAPI()
    count = counting(os.environ["BARE_KIND"], os.environ["BARE_PATH"])

    @app.post("/count")
    def answer(text: str = Body(embed=True)) -> dict[str, int]:
        return {"count": count(text)}

    return app


@contextmanager
def process(command: list[str], environment: dict[str, str], address: str) -> Iterator[int]:
    """The process of a server that answers at an address, until the block ends."""
    server = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                httpx.get(address, timeout=5, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        server.wait(40)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def both(kind: str, folder: Path, path: Path) -> Iterator[tuple[Server, Server]]:
    """Ours and the bare one."""
    with ExitStack() as stack:
        port, other = free_port(), free_port()
        ours = stack.enter_context(
            process(
                [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
                {**LIMITS, "QUIRE_DATA_DIR": str(folder)},
                f"http://127.0.0.1:{port}",
            )
        )
        theirs = stack.enter_context(
            process(
                [sys.executable, "-m", "benchmarks.others", "--bare", str(other)],
                {"BARE_KIND": kind, "BARE_PATH": str(path)},
                f"http://127.0.0.1:{other}",
            )
        )
        yield (f"http://127.0.0.1:{port}/api/v1/count", ours), (f"http://127.0.0.1:{other}/count", theirs)


def rates(
    server: Server, body: dict[str, str], folder: Path, seconds: int, clients: int
) -> tuple[float, float]:
    """Requests a second by wrk's count, and for a second of the server's processor; a failure ends it all."""
    url, process = server
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = [==[{json.dumps(body)}]==]\n'
        'wrk.headers["content-type"] = "application/json"\n'
    )
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), url]
    before = processor_seconds(process)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = processor_seconds(process) - before
    found, count = re.search(r"Requests/sec:\s+([\d.]+)", output), re.search(r"(\d+) requests in", output)
    if not found or not count or "Non-2xx" in output:
        raise SystemExit(output)
    return float(found[1]), int(count[1]) / used


def beside(
    address: str, name: str, work: Callable[[httpx.Client], object], rounds: int
) -> tuple[float, float]:
    """Milliseconds of /healthz, the 99th percentile and the most, while something is worked on again and again."""
    done = threading.Event()
    times: list[float] = []

    def watch() -> None:
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            while not done.is_set():
                started = time.perf_counter()
                client.get("/healthz").raise_for_status()
                times.append((time.perf_counter() - started) * 1000)
                time.sleep(0.005)

    with httpx.Client(base_url=address, timeout=600, trust_env=False) as client:
        client.post("/api/v1/count", json={"model": name, "text": "warm"}).raise_for_status()
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for _ in range(rounds):
                work(client)
        finally:
            done.set()
            watcher.join()
    ordered = sorted(times)
    return ordered[int(len(ordered) * 0.99)], ordered[-1]


def standing(address: str, path: Path, rounds: int, text: str) -> tuple[float, float]:
    """The same while a text is counted."""
    # Written once, beforehand: writing it would hold up the thread that watches, which is one of this process.
    body = orjson.dumps({"model": path.stem, "text": text})
    headers = {"content-type": "application/json"}

    def work(client: httpx.Client) -> None:
        client.post("/api/v1/count", content=body, headers=headers).raise_for_status()

    return beside(address, path.stem, work, rounds)


def cold(address: str, path: Path, rounds: int) -> tuple[float, float]:
    """The same while the model is loaded again and again."""

    def load(client: httpx.Client) -> None:
        path.touch()
        time.sleep(FRESH_SECONDS)  # before that the file is not looked at again
        client.post("/api/v1/count", json={"model": path.stem, "text": "first"}).raise_for_status()

    return beside(address, path.stem, load, rounds)


def report(kind: str, beside: str, high: float, most: float) -> None:
    """One line."""
    print(f"{kind:14} /healthz beside {beside}: p99 {high:.1f} ms, most {most:.1f} ms", flush=True)


def compare(kind: str, folder: Path, path: Path, options: argparse.Namespace) -> None:
    """Prints a line for each size of text and way of counting."""
    ratios: dict[str, list[tuple[float, float]]] = {label: [] for label in SIZES}
    for _ in range(options.rounds):
        with both(kind, folder, path) as (ours, theirs):
            for label, (size, clients) in SIZES.items():
                body = {"text": text_of(size)}
                own = {"model": path.stem, **body}
                for each in ((ours, own), (theirs, body)):
                    rates(*each, folder, 1, clients)  # warms up
                one = rates(ours, own, folder, options.seconds, clients)
                other = rates(theirs, body, folder, options.seconds, clients)
                if not all(one + other):
                    raise SystemExit(f"{kind}, {label}: nothing was answered in time; give more --seconds")
                ratios[label].append((one[0] / other[0], one[1] / other[1]))
    for label, found in ratios.items():
        for way, column in zip(
            ("a second", "for a second of the processor"), zip(*found, strict=True), strict=True
        ):
            print(
                f"{kind:14} {label}: {median(column):.2f} of the bare endpoint's requests {way} "
                f"({min(column):.2f} to {max(column):.2f})",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--rounds", type=int, default=5, help="starts of both servers; else texts or loads")
    parser.add_argument(
        "--standing", action="store_true", help="how long /healthz takes beside texts of 16 MB"
    )
    parser.add_argument(
        "--cold", action="store_true", help="how long /healthz takes beside loading the model"
    )
    parser.add_argument("--kinds", nargs="+", choices=NAMES, help="only these")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare is not None:
        uvicorn.run(bare(), port=options.bare, log_level="critical", access_log=False)
        return
    for kind in options.kinds or NAMES:
        name = NAMES[kind]
        with TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "models").mkdir()
            path = VOCABULARIES[name].write(package_folder(VOCABULARIES[name].package), folder / "models")
            if not (options.standing or options.cold):
                compare(kind, folder, path, options)
                continue
            with both(kind, folder, path) as ((ours, _), _):
                address = ours.removesuffix("/api/v1/count")
                # The machine may be busy with other things.
                report(kind, "nothing", *beside(address, path.stem, lambda _: time.sleep(2), options.rounds))
                if options.cold:
                    report(kind, "a model that is loaded", *cold(address, path, options.rounds))
                    continue
                for label, line in (("", WORDS), (" without spaces", WITHOUT_SPACES)):
                    text = line * ((16 << 20) // len(line.encode()))
                    high, most = standing(address, path, options.rounds, text)
                    report(kind, f"16 MB{label}", high, most)


if __name__ == "__main__":
    main()
