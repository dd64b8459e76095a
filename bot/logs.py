"""The log: one line an event, structured, without personal data and without tokens."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

_TOKEN = re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{20,}")
_CHATTY = ("aiogram", "aiohttp.access", "alembic", "apscheduler", "asyncio", "httpx", "uvicorn")


def configure(form: str) -> None:
    """Log to standard error as 'json' or for a 'console'."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        where_it_broke,
        without_tokens,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def where_it_broke(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """What kind of error it was and the way to it, without its words: a database names whole rows in them."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_way(error))
    return event


def _way(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _way(cause)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename}:{frame.lineno} in {frame.name}"
    yield f"{type(error).__module__}.{type(error).__qualname__}"


def without_tokens(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A bot's token never reaches the log, not even inside another library's message."""
    for name, value in event.items():
        if isinstance(value, str) and ":" in value:
            event[name] = _TOKEN.sub("***", value)
    return event
