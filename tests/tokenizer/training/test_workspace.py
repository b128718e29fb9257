"""What a training finished is found again by the same training, and by no other."""

from pathlib import Path

import pytest

from app.errors import FileError, InputError
from app.tokenizer.training.workspace import Workspace


def finish(workspace: Workspace, stage: str, content: str) -> None:
    with workspace.finishing(stage) as folder:
        (folder / "result").write_text(content)


def test_a_finished_stage_is_found_again_and_an_unfinished_one_is_not(tmp_path: Path) -> None:
    with Workspace(tmp_path / "a", {"order": 6}) as first:
        finish(first, "one", "1")
        with pytest.raises(FileNotFoundError), first.finishing("two") as folder:
            (folder / "no such folder" / "result").write_text("2")
    with Workspace(tmp_path / "a", {"order": 6}, resume=True) as second:
        found = second.finished("one")
        assert found is not None
        assert (found / "result").read_text() == "1"
        assert second.finished("two") is None
        second.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_a_stopped_training_left_is_reported(tmp_path: Path) -> None:
    with Workspace(tmp_path / "a", {"order": 6}) as first:
        finish(first, "one", "1")
    with (
        pytest.raises(InputError, match="continue it with --resume"),
        Workspace(tmp_path / "a", {"order": 6}),
    ):
        pass
    other = Workspace(tmp_path / "a", {"order": 5}, resume=True)
    with pytest.raises(InputError, match="from other texts or options"), other:
        pass
    assert (tmp_path / "a" / "one" / "result").exists()


def test_nothing_is_left_where_nothing_was_finished(tmp_path: Path) -> None:
    with Workspace(tmp_path / "a", {}) as workspace:
        (workspace.scratch / "counts").write_text("…")
    assert list(tmp_path.iterdir()) == []


def test_two_trainings_can_not_share_a_folder(tmp_path: Path) -> None:
    second = Workspace(tmp_path / "a", {}, resume=True)
    with Workspace(tmp_path / "a", {}), pytest.raises(InputError, match="in use"), second:
        pass


def test_a_folder_that_can_not_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="can't be written"), Workspace(tmp_path / "file" / "a", {}):
        pass
