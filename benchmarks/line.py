"""The line from a vendor to the bot: what residents do goes out, the answers to it come back."""

import asyncio
from typing import cast

import httptools


class Line(asyncio.Protocol):
    """A kept-alive connection from the vendor to the bot, one request at a time."""

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
