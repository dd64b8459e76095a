"""Who lives here: residents, their homes, phones and consents, and every change to what is held of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Row, String, UniqueConstraint, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonMap, Name, Pk, Short
from models.community import Community, Home


class Resident(Base):
    """Ids are never given twice: a record that was merged into another may come back."""

    __tablename__ = "resident"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 SQLAlchemy's own way to say so
    id: Mapped[Pk]
    name: Mapped[Name]
    locale: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[Instant]
    erased_at: Mapped[Instant | None]
    settings: Mapped[JsonMap]


class Membership(Base):
    """A resident's place in a home, with a role, from a day to a day."""

    __tablename__ = "membership"
    __table_args__ = (Index(None, "home_id"),)
    id: Mapped[Pk]
    resident_id: Mapped[int] = mapped_column(Id, ForeignKey("resident.id"), index=True)
    home_id: Mapped[int] = mapped_column(Id, ForeignKey("home.id"))
    role: Mapped[Short]
    since: Mapped[Instant]
    until: Mapped[Instant | None]
    verified_by: Mapped[Short]


class Phone(Base):
    """A number in E.164; the lowest rank is called first."""

    __tablename__ = "phone"
    __table_args__ = (UniqueConstraint("resident_id", "number"),)
    id: Mapped[Pk]
    resident_id: Mapped[int] = mapped_column(Id, ForeignKey("resident.id"))
    number: Mapped[str] = mapped_column(String(20), index=True)
    rank: Mapped[int] = mapped_column(default=0)
    verified_at: Mapped[Instant | None]


class Consent(Base):
    """What the resident agreed to, in which version, and when."""

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("resident_id", "purpose", "version"),)
    id: Mapped[Pk]
    resident_id: Mapped[int] = mapped_column(Id, ForeignKey("resident.id"))
    purpose: Mapped[Short]
    version: Mapped[Short]
    at: Mapped[Instant]


class ChangeLog(Base):
    """One change to a resident's record: what it was, what it became, why, by whom, where from."""

    __tablename__ = "change_log"
    id: Mapped[Pk]
    resident_id: Mapped[int] = mapped_column(Id, ForeignKey("resident.id"), index=True)
    field: Mapped[Short]
    old: Mapped[str | None] = mapped_column(String(500))
    new: Mapped[str | None] = mapped_column(String(500))
    why: Mapped[Name]
    who: Mapped[Name]
    source: Mapped[Short]
    at: Mapped[Instant]


async def homes_of(session: AsyncSession, resident: int, now: datetime) -> Sequence[Row[int, str, Community]]:
    """(home id, home name, community) of every home the resident belongs to now."""
    return (
        await session.execute(
            select(Home.id, Home.name, Community)
            .join(Membership, Membership.home_id == Home.id)
            .join(Community, Community.id == Home.community_id)
            .where(Membership.resident_id == resident, Membership.since <= now)
            .where(or_(Membership.until.is_(None), Membership.until > now))
            .order_by(Home.name)
        )
    ).all()


async def phones_of(session: AsyncSession, resident: int) -> tuple[str, ...]:
    """The resident's numbers, the one to call first in front."""
    rows = await session.scalars(
        select(Phone.number).where(Phone.resident_id == resident).order_by(Phone.rank, Phone.id)
    )
    return tuple(rows)
