"""The one ASGI application: webhooks, the web chat, and how the program is doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.figures import exposition
from handlers.backlog import Backlog
from handlers.people.census import Census

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

LATE = 120.0
"""Beyond so many seconds of lag the program is not ready."""


def application(
    lifespan: Lifespan,
    *,
    webhooks: Mapping[str, ASGIApp],
    web: APIRouter,
    look: Callable[[], Awaitable[Backlog]],
    count: Callable[[], Awaitable[Census]],
    migrated: Callable[[], Awaitable[bool]],
) -> ASGIApp:
    """The application; `look` measures the queues, `count` counts residents, `migrated` knows the tables."""
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(web)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> Response:
        return await _ready(look, migrated)

    @app.get("/metrics")
    async def metrics() -> Response:
        told = exposition(await look(), await count())
        return Response(told, media_type="text/plain; version=0.0.4; charset=utf-8")

    return Front(app, webhooks)


class Front:
    """Takes vendors' webhooks straight to their doors; everything else goes through the framework."""

    def __init__(self, app: ASGIApp, webhooks: Mapping[str, ASGIApp]) -> None:
        self._app, self._webhooks = app, webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._webhooks.get(scope["path"]) if scope["type"] == "http" else None
        await (door or self._app)(scope, receive, send)


async def _ready(
    look: Callable[[], Awaitable[Backlog]], migrated: Callable[[], Awaitable[bool]]
) -> JSONResponse:
    """200 with the figures, or 503 with what is wrong."""
    try:
        current, tables = await look(), await migrated()
    except Exception as error:
        return JSONResponse({"status": "database", "error": type(error).__name__}, status_code=503)
    wrong = [] if tables else ["migrations"]
    lags = {
        "inbox": current.inbox_lag,
        "outbox": current.outbox_lag,
        "due": current.due_lag,
        "tick": current.heartbeat,
    }
    wrong += [queue for queue, lag in lags.items() if lag > LATE]
    body = {"status": "ready" if not wrong else ",".join(wrong), **current.as_dict()}
    return JSONResponse(body, status_code=503 if wrong else 200)
