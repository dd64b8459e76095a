"""The door of every peer: one aiohttp webhook that answers when the update has been handled."""

import asyncio
import hmac
import json
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from aiohttp import web

from benchmarks.peers.settings import SECRET, SECRET_HEADER, WEBHOOK

Handler = Callable[[dict[str, Any]], Awaitable[str | None]]


async def serve(port: int, handle: Handler) -> None:
    """Serve until SIGTERM; what `handle` returns, JSON or nothing, is the body of the response."""

    async def webhook(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, ""), SECRET):
            return web.Response(status=401)
        answer = await handle(json.loads(await request.read()))
        if answer is None:
            return web.Response()
        return web.Response(text=answer, content_type="application/json")

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ready")

    app = web.Application()
    app.router.add_post(WEBHOOK, webhook)
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def start() -> None:
        await main()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(start())
