"""Where Telegram delivers its updates: `POST /telegram/webhook`, answered when one has been handled."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from starlette.types import Receive, Scope, Send

from bot.bodies import Hangup, TooLarge, read_body
from bot.channel import Channel
from bot.reception import DatabaseDown, TryLater
from bot.telegram.channel import TelegramChannel, tap_answer
from bot.telegram.payload import NotJson, read
from bot.telegram.updates import inbound, tap_id
from bot.turns import Turns
from handlers.envelopes import Inbound, Kind, Receipt

PATH = "/telegram/webhook"
MOST_BYTES = 1024 * 1024
_SECRET_HEADER = b"x-telegram-bot-api-secret-token"

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Receptionist(Protocol):
    async def take(self, channel: Channel, inbound: Inbound) -> Receipt: ...


class Webhook:
    """Checks the secret before it looks at anything else.

    It answers 200 only when the update has been handled or never could be; on any other answer Telegram
    delivers it again. The answer to a tap travels in the body of the response.
    """

    def __init__(self, channel: TelegramChannel, reception: Receptionist, secret: str) -> None:
        if not secret:
            raise ValueError("the webhook needs a secret")
        self._channel, self._reception, self._secret = channel, reception, secret.encode()
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if scope["method"] != "POST":
            return await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED)
        if not hmac.compare_digest(headers.get(_SECRET_HEADER, b""), self._secret):
            log.warning("telegram_webhook_refused")
            return await _answer(send, HTTPStatus.UNAUTHORIZED)
        try:
            body = await read_body(headers.get(b"content-length", b""), receive, MOST_BYTES)
        except TooLarge:
            log.warning("telegram_update_too_large")
            return await _answer(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except Hangup:
            return None
        return await _answer(send, *await self.handle(body))

    async def handle(self, body: bytes) -> tuple[HTTPStatus, dict[str, Any] | None]:
        """The status, and the call that the response carries."""
        try:
            update = read(body)
        except NotJson as error:
            log.warning("telegram_update_unreadable", why=str(error), bytes=len(body))
            return HTTPStatus.OK, None
        arrived = inbound(update, bot=self._channel.bot, username=self._channel.username)
        if arrived is None:
            return HTTPStatus.OK, None
        try:
            async with self._turns.turn((arrived.chat, arrived.account)):
                receipt = await self._reception.take(self._channel, arrived)
        except DatabaseDown:
            return HTTPStatus.SERVICE_UNAVAILABLE, None
        except TryLater:
            return HTTPStatus.INTERNAL_SERVER_ERROR, None
        return HTTPStatus.OK, _call(arrived, receipt)


def _call(arrived: Inbound, receipt: Receipt) -> dict[str, Any] | None:
    if arrived.kind is not Kind.TAP:
        return None
    return {"method": "answerCallbackQuery", **tap_answer(tap_id(arrived), receipt.hint)}


async def _answer(send: Send, status: HTTPStatus, call: dict[str, Any] | None = None) -> None:
    body = json.dumps(call).encode() if call else b""
    headers = [(b"content-length", str(len(body)).encode())]
    if call:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
