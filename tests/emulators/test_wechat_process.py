"""The emulator as a program of its own, played by remote control."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.emulators.tencent_xml import read, write
from tests.emulators.wechat_fixtures import reply
from tests.emulators.wechat_shelf import sample_picture


class Remote:
    def __init__(self, settings: dict[str, str], session: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.session = session

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        async with self.session.post(f"{self.settings['wechat_api']}/control/{path}", json=body) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer

    async def get(self, path: str = "") -> Any:
        async with self.session.get(f"{self.settings['wechat_api']}/control{path}") as response:
            assert response.status == 200
            return await response.json()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.emulators.wechat", "--port", "0", "--mode", "plain", "--patience", "4"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(10):
            settings = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as session:
            yield Remote(settings, session)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
async def callback() -> AsyncIterator[str]:
    """An account's server that repeats what it hears."""

    async def handle(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(text=request.query["echostr"])
        push = read(await request.read())
        answer = write(reply(push, Content=f"1 {push['Content']}")) if "Content" in push else "success"
        return web.Response(text=answer)

    app = web.Application()
    app.add_routes([web.route("*", "/callback", handle)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}/callback".format(*runner.addresses[0][:2])
    await runner.cleanup()


async def test_a_conversation_by_remote_control(remote: Remote, callback: str) -> None:
    await remote.post("push_to", args=[callback])
    await remote.post("people/li/follow", settled=True)
    push = await remote.post("people/li/say", args=["hello"], settled=True)
    assert (push["outcome"], push["bubble"]["text"]) == ("answered", "1 hello")
    await remote.post("people/li/pick", args=["hello"], settled=True)
    await remote.post("people/li/photo", content=base64.b64encode(sample_picture()).decode())
    await remote.post("idle")
    screen = await remote.get("/people/li")
    assert [bubble["text"] for bubble in screen["bubbles"]] == ["hello", "1 hello", "1", "1 1", ""]
    assert (screen["following"], screen["allowance"]) == (True, 8)
    template = await remote.post("add_template", title="停水", fields={"thing1": "原因"})
    assert isinstance(template, str)
    await remote.post("people/li/mute", args=[template])
    await remote.post("advance", args=[61])
    assert (await remote.get("/people/li"))["allowance"] == 5
    assert (await remote.get())["pushes"] == {"quiet": 2, "answered": 2}


async def test_misfortune_by_remote_control(remote: Remote, callback: str) -> None:
    await remote.post("push_to", args=[callback])
    await remote.post("fail_next", errcode=-1)
    api = remote.settings["wechat_api"]
    async with remote.session.get(f"{api}/cgi-bin/getcallbackip") as response:
        assert (await response.json())["errcode"] == -1
    assert [call["errcode"] for call in await remote.get("/calls?path=getcallbackip")] == [-1]
    struck = await remote.post("strike", damage="signature", person="li")
    assert struck["status"] == 200
    await remote.post("earthquake", 400)
    await remote.post("people/li/fly", 400)
    await remote.post("people/li/say", 400, args=["not following"])
    await remote.post("people/li/say", 400, words="x")
    await remote.post("people/li/scan", 400, args=["nowhere"])
