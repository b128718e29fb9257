"""Quire where nothing but the data folder can be written to, as in a container with a read-only root."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests import library
from tests.server import QUIRE, ROOT, environment, server_process

# In a mount namespace of its own: the data folder ($1) stays as it is, all else is made read-only, and the kernels'
# folder ($2) is empty, as in an image into which no machine code was compiled. What follows is run in it.
READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t tmpfs -o ro none "$2"
for place in / /tmp /var/tmp /dev/shm "$(df --output=target "$2/.." | tail -n 1)"; do
  ! mountpoint -q "$place" || mount -o remount,bind,ro "$place"
done
cd "$3"
shift 3
exec "$@"
"""


def closed_off(data: Path) -> list[str]:
    """What to put before a command, so that it can write to this folder alone; skips where that can't be had."""
    data.mkdir()
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", READ_ONLY, "sh"]
    command += [str(data), str(ROOT / "app/tokenizer/engine/__pycache__"), str(ROOT)]
    try:
        for place, writable in ((data, True), (data.parent, False), (ROOT, False), (Path("/tmp"), False)):
            tried = subprocess.run([*command, "touch", place / "tried"], capture_output=True, check=False)
            if b"unshare" in tried.stderr or b"mount:" in tried.stderr:
                pytest.skip(f"no mount namespace can be had here: {tried.stderr.decode()}")
            assert (tried.returncode == 0) == writable, place
    except FileNotFoundError:
        pytest.skip("unshare is of Linux alone")
    return command


def test_one_folder_that_can_be_written_to_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # as good as none, says the specification
    monkeypatch.delenv("TMPDIR", raising=False)
    data = tmp_path / "data"
    before = closed_off(data)
    records = library.write(tmp_path / "records.jsonl")
    imported = subprocess.run(
        [*before, *QUIRE, "papers", "import", str(records)],
        env=environment(data),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert imported.returncode == 0, imported.stderr.decode()
    with (
        server_process(data, "--workers", "2", settings={"RATE_LIMIT": "1000"}, before=before) as (
            address,
            _,
        ),
        httpx.Client(base_url=address, trust_env=False, timeout=300) as client,
    ):
        ready = client.get("/readyz")
        assert ready.status_code == 200, ready.text
        encoded = client.post("/api/v1/encode", json={"text": "Cut me into pieces"})
        assert encoded.status_code == 200
        assert encoded.json()["ids"]
        assert client.get("/api/v1/papers").json()["items"]
    assert list(data.glob("cache/quire/kernels-*.code")), "what was compiled is kept for the next start"


def test_kernels_are_compiled_also_where_their_code_cannot_be_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [*closed_off(tmp_path / "data"), sys.executable, "-c", "import app.papers.meaning.kernels"],
        env={**os.environ, "XDG_CACHE_HOME": "", "HOME": "/"},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
