"""What only one process may do is done by one, and its successor does not have to wait for a dead one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

from bot import leases
from models.database import Database
from models.lease import Lease
from tests.bot.outbound import NOON


async def test_one_holds_and_the_other_waits_until_it_runs_out(database: Database) -> None:
    assert await leases.hold(database, "clock", "one", 20, NOON)
    assert not await leases.hold(database, "clock", "two", 20, NOON + timedelta(seconds=19))
    assert await leases.hold(database, "clock", "one", 20, NOON + timedelta(seconds=19))
    assert not await leases.hold(database, "clock", "two", 20, NOON + timedelta(seconds=38))
    assert await leases.hold(database, "clock", "two", 20, NOON + timedelta(seconds=39))
    assert not await leases.hold(database, "clock", "one", 20, NOON + timedelta(seconds=40))


async def test_a_lease_that_is_handed_back_is_free_and_keeps_its_notebook(database: Database) -> None:
    assert await leases.hold(database, "polling", "one", 20, NOON)
    async with database.transaction() as session:
        (await session.get_one(Lease, "polling")).data = {"offset": 7}
    await leases.release(database, "polling", "two")
    assert not await leases.hold(database, "polling", "two", 20, NOON)
    await leases.release(database, "polling", "one")
    assert await leases.hold(database, "polling", "two", 20, NOON)
    async with database.reading() as session:
        assert (await session.get_one(Lease, "polling")).data == {"offset": 7}


async def test_of_ten_who_ask_at_once_one_gets_it(database: Database) -> None:
    asked = [leases.hold(database, "clock", f"{number}", 20, NOON) for number in range(10)]
    assert (await asyncio.gather(*asked)).count(True) == 1


async def test_a_process_that_died_here_is_succeeded_at_once(database: Database) -> None:
    program = "from bot import leases; print(leases.new_holder())"
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: ASYNC221
    assert await leases.hold(database, "clock", died.stdout.strip(), 20, NOON)
    alive = leases.new_holder()
    if "-" in alive.split("."):
        assert not await leases.hold(database, "clock", alive, 20, NOON)
        return
    assert await leases.hold(database, "clock", alive, 20, NOON)
    assert not await leases.hold(database, "clock", leases.new_holder(), 20, NOON)


def test_holders_are_told_apart_and_fit_their_column() -> None:
    assert leases.new_holder() != leases.new_holder()
    assert len(leases.new_holder()) <= 64
