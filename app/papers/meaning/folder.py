"""Embedding by a model in a folder, run here by onnxruntime: `model.onnx` and `tokenizer.json` as the Hub has them.

How a text becomes ids is an argument. The vectors of a text's tokens are averaged, unless the folder's pooling says
that the first one stands for all, or the model gives one vector for a text by itself.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.errors import EmbedError
from app.papers.meaning.embedder import Embedder

MODEL_FILES = ("model.onnx", "onnx/model.onnx")
_TOGETHER = 16
"""Texts of nearly one length that the model is run with at once: more gain nothing on a processor."""

_USUAL_TOKENS = 512


class FolderEmbedder(Embedder):
    """Runs a model. It is loaded when it is first asked, so that workers that are forked before do not share it."""

    kind = "folder"

    def __init__(
        self,
        folder: Path,
        encode: Callable[[str], Sequence[int]],
        around: tuple[Sequence[int], Sequence[int]] = ((), ()),
        prefixes: tuple[str, str] = ("", ""),
        threads: int = 1,
    ) -> None:
        """`encode` gives the ids of a text; `around` are those that stand before every text and after it.

        Raises EmbedError where the folder holds no model.
        """
        super().__init__(folder.resolve().name, prefixes)
        self._path = next((folder / name for name in MODEL_FILES if (folder / name).is_file()), None)
        if self._path is None:
            raise EmbedError(f"{folder} holds no model.onnx (QUIRE_EMBED_FOLDER)")
        self._encode = encode
        self._before, self._after = list(around[0]), list(around[1])
        self._most = _most_tokens(folder)
        self._first_token = _takes_first_token(folder)
        self._threads = threads
        self._loading = Lock()
        self._session: Any = None

    def _embed(self, texts: Sequence[str], *, patient: bool) -> NDArray[Any]:  # noqa: ARG002 - it runs here
        room = max(1, self._most - len(self._before) - len(self._after))
        ids = [[*self._before, *list(self._encode(text))[:room], *self._after] for text in texts]
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        found: list[NDArray[Any]] = [np.zeros(0)] * len(ids)
        for start in range(0, len(order), _TOGETHER):
            places = order[start : start + _TOGETHER]
            for place, vector in zip(places, self._run([ids[place] for place in places]), strict=True):
                found[place] = vector
        return np.stack(found)

    def _run(self, ids: list[list[int]]) -> NDArray[Any]:
        longest = max(1, *map(len, ids))
        tokens = np.zeros((len(ids), longest), np.int64)
        mask = np.zeros((len(ids), longest), np.int64)
        for row, given in enumerate(ids):
            tokens[row, : len(given)] = given
            mask[row, : len(given)] = 1
        session = self._loaded()
        given_inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        names = [item.name for item in session.get_inputs()]
        if unknown := [name for name in names if name not in given_inputs]:
            raise EmbedError(f"{self._path} wants {', '.join(unknown)}, which a text alone does not give")
        try:
            outputs = session.run(None, {name: given_inputs[name] for name in names})
        except Exception as error:
            raise EmbedError(f"{self._path} failed: {error}") from error
        whole = [output for output in outputs if output.ndim == 2]
        if whole:
            return np.asarray(whole[-1])
        if self._first_token:
            return np.asarray(outputs[0][:, 0])
        weights = mask[:, :, None].astype(np.float32)
        return np.asarray((outputs[0] * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1))

    def _loaded(self) -> Any:
        with self._loading:
            if self._session is None:
                try:
                    import onnxruntime
                except ImportError as error:
                    raise EmbedError(
                        "QUIRE_EMBED_FOLDER needs onnxruntime; install Quire with its extra `meaning`"
                    ) from error
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._threads or os.cpu_count() or 1
                options.inter_op_num_threads = 1
                try:
                    self._session = onnxruntime.InferenceSession(
                        str(self._path), options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:
                    raise EmbedError(
                        f"{self._path} is not a model that onnxruntime can run: {error}"
                    ) from error
            return self._session


def _most_tokens(folder: Path) -> int:
    """How many tokens the model takes, by whichever of the folder's files says so."""
    for name, key in (
        ("sentence_bert_config.json", "max_seq_length"),
        ("config.json", "max_position_embeddings"),
    ):
        value = _setting(folder / name, key)
        if isinstance(value, int) and value > 0:
            return min(value, _USUAL_TOKENS)
    return _USUAL_TOKENS


def _takes_first_token(folder: Path) -> bool:
    return _setting(folder / "1_Pooling" / "config.json", "pooling_mode_cls_token") is True


def _setting(path: Path, key: str) -> Any:
    try:
        return orjson.loads(path.read_bytes()).get(key)
    except (OSError, ValueError, AttributeError):
        return None  # the folder says nothing about it
