"""Structured logs on standard error: one JSON object a line for machines, or aligned text for eyes."""

import logging
import sys
from typing import Literal

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
        renderer = structlog.processors.JSONRenderer()
    else:
        # Tracebacks as Python writes them: the other kind shows variables, and so texts, and takes its time.
        shared.append(_without_nothing)
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
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


def _without_nothing(_: object, __: str, event: EventDict) -> EventDict:
    """Leaves out the fields that hold nothing: eyes need no columns that are always the same."""
    return {name: value for name, value in event.items() if value is not None}
