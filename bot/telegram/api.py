"""One call of the Bot API at a time: plain JSON out, plain JSON back, and a named error when it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.channel import Temporary, Unacceptable, Uncertain
from bot.telegram.errors import not_json, refusal

CONNECTIONS = 200
_JSON = {"Content-Type": "application/json"}


def connect(token: str, api: str) -> Bot:
    """The bot with this token on the Bot API server at this address."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(api), limit=CONNECTIONS)
    return Bot(token, session=session)


class BotApi:
    """Calls over the bot's own connections, without building and checking a model of every answer.

    `patience` is how long an answer may take, in seconds; beyond it the call is Uncertain.
    """

    def __init__(self, bot: Bot, *, patience: float = 30.0) -> None:
        if not isinstance(bot.session, AiohttpSession):
            raise TypeError("the bot needs an aiohttp session")
        self._bot, self._session = bot, bot.session
        self._patience = _timeout(patience)

    async def call(
        self,
        method: str,
        fields: Mapping[str, Any],
        files: Mapping[str, bytes] | None = None,
        *,
        patience: float | None = None,
    ) -> Any:
        """The `result` of a call; `files` are the parts that `attach://` names. Raises SendError."""
        url = self._session.api.api_url(self._bot.token, method)
        data = _form(fields, files) if files else json.dumps(fields).encode()
        timeout = self._patience if patience is None else _timeout(patience)
        try:
            session = await self._session.create_session()
            headers = None if files else _JSON
            async with session.post(url, data=data, headers=headers, timeout=timeout) as response:
                body, status = await response.read(), response.status
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Temporary(f"{method}: not connected ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Uncertain(f"{method}: no answer ({type(error).__name__})") from None
        return _result(method, status, body)

    async def download(self, path: str, most: int) -> bytes:
        """The file at a path that getFile gave, if it has at most so many bytes. Raises SendError."""
        url = self._session.api.file_url(self._bot.token, path)
        content = bytearray()
        try:
            session = await self._session.create_session()
            async with session.get(url, timeout=self._patience) as response:
                if response.status != 200:
                    raise Temporary(f"download: {response.status}")
                async for chunk in response.content.iter_chunked(65536):
                    content += chunk
                    if len(content) > most:
                        raise Unacceptable("download: too large")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Temporary(f"download: {type(error).__name__}") from None
        return bytes(content)


def _timeout(patience: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=patience + 60, connect=10, sock_read=patience)


def _form(fields: Mapping[str, Any], files: Mapping[str, bytes]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    for name, content in files.items():
        form.add_field(name, content, filename=f"{name}.jpg", content_type="image/jpeg")
    return form


def _result(method: str, status: int, body: bytes) -> Any:
    try:
        answer = json.loads(body)
    except ValueError:
        raise not_json(method, status) from None
    if not isinstance(answer, dict):
        raise not_json(method, status)
    if answer.get("ok") is not True:
        raise refusal(method, status, answer)
    return answer.get("result")
