"""The line from Telegram to the bot: updates go out, the answers to them come back."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, cast

import httptools


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the bot listens."""

    port: int
    path: str
    secret: str

    def request(self, update: dict[str, Any]) -> bytes:
        body = json.dumps(update, ensure_ascii=False).encode()
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {self.secret}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


class Line(asyncio.Protocol):
    """A kept-alive connection from Telegram to the bot, one request at a time."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._lost: Exception | None = None
        self._renew()

    def _renew(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc or ConnectionResetError("the bot closed the connection")
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(self._lost)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), self._body
        self._body = b""
        if self._waiting and not self._waiting.done():
            self._waiting.set_result((status, body))

    @property
    def is_open(self) -> bool:
        return self._lost is None

    async def post(self, request: bytes) -> tuple[int, bytes]:
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        self._transport.close()
