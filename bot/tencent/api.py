"""Calls to WeChat's and WeCom's servers: JSON there and back, with a pass that is renewed when refused."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any, TypeVar

import aiohttp
import structlog

from bot.channel import SendError, Temporary, Unacceptable, Uncertain
from bot.tencent import xml
from bot.tencent.tokens import Tokens

CONNECTIONS = 100
KEPT_ALIVE = 5.0
"""Seconds that an idle connection is used again; on one that the server has closed, a post is uncertain."""
IN_ONE_PIECE = 2**20
"""Bytes of a body that are written at once; a larger one, a photo, is written piece by piece."""
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
BUSY = -1
RENEWALS = 2
"""How often one call may ask for another token."""
_LONGEST_MESSAGE = 200
_CODE = re.compile(r"-?[0-9]{1,9}")
_SECRET_LENGTH = 8

log: structlog.stdlib.BoundLogger = structlog.get_logger()
Result = TypeVar("Result")
Query = Mapping[str, str]


class ApiError(SendError):
    """The vendor answered with an `errcode` that is not 0; `message` is its `errmsg` without secrets."""

    def __init__(self, code: int, message: str = "", *, path: str = "") -> None:
        super().__init__(f"{path}: {code} {message}".removeprefix(": "))
        self.code, self.message = code, message


class Api:
    """The servers at one address, such as https://api.weixin.qq.com; `tokens` is None where none is needed.

    `patience` is how long an answer may take, in seconds. Whatever is raised is a SendError: Temporary if
    the request cannot have been taken, Uncertain if it may have been, ApiError for what the vendor answers.
    No secret of the address, such as the token or the key of a robot, is ever part of an error.
    """

    def __init__(self, base: str, tokens: Tokens | None, *, patience: float = 10.0) -> None:
        self._base, self._tokens = base.rstrip("/"), tokens
        self._timeout = aiohttp.ClientTimeout(total=patience + 60, connect=patience, sock_read=patience)
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self, path: str, payload: Mapping[str, Any] | None = None, *, query: Query | None = None
    ) -> dict[str, Any]:
        """The answer of a POST with a payload, of a GET without one. Raises SendError."""
        body = None if payload is None else _json(payload)
        told = payload or {}

        async def attempt(asked: Query) -> dict[str, Any]:
            status, answer = await self._exchanged(path, asked, body)
            return _result(path, status, answer, (*asked.values(), *told.values()))

        return await self._with_token(path, query, attempt)

    async def upload(
        self, path: str, name: str, data: bytes, mime: str, query: Query | None = None
    ) -> dict[str, Any]:
        """Post a file called `name` as the part `media`. Raises SendError."""

        async def attempt(asked: Query) -> dict[str, Any]:
            form = aiohttp.FormData()
            form.add_field("media", BytesIO(data), filename=name, content_type=mime)
            status, answer = await self._exchanged(path, asked, form)
            return _result(path, status, answer, asked.values())

        return await self._with_token(path, query, attempt)

    async def download(self, path: str, query: Query | None = None, most_bytes: int = 20 * 2**20) -> bytes:
        """A file. Raises SendError: Unacceptable above `most_bytes` or where there is something else.

        Errors come with the status of success and perhaps labelled as text, so the first byte decides.
        """

        async def attempt(asked: Query) -> bytes:
            content = await self._loaded(path, asked, most_bytes)
            if content[:32].lstrip()[:1] in (b"{", b""):
                _result(path, HTTPStatus.OK, content, asked.values())
                raise Unacceptable(f"{path}: no file")
            return content

        try:
            return await self._with_token(path, query, attempt)
        except Uncertain as why:
            raise Temporary(str(why)) from None

    async def close(self) -> None:
        """Let go of the connections; a later call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _with_token(
        self, path: str, query: Query | None, attempt: Callable[[Query], Awaitable[Result]]
    ) -> Result:
        """A refused token is renewed, at most so many times; that is no fault of what was to be sent."""
        asked = dict(query or {})
        if self._tokens is None:
            return await attempt(asked)
        token = await self._tokens.get()
        for _ in range(RENEWALS):
            try:
                return await attempt(asked | {"access_token": token})
            except ApiError as error:
                if error.code not in TOKEN_REFUSED:
                    raise
            token = await self._tokens.renewed(token)
        try:
            return await attempt(asked | {"access_token": token})
        except ApiError as error:
            if error.code not in TOKEN_REFUSED:
                raise
            log.error("access_token_refused", path=path, code=error.code)
            raise Temporary(f"{path}: {error.code}, whatever the token") from None

    async def _exchanged(
        self, path: str, query: Query, body: bytes | aiohttp.FormData | None
    ) -> tuple[int, bytes]:
        method = "GET" if body is None else "POST"
        headers = {"Content-Type": "application/json"} if isinstance(body, bytes) else None
        sent = BytesIO(body) if isinstance(body, bytes) and len(body) > IN_ONE_PIECE else body
        address = self._base + path
        try:
            async with self._connected().request(
                method, address, params=query, data=sent, headers=headers, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Temporary(f"{path}: not connected ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Uncertain(f"{path}: no answer ({type(error).__name__})") from None

    async def _loaded(self, path: str, query: Query, most: int) -> bytes:
        content = bytearray()
        address = self._base + path
        try:
            async with self._connected().get(address, params=query, allow_redirects=False) as response:
                if response.status != HTTPStatus.OK:
                    raise Temporary(f"{path}: {response.status}")
                async for chunk in response.content.iter_chunked(65536):
                    content += chunk
                    if len(content) > most:
                        raise Unacceptable(f"{path}: too large")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Temporary(f"{path}: {type(error).__name__}") from None
        return bytes(content)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_ALIVE)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _json(payload: Mapping[str, Any]) -> bytes:
    r"""Real UTF-8: `\uXXXX` is refused (40033) or shown as it stands, so what would need it is left out."""
    return json.dumps(_plain(payload), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    match value:
        case str():
            return xml.legal(value)
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def _result(path: str, status: int, body: bytes, told: Iterable[Any]) -> dict[str, Any]:
    """The answer, which is JSON in UTF-8 however it is labelled; HTTP's own status says nothing about it."""
    try:
        answer = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise _no_json(path, status) from None
    if not isinstance(answer, dict):
        raise _no_json(path, status)
    written = str(answer.get("errcode") or 0)
    if not _CODE.fullmatch(written):
        raise Uncertain(f"{path}: no errcode that is one")
    code = int(written)
    if code == BUSY:
        raise Temporary(f"{path}: busy")
    if code:
        raise ApiError(code, _public(str(answer.get("errmsg", "")), told), path=path)
    return answer


def _no_json(path: str, status: int) -> SendError:
    """What an answer means that the vendor cannot have written, such as a proxy's page."""
    if status in (HTTPStatus.OK, HTTPStatus.GATEWAY_TIMEOUT):
        return Uncertain(f"{path}: {status} without an answer")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Unacceptable(f"{path}: too large")
    return Temporary(f"{path}: {status} that is no JSON")


def _public(said: str, told: Iterable[Any]) -> str:
    """What the vendor said, without repeating what we had told it: tokens, secrets, whom we write to."""
    for value in told:
        if isinstance(value, str) and len(value) >= _SECRET_LENGTH:
            said = said.replace(value, "…")
    return said[:_LONGEST_MESSAGE]
