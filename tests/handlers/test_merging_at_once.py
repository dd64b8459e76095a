"""Both residents write while staff make them one and part them again: nothing of it is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, TypeAlias

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.envelopes import Inbound, Kind, Receipt
from handlers.identity.journal import owned
from handlers.inbound import receive
from models import (
    Account,
    Home,
    Membership,
    Ticket,
    TicketEvent,
    hearing,
)
from models.database import Database
from tests.handlers.test_merging import merged, newest
from tests.world import World, world

STEPS = ("我家里", "下水堵塞", "跳过", "尽快上门")
ROUNDS = 4


async def test_messages_in_the_same_instant_lose_nothing(database: Database) -> None:
    """Each round both residents send off reports and nudge older ones while staff merge and part them."""
    async with world(database) as w:
        await w.set("tickets_a_day", 1000)
        people = await _several_chats(w)
        older = {who: await _opened(w, who, "旧的") for who in people}
        number, wanted = 0, len(older)
        for turn in range(ROUNDS):
            reviews = [await _to_review(w, who, f"第{turn}次") for who in people]
            nudges = [w.inbound(who, Kind.TAP, tap=f"t.{older[who]}.nudge", tapped="") for who in people]
            boss = w.inbound("周经理", Kind.TAP, tap=_decision(w, turn, number))
            *receipts, told = await _at_once(w, [*reviews, *nudges, boss])
            assert told.replies[0].text.startswith(("✅ 已合并", "已撤销合并")), told
            number = number or await newest(w)
            wanted += len(reviews)
            said = [f"{one.hint}{_words(one)}" for one in receipts]
            assert ["收到，谢谢您" in one for one in said[: len(reviews)]] == [True] * len(reviews), said
            assert ["已替您催了" in one for one in said[len(reviews) :]] == [True] * len(nudges), said
            await _settled(w, turn, wanted)
            number = await newest(w)
            w.now += timedelta(hours=3)


async def _live_together(session: AsyncSession) -> None:
    """In one home, so that nobody is asked which one it is after a merge."""
    home = await session.scalar(select(Home.id).where(Home.name == "3-1201"))
    await session.execute(update(Membership).values(home_id=home))


async def _several_chats(w: World) -> list[str]:
    async with w.database.transaction() as session:
        await _live_together(session)
        for who in ("李雷", "韩梅"):
            session.add_all(
                Account(
                    channel="test",
                    bot="bot",
                    external_id=f"{who}{n}",
                    chat=f"{who}{n}",
                    resident_id=w.people[who],
                )
                for n in range(2)
            )
    return [f"{who}{n}" for who in ("李雷", "韩梅") for n in range(2)]


def _decision(w: World, turn: int, number: int) -> str:
    return f"m.unmerge.{number}" if turn % 2 else f"m.merge.{w.people['李雷']}-{w.people['韩梅']}"


async def _to_review(w: World, who: str, story: str) -> Inbound:
    """A report that wants only to be sent off; the tap that does it."""
    await w.say(who, f"{story}厕所堵了{who}")
    for label in STEPS:
        await w.tap(who, label)
    await w.say(who, "13800000001")
    button, on = w.button(who, "提交")
    return w.inbound(who, Kind.TAP, tap=button.data, tapped=on.id)


async def _opened(w: World, who: str, story: str) -> int:
    receipt = await w.hear(await _to_review(w, who, story))
    ticket = receipt.replies[-1].ticket
    assert ticket is not None
    return ticket


async def _at_once(w: World, inbounds: Sequence[Inbound]) -> list[Receipt]:
    """All in the same instant, in whatever order."""
    order = random.Random(inbounds[0].key).sample(inbounds, len(inbounds))
    receipts = await asyncio.gather(*(receive(w.desk, inbound) for inbound in order))
    by_key = {inbound.key: receipt for inbound, receipt in zip(order, receipts, strict=True)}
    await w.deliver()
    return [by_key[inbound.key] for inbound in inbounds]


def _words(receipt: Receipt) -> str:
    return " ".join(f"{one.title} {one.text}" for one in receipt.replies)


async def _settled(w: World, turn: int, wanted: int) -> None:
    """Every ticket is there once, and is theirs whose chat it came from, or theirs who were kept."""
    async with w.database.reading() as session:
        rows = (
            await session.execute(
                select(Ticket.resident_id, Account.resident_id).join(Account, Account.id == Ticket.account_id)
            )
        ).all()
        events = await session.scalar(select(func.count()).where(TicketEvent.action == "refused"))
    li, han = w.people["李雷"], w.people["韩梅"]
    assert len(rows) == wanted
    assert events == 0
    if turn % 2 == 0:
        assert {owner for owner, _ in rows} == {li}, "all that was being written moved too"
    else:
        assert all(owner in (account, li) for owner, account in rows)
        assert {account for _, account in rows} == {li, han}


Say: TypeAlias = Callable[[World], Awaitable[Inbound]]


async def _sends_it_off(w: World) -> Inbound:
    return await _to_review(w, "韩梅", "新的")


async def _nudges(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TAP, tap="t.1.nudge", tapped="")


async def _looks(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TEXT, text="我的工单")


async def _binds(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TEXT, text=await w.code("3-1202"))


async def _wants_a_code(w: World) -> Inbound:
    return w.inbound("韩梅", Kind.TAP, tap="m.chats.link")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (_sends_it_off, "收到，谢谢您"),
        (_nudges, "已替您催了"),
        (_looks, "HPY-2611-00001"),
        (_binds, "已绑定湖畔花园 3-1202"),
        (_wants_a_code, "15 分钟内有效"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_message_that_was_begun_before_a_merge_ends_after_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, says: Say, told: str
) -> None:
    """It found its resident, who is gone a moment later: nothing may be written for who is not there."""
    database = Database(postgres_url)
    async with world(database) as w:
        await w.report("韩梅")
        async with database.transaction() as session:
            await _live_together(session)
        inbound = await says(w)
        found, times = hearing.find, count(1)

        async def find_and_be_overtaken(session: AsyncSession, **place: Any) -> hearing.Standing | None:
            standing = await found(session, **place)
            if standing is not None and next(times) == 1:
                await merged(w)
            return standing

        monkeypatch.setattr("handlers.inbound.find", find_and_be_overtaken)
        receipt = await w.hear(inbound)
        assert next(times) > 1, "nobody was overtaken"
        assert told in f"{receipt.hint}{_words(receipt)}"
        async with database.reading() as session:
            for table, column in owned():
                if table.name != "change_log":
                    whose = select(column).where(column.is_not(None)).distinct()
                    assert set(await session.scalars(whose)) <= {w.people["李雷"]}, table.name
            assert await session.scalar(select(func.count()).where(TicketEvent.action == "refused")) == 0
    await database.close()


async def test_a_merge_waits_for_what_is_being_written(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_url)
    async with world(database) as w:
        inbound, waiting = await _to_review(w, "韩梅", "新的"), list[asyncio.Task[int]]()

        async def keep_while_staff_merge(session: AsyncSession, **values: Any) -> None:
            waiting.append(asyncio.create_task(merged(w)))
            async with database.reading() as looking:
                while not await looking.scalar(  # noqa: ASYNC110 the database tells nobody
                    text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                ):
                    await asyncio.sleep(0.01)
            assert not waiting[0].done()
            await hearing.keep(session, **values)

        monkeypatch.setattr("handlers.inbound.keep", keep_while_staff_merge)
        await receive(w.desk, inbound)
        await waiting[0]
        assert [ticket.resident_id for ticket in await w.tickets()] == [w.people["李雷"]]
    await database.close()
