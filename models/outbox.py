"""The outbox: what waits to leave, in order, until the channel has taken it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonMap, Pk, Short


def events_of(row: Outbox) -> tuple[int, ...]:
    """The lines of timelines whose words a row carries: its own, and of those that were joined with it."""
    own = () if row.event_id is None else (row.event_id,)
    return (*own, *row.payload.get("events", ()))


class Outbox(Base):
    """One message part. States: pending → sending → sent | unknown | failed | joined | held | expired.

    `lane` 0 is for emergencies, 1 for everything else. A row with a `card_id` is rendered when it is sent,
    so that several changes of one card become one edit. `event_id` is the line of a timeline whose words it
    carries to somebody: what becomes of the row is noted there.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "channel", "bot", "state", "lane", "id"),
        Index(None, "channel", "bot", "chat", "state"),
        Index(None, "sent_at"),
    )
    id: Mapped[Pk]
    channel: Mapped[Short]
    bot: Mapped[Short]
    chat: Mapped[Short]
    lane: Mapped[int] = mapped_column(default=1)
    kind: Mapped[Short]
    payload: Mapped[JsonMap]
    card_id: Mapped[int | None] = mapped_column(Id, ForeignKey("card.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"))
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("account.id"))
    event_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket_event.id"), index=True)
    state: Mapped[Short] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]
    message: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
