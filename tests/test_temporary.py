"""A temporary folder goes with its process, or, where that was killed, when the next one of its kind starts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from app.temporary import temporary_folder
from tests.server import ROOT, server_process, wait_for, workers_of

HOLDS = """
import os, sys, time
from pathlib import Path
from app.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1]), "quire-test-") as folder:
    (folder / "large").write_bytes(bytes(1000))
    if child := os.fork():
        print(child, flush=True)
    time.sleep(600)
"""


def holder(place: Path) -> tuple["subprocess.Popen[str]", int]:
    """A process that holds a folder, and the id of one that it forked meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_a_folder_ends_with_its_block(tmp_path: Path) -> None:
    with temporary_folder(tmp_path, "quire-test-") as folder:
        (folder / "file").touch()
        assert [*tmp_path.iterdir()] == [folder]
    assert [*tmp_path.iterdir()] == []


def test_what_a_killed_process_left_goes_at_the_next_start_and_not_before_all_who_share_it_ended(
    tmp_path: Path,
) -> None:
    process, child = holder(tmp_path)
    with process:
        try:
            (left,) = tmp_path.iterdir()
            process.kill()
            process.wait()
            with temporary_folder(tmp_path, "quire-test-"):
                assert left.exists(), "the process that was forked uses it still"
        finally:
            os.kill(child, signal.SIGKILL)

    def removed() -> bool:
        with temporary_folder(tmp_path, "quire-test-"):
            return not left.exists()

    wait_for(removed)


def test_what_is_not_such_a_folder_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (tmp_path / "quire-test-file").touch()
    (tmp_path / "quire-test-link").symlink_to(other)
    (tmp_path / "quire-others").mkdir()
    before = sorted(tmp_path.iterdir())
    with temporary_folder(tmp_path, "quire-test-"):
        pass
    assert sorted(tmp_path.iterdir()) == before


def kill_with_workers(process: "subprocess.Popen[str]") -> None:
    """Kills a server and waits until its workers, which it leaves alone, have ended too."""
    workers = workers_of(process)
    process.kill()
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_server_removes_what_killed_servers_left(library_folder: Path, tmp_path: Path) -> None:
    before = ["env", f"TMPDIR={tmp_path}"]
    for _ in range(2):
        with server_process(library_folder, "--workers", "2", before=before) as (_, process):
            assert len([*tmp_path.iterdir()]) == 1
            kill_with_workers(process)
        assert len([*tmp_path.iterdir()]) == 1
    with server_process(library_folder, before=before):
        pass
    assert [*tmp_path.iterdir()] == []
