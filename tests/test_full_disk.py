"""A full disk: each command says so in a line, nothing that was stored is lost, and a running server goes on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, environment

# In a mount namespace of its own, with a small file system as the data folder ($1); the records are in $2.
STORY = r"""
set -u
quire() { "$PYTHON" -m app.cli "$@" 2>>"$OUT/said"; echo "$1 $2 $?"; }
mount -t tmpfs -o size=2m none "$1"
quire papers import "$2"
mount -o remount,size=64m "$1"
quire papers import "$2"
quire papers check
quire papers export "$OUT/exported.jsonl"
"$PYTHON" -m app.cli serve --port 0 --workers 2 >"$OUT/address" 2>/dev/null &
until grep -q http "$OUT/address"; do kill -0 $! || exit 1; sleep 0.1; done
dd if=/dev/zero of="$1/fill" bs=64k 2>/dev/null
quire backup "$1/backup"
echo '{"id": "2606.99999", "title": "T", "abstract": "A", "categories": "cs.AI"}' >"$OUT/one.jsonl"
quire papers import "$OUT/one.jsonl"
"$PYTHON" - "$(grep -o 'http[^ ]*' "$OUT/address")" <<'END'
import sys, httpx
with httpx.Client(base_url=sys.argv[1], trust_env=False, timeout=300) as client:
    for _ in range(4):
        print("server", client.get("/api/v1/papers?q=word").json()["total"], client.get("/readyz").status_code,
              client.post("/tokenize", json={"prompt": "a"}).status_code)
END
ls "$1"
kill $!
wait $!
echo "stopped $?"
"""

# The same for the folder of temporary files ($2): no room for a server is told, and one that has started goes on.
TEMPORARY = r"""
set -u
export TMPDIR="$2" QUIRE_RATE_LIMIT=1000 QUIRE_LOG_LEVEL=error
serve() { exec "$PYTHON" -m app.cli serve --port 0 --workers 2 >"$OUT/address" 2>>"$OUT/said"; }
mount -t tmpfs -o size=1m none "$2"
(serve)
echo "without room $?"
mount -o remount,size=32m "$2"
serve &
until grep -q http "$OUT/address"; do kill -0 $! || exit 1; sleep 0.1; done
dd if=/dev/zero of="$2/fill" bs=64k 2>/dev/null
"$PYTHON" - "$(grep -o 'http[^ ]*' "$OUT/address")" $! <<'END'
import os, signal, sys, time, httpx
from types import SimpleNamespace
from tests.server import workers_of
address, server = sys.argv[1], SimpleNamespace(pid=int(sys.argv[2]))
paths = ["/", "/arxiv/quire", "/search?q=token", "/api/v1/papers?limit=5", "/arxiv/quire/feed", "/nowhere", "/version"]
def ask(client):
    for path in paths:
        client.get(path)
    client.post("/tokenize", json={"prompt": "a"})
for _ in range(20):
    with httpx.Client(base_url=address, trust_env=False, timeout=300) as client:
        ask(client)
before = workers_of(server)
os.kill(min(before), signal.SIGKILL)
while len(workers_of(server) - before) < 1:
    time.sleep(0.05)
for _ in range(20):
    with httpx.Client(base_url=address, trust_env=False, timeout=300) as client:
        ask(client)
with httpx.Client(base_url=address, trust_env=False, timeout=300) as client:
    counted = [line for line in client.get("/metrics").text.splitlines() if 'route="/version"' in line]
print("killed", len(before - workers_of(server)))
print("counted", *(line.split()[1] for line in counted if line.startswith("http_requests_total")))
END
kill $!
wait $!
echo "stopped $?"
"""


def run_in_namespace(story: str, tmp_path: Path, *arguments: Path) -> tuple[list[str], str]:
    """What a story printed, and what its commands said; the data folder is its first argument."""
    tried = ["unshare", "--mount", "--map-root-user", "true"]
    if not shutil.which("unshare") or subprocess.run(tried, check=False).returncode:
        pytest.skip("no mount namespace can be had here")
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    out.mkdir()
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", story, "sh", str(data), *map(str, arguments)],
        env={**environment(data), "PYTHON": sys.executable, "OUT": str(out)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(done.stdout, done.stderr)
    return done.stdout.splitlines(), (out / "said").read_text()


def test_a_full_folder_of_temporary_files_is_reported_at_the_start_and_stops_no_server(
    tmp_path: Path,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    told, said = run_in_namespace(TEMPORARY, tmp_path, temporary)
    assert told == ["without room 1", "killed 1", "counted 40.0", "stopped 0"], said
    assert said.splitlines()[0].startswith(f"quire: there is no room for 2 MB in {temporary}")
    assert "Traceback" not in said
    assert said.count("a worker died") == 1, "the one that was killed"


def test_a_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    with records.open("w") as file:
        for number in range(1, 2501):
            record = {"id": f"2606.{number:05}", "title": f"Paper {number}", "categories": "cs.AI"}
            words = " ".join(f"word{number * place % 9973}" for place in range(120))
            file.write(
                json.dumps({**record, "abstract": f"A word, {words}.", "update_date": "2026-06-30"}) + "\n"
            )
    told, said = run_in_namespace(STORY, tmp_path, records)
    results = [line for line in told if line.split()[0] in ("papers", "backup")]
    assert results == [
        "papers import 1",
        "papers import 0",
        "papers check 0",
        "papers export 0",
        f"backup {tmp_path}/data/backup 1",
        "papers import 1",
    ]
    assert said.count("is full") == 3
    assert "Traceback" not in said
    assert len((tmp_path / "out/exported.jsonl").read_text().splitlines()) == 2500
    assert told.count("server 2500 200 200") == 4, "who reads is not disturbed"
    assert "backup.part" not in told, "what could not be finished is cleared away"
    assert told[-1] == "stopped 0"
