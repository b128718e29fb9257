"""Models are served by their name alone, read anew when replaced, and never another than was asked for."""

import zipfile
from pathlib import Path

import pytest

from app.errors import ModelError, NotFound
from app.tokenizer import Model
from app.tokenizer.registry import ModelRegistry

BYTES = {bytes([byte]): 1 for byte in range(256)}


@pytest.fixture
def models(tmp_path: Path) -> ModelRegistry:
    for folder, piece in (("own", b"own"), ("shipped", b"shipped")):
        (tmp_path / folder).mkdir()
        Model.from_counts("default", {**BYTES, piece: 5}).save(tmp_path / folder / "default.model")
    return ModelRegistry((tmp_path / "own", tmp_path / "shipped"), "default", 1 << 20, 1)


def test_the_first_folder_wins_and_none_is_the_default(models: ModelRegistry) -> None:
    assert models.get(None) is models.get("default")
    assert b"own" in models.get(None).model.pieces


@pytest.mark.parametrize("name", ["", "other", "../shipped/default", "default.model", "a/b", "x" * 500])
def test_what_is_no_models_name_is_not_found_and_never_answered_by_another(
    models: ModelRegistry, name: str
) -> None:
    with pytest.raises(NotFound, match="there are: default"):
        models.get(name)


def test_a_replaced_file_is_read_anew_and_only_so_many_stay(models: ModelRegistry, tmp_path: Path) -> None:
    before = models.get(None)
    Model.from_counts("default", {**BYTES, b"new": 5}).save(tmp_path / "own" / "default.model")
    Model.from_counts("other", BYTES).save(tmp_path / "own" / "other.model")
    assert b"new" in models.get(None).model.pieces
    assert models.get(None) is not before
    kept = models.get("other")
    assert models.get("other") is kept
    models.get(None)
    assert models.get("other") is not kept, "one model stays at the most"


def test_a_model_in_a_zip_is_served_under_its_name_after_one_that_is_not(
    models: ModelRegistry, tmp_path: Path
) -> None:
    for name, piece in (("zipped", b"zipped"), ("default", b"never")):
        Model.from_counts(name, {**BYTES, piece: 5}).save(tmp_path / "inner.model")
        with zipfile.ZipFile(tmp_path / "own" / f"{name}.zip", "w") as archive:
            archive.write(tmp_path / "inner.model", "inner.model")
    assert models.names() == ["default", "zipped"]
    assert b"zipped" in models.get("zipped").model.pieces
    assert b"own" in models.get("default").model.pieces


def test_a_broken_file_is_told_of_by_its_name_and_not_by_where_it_lies(
    models: ModelRegistry, tmp_path: Path
) -> None:
    (tmp_path / "own" / "broken.model").write_text("{")
    Model.from_counts("carded", BYTES).save(tmp_path / "own" / "carded.model")
    (tmp_path / "own" / "carded.card.json").write_text("[]")
    for name in ("broken.model", "carded.card.json"):
        with pytest.raises(ModelError, match=f"^{name}") as raised:
            models.get(name.split(".")[0])
        assert str(tmp_path) not in str(raised.value)
