"""Whose turn it is: the first due row of every chat that may be written to just now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.outbox.door import Door, Gate
from models.group import Group
from models.outbox import Outbox

BATCH = 200
ROUNDS = 5


async def anything(session: AsyncSession, door: Door, shut: Collection[str], now: datetime) -> bool:
    """Whether there is anything to be looked at, without a lock."""
    return (await session.execute(waiting(door, shut, now).limit(1))).first() is not None


async def heads(session: AsyncSession, door: Door, gate: Gate, now: datetime, most: int) -> list[int]:
    """The first rows, by id, of up to `most` open chats; behind a row that waits for its retry, all wait."""
    shut = set(gate.shut())
    chosen: dict[str, int] = {}
    for _ in range(ROUNDS):
        rows = (await session.execute(waiting(door, shut, now).limit(BATCH))).all()
        waits: set[tuple[str, int]] = set()
        for row, chat, lane, not_before in rows:
            if len(chosen) >= most:
                break
            if chat in chosen or (chat, lane) in waits:
                continue
            waits.add((chat, lane))
            if not_before <= now and gate.open(chat, lane):
                chosen[chat] = row
        if len(rows) < BATCH or len(chosen) >= most:
            break
        shut.update(chat for _, chat, _, _ in rows)
    return list(chosen.values())


def waiting(door: Door, shut: Collection[str], now: datetime) -> Select[int, str, int, datetime]:
    """What waits for a door and is due, or is to be tried again; the emergencies first."""
    query = select(Outbox.id, Outbox.chat, Outbox.lane, Outbox.not_before).where(
        Outbox.channel == door.channel,
        Outbox.bot == door.bot,
        Outbox.state == "pending",
        (Outbox.not_before <= now) | (Outbox.attempts > 0),
    )
    if shut:
        query = query.where(Outbox.chat.not_in(shut))
    return query.order_by(Outbox.lane, Outbox.id)


async def groups(session: AsyncSession, door: Door, chats: Collection[str]) -> Mapping[str, bool]:
    """Which chats are groups, and whether the bot is in them."""
    query = select(Group.chat, Group.present).where(
        Group.channel == door.channel, Group.bot == door.bot, Group.chat.in_(chats)
    )
    present: dict[str, bool] = {}
    for chat, here in await session.execute(query):
        present[chat] = here or present.get(chat, False)
    return present
