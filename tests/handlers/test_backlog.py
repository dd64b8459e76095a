"""The figures of `/readyz` are those of the doors that are open here."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from handlers.backlog import Backlog, backlog
from handlers.outbox.heritage import THROTTLED
from models import Outbox
from models.database import Database
from tests.bot.outbound import BOT, CHANNEL, NOON, WANG, House

LATE = NOON + timedelta(minutes=10)


async def _look(house: House, *doors: tuple[str, str]) -> Backlog:
    async with house.database.reading() as session:
        return await backlog(session, LATE, doors=doors, inbox_lag=0.0, heartbeat=0.0)


async def test_37_what_waits_for_a_door_that_is_closed_is_no_lag(database: Database) -> None:
    house = House(database)
    await house.furnish()
    await house.write(WANG, "hello")
    assert (await _look(house, ("web", "web"))).outbox_lag == 0
    assert (await _look(house, ("web", "web"), (CHANNEL, BOT))).outbox_lag == 600


async def test_37_a_group_that_can_take_no_more_is_no_reason_to_stop(database: Database) -> None:
    """Its queue moves, or the vendor said when it may: that is told, and counts as no lag."""
    house = House(database)
    await house.furnish()
    for text in ("one", "two", "three"):
        await house.write(WANG, text)
    await _with_the_first(house, state="sent", sent_at=LATE - timedelta(seconds=20))
    moving = await _look(house, (CHANNEL, BOT))
    assert (moving.outbox_lag, moving.budget_lag) == (0, 600)

    await _with_the_first(house, state="sent", sent_at=LATE - timedelta(seconds=90))
    stuck = await _look(house, (CHANNEL, BOT))
    assert (stuck.outbox_lag, stuck.budget_lag) == (600, 0)

    until = LATE + timedelta(seconds=30)
    await _with_the_first(house, state="pending", error=THROTTLED, attempts=1, not_before=until)
    throttled = await _look(house, (CHANNEL, BOT))
    assert (throttled.outbox_lag, throttled.budget_lag) == (0, 600)


async def _with_the_first(house: House, **values: object) -> None:
    async with house.database.transaction() as session:
        first = select(func.min(Outbox.id)).scalar_subquery()
        await session.execute(update(Outbox).where(Outbox.id == first).values(**values))
