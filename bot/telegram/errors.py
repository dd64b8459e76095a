"""What the Bot API says when it refuses, and what that means for the message."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog

from bot.channel import Gone, Moved, SendError, Temporary, Throttled, Unacceptable, Uncertain, Unreachable

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Unchanged(SendError):
    """The message looks so already; for an edit that is success."""


class OtherKind(SendError):
    """The message to be edited has a photo where a text was expected, or a text where a photo was."""


class BadFile(Unacceptable):
    """The message would do, but not its file."""


class TooLate(SendError):
    """The tap is too old to be answered."""


class Conflict(Temporary):
    """Somebody else asks for the updates, or a webhook is set."""


_MEANINGS: tuple[tuple[type[SendError], tuple[str, ...]], ...] = (
    (Unchanged, ("message is not modified",)),
    (OtherKind, ("there is no text in the message", "there is no caption in the message")),
    (
        Gone,
        (
            *("message to edit not found", "message can't be edited", "message_id_invalid"),
            *("message identifier is not specified", "message is too old"),
        ),
    ),
    (TooLate, ("query is too old", "query id is invalid", "query_id_invalid")),
    (Temporary, ("temporarily unavailable",)),
    (
        BadFile,
        (
            *("wrong file identifier", "wrong remote file", "can't use file of type", "wrong type of file"),
            *("too big for a photo", "photo_invalid_dimensions", "image_process_failed", "file is too big"),
            *("photo_save_file_invalid", "file must be non-empty", "file_reference_", "media_empty"),
            *("rights to send photos", "chat_send_photos", "chat_send_media"),
            *("photo_ext_invalid", "failed to get http url content", "wrong file_id"),
        ),
    ),
    (
        Unreachable,
        (
            *("chat not found", "can't initiate conversation", "user is deactivated", "peer_id_invalid"),
            *("not enough rights", "have no rights", "chat_write_forbidden", "chat_restricted"),
            *("group chat was deactivated", "user not found", "bot was kicked", "topic_closed"),
            *("chat_send_plain", "need administrator rights"),
        ),
    ),
)
"""In the vendor's own words (Bot API server, in lower case); the first that is found counts."""


def refusal(method: str, status: int, answer: Mapping[str, Any]) -> SendError:
    """What an answer with `ok: false` means."""
    said = str(answer.get("description", ""))
    parameters = answer.get("parameters")
    if isinstance(parameters, dict):
        if parameters.get("retry_after"):
            return Throttled(float(parameters["retry_after"]))
        if parameters.get("migrate_to_chat_id"):
            return Moved(str(parameters["migrate_to_chat_id"]))
    return _by_status(method, status, said)


def not_json(method: str, status: int) -> SendError:
    """What an answer means that the Bot API cannot have written, such as a proxy's page."""
    if status in (HTTPStatus.OK, HTTPStatus.GATEWAY_TIMEOUT):
        return Uncertain(f"{method}: {status} without an answer")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(5.0)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return BadFile(f"{method}: too large")
    return Temporary(f"{method}: {status} that is no JSON")


def _by_status(method: str, status: int, said: str) -> SendError:
    what = f"{method}: {status} {said}"
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(5.0)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.NOT_FOUND:
            log.error("telegram_token_refused", method=method, status=status, said=said)
            return Temporary(what)
        case HTTPStatus.CONFLICT:
            return Conflict(what)
        case HTTPStatus.FORBIDDEN:
            return Unreachable(what)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return BadFile(what)
        case HTTPStatus.GATEWAY_TIMEOUT:
            return Uncertain(what)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Temporary(what)
        case _:
            return _by_words(what)


def _by_words(what: str) -> SendError:
    heard = what.lower()
    for meaning, words in _MEANINGS:
        if any(word in heard for word in words):
            return meaning(what)
    return Unacceptable(what)
