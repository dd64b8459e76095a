"""Photos and files people send: where they came from, and where the cleaned copy is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Pk, Short


class Attachment(Base):
    """`source` is the channel's file id; `stored` the path of our own copy once `state` is 'stored'."""

    __tablename__ = "attachment"
    __table_args__ = (Index(None, "state"),)
    id: Mapped[Pk]
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    channel: Mapped[Short]
    bot: Mapped[Short]
    source: Mapped[str] = mapped_column(String(300))
    kind: Mapped[Short] = mapped_column(default="photo")
    by: Mapped[Short] = mapped_column(default="resident")
    caption: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[Short] = mapped_column(default="wanted")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Instant]
    stored: Mapped[str | None] = mapped_column(String(300))
    mime: Mapped[str | None] = mapped_column(String(100))
    size: Mapped[int | None]
    created_at: Mapped[Instant]


async def one(session: AsyncSession, number: int) -> Attachment | None:
    """An attachment by its id."""
    return await session.get(Attachment, number)


async def due(session: AsyncSession, now: datetime) -> bool:
    """Whether any file waits to be fetched."""
    waiting = select(Attachment.id).where(Attachment.state == "wanted", Attachment.next_at <= now)
    return await session.scalar(waiting.limit(1)) is not None


async def claim(
    session: AsyncSession, now: datetime, *, hold: timedelta, most: int = 8
) -> Sequence[Attachment]:
    """Files that are due to be fetched; nobody else is offered them before `hold` has passed."""
    wanted = (
        select(Attachment)
        .where(Attachment.state == "wanted", Attachment.next_at <= now)
        .order_by(Attachment.next_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = (await session.scalars(wanted)).all()
    for attachment in claimed:
        attachment.attempts += 1
        attachment.next_at = now + hold
    return claimed


async def settle(session: AsyncSession, number: int, **values: object) -> None:
    """Write down how fetching went, unless it is settled already."""
    waiting = update(Attachment).where(Attachment.id == number, Attachment.state == "wanted")
    await session.execute(waiting.values(**values))
