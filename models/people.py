"""Who can sit at the web chat: residents with their homes, staff with their roles, and the staff's groups."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from models.account import Account
from models.community import Community, Home
from models.group import Group
from models.resident import Membership, Resident
from models.staff import Staff, StaffRole

Reading: TypeAlias = AsyncSession


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A resident with the homes they live in now."""

    id: int
    name: str
    homes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A staff member with what they are in each community."""

    id: int
    name: str
    name_en: str
    roles: list[str] = field(default_factory=list)
    communities: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Room:
    """A staff group of the web chat, and whose it is."""

    chat: str
    purpose: str
    title: str
    community: int


async def neighbours(session: AsyncSession, *, only: int | None = None) -> Sequence[Neighbour]:
    """Residents who have a home, from door to door."""
    wanted = (
        select(Resident.id, Resident.name, Home.name)
        .join(Membership, Membership.resident_id == Resident.id)
        .join(Home, Home.id == Membership.home_id)
        .where(Membership.until.is_(None), Resident.erased_at.is_(None))
        .order_by(Resident.id, Membership.id)
    )
    if only is not None:
        wanted = wanted.where(Resident.id == only)
    found: dict[int, Neighbour] = {}
    for number, name, home in await session.execute(wanted):
        found.setdefault(number, Neighbour(number, name)).homes.append(home)
    return sorted(found.values(), key=_door)


def _door(neighbour: Neighbour) -> tuple[list[int], int]:
    """The numbers in a home's name: 1-301 comes before 1-1002."""
    return [int(part) for part in re.findall(r"[0-9]+", neighbour.homes[0])], neighbour.id


async def colleagues(session: AsyncSession, *, only: int | None = None) -> Sequence[Colleague]:
    """Staff who serve now, in the order they joined."""
    wanted = (
        select(Staff.id, Staff.name, Staff.name_en, StaffRole.role, StaffRole.community_id)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(Staff.left_at.is_(None))
        .order_by(Staff.id, StaffRole.id)
    )
    if only is not None:
        wanted = wanted.where(Staff.id == only)
    found: dict[int, Colleague] = {}
    for number, name, name_en, role, community in await session.execute(wanted):
        colleague = found.setdefault(number, Colleague(number, name, name_en))
        if role not in colleague.roles:
            colleague.roles.append(role)
        colleague.communities.add(community)
    return list(found.values())


async def rooms(
    session: AsyncSession, channel: str, communities: Collection[int] | None = None
) -> Sequence[Room]:
    """The groups of a channel in which the bot is, of some communities or of all."""
    wanted = select(Group.chat, Group.purpose, Group.title, Group.community_id).where(
        Group.channel == channel, Group.present
    )
    if communities is not None:
        wanted = wanted.where(Group.community_id.in_(communities))
    return [Room(*row) for row in await session.execute(wanted.order_by(Group.id))]


async def works_where(session: AsyncSession, channel: str, people: Collection[str]) -> frozenset[int]:
    """The communities in which the staff among some accounts serve."""
    wanted = (
        select(StaffRole.community_id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .join(Account, Account.staff_id == Staff.id)
        .where(Account.channel == channel, Account.external_id.in_(people), Staff.left_at.is_(None))
    )
    return frozenset(await session.scalars(wanted))


async def resident_behind(session: AsyncSession, channel: str, account: str) -> int | None:
    """The resident to whom an account was bound; None while it is a guest's."""
    bound = select(Account.resident_id).where(Account.channel == channel, Account.external_id == account)
    return await session.scalar(bound)


async def community(session: AsyncSession) -> Community | None:
    """The first community there is: the one whose name stands on the page."""
    return (await session.scalars(select(Community).order_by(Community.id).limit(1))).first()


async def seat(session: AsyncSession, account: Account) -> None:
    """Make an account unless it is there; whoever is second finds the first one's."""
    same = select(Account.id).where(
        Account.channel == account.channel,
        Account.bot == account.bot,
        Account.external_id == account.external_id,
    )
    if await session.scalar(same) is not None:
        return
    try:
        async with session.begin_nested():
            session.add(account)
    except IntegrityError:
        return


async def speak(session: AsyncSession, channel: str, people: Collection[str], locale: str) -> None:
    """From now on these accounts are written to in another language."""
    theirs = update(Account).where(Account.channel == channel, Account.external_id.in_(people))
    await session.execute(theirs.values(locale=locale))
