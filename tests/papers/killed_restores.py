"""Restores, and backs up, a store again and again, each time killed a step later, and looks at what is left.

Run by `test_backup.py` in a process of its own, which forks for each try. Prints how many points were tried.
"""

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from app.errors import QuireError
from app.papers.backup import back_up, restore
from app.papers.maintenance import check
from app.papers.search.indexing import open_index, read_state
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing

STEPS = {
    "open", "sqlite3.connect", "sqlite3.connect/handle", "os.rename", "os.remove", "os.mkdir", "os.rmdir",
    "os.scandir", "os.listdir", "shutil.rmtree", "fcntl.flock", "fcntl.lockf",
}  # fmt: skip
"""What Python says of files before it is done (https://docs.python.org/3/library/audit_events.html)."""


def _killed_at(step: int, work: Callable[[], object]) -> bool:
    """Whether a process that does the work was killed at a step; False where it was done before."""
    if (child := os.fork()) == 0:
        left = step

        def look(event: str, _arguments: object) -> None:
            nonlocal left
            if event in STEPS and (left := left - 1) < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(look)
        work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


def _in_a_child(work: Callable[[], None]) -> None:
    if (child := os.fork()) == 0:
        failed = 1
        try:
            work()
            failed = 0
        except (AssertionError, OSError, QuireError):
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(failed)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit("what a killed process left is not well; see above")


def _papers(path: Path) -> list[str]:
    with Store(path) as store:
        return [f"{paper.id} {paper.title}" for paper in store.all_papers()]


def _look(data: Path, old: list[str], new: list[str]) -> None:
    store, index = data / "papers.sqlite", data / "index"
    there = _papers(store)
    assert there in (old, new), "a store between both"
    kept = list(data.glob("papers.sqlite.before-restore-*"))
    for path in kept:
        assert _papers(path) == old, f"{path} should be a safety copy"
    assert there == old or kept, "no safety copy"
    with Store(store) as opened:
        behind = _differs(index, opened)
    findings = check(store, index)
    assert bool(findings) == behind, findings
    with open_for_writing(store, "the next command"), Store(store) as opened, open_index(index, opened):
        pass
    assert check(store, index) == []
    assert SearchIndex(index).search(Search("tokenizer")).total > 0


def _differs(index: Path, store: Store) -> bool:
    state = read_state(index)
    return state is None or (state.store, state.changes) != (store.identity, store.changes)


def main(library: Path, backup: Path, place: Path) -> None:
    """Kill restores of `backup` into copies of the folder `library`, then backups of it, made in `place`."""
    old, new = _papers(library / "papers.sqlite"), _papers(backup)
    assert old != new
    tried = 0
    for step in count():
        data = place / str(step)
        shutil.copytree(library, data)
        killed = _killed_at(step, partial(restore, data / "papers.sqlite", data / "index", backup))
        _in_a_child(partial(_look, data, old, new))
        shutil.rmtree(data)
        tried += 1
        if not killed:
            break
    for step in count():
        target = place / "copy"
        shutil.copy(backup, target)  # what is there already
        killed = _killed_at(step, partial(back_up, library / "papers.sqlite", target))
        _in_a_child(partial(_assert_whole, target, old, new))
        tried += 1
        if not killed:
            break
    print(tried)


def _assert_whole(target: Path, old: list[str], new: list[str]) -> None:
    assert _papers(target) in (old, new), "half a backup"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
