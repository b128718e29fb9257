"""Minutes of mixed load on a server with two workers: latencies, failures, wrong answers, memory and open files.

Run: `.venv/bin/python -m benchmarks.soak --minutes 10`. Needs wrk (Debian: wrk) and Linux. The mix is short texts in
each dialect, long texts, pages, lists, searches, feeds and requests that are wrong. Each answer under load is compared,
by status and byte for byte, with what the server said before it. With `--kill`, a worker is killed (SIGKILL) that many
times on the way, while imports write to the store that are killed too; what is in the store and in the index at the end
is compared by content with unbroken imports, and each kind of answer with that of an undisturbed server.

Memory is told in two parts. What the processes hold themselves (anonymous pages, shared ones once) is theirs to keep
level; pages of mapped files (libraries, models, store, index) the system drops and fetches as it sees fit.
"""

import argparse
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from app.papers.importing import prepare_papers
from benchmarks.killed_imports import content, killed, unbroken, write_files

JSON = "application/json"
LONG = json.dumps({"text": "A unigram tokenizer cuts texts. 分词器把文本切成词元。" * 400})
MIX: list[tuple[str, str, str]] = [
    ("POST", "/tokenize", '{"prompt": "Tokens all the way down: 字节也一样"}'),
    ("POST", "/tokenize", '{"content": "Hello", "with_pieces": true}'),
    ("POST", "/tokenize", '{"inputs": ["Hello", "你好"]}'),
    ("POST", "/api/v1/encode", LONG),
    ("POST", "/api/v1/count", LONG),
    ("POST", "/api/v1/lattice", '{"text": "unigram"}'),
    ("POST", "/detokenize", '{"tokens": [300, 301, 302]}'),
    *(("GET", path, "") for path in ("/", "/arxiv/quire", "/arxiv/quire/0001", "/search?q=tokenizer")),
    *(
        ("GET", path, "")
        for path in ("/arxiv/quire/feed", "/api/v1/papers?limit=10", "/static/js/reader/list.js", "/readyz")
    ),
    ("POST", "/tokenize", '{"prompt": 3}'),
    ("POST", "/api/v1/encode", '{"text": '),
    ("GET", "/arxiv/9999.99999", ""),
]

WRITTEN = ("/", "/search?q=tokenizer", "/api/v1/papers?limit=10", "/arxiv/quire/0001")
"""What answers otherwise once papers were imported; a paper's page names those near to it."""

PAPERS = 6000

# The request's id comes back with its answer, and so shows which one it is an answer to.
LUA = """
local kinds = {%s}
local number = 0
function init() math.randomseed(os.time()) end
function request()
  number = math.random(#kinds)
  local kind = kinds[number]
  local headers = {["x-request-id"] = "soak-" .. number}
  if kind.body then headers["content-type"] = "application/json" end
  return wrk.format(kind.method, kind.path, headers, kind.body)
end
function response(status, headers, body)
  local id = headers["x-request-id"] or headers["X-Request-ID"] or ""
  local kind = kinds[tonumber(id:match("^soak%%-(%%d+)$") or 0)]
  if status >= 500 then print("status " .. status) end
  if not kind or status ~= kind.status or (kind.answer and body ~= kind.answer) then print("different " .. id) end
end
"""


class State(NamedTuple):
    """Kilobytes of memory of the server's processes together, what is shared counted once, and their open files."""

    own: int
    mapped: int
    files: int


