"""The staff's group chats: which community and purpose each serves, and whether the bot is still in it."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Name, Pk, Short


class Group(Base):
    """`chat` is the address on its channel; it changes when the group migrates."""

    __tablename__ = "staff_group"
    __table_args__ = (UniqueConstraint("channel", "bot", "chat", "purpose"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"), index=True)
    purpose: Mapped[Short]
    channel: Mapped[Short]
    bot: Mapped[Short]
    chat: Mapped[Short]
    title: Mapped[Name] = mapped_column(default="")
    present: Mapped[bool] = mapped_column(Boolean, default=True)
