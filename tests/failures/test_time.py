"""Reminders come once: from two processes, after a night, after six hours of darkness, and never for ever."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from handlers.envelopes import Kind
from models import Account, Due
from models.database import Database
from tests.emulators.telegram_rooms import Message
from tests.failures.conftest import Builder, mostly
from tests.failures.shift import begin
from tests.premises import WAIT, eventually
from tests.repairing import report
from tests.world import World, world

ZONE = ZoneInfo("Asia/Shanghai")


@mostly("postgresql")
async def test_30_two_processes_and_one_reminder(kind: str, builder: Builder) -> None:
    s = await begin(builder, kind, programs=2)
    numbers = [await report(s.li, f"第{number}把门锁坏了", trade="门窗门锁") for number in range(5)]
    for number in numbers:
        await s.shown(number, "等待接单")
    async with s.estate.database.transaction() as session:
        first = update(Due).where(Due.kind == "respond", Due.data["stage"].as_integer() == 0)
        await session.execute(first.values(at=datetime.now().astimezone() - timedelta(seconds=1)))
    for number in numbers:
        await s.group.wait_for(partial(_reminds, number), WAIT)
    await eventually(lambda: _nothing_due(s.estate.database))
    await asyncio.sleep(0.5)
    await s.estate.calm()
    for number in numbers:
        assert len([one for one in s.group.from_bot if _reminds(number, one)]) == 1


def _reminds(number: str, message: Message) -> bool:
    return number in message.words and "还没人接单" in message.words


async def _nothing_due(database: Database) -> bool:
    async with database.reading() as session:
        now = datetime.now().astimezone()
        query = select(func.count()).where(Due.done_at.is_(None), Due.at <= now)
        return await session.scalar(query) == 0


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        return made


async def test_30_six_hours_down_by_day(w: World) -> None:
    """One overdue repair and nobody to remind: afterwards the highest who is due hears of it, once."""
    await _reported(w)
    await w.wait(timedelta(hours=6), step=timedelta(hours=6))
    await w.wait(timedelta(minutes=30), step=timedelta(seconds=30))
    assert w.words("周经理").count("一直没人接单") == 1
    assert "还没人接单" not in w.words("repair")
    assert "超过接单时间" not in w.words("陈值班")
    async with w.database.reading() as session:
        late = select(func.count()).where(Due.done_at.is_(None), Due.at <= w.now)
        assert await session.scalar(late) == 0


async def test_30_down_in_the_evening_and_up_at_three_in_the_morning(w: World) -> None:
    await w.wait(timedelta(hours=10))
    await _reported(w)
    await _repaired(w)
    asked = w.words("李雷").count("您还满意吗")
    assert (w.now + timedelta(hours=24)).astimezone(ZONE).hour == 19
    await w.wait(timedelta(hours=23))
    await w.wait(timedelta(hours=8), step=timedelta(hours=8))
    assert w.now.astimezone(ZONE).hour == 2
    await w.wait(timedelta(hours=5, minutes=59), step=timedelta(minutes=1))
    assert w.now.astimezone(ZONE).hour == 8
    assert w.words("李雷").count("您还满意吗") == asked, "nothing at night"
    await w.wait(timedelta(hours=1), step=timedelta(minutes=1))
    assert w.words("李雷").count("您还满意吗") == asked + 1
    await w.wait(timedelta(hours=12), step=timedelta(hours=1))
    assert w.words("李雷").count("您还满意吗") == asked + 1


async def test_31_asked_three_times_at_most_and_closed_as_unrated(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    assert _asked(w) == 1
    for hours, asked in ((23, 1), (2, 2), (46, 2), (2, 3), (24, 3)):
        await w.wait(timedelta(hours=hours), step=timedelta(minutes=30))
        assert _asked(w) == asked
    (ticket,) = await w.tickets()
    assert (ticket.state, ticket.outcome, ticket.rating) == ("closed", "unrated", None)
    await w.wait(timedelta(days=20), step=timedelta(hours=6))
    assert _asked(w) == 3


async def test_31_never_again_after_a_rating(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    await w.tap("李雷", "★★★★☆")
    await w.wait(timedelta(days=10), step=timedelta(hours=6))
    assert _asked(w) == 1
    (ticket,) = await w.tickets()
    assert (ticket.outcome, ticket.rating) == ("rated", {"overall": 4})


async def test_31_asked_anew_after_the_next_completion_only(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    await w.tap("李雷", "没解决")
    await w.say("李雷", "还是堵")
    await w.tap("李雷", "跳过")
    await w.wait(timedelta(days=5), step=timedelta(hours=6))
    assert _asked(w) == 1
    await _repaired(w)
    assert _asked(w) == 2
    await w.wait(timedelta(hours=25), step=timedelta(minutes=30))
    assert _asked(w) == 3


async def test_31_nobody_asks_who_has_blocked_us(w: World) -> None:
    await _reported(w)
    await _repaired(w)
    await w.hear(w.inbound("李雷", Kind.BLOCKED))
    await w.wait(timedelta(days=10), step=timedelta(hours=6))
    assert _asked(w) == 1
    async with w.database.reading() as session:
        account = select(Account.reachable).where(Account.external_id == "李雷")
        assert await session.scalar(account) is False
    assert [(one.state, one.outcome) for one in await w.tickets()] == [("closed", "unrated")]


def _asked(w: World) -> int:
    return w.words("李雷").count("您还满意吗")


async def _reported(w: World) -> None:
    await w.say("李雷", "马桶堵了")
    for label in ("我家里", "下水堵塞", "跳过", "尽快上门", "+86 138 0000 0001", "提交"):
        await w.tap("李雷", label)
    assert len(await w.tickets()) == 1


async def _repaired(w: World) -> None:
    for label in ("接单", "出发", "到了", "修好了"):
        await w.tap("王师傅", label, chat="repair")
    await w.tap("王师傅", "完成")
    await w.say("王师傅", "通开了")
    await w.tap("王师傅", "跳过")
    assert [one.state for one in await w.tickets()] == ["done"]
