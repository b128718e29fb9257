"""A dask_cluster of worker processes trains what one machine trains, also when one of them is killed on the way."""

import json
import lzma
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from app.errors import InputError, RecordError
from app.tokenizer.training import cluster, compression
from app.tokenizer.training.corpus import Corpus
from app.tokenizer.training.trainer import Trainer
from tests.shared import shared

pytestmark = pytest.mark.filterwarnings("default")  # Dask's own, in its shutting down


@pytest.fixture(scope="module")
def dask_cluster() -> Iterator[Any]:
    make: Any = LocalCluster  # which has no types
    with make(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as dask_cluster:
        yield dask_cluster


def write_files(folder: Path) -> Corpus:
    """One large file, which several tasks count, a compressed one, which one task counts, and an empty one."""
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    lines = [(json.dumps({"text": text}) + "\n").encode() for text in texts]
    (folder / "large.jsonl").write_bytes(b"".join(lines[20:]))
    (folder / "small.jsonl.xz").write_bytes(lzma.compress(b"".join(lines[:20])))
    (folder / "empty.jsonl").write_text("")
    return Corpus([str(folder / name) for name in ("large.jsonl", "small.jsonl.xz", "empty.jsonl")])


def test_the_result_is_one_machine_s_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dask_cluster: Any
) -> None:
    read: Counter[str] = Counter()
    told: dict[str, tuple[int, int]] = {}
    texts = replace(write_files(tmp_path), on_read=lambda size: read.update(bytes=size))
    expected = shared("bytepiece/reference_default_2000.model").read_bytes()
    by_range = cluster._Cluster._by_range
    calls: list[Any] = []

    def kill_then(self: Any, runs: list[Any], *arguments: Any) -> list[Any]:
        """Before the pieces are merged, one of the workers that hold them goes."""
        calls.append(runs)
        if len(calls) == 2:
            victim = next(iter(self._client.who_has([runs[0]]).values()))[0]
            pid = self._client.run(os.getpid, workers=[victim])[victim]
            os.kill(pid, signal.SIGKILL)
        return by_range(self, runs, *arguments)

    monkeypatch.setattr(cluster._Cluster, "_by_range", kill_then)
    monkeypatch.setattr(cluster, "LEAST_PART", 64 << 10)
    (model,) = cluster.train(
        Trainer(vocab_size=2000),
        texts,
        dask_cluster.scheduler_address,
        lambda stage, done, total: told.update({stage: (done, total)}),
    )
    assert len(calls) == 2
    assert model.to_bytes() == expected
    assert list(told) == ["count n-grams", "score n-grams", "count pieces", "merge pieces", "prune pieces"]
    assert all(done == total for done, total in told.values())
    assert told["count n-grams"][1] > 4, "a large file is counted by several tasks"
    assert read["bytes"] == 2 * texts.check(), "once for n-grams, once for pieces"


@pytest.mark.parametrize(
    "trainer",
    [
        Trainer(vocab_size=[2000, 900], objective="compression", character_coverage=0.99),
        Trainer(vocab_size=1500, character_coverage=0.999),
    ],
)
def test_other_objectives_and_covered_characters_give_one_machine_s_model_too(
    trainer: Trainer[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dask_cluster: Any
) -> None:
    texts = write_files(tmp_path)
    monkeypatch.setattr(cluster, "LEAST_PART", 64 << 10)
    monkeypatch.setattr(compression, "SAMPLE_BYTES", 100 << 10)
    spread = cluster.train(trainer, texts, dask_cluster.scheduler_address)
    alone = trainer.train(texts, threads=1)
    assert [model.to_bytes() for model in spread] == [
        model.to_bytes() for model in (alone if isinstance(alone, list) else [alone])
    ]
    assert all(model.card.extra["unicode"] for model in spread)


def test_a_bad_line_of_a_part_is_reported_with_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dask_cluster: Any
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "good"}\n' * 300 + '{"text": 5}\n' + '{"text": "good"}\n' * 300)
    monkeypatch.setattr(cluster, "LEAST_PART", 1 << 10)
    with pytest.raises(RecordError, match=r"bad\.jsonl:301: no string at the key 'text'"):
        cluster.train(Trainer(), Corpus([str(path)]), dask_cluster.scheduler_address)


def test_a_scheduler_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it should be like tcp://"):
        cluster.train(Trainer(), Corpus([str(tmp_path)]), "nowhere:8786")
    with pytest.raises(InputError, match="can't be reached"):
        cluster.train(Trainer(), Corpus([str(tmp_path)]), "tcp://127.0.0.1:1")
