"""Which message shows which ticket: so that it can be edited in place and a reply to it is understood."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Pk, Short


class Card(Base):
    """`kind` is 'group' (the staff card, edited in place) or 'notice' (a message to one person).

    `message` is the channel's message id, None until sent; `shown` the digest of what it shows now.
    """

    __tablename__ = "card"
    __table_args__ = (Index(None, "channel", "bot", "chat", "message"),)
    id: Mapped[Pk]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    kind: Mapped[Short]
    group_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff_group.id"))
    channel: Mapped[Short]
    bot: Mapped[Short]
    chat: Mapped[Short]
    message: Mapped[str | None] = mapped_column(String(64))
    shown: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[Instant]
