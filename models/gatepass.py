"""Passes for the gate: what a guard lets in or out, from when to when, and whether it was used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.attachment import ERASE, Attachment
from models.base import Base, Id, Instant, Name, Pk, Short
from models.community import Community
from models.staff import Staff, StaffRole


class GatePass(Base):
    """`kind` says what it opens, `label` whose it is; no community gives out the same `code` twice.

    Open from `since` until just before `until`. `ended_at` says when it was taken back, `used_at` and
    `used_by` who let it through.
    """

    __tablename__ = "gate_pass"
    __table_args__ = (UniqueConstraint("community_id", "code"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    kind: Mapped[Short]
    label: Mapped[Name] = mapped_column(default="")
    code: Mapped[str] = mapped_column(String(16), index=True)
    since: Mapped[Instant]
    until: Mapped[Instant]
    picture_id: Mapped[int] = mapped_column(Id, ForeignKey("attachment.id"))
    created_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    used_at: Mapped[Instant | None]
    used_by: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"))


class GateScan(Base):
    """A guard's photo of a pass that is still to be read, and where the answer goes."""

    __tablename__ = "gate_scan"
    id: Mapped[Pk]
    attachment_id: Mapped[int] = mapped_column(
        Id, ForeignKey("attachment.id", ondelete="CASCADE"), index=True
    )
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("account.id"))
    channel: Mapped[Short]
    bot: Mapped[Short]
    chat: Mapped[Short]
    at: Mapped[Instant]


async def newest(session: AsyncSession, ticket: int) -> GatePass | None:
    """The pass that a ticket got last."""
    query = select(GatePass).where(GatePass.ticket_id == ticket).order_by(GatePass.id.desc()).limit(1)
    return await session.scalar(query)


async def living(session: AsyncSession, ticket: int) -> Sequence[GatePass]:
    """The passes of a ticket that nobody has used or taken back."""
    query = select(GatePass).where(
        GatePass.ticket_id == ticket, GatePass.ended_at.is_(None), GatePass.used_at.is_(None)
    )
    return (await session.scalars(query.order_by(GatePass.id))).all()


async def by_code(
    session: AsyncSession, code: str, communities: Collection[int] | None = None, place: str = ""
) -> GatePass | None:
    """The pass with this code, in some communities or in any; in the one whose short code is `place`."""
    query = select(GatePass).where(GatePass.code == code)
    if communities is not None:
        query = query.where(GatePass.community_id.in_(communities))
    if place:
        query = query.join(Community, Community.id == GatePass.community_id).where(Community.code == place)
    return await session.scalar(query.order_by(GatePass.id.desc()).limit(1))


async def served_by(session: AsyncSession, staff: int, among: Collection[str] = ()) -> frozenset[int]:
    """The communities in which somebody serves, in one of these roles if any are named."""
    query = (
        select(StaffRole.community_id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.staff_id == staff, Staff.left_at.is_(None))
    )
    if among:
        query = query.where(StaffRole.role.in_(among))
    return frozenset(await session.scalars(query))


async def end(session: AsyncSession, ticket: int, now: datetime) -> None:
    """What is left of a ticket's passes opens nothing any more."""
    left = update(GatePass).where(
        GatePass.ticket_id == ticket, GatePass.ended_at.is_(None), GatePass.used_at.is_(None)
    )
    await session.execute(left.values(ended_at=now))


async def use(session: AsyncSession, ticket: int, now: datetime, staff: int | None) -> None:
    """What is left of a ticket's passes has served its purpose."""
    left = update(GatePass).where(
        GatePass.ticket_id == ticket, GatePass.ended_at.is_(None), GatePass.used_at.is_(None)
    )
    await session.execute(left.values(used_at=now, used_by=staff))


async def readable(session: AsyncSession, *, since: datetime, most: int = 8) -> Sequence[GateScan]:
    """Photos that can be read now: fetched, or given up, or waited for since before `since`."""
    query = (
        select(GateScan)
        .join(Attachment, Attachment.id == GateScan.attachment_id)
        .where((Attachment.state != "wanted") | (GateScan.at < since))
        .order_by(GateScan.id)
        .limit(most)
    )
    return (await session.scalars(query)).all()


async def take(session: AsyncSession, scan: GateScan) -> bool:
    """Take a photo's answer upon oneself, and let go of the photo; False where another process has."""
    waiting = delete(GateScan).where(GateScan.id == scan.id)
    result = await session.execute(waiting.execution_options(synchronize_session=False))
    photo = update(Attachment).where(Attachment.id == scan.attachment_id)
    await session.execute(photo.values(state=ERASE).execution_options(synchronize_session=False))
    return bool(getattr(result, "rowcount", 0))
