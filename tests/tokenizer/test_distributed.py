"""A cluster of worker processes trains what one machine trains, also when one of them is killed on the way."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from app.errors import InputError
from app.tokenizer import distributed
from app.tokenizer.corpus import Corpus
from app.tokenizer.trainer import Trainer
from tests.shared import shared

pytestmark = pytest.mark.filterwarnings("default")  # Dask's own, in its shutting down


def write_files(folder: Path) -> Corpus:
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    paths = [folder / f"{number}.jsonl" for number in range(6)]
    for number, path in enumerate(paths):
        lines = [json.dumps({"text": text}) + "\n" for text in texts[number::6]]
        path.write_text("".join(lines), encoding="utf-8")
    (folder / "empty.jsonl").write_text("")
    return Corpus([*map(str, paths), str(folder / "empty.jsonl")])


def test_the_result_is_one_machine_s_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = write_files(tmp_path)
    expected = shared("bytepiece/reference_default_2000.model").read_bytes()
    by_range = distributed._Cluster._by_range
    calls: list[Any] = []
    make: Any = LocalCluster  # which has no types
    with make(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:

        def kill_then(self: Any, runs: list[Any], *arguments: Any) -> list[Any]:
            """Before the pieces are merged, one of the workers that hold them goes."""
            calls.append(runs)
            if len(calls) == 2:
                runs[0].result()
                victim = next(iter(self._client.who_has([runs[0]]).values()))[0]
                pid = self._client.run(os.getpid, workers=[victim])[victim]
                os.kill(pid, signal.SIGKILL)
            return by_range(self, runs, *arguments)

        monkeypatch.setattr(distributed._Cluster, "_by_range", kill_then)
        (model,) = distributed.train(Trainer(vocab_size=2000), texts, cluster.scheduler_address)
    assert len(calls) == 2
    assert model.to_bytes() == expected


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it should be like tcp://"):
        distributed.train(Trainer(), Corpus([str(tmp_path)]), "nowhere:8786")
    with pytest.raises(InputError, match="can't be reached"):
        distributed.train(Trainer(), Corpus([str(tmp_path)]), "tcp://127.0.0.1:1")
