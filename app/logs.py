"""Structured logs on standard error: one JSON object a line for machines, or aligned text for eyes."""

import logging
import sys
from contextlib import suppress
from typing import Literal

import orjson
import structlog
from structlog.typing import EventDict


def configure_logs(form: Literal["json", "console"], level: str) -> None:
    """Send everything, the server's own messages too, through one chain."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor
    if form == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(_json)
    else:
        # Tracebacks as Python writes them: the other kind shows variables, and so texts, and takes its time.
        shared.append(_without_nothing)
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    # Our own lines don't pass the standard library's loggers: each request writes one, and it would wait for it.
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=_StandardError,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Their own lines repeat what ours say.
    for name in ("uvicorn", "httpx", "numba"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _StandardError:
    """Writes each line at once and as a whole, wherever standard error leads now."""

    def __init__(self, *_: object) -> None:
        pass

    def msg(self, line: str) -> None:
        with suppress(
            OSError, ValueError
        ):  # a full disk or a closed stream: no request may fail because of its log
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


def _json(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _without_nothing(_: object, __: str, event: EventDict) -> EventDict:
    """Leaves out the fields that hold nothing: eyes need no columns that are always the same."""
    return {name: value for name, value in event.items() if value is not None}
