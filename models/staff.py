"""Who serves: staff, their roles in each community, and who is on duty when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Name, Pk, Short

ROSTER = timedelta(days=14)
"""A role that nobody has served in for so long, and nobody will for as long, has no roster."""


class Staff(Base):
    __tablename__ = "staff"
    id: Mapped[Pk]
    name: Mapped[Name]
    name_en: Mapped[Name] = mapped_column(default="")
    phone: Mapped[str | None] = mapped_column(String(20))
    photo: Mapped[str | None] = mapped_column(String(200))
    left_at: Mapped[Instant | None]


class StaffRole(Base):
    __tablename__ = "staff_role"
    __table_args__ = (UniqueConstraint("staff_id", "community_id", "role"),)
    id: Mapped[Pk]
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"), index=True)
    role: Mapped[Short]


class Shift(Base):
    """A staff member's duty in a role, from an instant to an instant."""

    __tablename__ = "shift"
    __table_args__ = (Index(None, "community_id", "role", "ends_at"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff.id"))
    role: Mapped[Short]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]


async def roles_of(session: AsyncSession, staff: int, community: int) -> frozenset[str]:
    """What this staff member may act as in this community."""
    rows = await session.scalars(
        select(StaffRole.role)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.staff_id == staff, StaffRole.community_id == community, Staff.left_at.is_(None))
    )
    return frozenset(rows)


async def on_duty(session: AsyncSession, community: int, role: str, now: datetime) -> Sequence[Staff]:
    """Who is on shift in a role; everybody who has it, while the role has no roster at all.

    Nobody, where there is a roster and it is nobody's turn.
    """
    turn = _shifts(community, (role,)).where(Shift.starts_at <= now, Shift.ends_at > now)
    on_shift = _holders(community, role).where(Staff.id.in_(turn.with_only_columns(Shift.staff_id)))
    present = (await session.scalars(on_shift)).all()
    if present or await _rostered(session, community, (role,), now):
        return present
    return await holders(session, community, role)


async def holders(session: AsyncSession, community: int, role: str) -> Sequence[Staff]:
    """Everybody who has a role, on shift or not."""
    return (await session.scalars(_holders(community, role))).all()


async def attended(session: AsyncSession, community: int, roles: Collection[str], at: datetime) -> bool:
    """Whether somebody is on shift in one of these roles, or none of them has a roster."""
    turn = _shifts(community, roles).where(Shift.starts_at <= at, Shift.ends_at > at)
    return bool(await session.scalar(turn.limit(1))) or not await _rostered(session, community, roles, at)


async def next_shift(
    session: AsyncSession, community: int, roles: Collection[str], at: datetime
) -> datetime | None:
    """When the next shift in one of these roles begins; None where none is planned."""
    ahead = _shifts(community, roles).where(Shift.starts_at > at)
    return await session.scalar(ahead.with_only_columns(func.min(Shift.starts_at)))


async def _rostered(session: AsyncSession, community: int, roles: Collection[str], at: datetime) -> bool:
    near = _shifts(community, roles).where(Shift.starts_at <= at + ROSTER, Shift.ends_at > at - ROSTER)
    return bool(await session.scalar(near.limit(1)))


def _shifts(community: int, roles: Collection[str]) -> Select[int]:
    """The shifts of those who still serve in these roles."""
    held = and_(
        StaffRole.staff_id == Shift.staff_id,
        StaffRole.community_id == Shift.community_id,
        StaffRole.role == Shift.role,
    )
    query = select(Shift.id).join(StaffRole, held).join(Staff, Staff.id == Shift.staff_id)
    return query.where(Shift.community_id == community, Shift.role.in_(roles), Staff.left_at.is_(None))


def _holders(community: int, role: str) -> Select[Staff]:
    return (
        select(Staff)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.community_id == community, StaffRole.role == role, Staff.left_at.is_(None))
        .order_by(Staff.id)
    )
