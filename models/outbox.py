"""The outbox: what waits to leave, in order, until the channel has taken it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonMap, Pk, Short


class Outbox(Base):
    """One message part. States: pending → sending → sent | unknown | failed | joined | held | expired.

    `lane` 0 is for emergencies, 1 for everything else. A row with a `card_id` is rendered when it is sent,
    so that several changes of one card become one edit.
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
    state: Mapped[Short] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]
    message: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
