"""What arrives is handled once: delivered twice, half handled, poisonous, strange, or in a bad moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from models import Conversation, DeadLetter, Ticket
from tests.bot.telegram.payloads import NAMES, payload
from tests.estate import Estate
from tests.failures.conftest import Builder
from tests.ground import HOTLINE
from tests.premises import WAIT, eventually
from tests.repairing import submit, to_review

BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
PATH = "/telegram/webhook"


@BOTH
async def test_01_the_same_update_twice(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind)
    li = await estate.resident("李雷")
    await to_review(li)
    estate.tg.duplicate_next("callback_query")
    number = await submit(li)
    estate.tg.duplicate_next("message")
    await li.send("我的工单")
    await li.wait_for(lambda message: number in message.labels, WAIT)
    await estate.calm()

    (ticket,) = await estate.tickets()
    assert ticket.number == number
    tap, text = estate.tg.updates[-2:]
    for update in (tap, text):
        statuses = [one.status for one in estate.tg.deliveries if one.update is update]
        assert statuses == [200, 200]
    promises = [message.words for message in li.from_bot if "收到，谢谢您" in message.words]
    assert len(promises) == 2
    assert promises[0] == promises[1]


@BOTH
async def test_02_the_same_update_on_two_processes_at_once(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind, programs=2)
    li = await estate.resident("李雷")
    for number in range(1, 6):
        await to_review(li, f"第{number}处漏水")
        with estate.tg.held():
            await li.tap("提交")
            update = estate.tg.updates[-1]
            both = [estate.tg.deliver(update, url=program.url + PATH) for program in estate.programs]
            assert await asyncio.gather(*both) == [200, 200]
            assert len(await estate.tickets()) == number
        await estate.tg.idle()
    tickets = await estate.tickets()
    assert [ticket.number[-5:] for ticket in tickets] == [f"{number:05d}" for number in range(1, 6)]


@pytest.mark.parametrize(("kind", "webhook"), [("sqlite", True), ("postgresql", False)])
async def test_03_killed_after_the_commit_and_before_the_answer(
    kind: str, webhook: bool, builder: Builder
) -> None:
    estate = await builder.open(kind, webhook=webhook)
    xu = await estate.colleague("许晨", "administrator")
    group = await estate.repair_group(xu)
    li = await estate.resident("李雷")
    await to_review(li)
    estate.tg.slow_next("sendMessage", chat=li, seconds=60)
    await li.tap("提交")
    (ticket,) = await eventually(estate.tickets)
    await estate.program.kill()
    assert not li.find("收到，谢谢您")
    heard = await estate.heard()

    await estate.program.start()
    await estate.listened_to()
    promise = await li.wait_for("收到，谢谢您", WAIT)
    await group.wait_for(ticket.number, WAIT)
    await estate.calm()
    assert ticket.number in promise.words
    assert [one.number for one in await estate.tickets()] == [ticket.number]
    assert await estate.heard() == heard
    assert len([one for one in li.from_bot if "收到，谢谢您" in one.words]) == 1
    assert len([one for one in group.from_bot if ticket.number in one.words]) == 1


@BOTH
async def test_04_a_poison_update(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind)
    li = await estate.resident("李雷")
    await estate.poison("conversation", "draft", "arsenic")
    estate.forgiven.add("message_failed")
    estate.secrets.add("arsenic")
    await li.send("arsenic")
    poison = estate.tg.updates[-1]
    await li.send("我的工单")
    sorry = await li.wait_for("很抱歉", WAIT)
    assert HOTLINE in sorry.words
    await li.wait_for("目前没有工单", WAIT, after=sorry)

    assert [one.status for one in estate.tg.deliveries if one.update is poison] == [500, 500, 200]
    (dead,) = await estate.rows(select(DeadLetter))
    assert dead.attempts == 3
    assert dead.dead_at is not None
    assert "arsenic" in str(dead.payload)
    assert (await estate.program.ready())["dead_letters"] == 1
    assert len([one for one in li.from_bot if "很抱歉" in one.words]) == 1


async def test_05_unknown_update_kinds_and_fields(builder: Builder) -> None:
    estate = await builder.open("sqlite")
    li = await estate.resident("李雷")
    group = estate.tg.group(-2001)
    strange: list[dict[str, Any]] = [payload(name) for name in NAMES]
    strange += [
        {"teleported": {"chat": {"id": li.id, "type": "private"}, "to": "the moon"}},
        {"message": {"message_id": 9001, "date": 1, "chat": {"id": li.id, "type": "private"}}},
        {"message": _from(li.id, hologram={"file_id": "x"}, telepathy=True)},
        {"message": _from(li.id, new_chat_title="新名字")},
        {"message": _from(li.id, document={"file_id": "BQAC", "file_unique_id": "u"})},
        {"message": _from(li.id, photo=[])},
        {"message": _from(li.id, text=["not", "a", "text"])},
        {"edited_message": _from(li.id)},
        {"callback_query": {"id": "1", "from": {"id": li.id, "is_bot": False, "first_name": "x"}}},
        {"message": None},
        {},
    ]
    for number, update in enumerate(strange):
        await estate.tg.push({**update, "update_id": 800_000_000 + number})
    await estate.tg.idle(30)
    statuses = [one.status for one in estate.tg.deliveries if one.update["update_id"] >= 800_000_000]
    assert statuses == [200] * len(strange)
    assert len(strange) > 25
    await group.add_bot()
    await li.send("我的工单")
    await li.wait_for("目前没有工单", WAIT)


def _from(person: int, **content: Any) -> dict[str, Any]:
    sender = {"id": person, "is_bot": False, "first_name": "x", "aura": "blue"}
    chat = {"id": person, "type": "private", "mood": 7}
    return {"message_id": 9000, "date": 1, "from": sender, "chat": chat, **content}


@BOTH
async def test_06_a_wrong_secret_and_a_database_that_is_down(kind: str, builder: Builder) -> None:
    estate = await builder.open(kind)
    li = await estate.resident("李雷")
    heard = await estate.heard()
    forged = {"update_id": 5, "message": _from(li.id, text="我的工单")}
    for secret in ("", "wrong", "x" * 5000):
        assert await estate.tg.deliver(forged, secret=secret) == 401
    assert await estate.heard() == heard

    if kind == "sqlite":
        async with locked(estate):
            await li.send("门锁坏了")
            await asyncio.sleep(1.0)
            assert await estate.program.alive_within(1.0)
    else:
        async with unreachable(estate):
            await li.send("门锁坏了")
            await eventually(lambda: _refused(estate, 503), what="no 503")
            assert (await estate.program.readyz())[0] == 503
            assert await estate.program.alive_within(1.0)
    await li.wait_for("哪里需要修", WAIT)
    await estate.tg.idle()
    assert await estate.heard() == heard + 1
    assert len([one for one in li.from_bot if "哪里需要修" in one.words]) == 1


async def _refused(estate: Estate, status: int) -> bool:
    return status in [one.status for one in estate.tg.deliveries]


@asynccontextmanager
async def locked(estate: Estate) -> AsyncIterator[None]:
    """Somebody else writes into the SQLite file all the while."""
    async with estate.database.transaction() as session:
        await session.execute(select(Ticket.id))
        await session.execute(select(Conversation.id))
        yield


@asynccontextmanager
async def unreachable(estate: Estate) -> AsyncIterator[None]:
    """PostgreSQL throws everybody out and lets nobody in."""
    name = estate.database.url.database
    await estate.database.close()
    await estate.administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await estate.administer(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    try:
        yield
    finally:
        await estate.administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
