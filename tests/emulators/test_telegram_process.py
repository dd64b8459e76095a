"""The emulator as a program of its own, played by remote control."""

import asyncio
import base64
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

TOKEN = "77:process-token"


class Remote:
    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        async with self.session.post(f"{self.url}{path}", json=body) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer

    async def get(self, path: str) -> Any:
        async with self.session.get(f"{self.url}{path}") as response:
            assert response.status == 200
            return await response.json()

    async def bot(self, method: str, status: int = 200, **fields: Any) -> Any:
        return (await self.post(f"/bot{TOKEN}/{method}", status, **fields)).get("result")


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.emulators.telegram", "--port", "0", "--token", TOKEN, "--no-limits"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(10):
            url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as session:
            yield Remote(url, session)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_conversation_by_remote_control(remote: Remote) -> None:
    await remote.post("/control/users", id=1, first_name="李")
    await remote.post("/control/groups", id=-5, title="Repairs")
    await remote.post("/control/groups/-5/add_bot")
    await remote.post("/control/users/1/send", text="/help", chat=-5)
    await remote.post("/control/users/1/start", payload="CODE")
    picture = base64.b64encode(b"picture").decode()
    photo = await remote.post("/control/users/1/send_photo", content=picture, caption="roof")
    updates = await remote.bot("getUpdates")
    assert len(updates) == 5
    assert updates[-1]["message"]["message_id"] == photo["id"]

    button = {"inline_keyboard": [[{"text": "OK", "callback_data": "ok"}]]}
    for _ in range(10):
        await remote.bot("sendMessage", chat_id=1, text="sure?", reply_markup=button)
    await remote.post("/control/push", mystery={})
    tap = await remote.post("/control/users/1/tap", button="OK")
    await remote.bot("answerCallbackQuery", callback_query_id=tap["query_id"], text="fine")
    assert [toast["text"] for toast in await remote.get("/control/users/1/toasts")] == ["fine"]

    shown = (await remote.get("/control/chats/1/messages"))["messages"]
    assert [message["from_bot"] for message in shown] == [False, False] + [True] * 10
    assert shown[-1]["buttons"] == [["OK"]]
    assert (await remote.get("/control/calls?method=sendMessage"))["count"] == 10
    await remote.post("/control/idle", 504, timeout=0.05)
    await remote.bot("getUpdates", offset=updates[-1]["update_id"] + 3)
    await remote.post("/control/idle")

    state = await remote.get("/control")
    assert (state["pending"], state["violations"], state["bot"]["id"]) == (0, [], 77)


async def test_misfortune_by_remote_control(remote: Remote) -> None:
    await remote.post("/control/users/1/start")
    await remote.post("/control/faults/fail_next", method="sendMessage", error=403)
    await remote.bot("sendMessage", 403, chat_id=1, text="hi")
    await remote.post("/control/clock", advance=90000)
    assert await remote.bot("getUpdates") == []
    await remote.post("/control/users/1/fly", 400)
    await remote.post("/control/users/1/tap", 400, button="none")
    await remote.post("/control/faults/earthquake", 400)
    await remote.post("/control/users/1/send", 400, words="x")
