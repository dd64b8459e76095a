"""What is due is done once and at a decent hour; what fails is put off alone."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from flows import catalogue
from flows.engine.messages import Json
from handlers import due, moves
from handlers.desk import Work
from handlers.tickets import Doer
from models import Community, Due, Resident, Ticket
from models.database import Database
from tests.world import World, world

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def w(database: Database) -> World:
    async with world(database) as made:
        return made


async def _rows(w: World) -> dict[int, Due]:
    async with w.database.reading() as session:
        return {row.id: row for row in await session.scalars(select(Due))}


async def test_only_what_failed_is_put_off(w: World) -> None:
    broken, healthy = await w.report("李雷"), await w.report("韩梅")
    async with w.database.transaction() as session:
        await session.execute(update(Ticket).where(Ticket.id == broken).values(kind="nothing we know"))
    w.now += timedelta(minutes=8)
    with pytest.raises(due.Failed) as failed:
        await due.fire_next(w.desk)
    assert (await _rows(w))[failed.value.row].ticket_id == broken
    async with w.database.transaction() as session:  # another process was quicker and has the first in hand
        first = select(Due).where(Due.id == failed.value.row).with_for_update()
        (await session.scalars(first)).one().done_at = w.now
    before = {row.id: row.at for row in (await _rows(w)).values()}
    await due.postpone(w.desk, failed.value.row, "KeyError")
    after = await _rows(w)
    assert {row.id: row.at for row in after.values()} == before
    assert [row.attempts for row in after.values() if row.ticket_id == healthy] == [0] * 6


async def test_what_failed_comes_again_later(w: World) -> None:
    await w.report("李雷")
    w.now += timedelta(minutes=8)
    async with w.database.transaction() as session:
        await session.execute(update(Ticket).values(kind="nothing we know"))
    with pytest.raises(due.Failed) as failed:
        await due.fire_next(w.desk)
    await due.postpone(w.desk, failed.value.row, "KeyError")
    row = (await _rows(w))[failed.value.row]
    assert (row.attempts, row.at, row.data["error"]) == (1, w.now + due.AGAIN, "KeyError")
    assert not await due.fire_next(w.desk)


async def test_30_nobody_is_woken_to_hear_that_work_goes_on(w: World) -> None:
    """Paused until the evening, the program down meanwhile and up again at night."""
    number = await w.report("李雷")
    await w.tap("王师傅", "接单", chat="repair")
    async with w.database.transaction() as session:
        ticket = await session.get_one(Ticket, number)
        ticket.state, ticket.clocks = "paused", {}
        session.add(Due(kind="wake", ticket_id=number, cycle="x", at=w.now + timedelta(hours=9), data={}))
        assert await session.scalar(select(Community.id)) is not None
    told = len(w.chats["李雷"])
    w.now += timedelta(hours=17)
    assert w.now.astimezone(ZONE).hour == 2
    await w.tick()
    assert len(w.chats["李雷"]) == told
    await w.wait(timedelta(hours=7))
    assert w.now.astimezone(ZONE).hour == 9
    assert len(w.chats["李雷"]) == told + 1
    assert (await w.tickets())[0].state == "accepted"


async def _finished(w: World, **record: object) -> None:
    """A repair is done for a resident whose record says this."""
    number = await w.report("李雷")
    async with w.database.transaction() as session:
        (await session.get_one(Resident, w.people["李雷"])).settings = {"record": record}
        ticket = await session.get_one(Ticket, number)
        ticket.state = "arrived"
        work, finish = Work(w.desk, session, w.now), catalogue.lifecycles()["repair"].named["finish"]
        values: dict[str, Json] = {"checklist": [], "work": "换了垫圈"}
        await moves.perform(work, ticket, finish, Doer(staff=w.people["王师傅"]), values)
    await w.deliver()


async def test_31_who_does_not_want_to_rate_is_not_asked(w: World) -> None:
    await _finished(w, no_rating=True)
    told = w.chats["李雷"]
    assert "★" not in str(told[-1].message.buttons)
    assert "办好了" in told[-1].message.text
    before = len(told)
    await w.wait(timedelta(days=5))
    assert len(told) == before
    assert ((await w.tickets())[0].state, (await w.tickets())[0].outcome) == ("closed", "unrated")


async def test_a_reminder_keeps_the_residents_own_quiet_hours(w: World) -> None:
    """Done at half past nine: the reminder would come at that hour the next day."""
    await _finished(w, quiet=["08:00", "12:00"])
    before = len(w.chats["李雷"])
    await w.wait(timedelta(hours=26))
    assert w.now.astimezone(ZONE).hour == 11
    assert len(w.chats["李雷"]) == before
    await w.wait(timedelta(hours=1))
    assert len(w.chats["李雷"]) == before + 1
    assert "★" in str(w.chats["李雷"][-1].message.buttons)
