"""What is being said: one conversation a chat and account, each message heard once, and what failed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonType, Pk, Short


class Conversation(Base):
    """`draft` is the conversation half-way, or None; `revision` never goes back, so old buttons stay old.

    `offered` is what was last offered in words where there are no buttons: see `handlers.offering`.
    """

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("channel", "bot", "chat", "account_id"),)
    id: Mapped[Pk]
    channel: Mapped[Short]
    bot: Mapped[Short]
    chat: Mapped[Short]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("account.id"))
    draft: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    offered: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    revision: Mapped[int] = mapped_column(default=0)
    touched_at: Mapped[Instant]


class Inbox(Base):
    """One inbound message, by its idempotency key, with the reply it got: a repeat gets the same reply."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "bot", "key"),
        Index(None, "received_at"),
        Index(None, "conversation_id", "received_at"),
    )
    id: Mapped[Pk]
    channel: Mapped[Short]
    bot: Mapped[Short]
    key: Mapped[str] = mapped_column(String(128))
    conversation_id: Mapped[int | None] = mapped_column(Id, ForeignKey("conversation.id"))
    received_at: Mapped[Instant]
    receipt: Mapped[dict[str, Any]] = mapped_column(JsonType, default=dict)
    kept: Mapped[str | None] = mapped_column(Text)


class DeadLetter(Base):
    """A message that could not be handled: how often it was tried, and why it failed. `dead_at` ends it."""

    __tablename__ = "dead_letter"
    __table_args__ = (UniqueConstraint("channel", "bot", "key"),)
    id: Mapped[Pk]
    channel: Mapped[Short]
    bot: Mapped[Short]
    key: Mapped[str] = mapped_column(String(128))
    payload: Mapped[dict[str, Any]] = mapped_column(JsonType, default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    first_at: Mapped[Instant]
    dead_at: Mapped[Instant | None]
