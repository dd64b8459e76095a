"""Who serves: staff, their roles in each community, and who is on duty when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Name, Pk, Short


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
    """Who is on shift in a role; with nobody on shift, everybody who has the role."""
    has_role = (
        select(Staff)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.community_id == community, StaffRole.role == role, Staff.left_at.is_(None))
        .order_by(Staff.id)
    )
    shift = select(Shift.staff_id).where(
        Shift.community_id == community, Shift.role == role, Shift.starts_at <= now, Shift.ends_at > now
    )
    present = (await session.scalars(has_role.where(Staff.id.in_(shift)))).all()
    return present or (await session.scalars(has_role)).all()
