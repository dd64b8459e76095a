"""What must happen later: one row each, done once, however many processes look at the clock."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonMap, Pk, Short


class Due(Base):
    """`kind` says what to do, `cycle` which time it is of several; `done_at` ends it.

    It is about a ticket, or about a resident's record.
    """

    __tablename__ = "due"
    __table_args__ = (
        UniqueConstraint("kind", "ticket_id", "cycle"),
        UniqueConstraint("kind", "resident_id", "cycle"),
        Index(None, "done_at", "at"),
    )
    id: Mapped[Pk]
    kind: Mapped[Short]
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    resident_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"), index=True)
    cycle: Mapped[str] = mapped_column(String(64))
    at: Mapped[Instant]
    data: Mapped[JsonMap]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[Instant | None]
