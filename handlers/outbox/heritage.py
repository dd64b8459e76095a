"""What a sender takes over from the last one: calls under way, what was spent, and the pauses that hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.outbox.door import Door
from handlers.outbox.turns import groups
from models.outbox import Outbox

THROTTLED = "throttled"
THROTTLED_EVERYWHERE = "throttled everywhere"


@dataclass(frozen=True, slots=True)
class Heritage:
    """What a sender takes over: calls whose end nobody knows, recent posts, and pauses (None: everywhere)."""

    orphans: tuple[int, ...]
    spent: tuple[tuple[str, bool, datetime], ...]
    pauses: tuple[tuple[str | None, datetime], ...]


async def inherit(session: AsyncSession, door: Door, now: datetime, window: timedelta) -> Heritage:
    """What the last sender of this door left behind."""
    here = (Outbox.channel == door.channel) & (Outbox.bot == door.bot)
    fields = select(Outbox.id, Outbox.chat)
    orphans = (await session.execute(fields.where(here, Outbox.state == "sending"))).all()
    sent = select(Outbox.chat, Outbox.sent_at).where(here, Outbox.sent_at > now - window)
    recent: list[tuple[str, Any]] = [*(await session.execute(sent.order_by(Outbox.sent_at)))]
    recent += [(chat, now) for _, chat in orphans]
    present = await groups(session, door, {chat for chat, _ in recent})
    return Heritage(
        tuple(row for row, _ in orphans),
        tuple((chat, chat in present, at) for chat, at in recent),
        await _pauses(session, here, now),
    )


async def _pauses(
    session: AsyncSession, here: ColumnElement[bool], now: datetime
) -> tuple[tuple[str | None, datetime], ...]:
    retries = select(Outbox.chat, Outbox.not_before, Outbox.error).where(
        here, Outbox.state == "pending", Outbox.attempts > 0, Outbox.not_before > now
    )
    return tuple(
        (None if why == THROTTLED_EVERYWHERE else chat, until)
        for chat, until, why in await session.execute(retries)
        if why in (THROTTLED, THROTTLED_EVERYWHERE)
    )
