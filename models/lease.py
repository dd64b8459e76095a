"""Who does a thing that only one process may do: a name, its holder, and until when."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Instant, JsonMap


class Lease(Base):
    """`data` is the holder's own notebook, such as how far Telegram's updates have been read."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[Instant]
    data: Mapped[JsonMap]
