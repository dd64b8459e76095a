"""The figures of `/readyz` are those of the doors that are open here."""

from __future__ import annotations

from datetime import timedelta

from handlers.backlog import Backlog, backlog
from models.database import Database
from tests.bot.outbound import BOT, CHANNEL, NOON, WANG, House


async def _look(house: House, *doors: tuple[str, str]) -> Backlog:
    late = NOON + timedelta(minutes=10)
    async with house.database.reading() as session:
        return await backlog(session, late, doors=doors, inbox_lag=0.0, heartbeat=0.0)


async def test_37_what_waits_for_a_door_that_is_closed_is_no_lag(database: Database) -> None:
    house = House(database)
    await house.furnish()
    await house.write(WANG, "hello")
    assert (await _look(house, ("web", "web"))).outbox_lag == 0
    assert (await _look(house, ("web", "web"), (CHANNEL, BOT))).outbox_lag == 600
