"""Through which door somebody talks to us: one account of one channel, a resident's or a staff member's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Boolean, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Name, Pk, Short


class Account(Base):
    """`chat` is where a private message reaches the account; `reachable` turns false when it is blocked.

    `chosen` is the one account of its person to which they want their notices sent. `recheck` has them asked,
    when they write next, whether what is held of them is still right.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("channel", "bot", "external_id"),)
    id: Mapped[Pk]
    channel: Mapped[Short]
    bot: Mapped[Short]
    external_id: Mapped[Short]
    chat: Mapped[Short]
    name: Mapped[Name] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(String(16), default="zh_CN")
    resident_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"), index=True)
    reachable: Mapped[bool] = mapped_column(Boolean, default=True)
    chosen: Mapped[bool] = mapped_column(Boolean, default=False)
    recheck: Mapped[bool] = mapped_column(Boolean, default=False)
    wrong_codes: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[Instant | None]
    last_heard_at: Mapped[Instant | None]


async def of_staff(session: AsyncSession, staff: int) -> Sequence[Account]:
    """The accounts through which a staff member can be reached, the last heard from first."""
    query = select(Account).where(Account.staff_id == staff, Account.reachable)
    return (
        await session.scalars(query.order_by(Account.last_heard_at.desc().nulls_last(), Account.id))
    ).all()


async def of_resident(session: AsyncSession, resident: int) -> Sequence[Account]:
    """The accounts through which a resident can be reached, the last heard from first."""
    query = select(Account).where(Account.resident_id == resident, Account.reachable)
    return (
        await session.scalars(query.order_by(Account.last_heard_at.desc().nulls_last(), Account.id))
    ).all()
