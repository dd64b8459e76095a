"""Who is called when it burns, and by what name a reader of a language knows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.hours import Calendar
from flows.engine.lifecycle import Role
from models.account import Account
from models.community import Building, Home
from models.staff import Staff, attended, holders, next_shift, on_duty


async def leads(session: AsyncSession, community: int, now: datetime) -> Sequence[Staff]:
    """The duty leads of this hour; in a gap of their roster all of them, and without any the managers."""
    found = await whoever(session, community, Role.DUTY_LEAD, now)
    return found or await managers(session, community, now)


async def managers(session: AsyncSession, community: int, now: datetime) -> Sequence[Staff]:
    return await whoever(session, community, Role.MANAGER, now)


async def assistants(session: AsyncSession, home: Home, now: datetime) -> Sequence[Staff]:
    """Who answers for a home, else all assistants; where there are none, who leads."""
    found = await answering(session, home, now)
    found = found or await holders(session, home.community_id, Role.ASSISTANT.value)
    return found or await leads(session, home.community_id, now)


async def answering(session: AsyncSession, home: Home, at: datetime) -> Sequence[Staff]:
    """The assistant of a home's building while on duty, else the assistants who are; maybe nobody."""
    present = await on_duty(session, home.community_id, Role.ASSISTANT.value, at)
    own = {one.id for one in await assistant_of(session, home)}
    return [one for one in present if one.id in own] or present


async def assistant_at(session: AsyncSession, home: Home, at: datetime, locale: str) -> str:
    """The name of the one who will answer for a home at an instant; "" where it may be one of several."""
    people = await answering(session, home, at) or await assistant_of(session, home)
    return called(people[0], locale) if len(people) == 1 else ""


async def assistant_of(session: AsyncSession, home: Home) -> Sequence[Staff]:
    """The assistant of a home's building, if it has one who still works here."""
    named = select(Staff).join(Building, Building.assistant_id == Staff.id)
    found = await session.scalars(named.where(Building.id == home.building_id, Staff.left_at.is_(None)))
    return found.all()


async def whoever(session: AsyncSession, community: int, role: Role, now: datetime) -> Sequence[Staff]:
    """Who is on shift in a role, else everybody who has it: for what must reach somebody at any hour."""
    return await on_duty(session, community, role.value, now) or await holders(session, community, role.value)


async def opens(
    session: AsyncSession, community: int, roles: Collection[Role], calendar: Calendar, now: datetime
) -> datetime:
    """`now` while it is service time and one of these is there, else when that will be so next.

    Where no shift is planned any more, only the calendar counts.
    """
    served = calendar.opens_next(now)
    if await attended(session, community, roles, served):
        return served
    begins = await next_shift(session, community, roles, served)
    return served if begins is None else calendar.opens_next(begins)


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
