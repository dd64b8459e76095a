"""Photos and files people send: where they came from, and where the cleaned copy is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Pk, Short

ERASE = "erase"
"""The state of a file whose copies are to be deleted, and then its row."""
GONE = ("failed", ERASE)
"""The states of a file that cannot be shown, now or later."""


QR = "qr"
"""The channel of pictures that we draw ourselves: their `source` is the text that a scanner reads."""


class Attachment(Base):
    """`source` is the channel's file id; `stored` the path of our own copy once `state` is 'stored'.

    `account_id` sent it. In the state 'erase' it is nobody's any more, and goes with its copies.
    """

    __tablename__ = "attachment"
    __table_args__ = (Index(None, "state"),)
    id: Mapped[Pk]
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("account.id"), index=True)
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


async def settle(session: AsyncSession, number: int, **values: object) -> bool:
    """Write down how fetching went, unless it is settled already; says whether it was written."""
    waiting = update(Attachment).where(Attachment.id == number, Attachment.state == "wanted")
    result = await session.execute(waiting.values(**values))
    return bool(getattr(result, "rowcount", 0))


async def unwanted(session: AsyncSession, *, most: int = 50) -> Sequence[Attachment]:
    """Files whose copies are to be deleted."""
    query = select(Attachment).where(Attachment.state == ERASE).order_by(Attachment.id).limit(most)
    return (await session.scalars(query)).all()


async def forget(session: AsyncSession, numbers: Sequence[int]) -> None:
    """Their copies are gone: so are the rows."""
    gone = delete(Attachment).where(Attachment.id.in_(numbers), Attachment.state == ERASE)
    await session.execute(gone.execution_options(synchronize_session=False))
