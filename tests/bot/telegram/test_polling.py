"""Without a public address the program asks for updates, and confirms only what it has handled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.reception import DatabaseDown, TryLater
from bot.telegram.backlog import Backlog
from bot.telegram.channel import TelegramChannel
from bot.telegram.polling import Polling
from bot.telegram.updates import WANTED
from handlers.envelopes import Kind
from models.database import Database
from tests.bot.telegram.desk import Desk
from tests.emulators.telegram import TelegramEmulator


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


@asynccontextmanager
async def polling(channel: TelegramChannel, desk: Desk, database: Database) -> AsyncIterator[Polling]:
    process = Polling(channel, desk, database, long=2, lease=30.0, standby=0.05, pauses=(0.02, 0.1))
    running = asyncio.create_task(process.run())
    try:
        yield process
    finally:
        process.stop()
        await asyncio.wait_for(running, 5)


async def test_people_write_and_tap_and_are_answered(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    li, desk = tg.user(1001, "李"), Desk()
    async with polling(channel, desk, sqlite):
        await li.send("漏水")
        card = await li.wait_for("heard 漏水")
        tap = await li.tap("t.42.accept", card, forged=True)
        assert (await tap.answered()).text == "tapped t.42.accept"
        await li.edit(li.messages[0], "漏水了")
        await li.block()
        await tg.idle()
    assert [inbound.kind for inbound in desk.heard] == [Kind.TEXT, Kind.TAP, Kind.EDIT, Kind.BLOCKED]
    asked = tg.calls_of("getUpdates")[0].params
    assert set(asked["allowed_updates"]) == set(WANTED)


async def test_14_updates_that_waited_are_all_heard_in_order(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    people, desk = [tg.user(1001 + number) for number in range(5)], Desk()
    for number in range(50):
        for person in people:
            await person.send(f"{person.id} {number:02}")
    async with polling(channel, desk, sqlite):
        await tg.idle(timeout=20)
    for person in people:
        mine = [words for words in desk.words if words.startswith(str(person.id))]
        assert mine == [f"{person.id} {number:02}" for number in range(50)]
    assert desk.busiest > 1


async def test_a_slow_message_holds_up_its_own_chat_only(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    li, wang, desk = tg.user(1001), tg.user(2002), Desk(slow={"slow": 1.0})
    async with polling(channel, desk, sqlite):
        await li.send("slow")
        await li.send("after it")
        for number in range(3):
            await wang.send(f"quick {number}")
            await wang.wait_for(f"heard quick {number}", timeout=0.9)
        await tg.idle()
    assert desk.words == ["quick 0", "quick 1", "quick 2", "slow", "after it"]
    assert not desk.repeated


async def test_what_fails_is_tried_again_and_is_not_confirmed_before(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    desk = Desk(trouble={"漏水": [TryLater, DatabaseDown, TryLater]})
    li = tg.user(1001)
    async with polling(channel, desk, sqlite):
        await li.send("漏水")
        await li.send("还在漏")
        await li.wait_for("heard 还在漏")
        await tg.idle()
    assert desk.words == ["漏水", "还在漏"]


async def test_1_a_repeated_update_is_heard_once(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    li, desk = tg.user(1001), Desk()
    tg.duplicate_next("message")
    async with polling(channel, desk, sqlite):
        await li.send("漏水")
        await tg.idle()
    assert (desk.words, len(desk.repeated)) == (["漏水"], 1)


async def test_stopping_finishes_the_message_in_hand_and_leaves_the_rest(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    li, desk = tg.user(1001), Desk(slow={"in hand": 0.3})
    await li.send("in hand")
    await li.send("next")
    async with polling(channel, desk, sqlite):
        await asyncio.wait_for(desk.thinking.wait(), 5)
    assert desk.words == ["in hand"]
    assert [entry.update["message"]["text"] for entry in tg.mail.waiting] == ["next"]
    async with polling(channel, desk, sqlite):
        await tg.idle()
    assert desk.words == ["in hand", "next"]
    assert not desk.repeated


async def test_only_one_process_asks_and_another_takes_over(
    tg: TelegramEmulator, channel: TelegramChannel, database: Database
) -> None:
    li, one, other = tg.user(1001), Desk(), Desk()
    async with polling(channel, other, database) as second, polling(channel, one, database) as first:
        await li.send("1")
        await li.wait_for("heard 1")
        await asyncio.sleep(0.3)
        holder, waiting = (second, other), (first, one)
        if one.heard:
            holder, waiting = waiting, holder
        assert not waiting[1].heard
        holder[0].stop()
        await li.send("2")
        await li.wait_for("heard 2")
        assert len(waiting[1].heard) == 1
    assert 409 not in {call.status for call in tg.calls_of("getUpdates")}


async def test_conflicts_and_network_trouble_pass(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    li, desk = tg.user(1001), Desk()
    tg.fail_next("getUpdates", error=409)
    tg.drop_next("getUpdates")
    tg.garble_next("getUpdates")
    tg.fail_next("getUpdates", error=429, retry_after=1)
    await li.send("漏水")
    async with polling(channel, desk, sqlite):
        await li.wait_for("heard 漏水")
        await tg.idle()
    assert desk.words == ["漏水"]
    assert not tg.violations


async def test_5_what_nobody_foresaw_is_confirmed(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    desk = Desk()
    async with polling(channel, desk, sqlite):
        await tg.push({"telepathy": {"thought": "漏水"}})
        await tg.push({"message": {"message_id": "x"}})
        await tg.push({"message": None})
        await tg.idle()
    assert not desk.heard


async def test_ids_that_begin_anew_after_a_week_are_heard(
    tg: TelegramEmulator, channel: TelegramChannel, sqlite: Database
) -> None:
    li, desk = tg.user(1001), Desk()
    async with polling(channel, desk, sqlite):
        await li.send("before")
        await li.wait_for("heard before")
        await tg.idle(quiet=0.1)
        tg.mail.next_id = 17
        await li.send("after")
        await li.wait_for("heard after", timeout=4)
        await tg.idle()
    assert desk.words == ["before", "after"]


def test_the_offset_never_passes_an_update_in_hand() -> None:
    backlog = Backlog()
    assert backlog.offset == 0
    assert len(backlog.fresh([{"update_id": 7}, {"update_id": 8}, {"update_id": 9}, "x", {}])) == 3
    backlog.handled(8)
    assert backlog.offset == 7
    assert backlog.fresh([{"update_id": 7}, {"update_id": 8}, {"update_id": 10}]) == [{"update_id": 10}]
    backlog.handled(7)
    assert backlog.offset == 9
    backlog.handled(9)
    backlog.handled(10)
    assert (backlog.offset, backlog.in_hand) == (11, False)
    backlog.confirmed(11)
    assert backlog.offset == 0
