"""A message meets its conversation, and a database that goes away in between is told from a bad message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import Database, is_clash, is_down
from models.hearing import find, keep
from tests.world import MONDAY, world


async def _kept(session: AsyncSession, key: str, words: str = "") -> None:
    place = {"channel": "test", "bot": "bot"}
    inbox = {**place, "key": key, "conversation_id": None, "receipt": {"hint": words}, "kept": None}
    await keep(session, inbox=inbox, draft=None, offered=None, revision=1, now=MONDAY)


async def test_36_a_connection_that_dies_between_the_two_statements(postgres_url: str) -> None:
    database, other = Database(postgres_url), Database(postgres_url)
    async with world(database):
        pass
    with pytest.raises(Exception) as failed:  # noqa: PT011, PT012
        async with database.transaction() as session:
            mine = await session.scalar(text("SELECT pg_backend_pid()"))
            place = {"channel": "test", "bot": "bot", "chat": "李雷", "account": "李雷"}
            await find(session, **place, key="k", now=MONDAY + timedelta(hours=1))
            async with other.transaction() as killer:
                await killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
            await _kept(session, "k")
    assert is_down(failed.value)
    await database.close()
    await other.close()


async def test_a_bad_message_is_no_outage(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction() as session:
            await _kept(session, "k", "\0")
    assert not is_down(failed.value)
    assert not is_clash(failed.value)
    await database.close()


async def test_the_same_key_twice_is_a_clash(database: Database) -> None:
    async with database.transaction() as session:
        await _kept(session, "k")
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction() as session:
            await _kept(session, "k")
    assert is_clash(failed.value)
    assert not is_down(failed.value)
