"""A vendor's server on this machine that answers as it is told, and a clock that is set by hand."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOON = 1_795_435_200.0


@dataclass(slots=True)
class Clock:
    """Seconds since 1970; stands still until it is told to go on."""

    at: float = NOON

    def __call__(self) -> float:
        return self.at

    def on(self, seconds: float) -> None:
        self.at += seconds


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    kind: str


@dataclass(slots=True)
class Office:
    """Gives the answers in their order, then `{"errcode":0}`; keeps what it was asked."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(
            Asked(
                request.method,
                request.path,
                dict(request.query),
                body,
                request.headers.get("Content-Type", ""),
            )
        )
        answer = self.answers.popleft() if self.answers else says({"errcode": 0, "errmsg": "ok"})
        return await answer(request)

    def will(self, *answers: Answer | dict[str, Any]) -> None:
        self.answers.extend(says(one) if isinstance(one, dict) else one for one in answers)

    @property
    def tokens(self) -> list[str]:
        return [one.query.get("access_token", "") for one in self.asked]


def says(answer: Any, *, kind: str = "text/plain", status: int = 200) -> Answer:
    """JSON, labelled as plain text in a strange charset, as WeChat does."""

    async def response(_request: web.Request) -> web.StreamResponse:
        body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
        return web.Response(body=body, status=status, headers={"Content-Type": kind})

    return response


def refuses(code: int, message: str = "") -> Answer:
    return says({"errcode": code, "errmsg": f"{message} rid: 65a1b2c3-0a1b2c3d-4e5f6071"})


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def server(office: Office) -> TestServer:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", office.answer)
    return TestServer(app)
