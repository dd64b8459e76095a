"""Who is called when it burns, and by what name a reader of a language knows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Role
from models.account import Account
from models.staff import Staff, on_duty


async def leads(session: AsyncSession, community: int, now: datetime) -> Sequence[Staff]:
    """The duty leads of this hour; where there is none, the managers."""
    found = await on_duty(session, community, Role.DUTY_LEAD.value, now)
    return found or await managers(session, community, now)


async def managers(session: AsyncSession, community: int, now: datetime) -> Sequence[Staff]:
    return await on_duty(session, community, Role.MANAGER.value, now)


async def addresses(
    session: AsyncSession, people: Sequence[Staff], channel: str, bot: str
) -> tuple[str, ...]:
    """Under which ids a channel knows these people."""
    query = select(Account.external_id).where(Account.staff_id.in_([one.id for one in people]))
    if channel in _BY_OTHER_IDS:
        query = query.where(Account.channel == _BY_OTHER_IDS[channel])
    else:
        query = query.where(Account.channel == channel, Account.bot == bot)
    return tuple(dict.fromkeys(await session.scalars(query.order_by(Account.id))))


_BY_OTHER_IDS = {"robot": "wecom"}
"""Nobody talks to a group's robot: it calls people by the ids they have in their company's apps."""


def called(person: Staff | None, locale: str) -> str:
    """A colleague's name as readers of a language know it; nobody has none."""
    if person is None:
        return ""
    return person.name_en if locale == "en" and person.name_en else person.name
