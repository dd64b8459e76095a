"""Who lives here: residents, their homes, phones and consents, and every change to what is held of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Row, ScalarSelect, String, UniqueConstraint, or_, select
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


async def homes_of(
    session: AsyncSession, resident: int, now: datetime
) -> Sequence[Row[int, str, Community, str]]:
    """(home id, home name, community, role) of every home the resident belongs to now."""
    return (
        await session.execute(
            select(Home.id, Home.name, Community, Membership.role)
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


async def record_of(session: AsyncSession, resident: int, now: datetime) -> dict[str, Any]:
    """What is held of a resident beyond their homes: name, language, phones, and what they have told since.

    `members` are their own places in homes, and those of others in a home that they own.
    """
    person = await session.get_one(Resident, resident)
    told = person.settings.get("record", {})
    phones = list(await phones_of(session, resident))
    members = await _members(session, resident, now)
    return {
        **told,
        "name": person.name,
        "language": person.locale or "",
        "phones": phones,
        "members": members,
    }


async def _members(session: AsyncSession, resident: int, now: datetime) -> list[dict[str, Any]]:
    lives = (Membership.since <= now) & or_(Membership.until.is_(None), Membership.until > now)
    own = select(Membership.home_id).where(lives, Membership.resident_id == resident)
    owned = own.where(Membership.role == "owner")
    mine = Membership.resident_id == resident
    query = (
        select(Membership.id, Resident.name, Membership.role, Home.name, mine)
        .join(Resident, Resident.id == Membership.resident_id)
        .join(Home, Home.id == Membership.home_id)
        .where(lives, or_(mine, Membership.home_id.in_(owned) & (Membership.role != "owner")))
        .order_by(Home.name, mine.desc(), Membership.id)
    )
    return [
        {"id": number, "name": name, "role": role, "home": home, "mine": bool(own)}
        for number, name, role, home, own in await session.execute(query)
    ]


async def residents_with(session: AsyncSession, number: str, now: datetime) -> Sequence[Row[int, int]]:
    """(resident id, phone id) of everybody with a home who has registered this number, in E.164."""
    lives = (
        select(Membership.resident_id)
        .where(Membership.since <= now)
        .where(or_(Membership.until.is_(None), Membership.until > now))
    )
    query = (
        select(Phone.resident_id, Phone.id)
        .join(Resident, Resident.id == Phone.resident_id)
        .where(Phone.number == number, Resident.erased_at.is_(None), Phone.resident_id.in_(lives))
    )
    return (await session.execute(query.order_by(Phone.id))).all()


async def agreed(
    session: AsyncSession, resident: int | ScalarSelect[int | None], version: str | None = None
) -> bool:
    """Whether a resident has agreed to a version of what is kept and why; to any, if none is named."""
    query = select(Consent.id).where(Consent.resident_id == resident).limit(1)
    if version is not None:
        query = query.where(Consent.version == version)
    return await session.scalar(query) is not None


async def owners_of(session: AsyncSession, home: int, now: datetime) -> Sequence[int]:
    """The residents who own a home now."""
    query = (
        select(Membership.resident_id)
        .where(Membership.home_id == home, Membership.role == "owner", Membership.since <= now)
        .where(or_(Membership.until.is_(None), Membership.until > now))
    )
    return (await session.scalars(query.order_by(Membership.id))).all()
