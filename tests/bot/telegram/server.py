"""A real HTTP server on this machine for a door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute


@asynccontextmanager
async def serving(*routes: BaseRoute) -> AsyncIterator[str]:
    """The address under which these routes are served."""
    config = uvicorn.Config(
        Starlette(routes=list(routes)), port=0, log_config=None, lifespan="off", access_log=False, ws="none"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110, uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
