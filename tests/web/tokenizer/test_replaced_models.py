"""The file of a model that is replaced while the model is asked: each answer is whole, and of one file or the other."""

import json
import threading
from base64 import b64decode
from pathlib import Path
from time import monotonic

import httpx

from app.tokenizer.model import MAX_PIECE_BYTES, Model
from app.tokenizer.tokenizer import Tokenizer
from tests.server import PATIENCE, ROOT, server_process

TEXT = "a piece, and another; " * 4_000  # its answer has some megabytes
LONGEST = "x" * MAX_PIECE_BYTES
SWAPS = 12


def files() -> list[tuple[bytes, int | None]]:
    """Models, one with the longest piece there may be, each with its count of that; and a file that can't be used."""
    small = (ROOT / "models/small.model").read_bytes()
    model = Model.load(ROOT / "models/small.model")
    counts = dict(zip(model.pieces, map(int, model.counts), strict=True))
    longest = Model.from_counts("m", counts | {LONGEST.encode(): 1}).to_bytes()
    content = json.loads(small)
    content["eHh4" * 333_333] = [len(content) + 3, "x" * 999_999, 1]
    usable = small, Tokenizer(model).count(LONGEST)
    return [usable, (longest, 1), usable, (json.dumps(content).encode(), None)]


def test_a_model_that_is_replaced_under_load_cuts_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "models" / "m.model"
    path.parent.mkdir()
    several = files()
    path.write_bytes(several[0][0])
    done = threading.Event()
    answered: list[int] = []
    lost: list[str] = []

    def ask(address: str, wanted: list[str]) -> None:
        with httpx.Client(timeout=300, trust_env=False) as client:
            while not done.is_set():
                asked = {"model": "m", "text": TEXT, "return": wanted}
                try:
                    answer = client.post(f"{address}/api/v1/encode", json=asked)
                    content = answer.json()
                except (httpx.HTTPError, ValueError) as error:
                    lost.append(repr(error))
                    return
                pieces = content.get("pieces")
                if pieces and b"".join(b64decode(piece["b64"]) for piece in pieces).decode() != TEXT:
                    lost.append("other pieces than the text's")
                answered.append(answer.status_code)

    with server_process(tmp_path, settings={"OFFLINE": "true"}) as (address, process):
        asking = [threading.Thread(target=ask, args=(address, wanted)) for wanted in ([], ["pieces"])]
        for one in asking:
            one.start()
        with httpx.Client(timeout=300, trust_env=False) as client:
            for number in range(1, SWAPS + 1):
                content, count = several[number % len(several)]
                begun = path.with_suffix(".new")
                begun.write_bytes(content)
                begun.replace(path)
                # A model is used for a second before its file is looked at again.
                asked = {"model": "m", "text": LONGEST}
                deadline = monotonic() + PATIENCE
                while client.post(f"{address}/api/v1/count", json=asked).json().get("count") != count:
                    assert monotonic() < deadline
        done.set()
        for one in asking:
            one.join()
        assert process.poll() is None
    assert lost == []
    assert set(answered) == {200, 422}