def workers_of(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def state(process: int) -> State:
    """What the server and its workers hold now."""
    own = mapped = files = 0
    for pid in [process, *workers_of(process)]:
        told = dict(
            re.findall(r"^(\w+):\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        )
        own += int(told["Pss_Anon"])
        mapped += int(told["Pss_File"]) + int(told["Pss_Shmem"])
        files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return State(own, mapped, files)


def settled(process: int) -> State:
    """The state when no connection of the load is open any more."""
    time.sleep(3)
    return state(process)


def answer(address: str, kind: int, host: str = "") -> tuple[int, bytes]:
    """What the server says to one request of the mix, sent as wrk sends it, or as to another host."""
    method, path, body = MIX[kind]
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    headers = {"x-request-id": f"soak-{kind + 1}", **({"content-type": JSON} if body else {})}
    connection.putrequest(method, path, skip_host=bool(host), skip_accept_encoding=True)
    if host:
        connection.putheader("host", host)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body:
        connection.putheader("content-length", str(len(body.encode())))
    connection.endheaders(body.encode() or None)
    told = connection.getresponse()
    content = told.read()
    connection.close()
    return told.status, content


def write_script(address: str, script: Path, writing: bool) -> int:
    """Writes the mix for wrk, with the answers that are the same each time, and says how many these are.

    writing: whether papers will be imported on the way.
    """
    lines, fixed = [], 0
    first = [answer(address, kind) for kind in range(len(MIX))]
    time.sleep(2)  # what shows an age shows another one
    for kind, (method, path, body) in enumerate(MIX):
        (status, body_before), again = first[kind], answer(address, kind)
        fields = [f'method="{method}"', f'path="{path}"', f"status={status}"]
        if body:
            fields.append(f"body=[==[{body}]==]")
        if (status, body_before) == again and not (writing and path in WRITTEN):
            fixed += 1
            expected = script.with_name(f"answer-{kind}")
            expected.write_bytes(body_before)
            fields.append(f'answer=io.open("{expected}", "rb"):read("*a")')
        lines.append("{" + ", ".join(fields) + "}")
    script.write_text(LUA % ",\n".join(lines), encoding="utf-8")
    return fixed


def load(address: str, script: Path, seconds: int) -> subprocess.Popen[str]:
    """wrk, begun with some seconds of the mix."""
    command = [
        "wrk",
        "-t2",
        "-c32",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "10s",
        "-s",
        str(script),
        address,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@contextmanager
def serving(data: Path, log: Path, workers: int = 2) -> Iterator[tuple[str, int]]:
    """The address of a server over a data folder, and its process."""
    environment = {**os.environ, "QUIRE_DATA_DIR": str(data), "QUIRE_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--workers", str(workers)]
    with log.open("w") as file:
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=file, text=True)
    try:
        yield re.sub(r".*(http\S+)\s*", r"\1", server.stdout.readline() if server.stdout else ""), server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        print(f"exit code {server.wait(60)}")
        print(log.read_text()[-2000:], end="")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--warm-up", type=int, default=60, help="seconds of load before memory is looked at")
    parser.add_argument("--kill", type=int, default=0, help="how often a worker is killed on the way")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        data, script = folder / "data", folder / "mix.lua"
        with serving(data, folder / "log") as (address, process):
            fixed = write_script(address, script, writing=bool(options.kill))
            print(
                f"{fixed} of {len(MIX)} kinds of answers are compared byte for byte, the others by their status"
            )
            load(address, script, options.warm_up).communicate()  # caches fill, threads start
            first = settled(process)
            if not options.kill:
                soak(process, address, script, options.minutes, 0, first)
                return
            undisturbed = folder / "undisturbed"
            prepare_papers(undisturbed / "papers.sqlite", undisturbed / "index")
            files = write_files(folder, PAPERS)
            expected, seconds = unbroken(undisturbed, undisturbed / "papers.sqlite", files)
            with ThreadPoolExecutor() as beside:
                importing = beside.submit(
                    killed, data, data / "papers.sqlite", files, random.Random(0), seconds
                )
                soak(process, address, script, options.minutes, options.kill, first)
                kills = importing.result()
            verdict = "the same" if content(data, data / "papers.sqlite") == expected else "NOT the same"
            print(f"{kills} imports killed on the way; store and index are {verdict} as after unbroken ones")
            with serving(undisturbed, folder / "log of the undisturbed") as (other, _):
                compare(address, other)


def compare(address: str, other: str) -> None:
    """Says how many kinds of answers are the same from two servers, each asked often enough to meet both workers."""
    told = {
        kind: {answer(server, kind, host="quire") for server in (address, other) for _ in range(8)}
        for kind in range(len(MIX))
    }
    differing = [MIX[kind][1] for kind, answers in told.items() if len(answers) > 1]
    print(f"{len(MIX) - len(differing)} kinds of answers are those of an undisturbed server; not {differing}")


def soak(process: int, address: str, script: Path, minutes: float, kill: int, first: State) -> None:
    parts = max(1, round(minutes))
    for part in range(parts):
        seconds = max(5, round(minutes * 60 / parts))
        running = load(address, script, seconds)
        for _ in range(kill // parts):
            time.sleep(seconds / (kill // parts + 1))
            if workers := workers_of(process):
                os.kill(workers[0], signal.SIGKILL)
        report = running.communicate()[0]
        now = settled(process)
        figures = {
            key: re.search(rf"^\s*{pattern}\s+(\S+)", report, re.MULTILINE)
            for key, pattern in {"p50": "50%", "p99": "99%", "a second": "Requests/sec:"}.items()
        }
        told = ", ".join(f"{key} {found[1]}" for key, found in figures.items() if found)
        different = sorted({MIX[int(kind) - 1][1] for kind in re.findall(r"different soak-(\d+)", report)})
        told += f"; {report.count('status 5')} of status 5xx, {report.count('different')} different {different or ''}"
        errors = re.search(r"Socket errors: .*", report)
        print(
            f"minute {part + 1}: {told}; "
            f"{errors[0] if errors else 'no socket errors'}; own memory {now.own / 1024:.0f} MB "
            f"({now.own / first.own - 1:+.1%}), mapped files {now.mapped / 1024:.0f} MB "
            f"({now.mapped / first.mapped - 1:+.1%}), {now.files} files ({now.files - first.files:+d})",
            flush=True,
        )


if __name__ == "__main__":
    main()
