"""The demo community's duty roster: today and a week ahead, filled up whenever the program starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from flows.engine.lifecycle import Role
from models.community import Community
from models.staff import Shift, Staff, StaffRole

Frame: TypeAlias = tuple[time, time]
DAY = (time(8), time(20))
NIGHT = (time(20), time(8))


async def fill(session: AsyncSession, community: Community, now: datetime) -> None:
    """The shifts from today to a week ahead that nobody has been given yet."""
    zone = ZoneInfo(community.timezone)
    today = now.astimezone(zone).date()
    people = await _by_role(session, community.id)
    given = select(Shift.role, Shift.starts_at).where(
        Shift.community_id == community.id, Shift.ends_at > now - timedelta(days=2)
    )
    known = {(role, starts_at) for role, starts_at in await session.execute(given)}
    wanted = [
        {
            "community_id": community.id,
            "staff_id": staff,
            "role": role.value,
            "starts_at": _instant(day, frame[0], zone),
            "ends_at": _instant(day + timedelta(days=frame is NIGHT), frame[1], zone),
        }
        for day in (today + timedelta(days=ahead) for ahead in range(-1, 8))
        for role, frame, staff in _duties(people, day)
    ]
    new = [shift for shift in wanted if (shift["role"], shift["starts_at"]) not in known]
    if new:
        await session.execute(insert(Shift), new)


def _duties(people: dict[str, list[int]], day: date) -> Iterator[tuple[Role, Frame, int]]:
    """Technicians and assistants take turns; the duty lead is on call day and night."""
    turn = day.toordinal()
    for role, frame, most in (
        (Role.TECHNICIAN, DAY, 2),
        (Role.TECHNICIAN, NIGHT, 1),
        (Role.ASSISTANT, DAY, 1),
        (Role.GUARD, DAY, 1),
        (Role.DESK, DAY, 1),
        (Role.DUTY_LEAD, DAY, 1),
        (Role.DUTY_LEAD, NIGHT, 1),
        (Role.MANAGER, DAY, 1),
    ):
        able = people.get(role.value, [])
        first = turn + (2 if frame is NIGHT else 0)
        for number in range(min(most, len(able))):
            yield role, frame, able[(first + number) % len(able)]


async def _by_role(session: AsyncSession, community: int) -> dict[str, list[int]]:
    rows = await session.execute(
        select(StaffRole.role, Staff.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.community_id == community, Staff.left_at.is_(None))
        .order_by(Staff.id)
    )
    found: dict[str, list[int]] = {}
    for role, staff in rows:
        found.setdefault(role, []).append(staff)
    return found


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
