"""What the tokenizer did, for Prometheus: requests, tokens, bytes and time by model and operation; never a text.

The names of models are the operator's own, so their number is bounded; what a client makes up never gets here.
"""

import time
from functools import cache
from typing import NamedTuple

from prometheus_client import Counter, Histogram

_REQUESTS = Counter("bp_tokenize_requests", "Requests to the tokenizer", ["model", "op"])
_TOKENS = Counter("bp_tokenize_tokens", "Tokens made, or read where ids came in", ["model", "op"])
_BYTES = Counter("bp_tokenize_input_bytes", "UTF-8 bytes of the texts that came in", ["model", "op"])
_SECONDS = Histogram(
    "bp_tokenize_duration_seconds", "Time that the tokenizer took for a request", ["model", "op"]
)


class _Tally(NamedTuple):
    requests: Counter
    tokens: Counter
    size: Counter
    seconds: Histogram


@cache
def _tally(model: str, op: str) -> _Tally:
    return _Tally(*(metric.labels(model, op) for metric in (_REQUESTS, _TOKENS, _BYTES, _SECONDS)))  # type: ignore[arg-type]


def note(model: str, op: str, started: float, tokens: int, *texts: str) -> None:
    """Count one request that began at `started` (time.perf_counter)."""
    tally = _tally(model, op)
    tally.requests.inc()
    tally.tokens.inc(tokens)
    if texts:
        tally.size.inc(sum(len(text) if text.isascii() else len(text.encode()) for text in texts))
    tally.seconds.observe(time.perf_counter() - started)
