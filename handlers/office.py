"""What an administrator does from the command line: take on staff, hand out codes, bind groups, merge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Role
from handlers import teams
from handlers.desk import Work
from handlers.groups import purposes
from handlers.identity import merging
from handlers.identity.merging import Unmergeable
from handlers.outbox import delivery
from handlers.people import binding, scanning
from handlers.people.scanning import Printed
from handlers.privacy import erasing, exporting
from handlers.privacy.erasing import Erased, Unerasable
from handlers.privacy.exporting import Nothing
from handlers.wording import phone as number
from models.attachment import Attachment
from models.base import add_once
from models.community import Community, Home
from models.group import Group
from models.merge import Merge
from models.resident import Phone, Resident
from models.staff import Staff, StaffRole
from models.ticket import Ticket

HOME_ROLES = ("owner", "tenant", "family")
STAFF_ROLES = tuple(role.value for role in Role if role not in (Role.RESIDENT, Role.CLOCK))
CHANNELS = ("telegram", "web", "robot", "wecom")


class Impossible(Exception):
    """What was asked for cannot be done; the message says why, in one line."""


async def home_code(session: AsyncSession, now: datetime, *, community: str, home: str, role: str) -> str:
    """A new one-time code that binds an account to a home. Raises Impossible."""
    _known("role", role, HOME_ROLES)
    return await binding.issue(session, now, role=role, home=await _home(session, community, home))


async def home_scene(
    session: AsyncSession, now: datetime, *, community: str, home: str, role: str
) -> Printed:
    """The same to be scanned: it asks for a phone's last digits before it binds. Raises Impossible."""
    _known("role", role, HOME_ROLES)
    return await scanning.issue(session, now, role=role, home=await _home(session, community, home))


async def merge_residents(work: Work, keep: str, gone: str) -> Merge:
    """Make two records of one person one, each named by its id, a ticket or a phone. Raises Impossible."""
    stays, goes = await _resident(work.session, keep), await _resident(work.session, gone)
    try:
        made = await merging.merge(work, stays, goes, by="administrator")
    except Unmergeable as no:
        raise Impossible(_UNMERGEABLE[no.reason]) from None
    await merging.redraw(work, made)
    return made


async def part_residents(work: Work, number: int) -> Merge:
    """Take a merge back. Raises Impossible."""
    try:
        made = await merging.undo(work, number, by="administrator")
    except Unmergeable as no:
        raise Impossible(_UNMERGEABLE[no.reason]) from None
    await merging.redraw(work, made)
    return made


async def whole_record(session: AsyncSession, named: str) -> tuple[dict[str, Any], Sequence[Attachment]]:
    """Everything held of a resident, named likewise, and the photos among it. Raises Impossible."""
    resident = await _resident(session, named)
    try:
        return await exporting.of(session, resident), await exporting.photos(session, resident)
    except Nothing:
        raise Impossible(f"nothing is held of resident {resident}: the record was erased") from None


async def erase_resident(work: Work, named: str) -> Erased:
    """Forget a resident, named likewise. Raises Impossible."""
    resident = await _resident(work.session, named)
    try:
        return await erasing.erase(work, resident, by="administrator")
    except Unerasable as no:
        raise Impossible(_UNERASABLE[no.reason].format(", ".join(one.number for one in no.tickets))) from None


_UNERASABLE = {
    "unknown": "there is no such resident",
    "erased": "the data of this resident was erased already",
    "open": "these have to end first: {}",
}
_UNMERGEABLE = {
    "same": "both are the same resident already",
    "unknown": "there is no such merge, or its resident is no longer there",
    "erased": "the data of one of them was erased on request",
    "undone": "this merge was undone already",
    "later": "a later merge is in the way: undo that first",
}


