"""A real server over a real socket, with three small models of our own making."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.tokenizer import Model, Tokenizer
from app.tokenizer.model import Card
from tests.server import serving

WORDS = (
    "the fox dog over down token tokens all way is he llo hello world café déjà 你好 世界 天气 ，世界 。\n"
)
COUNTS = {
    **{bytes([byte]): 1 for byte in range(256)},
    **{word.encode(): 50 + len(word) for word in WORDS.split(" ")},
    **{f" {word}".encode(): 70 for word in ("the", "fox", "dog", "is", "way")},
    "天".encode()[:2]: 90,  # pieces need not be whole characters
    "é".encode()[1:] + b" ": 30,
}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "models"
    write_models(folder)
    return folder


def write_models(folder: Path) -> None:
    """`default`; `bare`, single bytes that leave texts as they are; `marked`, which adds bos and eos; `broken`."""
    folder.mkdir()
    card = Card(
        corpus="made up for tests",
        licence="Apache-2.0",
        bytes_per_token=2.5,
        bytes_per_token_by_script={"Latin": 2.5},
        extra={"training": {"order": 4}},
    )
    Model.from_counts("default", COUNTS, card).save(folder / "default.model")
    bare = Model.from_counts("bare", {bytes([byte]): 1 for byte in range(256)}, Card(normalization=None))
    bare.save(folder / "bare.model")
    Model.from_counts("marked", COUNTS, Card(add_bos=True, add_eos=True)).save(folder / "marked.model")
    (folder / "broken.model").write_text('{"QQ==": [3, "A", 1]}')


@pytest.fixture(scope="session")
def address(model_folder: Path) -> Iterator[str]:
    """Where a server with small limits listens."""
    limits = {
        "MAX_BODY_BYTES": "400000",
        "MAX_TEXT_BYTES": "200000",
        "MAX_BATCH": "20",
        "MAX_IDS": "5000",
        "MAX_MODEL_LEN": "20000",
        "MAX_LATTICE_BYTES": "200",
        "OFFLINE": "true",
    }
    with serving(model_folder.parent, settings=limits) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def tokenizer(model_folder: Path) -> Tokenizer:
    """The default model's, in this process."""
    return Tokenizer.load(model_folder / "default.model")
