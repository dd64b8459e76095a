"""How often something happened lately: a wrong code, a link that was used; forgotten after a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Instant


class Tally(Base):
    """`count` of what `name` says, until `until`; names hold no code and no address."""

    __tablename__ = "tally"
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    count: Mapped[int]
    until: Mapped[Instant] = mapped_column(index=True)


async def counted(session: AsyncSession, name: str, now: datetime) -> int:
    """How often it happened and still matters."""
    query = select(Tally.count).where(Tally.name == name, Tally.until > now)
    return await session.scalar(query) or 0


async def count(session: AsyncSession, name: str, now: datetime, lasts: timedelta) -> int:
    """Count it once more; the time it `lasts` begins with the first. Of several at once each gets its own."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = insert(Tally).values(name=name, count=1, until=now + lasts)
    over = Tally.until <= now
    again = {
        "count": case((over, first.excluded.count), else_=Tally.count + 1),
        "until": case((over, first.excluded.until), else_=Tally.until),
    }
    statement = first.on_conflict_do_update(index_elements=["name"], set_=again).returning(Tally.count)
    return await session.scalar(statement, execution_options={"synchronize_session": False}) or 0
