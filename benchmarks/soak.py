"""Minutes of mixed load on a server with two workers: latencies, failures, and whether memory and files stay level.

Run: `.venv/bin/python -m benchmarks.soak --minutes 10`. Needs wrk (Debian: wrk) and Linux. The mix is short texts in
each dialect, long texts, pages, lists, searches, feeds and requests that are wrong. With `--kill`, a worker is killed
(SIGKILL) that many times on the way. Answers are counted by their status; what they say is not compared.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

LUA = """
local short = '{"prompt": "Tokens all the way down: 字节也一样"}'
local long = '{"text": "' .. string.rep("A unigram tokenizer cuts texts. 分词器把文本切成词元。", 400) .. '"}'
local json = {["content-type"] = "application/json"}
local kinds = {
  {"POST", "/tokenize", short}, {"POST", "/tokenize", '{"content": "Hello", "with_pieces": true}'},
  {"POST", "/tokenize", '{"inputs": ["Hello", "你好"]}'}, {"POST", "/api/v1/encode", long},
  {"POST", "/api/v1/count", long}, {"POST", "/api/v1/lattice", '{"text": "unigram"}'},
  {"POST", "/detokenize", '{"tokens": [300, 301, 302]}'},
  {"GET", "/"}, {"GET", "/arxiv/quire"}, {"GET", "/arxiv/quire/0001"}, {"GET", "/search?q=tokenizer"},
  {"GET", "/arxiv/quire/feed"}, {"GET", "/api/v1/papers?limit=10"}, {"GET", "/static/js/list.js"}, {"GET", "/readyz"},
  {"POST", "/tokenize", '{"prompt": 3}'}, {"POST", "/api/v1/encode", '{"text": '}, {"GET", "/arxiv/9999.99999"},
}
local number = 0
function init() math.randomseed(os.time()) end
function request()
  number = math.random(#kinds)
  local kind = kinds[number]
  return wrk.format(kind[1], kind[2], kind[3] and json, kind[3])
end
local broken = 0
function response(status) if status >= 500 then broken = broken + 1; print("status " .. status) end end
"""


def workers_of(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def state(process: int) -> tuple[int, int]:
    """Kilobytes of memory that the server's processes hold together (PSS), and how many files they have open."""
    memory = files = 0
    for pid in [process, *workers_of(process)]:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        memory += int(found[1]) if found else 0
        files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return memory, files


def settled(process: int) -> tuple[int, int]:
    """The state when no connection of the load is open any more."""
    time.sleep(3)
    return state(process)


def load(address: str, script: Path, seconds: int) -> tuple[str, int]:
    """wrk's report of some seconds of the mix, and how many answers were of status 500 and above."""
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
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return output, output.count("status 5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kill", type=int, default=0, help="how often a worker is killed on the way")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "mix.lua"
        script.write_text(LUA, encoding="utf-8")
        environment = {**os.environ, "QUIRE_DATA_DIR": str(folder / "data"), "QUIRE_LOG_LEVEL": "error"}
        command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--workers", "2"]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            address = re.sub(r".*(http\S+)\s*", r"\1", server.stdout.readline() if server.stdout else "")
            load(address, script, 30)  # caches fill, threads start
            first = settled(server.pid)
            soak(server.pid, address, script, options.minutes, options.kill, first)
        finally:
            server.send_signal(signal.SIGTERM)
            print(f"exit code {server.wait(60)}")
            print((folder / "log").read_text()[-2000:], end="")


def soak(process: int, address: str, script: Path, minutes: float, kill: int, first: tuple[int, int]) -> None:
    parts = max(1, round(minutes))
    for part in range(parts):
        seconds = max(5, round(minutes * 60 / parts))
        if kill:
            command = ["wrk", "-t2", "-c32", f"-d{seconds}s", "--latency", "-s", str(script), address]
            running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for _ in range(max(1, kill // parts)):
                time.sleep(seconds / (kill // parts + 1))
                if workers := workers_of(process):
                    os.kill(workers[0], signal.SIGKILL)
            report = running.communicate()[0]
            broken = report.count("status 5")
        else:
            report, broken = load(address, script, seconds)
        memory, files = settled(process)
        figures = {
            key: re.search(rf"^\s*{pattern}\s+(\S+)", report, re.MULTILINE)
            for key, pattern in {"p50": "50%", "p99": "99%", "a second": "Requests/sec:"}.items()
        }
        told = ", ".join(f"{key} {found[1]}" for key, found in figures.items() if found)
        errors = re.search(r"Socket errors: .*", report)
        print(
            f"minute {part + 1}: {told}; {broken} of status 5xx; {errors[0] if errors else 'no socket errors'}; memory "
            f"{memory / 1024:.0f} MB ({memory / first[0] - 1:+.1%}), {files} files ({files - first[1]:+d})",
            flush=True,
        )


if __name__ == "__main__":
    main()
