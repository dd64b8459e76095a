"""Tickets: what a resident asked for, where it stands, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonMap, JsonType, Pk, Short


class Ticket(Base):
    """`version` counts every change; a move names the state it expects. `clocks` holds running promises."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index(None, "resident_id", "created_at"),
        Index(None, "community_id", "state"),
        Index(None, "assignee_id"),
    )
    id: Mapped[Pk]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[Short]
    state: Mapped[Short]
    version: Mapped[int] = mapped_column(default=0)
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    home_id: Mapped[int] = mapped_column(Id, ForeignKey("home.id"))
    resident_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"))
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("account.id"))
    assignee_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"))
    follows_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"))
    details: Mapped[JsonMap]
    clocks: Mapped[JsonMap]
    rating: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    reopened: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    done_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    outcome: Mapped[str | None] = mapped_column(String(32))


class TicketEvent(Base):
    """One line of a ticket's timeline. `source` is the message (conversation:message id) the note came in."""

    __tablename__ = "ticket_event"
    __table_args__ = (Index(None, "source"),)
    id: Mapped[Pk]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    at: Mapped[Instant]
    action: Mapped[Short]
    actor: Mapped[Short]
    staff_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"))
    from_state: Mapped[str | None] = mapped_column(String(64))
    to_state: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[JsonMap]
    audience: Mapped[Short] = mapped_column(default="all")
    source: Mapped[str | None] = mapped_column(String(200))


class TicketNumber(Base):
    """The last running number of a community's month; taken under its row lock, so without gaps."""

    __tablename__ = "ticket_number"
    __table_args__ = (UniqueConstraint("community_id", "month"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    month: Mapped[str] = mapped_column(String(4))
    last: Mapped[int] = mapped_column(default=0)


async def next_number(session: AsyncSession, community: int, code: str, local: datetime) -> str:
    """The next ticket number, such as HPY-2611-00042; without gaps, since it is taken with the ticket."""
    month = f"{local:%y%m}"
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    taken = (
        insert(TicketNumber)
        .values(community_id=community, month=month, last=1)
        .on_conflict_do_update(index_elements=["community_id", "month"], set_={"last": TicketNumber.last + 1})
        .returning(TicketNumber.last)
    )
    return f"{code}-{month}-{await session.scalar(taken):05d}"


async def move(session: AsyncSession, ticket: int, expected: str, **changes: Any) -> bool:
    """Change a ticket only if it still stands where the mover saw it; says whether it did."""
    result = await session.execute(
        update(Ticket)
        .where(Ticket.id == ticket, Ticket.state == expected)
        .values(version=Ticket.version + 1, **changes)
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(result, "rowcount", 0))


async def timeline(session: AsyncSession, ticket: int) -> Sequence[TicketEvent]:
    """Everything that happened, oldest first."""
    query = select(TicketEvent).where(TicketEvent.ticket_id == ticket).order_by(TicketEvent.id)
    return (await session.scalars(query)).all()
