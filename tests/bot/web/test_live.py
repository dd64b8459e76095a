"""News reach every open page, from whichever process, in order and without a gap."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn

from bot.channel import Gone
from bot.web import WebChannel
from bot.web.live import Live
from handlers.envelopes import Outgoing
from models import web
from models.database import Database
from tests.bot.web.conftest import Place
from tests.program import until

HOME = "resident:2"
SOON = 5.0


@asynccontextmanager
async def served(place: Place) -> AsyncIterator[str]:
    """The web chat on a real socket; its address."""
    config = uvicorn.Config(place.app, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started, SOON, lambda: "the server does not start")
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        place.channel.close()
        server.should_exit = True
        await asyncio.wait_for(running, SOON)


async def events(response: httpx.Response, count: int) -> list[dict[str, Any]]:
    """The next events of a stream: their data, with their id under 'event'."""
    found: list[dict[str, Any]] = []
    number = ""
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            number = line[4:]
        if line.startswith("data: "):
            found.append({**json.loads(line[6:]), "event": int(number or 0)})
        if len(found) == count:
            break
    return found


async def test_a_message_and_its_edit_come_as_they_happen(chat: Place) -> None:
    async with served(chat) as address, httpx.AsyncClient(base_url=address) as client:
        await client.get("/")
        async with client.stream("GET", f"/web/live?chats={HOME},repair@HPY&after=0") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            message = await chat.channel.send(HOME, Outgoing("一"))
            await chat.channel.send("resident:1", Outgoing("nobody's here"))
            await chat.channel.edit(HOME, message, Outgoing("二"))
            seen = await asyncio.wait_for(events(stream, 2), SOON)
    assert [one["text"] for one in seen] == ["一", "二"]
    assert [one["event"] for one in seen] == [1, 3]
    assert (seen[0]["edited"], bool(seen[1]["edited"])) == (None, True)


async def test_a_page_that_lost_the_line_goes_on_where_it_was(chat: Place) -> None:
    for number in range(5):
        await chat.channel.send(HOME, Outgoing(str(number)))
    async with served(chat) as address, httpx.AsyncClient(base_url=address) as client:
        await client.get("/")
        resumed = {"Last-Event-ID": "3"}
        async with client.stream("GET", f"/web/live?chats={HOME}&after=0", headers=resumed) as stream:
            seen = await asyncio.wait_for(events(stream, 2), SOON)
    assert [one["text"] for one in seen] == ["3", "4"]


async def test_another_process_is_heard_within_a_moment(chat: Place) -> None:
    elsewhere = Database(chat.database.url.render_as_string(hide_password=False))
    async with served(chat) as address, httpx.AsyncClient(base_url=address) as client:
        await client.get("/")
        async with client.stream("GET", f"/web/live?chats={HOME}&after=0") as stream:
            await asyncio.sleep(0.1)
            await WebChannel(elsewhere).send(HOME, Outgoing("从那边来"))
            seen = await asyncio.wait_for(events(stream, 1), SOON)
    await elsewhere.close()
    assert seen[0]["text"] == "从那边来"


async def test_a_page_from_the_future_begins_anew(chat: Place) -> None:
    async with served(chat) as address, httpx.AsyncClient(base_url=address) as client:
        await client.get("/")
        answer = await client.get(f"/web/live?chats={HOME}&after=99")
    assert "event: reset" in answer.text


async def test_a_quiet_stream_gives_signs_of_life_and_ends_when_the_program_does(ground: Database) -> None:
    live = Live(ground, heartbeat=0.05)
    quiet = []

    async def listen() -> None:
        async for news in live.follow([HOME], 0):
            quiet.append(news)

    listening = asyncio.create_task(listen())
    await until(lambda: len(quiet) >= 3, SOON, lambda: "no sign of life")
    live.close()
    await asyncio.wait_for(listening, SOON)
    assert set(map(tuple, quiet)) == {()}


async def test_the_look_out_survives_a_database_that_is_away(ground: Database) -> None:
    live = Live(ground, look=0.02)
    reading, away = ground.reading, True

    @asynccontextmanager
    async def perhaps() -> AsyncIterator[Any]:
        if away:
            raise OSError("away")
        async with reading() as session:
            yield session

    seen: list[str] = []

    async def listen() -> None:
        async for news in live.follow([HOME], 0):
            seen.extend(one.body["text"] for one in news)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    ground.reading = perhaps  # type: ignore[method-assign]
    await asyncio.sleep(0.1)
    away = False
    await WebChannel(ground).send(HOME, Outgoing("back again"))
    await until(lambda: seen, SOON, lambda: "nothing was heard afterwards")
    live.close()
    await asyncio.wait_for(listening, SOON)
    assert seen == ["back again"]


async def test_no_reader_ever_misses_a_message(database: Database) -> None:
    """Many writers at once, some of them slow to commit, on both databases."""
    rng = random.Random(7)
    pauses = [[rng.random() / 100 for _ in range(6)] for _ in range(8)]
    done = False
    seen: list[tuple[int, str]] = []

    async def write(writer: int) -> None:
        for number, pause in enumerate(pauses[writer]):
            async with database.transaction() as session:
                await web.post(session, HOME, "bot", {"text": f"{writer}.{number}"}, datetime.now(UTC))
                await asyncio.sleep(pause)

    async def read() -> None:
        after = 0
        while True:
            last = done
            async with database.reading() as session:
                for one in await web.newer(session, [HOME], after):
                    after = one.changed
                    seen.append((one.changed, one.body["text"]))
            if last:
                return
            await asyncio.sleep(0)

    reader = asyncio.create_task(read())
    await asyncio.gather(*(write(writer) for writer in range(8)))
    done = True
    await reader
    assert [number for number, _ in seen] == list(range(1, 49))
    assert {text for _, text in seen} == {f"{writer}.{number}" for writer in range(8) for number in range(6)}


async def test_the_first_message_of_all_is_written_by_two_at_once(database: Database) -> None:
    one, two = WebChannel(database), WebChannel(database)
    await asyncio.gather(*(channel.send(HOME, Outgoing("x")) for channel in (one, two, one, two)))
    async with database.reading() as session:
        assert await web.newest(session) == 4


async def test_editing_what_is_not_ours_or_not_there(database: Database) -> None:
    channel = WebChannel(database)
    message = await channel.send(HOME, Outgoing("一"))
    for chat, number in ((HOME, "999"), ("resident:1", message), (HOME, "x"), (HOME, "9" * 40)):
        with pytest.raises(Gone):
            await channel.edit(chat, number, Outgoing("二"))
    await channel.edit(HOME, message, Outgoing("一"))
    async with database.reading() as session:
        assert await web.newest(session) == 1
