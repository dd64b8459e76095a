"""Two records of one person became one: what moved, who decided it, and whether it was taken back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Index, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, JsonMap, Name, Pk


class Merge(Base):
    """`moved` is all that is needed to part them again: see `handlers.identity.merging`.

    `keep_id` and `gone_id` are residents' ids but no foreign keys: the one that is gone has no row any more,
    and the one that was kept may go the same way.
    """

    __tablename__ = "merge"
    __table_args__ = (Index(None, "keep_id"), Index(None, "gone_id"))
    id: Mapped[Pk]
    keep_id: Mapped[int] = mapped_column(Id)
    gone_id: Mapped[int] = mapped_column(Id)
    by: Mapped[Name]
    at: Mapped[Instant]
    undone_by: Mapped[Name | None]
    undone_at: Mapped[Instant | None]
    moved: Mapped[JsonMap]


async def later(session: AsyncSession, merge: Merge) -> Sequence[Merge]:
    """What came after a merge, still holds, and concerns the resident that it kept."""
    concerned = or_(Merge.keep_id == merge.keep_id, Merge.gone_id == merge.keep_id)
    query = select(Merge).where(Merge.id > merge.id, Merge.undone_at.is_(None), concerned)
    return (await session.scalars(query.order_by(Merge.id))).all()
