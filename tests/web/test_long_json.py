"""Long answers are the same JSON as short ones, and those that no client reads make room."""

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pytest
from starlette.requests import ClientDisconnect

from app.web.long_json import JsonParts, LongAnswers, LongJson, numbers, objects, write


def whole(value: Any) -> Any:
    written = write(value)
    return orjson.loads(written if isinstance(written, bytes) else b"".join(written.parts()))


@pytest.mark.parametrize("count", [0, 1, 4096, 4097, 50_000])
@pytest.mark.parametrize("among", [1, 1000])
def test_an_answer_is_the_same_in_parts(count: int, among: int) -> None:
    array = np.arange(count)
    pairs = np.column_stack((array, array))
    scores = np.full(count, np.nan)
    value = {
        "ids": numbers(count, lambda: array, array, among),
        "text": "\0 and \x01",
        "items": [
            {"spans": numbers(count, lambda: pairs, pairs, among)},
            objects(count, lambda: ({"a": i, "b": None} for i in range(count)), array, among),
        ],
        "scores": numbers(count, lambda: scores, scores, among),
    }
    assert whole(value) == {
        "ids": array.tolist(),
        "text": "\0 and \x01",
        "items": [{"spans": pairs.tolist()}, [{"a": i, "b": None} for i in range(count)]],
        "scores": [None] * count,
    }


def test_what_several_values_are_written_from_is_counted_once() -> None:
    array = np.zeros(100_000, np.int64)
    answer = write([numbers(len(array), lambda: array, array) for _ in range(3)])
    assert isinstance(answer, LongJson)
    assert answer.held == array.nbytes


def _answer(size: int) -> LongJson:
    def parts() -> Iterator[bytes]:
        for number in range(size):
            yield b"%d" % number * 40_000

    return LongJson([b"", b""], [JsonParts(parts, np.zeros(1000, np.int8))])


def test_an_answer_that_no_client_reads_makes_room_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.long_json.STILL_SECONDS", 0.0)

    async def run() -> None:
        answers = LongAnswers(1500, 2)
        unread = _answer(10)
        left = answers.taken(unread.parts(), unread.held)
        await anext(left)
        read = _answer(10)
        taken = [len(part) async for part in answers.taken(read.parts(), read.held)]
        assert len(taken) == 10
        with pytest.raises(ClientDisconnect):
            await anext(left)

    asyncio.run(run())


def test_an_answer_that_is_read_is_left_alone() -> None:
    async def run() -> None:
        answers = LongAnswers(1500, 2)
        both = [_answer(10) for _ in range(2)]
        open_ = [answers.taken(one.parts(), one.held) for one in both]
        for _ in range(10):
            for one in open_:
                assert await anext(one)
        for one in open_:
            with pytest.raises(StopAsyncIteration):
                await anext(one)

    asyncio.run(run())
