"""Where WeChat and WeCom knock: strangers are turned away, all alike; what is meant for us is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from bot.bodies import Hangup, TooLarge, read_body
from bot.reception import TryLater
from bot.tencent.crypto import Untrusted
from bot.tencent.envelope import MOST_BYTES, Envelope
from bot.tencent.xml import Unreadable

NOTHING_TO_SAY = "success"
"""Ends the matter without a word to the person (WeChat docs: 被动回复用户消息)."""
_MOST_PARAMETERS = 32

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Greet = Callable[[Mapping[str, str]], str]
Handle = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. An echostr is plain text, so that no browser takes it for a page."""

    status: HTTPStatus
    text: str = ""
    kind: str = "text/plain"


class Callback:
    """An ASGI application for one account.

    `greet` answers the GET by which the vendor makes sure of us (`Envelope.greet` or `.greet_sealed`).
    `handle` gets the fields of a letter and returns those of the reply, or None when there is nothing to
    say; it is to be done within 5 s. When it raises TryLater the answer is 503 and the vendor knocks again.
    """

    def __init__(self, name: str, envelope: Envelope, greet: Greet, handle: Handle) -> None:
        self._name, self._envelope, self._greet, self._handle = name, envelope, greet, handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Hangup:
            return
        await _write(send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            match scope["method"]:
                case "GET":
                    return Answer(HTTPStatus.OK, self._greet(_query(scope)))
                case "POST":
                    return await self._posted(scope, receive)
                case _:
                    return Answer(HTTPStatus.METHOD_NOT_ALLOWED)
        except Untrusted as refused:
            log.warning("callback_refused", door=self._name, why=refused.why)
        except Unreadable as error:
            log.warning("callback_refused", door=self._name, why=f"unreadable {error}".strip())
        except TooLarge:
            log.warning("callback_too_large", door=self._name)
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except TryLater:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer(HTTPStatus.FORBIDDEN)

    async def _posted(self, scope: Scope, receive: Receive) -> Answer:
        query = _query(scope)
        body = await read_body(dict(scope["headers"]).get(b"content-length", b""), receive, MOST_BYTES)
        letter = self._envelope.letter(query, body)
        reply = await self._handle(letter.fields)
        if reply is None:
            return Answer(HTTPStatus.OK, NOTHING_TO_SAY)
        return Answer(HTTPStatus.OK, self._envelope.sealed(reply, query["nonce"], letter.key), "text/xml")


def _query(scope: Scope) -> dict[str, str]:
    try:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Untrusted("query") from None
    return dict(pairs)


async def _write(send: Send, answer: Answer) -> None:
    body = answer.text.encode()
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", f"{answer.kind}; charset=utf-8".encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"GET, POST"))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
