"""The right to change a card is kept until it is used or too old, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models import wecom
from models.database import Database
from models.wecom import GOOD_FOR, LONGEST_CODE, WecomCode

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
CARD = {"bot": "ww1.1", "task": "w-1", "account": "wang"}


@pytest.fixture
async def database(database_url: str) -> Database:
    return Database(database_url)


async def keep(database: Database, code: str, at: datetime = NOON, **other: str) -> None:
    async with database.transaction() as session:
        await wecom.keep(session, code=code, now=at, **{**CARD, **other})


async def take(database: Database, at: datetime = NOON, **other: str | None) -> WecomCode | None:
    async with database.transaction() as session:
        return await wecom.take(session, now=at, **{**CARD, **other})  # type: ignore[arg-type]


async def code(database: Database, at: datetime = NOON, **other: str | None) -> str:
    taken = await take(database, at, **other)
    return "" if taken is None else taken.code


async def test_the_newest_is_taken_first_and_each_once(database: Database) -> None:
    await keep(database, "one")
    await keep(database, "two", NOON + timedelta(seconds=1))
    await keep(database, "other card", task="w-2")
    assert [await code(database) for _ in range(3)] == ["two", "one", ""]
    assert await code(database, account="li", task="w-2") == ""
    assert await code(database, task="w-2") == "other card"
    await database.close()


async def test_one_card_of_many_takes_the_newest_of_anybodys(database: Database) -> None:
    for number, account in enumerate(("team.HPY.repair", "wang", "li", "wang")):
        await keep(database, f"{account} {number}", NOON + timedelta(seconds=number), account=account)
    await keep(database, "other card", NOON + timedelta(seconds=9), task="w-2")
    await keep(database, "other app", NOON + timedelta(seconds=9), bot="ww1.2")
    assert await code(database, account="li") == "li 2"
    assert [await code(database, account=None) for _ in range(4)] == [
        "wang 3",
        "wang 1",
        "team.HPY.repair 0",
        "",
    ]
    await keep(database, "late", NOON + timedelta(seconds=9))
    assert await code(database, NOON + GOOD_FOR + timedelta(seconds=9), account=None) == ""
    await database.close()


async def test_two_changes_at_once_never_take_the_same(database: Database) -> None:
    await keep(database, "one")
    await keep(database, "two", account="li")
    taken = await asyncio.gather(*(code(database, account=None) for _ in range(3)))
    assert len([one for one in taken if one]) == len({one for one in taken if one}) >= 1
    await database.close()


async def test_the_same_one_told_twice_is_not_good_twice(database: Database) -> None:
    await keep(database, "one")
    assert await code(database) == "one"
    await keep(database, "one")
    assert await code(database) == ""
    await database.close()


async def test_what_was_not_used_after_all_is_given_back(database: Database) -> None:
    await keep(database, "one")
    taken = await take(database)
    assert taken is not None
    async with database.transaction() as session:
        await wecom.give_back(session, taken.id)
    assert await code(database) == "one"
    await database.close()


async def test_what_is_too_old_is_forgotten(database: Database) -> None:
    await keep(database, "one")
    assert await code(database, NOON + GOOD_FOR) == ""
    await keep(database, "two", NOON + GOOD_FOR)
    async with database.reading() as session:
        assert [row.code for row in await session.scalars(select(WecomCode))] == ["two"]
    await database.close()


async def test_none_and_one_too_long_are_not_kept(database: Database) -> None:
    await keep(database, "")
    await keep(database, "x" * (LONGEST_CODE + 1))
    assert await code(database) == ""
    await keep(database, "x" * LONGEST_CODE)
    assert await code(database) == "x" * LONGEST_CODE
    await database.close()