async def add_staff(
    session: AsyncSession, now: datetime, *, name: str, community: str, roles: Sequence[str], phone: str = ""
) -> str:
    """Take somebody on; returns the one-time code that links their account. Raises Impossible.

    Who is there already, by name and phone, gets the roles and a new code.
    """
    for role in roles:
        _known("role", role, STAFF_ROLES)
    called = name.strip()
    if not called or len(called) > 200:
        raise Impossible("a name has 1 to 200 letters")
    place = await _community(session, community)
    person = await _person(session, called, _number(phone))
    for role in dict.fromkeys(roles):
        await add_once(
            session,
            StaffRole,
            "staff_id",
            "community_id",
            "role",
            staff_id=person,
            community_id=place.id,
            role=role,
        )
    return await binding.issue(session, now, role="staff", staff=person)


async def bind_group(
    session: AsyncSession, *, purpose: str, community: str, channel: str, bot: str, chat: str = ""
) -> None:
    """Make a group chat the place for some kind of tickets; what waited for it leaves. Raises Impossible.

    In WeCom's app it is no group but the team of whoever serves for it, whose `chat` follows from that.
    """
    _known("purpose", purpose, purposes())
    _known("channel", channel, CHANNELS)
    place = await _community(session, community)
    if channel == teams.CHANNEL:
        chat = teams.address(place.code, purpose)
    for what, value in (("bot", bot), ("chat", chat)):
        if not value or len(value) > 64:
            raise Impossible(f"the {what} has 1 to 64 letters")
    address = {"channel": channel, "bot": bot, "chat": chat, "purpose": purpose}
    await add_once(session, Group, *address, **address, community_id=place.id, title="", present=True)
    await session.execute(
        update(Group).filter_by(**address).values(community_id=place.id, present=True),
        execution_options={"synchronize_session": False},
    )
    await delivery.release_held(session, channel, bot, chat)


async def _home(session: AsyncSession, community: str, name: str) -> int:
    place = await _community(session, community)
    found = await session.scalar(select(Home.id).filter_by(community_id=place.id, name=name.strip()))
    if found is None:
        raise Impossible(f"no home {name!r} in {place.code}")
    return found


async def _resident(session: AsyncSession, named: str) -> int:
    """Who is meant by an id, the number of a ticket or a phone number."""
    written, dialled = named.strip(), number(named)
    query: Select[int | None] = select(Ticket.resident_id).where(Ticket.number == written.upper())
    if written.isascii() and written.isdecimal() and len(written) < 10:
        query = select(Resident.id).where(Resident.id == int(written))
    elif dialled is not None and not any(letter.isalpha() for letter in written):
        query = select(Phone.resident_id).where(Phone.number == dialled)
    found = [one for one in await session.scalars(query.distinct()) if one is not None]
    if not found:
        raise Impossible(f"no resident {named!r}: give an id, a ticket's number or a phone number")
    if len(found) > 1:
        ids = ", ".join(str(one) for one in sorted(found))
        raise Impossible(f"several residents have {named!r}: give one of the ids {ids}")
    return found[0]


async def _community(session: AsyncSession, code: str) -> Community:
    place = await session.scalar(select(Community).filter_by(code=code.strip().upper()))
    if place is not None:
        return place
    codes = (await session.scalars(select(Community.code).order_by(Community.code).limit(10))).all()
    there = f"there are {', '.join(codes)}" if codes else "there is none yet (WUBU_DEMO=1 makes the demo one)"
    raise Impossible(f"no community {code!r}: {there}")


async def _person(session: AsyncSession, name: str, phone: str | None) -> int:
    if phone is not None:
        same = select(Staff.id).filter_by(name=name, phone=phone, left_at=None).order_by(Staff.id).limit(1)
        known = await session.scalar(same)
        if known is not None:
            return known
    person = Staff(name=name, phone=phone)
    session.add(person)
    await session.flush()
    return person.id


def _number(phone: str) -> str | None:
    if not phone.strip():
        return None
    written = number(phone)
    if written is None:
        raise Impossible(f"{phone!r} is not a phone number")
    return written


def _known(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise Impossible(f"no {what} {value!r}: one of {', '.join(choices)}")
